/* data.h - posts to measure with: 300 octets of text, about 430 encoded. */
#ifndef KITH_TESTS_BENCH_DATA_H
#define KITH_TESTS_BENCH_DATA_H

#include "proto/post.h"
#include "tests/bench/bench.h"

#define DATA_TEXT_LEN 300

/* Encoded posts, one after another in memory. */
struct data {
    uint8_t *octets;
    size_t octets_len;
    size_t octets_cap;
    struct octets *wires;
    struct post_id *ids;
    size_t count;
};

/* count posts by 1,000 people, validly signed; made once and kept in the cache. */
void data_signed(struct data *data, const struct bench *bench, size_t count);
/* Read count posts from a file.  False if there is none, or it holds anything else. */
MUST_USE bool data_read(struct data *data, const char *path, size_t count);
void data_free(struct data *data);
/* Where that file lies: what `kithd --import` reads. */
void data_file(char path[BENCH_PATH_MAX], const struct bench *bench, size_t count);

/* All of them as a set to reconcile with, sealed; the caller closes it. */
struct sorted_set;
void data_set(struct sorted_set *set, const struct data *data);

/* Numbers from a seed, for everything that need not be unforeseeable. */
uint64_t data_random(uint64_t *state, uint64_t below);
#define DATA_WORDS_BITS 18 /* of the rank of a word */
#define DATA_WORD_ROOM  12
/* The word of this rank: 0 stands in nearly every text, one near 1 << DATA_WORDS_BITS in one of
 * many thousands.  Gives its length; a NUL is behind it. */
size_t data_word(char word[DATA_WORD_ROOM], uint32_t rank);
/* DATA_TEXT_LEN octets of words, some of them common and most of them rare, as people write: about
 * 70, some 50 of them different. */
void data_text(uint8_t text[DATA_TEXT_LEN], uint64_t *state);

/* Encode what draft says, by author, with 64 random octets for a proof: for measurements of what
 * does not check proofs.  wire has room for POST_WIRE_MAX.  Gives its length. */
size_t data_unsigned(uint8_t *wire, const struct post_draft *draft, const struct key *author,
                     uint64_t *state);

#endif
