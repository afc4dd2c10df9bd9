#include "store/run_scan.h"

#include "store/run_group.h"

void run_scan_begin(struct run_scan *scan, const struct run *run, enum run_family family)
{
    scan->run = run;
    scan->family = family;
    scan->any = false;
    scan->index = 0;
    scan->rows_left = run->parts[family].entries_count;
    scan->at = 0;
    scan->piece_end = 0;
    scan->fresh = false;
    scan->loaded = false;
    scan->group_at = 0;
    scan->group.count = 0;
    scan->ahead_at = 0;
    scan->ahead_len = 0;
}

static enum err_code read_ahead(struct run_scan *scan, struct err_note *note)
{
    const struct run *run = scan->run;
    const struct run_part *part = &run->parts[scan->family];
    uint32_t left = part->blocks_count - scan->index;
    size_t wanted = (left < RUN_SCAN_AHEAD ? left : RUN_SCAN_AHEAD) * RUN_BLOCK_LEN;
    uint64_t offset = ((uint64_t)part->first_block + scan->index) * RUN_BLOCK_LEN;
    size_t got = 0;
    enum err_code rc =
        run->files->read_at(run->files, run->file, scan->ahead, &got, wanted, offset, note);
    if (rc != ERR_OK) {
        return err_note(note, rc, "reading a run");
    }
    if (got != wanted) {
        return run_damaged(note);
    }
    scan->ahead_at = 0;
    scan->ahead_len = wanted;
    return ERR_OK;
}

/* Open the family's next block.  ERR_NOT_FOUND: there is none. */
static enum err_code next_block(struct run_scan *scan, struct err_note *note)
{
    const struct run_part *part = &scan->run->parts[scan->family];
    if (scan->index == part->blocks_count) {
        return ERR_NOT_FOUND;
    }
    if (scan->ahead_at == scan->ahead_len) {
        enum err_code rc = read_ahead(scan, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    enum err_code rc = run_unseal(scan->run, scan->plain, scan->ahead + scan->ahead_at,
                                  scan->family, part->first_block + scan->index, note);
    if (rc == ERR_OK) {
        scan->ahead_at += RUN_BLOCK_LEN;
        scan->index++;
        scan->at = 0;
        scan->loaded = true;
    }
    return rc;
}

enum err_code run_scan_row(struct run_scan *scan, const uint8_t **row, size_t len,
                           struct err_note *note)
{
    if (scan->rows_left == 0) {
        return ERR_NOT_FOUND;
    }
    if (!scan->loaded || RUN_PLAIN_LEN - scan->at < len) {
        enum err_code rc = next_block(scan, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    *row = scan->plain + scan->at;
    scan->at += len;
    scan->rows_left--;
    return ERR_OK;
}

static enum err_code next_id(struct run_scan *scan, struct err_note *note)
{
    const uint8_t *row;
    size_t len = scan->run->position_len;
    enum err_code rc = run_scan_row(scan, &row, RUN_HASH32_LEN + len, note);
    if (rc == ERR_OK) {
        scan->entry.order = octets_get_u32be(row);
        scan->entry.relative = (uint32_t)run_get_number(row + RUN_HASH32_LEN, len);
    }
    return rc;
}

static enum err_code next_expiry(struct run_scan *scan, struct err_note *note)
{
    const uint8_t *row;
    enum err_code rc = run_scan_row(scan, &row, RUN_EXPIRIES_FENCE_LEN, note);
    if (rc == ERR_OK) {
        scan->entry.order = run_get_number(row, RUN_TIME_LEN);
        scan->entry.relative = octets_get_u32be(row + RUN_TIME_LEN);
    }
    return rc;
}

static enum err_code next_group(struct run_scan *scan, struct err_note *note)
{
    enum err_code rc = ERR_NOT_FOUND;
    if (scan->loaded) {
        rc = run_group_next(scan->run, &scan->group, scan->plain, &scan->at, note);
    }
    if (rc == ERR_NOT_FOUND) {
        rc = next_block(scan, note);
        if (rc == ERR_OK) {
            rc = run_group_next(scan->run, &scan->group, scan->plain, &scan->at, note);
        }
    }
    scan->group_at = 0;
    return rc;
}

static enum err_code next_set_entry(struct run_scan *scan, struct err_note *note)
{
    if (scan->group_at == scan->group.count) {
        enum err_code rc = next_group(scan, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    scan->entry.set = scan->group.set;
    scan->entry.order = scan->group.created_s[scan->group_at];
    scan->entry.relative = scan->group.positions[scan->group_at];
    scan->group_at++;
    return ERR_OK;
}

/* ERR_NOT_FOUND: the block has no more pieces. */
static enum err_code piece_head(struct run_scan *scan, struct err_note *note)
{
    if (RUN_PLAIN_LEN - scan->at < RUN_HASH_LEN + 2) {
        return ERR_NOT_FOUND;
    }
    uint64_t len;
    scan->entry.order = octets_get_u64be(scan->plain + scan->at);
    scan->at += RUN_HASH_LEN;
    if (!run_get_varint(&len, scan->plain, &scan->at, RUN_PLAIN_LEN) ||
        len > RUN_PLAIN_LEN - scan->at) {
        return run_damaged(note);
    }
    scan->piece_end = scan->at + (size_t)len;
    scan->fresh = true;
    return len == 0 ? ERR_NOT_FOUND : ERR_OK;
}

static enum err_code next_piece(struct run_scan *scan, struct err_note *note)
{
    enum err_code rc = scan->loaded ? piece_head(scan, note) : ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND) {
        rc = next_block(scan, note);
        if (rc == ERR_OK) {
            rc = piece_head(scan, note);
        }
    }
    return rc;
}

static enum err_code next_posting(struct run_scan *scan, struct err_note *note)
{
    if (!scan->loaded || scan->at == scan->piece_end) {
        enum err_code rc = next_piece(scan, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    uint64_t step;
    if (!run_get_varint(&step, scan->plain, &scan->at, scan->piece_end)) {
        return run_damaged(note);
    }
    uint64_t relative = scan->fresh ? step : scan->entry.relative + step;
    scan->fresh = false;
    if (relative > UINT32_MAX) {
        return run_damaged(note);
    }
    scan->entry.relative = (uint32_t)relative;
    if (scan->family == RUN_REFS) {
        if (scan->at == scan->piece_end) {
            return run_damaged(note);
        }
        scan->entry.relation = scan->plain[scan->at++];
    }
    return ERR_OK;
}

enum err_code run_scan_next(struct run_scan *scan, struct err_note *note)
{
    enum err_code rc = ERR_NOT_FOUND;
    switch (scan->family) {
    case RUN_IDS:
        rc = next_id(scan, note);
        break;
    case RUN_SETS:
        rc = next_set_entry(scan, note);
        break;
    case RUN_REFS:
    case RUN_WORDS:
        rc = next_posting(scan, note);
        break;
    case RUN_EXPIRIES:
        rc = next_expiry(scan, note);
        break;
    case RUN_RECORDS:
    case RUN_FAMILIES_COUNT:
        break;
    }
    scan->any = rc == ERR_OK;
    if (rc == ERR_OK && scan->entry.relative >= scan->run->end - scan->run->first) {
        return run_damaged(note);
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}
