/* bloom.h - a filter that says which hashes were surely never added.
 *
 * One line of 64 octets for each hash, so that asking touches memory once.  The hashes are keyed
 * (store/run_hash.h), so nobody can choose what collides.  About 1 in 100 of others answer true
 * with BLOOM_BITS bits for each hash. */
#ifndef KITH_STORE_BLOOM_H
#define KITH_STORE_BLOOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

#define BLOOM_BITS     10
#define BLOOM_LINE_LEN 64

/* Zeroed, it holds nothing. */
struct bloom {
    uint8_t *lines;
    uint32_t lines_count; /* 0: nothing was added and nothing can be */
};

/* How many lines are right for so many hashes. */
uint32_t bloom_lines_for(uint64_t hashes_count);
/* An empty filter.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code bloom_init(struct bloom *bloom, uint32_t lines_count);
void bloom_close(struct bloom *bloom);

/* Only the top 32 bits of a hash count.  lines_count is not 0 (asserted). */
void bloom_add(struct bloom *bloom, uint64_t hash);
/* False: it was never added. */
bool bloom_may_have(const struct bloom *bloom, uint64_t hash);

#endif
