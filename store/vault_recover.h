/* vault_recover.h - bring back a vault that is damaged, cut short, missing or older than the
 * journal or its copy (SPEC 10.9).
 *
 * Taken is the latest of "vault" and "vault.last" that is whole.  What the journal knows of later
 * blocks is added; a later unblocking is honoured too, since one is journaled only once the vault
 * had it.  So no block that was acknowledged is lost (promise 4); other changes after the copy are.
 */
#ifndef KITH_STORE_VAULT_RECOVER_H
#define KITH_STORE_VAULT_RECOVER_H

#include "proto/err.h"
#include "store/file.h"

struct vault_recovery {
    bool needed;              /* false: the vault was in order, and nothing was changed */
    uint64_t saved_s;         /* when the copy taken was committed, 0 when not known */
    uint64_t changes_missing; /* how many changes of the vault the journal counts after it */
    bool journal_is_older;    /* the journal ends before it, and cannot say what came after */
    size_t blocks_count;      /* in force now */
    size_t blocks_journaled;  /* blocks and unblockings taken from the journal */
};

/* The home must be held, and no journal or vault of it open.
 *   ERR_DAMAGED    no copy is whole, or the journal is damaged: nothing was changed
 *   and what files and journal_open() give */
MUST_USE enum err_code vault_recover(struct vault_recovery *recovery, struct files *files,
                                     const uint8_t home_key[32], struct err_note *note);

#endif
