/* In the place of proto/sign.c, where a thousand nodes are simulated and the cost of signatures is
 * not what is looked at: a keyed hash that anybody could make.  Only the simulator of that size is
 * linked with it; tests/lint/stand_in sees to that. */
#include <sodium.h>

#include "proto/sign.h"

/* Named so that it is found in whatever it should not be in. */
void sign_stand_in(uint8_t sig[SIGN_LEN], const struct key *public_key, struct octets prefix,
                   struct octets fields);

void sign_stand_in(uint8_t sig[SIGN_LEN], const struct key *public_key, struct octets prefix,
                   struct octets fields)
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, public_key->octets, KEY_LEN, SIGN_LEN);
    (void)crypto_generichash_update(&state, prefix.at, prefix.len);
    if (fields.len > 0) {
        (void)crypto_generichash_update(&state, fields.at, fields.len);
    }
    (void)crypto_generichash_final(&state, sig, SIGN_LEN);
}

static struct octets text_of(enum sign_prefix prefix)
{
    const char *text = sign_prefix_text(prefix);
    return octets_of((const uint8_t *)text, strlen(text));
}

void sign_public_key(struct key *public_key, const uint8_t seed[SIGN_SEED_LEN])
{
    (void)crypto_generichash(public_key->octets, KEY_LEN, seed, SIGN_SEED_LEN, NULL, 0);
}

void sign_detached(uint8_t sig[SIGN_LEN], enum sign_prefix prefix, struct octets fields,
                   const uint8_t seed[SIGN_SEED_LEN])
{
    struct key public_key;
    sign_public_key(&public_key, seed);
    sign_stand_in(sig, &public_key, text_of(prefix), fields);
}

static enum err_code check(const uint8_t sig[SIGN_LEN], const struct key *public_key,
                           struct octets prefix, struct octets fields)
{
    uint8_t right[SIGN_LEN];
    sign_stand_in(right, public_key, prefix, fields);
    return sodium_memcmp(sig, right, SIGN_LEN) == 0 ? ERR_OK : ERR_PROOF;
}

enum err_code sign_check(const uint8_t sig[SIGN_LEN], enum sign_prefix prefix, struct octets fields,
                         const struct key *public_key)
{
    return check(sig, public_key, text_of(prefix), fields);
}

enum err_code sign_check_message(const uint8_t sig[SIGN_LEN], struct octets message,
                                 const struct key *public_key)
{
    return check(sig, public_key, message, octets_of(NULL, 0));
}
