#include "store/seal.h"

#include <sodium.h>
#include <stdlib.h>

#define HEADER_LEN 6
#define NONCE_LEN  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN    crypto_aead_xchacha20poly1305_ietf_ABYTES

_Static_assert(SEAL_OVERHEAD == HEADER_LEN + NONCE_LEN + TAG_LEN, "the layout in seal.h");
_Static_assert(SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key length");
_Static_assert(SEAL_KEY_LEN == crypto_kdf_KEYBYTES, "key length");

void seal_derive(uint8_t out[SEAL_KEY_LEN], const uint8_t key[SEAL_KEY_LEN], const char context[8],
                 uint64_t number)
{
    int rc = crypto_kdf_derive_from_key(out, SEAL_KEY_LEN, number, context, key);
    assert(rc == 0);
    (void)rc;
}

static void header_of(uint8_t out[HEADER_LEN], enum seal_purpose purpose)
{
    static const uint8_t magic[HEADER_LEN] = {'k', 'i', 't', 'h', 1, 0};
    memcpy(out, magic, HEADER_LEN);
    out[HEADER_LEN - 1] = (uint8_t)purpose;
}

enum err_code seal_replace(struct files *files, bool *replaced, const char *path,
                           enum seal_purpose purpose, const uint8_t key[SEAL_KEY_LEN],
                           struct octets plain, struct err_note *note)
{
    *replaced = false;
    uint8_t *sealed = malloc(plain.len + SEAL_OVERHEAD);
    if (sealed == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    header_of(sealed, purpose);
    uint8_t *nonce = sealed + HEADER_LEN;
    randombytes_buf(nonce, NONCE_LEN);
    int rc = crypto_aead_xchacha20poly1305_ietf_encrypt(
        nonce + NONCE_LEN, NULL, plain.at, plain.len, sealed, HEADER_LEN, NULL, nonce, key);
    assert(rc == 0);
    (void)rc;
    enum err_code code = file_replace_step(files, replaced, path,
                                           octets_of(sealed, plain.len + SEAL_OVERHEAD), note);
    free(sealed);
    return code;
}

static bool open_sealed(uint8_t *plain, const uint8_t *sealed, size_t sealed_len,
                        enum seal_purpose purpose, const uint8_t key[SEAL_KEY_LEN])
{
    uint8_t header[HEADER_LEN];
    header_of(header, purpose);
    if (memcmp(header, sealed, HEADER_LEN) != 0) {
        return false;
    }
    const uint8_t *nonce = sealed + HEADER_LEN;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, nonce + NONCE_LEN,
                                                      sealed_len - HEADER_LEN - NONCE_LEN, sealed,
                                                      HEADER_LEN, nonce, key) == 0;
}

enum err_code seal_read(struct files *files, uint8_t **plain, size_t *plain_len, const char *path,
                        enum seal_purpose purpose, const uint8_t key[SEAL_KEY_LEN], size_t len_max,
                        struct err_note *note)
{
    uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    enum err_code rc =
        file_read_all(files, &sealed, &sealed_len, path, len_max + SEAL_OVERHEAD, note);
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, ERR_DAMAGED, "%s is damaged", path);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (sealed_len < SEAL_OVERHEAD) {
        free(sealed);
        return err_note(note, ERR_DAMAGED, "%s is cut short", path);
    }
    size_t len = sealed_len - SEAL_OVERHEAD;
    uint8_t *opened = sodium_malloc(len + 1);
    if (opened == NULL) {
        free(sealed);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    bool whole = open_sealed(opened, sealed, sealed_len, purpose, key);
    free(sealed);
    if (!whole) {
        sodium_free(opened);
        return err_note(note, ERR_DAMAGED, "%s does not open: it was altered or damaged", path);
    }
    *plain = opened;
    *plain_len = len;
    return ERR_OK;
}
