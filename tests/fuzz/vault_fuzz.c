/* Octets as the vault's opened contents: refused, or exactly what would be written back. */
#include "tests/fuzz/fuzz.h"

#include "store/vault_state.h"

#include <sodium.h>
#include <stdlib.h>

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
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
        must(octets_equal(octets_of(plain, plain_len), octets_of(octets, len)));
        sodium_free(plain);
    }
    vault_state_free_lists(&vault);
    return 0;
}
