/* store_batch.h - what a put keeps track of while it works on one batch. */
#ifndef KITH_STORE_STORE_BATCH_H
#define KITH_STORE_STORE_BATCH_H

#include "proto/post.h"
#include "store/index.h"
#include "store/set_names.h"
#include "store/store.h"

#define STORE_BATCH_SLOTS ((size_t)2 * STORE_BATCH_MAX)

struct store_batch {
    uint16_t slots[STORE_BATCH_SLOTS]; /* by id: index into fresh + 1; 0: empty */
    uint16_t fresh[STORE_BATCH_MAX];   /* indexes of the posts to write, in order */
    size_t fresh_count;
    uint64_t positions[STORE_BATCH_MAX]; /* of fresh */
    uint16_t retracts[STORE_BATCH_MAX];  /* of fresh: those that name a subject, in order */
    size_t retracts_count;
    struct index_drops drops; /* whom the retracts take back */
    size_t drops_cap;
    struct set_names names; /* kept from batch to batch */
};

void store_batch_clear(struct store_batch *batch);
void store_batch_free(struct store_batch *batch);
/* posts[at] is to be written. */
void store_batch_add(struct store_batch *batch, const struct post *posts, size_t at);
/* Which of fresh has this id; false where none has. */
bool store_batch_find(const struct store_batch *batch, size_t *fresh, const struct post *posts,
                      const struct post_id *id);
/* Whether a retract that is to be written takes this post back. */
bool store_batch_retracts(const struct store_batch *batch, const struct post *posts,
                          const struct post *post);
/*   ERR_NO_MEMORY */
MUST_USE enum err_code store_batch_drop(struct store_batch *batch, const struct index_place *place);

/* Whether a retract by this author takes the post back. */
bool store_batch_takes_back(const struct post *post, const struct key *author);

#endif
