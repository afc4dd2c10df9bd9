/* backup.h - what a backup holds, and writing one while the node works (SPEC 10.10). */
#ifndef KITH_STORE_BACKUP_H
#define KITH_STORE_BACKUP_H

#include "store/archive.h"
#include "store/backup_file.h"
#include "store/journal.h"
#include "store/store.h"
#include "store/vault.h"

#define BACKUP_VAULT_PART 32768 /* octets of the vault in one item */

enum backup_kind {
    BACKUP_HEAD = 1,
    BACKUP_VAULT = 2,
    BACKUP_OWN_POST = 3,
    BACKUP_INVITE_USED = 4,
    BACKUP_POST = 5,
    BACKUP_END = 6,
    BACKUP_KEPT = 7, /* stands between the uses and the posts */
};

#define BACKUP_HEAD_MAX     32
#define BACKUP_END_LEN      16
#define BACKUP_END_KEPT_LEN 24 /* with an archive in it */
#define BACKUP_KEPT_FIXED   5  /* why, and since which day, before the octets of a post */

struct backup_head {
    uint64_t made_s;        /* the person's clock */
    bool all;               /* every post of the store is in it */
    bool archived;          /* and the archive, which implies all */
    uint64_t floor_s;       /* of the archive */
    uint64_t store_floor_s; /* as peers knew it */
};

/* Write into out; returns the length. */
size_t backup_head_encode(uint8_t out[BACKUP_HEAD_MAX], const struct backup_head *head);
/*   ERR_MALFORMED;  ERR_VERSION  of a later version */
MUST_USE enum err_code backup_head_decode(struct backup_head *head, struct octets octets);

/* What goes into it; borrowed for the life of the backup.  For the thread that owns the vault. */
struct backup_source {
    struct vault *vault;
    struct journal *journal;
    struct store *store; /* may be NULL without all: own posts that it alone holds are missing */
    /* With all it goes in too, and its floor must not rise as long as the backup lives; NULL where
     * there is none: own posts that it alone holds are missing. */
    struct archive *archive;
    struct backup_head head; /* made_s and all; the rest follows from archive */
};

struct backup_counts {
    uint64_t own_count;
    uint64_t posts_count; /* with all */
    uint64_t kept_count;  /* of the archive */
    unsigned percent;     /* about how far it is */
};

struct backup;

/* Begin: the vault goes in as it is now, and posts as far as they came until now.  Errors as
 * backup_file_create(), and ERR_NO_MEMORY. */
MUST_USE enum err_code backup_begin(struct backup **backup, struct files *files, const char *path,
                                    const struct backup_source *source, bool replace,
                                    struct err_note *note);
/* Go on for a few milliseconds.  *done: the file is whole, synced, and at its path.  After an error
 * only backup_close() is allowed. */
MUST_USE enum err_code backup_step(struct backup *backup, bool *done, struct err_note *note);
struct backup_counts backup_counts(const struct backup *backup);
/* What is not done is removed.  NULL is none. */
void backup_close(struct backup *backup);

#endif
