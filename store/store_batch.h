/* store_batch.h - what a put keeps track of while it works on one batch. */
#ifndef KITH_STORE_STORE_BATCH_H
#define KITH_STORE_STORE_BATCH_H

#include "proto/post.h"
#include "store/index.h"
#include "store/store.h"

#define STORE_BATCH_SLOTS ((size_t)2 * STORE_BATCH_MAX)

struct store_batch {
    uint16_t slots[STORE_BATCH_SLOTS]; /* by id: index into fresh + 1; 0: empty */
    uint16_t fresh[STORE_BATCH_MAX];   /* indexes of the posts to write, in order */
    size_t fresh_count;
    struct index_place places[STORE_BATCH_MAX]; /* of fresh */
    bool drops[STORE_BATCH_MAX];                /* of fresh: a retract that takes its subject out */
};

void store_batch_clear(struct store_batch *batch);
/* posts[at] is to be written. */
void store_batch_add(struct store_batch *batch, const struct post *posts, size_t at);
/* The post with this id that is to be written, or NULL. */
const struct post *store_batch_find(const struct store_batch *batch, const struct post *posts,
                                    const struct post_id *id);
bool store_batch_has(const struct store_batch *batch, const struct post *posts,
                     const struct post_id *id);

/* What a retract names; NULL for every other post. */
const struct post_id *store_batch_subject(const struct post *post);
/* Whether a retract by this author takes the post back. */
bool store_batch_takes_back(const struct post *post, const struct key *author);

#endif
