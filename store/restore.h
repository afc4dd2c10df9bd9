/* restore.h - read a backup, and bring what it holds into a home (SPEC 10.10).
 *
 * First the whole file is read and checked, and nothing is written; then it is read again. */
#ifndef KITH_STORE_RESTORE_H
#define KITH_STORE_RESTORE_H

#include "store/backup.h"

/* Which backup, and the seed that the words stand for. */
struct restore_source {
    struct files *files;
    const char *path;
    const uint8_t *seed; /* 32 */
    /* Told now and then how far it is, in thousandths; may be NULL. */
    void (*progress)(void *context, unsigned permille);
    /* Whether the proofs of all these posts hold (post_verify()), on as many cores as there are;
     * NULL: one after the other. */
    bool (*verify)(void *context, const struct post *posts, size_t count);
    void *context;
};

struct restore_found {
    struct backup_head head;
    struct vault *copy; /* as vault_unpack() makes it; the caller's to vault_close() */
    uint64_t own_count;
    uint64_t posts_count;
    uint64_t kept_count; /* of the archive */
};

/* Read all of it: order, counts, every post and its proof, the vault.  *found is written only on
 * ERR_OK.
 *   ERR_MALFORMED, ERR_VERSION, ERR_TRUNCATED, ERR_DAMAGED, ERR_DECRYPT  as backup_file.h; damaged
 *                is also what kith never writes
 *   and what files give */
MUST_USE enum err_code restore_check(struct restore_found *found,
                                     const struct restore_source *source, struct err_note *note);

/* Where it goes: an opened home, whose vault has its seed.  store may be NULL where the backup has
 * no posts of it, archive where it has no archive; own posts then go into the journal alone, which
 * is enough in a home that is made of the backup. */
struct restore_target {
    struct vault *vault;
    struct journal *journal;
    struct store *store;
    struct archive *archive;
    uint64_t now_s;
};

/* Merge the vaults and commit; then own posts, such as the journal knows already into the store
 * where that lacks them, and those that left it by age into the archive too; then the archive, then
 * the others.  May be repeated.  What is in the archive as context alone, and its floor, come into
 * a home alone that has no posts of others yet (SPEC 10.10). ERR_REFUSED  another seed or kind, or
 * the two together exceed a bound; nothing was changed and what files, vault_commit(), the journal
 * and store_put() give */
MUST_USE enum err_code restore_write(const struct restore_target *target,
                                     const struct restore_found *found,
                                     const struct restore_source *source, struct err_note *note);

#endif
