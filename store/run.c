#include "store/run.h"

#include "proto/post.h"
#include "store/run_inner.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define ROWS_IN_BLOCK (RUN_PLAIN_LEN / RUN_RECORD_LEN)

_Static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == RUN_NONCE_LEN, "the nonce");
_Static_assert(RUN_PLAIN_LEN + crypto_aead_chacha20poly1305_ietf_ABYTES == RUN_BLOCK_LEN,
               "a block's plain octets and tag");

enum err_code run_damaged(struct err_note *note)
{
    return err_note(note, ERR_DAMAGED, "a run is damaged");
}

enum err_code run_unseal(const struct run *run, uint8_t plain[RUN_PLAIN_LEN],
                         const uint8_t sealed[RUN_BLOCK_LEN], unsigned family, uint32_t block,
                         struct err_note *note)
{
    uint8_t nonce[RUN_NONCE_LEN];
    uint8_t ad[RUN_AD_LEN];
    run_nonce(nonce, block);
    run_ad(ad, run->number, (uint8_t)family);
    int rc = crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, RUN_BLOCK_LEN, ad,
                                                       sizeof ad, nonce, run->key);
    return rc == 0 ? ERR_OK : run_damaged(note);
}

enum err_code run_read_sealed(const struct run *run, uint8_t plain[RUN_PLAIN_LEN], unsigned family,
                              uint32_t block, struct err_note *note)
{
    uint8_t sealed[RUN_BLOCK_LEN];
    size_t got = 0;
    enum err_code rc = run->files->read_at(run->files, run->file, sealed, &got, sizeof sealed,
                                           (uint64_t)block * RUN_BLOCK_LEN, note);
    if (rc != ERR_OK) {
        return err_note(note, rc, "reading a run");
    }
    if (got != sizeof sealed) {
        return run_damaged(note);
    }
    return run_unseal(run, plain, sealed, family, block, note);
}

struct run_reader run_reader(const struct run *run)
{
    return (struct run_reader){.run = run, .cache = run->cache, .owner = run->owner};
}

enum err_code run_read(const struct run_reader *reader, uint8_t *out, enum run_family family,
                       uint32_t index, size_t offset, size_t len, struct err_note *note)
{
    const struct run *run = reader->run;
    const struct run_part *part = &run->parts[family];
    assert(index < part->blocks_count);
    assert(offset <= RUN_PLAIN_LEN && len <= RUN_PLAIN_LEN - offset);
    uint32_t block = part->first_block + index;
    if (block_cache_get(reader->cache, out, reader->owner, block, offset, len)) {
        return ERR_OK;
    }
    uint8_t plain[RUN_PLAIN_LEN];
    enum err_code rc = run_read_sealed(run, plain, family, block, note);
    if (rc != ERR_OK) {
        return rc;
    }
    block_cache_put(reader->cache, reader->owner, block, plain);
    memcpy(out, plain + offset, len);
    return ERR_OK;
}

const uint8_t *run_fence(const struct run_part *part, enum run_family family, uint32_t index)
{
    return part->fences + (size_t)index * run_fence_len(family);
}

uint32_t run_fences_below(const struct run_part *part, enum run_family family, const uint8_t *what,
                          size_t len, bool or_equal)
{
    uint32_t low = 0;
    uint32_t high = part->blocks_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(run_fence(part, family, middle), what, len);
        if (order < 0 || (or_equal && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum err_code run_open(struct run **run, struct files *files, struct block_cache *cache,
                       const struct run_name *name, struct err_note *note)
{
    struct run *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    opened->files = files;
    opened->cache = cache;
    opened->number = name->number;
    opened->key = sodium_malloc(SEAL_KEY_LEN);
    if (opened->key == NULL) {
        run_free(opened);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    memcpy(opened->key, name->key, SEAL_KEY_LEN);
    opened->owner = block_cache_owner(cache);
    enum err_code rc = files->open(files, &opened->file, name->path, FILE_READ, note);
    if (rc == ERR_OK) {
        rc = run_read_directories(opened, note);
        rc = rc == ERR_OK ? rc : err_note(note, rc, "%s", name->path);
    }
    if (rc != ERR_OK) {
        run_free(opened);
        return rc;
    }
    *run = opened;
    return ERR_OK;
}

void run_free(struct run *run)
{
    if (run == NULL) {
        return;
    }
    if (run->file != NULL) {
        run->files->close(run->files, run->file);
        block_cache_forget(run->cache, run->owner);
    }
    for (size_t i = 0; i < RUN_FAMILIES_COUNT; i++) {
        bloom_close(&run->parts[i].filter);
        free(run->parts[i].fences);
    }
    sodium_free(run->key);
    free(run);
}

uint32_t run_first(const struct run *run)
{
    return run->first;
}

uint32_t run_end(const struct run *run)
{
    return run->end;
}

uint64_t run_number(const struct run *run)
{
    return run->number;
}

struct run_stats run_stats(const struct run *run)
{
    uint64_t memory_len = sizeof *run;
    for (unsigned i = 0; i < RUN_FAMILIES_COUNT; i++) {
        const struct run_part *part = &run->parts[i];
        memory_len += (uint64_t)part->filter.lines_count * BLOOM_LINE_LEN;
        memory_len += part->blocks_count * run_fence_len((enum run_family)i);
    }
    return (struct run_stats){
        .disk_len = run->disk_len,
        .memory_len = memory_len,
        .kept_count = run->kept_count,
        .gone_count = run->gone_count,
        .hole_count = run->end - run->first - run->kept_count - run->gone_count,
        .set_entries_count = run->parts[RUN_SETS].entries_count,
        .refs_count = run->parts[RUN_REFS].entries_count,
        .words_count = run->parts[RUN_WORDS].entries_count,
        .expiries_count = (uint32_t)run->parts[RUN_EXPIRIES].entries_count,
        .created_min_s = run->created_min_s,
        .created_max_s = run->created_max_s,
    };
}

static void decode_record(struct run_record *record, const uint8_t *row)
{
    memcpy(record->id.octets, row, POST_ID_LEN);
    record->created_s = run_get_number(row + POST_ID_LEN, RUN_TIME_LEN);
    uint8_t last = row[RUN_RECORD_LEN - 1];
    record->state = last >> 6;
    record->flags = last & RUN_FLAGS_MAX;
}

enum err_code run_records(const struct run *run, struct run_record *records, uint32_t position,
                          size_t count, struct err_note *note)
{
    assert(position >= run->first && position < run->end && count <= run->end - position);
    struct run_reader reader = run_reader(run);
    uint8_t rows[RUN_PLAIN_LEN];
    uint32_t relative = position - run->first;
    while (count > 0) {
        uint32_t row = relative % ROWS_IN_BLOCK;
        size_t taken = ROWS_IN_BLOCK - row < count ? ROWS_IN_BLOCK - row : count;
        enum err_code rc = run_read(&reader, rows, RUN_RECORDS, relative / ROWS_IN_BLOCK,
                                    (size_t)row * RUN_RECORD_LEN, taken * RUN_RECORD_LEN, note);
        if (rc != ERR_OK) {
            return rc;
        }
        for (size_t i = 0; i < taken; i++) {
            decode_record(&records[i], rows + i * RUN_RECORD_LEN);
        }
        relative += (uint32_t)taken;
        records += taken;
        count -= taken;
    }
    return ERR_OK;
}

enum err_code run_record(const struct run *run, struct run_record *record, uint32_t position,
                         struct err_note *note)
{
    assert(position >= run->first && position < run->end);
    struct run_reader reader = run_reader(run);
    uint32_t relative = position - run->first;
    uint8_t row[RUN_RECORD_LEN];
    enum err_code rc =
        run_read(&reader, row, RUN_RECORDS, relative / ROWS_IN_BLOCK,
                 (size_t)(relative % ROWS_IN_BLOCK) * RUN_RECORD_LEN, sizeof row, note);
    if (rc != ERR_OK) {
        return rc;
    }
    decode_record(record, row);
    return ERR_OK;
}

enum err_code run_read_id(const struct run_reader *reader, struct post_id *id, uint32_t relative,
                          struct err_note *note)
{
    assert(relative < reader->run->end - reader->run->first);
    return run_read(reader, id->octets, RUN_RECORDS, relative / ROWS_IN_BLOCK,
                    (size_t)(relative % ROWS_IN_BLOCK) * RUN_RECORD_LEN, POST_ID_LEN, note);
}
