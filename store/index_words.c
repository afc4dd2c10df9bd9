#include "store/index_words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 8
#define CHUNK_MAX 256
#define LINK_LEN  4  /* where the next chunk lies, before the octets of a chunk */
#define AHEAD     32 /* words on their way at once */
#define LINE_LEN  64 /* of the caches: no word lies in two */

void index_words_close(struct index_words *words)
{
    free(words->words);
    free(words->slots);
    free(words->pool);
    *words = (struct index_words){.words = NULL};
}

/* The hashes are uniform already, since they were made under a key; of what stands for others the
 * first bits alone, which therefore have a say in all bits. */
static uint32_t first_slot(const struct index_words *words, uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32 ^ hash >> 48) & (words->slots_cap - 1);
}

static uint32_t digits_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* The next slot from this one on that is empty or may be the hash's, without a look at words. */
static struct index_words_slot *likely_slot(const struct index_words *words, uint32_t at,
                                            uint64_t hash)
{
    uint32_t mask = words->slots_cap - 1;
    while (words->slots[at].number != 0 && words->slots[at].digits != digits_of(hash)) {
        at = (at + 1) & mask;
    }
    return &words->slots[at];
}

static struct index_words_slot *slot_of(const struct index_words *words, uint64_t hash)
{
    struct index_words_slot *slot = likely_slot(words, first_slot(words, hash), hash);
    while (slot->number != 0 && words->words[slot->number - 1].hash != hash) {
        uint32_t next = (uint32_t)(slot - words->slots) + 1;
        slot = likely_slot(words, next & (words->slots_cap - 1), hash);
    }
    return slot;
}

static bool slots_grow(struct index_words *words)
{
    if (words->slots_cap > UINT32_MAX / 2) {
        return false;
    }
    uint32_t cap = words->slots_cap == 0 ? 1024 : words->slots_cap * 2;
    struct index_words_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(words->slots);
    words->slots = slots;
    words->slots_cap = cap;
    for (uint32_t i = 0; i < words->words_count; i++) {
        uint64_t hash = words->words[i].hash;
        *slot_of(words, hash) =
            (struct index_words_slot){.number = i + 1, .digits = digits_of(hash)};
    }
    return true;
}

static bool words_reserve(struct index_words *words)
{
    if (words->words_count < words->words_cap) {
        return true;
    }
    _Static_assert(LINE_LEN % sizeof(struct index_word) == 0, "words fill lines");
    uint32_t cap = words->words_cap == 0 ? 512 : (words->words_cap + words->words_cap / 2) & ~1u;
    struct index_word *grown = aligned_alloc(LINE_LEN, (size_t)cap * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    if (words->words_count > 0) {
        memcpy(grown, words->words, words->words_count * sizeof *grown);
    }
    free(words->words);
    words->words = grown;
    words->words_cap = cap;
    return true;
}

static bool pool_reserve(struct index_words *words, uint32_t len)
{
    uint64_t needed = (uint64_t)words->pool_len + len;
    if (needed <= words->pool_cap) {
        return true;
    }
    uint64_t cap = (uint64_t)words->pool_cap + words->pool_cap / 2;
    cap = cap < 4096 ? 4096 : cap;
    cap = cap > UINT32_MAX ? UINT32_MAX : cap;
    uint8_t *grown = needed > cap ? NULL : realloc(words->pool, (size_t)cap);
    if (grown == NULL) {
        return false;
    }
    words->pool = grown;
    words->pool_cap = (uint32_t)cap;
    return true;
}

static uint32_t next_chunk_len(uint32_t len)
{
    return len >= CHUNK_MAX ? CHUNK_MAX : len * 2;
}

/* A chunk behind the last one, twice as long until they are long enough. */
static bool chunk_add(struct index_words *words, struct index_word *word)
{
    uint32_t len = word->tail_len == 0 ? CHUNK_MIN : next_chunk_len(word->tail_len);
    if (!pool_reserve(words, LINK_LEN + len)) {
        return false;
    }
    uint32_t chunk = words->pool_len;
    words->pool_len += LINK_LEN + len;
    memset(words->pool + chunk, 0, LINK_LEN);
    if (word->tail_len == 0) {
        word->head = chunk;
    } else {
        memcpy(words->pool + word->tail, &chunk, LINK_LEN);
    }
    word->tail = chunk;
    word->tail_len = (uint16_t)len;
    word->used = 0;
    return true;
}

/* In groups of seven bits, the lowest first, all but the last with the high bit. */
static bool difference_add(struct index_words *words, struct index_word *word, uint32_t difference)
{
    struct index_word before = *word;
    do {
        if (word->used == word->tail_len && !chunk_add(words, word)) {
            *word = before; /* what was written of it is written over by the next one */
            return false;
        }
        uint8_t octet = (uint8_t)((difference & 0x7f) | (difference > 0x7f ? 0x80 : 0));
        words->pool[word->tail + LINK_LEN + word->used++] = octet;
        difference >>= 7;
    } while (difference > 0);
    return true;
}

static bool position_add(struct index_words *words, struct index_word *word, uint32_t position)
{
    if (position == word->last) {
        return true; /* once more in the same post */
    }
    assert(position > word->last);
    if (!difference_add(words, word, position - word->last)) {
        return false;
    }
    word->last = position;
    word->count++;
    words->pairs_count++;
    return true;
}

static bool takes_more(const struct index_words *words)
{
    return words->words_count - words->rests_count <
           INDEX_WORDS_FREE + words->pairs_count / INDEX_WORDS_PAIRS;
}

static enum err_code add(struct index_words *words, uint32_t position, uint64_t hash)
{
    if (words->words_count >= words->slots_cap / 2 && !slots_grow(words)) {
        return ERR_NO_MEMORY;
    }
    struct index_words_slot *slot = slot_of(words, hash);
    bool rest = slot->number == 0 && !takes_more(words);
    if (rest) {
        hash = index_words_rest(hash);
        slot = slot_of(words, hash);
    }
    if (slot->number != 0) {
        return position_add(words, &words->words[slot->number - 1], position) ? ERR_OK
                                                                              : ERR_NO_MEMORY;
    }
    if (!words_reserve(words)) {
        return ERR_NO_MEMORY;
    }
    words->words[words->words_count] =
        (struct index_word){.hash = hash, .first = position, .last = position, .count = 1};
    *slot = (struct index_words_slot){.number = ++words->words_count, .digits = digits_of(hash)};
    words->rests_count += rest ? 1 : 0;
    words->pairs_count++;
    return ERR_OK;
}

static bool fetch_word(const struct index_words *words, uint64_t hash)
{
    uint32_t number = likely_slot(words, first_slot(words, hash), hash)->number;
    if (number != 0) {
        __builtin_prefetch(&words->words[number - 1], 1);
    }
    return number != 0;
}

/* A word lies anywhere in a table too large for the caches, so many are fetched at once, and while
 * these are on their way the slots of those after them.  What will be left out needs its rest. */
static void fetch_words(const struct index_words *words, const uint64_t *hashes, size_t count)
{
    uint64_t rests[AHEAD];
    size_t rests_count = 0;
    bool full = !takes_more(words);
    for (size_t i = 0; i < count; i++) {
        if (!fetch_word(words, hashes[i]) && full) {
            uint64_t rest = index_words_rest(hashes[i]);
            __builtin_prefetch(&words->slots[first_slot(words, rest)]);
            rests[rests_count++] = rest;
        }
    }
    for (size_t i = 0; i < rests_count; i++) {
        (void)fetch_word(words, rests[i]);
    }
}

void index_words_expect(const struct index_words *words, const uint64_t *hashes,
                        size_t hashes_count)
{
    size_t count = words->slots_cap == 0 ? 0 : hashes_count < AHEAD ? hashes_count : AHEAD;
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(&words->slots[first_slot(words, hashes[i])]);
    }
}

enum err_code index_words_add(struct index_words *words, const struct index_words_post *post)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < post->hashes_count && rc == ERR_OK; i++) {
        size_t left = post->hashes_count - i;
        if (i % AHEAD == 0 && words->slots_cap > 0) {
            size_t count = left < AHEAD ? left : AHEAD;
            fetch_words(words, post->hashes + i, count);
            index_words_expect(words, post->hashes + i + count, left - count);
        }
        rc = add(words, post->position, post->hashes[i]);
    }
    return rc;
}

void index_words_of(const struct index_words *words, struct index_words_cursor *cursor,
                    uint32_t number)
{
    const struct index_word *word = &words->words[number];
    *cursor = (struct index_words_cursor){.pool = words->pool,
                                          .chunk = word->head,
                                          .chunk_len = CHUNK_MIN,
                                          .position = word->first,
                                          .left_count = word->count};
}

bool index_words_find(const struct index_words *words, struct index_words_cursor *cursor,
                      uint64_t hash)
{
    *cursor = (struct index_words_cursor){.left_count = 0};
    uint32_t number = words->slots_cap == 0 ? 0 : slot_of(words, hash)->number;
    if (number == 0) {
        return false;
    }
    index_words_of(words, cursor, number - 1);
    return true;
}

static uint8_t next_octet(struct index_words_cursor *cursor)
{
    if (cursor->at == cursor->chunk_len) {
        memcpy(&cursor->chunk, cursor->pool + cursor->chunk, LINK_LEN);
        cursor->chunk_len = next_chunk_len(cursor->chunk_len);
        cursor->at = 0;
    }
    return cursor->pool[cursor->chunk + LINK_LEN + cursor->at++];
}

bool index_words_next(struct index_words_cursor *cursor, uint32_t *position)
{
    if (cursor->left_count == 0) {
        return false;
    }
    if (cursor->begun) {
        uint8_t octet = next_octet(cursor);
        uint32_t difference = octet & 0x7f;
        for (unsigned shift = 7; (octet & 0x80) != 0; shift += 7) {
            octet = next_octet(cursor);
            difference |= (uint32_t)(octet & 0x7f) << shift;
        }
        cursor->position += difference;
    }
    cursor->begun = true;
    cursor->left_count--;
    *position = cursor->position;
    return true;
}
