/* run_set.h - the sets in a run: those that nodes reconcile, each author's posts and profiles,
 * sorted by (created_s, id).
 *
 * A rank is how many entries of the set in this run come before.  A set nobody is in is empty, and
 * that is no error.  Every call may give ERR_DAMAGED and ERR_IO, and says so in the note.
 *
 * A fold below a bound or a rank reads one block of the set and the ids of at most 32 entries, so
 * the fold of any range is the difference of two.  Over several runs folds and ranks add up. */
#ifndef KITH_STORE_RUN_SET_H
#define KITH_STORE_RUN_SET_H

#include "proto/fingerprint.h"
#include "proto/negentropy_query.h"
#include "store/run.h"
#include "store/run_format.h"

struct run_set_entry {
    struct negentropy_item item;
    uint32_t position;
};

/* How many entries the set has in this run. */
MUST_USE enum err_code run_set_count(const struct run *run, uint64_t *count,
                                     const struct run_set_name *set, struct err_note *note);
/* How many entries are below the bound. */
MUST_USE enum err_code run_set_rank(const struct run *run, uint64_t *rank,
                                    const struct run_set_name *set,
                                    const struct negentropy_bound *bound, struct err_note *note);
/* The fold of the entries below the bound; fold->count is its rank. */
MUST_USE enum err_code run_set_fold_below(const struct run *run, struct fold *fold,
                                          const struct run_set_name *set,
                                          const struct negentropy_bound *bound,
                                          struct err_note *note);
/* The fold of the first `rank` entries.
 *   ERR_NOT_FOUND  the set has fewer */
MUST_USE enum err_code run_set_fold(const struct run *run, struct fold *fold,
                                    const struct run_set_name *set, uint64_t rank,
                                    struct err_note *note);
/* The entry at a rank.
 *   ERR_NOT_FOUND  the set has no more than rank entries */
MUST_USE enum err_code run_set_at(const struct run *run, struct run_set_entry *entry,
                                  const struct run_set_name *set, uint64_t rank,
                                  struct err_note *note);

/* From memory alone, without an error: low <= rank of the bound <= high, at most one block (about
 * 700 entries) apart, unless many entries share the bound's second. */
struct run_set_bracket {
    uint64_t low;
    uint64_t high;
};
struct run_set_bracket run_set_bracket(const struct run *run, const struct run_set_name *set,
                                       const struct negentropy_bound *bound);
/* From memory alone: the created_s of an entry of the set whose rank is at least low and below
 * high, as near the middle as memory knows one; false where it knows none.  With run_set_bracket()
 * it finds the place of a rank in the union of many runs almost without reading. */
bool run_set_middle(const struct run *run, uint64_t *created_s, const struct run_set_name *set,
                    uint64_t low, uint64_t high);

/* Walk a set upward.  Caller's storage, about 5 KiB; nothing to close; the run must outlive it. */
struct run_set_cursor {
    const struct run *run;
    struct run_set_name set;
    struct run_set_group group; /* what follows is the cursor's own */
    uint32_t block;
    size_t offset;
    uint32_t at;
    bool end;
    uint8_t plain[BLOCK_CACHE_PLAIN_LEN];
};

/* Stand before the first entry at or above the bound; at rank. */
MUST_USE enum err_code run_set_seek(struct run_set_cursor *cursor, const struct run *run,
                                    const struct run_set_name *set,
                                    const struct negentropy_bound *bound, struct err_note *note);
MUST_USE enum err_code run_set_seek_rank(struct run_set_cursor *cursor, const struct run *run,
                                         const struct run_set_name *set, uint64_t rank,
                                         struct err_note *note);
/* The next entry.
 *   ERR_NOT_FOUND  that was the last one; nothing in the note */
MUST_USE enum err_code run_set_next(struct run_set_cursor *cursor, struct run_set_entry *entry,
                                    struct err_note *note);

#endif
