#include "store/store_inner.h"

#include <assert.h>
#include <stdlib.h>

#define WRITE_MAX ((size_t)4 * 1024 * 1024) /* octets that are synced at once */

/* What the index knows of the posts of a batch. */
struct known {
    struct post_id *ids;
    bool *found;
    struct index_place *places;
    struct index_subject *subjects; /* those that may have been taken back before they came */
    bool *retracted;                /* of the subjects */
};

static void known_close(struct known *known)
{
    free(known->ids);
    free(known->found);
    free(known->places);
    free(known->subjects);
    free(known->retracted);
}

static enum err_code known_init(struct known *known, size_t count)
{
    *known = (struct known){.ids = calloc(count + 1, sizeof *known->ids),
                            .found = calloc(count + 1, sizeof *known->found),
                            .places = calloc(count + 1, sizeof *known->places),
                            .subjects = calloc(count + 1, sizeof *known->subjects),
                            .retracted = calloc(count + 1, sizeof *known->retracted)};
    bool whole = known->ids != NULL && known->found != NULL && known->places != NULL &&
                 known->subjects != NULL && known->retracted != NULL;
    return whole ? ERR_OK : ERR_NO_MEMORY;
}

static bool is_subject(const struct known *known, const struct post *posts, size_t at)
{
    return !known->found[at] && !index_row_fixed(&posts[at]);
}

static enum err_code known_ask(struct store *store, struct known *known, const struct post *posts,
                               size_t count, struct err_note *note)
{
    for (size_t i = 0; i < count; i++) {
        known->ids[i] = posts[i].id;
    }
    enum err_code rc = store_find(store, known->found, known->places, known->ids, count, note);
    size_t subjects_count = 0;
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        if (is_subject(known, posts, i)) {
            known->subjects[subjects_count++] =
                (struct index_subject){.id = &posts[i].id, .author = &posts[i].author};
        }
    }
    return rc == ERR_OK
               ? store_retracted(store, known->retracted, known->subjects, subjects_count, note)
               : rc;
}

/* Where nobody's peers are, what did not leave yet may come. */
static bool is_too_old(struct store *store, const struct post *post)
{
    uint64_t floor_s = store->retention.ruled ? store_floor(store) : store_left(store).floor_s;
    return store_is_below(store, post, floor_s);
}

/* What to do with one post of a batch that is not there yet. */
static enum err_code judge_new(struct store *store, enum store_put_result *result,
                               const struct post *post, bool retracted, uint64_t now_s,
                               struct err_note *note)
{
    bool expired = (post->expires_s != 0 && now_s >= post->expires_s) || is_too_old(store, post);
    enum err_code rc = ERR_OK;
    if (!expired && post->kind == POST_PROFILE && post->created_s < store_floor(store) &&
        store->kind == STORE_UNREAD) {
        rc = store_is_superseded(store, &expired, post, note);
    }
    *result = expired || retracted ? STORE_REFUSED : STORE_NEW;
    return rc;
}

static enum err_code judge_found(struct store *store, enum store_put_result *results,
                                 const struct post *posts, const struct octets *wires, size_t count,
                                 const struct known *known, uint64_t now_s, struct err_note *note)
{
    struct store_batch *batch = store->batch;
    const bool *retracted = known->retracted;
    enum err_code rc = ERR_OK;
    store_batch_clear(batch);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        size_t same;
        bool gone = is_subject(known, posts, i) && *retracted++;
        if (store_batch_find(batch, &same, posts, &posts[i].id)) {
            results[i] = STORE_THERE;
            continue;
        }
        if (known->found[i]) {
            bool there = known->places[i].state == INDEX_KEPT && !is_too_old(store, &posts[i]);
            results[i] = there ? STORE_THERE : STORE_REFUSED;
        } else {
            gone = gone || store_batch_retracts(batch, posts, &posts[i]);
            rc = judge_new(store, &results[i], &posts[i], gone, now_s, note);
        }
        if (rc == ERR_OK && results[i] == STORE_NEW) {
            rc = store_quota_judge(store, &results[i], &posts[i], wires[i].len, now_s, note);
        }
        if (rc == ERR_OK && results[i] == STORE_REFUSED) {
            rc = index_refused_add(store->index, &posts[i].id);
        } else if (rc == ERR_OK && results[i] == STORE_NEW) {
            store_batch_add(batch, posts, i);
        }
    }
    return rc;
}

static enum err_code judge_batch(struct store *store, enum store_put_result *results,
                                 const struct post *posts, const struct octets *wires, size_t count,
                                 uint64_t now_s, struct err_note *note)
{
    struct known known;
    enum err_code rc = known_init(&known, count);
    if (rc == ERR_OK) {
        rc = known_ask(store, &known, posts, count, note);
    }
    if (rc == ERR_OK) {
        rc = judge_found(store, results, posts, wires, count, &known, now_s, note);
    }
    known_close(&known);
    return rc;
}

/* Whom a retract of the batch takes back among what is in the store already: known before anything
 * is written, so that a post and its retract never stand side by side. */
static enum err_code judge_retract(struct store *store, const struct post *retract,
                                   struct err_note *note)
{
    bool found;
    bool by = false;
    struct index_place place;
    enum err_code rc = store_find(store, &found, &place, index_row_subject(retract), 1, note);
    if (rc == ERR_OK && found && index_in_sets(&place) && (place.flags & INDEX_FIXED) == 0) {
        rc = store_is_by(store, &by, &place, &retract->author, note);
    }
    return rc == ERR_OK && by ? store_batch_drop(store->batch, &place) : rc;
}

static enum err_code judge_retracts(struct store *store, const struct post *posts,
                                    struct err_note *note)
{
    struct store_batch *batch = store->batch;
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < batch->retracts_count && rc == ERR_OK; i++) {
        rc = judge_retract(store, &posts[batch->fresh[batch->retracts[i]]], note);
    }
    return rc;
}

/* The same for posts that stand beside their retract, once they have positions. */
static enum err_code judge_beside(struct store *store, const struct post *posts)
{
    struct store_batch *batch = store->batch;
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < batch->retracts_count && rc == ERR_OK; i++) {
        const struct post *retract = &posts[batch->fresh[batch->retracts[i]]];
        size_t at;
        if (store_batch_find(batch, &at, posts, index_row_subject(retract)) &&
            store_batch_takes_back(&posts[batch->fresh[at]], &retract->author)) {
            struct index_place place = {.position = batch->positions[at]};
            rc = store_batch_drop(batch, &place);
        }
    }
    return rc;
}

/* Seal and append the batch's posts; big ones are synced in parts, which keeps a segment's end near
 * its bound.  Nothing is indexed before all of them are durable. */
static enum err_code write_batch(struct store *store, const struct octets *wires,
                                 struct err_note *note)
{
    struct store_batch *batch = store->batch;
    if (store->end + batch->fresh_count > INDEX_POSITION_MAX) {
        return err_note(note, ERR_NO_SPACE, "the store holds as many posts as it can");
    }
    size_t i = 0;
    while (i < batch->fresh_count) {
        enum err_code rc = log_begin(store->log, WRITE_MAX, note);
        for (size_t len = 0;
             i < batch->fresh_count && len + POST_WIRE_MAX <= WRITE_MAX && rc == ERR_OK; i++) {
            const struct octets *wire = &wires[batch->fresh[i]];
            rc = log_add(store->log, &batch->positions[i], *wire, note);
            len += wire->len;
        }
        if (rc == ERR_OK) {
            rc = log_commit(store->log, note);
        }
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

static enum err_code fill_rows(struct store *store, struct index_row *rows,
                               const struct post *posts)
{
    const struct store_batch *batch = store->batch;
    enum err_code rc = ERR_OK;
    store_words_begin(&store->words);
    for (size_t i = 0; i < batch->fresh_count && rc == ERR_OK; i++) {
        const struct post *post = &posts[batch->fresh[i]];
        index_row_of(&rows[i], index_hash(store->index), &store->batch->names, post);
        rc = store_words_prepare(&store->words, post);
    }
    for (size_t i = 0; i < batch->fresh_count && rc == ERR_OK; i++) {
        store_words_of(&store->words, &rows[i], i);
    }
    return rc;
}

static void keep_at_hand(struct store *store, const struct post *posts, const struct octets *wires)
{
    const struct store_batch *batch = store->batch;
    for (size_t i = 0; i < batch->fresh_count; i++) {
        store_recent_add(&store->recent, batch->positions[i], &posts[batch->fresh[i]].id,
                         wires[batch->fresh[i]]);
    }
}

static enum err_code index_batch(struct store *store, const struct post *posts, uint64_t now_s,
                                 struct err_note *note)
{
    struct store_batch *batch = store->batch;
    struct index_row *rows = calloc(batch->fresh_count, sizeof *rows);
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err_code rc = fill_rows(store, rows, posts);
    if (rc == ERR_OK) {
        rc = judge_beside(store, posts);
    }
    if (rc == ERR_OK) {
        rc = index_add(store->index, rows, batch->positions, batch->fresh_count, &batch->drops,
                       note);
    }
    free(rows);
    store_lock(store);
    if (rc == ERR_OK) { /* else store_recover() goes on from the end as it was */
        store->end = log_end(store->log);
    }
    store->put_s = now_s;
    store_unlock(store);
    return rc;
}

static enum err_code put(struct store *store, enum store_put_result *results,
                         const struct post *posts, const struct octets *wires, size_t count,
                         uint64_t now_s, struct err_note *note)
{
    enum err_code rc = store_make_room(store, now_s, note);
    if (rc == ERR_OK && store->batch == NULL) {
        store->batch = calloc(1, sizeof *store->batch);
        rc = store->batch == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = judge_batch(store, results, posts, wires, count, now_s, note);
    }
    if (rc != ERR_OK || store->batch->fresh_count == 0) {
        return rc;
    }
    rc = judge_retracts(store, posts, note);
    if (rc == ERR_OK) {
        rc = write_batch(store, wires, note);
    }
    if (rc == ERR_OK) {
        keep_at_hand(store, posts, wires);
        rc = index_batch(store, posts, now_s, note);
    }
    return rc;
}

enum err_code store_put(struct store *store, enum store_put_result *results,
                        const struct post *posts, const struct octets *wires, size_t count,
                        uint64_t now_s, struct err_note *note)
{
    assert(count <= STORE_BATCH_MAX);
    enum err_code rc = store_recover(store, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = put(store, results, posts, wires, count, now_s, note);
    if (rc != ERR_OK) {
        /* What stands in the log now is known only by reading it again. */
        store->failure = rc;
        store->failed_s = now_s;
        if (store->quota != NULL) {
            quota_forget(store->quota);
        }
        return err_note(note, rc, "storing posts");
    }
    if (store->quota != NULL) {
        quota_kept(store->quota);
    }
    return ERR_OK;
}
