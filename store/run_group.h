/* run_group.h - reads the groups of a run's sets one after the other (SPEC 10.13). */
#ifndef KITH_STORE_RUN_GROUP_H
#define KITH_STORE_RUN_GROUP_H

#include "store/run_inner.h"

/* Decode the group at *at of a block of sets and step behind it.  *group holds the one before it
 * in the block, or anything at the front.
 *   ERR_NOT_FOUND  the block ends here; nothing in the note
 *   ERR_DAMAGED */
MUST_USE enum err_code run_group_next(const struct run *run, struct run_set_group *group,
                                      const uint8_t plain[RUN_PLAIN_LEN], size_t *at,
                                      struct err_note *note);
/* The same, but of the entries only the first is decoded, which is many times as fast.  Decode the
 * group itself with run_group_next() from where it begins and with *group as it was left. */
MUST_USE enum err_code run_group_skim(const struct run *run, struct run_set_group *group,
                                      const uint8_t plain[RUN_PLAIN_LEN], size_t *at,
                                      struct err_note *note);

#endif
