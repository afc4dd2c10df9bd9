#include "node/memory.h"

#include <stdlib.h>
#include <unistd.h>

#include "node/log.h"

void *memory_get(size_t len)
{
    void *at = calloc(1, len > 0 ? len : 1);
    if (at == NULL) {
        log_line(LOG_ERROR, "out of memory: stopping; what was acknowledged is safe");
        _exit(5);
    }
    return at;
}

uint8_t *memory_copy(struct octets octets)
{
    uint8_t *at = memory_get(octets.len);
    if (octets.len > 0) {
        memcpy(at, octets.at, octets.len);
    }
    return at;
}
