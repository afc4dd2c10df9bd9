/* store_retention.h - how long posts are kept: a floor that only rises (SPEC 7.5, 10.6).
 *
 * What is dated before the floor leaves, but for posts that stand (post_stands(); in a STORE_UNREAD
 * of profiles each author's latest), or for posts of store_options.lasting.  The floor is the
 * beginning of a UTC day and is written down before anything leaves. */
#ifndef KITH_STORE_STORE_RETENTION_H
#define KITH_STORE_STORE_RETENTION_H

#include "store/store.h"

struct profile_table;

/* All zero at first; for whoever tends. */
struct store_retention {
    struct store_retention_rules rules;
    bool began;                 /* looked at since opening */
    bool walking;               /* through what lies below the floor */
    struct negentropy_item at;  /* and where it goes on */
    struct profile_table *seen; /* each author's latest profile so far */
};

/* Raise the floor where the rules say so, and do a slice of what follows from it.  *more: there is
 * more to do now.
 *   errors as store_tend() */
MUST_USE enum err_code store_retention_slice(struct store *store, bool *more, uint64_t now_s,
                                             struct err_note *note);
/* Whether a post is too old to be put.  What stands is not: of an archive it leaves the next time
 * the floor rises, and a retract has taken its subject along by then. */
bool store_retention_refuses(struct store *store, const struct post *post);
/* What was written down of it, where that reads.
 *   ERR_NO_MEMORY, ERR_IO, ERR_PERMISSION */
MUST_USE enum err_code store_retention_load(struct store *store, const uint8_t key[32],
                                            struct err_note *note);
void store_retention_close(struct store *store);

#endif
