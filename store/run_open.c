#include "store/run_inner.h"

#include "proto/post.h"

#include <stdlib.h>

/* How many rows of a family with rows of one length; 0 for the others. */
static size_t row_len(const struct run *run, enum run_family family)
{
    switch (family) {
    case RUN_RECORDS:
        return RUN_RECORD_LEN;
    case RUN_IDS:
        return RUN_HASH32_LEN + run->position_len;
    case RUN_EXPIRIES:
        return RUN_EXPIRIES_FENCE_LEN;
    case RUN_SETS:
    case RUN_REFS:
    case RUN_WORDS:
    case RUN_FAMILIES_COUNT:
        break;
    }
    return 0;
}

static uint64_t directory_len(const struct run_part *part, enum run_family family, uint32_t lines)
{
    return (uint64_t)lines * BLOOM_LINE_LEN + (uint64_t)part->blocks_count * run_fence_len(family);
}

static bool part_fits(const struct run *run, enum run_family family, uint32_t lines)
{
    const struct run_part *part = &run->parts[family];
    size_t len = row_len(run, family);
    if (len > 0) {
        return part->blocks_count == run_blocks_for(part->entries_count, len);
    }
    return lines == 0 || family != RUN_WORDS;
}

/* What the tail says of a family, checked against where its octets would lie. */
static enum err_code read_part(struct run *run, enum run_family family, const uint8_t *in,
                               uint64_t *block, uint32_t tail, struct err_note *note)
{
    struct run_part *part = &run->parts[family];
    part->first_block = (uint32_t)*block;
    part->blocks_count = octets_get_u32be(in);
    part->entries_count = octets_get_u64be(in + 4);
    uint32_t lines = octets_get_u32be(in + 12);
    uint64_t len = directory_len(part, family, lines);
    uint64_t end =
        *block + part->blocks_count + (len + RUN_PLAIN_LEN - 1) / (uint64_t)RUN_PLAIN_LEN;
    if (end > tail || part->entries_count > UINT64_C(0xffffffff) * RUN_PLAIN_LEN ||
        !part_fits(run, family, lines)) {
        return run_damaged(note);
    }
    *block = end;
    enum err_code rc = bloom_init(&part->filter, lines);
    if (rc == ERR_OK) {
        part->fences = malloc((size_t)len - (size_t)lines * BLOOM_LINE_LEN + 1);
        rc = part->fences == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "out of memory");
}

static bool counts_fit(const struct run *run)
{
    uint64_t count = run->end - run->first;
    const struct run_part *parts = run->parts;
    return run->end > run->first && run->created_min_s <= run->created_max_s &&
           run->created_max_s <= POST_TIME_MAX &&
           (uint64_t)run->kept_count + run->gone_count <= count &&
           parts[RUN_RECORDS].entries_count == count &&
           parts[RUN_IDS].entries_count == (uint64_t)run->kept_count + run->gone_count &&
           parts[RUN_EXPIRIES].entries_count <= run->kept_count;
}

static enum err_code read_tail(struct run *run, uint32_t tail, struct err_note *note)
{
    uint8_t plain[RUN_PLAIN_LEN];
    enum err_code rc = run_read_sealed(run, plain, RUN_TAIL, tail, note);
    if (rc != ERR_OK) {
        return rc;
    }
    const uint8_t *in = plain + RUN_TAIL_MAGIC_LEN;
    if (memcmp(plain, RUN_TAIL_MAGIC, RUN_TAIL_MAGIC_LEN) != 0 ||
        octets_get_u64be(in) != run->number) {
        return run_damaged(note);
    }
    run->first = octets_get_u32be(in + 8);
    run->end = octets_get_u32be(in + 12);
    run->created_min_s = octets_get_u64be(in + 16);
    run->created_max_s = octets_get_u64be(in + 24);
    run->kept_count = octets_get_u32be(in + 32);
    run->gone_count = octets_get_u32be(in + 36);
    if (run->end <= run->first) {
        return run_damaged(note);
    }
    run->position_len = run_position_len(run->end - run->first);
    uint64_t block = 0;
    for (unsigned i = 0; i < RUN_FAMILIES_COUNT && rc == ERR_OK; i++) {
        rc = read_part(run, (enum run_family)i, plain + RUN_TAIL_PARTS + i * RUN_TAIL_PART_LEN,
                       &block, tail, note);
    }
    if (rc == ERR_OK && (block != tail || !counts_fit(run))) {
        rc = run_damaged(note);
    }
    return rc;
}

/* A directory's octets go to two places: lines first, then fences. */
static void spread(struct run_part *part, uint64_t at, const uint8_t *plain, size_t len)
{
    uint64_t lines_len = (uint64_t)part->filter.lines_count * BLOOM_LINE_LEN;
    size_t in_lines = 0;
    if (at < lines_len) {
        in_lines = lines_len - at < len ? (size_t)(lines_len - at) : len;
        memcpy(part->filter.lines + at, plain, in_lines);
    }
    if (len > in_lines) {
        memcpy(part->fences + (at + in_lines - lines_len), plain + in_lines, len - in_lines);
    }
}

static enum err_code read_directory(struct run *run, enum run_family family, struct err_note *note)
{
    struct run_part *part = &run->parts[family];
    uint64_t len = directory_len(part, family, part->filter.lines_count);
    uint32_t block = part->first_block + part->blocks_count;
    for (uint64_t at = 0; at < len; at += RUN_PLAIN_LEN, block++) {
        uint8_t plain[RUN_PLAIN_LEN];
        enum err_code rc = run_read_sealed(run, plain, RUN_DIRECTORY + family, block, note);
        if (rc != ERR_OK) {
            return rc;
        }
        spread(part, at, plain, len - at < RUN_PLAIN_LEN ? (size_t)(len - at) : RUN_PLAIN_LEN);
    }
    return ERR_OK;
}

enum err_code run_read_directories(struct run *run, struct err_note *note)
{
    enum err_code rc = run->files->size(run->files, run->file, &run->disk_len, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t blocks = run->disk_len / RUN_BLOCK_LEN;
    if (blocks == 0 || blocks > UINT32_MAX || run->disk_len % RUN_BLOCK_LEN != 0) {
        return run_damaged(note);
    }
    rc = read_tail(run, (uint32_t)(blocks - 1), note);
    for (unsigned i = 0; i < RUN_FAMILIES_COUNT && rc == ERR_OK; i++) {
        rc = read_directory(run, (enum run_family)i, note);
    }
    return rc;
}
