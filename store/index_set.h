/* index_set.h - a set of posts sorted by (created_s, id) that folds any range quickly.
 *
 * Blocks of up to 64 positions, each with its fold; the folds of all blocks before each are kept
 * as far as they are valid and made again when asked for.  The fold of a range is a difference and
 * two partial blocks. */
#ifndef KITH_STORE_INDEX_SET_H
#define KITH_STORE_INDEX_SET_H

#include <stddef.h>

#include "proto/err.h"
#include "proto/fingerprint.h"
#include "proto/negentropy_query.h"
#include "store/index_records.h"
#include "store/index_sorted.h"

#define INDEX_SET_BLOCK_MAX 64

struct index_set_block {
    uint32_t positions[INDEX_SET_BLOCK_MAX];
};

struct index_set_slot {
    struct index_set_block *block; /* never empty */
    struct fold fold;              /* of the block: here, so that summing up walks one array */
    struct fold before;            /* of all blocks before; valid below valid_count */
};

struct index_set {
    const struct index_records *records; /* borrowed: what the positions stand for */
    struct index_set_slot *slots;
    size_t slots_count;
    size_t slots_cap;
    size_t valid_count;
    uint64_t count;
};

void index_set_init(struct index_set *set, const struct index_records *records);
void index_set_close(struct index_set *set);

/* Add a position whose record is filled in and which is not in the set; take out one that is.
 *   ERR_NO_MEMORY  the set is unchanged */
MUST_USE enum err_code index_set_add(struct index_set *set, uint32_t position);
void index_set_remove(struct index_set *set, uint32_t position);

/* How many items are below bound. */
uint64_t index_set_rank(struct index_set *set, const struct negentropy_bound *bound);
/* The fold of the first rank items, rank <= count. */
void index_set_fold(struct index_set *set, struct fold *fold, uint64_t rank);
/* The item at rank, rank < count. */
struct negentropy_item index_set_at(struct index_set *set, uint64_t rank);

/* The set as it stands; one reference.  The records stay where they are as long as it lives.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_set_copy(struct index_set *set, struct index_sorted **copy);

#endif
