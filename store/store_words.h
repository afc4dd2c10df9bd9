/* store_words.h - the words of posts, on their way into the index and looked up in it (SPEC 10.12).
 * A store without a reader keeps none, and each call does nothing. */
#ifndef KITH_STORE_STORE_WORDS_H
#define KITH_STORE_STORE_WORDS_H

#include "proto/post.h"
#include "store/index.h"
#include "store/store.h"
#include "store/words.h"

/* How many different words a search looks up; whether a post has the others is left to its
 * reader. */
#define STORE_WORDS_SOUGHT_MAX 8

struct store_words {
    bool kept;
    struct words_key key;
    struct words batch;           /* hashes of the posts prepared */
    size_t ends[STORE_BATCH_MAX]; /* of each post's hashes */
    size_t count;                 /* of posts */
};

void store_words_init(struct store_words *words, enum store_kind kind, const struct run_hash *hash);
void store_words_close(struct store_words *words);

/* Start a batch, and prepare one post after the other.
 *   ERR_NO_MEMORY */
void store_words_begin(struct store_words *words);
MUST_USE enum err_code store_words_prepare(struct store_words *words, const struct post *post);
/* The words of the i-th post prepared, borrowed until the next is. */
void store_words_of(const struct store_words *words, struct index_row *row, size_t i);

/* As store_search(); what it reads of words never changes.
 *   ERR_DAMAGED  and what lookups of the index give */
MUST_USE enum err_code store_words_find(const struct store_words *words, struct index *index,
                                        struct found *found, enum store_search search,
                                        struct octets folded, uint64_t end);

#endif
