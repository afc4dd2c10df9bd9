#include "proto/sign.h"

#include <assert.h>
#include <sodium.h>

#define MESSAGE_MAX 160

struct sign_row {
    const char *text;
    size_t fields_len;
};

static const struct sign_row sign_rows[SIGN_PREFIXES_COUNT] = {
    [SIGN_POST] = {"kith/post/1", POST_ID_LEN},
    [SIGN_DEVICE] = {"kith/device/1", KEY_LEN + 8 + 8},
    [SIGN_INVITE] = {"kith/invite/1", KEY_LEN + KEY_LEN + 4 + 8},
    [SIGN_CLAIM] = {"kith/claim/1", KEY_LEN + KEY_LEN},
    [SIGN_JOIN] = {"kith/join/1", KEY_LEN + KEY_LEN},
    [SIGN_RELAY] = {"kith/relay/1", KEY_LEN},
    [SIGN_EVIDENCE] = {"kith/evidence/1", KEY_LEN + 8 + 32},
    [SIGN_CROWD] = {"kith/crowd/2", KEY_LEN + 32 + 4 + 4 + 32 + 32},
    [SIGN_INNER] = {"kith/inner/1", 32 + POST_ID_LEN},
};

static const struct sign_row *row_of(enum sign_prefix prefix)
{
    assert((unsigned)prefix < SIGN_PREFIXES_COUNT);
    return &sign_rows[prefix];
}

const char *sign_prefix_text(enum sign_prefix prefix)
{
    return row_of(prefix)->text;
}

size_t sign_fields_len(enum sign_prefix prefix)
{
    return row_of(prefix)->fields_len;
}

static struct octets message_build(uint8_t out[MESSAGE_MAX], enum sign_prefix prefix,
                                   struct octets fields)
{
    const struct sign_row *row = row_of(prefix);
    size_t prefix_len = strlen(row->text);
    assert(fields.len == row->fields_len);
    assert(prefix_len + fields.len <= MESSAGE_MAX);
    memcpy(out, row->text, prefix_len);
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
