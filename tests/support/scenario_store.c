/* What the view asks of store.h, over a list in memory.  Like the real one it drops what its author
 * takes back and refuses what comes after its retract. */
#include "tests/support/scenario.h"

#include <stdio.h>
#include <stdlib.h>

struct store {
    struct posts kept;
    bool gone[4096];
    bool careless;
};

struct store *scenario_store_new(void)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        abort();
    }
    return store;
}

void scenario_store_free(struct store *store)
{
    if (store != NULL) {
        posts_free(&store->kept);
        free(store);
    }
}

static bool takes_back(const struct post *retract, const struct post *subject)
{
    return retract->kind == POST_RETRACT && key_equal(&retract->author, &subject->author) &&
           post_id_equal(post_ref_of(retract, POST_SUBJECT), &subject->id);
}

void scenario_store_add(struct store *store, struct octets wire)
{
    struct post post;
    if (post_decode(&post, wire) != ERR_OK || store->kept.count == sizeof store->gone) {
        abort();
    }
    for (size_t i = 0; i < store->kept.count; i++) {
        struct post other = posts_decoded(&store->kept, i);
        if (takes_back(&other, &post) && !store->careless) {
            return;
        }
        store->gone[i] = store->gone[i] || takes_back(&post, &other);
    }
    posts_add(&store->kept, wire, post.id);
}

void scenario_store_lose(struct store *store, uint64_t at)
{
    store->gone[at] = true;
}

void scenario_store_careless(struct store *store)
{
    store->careless = true;
}

static void give(struct octets_room *room, struct octets wire)
{
    memcpy(room->at, wire.at, wire.len);
    room->len = wire.len;
}

enum err_code store_next(struct store *store, struct octets_room *wire, uint64_t *at,
                         uint64_t *position, struct err_note *note)
{
    (void)note;
    for (uint64_t i = *position; i < store->kept.count; i++) {
        if (!store->gone[i]) {
            give(wire, store->kept.wires[i]);
            *at = i;
            *position = i + 1;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err_code store_at(struct store *store, struct octets_room *wire, uint64_t at,
                       struct err_note *note)
{
    (void)note;
    if (at >= store->kept.count || store->gone[at]) {
        return ERR_NOT_FOUND;
    }
    give(wire, store->kept.wires[at]);
    return ERR_OK;
}

enum err_code store_decode(struct store *store, struct post *post, struct octets wire, uint64_t at)
{
    (void)store;
    (void)at;
    return post_decode(post, wire);
}

/* Like a store without words: whoever asks reads every post. */
enum err_code store_search(struct store *store, struct found *found, enum store_search search,
                           struct octets folded, struct err_note *note)
{
    (void)store;
    (void)search;
    (void)folded;
    (void)note;
    found->all = true;
    return ERR_OK;
}

uint64_t store_end(struct store *store)
{
    return store->kept.count;
}
