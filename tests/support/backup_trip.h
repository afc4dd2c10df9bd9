/* backup_trip.h - a backup is made of one home, and comes back to another. */
#ifndef KITH_TESTS_SUPPORT_BACKUP_TRIP_H
#define KITH_TESTS_SUPPORT_BACKUP_TRIP_H

#include "store/restore.h"
#include "tests/support/bare_home.h"

#define TRIP_PATH  "kith.backup"
#define TRIP_CHUNK (65536 + 17) /* octets of a chunk in the file */

/* All of what is open in home goes into the file; head says when, and whether with all posts. */
MUST_USE enum err_code trip_leaves(struct files *outside, const struct bare_home *home,
                                   const struct backup_head *head, bool replace,
                                   struct err_note *note);
/* As restore_check(): found->copy is the caller's. */
MUST_USE enum err_code trip_checks(struct restore_found *found, struct files *outside,
                                   const uint8_t seed[32], struct err_note *note);
MUST_USE enum err_code trip_returns(struct bare_home *home, struct files *outside, uint64_t now_s,
                                    struct err_note *note);

/* What stands in a backup that the test makes up. */
struct trip_item {
    uint8_t kind; /* 0: the list ends here */
    struct octets octets;
};
/* A file of these, under the seed of bare_home.h, in the place of any other. */
MUST_USE enum err_code trip_forges(struct files *outside, const struct trip_item *items,
                                   size_t items_max, struct err_note *note);

#endif
