#include "store/run_postings.h"

#include "store/run_inner.h"

#define NO_RELATION 256u

static void begin(struct run_postings *cursor, const struct run *run, enum run_family family,
                  uint64_t hash)
{
    cursor->run = run;
    cursor->hash = hash;
    cursor->block = 0;
    cursor->position = 0;
    cursor->at = 0;
    cursor->piece_end = 0;
    cursor->family = (uint8_t)family;
    cursor->begun = false;
    cursor->fresh = false;
    cursor->end = false;
}

void run_refs_begin(struct run_postings *cursor, const struct run *run, uint64_t subject_hash)
{
    begin(cursor, run, RUN_REFS, subject_hash);
    cursor->end = !run_refs_may_have(run, subject_hash);
}

void run_words_begin(struct run_postings *cursor, const struct run *run, uint64_t word_hash)
{
    begin(cursor, run, RUN_WORDS, word_hash);
}

bool run_refs_may_have(const struct run *run, uint64_t subject_hash)
{
    return bloom_may_have(&run->parts[RUN_REFS].filter, subject_hash);
}

static void fence_key(uint8_t key[RUN_POSTINGS_FENCE_LEN], uint64_t hash, uint32_t relative)
{
    octets_put_u64be(key, hash);
    octets_put_u32be(key + RUN_HASH_LEN, relative);
}

uint64_t run_words_weight(const struct run *run, uint64_t word_hash)
{
    const struct run_part *part = &run->parts[RUN_WORDS];
    uint8_t key[RUN_HASH_LEN];
    octets_put_u64be(key, word_hash);
    uint32_t first = run_fences_below(part, RUN_WORDS, key, sizeof key, false);
    uint32_t end = run_fences_below(part, RUN_WORDS, key, sizeof key, true);
    return (uint64_t)(end - first) * RUN_PLAIN_LEN;
}

/* Find the hash's piece in the block; ERR_NOT_FOUND where it has none. */
static enum err_code find_piece(struct run_postings *cursor, struct err_note *note)
{
    size_t at = 0;
    while (RUN_PLAIN_LEN - at >= RUN_HASH_LEN + 2) {
        uint64_t hash = octets_get_u64be(cursor->plain + at);
        uint64_t len;
        at += RUN_HASH_LEN;
        if (!run_get_varint(&len, cursor->plain, &at, RUN_PLAIN_LEN) || len > RUN_PLAIN_LEN - at) {
            return run_damaged(note);
        }
        if (len == 0 || hash > cursor->hash) {
            return ERR_NOT_FOUND; /* zeros fill the block up */
        }
        if (hash == cursor->hash) {
            cursor->at = at;
            cursor->piece_end = at + (size_t)len;
            cursor->fresh = true;
            return ERR_OK;
        }
        at += (size_t)len;
    }
    return ERR_NOT_FOUND;
}

static enum err_code enter_block(struct run_postings *cursor, uint32_t block, struct err_note *note)
{
    struct run_reader reader = run_reader(cursor->run);
    cursor->block = block;
    enum err_code rc = run_read(&reader, cursor->plain, (enum run_family)cursor->family, block, 0,
                                RUN_PLAIN_LEN, note);
    return rc == ERR_OK ? find_piece(cursor, note) : rc;
}

static bool begins_block(const struct run_postings *cursor, uint32_t block)
{
    enum run_family family = (enum run_family)cursor->family;
    const struct run_part *part = &cursor->run->parts[family];
    return block < part->blocks_count &&
           octets_get_u64be(run_fence(part, family, block)) == cursor->hash;
}

/* Go to the first block that may hold the hash at or above `relative`, if that is ahead. */
static enum err_code leap(struct run_postings *cursor, uint32_t relative, struct err_note *note)
{
    const struct run_part *part = &cursor->run->parts[cursor->family];
    uint8_t key[RUN_POSTINGS_FENCE_LEN];
    fence_key(key, cursor->hash, relative);
    uint32_t block = run_fences_below(part, (enum run_family)cursor->family, key, sizeof key, true);
    block = block == 0 ? 0 : block - 1;
    if (cursor->piece_end > 0 && block <= cursor->block) {
        return ERR_OK;
    }
    if (part->blocks_count == 0) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = enter_block(cursor, block, note);
    /* It may begin at the front of the next block, right where the fence does. */
    if (rc == ERR_NOT_FOUND && begins_block(cursor, block + 1)) {
        rc = enter_block(cursor, block + 1, note);
    }
    return rc;
}

/* The entry at cursor->at. */
static enum err_code decode(struct run_postings *cursor, uint32_t *relative, unsigned *relation,
                            struct err_note *note)
{
    uint64_t step;
    if (!run_get_varint(&step, cursor->plain, &cursor->at, cursor->piece_end)) {
        return run_damaged(note);
    }
    uint64_t next = cursor->fresh ? step : cursor->position + step;
    uint64_t least = cursor->position + (cursor->family == RUN_WORDS ? 1u : 0u);
    if (next >= cursor->run->end - cursor->run->first || (cursor->begun && next < least)) {
        return run_damaged(note);
    }
    *relation = NO_RELATION;
    if (cursor->family == RUN_REFS) {
        if (cursor->at == cursor->piece_end) {
            return run_damaged(note);
        }
        *relation = cursor->plain[cursor->at++];
    }
    cursor->begun = true;
    cursor->fresh = false;
    cursor->position = (uint32_t)next;
    *relative = (uint32_t)next;
    return ERR_OK;
}

static enum err_code next(struct run_postings *cursor, uint32_t *relative, unsigned *relation,
                          struct err_note *note)
{
    enum err_code rc = ERR_OK;
    if (cursor->piece_end == 0) {
        rc = leap(cursor, 0, note);
    } else if (cursor->at == cursor->piece_end) {
        bool more = begins_block(cursor, cursor->block + 1);
        rc = more ? enter_block(cursor, cursor->block + 1, note) : ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        rc = decode(cursor, relative, relation, note);
    }
    return rc;
}

static enum err_code step(struct run_postings *cursor, uint32_t *relative, unsigned *relation,
                          struct err_note *note)
{
    if (cursor->end) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = next(cursor, relative, relation, note);
    cursor->end = rc != ERR_OK;
    return rc;
}

enum err_code run_refs_next(struct run_postings *cursor, uint32_t *position, uint8_t *relation,
                            struct err_note *note)
{
    uint32_t relative = 0;
    unsigned found = NO_RELATION;
    enum err_code rc = step(cursor, &relative, &found, note);
    if (rc == ERR_OK) {
        *position = cursor->run->first + relative;
        *relation = (uint8_t)found;
    }
    return rc;
}

enum err_code run_words_next(struct run_postings *cursor, uint32_t *position, struct err_note *note)
{
    return run_words_seek(cursor, position, 0, note);
}

enum err_code run_words_seek(struct run_postings *cursor, uint32_t *position, uint32_t least,
                             struct err_note *note)
{
    const struct run *run = cursor->run;
    uint32_t wanted = least < run->first ? 0 : least - run->first;
    if (!cursor->end && (cursor->piece_end == 0 || wanted > cursor->position + 1)) {
        enum err_code rc = leap(cursor, wanted, note);
        if (rc != ERR_OK) {
            cursor->end = true;
            return rc;
        }
    }
    uint32_t relative = 0;
    unsigned relation = NO_RELATION;
    enum err_code rc;
    do {
        rc = step(cursor, &relative, &relation, note);
    } while (rc == ERR_OK && relative < wanted);
    if (rc == ERR_OK) {
        *position = run->first + relative;
    }
    return rc;
}
