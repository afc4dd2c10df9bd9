/* backup_file_state.h - the layout that writing and reading a backup share; for
 * store/backup_file*.c alone. */
#ifndef KITH_STORE_BACKUP_FILE_STATE_H
#define KITH_STORE_BACKUP_FILE_STATE_H

#include <sodium.h>

#include "store/backup_file.h"

#define BACKUP_MAGIC      "kith/backup/1"
#define BACKUP_MAGIC_LEN  13
#define BACKUP_SALT_LEN   16
#define BACKUP_CHECK_LEN  16
#define BACKUP_STREAM_LEN crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define BACKUP_HEADER_LEN                                                                          \
    (BACKUP_MAGIC_LEN + BACKUP_SALT_LEN + BACKUP_CHECK_LEN + BACKUP_STREAM_LEN)
#define BACKUP_DIGEST_LEN 16
#define BACKUP_PLAIN_LEN  ((size_t)65536)
#define BACKUP_CHUNK_LEN  (BACKUP_PLAIN_LEN + crypto_secretstream_xchacha20poly1305_ABYTES)
#define BACKUP_ITEM_HEAD  5

/* In memory from sodium_malloc(). */
struct backup_secrets {
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t derived[64]; /* the file key, the check, and no more */
    uint8_t plain[BACKUP_PLAIN_LEN];
};

static inline void backup_derive(uint8_t derived[64], const uint8_t key[BACKUP_KEY_LEN],
                                 const uint8_t header[BACKUP_HEADER_LEN])
{
    int rc = crypto_generichash(derived, 64, header, BACKUP_MAGIC_LEN + BACKUP_SALT_LEN, key,
                                BACKUP_KEY_LEN);
    assert(rc == 0);
    (void)rc;
}

static inline void backup_digest(uint8_t digest[BACKUP_DIGEST_LEN],
                                 const uint8_t header[BACKUP_HEADER_LEN])
{
    int rc = crypto_generichash(digest, BACKUP_DIGEST_LEN, header, BACKUP_HEADER_LEN, NULL, 0);
    assert(rc == 0);
    (void)rc;
}

#endif
