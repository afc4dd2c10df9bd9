/* backup_kept.h - what a backup holds of the archive: each post with the reason it is there (SPEC
 * 10.10), context first, and of what is there for the same reason the older first. */
#ifndef KITH_STORE_BACKUP_KEPT_H
#define KITH_STORE_BACKUP_KEPT_H

#include "store/backup.h"

struct backup_kept_entry {
    uint32_t position;
    struct shelf_since since;
};

struct backup_kept {
    struct backup_kept_entry *entries;
    size_t count;
};

/* Of a zeroed one.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code backup_kept_list(struct backup_kept *kept, struct archive *archive);
void backup_kept_close(struct backup_kept *kept);

/* Retracts stand in the store, and are told to the archive that comes of it again; what is below
 * the archive's bound is about to leave it.  archive NULL: whatever its bound. */
bool backup_kept_goes_in(struct octets wire, const struct archive *archive);
/* Whether an item is one, and why the post in it is there. */
bool backup_kept_decode(struct shelf_since *since, struct octets item);
bool backup_kept_before(const struct shelf_since *a, const struct shelf_since *b);

#endif
