#include "store/store.h"

#include "store/index.h"
#include "store/log.h"
#include "store/store_batch.h"
#include "store/store_words.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#define FOLDER    "log"
#define WRITE_MAX ((size_t)4 * 1024 * 1024) /* octets that are synced at once */

struct store {
    pthread_mutex_t lock; /* all below but log and batches; never held over a file call */
    struct index *index;
    struct store_words words;
    uint64_t end;
    uint64_t quarantined_count;
    struct log *log;
    struct store_batch batch; /* of the thread that puts */
    enum err_code failure;    /* of the thread that puts */
};

static void lock(struct store *store)
{
    int rc = pthread_mutex_lock(&store->lock);
    assert(rc == 0);
    (void)rc;
}

static void unlock(struct store *store)
{
    int rc = pthread_mutex_unlock(&store->lock);
    assert(rc == 0);
    (void)rc;
}

/* Retracts met while replaying, judged once everything is indexed. */
struct retract {
    struct post_id subject;
    struct key author;
};

struct replay {
    struct index *index;
    struct store_words *words;
    struct retract *retracts;
    size_t retracts_count;
    size_t retracts_cap;
    uint64_t damaged_count;
};

static enum err_code remember_retract(struct replay *replay, const struct post *post)
{
    const struct post_id *subject = store_batch_subject(post);
    if (subject == NULL) {
        return ERR_OK;
    }
    if (replay->retracts_count == replay->retracts_cap) {
        size_t cap = replay->retracts_cap == 0 ? 16 : replay->retracts_cap * 2;
        struct retract *grown = realloc(replay->retracts, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        replay->retracts = grown;
        replay->retracts_cap = cap;
    }
    replay->retracts[replay->retracts_count++] =
        (struct retract){.subject = *subject, .author = post->author};
    return index_retract_add(replay->index, subject, &post->author);
}

static enum err_code on_record(void *context, const struct segment_record *record)
{
    struct replay *replay = context;
    struct post post;
    struct index_place place;
    if (record->number > INDEX_POSITION_MAX || record->plain.len > POST_WIRE_MAX ||
        post_decode(&post, record->plain) != ERR_OK) {
        replay->damaged_count++;
        return ERR_OK;
    }
    if (index_find(replay->index, &place, &post.id)) {
        /* A batch whose outcome was not known was put again after reopening. */
        return ERR_OK;
    }
    place = (struct index_place){
        .position = record->number,
    };
    enum err_code rc = index_add(replay->index, &post, &place);
    if (rc == ERR_OK) {
        store_words_begin(replay->words);
        rc = store_words_prepare(replay->words, &post);
    }
    if (rc == ERR_OK) {
        rc = store_words_add(replay->words, 0, place.position);
    }
    return rc == ERR_OK ? remember_retract(replay, &post) : rc;
}

/* Read a post's record; one that does not open is quarantined. */
static enum err_code read_place(struct store *store, struct octets_room *wire,
                                const struct index_place *place, struct err_note *note)
{
    assert(wire->cap >= POST_WIRE_MAX);
    enum err_code rc = log_read(store->log, wire, place->position, note);
    if (rc == ERR_NOT_FOUND || rc == ERR_TOO_LARGE) {
        /* What is kept here stands in the log. */
        rc = ERR_DAMAGED;
    }
    if (rc != ERR_DAMAGED) {
        return rc;
    }
    lock(store);
    struct index_place now;
    if (index_find(store->index, &now, &place->id) && now.position == place->position) {
        index_forget(store->index, place->position);
        store->quarantined_count++;
    }
    unlock(store);
    return rc;
}

/* Whether the post at place may be taken back by this author.
 *   ERR_NOT_FOUND  it may not, or cannot be read any more */
static enum err_code judge_retract(struct store *store, const struct index_place *place,
                                   const struct key *author, struct err_note *note)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct post subject;
    enum err_code rc = read_place(store, &wire, place, note);
    if (rc == ERR_DAMAGED) {
        /* No longer known: it is judged when it comes again. */
        return ERR_NOT_FOUND;
    }
    if (rc != ERR_OK) {
        return rc;
    }
    bool takes_back = post_decode(&subject, octets_of(wire.at, wire.len)) == ERR_OK &&
                      store_batch_takes_back(&subject, author);
    return takes_back ? ERR_OK : ERR_NOT_FOUND;
}

static enum err_code judge_replayed(struct store *store, const struct replay *replay,
                                    struct err_note *note)
{
    for (size_t i = 0; i < replay->retracts_count; i++) {
        struct index_place place;
        if (!index_find(store->index, &place, &replay->retracts[i].subject) ||
            place.state != INDEX_KEPT) {
            continue;
        }
        enum err_code rc = judge_retract(store, &place, &replay->retracts[i].author, note);
        if (rc == ERR_OK) {
            index_drop(store->index, place.position);
        } else if (rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    return ERR_OK;
}

static enum err_code replay_log(struct store *store, struct files *files, const uint8_t key[32],
                                struct err_note *note)
{
    struct replay replay = {.index = store->index, .words = &store->words};
    uint64_t damaged_count = 0;
    enum err_code rc =
        log_open(&store->log, &damaged_count, files, FOLDER, key,
                 &(struct log_replay){.context = &replay, .on_record = on_record}, note);
    if (rc == ERR_OK) {
        store->end = log_end(store->log);
        store->quarantined_count = damaged_count + replay.damaged_count;
        rc = judge_replayed(store, &replay, note);
    }
    free(replay.retracts);
    return rc;
}

enum err_code store_open(struct store **store, struct files *files, const uint8_t key[32],
                         enum store_kind kind, struct err_note *note)
{
    if (sodium_init() < 0) {
        return err_note(note, ERR_IO, "libsodium did not start");
    }
    struct store *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    if (pthread_mutex_init(&opened->lock, NULL) != 0) {
        free(opened);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    store_words_init(&opened->words, kind);
    enum err_code rc = index_new(&opened->index);
    if (rc == ERR_OK) {
        rc = replay_log(opened, files, key, note);
    }
    if (rc != ERR_OK) {
        store_close(opened);
        return err_note(note, rc, "opening the store");
    }
    *store = opened;
    return ERR_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    log_close(store->log);
    index_free(store->index);
    store_words_close(&store->words);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}

/* What to do with one post of a batch, as far as the index knows. */
static enum store_put_result judge_post(struct store *store, const struct post *post,
                                        uint64_t now_s)
{
    struct index_place place;
    if (index_find(store->index, &place, &post->id)) {
        return place.state == INDEX_KEPT ? STORE_THERE : STORE_REFUSED;
    }
    bool expired = post->expires_s != 0 && now_s >= post->expires_s;
    bool retracted = store_batch_takes_back(post, &post->author) &&
                     index_retract_has(store->index, &post->id, &post->author);
    return expired || retracted ? STORE_REFUSED : STORE_NEW;
}

static enum err_code judge_batch(struct store *store, enum store_put_result *results,
                                 const struct post *posts, size_t count, uint64_t now_s)
{
    struct store_batch *batch = &store->batch;
    store_batch_clear(batch);
    enum err_code rc = ERR_OK;
    lock(store);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        if (store_batch_has(batch, posts, &posts[i].id)) {
            results[i] = STORE_THERE;
            continue;
        }
        results[i] = judge_post(store, &posts[i], now_s);
        if (results[i] == STORE_REFUSED) {
            rc = index_refused_add(store->index, &posts[i].id);
            continue;
        }
        if (results[i] == STORE_NEW) {
            store_batch_add(batch, posts, i);
            const struct post_id *subject = store_batch_subject(&posts[i]);
            rc = subject == NULL ? ERR_OK
                                 : index_retract_add(store->index, subject, &posts[i].author);
        }
    }
    unlock(store);
    return rc;
}

/* Which of the batch's retracts take back what is in the store already: read before anything is
 * written, so that a post and its retract never stand side by side. */
static enum err_code judge_retracts(struct store *store, const struct post *posts,
                                    struct err_note *note)
{
    struct store_batch *batch = &store->batch;
    for (size_t i = 0; i < batch->fresh_count; i++) {
        const struct post *post = &posts[batch->fresh[i]];
        const struct post_id *subject = store_batch_subject(post);
        batch->drops[i] = false;
        if (subject == NULL) {
            continue;
        }
        struct index_place place;
        lock(store);
        bool kept = index_find(store->index, &place, subject) && place.state == INDEX_KEPT;
        unlock(store);
        if (!kept) {
            const struct post *beside = store_batch_find(batch, posts, subject);
            batch->drops[i] = beside != NULL && store_batch_takes_back(beside, &post->author);
            continue;
        }
        enum err_code rc = judge_retract(store, &place, &post->author, note);
        if (rc != ERR_OK && rc != ERR_NOT_FOUND) {
            return rc;
        }
        batch->drops[i] = rc == ERR_OK;
    }
    return ERR_OK;
}

/* Seal and append the batch's posts; big ones are synced in parts, which keeps a segment's end near
 * its bound.  Nothing is indexed before all of them are durable. */
static enum err_code write_batch(struct store *store, const struct octets *wires,
                                 struct err_note *note)
{
    struct store_batch *batch = &store->batch;
    if (store->end + batch->fresh_count > INDEX_POSITION_MAX) {
        return err_note(note, ERR_NO_SPACE, "the store holds as many posts as it can");
    }
    size_t i = 0;
    while (i < batch->fresh_count) {
        enum err_code rc = log_begin(store->log, WRITE_MAX, note);
        for (size_t len = 0;
             i < batch->fresh_count && len + POST_WIRE_MAX <= WRITE_MAX && rc == ERR_OK; i++) {
            const struct octets *wire = &wires[batch->fresh[i]];
            rc = log_add(store->log, &batch->places[i].position, *wire, note);
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

static enum err_code index_batch(struct store *store, const struct post *posts)
{
    struct store_batch *batch = &store->batch;
    enum err_code rc = ERR_OK;
    store_words_begin(&store->words);
    for (size_t i = 0; i < batch->fresh_count && rc == ERR_OK; i++) {
        rc = store_words_prepare(&store->words, &posts[batch->fresh[i]]);
    }
    lock(store);
    for (size_t i = 0; i < batch->fresh_count && rc == ERR_OK; i++) {
        rc = index_add(store->index, &posts[batch->fresh[i]], &batch->places[i]);
        if (rc == ERR_OK) {
            rc = store_words_add(&store->words, i, batch->places[i].position);
        }
    }
    for (size_t i = 0; i < batch->fresh_count && rc == ERR_OK; i++) {
        struct index_place place;
        const struct post_id *subject = store_batch_subject(&posts[batch->fresh[i]]);
        if (batch->drops[i] && index_find(store->index, &place, subject)) {
            index_drop(store->index, place.position);
        }
    }
    store->end = log_end(store->log);
    unlock(store);
    return rc;
}

enum err_code store_put(struct store *store, enum store_put_result *results,
                        const struct post *posts, const struct octets *wires, size_t count,
                        uint64_t now_s, struct err_note *note)
{
    assert(count <= STORE_BATCH_MAX);
    if (store->failure != ERR_OK) {
        return err_note(note, store->failure, "the store refuses posts since an error");
    }
    enum err_code rc = judge_batch(store, results, posts, count, now_s);
    if (rc == ERR_OK && store->batch.fresh_count > 0) {
        rc = judge_retracts(store, posts, note);
        if (rc == ERR_OK) {
            rc = write_batch(store, wires, note);
        }
        if (rc == ERR_OK) {
            rc = index_batch(store, posts);
        }
    }
    if (rc != ERR_OK) {
        /* What stands in the log now is known only by reading it again. */
        store->failure = rc;
        return err_note(note, rc, "storing posts");
    }
    return ERR_OK;
}

void store_known(struct store *store, bool *known, const struct post_id *ids, size_t count)
{
    struct index_place place;
    lock(store);
    for (size_t i = 0; i < count; i++) {
        known[i] =
            index_find(store->index, &place, &ids[i]) || index_refused_has(store->index, &ids[i]);
    }
    unlock(store);
}

enum err_code store_body(struct store *store, struct octets_room *wire, const struct post_id *id,
                         struct err_note *note)
{
    struct index_place place;
    lock(store);
    bool kept = index_find(store->index, &place, id) && place.state == INDEX_KEPT;
    unlock(store);
    return kept ? read_place(store, wire, &place, note) : ERR_NOT_FOUND;
}

enum err_code store_next(struct store *store, struct octets_room *wire, uint64_t *at,
                         uint64_t *position, struct err_note *note)
{
    uint64_t from = *position;
    for (;;) {
        struct index_place place;
        lock(store);
        bool found = index_next(store->index, &place, from, store->end);
        unlock(store);
        if (!found) {
            return ERR_NOT_FOUND;
        }
        struct err_note read_note = {{0}};
        enum err_code rc = read_place(store, wire, &place, &read_note);
        if (rc == ERR_OK) {
            *at = place.position;
            *position = place.position + 1;
            return ERR_OK;
        }
        if (rc != ERR_DAMAGED) {
            return err_note(note, rc, "%s", read_note.text);
        }
        from = place.position + 1;
    }
}

enum err_code store_at(struct store *store, struct octets_room *wire, uint64_t at,
                       struct err_note *note)
{
    struct index_place place;
    lock(store);
    bool kept =
        at < store->end && index_next(store->index, &place, at, at + 1) && place.position == at;
    unlock(store);
    return kept ? read_place(store, wire, &place, note) : ERR_NOT_FOUND;
}

enum err_code store_search(struct store *store, struct found *found, enum store_search search,
                           struct octets folded, struct err_note *note)
{
    lock(store);
    enum err_code rc = store_words_find(&store->words, found, search, folded, store->end);
    unlock(store);
    return rc == ERR_OK ? rc : err_note(note, rc, "looking up words");
}

uint64_t store_end(struct store *store)
{
    lock(store);
    uint64_t end = store->end;
    unlock(store);
    return end;
}

void store_midnight(struct store *store, uint64_t now_s)
{
    lock(store);
    index_midnight(store->index, now_s);
    unlock(store);
}

void store_answer(struct store *store, struct negentropy_results *results,
                  const struct negentropy_batch *batch)
{
    results->answers_count = 0;
    results->items_count = 0;
    bool answered = true;
    /* The set may change between two queries, as it may between two batches; readers and the
     * thread that puts need not wait for a whole batch. */
    while (answered && results->answers_count < batch->queries_count) {
        lock(store);
        answered = index_answer(store->index, results, batch);
        unlock(store);
    }
}

struct store_stats store_stats(struct store *store)
{
    uint64_t disk_len = log_disk_len(store->log);
    lock(store);
    struct store_stats stats = {
        .posts_count = index_kept_count(store->index),
        .records_count = store->end,
        .disk_len = disk_len,
        .quarantined_count = store->quarantined_count,
    };
    unlock(store);
    return stats;
}
