#include "tests/support/light_store.h"

#include <stdlib.h>

#include "tests/support/sorted_set.h"

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* Ids are hashes already. */
static uint32_t place_of(const struct light_posts *posts, const struct post_id *id)
{
    uint32_t place = octets_get_u32be(id->octets) & (posts->places_cap - 1);
    while (posts->places[place] != LIGHT_NONE &&
           !post_id_equal(&posts->at[posts->places[place]].id, id)) {
        place = (place + 1) & (posts->places_cap - 1);
    }
    return place;
}

uint32_t light_posts_find(const struct light_posts *posts, const struct post_id *id)
{
    return posts->places_cap == 0 ? LIGHT_NONE : posts->places[place_of(posts, id)];
}

static void grow(struct light_posts *posts)
{
    posts->cap = posts->cap == 0 ? 64 : 2 * posts->cap;
    posts->at = must(realloc(posts->at, posts->cap * sizeof *posts->at));
    posts->places_cap = 4 * posts->cap;
    posts->places = must(realloc(posts->places, posts->places_cap * sizeof *posts->places));
    for (uint32_t p = 0; p < posts->places_cap; p++) {
        posts->places[p] = LIGHT_NONE;
    }
    for (uint32_t number = 0; number < posts->count; number++) {
        posts->places[place_of(posts, &posts->at[number].id)] = number;
    }
}

static uint32_t add(struct light_posts *posts, const struct post *post, struct octets wire)
{
    if (posts->count == posts->cap) {
        grow(posts);
    }
    uint32_t place = place_of(posts, &post->id);
    if (posts->places[place] == LIGHT_NONE) {
        struct light_post *new_post = &posts->at[posts->count];
        *new_post = (struct light_post){.id = post->id,
                                        .created_s = post->created_s,
                                        .wire = must(malloc(wire.len)),
                                        .wire_len = wire.len};
        memcpy(new_post->wire, wire.at, wire.len);
        posts->places[place] = posts->count++;
    }
    return posts->places[place];
}

void light_posts_free(struct light_posts *posts)
{
    for (uint32_t number = 0; number < posts->count; number++) {
        free(posts->at[number].wire);
    }
    free(posts->at);
    free(posts->places);
    *posts = (struct light_posts){.at = NULL};
}

void light_store_free(struct light_store *store)
{
    free(store->has);
    free(store->sorted);
    *store = (struct light_store){.has = NULL};
}

static bool has(const struct light_store *store, uint32_t number)
{
    return number / 64 < store->words && ((store->has[number / 64] >> (number % 64)) & 1) != 0;
}

bool light_store_has(const struct light_store *store, const struct light_posts *posts,
                     const struct post_id *id)
{
    uint32_t number = light_posts_find(posts, id);
    return number != LIGHT_NONE && has(store, number);
}

static bool is_below(const struct light_post *a, const struct light_post *b)
{
    return a->created_s != b->created_s ? a->created_s < b->created_s
                                        : post_id_compare(&a->id, &b->id) < 0;
}

/* Most posts are the newest, so the place is looked for from the end. */
static void insert(struct light_store *store, const struct light_posts *posts, uint32_t number)
{
    if (store->count == store->cap) {
        store->cap = store->cap == 0 ? 16 : 2 * store->cap;
        store->sorted = must(realloc(store->sorted, store->cap * sizeof *store->sorted));
    }
    uint32_t at = store->count++;
    while (at > 0 && is_below(&posts->at[number], &posts->at[store->sorted[at - 1]])) {
        store->sorted[at] = store->sorted[at - 1];
        at--;
    }
    store->sorted[at] = number;
}

bool light_store_put(struct light_store *store, struct light_posts *posts, const struct post *post,
                     struct octets wire)
{
    uint32_t number = add(posts, post, wire);
    if (has(store, number)) {
        return false;
    }
    while (number / 64 >= store->words) {
        uint32_t words = store->words == 0 ? 2 : 2 * store->words;
        store->has = must(realloc(store->has, words * sizeof *store->has));
        memset(store->has + store->words, 0, (words - store->words) * sizeof *store->has);
        store->words = words;
    }
    store->has[number / 64] |= UINT64_C(1) << (number % 64);
    insert(store, posts, number);
    return true;
}

void light_store_answer(const struct light_store *store, const struct light_posts *posts,
                        struct negentropy_results *results, const struct negentropy_batch *batch)
{
    struct sorted_set set;
    sorted_set_init(&set);
    for (uint32_t i = 0; i < store->count; i++) {
        const struct light_post *post = &posts->at[store->sorted[i]];
        sorted_set_add(&set, post->created_s, &post->id);
    }
    sorted_set_seal(&set);
    sorted_set_answer(&set, results, batch);
    sorted_set_close(&set);
}
