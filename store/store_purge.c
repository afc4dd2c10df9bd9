#include "store/store_purge.h"

#include <stdlib.h>

#define POSITIONS_MAX 65536 /* that go at once; the rest after them */
#define SLICE_LEN     ((size_t)1024 * 1024)

void store_purge_close(struct store_purge *purge)
{
    log_rewrite_free(purge->rewrite);
    free(purge->positions);
    *purge = (struct store_purge){0};
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static bool purges(void *context, uint64_t number)
{
    const struct store_purge *purge = context;
    uint32_t position = (uint32_t)number;
    return purge->count > 0 && bsearch(&position, purge->positions, purge->count,
                                       sizeof *purge->positions, compare) != NULL;
}

/* The number behind the last record of a span. */
static uint64_t end_of(struct log *log, const struct log_span *span)
{
    struct log_segment segment;
    uint64_t end = span->first;
    size_t left = span->segments_count;
    for (size_t i = 0; left > 0 && log_segment_at(log, &segment, i) == ERR_OK; i++) {
        if (segment.first >= span->first) {
            end = segment.first + segment.records_count;
            left--;
        }
    }
    return end;
}

/* Keep those of the positions that lie below end. */
static void keep_below(struct store_purge *purge, uint64_t end)
{
    size_t kept = 0;
    while (kept < purge->count && purge->positions[kept] < end) {
        kept++;
    }
    purge->count = kept;
}

static enum err_code begin(struct store_purge *purge, struct log *log, const struct log_span *span,
                           struct err_note *note)
{
    purge->purge = (struct log_purge){.context = purge, .purges = purges};
    return log_rewrite_begin(&purge->rewrite, log, span, &purge->purge, note);
}

/* Where the first position that is to go lies. */
static enum err_code begin_first(struct store_purge *purge, struct index *index, struct log *log,
                                 struct err_note *note)
{
    struct log_span span;
    uint32_t position = purge->positions[0];
    enum err_code rc = log_span_of(log, &span, position);
    if (rc == ERR_REFUSED) {
        rc = log_roll(log, note);
        if (rc == ERR_OK) {
            rc = log_span_of(log, &span, position);
        }
    }
    if (rc == ERR_NOT_FOUND) {
        return index_purged(index, &position, 1, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    keep_below(purge, end_of(log, &span));
    return begin(purge, log, &span, note);
}

static enum err_code begin_next(struct store_purge *purge, bool *more, struct index *index,
                                struct log *log, struct err_note *note)
{
    struct log_span span;
    purge->positions = calloc(POSITIONS_MAX, sizeof *purge->positions);
    if (purge->positions == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    purge->count = index_purgeable(index, purge->positions, POSITIONS_MAX);
    *more = true;
    if (purge->count > 0) {
        return begin_first(purge, index, log, note);
    }
    if (log_span_short(log, &span) == ERR_OK) {
        return begin(purge, log, &span, note);
    }
    *more = false;
    return ERR_OK;
}

static enum err_code step(struct store_purge *purge, bool *more, struct index *index,
                          struct log *log, struct err_note *note)
{
    bool done = false;
    struct log_rewritten result;
    if (purge->rewrite == NULL) {
        return begin_next(purge, more, index, log, note);
    }
    *more = true;
    enum err_code rc = log_rewrite_step(purge->rewrite, &done, &result, SLICE_LEN, note);
    if (rc == ERR_OK && done && purge->count > 0) {
        rc = index_purged(index, purge->positions, purge->count, note);
    }
    if (rc == ERR_OK && done) {
        store_purge_close(purge);
    }
    return rc;
}

enum err_code store_purge_step(struct store_purge *purge, bool *more, struct index *index,
                               struct log *log, struct err_note *note)
{
    enum err_code rc = step(purge, more, index, log, note);
    if (rc != ERR_OK || purge->rewrite == NULL) {
        store_purge_close(purge);
    }
    if (rc != ERR_OK) {
        *more = false;
    }
    return rc;
}
