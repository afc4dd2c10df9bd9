#include "store/vault_state.h"

#include <sodium.h>
#include <stdlib.h>

/* key file = "kithkey" 1 master(32) */
#define KEY_PATH   "key"
#define MAGIC_LEN  8
#define MASTER_LEN crypto_kdf_KEYBYTES
#define FILE_LEN   (MAGIC_LEN + MASTER_LEN)

static const uint8_t magic[MAGIC_LEN] = {'k', 'i', 't', 'h', 'k', 'e', 'y', 1};

enum master_use { USE_VAULT = 1, USE_JOURNAL = 2, USE_STORE = 3 };
enum seed_use { USE_IDENTITY = 1, USE_NODE = 2, USE_DIAL = 3 };

#define CONTEXT_HOME "kithhome" /* from the master key */
#define CONTEXT_SEED "kithseed" /* from the seed */

static enum err_code master_read(uint8_t master[MASTER_LEN], struct files *files,
                                 struct err_note *note)
{
    uint8_t *octets = NULL;
    size_t len = 0;
    enum err_code rc = file_read_all(files, &octets, &len, KEY_PATH, FILE_LEN, note);
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, ERR_DAMAGED, "the key file is damaged");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (len == FILE_LEN && memcmp(octets, magic, MAGIC_LEN) == 0) {
        memcpy(master, octets + MAGIC_LEN, MASTER_LEN);
    } else {
        rc = err_note(note, ERR_DAMAGED, "the key file is damaged");
    }
    sodium_memzero(octets, len);
    free(octets);
    return rc;
}

static enum err_code use_read(uint8_t out[SEAL_KEY_LEN], struct files *files, enum master_use use,
                              struct err_note *note)
{
    uint8_t master[MASTER_LEN];
    enum err_code rc = master_read(master, files, note);
    if (rc == ERR_OK) {
        seal_derive(out, master, CONTEXT_HOME, use);
    }
    sodium_memzero(master, sizeof master);
    return rc;
}

enum err_code vault_keys_read(uint8_t vault_key[SEAL_KEY_LEN], struct files *files,
                              struct err_note *note)
{
    return use_read(vault_key, files, USE_VAULT, note);
}

enum err_code vault_store_key(uint8_t out[32], struct files *files, struct err_note *note)
{
    return use_read(out, files, USE_STORE, note);
}

enum err_code vault_journal_key(uint8_t out[32], struct files *files, struct err_note *note)
{
    return use_read(out, files, USE_JOURNAL, note);
}

enum err_code vault_keys_make(uint8_t vault_key[SEAL_KEY_LEN], struct files *files,
                              struct err_note *note)
{
    uint8_t octets[FILE_LEN];
    memcpy(octets, magic, MAGIC_LEN);
    randombytes_buf(octets + MAGIC_LEN, MASTER_LEN);
    enum err_code rc = file_replace(files, KEY_PATH, octets_of(octets, sizeof octets), note);
    if (rc == ERR_OK) {
        seal_derive(vault_key, octets + MAGIC_LEN, CONTEXT_HOME, USE_VAULT);
    }
    sodium_memzero(octets, sizeof octets);
    return rc;
}

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
