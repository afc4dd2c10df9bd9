/* Taking out of the journal's files what says nothing any more.  What that is follows from the
 * records alone, so that nothing has to be remembered over a crash. */
#include "store/journal_inner.h"

#include <stdlib.h>

#define SLICE_LEN   ((size_t)1024 * 1024)
#define COMPACT_LEN ((uint64_t)64 * 1024) /* less is not worth a rewriting by itself */

static bool own_goes(const struct journal *journal, uint64_t number, struct octets fields)
{
    struct post_id id;
    memcpy(id.octets, fields.at, POST_ID_LEN);
    const struct journal_own *own = journal_table_find(&journal->table, &id);
    return own != NULL && own->number != number;
}

/* Of the counts for a post the highest says all. */
static bool sent_goes(const struct journal *journal, struct octets fields)
{
    struct post_id id;
    memcpy(id.octets, fields.at, POST_ID_LEN);
    const struct journal_own *own = journal_table_find(&journal->table, &id);
    return own == NULL || !own->has_wire ||
           octets_get_u32be(fields.at + POST_ID_LEN) < own->sent_count;
}

/* The records were read when the journal was opened, or written since: their lengths are right. */
static bool goes(void *context, uint64_t number, struct octets plain)
{
    const struct journal *journal = context;
    struct octets fields = octets_of(plain.at + 1, plain.len - 1);
    switch (plain.at[0]) {
    case JOURNAL_OWN_POST:
    case JOURNAL_OWN_ID:
        return own_goes(journal, number, fields);
    case JOURNAL_SENT:
        return sent_goes(journal, fields);
    case JOURNAL_GENERATION:
        return number != journal->generation_number;
    case JOURNAL_BLOCK:
    case JOURNAL_UNBLOCK:
    case JOURNAL_PAST_BLOCK:
        return number < journal->blocks.first;
    case JOURNAL_BLOCKS_FROM:
        return number != journal->blocks_number;
    default:
        return false;
    }
}

static void drop_rewrite(struct journal_dead *dead)
{
    log_rewrite_free(dead->rewrite);
    dead->rewrite = NULL;
}

void journal_dead_close(struct journal_dead *dead)
{
    drop_rewrite(dead);
    free(dead->bodies);
    *dead = (struct journal_dead){0};
}

/* The segment of a post that is to go; those that are out come off the list. */
static enum err_code span_of_body(struct journal *journal, struct log_span *span,
                                  struct err_note *note)
{
    struct journal_dead *dead = &journal->dead;
    enum err_code rc = ERR_NOT_FOUND;
    while (dead->bodies_count > 0 && rc == ERR_NOT_FOUND) {
        uint64_t number = dead->bodies[dead->bodies_count - 1];
        rc = log_span_of(journal->log, span, number);
        if (rc == ERR_REFUSED) {
            rc = log_roll(journal->log, note);
            rc = rc == ERR_OK ? log_span_of(journal->log, span, number) : rc;
        }
        if (rc == ERR_NOT_FOUND) {
            dead->bodies_count--;
        }
    }
    if (rc == ERR_OK && dead->one_by_one) {
        span->segments_count = 1;
    }
    return rc;
}

/* The next segment of a sweep. */
static enum err_code span_of_sweep(struct journal *journal, struct log_span *span)
{
    struct journal_dead *dead = &journal->dead;
    struct log_segment segment;
    for (size_t i = 0; log_segment_at(journal->log, &segment, i) == ERR_OK; i++) {
        if (segment.closed && segment.first >= dead->swept) {
            *span = (struct log_span){.first = segment.first, .segments_count = 1};
            dead->swept = segment.first + segment.records_count;
            return ERR_OK;
        }
    }
    dead->sweeping = false;
    dead->len = 0;
    return ERR_NOT_FOUND;
}

static enum err_code choose(struct journal *journal, struct log_span *span, struct err_note *note)
{
    struct journal_dead *dead = &journal->dead;
    enum err_code rc = span_of_body(journal, span, note);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    if (!dead->sweeping && dead->len >= COMPACT_LEN && dead->len > log_disk_len(journal->log) / 2) {
        rc = log_roll(journal->log, note);
        if (rc != ERR_OK) {
            return rc;
        }
        dead->sweeping = true;
        dead->swept = 0;
    }
    rc = dead->sweeping ? span_of_sweep(journal, span) : ERR_NOT_FOUND;
    return rc != ERR_NOT_FOUND || dead->one_by_one ? rc : log_span_short(journal->log, span);
}

static enum err_code begin(struct journal *journal, struct err_note *note)
{
    struct journal_dead *dead = &journal->dead;
    struct log_span span;
    enum err_code rc = choose(journal, &span, note);
    if (rc == ERR_OK) {
        dead->purge = (struct log_purge){.context = journal, .purges_plain = goes, .whole = true};
        rc = log_rewrite_begin(&dead->rewrite, journal->log, &span, &dead->purge, note);
    }
    return rc;
}

static enum err_code go_on(struct journal *journal, struct err_note *note)
{
    struct journal_dead *dead = &journal->dead;
    struct log_rewritten result;
    bool done = false;
    enum err_code rc = log_rewrite_step(dead->rewrite, &done, &result, SLICE_LEN, note);
    if (rc != ERR_OK || done) {
        drop_rewrite(dead);
    }
    if (rc == ERR_OK && done) {
        uint64_t saved =
            result.len_before > result.len_after ? result.len_before - result.len_after : 0;
        dead->len -= saved < dead->len ? saved : dead->len;
    }
    if (rc == ERR_TOO_LARGE) {
        dead->one_by_one = true;
        rc = ERR_OK;
    }
    return rc;
}

enum err_code journal_tend(struct journal *journal, bool *more, struct err_note *note)
{
    *more = false;
    enum err_code rc = journal_recover(journal, note);
    if (rc == ERR_OK) {
        rc = journal->dead.rewrite != NULL ? go_on(journal, note) : begin(journal, note);
    }
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK; /* nothing to do */
    }
    if (rc == ERR_DAMAGED) {
        journal->damaged = true;
    }
    *more = rc == ERR_OK;
    return rc == ERR_OK ? rc : err_note(note, rc, "trimming the journal");
}
