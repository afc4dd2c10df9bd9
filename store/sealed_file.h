/* sealed_file.h - what leaves the home sealed: evidence and lists of blocks (SPEC 10.8).
 *
 *     file  = header digest stream(24) chunk...
 *     digest = BLAKE2b-128 of the header: tells damage from the wrong key; no secret
 *     chunk = crypto_secretstream_xchacha20poly1305 of at most 65536 octets, the header as
 *             associated data, the last with the final tag
 *
 * The header says for what the file is, how long it is and how its key is found: under a
 * passphrase, or sealed to the X25519 form of an Ed25519 identity, which it does not name. */
#ifndef KITH_STORE_SEALED_FILE_H
#define KITH_STORE_SEALED_FILE_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"
#include "store/file.h"

#define SEALED_PLAIN_MAX      ((size_t)64 * 1024 * 1024)
#define SEALED_PASSPHRASE_MAX 1024
/* More work than this is not done for a file that somebody sent. */
#define SEALED_OPS_MAX     8
#define SEALED_MEM_KIB_MAX ((uint32_t)256 * 1024)

enum sealed_purpose { SEALED_EVIDENCE = 1, SEALED_BLOCKS = 2 };
enum sealed_mode { SEALED_TO_PASSPHRASE = 1, SEALED_TO_KEY = 2 };

/* For whom. */
struct sealed_recipient {
    enum sealed_mode mode;
    struct octets passphrase; /* 1 .. SEALED_PASSPHRASE_MAX (asserted) */
    uint32_t ops;             /* Argon2id; 0: libsodium's moderate */
    uint32_t mem_kib;
    struct key key; /* an identity */
};

/* With what.  Either may be missing. */
struct sealed_opener {
    struct octets passphrase;     /* empty: none */
    const uint8_t *identity_seed; /* 32, or NULL */
};

/* The octets of such a file, for the caller to free() after wiping.
 *   ERR_TOO_LARGE  plain is above SEALED_PLAIN_MAX
 *   ERR_REFUSED    the recipient's key is no identity that anything can be sealed to
 *   ERR_NO_MEMORY  also when Argon2id gets none */
MUST_USE enum err_code sealed_encode(uint8_t **sealed, size_t *sealed_len,
                                     enum sealed_purpose purpose,
                                     const struct sealed_recipient *recipient, struct octets plain);

/* What the header alone says, once its digest holds.
 *   ERR_MALFORMED   no such file at all
 *   ERR_VERSION     of a later version
 *   ERR_UNEXPECTED  sealed for another purpose
 *   ERR_TRUNCATED   cut short
 *   ERR_DAMAGED     altered */
MUST_USE enum err_code sealed_mode_of(enum sealed_mode *mode, enum sealed_purpose purpose,
                                      struct octets sealed);

/* Open it whole, into memory from sodium_malloc() that the caller frees with sodium_free().
 * Errors as above, and
 *   ERR_LOCKED     the opener lacks what the header asks for
 *   ERR_DECRYPT    another passphrase, or sealed to another key
 *   ERR_TOO_LARGE  more than SEALED_PLAIN_MAX, or more work than a node does for a passphrase
 *   ERR_NO_MEMORY */
MUST_USE enum err_code sealed_decode(uint8_t **plain, size_t *plain_len,
                                     enum sealed_purpose purpose, struct octets sealed,
                                     const struct sealed_opener *opener);

/* Put the octets at path, which must not be there: written to path.part with mode 0600, synced,
 * renamed.  On an error nothing is left at path.
 *   ERR_REFUSED  path or path.part is there already; both are left as they are
 *   and what files give */
MUST_USE enum err_code sealed_put(struct files *files, const char *path, struct octets sealed,
                                  struct err_note *note);

#define SEALED_LEN_MAX (SEALED_PLAIN_MAX + SEALED_PLAIN_MAX / 1024 + 4096)

#endif
