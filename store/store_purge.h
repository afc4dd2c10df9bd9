/* store_purge.h - what is gone leaves the log too: segment after segment, in slices. */
#ifndef KITH_STORE_STORE_PURGE_H
#define KITH_STORE_STORE_PURGE_H

#include "store/index.h"
#include "store/log_rewrite.h"

/* For the thread that tends.  Zeroed, nothing is under way. */
struct store_purge {
    struct log_rewrite *rewrite; /* NULL: nothing */
    struct log_purge purge;
    uint32_t *positions; /* that go, ascending */
    size_t count;
};

void store_purge_close(struct store_purge *purge);
/* Do a slice.  *more: there is more to do now.
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY  try again later */
MUST_USE enum err_code store_purge_step(struct store_purge *purge, bool *more, struct index *index,
                                        struct log *log, struct err_note *note);

#endif
