/* index_union.h - one set over all parts of the index: ranks, folds and items of many sorted parts
 * as if they were one, less what has left some of them.
 *
 * It reads runs' files where it has to and takes no lock: nothing it is given ever changes. */
#ifndef KITH_STORE_INDEX_UNION_H
#define KITH_STORE_INDEX_UNION_H

#include "store/index_sorted.h"
#include "store/run_set.h"

/* A run, or a sorted copy; and what is to be taken away from it.  Borrowed. */
struct index_union_part {
    const struct run *run;            /* or NULL */
    const struct index_sorted *plus;  /* or NULL */
    const struct index_sorted *minus; /* or NULL: nothing; all of it is in run or plus */
    uint64_t count;                   /* what follows is the union's own */
    struct fold whole;
    uint64_t low;
    uint64_t high;
    uint64_t pivot;
};

struct index_union {
    struct index_union_part *parts;
    size_t parts_count;
    struct run_set_name set;
    const struct run *culprit; /* after ERR_DAMAGED: which run does not read */
};

/* Every call may give ERR_DAMAGED and ERR_IO, and ERR_NO_MEMORY. */

/* After run, plus, minus and set are filled in. */
MUST_USE enum err_code index_union_begin(struct index_union *u, struct err_note *note);
/* The fold of the items below the bound; its count is their number. */
MUST_USE enum err_code index_union_fold(struct index_union *u, struct fold *fold,
                                        const struct negentropy_bound *bound,
                                        struct err_note *note);
/* The items at a rank and the next; rank + 1 is below the count of the whole (else the items are
 * not written). */
MUST_USE enum err_code index_union_pair(struct index_union *u, struct negentropy_item pair[2],
                                        uint64_t rank, struct err_note *note);
/* Items from the lower bound on, below the upper, at most items_max. */
MUST_USE enum err_code index_union_list(struct index_union *u, struct negentropy_item *items,
                                        size_t *items_count, size_t items_max,
                                        const struct negentropy_bound range[2],
                                        struct err_note *note);

#endif
