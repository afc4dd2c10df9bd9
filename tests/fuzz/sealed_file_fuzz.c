/* Octets as a file sealed to a key: opened, or a clear error.
 *
 * input = such a file.  The digest of the header is made to fit, so that what lies behind it is
 * reached; a passphrase is never given, since Argon2id is slow by intent. */
#include "tests/fuzz/fuzz.h"

#include "store/sealed_file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 103
#define DIGEST_LEN 16

static const uint8_t seed[32] = {1, 2, 3};

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try(const uint8_t *octets, size_t len, enum sealed_purpose purpose)
{
    struct sealed_opener opener = {.identity_seed = seed};
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc = sealed_decode(&plain, &plain_len, purpose, octets_of(octets, len), &opener);
    must(rc == ERR_OK || rc == ERR_MALFORMED || rc == ERR_VERSION || rc == ERR_UNEXPECTED ||
         rc == ERR_TRUNCATED || rc == ERR_DAMAGED || rc == ERR_LOCKED || rc == ERR_DECRYPT ||
         rc == ERR_TOO_LARGE);
    if (rc == ERR_OK) {
        sodium_free(plain);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (len > 4096 || sodium_init() < 0) {
        return 0;
    }
    try(octets, len, SEALED_EVIDENCE);
    try(octets, len, SEALED_BLOCKS);
    if (len >= HEADER_LEN + DIGEST_LEN) {
        uint8_t fixed[4096];
        memcpy(fixed, octets, len);
        (void)crypto_generichash(fixed + HEADER_LEN, DIGEST_LEN, fixed, HEADER_LEN, NULL, 0);
        try(fixed, len, SEALED_EVIDENCE);
    }
    return 0;
}
