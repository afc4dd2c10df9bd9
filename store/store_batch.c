#include "store/store_batch.h"

#include <stdlib.h>

void store_batch_clear(struct store_batch *batch)
{
    memset(batch->slots, 0, sizeof batch->slots);
    batch->fresh_count = 0;
    batch->retracts_count = 0;
    batch->drops.count = 0;
}

void store_batch_free(struct store_batch *batch)
{
    if (batch != NULL) {
        free(batch->drops.places);
        free(batch);
    }
}

/* Ids that collide here cost one batch at most STORE_BATCH_MAX steps each. */
static size_t probe(const struct store_batch *batch, const struct post *posts,
                    const struct post_id *id)
{
    size_t at = octets_get_u32be(id->octets) % STORE_BATCH_SLOTS;
    while (batch->slots[at] != 0 &&
           !post_id_equal(&posts[batch->fresh[batch->slots[at] - 1]].id, id)) {
        at = (at + 1) % STORE_BATCH_SLOTS;
    }
    return at;
}

void store_batch_add(struct store_batch *batch, const struct post *posts, size_t at)
{
    assert(batch->fresh_count < STORE_BATCH_MAX);
    size_t slot = probe(batch, posts, &posts[at].id);
    if (index_row_subject(&posts[at]) != NULL) {
        batch->retracts[batch->retracts_count++] = (uint16_t)batch->fresh_count;
    }
    batch->fresh[batch->fresh_count] = (uint16_t)at;
    batch->fresh_count++;
    batch->slots[slot] = (uint16_t)batch->fresh_count;
}

bool store_batch_find(const struct store_batch *batch, size_t *fresh, const struct post *posts,
                      const struct post_id *id)
{
    uint16_t found = batch->slots[probe(batch, posts, id)];
    if (found != 0) {
        *fresh = found - 1u;
    }
    return found != 0;
}

bool store_batch_retracts(const struct store_batch *batch, const struct post *posts,
                          const struct post *post)
{
    for (size_t i = 0; i < batch->retracts_count; i++) {
        const struct post *retract = &posts[batch->fresh[batch->retracts[i]]];
        if (post_id_equal(index_row_subject(retract), &post->id) &&
            store_batch_takes_back(post, &retract->author)) {
            return true;
        }
    }
    return false;
}

enum err_code store_batch_drop(struct store_batch *batch, const struct index_place *place)
{
    if (batch->drops.count == batch->drops_cap) {
        size_t cap = batch->drops_cap == 0 ? 16 : batch->drops_cap * 2;
        struct index_place *grown = realloc(batch->drops.places, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        batch->drops.places = grown;
        batch->drops_cap = cap;
    }
    batch->drops.places[batch->drops.count++] = *place;
    return ERR_OK;
}

bool store_batch_takes_back(const struct post *post, const struct key *author)
{
    return !index_row_fixed(post) && key_equal(&post->author, author);
}
