/* store_retention.h - how long posts are kept: a floor that only rises (SPEC 7.5, 10.7).
 *
 * What is dated before the floor leaves, but for posts that stand (post_stands(); in a STORE_UNREAD
 * of profiles each author's latest) and for posts of store_options.lasting.  For peers it has left
 * once the floor is written down; the sets and files it leaves then, or where rules hold it, once
 * whoever keeps some of it has that. */
#ifndef KITH_STORE_STORE_RETENTION_H
#define KITH_STORE_STORE_RETENTION_H

#include "store/store.h"

struct profile_table;

/* All zero at first; for whoever tends. */
struct store_retention {
    struct store_retention_rules rules;
    bool ruled;                 /* else nothing leaves that has not begun to */
    uint64_t walked_s;          /* what is dated before left the sets, since opening */
    bool walking;               /* through what leaves */
    uint64_t until_s;           /* what is dated before that */
    struct negentropy_item at;  /* and where it goes on */
    struct profile_table *seen; /* each author's latest profile so far */
};

/* Raise the floor where the files are too large, and do a slice of what follows from it.  *more:
 * there is more to do now.
 *   errors as store_tend() */
MUST_USE enum err_code store_retention_slice(struct store *store, bool *more, uint64_t now_s,
                                             struct err_note *note);
/* What was written down of it, where that reads.
 *   ERR_NO_MEMORY, ERR_IO, ERR_PERMISSION */
MUST_USE enum err_code store_retention_load(struct store *store, const uint8_t key[32],
                                            struct err_note *note);
void store_retention_close(struct store *store);

#endif
