#include "store/store_purge.h"

#include <assert.h>
#include <stdlib.h>

#define SLICE_LEN     ((size_t)1024 * 1024) /* octets of a segment that are read at once */
#define POSITIONS_MAX ((size_t)262144)      /* that go at once */
#define WITHOUT_REST  ((size_t)8192)        /* so many are taken out while posts arrive, too */

static int compare_positions(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static bool goes(void *context, uint64_t number)
{
    const struct store_purge *purge = context;
    uint32_t position = (uint32_t)number;
    return number <= INDEX_POSITION_MAX && purge->positions_count > 0 &&
           bsearch(&position, purge->positions, purge->positions_count, sizeof position,
                   compare_positions) != NULL;
}

void store_purge_close(struct store_purge *purge)
{
    log_rewrite_free(purge->rewrite);
    free(purge->positions);
    purge->rewrite = NULL;
    purge->positions = NULL;
    purge->positions_count = 0;
}

static bool is_out(struct log *log, uint32_t position)
{
    size_t len;
    return log_len(log, &len, position) != ERR_OK;
}

/* Take off the list what is not in the log any more; the rest stays in positions.  That it is gone
 * has to be written down before it is purged: the log would not tell any more. */
static enum err_code strike_off(struct store_purge *purge, struct index *index, struct log *log,
                                struct err_note *note)
{
    uint32_t *out = malloc((purge->positions_count + 1) * sizeof *out);
    if (out == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    size_t out_count = 0;
    size_t kept = 0;
    for (size_t i = 0; i < purge->positions_count; i++) {
        uint32_t position = purge->positions[i];
        if (is_out(log, position)) {
            out[out_count++] = position;
        } else {
            purge->positions[kept++] = position;
        }
    }
    purge->positions_count = kept;
    enum err_code rc = index_purged(index, out, out_count, note);
    free(out);
    return rc;
}

/* Where to begin: the segment of the first position, closed for that if need be. */
static enum err_code choose(struct store_purge *purge, struct log_span *span, struct log *log,
                            struct err_note *note)
{
    if (purge->positions_count == 0) {
        return purge->one_by_one ? ERR_NOT_FOUND : log_span_short(log, span);
    }
    enum err_code rc = log_span_of(log, span, purge->positions[0]);
    if (rc == ERR_REFUSED) {
        rc = log_roll(log, note);
        if (rc == ERR_OK) {
            rc = log_span_of(log, span, purge->positions[0]);
        }
    }
    if (purge->one_by_one) {
        span->segments_count = 1;
    }
    return rc;
}

static enum err_code begin(struct store_purge *purge, struct index *index, struct log *log,
                           bool due, struct err_note *note)
{
    struct log_span span;
    bool nothing = !index_has_purgeable(index);
    if (nothing && (!due || purge->one_by_one || log_span_short(log, &span) != ERR_OK)) {
        return ERR_NOT_FOUND;
    }
    purge->positions = malloc(POSITIONS_MAX * sizeof *purge->positions);
    if (purge->positions == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    purge->positions_count = index_purgeable(index, purge->positions, POSITIONS_MAX);
    if (!due && purge->positions_count < WITHOUT_REST) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = purge->positions_count > 0 ? strike_off(purge, index, log, note) : ERR_OK;
    if (rc == ERR_OK) {
        rc = choose(purge, &span, log, note);
    }
    if (rc == ERR_OK) {
        purge->asked = (struct log_purge){.context = purge, .purges = goes};
        rc = log_rewrite_begin(&purge->rewrite, log, &span, &purge->asked, note);
    }
    return rc;
}

static enum err_code go_on(struct store_purge *purge, struct index *index, struct log *log,
                           struct err_note *note)
{
    bool done = false;
    struct log_rewritten result;
    enum err_code rc = log_rewrite_step(purge->rewrite, &done, &result, SLICE_LEN, note);
    if (rc == ERR_TOO_LARGE) {
        purge->one_by_one = true;
        store_purge_close(purge);
        return ERR_OK;
    }
    if (rc == ERR_OK && done) {
        pace_spend(&purge->pace, result.len_before + result.len_after);
        rc = strike_off(purge, index, log, note);
    }
    if (rc != ERR_OK || done) {
        store_purge_close(purge);
    }
    return rc;
}

enum err_code store_purge_slice(struct store_purge *purge, bool *more, struct index *index,
                                struct log *log, uint64_t now_s, bool due, struct err_note *note)
{
    enum err_code rc;
    *more = false;
    if (purge->rewrite != NULL) {
        rc = go_on(purge, index, log, note);
    } else {
        rc = begin(purge, index, log, due && pace_allows(&purge->pace, now_s), note);
        if (rc != ERR_OK) {
            store_purge_close(purge);
        }
    }
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK; /* nothing to do */
    }
    *more = rc == ERR_OK;
    return rc == ERR_OK ? rc : err_note(note, rc, "taking out what is gone");
}
