/* sorted_set.h - the plainest set that answers reconciliation's queries: a sorted array.
 *
 * For tests.  Running out of memory aborts. */
#ifndef KITH_TESTS_SUPPORT_SORTED_SET_H
#define KITH_TESTS_SUPPORT_SORTED_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/negentropy_query.h"

struct sorted_set {
    struct negentropy_item *items; /* items_count, in order once sealed */
    size_t items_count;
    size_t items_cap;
    struct fold *running; /* sealed: running[i] is the fold of the first i items */
};

/* An empty set.  sorted_set_close() frees what it holds. */
void sorted_set_init(struct sorted_set *set);
void sorted_set_close(struct sorted_set *set);

/* Before sealing; created_s < NEGENTROPY_INFINITY_S, no item twice. */
void sorted_set_add(struct sorted_set *set, uint64_t created_s, const struct post_id *id);
void sorted_set_seal(struct sorted_set *set);

bool sorted_set_has(const struct sorted_set *set, const struct negentropy_item *item);

/* Answer as much of batch as results' items have room for. */
void sorted_set_answer(const struct sorted_set *set, struct negentropy_results *results,
                       const struct negentropy_batch *batch);

#endif
