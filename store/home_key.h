/* home_key.h - the key that everything in a home is sealed under, and the two files it is kept in
 * (SPEC 10.2).
 *
 * File "key" holds the home key: without a passphrase itself, with one wrapped under Argon2id of
 * the passphrase together with the 32 octets of the file "keyslot".  Both files are only ever
 * overwritten in place, so that no older form of them stays behind in free blocks; a copy written
 * ahead makes that safe against crashes.  The home key is random and no child of the vault's seed:
 * it opens this one home, and whoever learns it elsewhere has learnt nothing of the identity. */
#ifndef KITH_STORE_HOME_KEY_H
#define KITH_STORE_HOME_KEY_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/file.h"

#define HOME_KEY_LEN            32
#define HOME_KEY_PASSPHRASE_MAX 1024
/* More work than this is not done for a key file. */
#define HOME_KEY_OPS_MAX     16
#define HOME_KEY_MEM_KIB_MIN 8
#define HOME_KEY_MEM_KIB_MAX ((uint32_t)1024 * 1024)

enum home_key_use {
    HOME_KEY_VAULT = 1,
    HOME_KEY_JOURNAL = 2,
    HOME_KEY_STORE = 3,
    HOME_KEY_ARCHIVE = 4,
    HOME_KEY_ADDRESSES = 5
};

/* What a home key is wrapped under. */
struct home_key_lock {
    struct octets passphrase; /* 1 .. HOME_KEY_PASSPHRASE_MAX (asserted) */
    uint32_t ops;             /* Argon2id; 0: libsodium's moderate */
    uint32_t mem_kib;
};

/* What one part of the home is sealed under. */
void home_key_derive(uint8_t out[HOME_KEY_LEN], const uint8_t key[HOME_KEY_LEN],
                     enum home_key_use use);

/* Whether opening takes a passphrase.  Reads only.
 *   ERR_NOT_FOUND  no key file here
 *   ERR_DAMAGED    the key file or the keyslot cannot be read any more, or is missing */
MUST_USE enum err_code home_key_is_locked(bool *locked, struct files *files, struct err_note *note);

/* Draw a home key for a home that is being made, and write its files; lock is NULL where there is
 * no passphrase.  What stood there is replaced: the caller has seen that nothing is sealed under
 * it.  key is for memory from sodium_malloc().
 *   ERR_NO_MEMORY  also when Argon2id gets none;  and what files give */
MUST_USE enum err_code home_key_make(uint8_t key[HOME_KEY_LEN], struct files *files,
                                     const struct home_key_lock *lock, struct err_note *note);

/* Open it with a passphrase, or an empty one for none, which a home without one does not look at.
 * Completes or undoes a change that a crash cut off.  Slow by intent.
 *   ERR_NOT_FOUND, ERR_DAMAGED  as home_key_is_locked()
 *   ERR_LOCKED     it takes a passphrase, and none was given
 *   ERR_DECRYPT    not this one
 *   ERR_NO_MEMORY  also when Argon2id gets none */
MUST_USE enum err_code home_key_open(uint8_t key[HOME_KEY_LEN], struct files *files,
                                     struct octets passphrase, struct err_note *note);

/* Wrap the home's key anew, under another passphrase or, when lock is NULL, none.  On an error the
 * old passphrase stays; where *changed is true all the same, the new one holds from the next
 * opening on.
 *   ERR_NO_MEMORY, ERR_NO_SPACE, ERR_IO, ERR_PERMISSION;  ERR_NOT_FOUND, ERR_DAMAGED as above */
MUST_USE enum err_code home_key_change(bool *changed, struct files *files,
                                       const uint8_t key[HOME_KEY_LEN],
                                       const struct home_key_lock *lock, struct err_note *note);

/* Overwrite both files in place with random octets, sync them, and only then remove them.  Goes on
 * after errors and gives the first: then some form of the key may still stand there.
 *   ERR_NOT_FOUND  there is nothing to destroy */
MUST_USE enum err_code home_key_destroy(struct files *files, struct err_note *note);

#endif
