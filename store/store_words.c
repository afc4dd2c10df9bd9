#include "store/store_words.h"

#include <assert.h>

#define BATCH_KEPT_MAX 65536 /* hashes: what a batch of long posts took is given back */

void store_words_init(struct store_words *words, enum store_kind kind)
{
    *words = (struct store_words){.kept = kind == STORE_READ};
    words_key_make(&words->key);
}

void store_words_close(struct store_words *words)
{
    index_words_close(&words->newest);
    words_close(&words->batch);
}

void store_words_begin(struct store_words *words)
{
    if (words->batch.cap > BATCH_KEPT_MAX) {
        words_close(&words->batch);
    }
    words->batch.count = 0;
    words->count = 0;
}

enum err_code store_words_prepare(struct store_words *words, const struct post *post)
{
    assert(words->count < STORE_BATCH_MAX);
    enum err_code rc = words->kept ? words_add_post(&words->batch, &words->key, post) : ERR_OK;
    words->ends[words->count++] = words->batch.count;
    return rc;
}

enum err_code store_words_add(struct store_words *words, size_t i, uint64_t position)
{
    assert(i < words->count);
    size_t first = i == 0 ? 0 : words->ends[i - 1];
    if (words->ends[i] == first) {
        return ERR_OK;
    }
    return index_words_add(&words->newest, (uint32_t)position, words->batch.hashes + first,
                           words->ends[i] - first);
}

/* At most max_count of the posts that have the word; gives how many. */
static uint64_t find_some(const struct store_words *words, struct found *found, uint64_t hash,
                          uint64_t max_count)
{
    struct index_words_cursor cursor;
    uint32_t position;
    uint64_t count = 0;
    (void)index_words_find(&words->newest, &cursor, hash);
    while (count < max_count && index_words_next(&cursor, &position)) {
        if (position < found->end) {
            found_add(found, position);
        }
        count++;
    }
    return count;
}

/* As many posts are gone through whether the word is in all of them or in none (those that lack it
 * as having the empty word, which all have): how long a search takes does not tell how often those
 * use a word whom she does not see. */
static void find_one(const struct store_words *words, struct found *found, struct found *spare,
                     uint64_t hash)
{
    uint64_t every = words_hash(&words->key, octets_of("", 0));
    struct index_words_cursor all;
    uint64_t all_count = index_words_find(&words->newest, &all, every) ? all.left_count : 0;
    uint64_t count = find_some(words, found, hash, UINT64_MAX);
    (void)find_some(words, spare, every, all_count - count);
}

/* The same hash again asks nothing new. */
static size_t distinct(uint64_t *hashes, size_t count, size_t max)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < max; i++) {
        bool there = false;
        for (size_t k = 0; k < kept; k++) {
            there = there || hashes[k] == hashes[i];
        }
        if (!there) {
            hashes[kept++] = hashes[i];
        }
    }
    return kept;
}

static enum err_code find_all(const struct store_words *words, struct found *found,
                              struct words *sought, uint64_t end)
{
    struct found next = {.bits = NULL};
    struct found spare = {.bits = NULL};
    size_t count = distinct(sought->hashes, sought->count, STORE_WORDS_SOUGHT_MAX);
    enum err_code rc = found_clear(found, end);
    if (rc == ERR_OK) {
        rc = found_clear(&spare, end);
    }
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = found_clear(&next, end);
        if (rc == ERR_OK) {
            find_one(words, i == 0 ? found : &next, &spare, sought->hashes[i]);
        }
        if (rc == ERR_OK && i > 0) {
            found_keep(found, &next);
        }
    }
    found_close(&next);
    found_close(&spare);
    return rc;
}

static enum err_code find_any(const struct store_words *words, struct found *found,
                              const struct words *sought, uint64_t end)
{
    enum err_code rc = found_clear(found, end);
    for (size_t i = 0; i < sought->count && rc == ERR_OK; i++) {
        (void)find_some(words, found, sought->hashes[i], UINT64_MAX);
    }
    return rc;
}

enum err_code store_words_find(const struct store_words *words, struct found *found,
                               enum store_search search, struct octets folded, uint64_t end)
{
    if (!words->kept) {
        found->all = true;
        return ERR_OK;
    }
    struct words sought = {.hashes = NULL};
    enum err_code rc = words_add_folded(&sought, &words->key, folded);
    if (rc == ERR_OK) {
        rc = search == STORE_ALL_WORDS ? find_all(words, found, &sought, end)
                                       : find_any(words, found, &sought, end);
    }
    words_close(&sought);
    return rc;
}
