#include "store/vault_state.h"

#include <sodium.h>

enum seed_use { USE_IDENTITY = 1, USE_NODE = 2, USE_DIAL = 3 };

#define CONTEXT_SEED "kithseed"

void vault_keys_derive(struct vault *vault)
{
    struct vault_secrets *s = vault->secrets;
    seal_derive(s->identity_seed, s->seed, CONTEXT_SEED, USE_IDENTITY);
    seal_derive(s->node_secret, s->seed, CONTEXT_SEED, USE_NODE);
    seal_derive(s->dial_key, s->seed, CONTEXT_SEED, USE_DIAL);
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(vault->identity.octets, secret, s->identity_seed);
    sodium_memzero(secret, sizeof secret);
}

const uint8_t *vault_seed(const struct vault *vault)
{
    return vault->secrets->seed;
}

const uint8_t *vault_identity_seed(const struct vault *vault)
{
    return vault->secrets->identity_seed;
}

struct key vault_identity(const struct vault *vault)
{
    return vault->identity;
}

const uint8_t *vault_node_secret(const struct vault *vault)
{
    return vault->secrets->node_secret;
}

void vault_dial_secret(uint8_t out[32], const struct vault *vault, const struct key *node)
{
    int rc = crypto_generichash(out, 32, node->octets, KEY_LEN, vault->secrets->dial_key,
                                sizeof vault->secrets->dial_key);
    assert(rc == 0);
    (void)rc;
}
