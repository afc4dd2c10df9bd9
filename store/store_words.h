/* store_words.h - the words of posts, as a store with a reader keeps them: which positions hold a
 * word (SPEC 10.12).  A store without one keeps none, and each call does nothing.
 *
 * Hashing takes no lock; what adds and looks up is called with the store's. */
#ifndef KITH_STORE_STORE_WORDS_H
#define KITH_STORE_STORE_WORDS_H

#include "proto/post.h"
#include "store/index_words.h"
#include "store/store.h"
#include "store/words.h"

/* How many different words a search looks up; whether a post has the others is left to its
 * reader. */
#define STORE_WORDS_SOUGHT_MAX 8

struct store_words {
    bool kept;
    struct words_key key;
    struct index_words newest;
    struct words batch;           /* of the thread that puts: hashes of the posts to be added */
    size_t ends[STORE_BATCH_MAX]; /* of each post's hashes */
    size_t count;                 /* of posts */
};

void store_words_init(struct store_words *words, enum store_kind kind);
void store_words_close(struct store_words *words);

/* Start a batch, and prepare one post after the other.
 *   ERR_NO_MEMORY */
void store_words_begin(struct store_words *words);
MUST_USE enum err_code store_words_prepare(struct store_words *words, const struct post *post);
/* The i-th post prepared lies at position, which is above those added so far.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code store_words_add(struct store_words *words, size_t i, uint64_t position);

/* As store_search(), but for what may fail on a disk. */
MUST_USE enum err_code store_words_find(const struct store_words *words, struct found *found,
                                        enum store_search search, struct octets folded,
                                        uint64_t end);

#endif
