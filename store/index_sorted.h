/* index_sorted.h - a set as it stood at one moment: posts sorted by (created_s, id) with running
 * folds, never changed again, so that readers search it without a lock.
 *
 * References are counted; the counting is guarded by whoever shares it. */
#ifndef KITH_STORE_INDEX_SORTED_H
#define KITH_STORE_INDEX_SORTED_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/fingerprint.h"
#include "store/index_records.h"

#define INDEX_GROUP_MAX 64

struct index_group {
    struct fold before; /* of all groups before this one */
    uint32_t begin;     /* its first item, in places */
};

struct index_sorted {
    unsigned refs_count;
    const struct index_records *records; /* borrowed: what the places stand for */
    uint32_t *places;
    struct index_group *groups; /* none is empty; behind the last stands one with the whole fold */
    size_t groups_count;
};

/* Room for places_max items in groups_max groups, to be filled by the caller; one reference.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_sorted_new(struct index_sorted **sorted,
                                        const struct index_records *records, size_t places_max,
                                        size_t groups_max);
/* The same of these places, in any order, none twice.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_sorted_from(struct index_sorted **sorted,
                                         const struct index_records *records,
                                         const uint32_t *places, size_t places_count);
/* Give up a reference. */
void index_sorted_free(struct index_sorted *sorted);

uint64_t index_sorted_count(const struct index_sorted *sorted);
/* The item at a rank below the count (asserted). */
struct negentropy_item index_sorted_at(const struct index_sorted *sorted, uint64_t rank);
/* How many items are below the bound. */
uint64_t index_sorted_rank(const struct index_sorted *sorted, const struct negentropy_bound *bound);
/* The fold of the first rank items, rank at most the count (asserted). */
void index_sorted_fold(const struct index_sorted *sorted, struct fold *fold, uint64_t rank);

#endif
