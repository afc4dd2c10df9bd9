#include "proto/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* Reserved by section 5.1; the key has sealed all it may once it gets here. */
#define NONCE_END UINT64_MAX

#define NONCE_LEN crypto_aead_chacha20poly1305_IETF_NPUBBYTES

static_assert(NOISE_TAG_LEN == crypto_aead_chacha20poly1305_IETF_ABYTES, "Noise's tag length");
static_assert(NOISE_KEY_LEN == crypto_aead_chacha20poly1305_IETF_KEYBYTES, "Noise's key length");

static void put_nonce(uint8_t out[NONCE_LEN], uint64_t nonce)
{
    memset(out, 0, NONCE_LEN);
    for (int i = 4; i < 12; i++, nonce >>= 8) {
        out[i] = (uint8_t)nonce;
    }
}

static void copy(uint8_t *out, struct octets from)
{
    if (from.len > 0) {
        memmove(out, from.at, from.len);
    }
}

void noise_cipher_init(struct noise_cipher *c, const uint8_t key[NOISE_KEY_LEN])
{
    memcpy(c->key, key, NOISE_KEY_LEN);
    c->nonce = 0;
    c->has_key = true;
}

void noise_cipher_close(struct noise_cipher *c)
{
    sodium_memzero(c, sizeof *c);
}

size_t noise_cipher_tag_len(const struct noise_cipher *c)
{
    return c->has_key ? NOISE_TAG_LEN : 0;
}

enum err_code noise_cipher_seal(struct noise_cipher *c, uint8_t *out, struct octets ad,
                                struct octets plain)
{
    if (!c->has_key) {
        copy(out, plain);
        return ERR_OK;
    }
    if (c->nonce == NONCE_END) {
        return ERR_FLOOD;
    }
    uint8_t nonce[NONCE_LEN];
    put_nonce(nonce, c->nonce++);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.at, plain.len, ad.at, ad.len,
                                                    NULL, nonce, c->key);
    return ERR_OK;
}

enum err_code noise_cipher_open(struct noise_cipher *c, uint8_t *out, struct octets ad,
                                struct octets sealed)
{
    if (!c->has_key) {
        copy(out, sealed);
        return ERR_OK;
    }
    if (c->nonce == NONCE_END) {
        return ERR_FLOOD;
    }
    uint8_t nonce[NONCE_LEN];
    put_nonce(nonce, c->nonce);
    if (sealed.len < NOISE_TAG_LEN ||
        crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.at, sealed.len, ad.at,
                                                  ad.len, nonce, c->key) != 0) {
        return ERR_DECRYPT;
    }
    c->nonce++;
    return ERR_OK;
}

void noise_cipher_rekey(struct noise_cipher *c)
{
    static const uint8_t zeros[NOISE_KEY_LEN];
    uint8_t sealed[NOISE_KEY_LEN + NOISE_TAG_LEN];
    uint8_t nonce[NONCE_LEN];
    assert(c->has_key);
    put_nonce(nonce, NONCE_END);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof zeros, NULL, 0,
                                                    NULL, nonce, c->key);
    memcpy(c->key, sealed, NOISE_KEY_LEN);
    sodium_memzero(sealed, sizeof sealed);
}

void noise_cipher_rekey_each(struct noise_cipher *c, uint64_t messages_count)
{
    if (c->nonce % messages_count == 0) {
        noise_cipher_rekey(c);
    }
}
