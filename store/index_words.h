/* index_words.h - which of the newest posts hold a word: for each hash (store/words.h) the
 * positions of the posts that have it, ascending.
 *
 * Differences of positions in chunks of one pool, so that a post of 300 octets of text takes about
 * 100 octets, and all of it is given back at once.  No lock: who owns it guards it. */
#ifndef KITH_STORE_INDEX_WORDS_H
#define KITH_STORE_INDEX_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

/* One word and where its positions begin. */
struct index_word {
    uint64_t hash;
    uint32_t first;    /* position */
    uint32_t last;     /* position */
    uint32_t head;     /* where the first chunk lies, if there is a second position */
    uint32_t tail;     /* where the last one lies */
    uint32_t count;    /* of positions */
    uint16_t used;     /* octets of the last chunk */
    uint16_t tail_len; /* octets it has room for */
};

/* Start it zeroed. */
struct index_words {
    struct index_word *words;
    uint32_t words_count, words_cap;
    uint32_t *slots; /* by hash: number of a word + 1, or 0 */
    uint32_t slots_cap;
    uint8_t *pool;
    uint32_t pool_len, pool_cap;
    uint64_t pairs_count; /* of word and position */
};

void index_words_close(struct index_words *words);

/* What is added of one post. */
struct index_words_post {
    uint32_t position;      /* none below those added so far */
    const uint64_t *hashes; /* some perhaps given twice */
    size_t hashes_count;
    uint64_t rest_hash; /* of the word that stands for what is left out */
};

/* So many different words are taken, and one more for each so many pairs of a word and a post: what
 * people write stays far below, and a flood of words that nobody else uses is left out. */
#define INDEX_WORDS_FREE  4096
#define INDEX_WORDS_PAIRS 8

/* A post of which words are left out has rest_hash: it is among those that a search reads itself.
 *   ERR_NO_MEMORY  some may be missing */
MUST_USE enum err_code index_words_add(struct index_words *words,
                                       const struct index_words_post *post);

/* A post with these comes soon: only faster for being told so. */
void index_words_expect(const struct index_words *words, const uint64_t *hashes,
                        size_t hashes_count);

/* The positions of one word, one after the other.  Good until the next add. */
struct index_words_cursor {
    const uint8_t *pool;
    uint32_t chunk, chunk_len, at;
    uint32_t position;
    uint32_t left_count;
    bool begun;
};

/* False, and nothing to walk, when no post has the word. */
bool index_words_find(const struct index_words *words, struct index_words_cursor *cursor,
                      uint64_t hash);
bool index_words_next(struct index_words_cursor *cursor, uint32_t *position);

/* Walk word number `number` of words->words: all of them, to write them down. */
void index_words_of(const struct index_words *words, struct index_words_cursor *cursor,
                    uint32_t number);

#endif
