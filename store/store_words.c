#include "store/store_words.h"

#include <assert.h>

#include "store/index_words.h"

#define BATCH_KEPT_MAX 65536 /* hashes: what a batch of long posts took is given back */

void store_words_init(struct store_words *words, enum store_kind kind, const struct run_hash *hash)
{
    *words = (struct store_words){.kept = kind == STORE_READ};
    memcpy(words->key.octets, hash->word_key, sizeof words->key.octets);
}

void store_words_close(struct store_words *words)
{
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

void store_words_of(const struct store_words *words, struct index_row *row, size_t i)
{
    assert(i < words->count);
    size_t first = i == 0 ? 0 : words->ends[i - 1];
    row->words_count = words->ends[i] - first;
    row->words = row->words_count == 0 ? NULL : words->batch.hashes + first;
}

/* A search under way. */
struct seeking {
    const struct store_words *words;
    struct index *index;
    uint64_t end;
    struct found spare;
    uint64_t every;       /* the hash that all posts with words have */
    uint64_t every_count; /* how many those are */
};

/* As many posts are gone through whether the hash is in all of them or in none (those that lack it
 * as having the empty word, which all have): how long a search takes does not tell how often those
 * use a word whom she does not see. */
static enum err_code find_hash(struct seeking *seeking, struct found *found, uint64_t hash)
{
    uint64_t count = 0;
    uint64_t ignored = 0;
    struct err_note note = {{0}};
    enum err_code rc = index_word(seeking->index, found, &count, hash, UINT64_MAX, &note);
    if (rc == ERR_OK && seeking->every_count > count) {
        rc = index_word(seeking->index, &seeking->spare, &ignored, seeking->every,
                        seeking->every_count - count, &note);
    }
    return rc;
}

/* A post from whose table the word was left out has what stands for it. */
static enum err_code find_one(struct seeking *seeking, struct found *found, uint64_t hash)
{
    enum err_code rc = find_hash(seeking, found, hash);
    return rc == ERR_OK ? find_hash(seeking, found, index_words_rest(hash)) : rc;
}

static enum err_code count_every(struct seeking *seeking)
{
    struct err_note note = {{0}};
    enum err_code rc = found_clear(&seeking->spare, seeking->end);
    seeking->every = words_hash(&seeking->words->key, octets_of("", 0));
    return rc == ERR_OK ? index_word(seeking->index, &seeking->spare, &seeking->every_count,
                                     seeking->every, UINT64_MAX, &note)
                        : rc;
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

static enum err_code find_all(struct seeking *seeking, struct found *found, struct words *sought)
{
    struct found next = {.bits = NULL};
    size_t count = distinct(sought->hashes, sought->count, STORE_WORDS_SOUGHT_MAX);
    enum err_code rc = count_every(seeking);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = found_clear(&next, seeking->end);
        if (rc == ERR_OK) {
            rc = find_one(seeking, i == 0 ? found : &next, sought->hashes[i]);
        }
        if (rc == ERR_OK && i > 0) {
            found_keep(found, &next);
        }
    }
    found_close(&next);
    found_close(&seeking->spare);
    return rc;
}

static enum err_code find_any(struct seeking *seeking, struct found *found,
                              const struct words *sought)
{
    enum err_code rc = ERR_OK;
    struct err_note note = {{0}};
    for (size_t i = 0; i < 2 * sought->count && rc == ERR_OK; i++) {
        uint64_t ignored;
        uint64_t hash = sought->hashes[i / 2];
        rc = index_word(seeking->index, found, &ignored, i % 2 == 0 ? hash : index_words_rest(hash),
                        UINT64_MAX, &note);
    }
    return rc;
}

enum err_code store_words_find(const struct store_words *words, struct index *index,
                               struct found *found, enum store_search search, struct octets folded,
                               uint64_t end)
{
    if (!words->kept) {
        found->all = true;
        return ERR_OK;
    }
    struct words sought = {.hashes = NULL};
    struct seeking seeking = {.words = words, .index = index, .end = end};
    enum err_code rc = words_add_folded(&sought, &words->key, folded);
    if (rc == ERR_OK) {
        rc = found_clear(found, end);
    }
    if (rc == ERR_OK) {
        rc = search == STORE_ALL_WORDS ? find_all(&seeking, found, &sought)
                                       : find_any(&seeking, found, &sought);
    }
    words_close(&sought);
    return rc;
}
