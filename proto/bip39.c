#include "proto/bip39.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "proto/bip39_list.h"

#define WORD_BITS  11
#define PREFIX_LEN 4 /* letters that tell the words of the list apart */
/* A word further away than this was not meant. */
#define FAR 3

const char *bip39_word(size_t number)
{
    assert(number < BIP39_LIST_COUNT);
    return bip39_list[number];
}

static uint8_t checksum_of(const uint8_t entropy[BIP39_ENTROPY_LEN])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(hash, entropy, BIP39_ENTROPY_LEN);
    uint8_t first = hash[0];
    sodium_memzero(hash, sizeof hash);
    return first;
}

void bip39_encode(char text[BIP39_TEXT_MAX], const uint8_t entropy[BIP39_ENTROPY_LEN])
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    size_t len = 0;
    for (size_t i = 0; i <= BIP39_ENTROPY_LEN; i++) {
        bits = bits << 8 | (i < BIP39_ENTROPY_LEN ? entropy[i] : checksum_of(entropy));
        bits_count += 8;
        if (bits_count >= WORD_BITS) {
            bits_count -= WORD_BITS;
            const char *word = bip39_list[bits >> bits_count & (BIP39_LIST_COUNT - 1)];
            size_t word_len = strlen(word);
            memcpy(text + len, word, word_len);
            len += word_len;
            text[len++] = ' ';
        }
    }
    text[len - 1] = '\0';
}

/* ---- One word ---- */

struct word {
    char letters[BIP39_SHOWN_MAX + 1]; /* lower case; cut, which makes it no word of the list */
    size_t len;
};

static bool is_letter(uint8_t octet)
{
    /* What is outside ASCII belongs to a word, which is on no list then. */
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || octet >= 0x80;
}

static char lower(uint8_t octet)
{
    if (octet >= 0x80) {
        return '?';
    }
    return (char)(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

/* False at the end. */
static bool next_word(struct word *word, struct octets *left)
{
    size_t at = 0;
    while (at < left->len && !is_letter(left->at[at])) {
        at++;
    }
    *word = (struct word){.len = 0};
    for (; at < left->len && is_letter(left->at[at]); at++) {
        if (word->len < BIP39_SHOWN_MAX) {
            word->letters[word->len++] = lower(left->at[at]);
        }
    }
    *left = octets_of(left->at + at, left->len - at);
    return word->len > 0;
}

/* The list is sorted, and so are the words that begin with these letters. */
static bool find(uint16_t *number, const struct word *word)
{
    size_t low = 0;
    size_t high = BIP39_LIST_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(bip39_list[middle], word->letters) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == BIP39_LIST_COUNT || strncmp(bip39_list[low], word->letters, word->len) != 0 ||
        (word->len < PREFIX_LEN && bip39_list[low][word->len] != '\0')) {
        return false;
    }
    *number = (uint16_t)low;
    return true;
}

/* ---- What was meant ---- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters left out, added, exchanged for others or with their neighbour. */
static unsigned distance(const char *typed, size_t typed_len, const char *word)
{
    unsigned rows[3][BIP39_WORD_MAX + 1];
    size_t word_len = strlen(word);
    for (unsigned j = 0; j <= word_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= typed_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= word_len; j++) {
            unsigned other = typed[i - 1] == word[j - 1] ? 0 : 1;
            row[j] = least(above[j - 1] + other, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && typed[i - 1] == word[j - 2] && typed[i - 2] == word[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[typed_len % 3][word_len];
}

static void find_near(struct bip39_trouble *trouble, const struct word *word)
{
    size_t found = 0;
    for (unsigned away = 1; away < FAR; away++) {
        for (size_t i = 0; i < BIP39_LIST_COUNT && found < BIP39_NEAR_MAX; i++) {
            if (distance(word->letters, word->len, bip39_list[i]) == away) {
                trouble->near[found++] = bip39_list[i];
            }
        }
    }
    /* Of a word that is the beginning of some, or begins like one, any of them. */
    size_t shared = word->len < PREFIX_LEN ? word->len : PREFIX_LEN;
    for (size_t i = 0; found == 0 && shared > 1 && i < BIP39_LIST_COUNT; i++) {
        if (strncmp(bip39_list[i], word->letters, shared) == 0) {
            trouble->near[found++] = bip39_list[i];
        }
    }
}

/* ---- All of them ---- */

enum err_code bip39_read(uint16_t numbers[BIP39_WORDS_COUNT], size_t *words_count,
                         struct bip39_trouble *trouble, struct octets typed)
{
    struct word word;
    size_t count = 0;
    enum err_code rc = typed.len > BIP39_TYPED_MAX ? ERR_TOO_LARGE : ERR_OK;
    *trouble = (struct bip39_trouble){.words_count = 0};
    while (rc == ERR_OK && next_word(&word, &typed)) {
        trouble->words_count = count;
        if (count == BIP39_WORDS_COUNT) {
            rc = ERR_TOO_LARGE;
        } else if (find(&numbers[count], &word)) {
            count++;
        } else {
            memcpy(trouble->typed, word.letters, sizeof trouble->typed);
            find_near(trouble, &word);
            rc = ERR_NOT_FOUND;
        }
    }
    sodium_memzero(&word, sizeof word);
    if (rc == ERR_OK) {
        trouble->words_count = count;
        *words_count = count;
    }
    return rc;
}

/* Into entropy, and the octet of the checksum behind it. */
static void unpack(uint8_t out[BIP39_ENTROPY_LEN + 1], const uint16_t numbers[BIP39_WORDS_COUNT])
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    size_t len = 0;
    for (size_t i = 0; i < BIP39_WORDS_COUNT; i++) {
        bits = bits << WORD_BITS | numbers[i];
        bits_count += WORD_BITS;
        while (bits_count >= 8) {
            bits_count -= 8;
            out[len++] = (uint8_t)(bits >> bits_count);
        }
    }
}

enum err_code bip39_decode(uint8_t entropy[BIP39_ENTROPY_LEN], struct bip39_trouble *trouble,
                           struct octets typed)
{
    uint16_t numbers[BIP39_WORDS_COUNT] = {0};
    uint8_t octets[BIP39_ENTROPY_LEN + 1];
    size_t count = 0;
    enum err_code rc = bip39_read(numbers, &count, trouble, typed);
    if (rc == ERR_OK && count < BIP39_WORDS_COUNT) {
        rc = ERR_TRUNCATED;
    }
    if (rc == ERR_OK) {
        unpack(octets, numbers);
        if (octets[BIP39_ENTROPY_LEN] == checksum_of(octets)) {
            memcpy(entropy, octets, BIP39_ENTROPY_LEN);
        } else {
            rc = ERR_PROOF;
        }
        sodium_memzero(octets, sizeof octets);
    }
    sodium_memzero(numbers, sizeof numbers);
    return rc;
}
