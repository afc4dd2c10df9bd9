/* The segments of a log as its rewriting sees them: which of them are rewritten together.
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
            .closed = row->closed,
        };
        rc = ERR_OK;
    }
    log_unlock(log);
    return rc;
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

/* Under lock. */
static void span_at(const struct log *log, struct log_span *span, size_t row)
{
    *span = (struct log_span){.first = log->manifest.segments[row].first,
                              .segments_count = count_short(log, row)};
}

enum err_code log_span_of(struct log *log, struct log_span *span, uint64_t number)
{
    size_t row = 0;
    uint64_t offset = 0;
    size_t plain_len = 0;
    log_lock(log);
    enum err_code rc = log_find(log, &row, &offset, &plain_len, number);
    if (rc == ERR_OK && !log->manifest.segments[row].closed) {
        rc = ERR_REFUSED;
    }
    if (rc == ERR_OK) {
        span_at(log, span, row);
    }
    log_unlock(log);
    return rc == ERR_DAMAGED ? ERR_NOT_FOUND : rc;
}

enum err_code log_span_short(struct log *log, struct log_span *span)
{
    size_t row = 0;
    log_lock(log);
    bool many = many_short(log, &row);
    if (many) {
        span_at(log, span, row);
    }
    log_unlock(log);
    return many ? ERR_OK : ERR_NOT_FOUND;
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
