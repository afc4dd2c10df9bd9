/* run_set_inner.h - what the files store/run_set*.c share. */
#ifndef KITH_STORE_RUN_SET_INNER_H
#define KITH_STORE_RUN_SET_INNER_H

#include "store/run_inner.h"
#include "store/run_set.h"

/* Behind the set and the second of a fence. */
#define RUN_FENCE_RANK_AT     (RUN_SET_NAME_LEN + RUN_TIME_LEN)
#define RUN_FENCE_POSITION_AT (RUN_FENCE_RANK_AT + 4)

/* What is looked for: the entries below a bound, or before a rank. */
struct run_set_target {
    const struct run_set_name *set;
    const struct negentropy_bound *bound; /* NULL: by rank */
    uint64_t rank;
};

static inline int run_set_compare(const struct run_set_name *a, const struct run_set_name *b)
{
    return memcmp(a->octets, b->octets, RUN_SET_NAME_LEN);
}

/* Whether the bound is below every entry of its second. */
bool run_bound_id_is_zero(const struct negentropy_bound *bound);
/* How many blocks begin below the bound's second in the set, and how many not above what of that
 * second is below it. */
void run_set_seconds_around(const struct run *run, uint32_t *low, uint32_t *high,
                            const struct run_set_name *set, const struct negentropy_bound *bound);
/* How many blocks begin before the set's entry of this rank. */
uint32_t run_set_blocks_below_rank(const struct run *run, const struct run_set_name *set,
                                   uint64_t rank);
/* How many blocks begin below the target. */
MUST_USE enum err_code run_set_blocks_below(const struct run *run, uint32_t *count,
                                            const struct run_set_target *target,
                                            struct err_note *note);
/* How many of a group's entries are below the target. */
MUST_USE enum err_code run_set_count_below(const struct run *run, uint32_t *below,
                                           const struct run_set_target *target,
                                           const struct run_set_group *group,
                                           struct err_note *note);
/* The fold of a large set; false where the set is none. */
bool run_set_total(const struct run *run, struct fold *fold, const struct run_set_name *set);
/* The fold below a bound that lies outside the run's seconds; false where memory does not say. */
bool run_set_known_below(const struct run *run, struct fold *fold, const struct run_set_name *set,
                         const struct negentropy_bound *bound);

#endif
