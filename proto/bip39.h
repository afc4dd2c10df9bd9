/* bip39.h - 32 octets as 24 words that a person can write down (BIP-39, the English list; SPEC
 * 10.10).
 *
 *     words = 11 bits each of entropy(32) and the first octet of SHA-256(entropy)
 *
 * Only the words of the entropy: nothing is stretched, and there is no passphrase in them. */
#ifndef KITH_PROTO_BIP39_H
#define KITH_PROTO_BIP39_H

#include "proto/err.h"
#include "proto/octets.h"

#define BIP39_ENTROPY_LEN 32
#define BIP39_WORDS_COUNT 24
#define BIP39_LIST_COUNT  2048
#define BIP39_WORD_MAX    8                                          /* letters */
#define BIP39_TEXT_MAX    (BIP39_WORDS_COUNT * (BIP39_WORD_MAX + 1)) /* the ending zero included */
#define BIP39_TYPED_MAX   4096
#define BIP39_NEAR_MAX    3
#define BIP39_SHOWN_MAX   24

/* The word of that number, below BIP39_LIST_COUNT (asserted); static storage. */
const char *bip39_word(size_t number);

/* The 24 words, each followed by a space but the last. */
void bip39_encode(char text[BIP39_TEXT_MAX], const uint8_t entropy[BIP39_ENTROPY_LEN]);

/* What is wrong with words as they were typed.  A secret: to be wiped. */
struct bip39_trouble {
    size_t words_count;               /* read so far: all, or those before the wrong one */
    char typed[BIP39_SHOWN_MAX + 1];  /* ERR_NOT_FOUND: the wrong one; others than a to z as '?' */
    const char *near[BIP39_NEAR_MAX]; /* the words it may have been, the nearest first; or NULL */
};

/* Read words as a person types them: in any case, between spaces, line breaks, numbers and other
 * signs; the first four letters of a word, or more of its beginning, are enough.  Any number of
 * them, for a terminal on which they come line by line; *words_count says how many.
 *   ERR_NOT_FOUND  one is not on the list; *trouble says which
 *   ERR_TOO_LARGE  more than 24, or more than BIP39_TYPED_MAX octets */
MUST_USE enum err_code bip39_read(uint16_t numbers[BIP39_WORDS_COUNT], size_t *words_count,
                                  struct bip39_trouble *trouble, struct octets typed);

/* The entropy that all 24 stand for.  Errors as bip39_read(), and
 *   ERR_TRUNCATED  fewer than 24; *trouble says how many
 *   ERR_PROOF      all are on the list, but they do not go together: one is another word, or two
 *                  have changed places */
MUST_USE enum err_code bip39_decode(uint8_t entropy[BIP39_ENTROPY_LEN],
                                    struct bip39_trouble *trouble, struct octets typed);

#endif
