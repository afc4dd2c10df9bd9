/* words.h - text as search and shields compare it: folded, and word by word (SPEC 9.7). */
#ifndef KITH_STORE_WORDS_H
#define KITH_STORE_WORDS_H

#include "proto/err.h"
#include "proto/octets.h"
#include "proto/post.h"

/* Upper and lower case, widths and composed forms alike (NFKC, case folded).  Text that cannot be
 * folded folds to nothing.  The caller frees *folded, which may be NULL.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code words_fold(uint8_t **folded, size_t *folded_len, struct octets text);
/* All words that a post shows, folded, none run together: text, note and tags, or name and bio;
 * nothing of other kinds.  Errors and ownership as words_fold(). */
MUST_USE enum err_code words_fold_post(uint8_t **folded, size_t *folded_len,
                                       const struct post *post);

/* The next word of folded text, a run of letters, marks and numbers; *rest moves behind it.  False
 * when there is none left. */
bool words_next(struct octets *word, struct octets *rest);

/* What a store keeps of words: 8 octets each (SipHash-2-4) under a secret key of its own, so that
 * nobody can choose words that look alike.  That two do all the same is left to who reads the
 * post. */
struct words_key {
    uint8_t octets[16];
};

uint64_t words_hash(const struct words_key *key, struct octets word);

/* Hashes of words, in the order they stand, some perhaps twice; start it zeroed. */
struct words {
    uint64_t *hashes;
    size_t count;
    size_t cap;
};

/* Add those of folded text, or of all that words_fold_post() gives of a post, and before these the
 * empty word, which every post with words has: half as many as it has octets folded, at most.
 *   ERR_NO_MEMORY  some may be missing */
MUST_USE enum err_code words_add_folded(struct words *words, const struct words_key *key,
                                        struct octets folded);
MUST_USE enum err_code words_add_post(struct words *words, const struct words_key *key,
                                      const struct post *post);
void words_close(struct words *words);

#endif
