#include "store/trimming.h"

#include <stdlib.h>

#include "store/index_row.h"

#define JUDGED_MAX 256 /* in one slice */

struct batch {
    struct journal_trimmed posts[JOURNAL_TRIMMED_MAX];
    size_t count;
    uint8_t wire[POST_WIRE_MAX];
};

/* Read before it goes: a retract of what cannot be taken back does nothing, and the journal goes on
 * knowing when its author dated it. */
static enum err_code add(struct trimming *trimming, struct batch *batch, size_t index,
                         bool taken_back, struct err_note *note)
{
    struct octets_room wire = {.at = batch->wire, .cap = sizeof batch->wire};
    struct post post;
    enum err_code rc = journal_own_wire(trimming->journal, &wire, index, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool decodes = post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK;
    if (decodes && !(taken_back && index_row_fixed(&post))) {
        batch->posts[batch->count++] =
            (struct journal_trimmed){.index = index, .created_s = post.created_s};
    }
    return ERR_OK;
}

static enum err_code judge(struct trimming *trimming, struct batch *batch, size_t index,
                           uint64_t settled_s, struct err_note *note)
{
    struct journal_post post = journal_own_at(trimming->journal, index);
    if (!post.has_wire) {
        return ERR_OK;
    }
    enum store_fate fate = STORE_ABSENT;
    enum err_code rc = store_fate(trimming->store, &fate, &post.id, &trimming->own, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool expired = post.expires_s != 0 && post.expires_s <= settled_s;
    bool handed =
        !trimming->keeps_handed && fate == STORE_KEPT && post.sent_count >= TRIMMING_PEERS;
    bool taken_back = fate == STORE_TAKEN_BACK;
    return expired || handed || taken_back ? add(trimming, batch, index, taken_back, note) : ERR_OK;
}

static enum err_code judge_some(struct trimming *trimming, uint64_t now_s, struct err_note *note)
{
    uint64_t settled_s = store_settled(trimming->store, now_s);
    size_t count = journal_own_count(trimming->journal);
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    size_t at = trimming->at;
    enum err_code rc = ERR_OK;
    for (size_t i = 0;
         i < JUDGED_MAX && at < count && batch->count < JOURNAL_TRIMMED_MAX && rc == ERR_OK;
         i++, at++) {
        rc = judge(trimming, batch, at, settled_s, note);
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
