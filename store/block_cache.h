/* block_cache.h - the opened blocks of runs that were read last, within a fixed bound.
 *
 * One for a store; any thread may use it (it locks inside, never over a file call).  It allocates
 * nothing until the first block is put in. */
#ifndef KITH_STORE_BLOCK_CACHE_H
#define KITH_STORE_BLOCK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

#define BLOCK_CACHE_PLAIN_LEN 4080u /* of every block */

struct block_cache;

/* blocks_max (1 to 65536, asserted) blocks of 4 KiB at most.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code block_cache_new(struct block_cache **cache, uint32_t blocks_max);
/* Wipes what it held. */
void block_cache_free(struct block_cache *cache);

/* A number for a file whose blocks are going to be kept here; never given twice. */
uint64_t block_cache_owner(struct block_cache *cache);

/* Copy len octets at offset of a block, together inside it (asserted); false where it is not
 * here. */
bool block_cache_get(struct block_cache *cache, uint8_t *out, uint64_t owner, uint32_t block,
                     size_t offset, size_t len);
/* Keep a block of BLOCK_CACHE_PLAIN_LEN octets in the place of the one not asked for longest.
 * Where memory lacks it is not kept. */
void block_cache_put(struct block_cache *cache, uint64_t owner, uint32_t block,
                     const uint8_t *plain);

/* Wipe an owner's blocks; wipe and give back everything. */
void block_cache_forget(struct block_cache *cache, uint64_t owner);
void block_cache_drop(struct block_cache *cache);

#endif
