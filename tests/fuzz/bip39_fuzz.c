/* Any text as recovery words: refused, or read and written again the same. */
#include "proto/bip39.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    uint8_t entropy[BIP39_ENTROPY_LEN];
    uint8_t again[BIP39_ENTROPY_LEN];
    char text[BIP39_TEXT_MAX];
    struct bip39_trouble trouble;
    if (bip39_decode(entropy, &trouble, octets_of(octets, len)) != ERR_OK) {
        return 0;
    }
    bip39_encode(text, entropy);
    must(bip39_decode(again, &trouble, octets_of_text(text)) == ERR_OK);
    must(memcmp(entropy, again, sizeof again) == 0);
    return 0;
}
