#include "node/memory.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/log.h"

static void *there(void *at)
{
    if (at == NULL) {
        log_line(LOG_ERROR, "out of memory: stopping; what was acknowledged is safe");
        _exit(5);
    }
    return at;
}

void *memory_get(size_t len)
{
    return there(calloc(1, len > 0 ? len : 1));
}

void *memory_get_secret(size_t len)
{
    return there(sodium_malloc(len));
}

uint8_t *memory_copy(struct octets octets)
{
    uint8_t *at = memory_get(octets.len);
    if (octets.len > 0) {
        memcpy(at, octets.at, octets.len);
    }
    return at;
}
