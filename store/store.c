#include "store/store.h"

#include "store/store_inner.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define LOG_FOLDER   "log"
#define INDEX_FOLDER "index"

void store_lock(struct store *store)
{
    int rc = pthread_mutex_lock(&store->lock);
    assert(rc == 0);
    (void)rc;
}

void store_unlock(struct store *store)
{
    int rc = pthread_mutex_unlock(&store->lock);
    assert(rc == 0);
    (void)rc;
}

/* ---- Opening ------------------------------------------------------------------------------ */

struct replay {
    struct index *index;
    struct set_names *names; /* NULL, where memory lacks: it only takes longer */
    uint64_t damaged_count;
    struct err_note *note;
};

static enum err_code on_record(void *context, const struct segment_record *record)
{
    struct replay *replay = context;
    struct post post;
    if (record->number > INDEX_POSITION_MAX || record->plain.len > POST_WIRE_MAX ||
        post_decode(&post, record->plain) != ERR_OK) {
        replay->damaged_count++;
        return ERR_OK;
    }
    return index_replay(replay->index, replay->names, &post, record->number, replay->note);
}

static enum err_code replay_log(struct store *store, struct files *files, const uint8_t key[32],
                                struct err_note *note)
{
    struct replay replay = {
        .index = store->index, .names = calloc(1, sizeof *replay.names), .note = note};
    uint64_t damaged_count = 0;
    enum err_code rc = log_open(&store->log, &damaged_count, files, store->log_folder, key,
                                &(struct log_replay){.context = &replay,
                                                     .from = index_covered(store->index),
                                                     .on_record = on_record},
                                note);
    free(replay.names);
    if (rc == ERR_OK) {
        store->end = log_end(store->log);
        store->quarantined_count = damaged_count + replay.damaged_count;
    }
    return rc;
}

/* What the index says of the log it was made from; a replay writes runs, and then it says another
 * thing. */
struct witness {
    uint64_t covered;
    bool is_there;
    uint64_t position;
    struct post_id id;
};

static struct witness witness_of(struct index *index)
{
    struct witness witness = {.covered = index_covered(index)};
    witness.is_there = index_witness(index, &witness.position, &witness.id);
    return witness;
}

/* Whether the index was made from this log: a home may have been put together from copies.
 *   ERR_REFUSED  it was not */
static enum err_code check_witness(struct store *store, const struct witness *witness,
                                   struct err_note *note)
{
    if (store->end < witness->covered) {
        return ERR_REFUSED;
    }
    if (!witness->is_there) {
        return ERR_OK;
    }
    uint8_t *room = malloc(POST_WIRE_MAX);
    if (room == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    struct octets_room wire = {.at = room, .cap = POST_WIRE_MAX};
    struct err_note why = {{0}};
    struct post post;
    enum err_code rc = log_read(store->log, &wire, witness->position, &why);
    if (rc == ERR_OK) {
        bool same = post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK &&
                    post_id_equal(&post.id, &witness->id);
        rc = same ? ERR_OK : ERR_REFUSED;
    } else if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED || rc == ERR_TOO_LARGE) {
        rc = ERR_OK; /* purged, or lost since: it tells nothing */
    } else {
        (void)err_note(note, rc, "%s", why.text);
    }
    free(room);
    return rc;
}

static enum err_code open_log(struct store *store, struct files *files, const uint8_t key[32],
                              struct err_note *note)
{
    struct witness witness = witness_of(store->index);
    enum err_code rc = replay_log(store, files, key, note);
    if (rc == ERR_OK) {
        rc = check_witness(store, &witness, note);
    }
    if (rc == ERR_REFUSED) {
        log_close(store->log);
        store->log = NULL;
        store->is_behind = true;
        rc = index_clear(store->index, note);
        if (rc == ERR_OK) {
            rc = replay_log(store, files, key, note);
        }
    }
    return rc == ERR_OK ? index_repair(store->index, note) : rc;
}

static enum err_code read_again(void *context, struct octets_room *wire, uint64_t position,
                                struct err_note *note)
{
    struct store *store = context;
    enum err_code rc = log_read(store->log, wire, position, note);
    return rc == ERR_TOO_LARGE ? ERR_DAMAGED : rc;
}

static enum err_code words_again(void *context, struct index_row *row, const struct post *post)
{
    struct store *store = context;
    store_words_begin(&store->words_again);
    enum err_code rc = store_words_prepare(&store->words_again, post);
    if (rc == ERR_OK) {
        store_words_of(&store->words_again, row, 0);
    }
    return rc;
}

static enum err_code open_index(struct store *store, struct files *files, const uint8_t key[32],
                                const struct store_options *options, struct err_note *note)
{
    struct index_config config = {.files = files,
                                  .folder = options->index_folder != NULL ? options->index_folder
                                                                          : INDEX_FOLDER,
                                  .key = key,
                                  .words = options->kind == STORE_READ,
                                  .table_max = options->table_max,
                                  .read = read_again,
                                  .words_of = words_again,
                                  .context = store};
    enum err_code rc = index_open(&store->index, &config, note);
    if (rc == ERR_OK) {
        store_words_init(&store->words, options->kind, index_hash(store->index));
        store_words_init(&store->words_again, options->kind, index_hash(store->index));
    }
    return rc;
}

enum err_code store_open_with(struct store **store, struct files *files, const uint8_t key[32],
                              const struct store_options *options, struct err_note *note)
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
    if (pthread_mutex_init(&opened->tending, NULL) != 0) {
        (void)pthread_mutex_destroy(&opened->lock);
        free(opened);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    if (store_recent_init(&opened->recent, options->kind == STORE_READ && !options->always_reads) !=
        ERR_OK) {
        (void)pthread_mutex_destroy(&opened->lock);
        (void)pthread_mutex_destroy(&opened->tending);
        free(opened);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    opened->kind = options->kind;
    opened->files = files;
    opened->log_folder = options->log_folder != NULL ? options->log_folder : LOG_FOLDER;
    opened->settled_s = UINT64_MAX;
    opened->has_lasting = options->lasting != NULL;
    if (opened->has_lasting) {
        opened->lasting = *options->lasting;
    }
    enum err_code rc = open_index(opened, files, key, options, note);
    if (rc == ERR_OK) {
        rc = open_log(opened, files, key, note);
    }
    if (rc == ERR_OK) {
        rc = store_retention_load(opened, key, note);
    }
    if (rc != ERR_OK) {
        store_close(opened);
        return err_note(note, rc, "opening the store");
    }
    *store = opened;
    return ERR_OK;
}

enum err_code store_open(struct store **store, struct files *files, const uint8_t key[32],
                         enum store_kind kind, struct err_note *note)
{
    return store_open_with(store, files, key, &(struct store_options){.kind = kind}, note);
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    store_purge_close(&store->purge);
    store_retention_close(store);
    quota_free(store->quota);
    index_close(store->index);
    log_close(store->log);
    store_batch_free(store->batch);
    store_words_close(&store->words);
    store_words_close(&store->words_again);
    store_recent_close(&store->recent);
    (void)pthread_mutex_destroy(&store->lock);
    (void)pthread_mutex_destroy(&store->tending);
    free(store);
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* What was kept a moment ago does not read: it was taken back meanwhile, or it is damaged and
 * quarantined. */
static enum err_code judge_unreadable(struct store *store, const struct index_place *place,
                                      struct err_note *note)
{
    struct index_place now;
    enum err_code rc = store_find_next(store, &now, place->position, place->position + 1, note);
    if (rc == ERR_OK) {
        rc = index_forget(store->index, &now, note);
        if (rc == ERR_OK) {
            store_lock(store);
            store->quarantined_count++;
            store_unlock(store);
            rc = err_note(note, ERR_DAMAGED, "a post is damaged");
        }
    }
    return rc;
}

static enum err_code read_place(struct store *store, struct octets_room *wire,
                                const struct index_place *place, struct err_note *note)
{
    assert(wire->cap >= POST_WIRE_MAX);
    struct err_note why = {{0}};
    enum err_code rc = log_read(store->log, wire, place->position, &why);
    if (rc == ERR_NOT_FOUND || rc == ERR_TOO_LARGE || rc == ERR_DAMAGED) {
        return judge_unreadable(store, place, note);
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "%s", why.text);
}

enum err_code store_known(struct store *store, bool *known, const struct post_id *ids, size_t count,
                          struct err_note *note)
{
    struct index_place *places = calloc(count + 1, sizeof *places);
    if (places == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = store_find(store, known, places, ids, count, note);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        known[i] = known[i] || index_refused_has(store->index, &ids[i]);
    }
    free(places);
    return rc;
}

enum err_code store_fate(struct store *store, enum store_fate *fate, const struct post_id *id,
                         const struct key *author, struct err_note *note)
{
    struct index_place place;
    bool found;
    bool retracted = false;
    enum err_code rc = store_find(store, &found, &place, id, 1, note);
    bool kept = rc == ERR_OK && found && place.state == INDEX_KEPT;
    if (rc == ERR_OK && !kept) {
        rc = store_has_retract(store, &retracted, id, author, note);
    }
    if (rc == ERR_OK) {
        *fate = kept        ? STORE_KEPT
                : retracted ? STORE_TAKEN_BACK
                : found     ? STORE_LEFT
                            : STORE_ABSENT;
    }
    return rc;
}

static enum err_code find_kept(struct store *store, struct index_place *place,
                               const struct post_id *id, struct err_note *note)
{
    bool found = false;
    enum err_code rc = store_find(store, &found, place, id, 1, note);
    return rc == ERR_OK && !(found && place->state == INDEX_KEPT) ? ERR_NOT_FOUND : rc;
}

enum err_code store_body(struct store *store, struct octets_room *wire, const struct post_id *id,
                         struct err_note *note)
{
    struct index_place place;
    enum err_code rc = find_kept(store, &place, id, note);
    return rc == ERR_OK ? read_place(store, wire, &place, note) : rc;
}

enum err_code store_serve(struct store *store, struct octets_room *wire, const struct post_id *id,
                          struct err_note *note)
{
    struct index_place place;
    struct post post;
    uint64_t floor_s = store_floor(store);
    enum err_code rc = find_kept(store, &place, id, note);
    rc = rc == ERR_OK ? read_place(store, wire, &place, note) : rc;
    if (rc == ERR_OK && place.created_s < floor_s &&
        (post_decode(&post, octets_of(wire->at, wire->len)) != ERR_OK ||
         store_is_below(store, &post, floor_s))) {
        rc = ERR_NOT_FOUND;
    }
    return rc;
}

enum err_code store_position(struct store *store, uint64_t *at, const struct post_id *id,
                             struct err_note *note)
{
    struct index_place place;
    enum err_code rc = find_kept(store, &place, id, note);
    if (rc != ERR_NOT_FOUND) {
        *at = rc == ERR_OK ? place.position : 0;
    }
    return rc;
}

enum err_code store_next(struct store *store, struct octets_room *wire, uint64_t *at,
                         uint64_t *position, struct err_note *note)
{
    uint64_t end = store_end(store);
    uint64_t from = *position;
    for (;;) {
        struct index_place place;
        enum err_code rc = store_find_next(store, &place, from, end, note);
        if (rc != ERR_OK) {
            return rc;
        }
        struct err_note read_note = {{0}};
        if (!store_recent_get(&store->recent, wire, place.position, &place.id)) {
            rc = read_place(store, wire, &place, &read_note);
        }
        if (rc == ERR_OK) {
            *at = place.position;
            *position = place.position + 1;
            return ERR_OK;
        }
        if (rc != ERR_DAMAGED && rc != ERR_NOT_FOUND) {
            return err_note(note, rc, "%s", read_note.text);
        }
        from = place.position + 1;
    }
}

enum err_code store_decode(struct store *store, struct post *post, struct octets wire, uint64_t at)
{
    struct post_id id;
    return store_recent_id(&store->recent, &id, at) ? post_decode_again(post, wire, &id)
                                                    : post_decode(post, wire);
}

enum err_code store_at(struct store *store, struct octets_room *wire, uint64_t at,
                       struct err_note *note)
{
    struct index_place place;
    if (at >= store_end(store)) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = store_find_next(store, &place, at, at + 1, note);
    return rc == ERR_OK ? read_place(store, wire, &place, note) : rc;
}

uint64_t store_end(struct store *store)
{
    store_lock(store);
    uint64_t end = store->end;
    store_unlock(store);
    return end;
}

void store_log_id(struct store *store, uint8_t out[STORE_LOG_ID_LEN])
{
    static_assert(STORE_LOG_ID_LEN == LOG_ID_LEN, "it is the log's");
    log_id(store->log, out);
}

struct store_stats store_stats(struct store *store)
{
    struct store_stats stats = {
        .posts_count = index_kept_count(store->index),
        .disk_len = log_disk_len(store->log) + index_disk_len(store->index),
    };
    store_lock(store);
    stats.records_count = store->end;
    stats.quarantined_count = store->quarantined_count;
    stats.is_behind = store->is_behind;
    store_unlock(store);
    return stats;
}
