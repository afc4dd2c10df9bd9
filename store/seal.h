/* seal.h - small files sealed whole, and the keys they are sealed under (SPEC 10.3).
 *
 *     file = "kith" 1 purpose(1) nonce(24) XChaCha20-Poly1305(plain), the first six octets as
 *            associated data
 *
 * Files are written whole and replaced atomically, each time under a fresh random nonce. */
#ifndef KITH_STORE_SEAL_H
#define KITH_STORE_SEAL_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/file.h"

#define SEAL_KEY_LEN  32
#define SEAL_OVERHEAD (6 + 24 + 16)

enum seal_purpose {
    SEAL_MANIFEST = 1,
    SEAL_VAULT = 2,
    SEAL_LENGTHS = 3, /* of a segment's records */
    SEAL_RUNS = 5,    /* the manifest of the index */
    SEAL_FLOOR = 6,   /* of the log, by date */
    SEAL_KEPT = 7,    /* why posts are in the archive */
    SEAL_ADDRESSES = 8,
};

/* A key derived from another: crypto_kdf (BLAKE2b) with an 8-octet context. */
void seal_derive(uint8_t out[SEAL_KEY_LEN], const uint8_t key[SEAL_KEY_LEN], const char context[8],
                 uint64_t number);

/* Seal plain and put it at path with file_replace_step(), whose *replaced it gives. */
MUST_USE enum err_code seal_replace(struct files *files, bool *replaced, const char *path,
                                    enum seal_purpose purpose, const uint8_t key[SEAL_KEY_LEN],
                                    struct octets plain, struct err_note *note);

/* Read and open a sealed file into memory from sodium_malloc(), which the caller frees with
 * sodium_free().
 *   ERR_NOT_FOUND  no such file
 *   ERR_DAMAGED    it does not open under this key, or is larger than len_max allows */
MUST_USE enum err_code seal_read(struct files *files, uint8_t **plain, size_t *plain_len,
                                 const char *path, enum seal_purpose purpose,
                                 const uint8_t key[SEAL_KEY_LEN], size_t len_max,
                                 struct err_note *note);

#endif
