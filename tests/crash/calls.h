/* calls.h - which of the calls of files in a history a crash test tries: all of them, those of one
 * shard, or one alone. */
#ifndef KITH_TESTS_CRASH_CALLS_H
#define KITH_TESTS_CRASH_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/file_memory.h"

/* What neighbouring calls leave is often the same, and one shard sees that. */
#define CALLS_STRETCH 64

struct calls {
    uint64_t count; /* so far */
    uint64_t tried_count;
    uint64_t shard; /* of each shards_count stretches of CALLS_STRETCH one is tried */
    uint64_t shards_count;
    uint64_t only; /* or UINT64_MAX */
};

#define CALLS_ALL ((struct calls){.shards_count = 1, .only = UINT64_MAX})

/* From a test's first argument: SHARD/SHARDS, =CALL, or NULL for all. */
struct calls calls_of(const char *argument);
/* Count one; its number, and whether it is tried. */
bool calls_next(struct calls *calls, uint64_t *number);
const char *calls_name(enum file_memory_call call);

#endif
