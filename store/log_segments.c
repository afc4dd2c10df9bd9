/* The segments of a log as its rewriting sees them: how much of each is dead, and which are next.
 */
#include "store/log_inner.h"
#include "store/log_rewrite.h"

/* Segments shorter than this are worth bringing together, so many of them at once. */
#define SHORT_LEN_MAX ((uint64_t)8 * 1024 * 1024)
#define SHORT_COUNT   8

enum err_code log_segment_at(struct log *log, struct log_segment *segment, size_t index)
{
    enum err_code rc = ERR_NOT_FOUND;
    log_lock(log);
    if (index < log->manifest.segments_count) {
        const struct manifest_segment *row = &log->manifest.segments[index];
        *segment = (struct log_segment){
            .first = row->first,
            .records_count = row->closed ? row->records_count : log->end - row->first,
            .len = log->parts[index].file_len,
            .dead_len = log->parts[index].dead_len,
            .closed = row->closed,
        };
        rc = ERR_OK;
    }
    log_unlock(log);
    return rc;
}

void log_dead(struct log *log, uint64_t number)
{
    uint64_t offset = 0;
    size_t plain_len = 0;
    log_lock(log);
    if (log->manifest.segments_count > 0) {
        size_t row = log_row_of(&log->manifest, number);
        uint64_t first = log->manifest.segments[row].first;
        struct log_part *part = &log->parts[row];
        if (number >= first && number - first < part->table.lens_count &&
            segment_table_find(&part->table, &offset, &plain_len, number - first) == ERR_OK) {
            part->dead_len += plain_len + SEGMENT_OVERHEAD;
            if (log->rewriting && number >= log->rewriting_first && number < log->rewriting_end) {
                log->rewriting_dead_len += plain_len + SEGMENT_OVERHEAD;
            }
        }
    }
    log_unlock(log);
}

/* Whether the row may be rewritten together with what begins at first and has so many octets. */
static bool joins(const struct manifest_segment *row, uint64_t first, uint64_t len)
{
    /* Half: frames may be filled less well afterwards. */
    return row->closed && len + row->len <= SEGMENT_LEN_MAX / 2 &&
           row->first + row->records_count - first <= SEGMENT_NUMBERS_MAX;
}

/* The row and the short ones that follow it. */
static size_t count_short(const struct log *log, size_t row)
{
    const struct manifest *manifest = &log->manifest;
    uint64_t len = manifest->segments[row].len;
    size_t count = 1;
    while (row + count < manifest->segments_count) {
        const struct manifest_segment *next = &manifest->segments[row + count];
        if (next->len > SHORT_LEN_MAX || !joins(next, manifest->segments[row].first, len)) {
            break;
        }
        len += next->len;
        count++;
    }
    return count;
}

static bool most_dead(const struct log *log, size_t *row)
{
    uint64_t most = 0;
    for (size_t i = 0; i < log->manifest.segments_count; i++) {
        if (log->manifest.segments[i].closed && log->parts[i].dead_len > most) {
            most = log->parts[i].dead_len;
            *row = i;
        }
    }
    return most > 0;
}

static bool many_short(const struct log *log, size_t *row)
{
    const struct manifest *manifest = &log->manifest;
    for (size_t i = 0; i < manifest->segments_count;) {
        size_t count = 1;
        if (manifest->segments[i].closed && manifest->segments[i].len <= SHORT_LEN_MAX) {
            count = count_short(log, i);
            if (count >= SHORT_COUNT) {
                *row = i;
                return true;
            }
        }
        i += count;
    }
    return false;
}

enum err_code log_rewrite_due(struct log *log, struct log_span *span)
{
    size_t row = 0;
    log_lock(log);
    bool due = most_dead(log, &row) || many_short(log, &row);
    if (due) {
        *span = (struct log_span){.first = log->manifest.segments[row].first,
                                  .segments_count = count_short(log, row)};
    }
    log_unlock(log);
    return due ? ERR_OK : ERR_NOT_FOUND;
}

enum err_code log_roll(struct log *log, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    log_lock_changes(log);
    if (log->writing && log->failure == ERR_OK && log->committed_offset > 0) {
        rc = log_end_segment(log, note);
    }
    log_unlock_changes(log);
    return rc;
}
