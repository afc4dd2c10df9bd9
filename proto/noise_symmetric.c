#include "proto/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define BLOCK_LEN 128 /* BLAKE2b's, which HMAC pads its key to */

static_assert(NOISE_HASH_LEN == crypto_generichash_BYTES_MAX, "BLAKE2b-512");

/* BLAKE2b-512 of two stretches, one after the other.  out may be one of them. */
static void hash_two(uint8_t out[NOISE_HASH_LEN], struct octets a, struct octets b)
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, NOISE_HASH_LEN);
    (void)crypto_generichash_update(&state, a.at, a.len);
    (void)crypto_generichash_update(&state, b.at, b.len);
    (void)crypto_generichash_final(&state, out, NOISE_HASH_LEN);
    sodium_memzero(&state, sizeof state);
}

/* HMAC (RFC 2104) as Noise asks for it, not BLAKE2b's own keyed mode. */
static void hmac(uint8_t out[NOISE_HASH_LEN], const uint8_t key[NOISE_HASH_LEN],
                 struct octets input)
{
    uint8_t pad[BLOCK_LEN];
    uint8_t inner[NOISE_HASH_LEN];
    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < NOISE_HASH_LEN; i++) {
        pad[i] ^= key[i];
    }
    hash_two(inner, octets_of(pad, sizeof pad), input);
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    hash_two(out, octets_of(pad, sizeof pad), octets_of(inner, sizeof inner));
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
}

void noise_hkdf(uint8_t (*outputs)[NOISE_HASH_LEN], size_t outputs_count,
                const uint8_t chaining_key[NOISE_HASH_LEN], struct octets input)
{
    assert(outputs_count == 2 || outputs_count == 3);
    uint8_t temporary[NOISE_HASH_LEN];
    uint8_t chain[NOISE_HASH_LEN + 1]; /* the output before, then this one's number */
    size_t chain_at = NOISE_HASH_LEN;  /* the first has none before it */
    hmac(temporary, chaining_key, input);
    for (size_t i = 0; i < outputs_count; i++) {
        chain[NOISE_HASH_LEN] = (uint8_t)(i + 1);
        hmac(outputs[i], temporary, octets_of(chain + chain_at, sizeof chain - chain_at));
        memcpy(chain, outputs[i], NOISE_HASH_LEN);
        chain_at = 0;
    }
    sodium_memzero(temporary, sizeof temporary);
    sodium_memzero(chain, sizeof chain);
}

void noise_symmetric_init(struct noise_symmetric *s, const char *protocol_name)
{
    size_t len = strlen(protocol_name);
    memset(s, 0, sizeof *s);
    if (len <= NOISE_HASH_LEN) {
        memcpy(s->hash, protocol_name, len);
    } else {
        hash_two(s->hash, octets_of(protocol_name, len), octets_of(NULL, 0));
    }
    memcpy(s->chaining_key, s->hash, NOISE_HASH_LEN);
}

void noise_symmetric_close(struct noise_symmetric *s)
{
    sodium_memzero(s, sizeof *s);
}

void noise_symmetric_mix_hash(struct noise_symmetric *s, struct octets octets)
{
    hash_two(s->hash, octets_of(s->hash, NOISE_HASH_LEN), octets);
}

void noise_symmetric_mix_key(struct noise_symmetric *s, struct octets input)
{
    uint8_t outputs[2][NOISE_HASH_LEN];
    noise_hkdf(outputs, 2, s->chaining_key, input);
    memcpy(s->chaining_key, outputs[0], NOISE_HASH_LEN);
    noise_cipher_init(&s->cipher, outputs[1]);
    sodium_memzero(outputs, sizeof outputs);
}

void noise_symmetric_mix_key_and_hash(struct noise_symmetric *s, struct octets input)
{
    uint8_t outputs[3][NOISE_HASH_LEN];
    noise_hkdf(outputs, 3, s->chaining_key, input);
    memcpy(s->chaining_key, outputs[0], NOISE_HASH_LEN);
    noise_symmetric_mix_hash(s, octets_of(outputs[1], NOISE_HASH_LEN));
    noise_cipher_init(&s->cipher, outputs[2]);
    sodium_memzero(outputs, sizeof outputs);
}

enum err_code noise_symmetric_seal(struct noise_symmetric *s, uint8_t *out, struct octets plain)
{
    size_t sealed_len = plain.len + noise_cipher_tag_len(&s->cipher);
    enum err_code rc =
        noise_cipher_seal(&s->cipher, out, octets_of(s->hash, NOISE_HASH_LEN), plain);
    if (rc == ERR_OK) {
        noise_symmetric_mix_hash(s, octets_of(out, sealed_len));
    }
    return rc;
}

enum err_code noise_symmetric_open(struct noise_symmetric *s, uint8_t *out, struct octets sealed)
{
    uint8_t hash_after[NOISE_HASH_LEN]; /* taken first: out may be sealed.at */
    hash_two(hash_after, octets_of(s->hash, NOISE_HASH_LEN), sealed);
    enum err_code rc =
        noise_cipher_open(&s->cipher, out, octets_of(s->hash, NOISE_HASH_LEN), sealed);
    if (rc == ERR_OK) {
        memcpy(s->hash, hash_after, NOISE_HASH_LEN);
    }
    return rc;
}

void noise_symmetric_split(const struct noise_symmetric *s, struct noise_cipher *first,
                           struct noise_cipher *second)
{
    uint8_t outputs[2][NOISE_HASH_LEN];
    noise_hkdf(outputs, 2, s->chaining_key, octets_of(NULL, 0));
    noise_cipher_init(first, outputs[0]);
    noise_cipher_init(second, outputs[1]);
    sodium_memzero(outputs, sizeof outputs);
}
