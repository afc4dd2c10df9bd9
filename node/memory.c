#include "node/memory.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "node/log.h"

#define LARGE_LEN (128 * 1024)
#define HEAPS_MAX 2 /* one for the loop, one for all other threads */

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

/* By itself the library's allocator would raise the first bound with every large block that is
 * freed, and keep one heap for each thread. */
void memory_tune(void)
{
#if defined(__GLIBC__)
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_LEN);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_LEN);
    (void)mallopt(M_ARENA_MAX, HEAPS_MAX);
#endif
}

void memory_trim(void)
{
#if defined(__GLIBC__)
    (void)malloc_trim(0);
#endif
}

uint8_t *memory_copy(struct octets octets)
{
    uint8_t *at = memory_get(octets.len);
    if (octets.len > 0) {
        memcpy(at, octets.at, octets.len);
    }
    return at;
}
