#include "store/trimming.h"

#include <stdlib.h>

#include "store/index_row.h"

#define JUDGED_MAX 256 /* in one slice */

struct batch {
    struct journal_trimmed posts[JOURNAL_TRIMMED_MAX];
    size_t count;
    uint8_t wire[POST_WIRE_MAX];
};

enum reason { STAYS, TAKEN_BACK, EXPIRED, HANDED, ARCHIVED };

/* Read before it goes: a retract of what cannot be taken back does nothing, what is too new to
 * leave is to come to the log, and the journal goes on knowing when its author dated it. */
static enum err_code add(struct trimming *trimming, struct batch *batch, size_t index,
                         enum reason reason, struct err_note *note)
{
    struct octets_room wire = {.at = batch->wire, .cap = sizeof batch->wire};
    struct post post;
    enum err_code rc = journal_own_wire(trimming->journal, &wire, index, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool goes = post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK &&
                !(reason == TAKEN_BACK && index_row_fixed(&post)) &&
                !(reason == ARCHIVED && post.created_s >= store_left(trimming->store).floor_s);
    if (goes) {
        batch->posts[batch->count++] =
            (struct journal_trimmed){.index = index, .created_s = post.created_s};
    }
    return ERR_OK;
}

/* Of a post that the log does not hold. */
static enum err_code look_in_archive(struct trimming *trimming, enum reason *reason,
                                     const struct post_id *id, struct err_note *note)
{
    uint64_t at = 0;
    enum err_code rc = trimming->archive == NULL ? ERR_NOT_FOUND
                                                 : store_position(trimming->archive, &at, id, note);
    *reason = rc == ERR_OK ? ARCHIVED : STAYS;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err_code judge(struct trimming *trimming, enum reason *reason,
                           const struct journal_post *post, uint64_t settled_s,
                           struct err_note *note)
{
    enum store_fate fate = STORE_ABSENT;
    enum err_code rc = ERR_OK;
    *reason = STAYS;
    if (post->expires_s != 0 && post->expires_s <= settled_s) {
        *reason = EXPIRED;
        return ERR_OK;
    }
    rc = store_fate(trimming->store, &fate, &post->id, &trimming->own, note);
    if (rc != ERR_OK) {
        return rc;
    }
    switch (fate) {
    case STORE_KEPT:
        *reason = !trimming->keeps_handed && post->sent_count >= TRIMMING_PEERS ? HANDED : STAYS;
        break;
    case STORE_TAKEN_BACK:
        *reason = TAKEN_BACK;
        break;
    case STORE_LEFT:
    case STORE_ABSENT:
        rc = look_in_archive(trimming, reason, &post->id, note);
        break;
    }
    return rc;
}

/* What is known by its id alone takes no time worth counting, and there may be very many. */
static enum err_code judge_some(struct trimming *trimming, uint64_t now_s, struct err_note *note)
{
    uint64_t settled_s = store_settled(trimming->store, now_s);
    size_t count = journal_own_count(trimming->journal);
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    size_t at = trimming->at;
    size_t judged_count = 0;
    enum err_code rc = ERR_OK;
    for (; judged_count < JUDGED_MAX && at < count && batch->count < JOURNAL_TRIMMED_MAX &&
           rc == ERR_OK;
         at++) {
        struct journal_post post = journal_own_at(trimming->journal, at);
        enum reason reason = STAYS;
        if (post.has_wire) {
            judged_count++;
            rc = judge(trimming, &reason, &post, settled_s, note);
        }
        if (rc == ERR_OK && reason != STAYS) {
            rc = add(trimming, batch, at, reason, note);
        }
    }
    if (rc == ERR_OK) {
        rc = journal_trim(trimming->journal, batch->posts, batch->count, note);
    }
    if (rc == ERR_OK) {
        trimming->at = at < count ? at : 0;
        trimming->tending = at == count;
    }
    free(batch);
    return rc;
}

enum err_code trimming_slice(struct trimming *trimming, bool *more, uint64_t now_s,
                             struct err_note *note)
{
    *more = true;
    if (!trimming->tending) {
        return judge_some(trimming, now_s, note);
    }
    enum err_code rc = journal_tend(trimming->journal, more, note);
    trimming->tending = rc == ERR_OK && *more;
    return rc;
}
