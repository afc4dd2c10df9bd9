#include "store/store_retention.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/set.h"
#include "store/profile_table.h"
#include "store/seal.h"
#include "store/store_inner.h"

#define DAY_S          86400
#define FLOOR_NAME     "floor"
#define FLOOR_PATH_MAX 64
#define MAGIC_LEN      6
#define PLAIN_LEN      (MAGIC_LEN + 3 * 8)
#define ITEMS_MAX      256
/* Where there is too much, a little more leaves, so that not every post begins it again. */
#define SPARE_PARTS 16

static const uint8_t magic[MAGIC_LEN] = {'f', 'l', 'o', 'o', 'r', 2};

void store_retain(struct store *store, const struct store_retention_rules *rules)
{
    store->retention.rules = *rules;
    store->retention.ruled = true;
}

uint64_t store_floor(struct store *store)
{
    store_lock(store);
    uint64_t floor_s = store->floor_s;
    store_unlock(store);
    return floor_s;
}

bool store_is_below(const struct store *store, const struct post *post, uint64_t floor_s)
{
    bool lasts = store->has_lasting && key_equal(&post->author, &store->lasting);
    return !lasts && post->created_s < floor_s && !post_stands(post);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct store_left store_left(struct store *store)
{
    store_lock(store);
    struct store_left left = store->left;
    store_unlock(store);
    return left;
}

void store_release(struct store *store, const struct store_left *kept)
{
    store_lock(store);
    store->released.floor_s = larger(store->released.floor_s, kept->floor_s);
    store->released.generation = larger(store->released.generation, kept->generation);
    store_unlock(store);
}

/* ---- What is written down ----------------------------------------------------------------- */

static void path_of(char path[FLOOR_PATH_MAX], const struct store *store)
{
    int len = snprintf(path, FLOOR_PATH_MAX, "%s/%s", store->log_folder, FLOOR_NAME);
    assert(len > 0 && len < FLOOR_PATH_MAX);
    (void)len;
}

enum err_code store_retention_load(struct store *store, const uint8_t key[32],
                                   struct err_note *note)
{
    store->floor_key = sodium_malloc(SEAL_KEY_LEN);
    if (store->floor_key == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    seal_derive(store->floor_key, key, "kithflor", 1);
    uint8_t *plain = NULL;
    size_t len = 0;
    struct err_note why = {{0}};
    char path[FLOOR_PATH_MAX];
    path_of(path, store);
    enum err_code rc =
        seal_read(store->files, &plain, &len, path, SEAL_FLOOR, store->floor_key, PLAIN_LEN, &why);
    if ((rc == ERR_IO || rc == ERR_PERMISSION) &&
        file_put_away(store->files, path, &why) == ERR_OK) {
        rc = ERR_DAMAGED; /* something else stands there */
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
        return ERR_OK; /* the rules raise it again */
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "%s", why.text);
    }
    /* It may have been put in place just before a crash, and peers are told of it. */
    rc = store->files->sync_dir(store->files, store->log_folder, note);
    if (rc == ERR_OK && len == PLAIN_LEN && memcmp(plain, magic, MAGIC_LEN) == 0) {
        store->floor_s = octets_get_u64be(plain + MAGIC_LEN);
        store->left.floor_s = octets_get_u64be(plain + MAGIC_LEN + 8);
        store->left.generation = octets_get_u64be(plain + MAGIC_LEN + 16);
    }
    sodium_free(plain);
    return rc;
}

void store_retention_close(struct store *store)
{
    profile_table_free(store->retention.seen);
    sodium_free(store->floor_key);
}

static enum err_code write_down(struct store *store, uint64_t floor_s,
                                const struct store_left *left, struct err_note *note)
{
    uint8_t plain[PLAIN_LEN];
    char path[FLOOR_PATH_MAX];
    bool replaced;
    path_of(path, store);
    memcpy(plain, magic, MAGIC_LEN);
    octets_put_u64be(plain + MAGIC_LEN, floor_s);
    octets_put_u64be(plain + MAGIC_LEN + 8, left->floor_s);
    octets_put_u64be(plain + MAGIC_LEN + 16, left->generation);
    enum err_code rc = seal_replace(store->files, &replaced, path, SEAL_FLOOR, store->floor_key,
                                    octets_of(plain, sizeof plain), note);
    if (rc == ERR_OK) {
        store_lock(store);
        store->floor_s = floor_s;
        store->left = *left;
        store_unlock(store);
    }
    return rc;
}

static uint64_t released_floor(struct store *store)
{
    store_lock(store);
    uint64_t floor_s = store->released.floor_s;
    store_unlock(store);
    return floor_s;
}

/* How far what is below this floor may leave. */
static struct store_left left_below(struct store *store, uint64_t floor_s)
{
    const struct store_retention *retention = &store->retention;
    store_lock(store);
    struct store_left left = store->left;
    struct store_left released = store->released;
    store_unlock(store);
    if (retention->rules.held) {
        uint64_t until_s = released.floor_s < floor_s ? released.floor_s : floor_s;
        left.floor_s = larger(left.floor_s, until_s);
        left.generation = larger(left.generation, released.generation);
    } else if (retention->ruled) {
        left.floor_s = floor_s;
    }
    return left;
}

/* To this floor where it is higher, and to what was released. */
static enum err_code rise(struct store *store, uint64_t to_s, struct err_note *note)
{
    uint64_t before_s = store_floor(store);
    struct store_left before = store_left(store);
    uint64_t released_s = released_floor(store);
    bool waits = store->retention.rules.capped && to_s > released_s;
    uint64_t floor_s = larger(before_s, waits ? released_s : to_s);
    struct store_left left = left_below(store, floor_s);
    bool same = floor_s == before_s && left.floor_s == before.floor_s &&
                left.generation == before.generation;
    return same ? ERR_OK : write_down(store, floor_s, &left, note);
}

/* ---- Where the floor belongs -------------------------------------------------------------- */

struct listing {
    struct negentropy_batch batch;
    struct negentropy_results results;
    struct negentropy_item items[ITEMS_MAX];
};

/* Posts of a set dated before until_s, from this item on. */
static enum err_code ask_set(struct store *store, struct listing *listing, uint32_t set,
                             enum negentropy_query_kind kind, const struct negentropy_item *from,
                             uint64_t until_s, struct err_note *note)
{
    const struct negentropy_item until = {.created_s = until_s};
    listing->batch.queries_count = 1;
    listing->batch.queries[0] = (struct negentropy_query){
        .kind = kind, .lower = negentropy_bound_at(from), .upper = negentropy_bound_at(&until)};
    listing->results.items = listing->items;
    listing->results.items_cap = ITEMS_MAX;
    return store_ask(store, &listing->results, set, &listing->batch, note);
}

static enum err_code ask(struct store *store, struct listing *listing,
                         enum negentropy_query_kind kind, const struct negentropy_item *from,
                         uint64_t until_s, struct err_note *note)
{
    return ask_set(store, listing, SET_ALL, kind, from, until_s, note);
}

/* How many posts of a set are dated before until_s. */
static enum err_code count_before(struct store *store, struct listing *listing, uint64_t *count,
                                  uint32_t set, uint64_t until_s, struct err_note *note)
{
    const struct negentropy_item zero = {.created_s = 0};
    enum err_code rc = ask_set(store, listing, set, NEGENTROPY_FOLD, &zero, until_s, note);
    if (rc == ERR_OK) {
        *count = listing->results.answers[0].fold.count;
    }
    return rc;
}

/* The same of those that can leave. */
static enum err_code count_leaving(struct store *store, struct listing *listing, uint64_t *count,
                                   uint64_t until_s, struct err_note *note)
{
    uint64_t all = 0;
    uint64_t standing = 0;
    enum err_code rc = count_before(store, listing, &all, SET_ALL, until_s, note);
    if (rc == ERR_OK) {
        rc = count_before(store, listing, &standing, SET_STANDING, until_s, note);
    }
    *count = all > standing ? all - standing : 0;
    return rc;
}

enum err_code store_dated(struct store *store, bool *any, uint64_t from_s, uint64_t until_s,
                          struct err_note *note)
{
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    uint64_t floor_s = store_floor(store);
    const struct negentropy_item from = {.created_s = larger(from_s, floor_s)};
    enum err_code rc =
        ask(store, listing, NEGENTROPY_FOLD, &from, larger(until_s, from.created_s), note);
    if (rc == ERR_OK) {
        *any = listing->results.answers[0].fold.count > 0;
    }
    free(listing);
    return rc;
}

/* The first day that so many posts are dated before which can leave. */
static enum err_code day_above(struct store *store, struct listing *listing, uint64_t *day,
                               uint64_t posts_count, uint64_t today, struct err_note *note)
{
    uint64_t low = 0;
    uint64_t high = today;
    enum err_code rc = ERR_OK;
    while (low < high && rc == ERR_OK) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t count = 0;
        rc = count_leaving(store, listing, &count, middle * DAY_S, note);
        if (rc == ERR_OK && count >= posts_count) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *day = high;
    return rc;
}

/* What is purged already gives its space back first. */
static bool is_settled(struct store *store)
{
    uint32_t any;
    return store->purge.rewrite == NULL && index_purgeable(store->index, &any, 1) == 0;
}

/* What stands does not leave whatever the floor: what it takes above a half of the room is not made
 * up for by what can leave. */
static uint64_t counted_len(const struct store_stats *stats, uint64_t standing_count,
                            uint64_t keep_octets)
{
    uint64_t standing_len = stats->disk_len / stats->posts_count * standing_count;
    uint64_t half = keep_octets / 2;
    return stats->disk_len - (standing_len > half ? standing_len - half : 0);
}

static enum err_code find_by_size(struct store *store, struct listing *listing, uint64_t *floor_s,
                                  uint64_t now_s, struct err_note *note)
{
    uint64_t keep_octets = store->retention.rules.keep_octets;
    struct store_stats stats = store_stats(store);
    uint64_t standing_count = 0;
    uint64_t day = 0;
    if (stats.disk_len <= keep_octets || stats.posts_count == 0) {
        return ERR_OK;
    }
    enum err_code rc =
        count_before(store, listing, &standing_count, SET_STANDING, POST_TIME_MAX, note);
    uint64_t len = counted_len(&stats, standing_count, keep_octets);
    if (rc != ERR_OK || len <= keep_octets) {
        return rc;
    }
    uint64_t excess_len = len - keep_octets + keep_octets / SPARE_PARTS;
    uint64_t post_len = stats.disk_len / stats.posts_count + 1;
    rc = day_above(store, listing, &day, excess_len / post_len + 1, now_s / DAY_S, note);
    if (rc == ERR_OK && day * DAY_S > *floor_s) {
        *floor_s = day * DAY_S;
    }
    return rc;
}

static enum err_code floor_by_size(struct store *store, uint64_t *floor_s, uint64_t now_s,
                                   struct err_note *note)
{
    if (store->retention.rules.keep_octets == 0 || !is_settled(store)) {
        return ERR_OK;
    }
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = find_by_size(store, listing, floor_s, now_s, note);
    free(listing);
    return rc;
}

/* Peers see it: nothing else than clock and rules may have a part in it. */
enum err_code store_age(struct store *store, uint64_t now_s, struct err_note *note)
{
    uint64_t settled_s = store_settled(store, now_s);
    (void)pthread_mutex_lock(&store->tending);
    uint64_t keep_s = store->retention.rules.keep_s;
    bool due = keep_s != 0 && settled_s > keep_s;
    enum err_code rc = rise(store, due ? (settled_s - keep_s) / DAY_S * DAY_S : 0, note);
    (void)pthread_mutex_unlock(&store->tending);
    return rc;
}

enum err_code store_raise(struct store *store, uint64_t floor_s, struct err_note *note)
{
    (void)pthread_mutex_lock(&store->tending);
    enum err_code rc = rise(store, floor_s - floor_s % DAY_S, note);
    (void)pthread_mutex_unlock(&store->tending);
    return rc;
}

/* ---- What leaves -------------------------------------------------------------------------- */

static enum err_code drop(struct store *store, const struct post_id *id, struct err_note *note)
{
    bool found = false;
    struct index_place place;
    enum err_code rc = store_find(store, &found, &place, id, 1, note);
    return rc == ERR_OK && found && index_in_sets(&place) ? index_drop(store->index, &place, note)
                                                          : rc;
}

/* The date and the author decide alone. */
static enum err_code drop_of_others(struct store *store, const struct post_id *id,
                                    struct err_note *note)
{
    bool found = false;
    bool lasts = false;
    struct index_place place;
    enum err_code rc = store_find(store, &found, &place, id, 1, note);
    if (rc != ERR_OK || !found || !index_in_sets(&place)) {
        return rc;
    }
    rc = store_is_by(store, &lasts, &place, &store->lasting, note);
    return rc == ERR_OK && !lasts ? index_drop(store->index, &place, note) : rc;
}

static enum err_code judge_profile(struct store *store, const struct post *post,
                                   struct err_note *note)
{
    bool had = false;
    struct post_id before;
    if (profile_table_put(store->retention.seen, &had, &before, &post->author, &post->id) !=
        ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    return had && !post_id_equal(&before, &post->id) ? drop(store, &before, note) : ERR_OK;
}

static enum err_code judge(struct store *store, const struct post_id *id, struct octets_room *wire,
                           struct err_note *note)
{
    struct post post;
    struct err_note why = {{0}};
    if (store->has_lasting) {
        return drop_of_others(store, id, note);
    }
    wire->len = 0;
    enum err_code rc = store_body(store, wire, id, &why);
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
        return ERR_OK; /* it left by itself */
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "%s", why.text);
    }
    if (post_decode(&post, octets_of(wire->at, wire->len)) != ERR_OK || !post_stands(&post)) {
        return drop(store, id, note);
    }
    /* Where somebody reads, which profile gives a name depends on what she shields. */
    return post.kind == POST_PROFILE && store->kind == STORE_UNREAD
               ? judge_profile(store, &post, note)
               : ERR_OK;
}

static enum err_code judge_listed(struct store *store, const struct listing *listing,
                                  struct err_note *note)
{
    uint8_t *room = malloc(POST_WIRE_MAX);
    if (room == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    struct octets_room wire = {.at = room, .cap = POST_WIRE_MAX};
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < listing->results.items_count && rc == ERR_OK; i++) {
        store->retention.at = listing->items[i];
        rc = judge(store, &listing->items[i].id, &wire, note);
    }
    free(room);
    return rc;
}

static enum err_code walk_on(struct store *store, struct err_note *note)
{
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    struct store_retention *retention = &store->retention;
    enum err_code rc =
        ask(store, listing, NEGENTROPY_LIST, &retention->at, retention->until_s, note);
    if (rc == ERR_OK) {
        rc = judge_listed(store, listing, note);
    }
    if (rc == ERR_OK && !listing->results.answers[0].more) {
        retention->walking = false;
        retention->walked_s = retention->until_s;
        profile_table_free(retention->seen);
        retention->seen = NULL;
    }
    free(listing);
    if (rc == ERR_OK || rc == ERR_REFUSED) {
        return ERR_OK; /* too much at once: the same goes on next time */
    }
    return err_note(note, rc, "taking out what is below the floor");
}

static enum err_code begin_walk(struct store *store, uint64_t until_s, struct err_note *note)
{
    struct store_retention *retention = &store->retention;
    retention->until_s = until_s;
    retention->at = (struct negentropy_item){.created_s = 0};
    retention->walking = true;
    profile_table_free(retention->seen);
    retention->seen = NULL;
    return profile_table_new(&retention->seen) == ERR_OK
               ? ERR_OK
               : err_note(note, ERR_NO_MEMORY, "out of memory");
}

enum err_code store_retention_slice(struct store *store, bool *more, uint64_t now_s,
                                    struct err_note *note)
{
    uint64_t floor_s = store_floor(store);
    if (store->retention.walking) {
        *more = true;
        return walk_on(store, note);
    }
    *more = false;
    enum err_code rc = floor_by_size(store, &floor_s, now_s, note);
    if (rc == ERR_OK) {
        rc = rise(store, floor_s, note);
    }
    uint64_t until_s = store_left(store).floor_s;
    if (rc == ERR_OK && until_s > store->retention.walked_s) {
        rc = begin_walk(store, until_s, note);
        *more = rc == ERR_OK;
    }
    return rc;
}
