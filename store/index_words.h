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

struct index_words_slot {
    uint32_t number; /* of a word + 1, or 0 */
    uint32_t digits; /* the first of its hash: whether to look at the word */
};

/* Start it zeroed. */
struct index_words {
    struct index_word *words;
    uint32_t words_count, words_cap;
    struct index_words_slot *slots; /* by hash */
    uint32_t slots_cap;
    uint8_t *pool;
    uint32_t pool_len, pool_cap;
    uint32_t rests_count; /* of words: those that stand for what is left out */
    uint64_t pairs_count; /* of word and position */
};

void index_words_close(struct index_words *words);

/* What is added of one post. */
struct index_words_post {
    uint32_t position;      /* none below those added so far */
    const uint64_t *hashes; /* some perhaps given twice */
    size_t hashes_count;
};

/* So many different words are taken, and one more for each so many pairs of a word and a post; a
 * flood of words that nobody else uses is not, nor are all the words of a language that puts few
 * spaces between them.  A post with a word that is not taken has index_words_rest() of it. */
#define INDEX_WORDS_FREE  4096
#define INDEX_WORDS_PAIRS 16

/* What stands for a word that is left out, and for one in 32768 of all others: who looks for a word
 * looks for this too, and reads a few posts in vain. */
#define INDEX_WORDS_REST_BITS 15
static inline uint64_t index_words_rest(uint64_t hash)
{
    return hash >> (64 - INDEX_WORDS_REST_BITS) << (64 - INDEX_WORDS_REST_BITS);
}

/*   ERR_NO_MEMORY  some may be missing */
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
