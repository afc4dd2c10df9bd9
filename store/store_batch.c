#include "store/store_batch.h"

void store_batch_clear(struct store_batch *batch)
{
    memset(batch->slots, 0, sizeof batch->slots);
    batch->fresh_count = 0;
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
    batch->fresh[batch->fresh_count] = (uint16_t)at;
    batch->fresh_count++;
    batch->slots[slot] = (uint16_t)batch->fresh_count;
}

const struct post *store_batch_find(const struct store_batch *batch, const struct post *posts,
                                    const struct post_id *id)
{
    uint16_t found = batch->slots[probe(batch, posts, id)];
    return found == 0 ? NULL : &posts[batch->fresh[found - 1]];
}

bool store_batch_has(const struct store_batch *batch, const struct post *posts,
                     const struct post_id *id)
{
    return store_batch_find(batch, posts, id) != NULL;
}

const struct post_id *store_batch_subject(const struct post *post)
{
    return post->kind == POST_RETRACT && post->known ? post_ref_of(post, POST_SUBJECT) : NULL;
}

bool store_batch_takes_back(const struct post *post, const struct key *author)
{
    /* Were retracts taken back, what is in a set would depend on the order of arrival. */
    return post->kind != POST_RETRACT && post->kind != POST_VOICE &&
           key_equal(&post->author, author);
}
