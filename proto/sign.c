#include "proto/sign.h"

#include <assert.h>
#include <sodium.h>

#define MESSAGE_MAX 160

static struct octets message_build(uint8_t out[MESSAGE_MAX], enum sign_prefix prefix,
                                   struct octets fields)
{
    const char *text = sign_prefix_text(prefix);
    size_t prefix_len = strlen(text);
    assert(fields.len == sign_fields_len(prefix));
    assert(prefix_len + fields.len <= MESSAGE_MAX);
    memcpy(out, text, prefix_len);
    memcpy(out + prefix_len, fields.at, fields.len);
    return octets_of(out, prefix_len + fields.len);
}

void sign_public_key(struct key *public_key, const uint8_t seed[SIGN_SEED_LEN])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public_key->octets, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

void sign_detached(uint8_t sig[SIGN_LEN], enum sign_prefix prefix, struct octets fields,
                   const uint8_t seed[SIGN_SEED_LEN])
{
    uint8_t storage[MESSAGE_MAX];
    struct octets message = message_build(storage, prefix, fields);
    struct key public_key;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public_key.octets, secret, seed);
    (void)crypto_sign_detached(sig, NULL, message.at, message.len, secret);
    sodium_memzero(secret, sizeof secret);
}

enum err_code sign_check(const uint8_t sig[SIGN_LEN], enum sign_prefix prefix, struct octets fields,
                         const struct key *public_key)
{
    uint8_t storage[MESSAGE_MAX];
    return sign_check_message(sig, message_build(storage, prefix, fields), public_key);
}

enum err_code sign_check_message(const uint8_t sig[SIGN_LEN], struct octets message,
                                 const struct key *public_key)
{
    int rc = crypto_sign_verify_detached(sig, message.at, message.len, public_key->octets);
    return rc == 0 ? ERR_OK : ERR_PROOF;
}
