/* run_inner.h - an open run from inside: for the files store/run*.c alone. */
#ifndef KITH_STORE_RUN_INNER_H
#define KITH_STORE_RUN_INNER_H

#include "store/bloom.h"
#include "store/run.h"
#include "store/run_format.h"

/* A family in the file, and its directory in memory. */
struct run_part {
    uint32_t first_block;
    uint32_t blocks_count;
    uint64_t entries_count;
    struct bloom filter; /* of sets: no filter, the lines are totals */
    uint8_t *fences;
};

struct run {
    struct files *files;
    struct file *file;
    struct block_cache *cache;
    uint64_t owner; /* in the cache */
    uint8_t *key;   /* sodium_malloc */
    uint64_t number;
    uint32_t first;
    uint32_t end;
    size_t position_len; /* octets of a relative position in the rows of ids */
    uint64_t created_min_s;
    uint64_t created_max_s;
    uint32_t kept_count;
    uint32_t gone_count;
    uint64_t disk_len;
    struct run_part parts[RUN_FAMILIES_COUNT];
};

/* Read the tail and the directories of a run whose file is open and whose number and key are set.
 * What was read is closed by run_free(), also after an error. */
MUST_USE enum err_code run_read_directories(struct run *run, struct err_note *note);

/* Open block number `block` of the file from its sealed octets.
 *   ERR_DAMAGED */
MUST_USE enum err_code run_unseal(const struct run *run, uint8_t plain[RUN_PLAIN_LEN],
                                  const uint8_t sealed[RUN_BLOCK_LEN], unsigned family,
                                  uint32_t block, struct err_note *note);
/* Read and open it, past the cache. */
MUST_USE enum err_code run_read_sealed(const struct run *run, uint8_t plain[RUN_PLAIN_LEN],
                                       unsigned family, uint32_t block, struct err_note *note);
/* Where octets are looked for before they are read. */
struct run_reader {
    const struct run *run;
    struct block_cache *cache;
    uint64_t owner; /* the run in this cache */
};

struct run_reader run_reader(const struct run *run);

/* len octets at offset, inside block number index of a family; index is below its blocks_count
 * (asserted). */
MUST_USE enum err_code run_read(const struct run_reader *reader, uint8_t *out,
                                enum run_family family, uint32_t index, size_t offset, size_t len,
                                struct err_note *note);
MUST_USE enum err_code run_read_id(const struct run_reader *reader, struct post_id *id,
                                   uint32_t relative, struct err_note *note);

enum err_code run_damaged(struct err_note *note);

/* How many fences of a family are below `what`, by their first len octets in octet order; with
 * or_equal, how many are not above. */
uint32_t run_fences_below(const struct run_part *part, enum run_family family, const uint8_t *what,
                          size_t len, bool or_equal);
const uint8_t *run_fence(const struct run_part *part, enum run_family family, uint32_t index);

#endif
