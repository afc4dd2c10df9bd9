/* home.h - the folder that holds a person's or a relay's keys, vault and posts (SPEC 10).
 */
#ifndef KITH_NODE_HOME_H
#define KITH_NODE_HOME_H

#include <stdbool.h>

#include "proto/err.h"
#include "store/archive.h"
#include "store/file.h"
#include "store/home_key.h"
#include "store/journal.h"
#include "store/store.h"
#include "store/vault.h"

#define HOME_PATH_MAX 4096

/* An opened home: held against other processes. */
struct home {
    char path[HOME_PATH_MAX];
    int lock_fd;
    struct files *files;
    uint8_t *key; /* the home's key in guarded memory, from home_unlock() until home_forget() */
};

/* Where the home is: option if not NULL, else $KITH_HOME, else $XDG_DATA_HOME/kith, else
 * ~/.local/share/kith.  Variables that are empty count as unset.
 *   ERR_TOO_LARGE  longer than HOME_PATH_MAX
 *   ERR_USAGE      no $HOME to start from */
MUST_USE enum err_code home_path(char path[HOME_PATH_MAX], const char *option,
                                 struct err_note *note);

/* Open the folder and hold it.  Makes the folder and those above it, mode 0700, when make is set.
 *   ERR_NO_NODE  there is no such folder (exit status 3)
 *   ERR_IN_USE   another kith node holds it
 *   ERR_PERMISSION  also: others can look into it, and it cannot be closed to them, or it is to
 *                become a home and holds other things.  A home that others can look into is closed
 *                to them, and the log says so.
 *   ERR_IO, ERR_NO_SPACE, ERR_NO_MEMORY */
MUST_USE enum err_code home_open(struct home *home, const char *path, bool make,
                                 struct err_note *note);
void home_close(struct home *home);
/* The same for a process that held it before it became this one: fd is its lock, which is taken
 * over where it is this home's.  Otherwise, or with -1, as home_open() without make. */
MUST_USE enum err_code home_open_held(struct home *home, const char *path, int fd,
                                      struct err_note *note);

/* Whether a vault was made here. */
bool home_has_vault(struct home *home);
/* The same, in words.
 *   ERR_NO_NODE  there is none: no home, or one that was begun and cut off (home_begun.h)
 *   ERR_DAMAGED  there is none, but a journal: it was lost, and the block list with it; or the
 *                key to it was lost */
MUST_USE enum err_code home_check_vault(struct home *home, struct err_note *note);

/* Make the key file, under a passphrase unless that is empty, and the vault from 32 fresh random
 * octets.  The home is unlocked then.
 *   ERR_REFUSED  there is a home already, or one was begun and cut off; nothing was changed */
MUST_USE enum err_code home_make_vault(struct home *home, enum vault_kind kind,
                                       struct octets passphrase, struct err_note *note);

/* The same from a seed of 32 octets, and in a home that home_begin() was called for. */
MUST_USE enum err_code home_make_vault_of(struct home *home, enum vault_kind kind,
                                          const uint8_t *seed, struct octets passphrase,
                                          struct err_note *note);

/* Whether the home takes a passphrase: as home_key_is_locked(), in words. */
MUST_USE enum err_code home_is_locked(bool *locked, struct home *home, struct err_note *note);
/* Open the key of the home with a passphrase, or an empty one for none: as home_key_open(). */
MUST_USE enum err_code home_unlock(struct home *home, struct octets passphrase,
                                   struct err_note *note);
/* The same, with the passphrase from a file, or where the home needs one and file is NULL, asked
 * for on the terminal.
 *   ERR_USAGE  as passphrase_from_file() and passphrase_ask() */
MUST_USE enum err_code home_unlock_asking(struct home *home, const char *file,
                                          struct err_note *note);
/* Wipe the key: everything that needs it is open. */
void home_forget(struct home *home);

/* Open the journal and the vault of an unlocked home: as journal_open() and vault_open(), with what
 * can be done about damage in words.  *journal may be open after an error too. */
MUST_USE enum err_code home_open_vault(struct vault **vault, struct journal **journal,
                                       struct home *home, struct err_note *note);

/* Open the archive of a person's unlocked home; its vault and its store are open.  What is missing
 * of it, or that all of it is, is said in the log.  As archive_open(), archive_beside(). */
MUST_USE enum err_code home_open_archive(struct archive **archive, struct home *home,
                                         const struct vault *vault, struct store *store,
                                         struct err_note *note);

/* Open the store of an unlocked home, whose vault is open and has nothing staged: before anything
 * is shown of it or put into it, the list of blocks is told whose positions it has
 * (vault_log_beside()).  What that changed, and damage, is said in the log.  As store_open() and
 * vault_commit(). */
MUST_USE enum err_code home_open_store(struct store **store, struct home *home, struct vault *vault,
                                       enum store_kind kind, struct err_note *note);

#endif
