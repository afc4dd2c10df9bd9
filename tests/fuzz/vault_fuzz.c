/* Octets as the vault's opened contents: refused, or exactly what would be written back.  What a
 * version before wrote is written back as this version has it, and read as the same again. */
#include "tests/fuzz/fuzz.h"

#include "store/vault_state.h"

#include <sodium.h>
#include <stdlib.h>

#define VERSION 5

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Behind the mark of an array, which since version 4 takes three octets. */
static uint8_t version_of(const uint8_t *octets)
{
    return octets[0] == 0xdc ? octets[3] : octets[1];
}

static void read_again(struct octets plain)
{
    static struct vault_secrets secrets;
    struct vault vault;
    uint8_t *again = NULL;
    size_t again_len = 0;
    vault_state_init(&vault, NULL);
    vault.secrets = &secrets;
    must(vault_decode(&vault, plain) == ERR_OK);
    must(vault_encode(&again, &again_len, &vault, vault.generation) == ERR_OK);
    must(octets_equal(octets_of(again, again_len), plain));
    sodium_free(again);
    vault_state_free_lists(&vault);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static struct vault_secrets secrets;
    struct vault vault;
    must(sodium_init() >= 0);
    vault_state_init(&vault, NULL);
    vault.secrets = &secrets;
    enum err_code rc = vault_decode(&vault, octets_of(octets, len));
    must(rc == ERR_OK || rc == ERR_DAMAGED);
    if (rc == ERR_OK) {
        uint8_t *plain = NULL;
        size_t plain_len = 0;
        must(vault_encode(&plain, &plain_len, &vault, vault.generation) == ERR_OK);
        if (version_of(octets) == VERSION) {
            must(octets_equal(octets_of(plain, plain_len), octets_of(octets, len)));
        } else {
            read_again(octets_of(plain, plain_len));
        }
        sodium_free(plain);
    }
    vault_state_free_lists(&vault);
    return 0;
}
