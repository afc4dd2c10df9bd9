/* From an id to its post, and what expires: rows of one length, sorted. */
#include "store/run_inner.h"

struct rows {
    enum run_family family;
    size_t row_len;
    size_t key_len;
};

/* How many of the block's rows there are. */
static uint32_t rows_in(const struct run_part *part, const struct rows *rows, uint32_t index)
{
    uint32_t in_block = (uint32_t)(RUN_PLAIN_LEN / rows->row_len);
    if (index + 1 < part->blocks_count) {
        return in_block;
    }
    return (uint32_t)(part->entries_count - (uint64_t)index * in_block);
}

/* The first of count rows whose key is not below. */
static uint32_t first_row(const uint8_t *plain, const struct rows *rows, uint32_t count,
                          const uint8_t *key)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(plain + middle * rows->row_len, key, rows->key_len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool run_may_have(const struct run *run, uint64_t id_hash)
{
    return bloom_may_have(&run->parts[RUN_IDS].filter, id_hash);
}

static enum err_code confirm(const struct run *run, uint32_t *position, struct run_record *record,
                             const struct post_id *id, uint64_t relative, struct err_note *note)
{
    if (relative >= run->end - run->first) {
        return run_damaged(note);
    }
    uint32_t found = run->first + (uint32_t)relative;
    struct run_record read;
    enum err_code rc = run_record(run, &read, found, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (read.state == RUN_HOLE || !post_id_equal(&read.id, id)) {
        return ERR_NOT_FOUND;
    }
    *position = found;
    *record = read;
    return ERR_OK;
}

/* Try each row of the block with this hash.  ERR_NOT_FOUND: none is the id's; *more tells whether
 * the next block may hold such rows. */
static enum err_code find_in_block(const struct run *run, uint32_t *position,
                                   struct run_record *record, const struct post_id *id,
                                   const uint8_t key[RUN_HASH32_LEN], uint32_t index,
                                   struct err_note *note)
{
    struct rows rows = {RUN_IDS, RUN_HASH32_LEN + run->position_len, RUN_HASH32_LEN};
    struct run_reader reader = run_reader(run);
    uint8_t plain[RUN_PLAIN_LEN];
    enum err_code rc = run_read(&reader, plain, RUN_IDS, index, 0, RUN_PLAIN_LEN, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t count = rows_in(&run->parts[RUN_IDS], &rows, index);
    for (uint32_t i = first_row(plain, &rows, count, key); i < count; i++) {
        const uint8_t *row = plain + i * rows.row_len;
        if (memcmp(row, key, RUN_HASH32_LEN) != 0) {
            break;
        }
        rc = confirm(run, position, record, id,
                     run_get_number(row + RUN_HASH32_LEN, run->position_len), note);
        if (rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    return ERR_NOT_FOUND;
}

enum err_code run_find(const struct run *run, uint32_t *position, struct run_record *record,
                       const struct post_id *id, uint64_t id_hash, struct err_note *note)
{
    if (!run_may_have(run, id_hash)) {
        return ERR_NOT_FOUND;
    }
    const struct run_part *part = &run->parts[RUN_IDS];
    uint8_t key[RUN_HASH32_LEN];
    octets_put_u32be(key, (uint32_t)(id_hash >> 32));
    uint32_t index = run_fences_below(part, RUN_IDS, key, sizeof key, false);
    index = index == 0 ? 0 : index - 1;
    for (; index < part->blocks_count; index++) {
        if (memcmp(run_fence(part, RUN_IDS, index), key, sizeof key) > 0) {
            break;
        }
        enum err_code rc = find_in_block(run, position, record, id, key, index, note);
        if (rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    return ERR_NOT_FOUND;
}

static void expiry_key(uint8_t key[RUN_EXPIRIES_FENCE_LEN], const struct run *run,
                       const struct run_expiry *from)
{
    uint64_t at_s = from->expires_s;
    uint32_t relative = from->position < run->first ? 0 : from->position - run->first;
    if (at_s >> (8 * RUN_TIME_LEN) != 0) {
        memset(key, 0xff, RUN_EXPIRIES_FENCE_LEN);
        return;
    }
    run_put_number(key, at_s, RUN_TIME_LEN);
    octets_put_u32be(key + RUN_TIME_LEN, relative);
}

enum err_code run_expiry_next(const struct run *run, struct run_expiry *expiry,
                              const struct run_expiry *from, struct err_note *note)
{
    static const struct rows rows = {RUN_EXPIRIES, RUN_EXPIRIES_FENCE_LEN, RUN_EXPIRIES_FENCE_LEN};
    const struct run_part *part = &run->parts[RUN_EXPIRIES];
    struct run_reader reader = run_reader(run);
    uint8_t key[RUN_EXPIRIES_FENCE_LEN];
    expiry_key(key, run, from);
    uint32_t index = run_fences_below(part, RUN_EXPIRIES, key, sizeof key, false);
    index = index == 0 ? 0 : index - 1;
    for (; index < part->blocks_count; index++) {
        uint8_t plain[RUN_PLAIN_LEN];
        enum err_code rc = run_read(&reader, plain, RUN_EXPIRIES, index, 0, RUN_PLAIN_LEN, note);
        if (rc != ERR_OK) {
            return rc;
        }
        uint32_t count = rows_in(part, &rows, index);
        uint32_t row = first_row(plain, &rows, count, key);
        if (row == count) {
            continue;
        }
        const uint8_t *found = plain + row * rows.row_len;
        uint32_t relative = octets_get_u32be(found + RUN_TIME_LEN);
        if (relative >= run->end - run->first) {
            return run_damaged(note);
        }
        *expiry = (struct run_expiry){.expires_s = run_get_number(found, RUN_TIME_LEN),
                                      .position = run->first + relative};
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}
