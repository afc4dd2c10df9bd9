/* trimming.h - which own posts the journal need not hold any more (SPEC 10.5): such as their author
 * took back or that have expired, such as the log holds and two peers were handed, and such as left
 * the log by age and are in the archive. */
#ifndef KITH_STORE_TRIMMING_H
#define KITH_STORE_TRIMMING_H

#include "store/journal.h"
#include "store/store.h"

#define TRIMMING_PEERS 2

/* What is borrowed, and how far it came; for the thread that owns the journal. */
struct trimming {
    struct journal *journal;
    struct store *store;
    struct store *archive; /* archive_store(), or NULL */
    struct key own;        /* who wrote the posts */
    bool keeps_handed;     /* a relay's: its vouches are its list of members */
    size_t at;             /* the next own post to look at */
    bool tending;          /* the files are to be looked at next */
};

/* Do a slice: judge some posts, or take out of the files what was judged before.  *more: there is
 * more to do now; once there is not, look again later.  now_s is when expiry is judged by, as far
 * as store_settle() lets it.
 *   errors as journal_trim(), journal_tend() and lookups of the store: try again later */
MUST_USE enum err_code trimming_slice(struct trimming *trimming, bool *more, uint64_t now_s,
                                      struct err_note *note);

#endif
