/* store_purge.h - takes what is gone out of the log, a slice at a time (SPEC 10.6). */
#ifndef KITH_STORE_STORE_PURGE_H
#define KITH_STORE_STORE_PURGE_H

#include "store/index.h"
#include "store/log_rewrite.h"
#include "store/pace.h"

/* What is under way; all zero at first.  For whoever tends. */
struct store_purge {
    struct log_rewrite *rewrite; /* NULL: nothing */
    struct log_purge asked;
    uint32_t *positions; /* what goes, ascending */
    size_t positions_count;
    bool one_by_one; /* several segments did not fit one */
    struct pace pace;
};

/* Do a slice.  due: little is reason enough, as far as pace.h allows.  *more: there is more to do
 * now. what log_rewrite.h and index_purged() give: nothing is lost, try again later */
MUST_USE enum err_code store_purge_slice(struct store_purge *purge, bool *more, struct index *index,
                                         struct log *log, uint64_t now_s, bool due,
                                         struct err_note *note);
/* Gives up what is under way. */
void store_purge_close(struct store_purge *purge);

#endif
