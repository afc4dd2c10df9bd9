/* light_store.h - what thousands of simulated nodes keep: which posts each has, and the posts
 * themselves once for all.  It loses nothing and answers what an engine asks.
 *
 * For tests.  Running out of memory aborts. */
#ifndef KITH_TESTS_SUPPORT_LIGHT_STORE_H
#define KITH_TESTS_SUPPORT_LIGHT_STORE_H

#include "proto/negentropy_query.h"
#include "proto/octets.h"
#include "proto/post.h"

#define LIGHT_NONE UINT32_MAX

struct light_post {
    struct post_id id;
    uint64_t created_s;
    uint8_t *wire;
    size_t wire_len;
};

/* Every post there is, numbered; start it zeroed. */
struct light_posts {
    struct light_post *at;
    uint32_t count;
    uint32_t cap;
    uint32_t *places; /* a hash table of numbers */
    uint32_t places_cap;
};

void light_posts_free(struct light_posts *posts);
/* The number of a post, or LIGHT_NONE. */
uint32_t light_posts_find(const struct light_posts *posts, const struct post_id *id);

/* What one node has; start it zeroed. */
struct light_store {
    uint64_t *has;    /* a bit for each number */
    uint32_t words;   /* of has */
    uint32_t *sorted; /* numbers by (created_s, id) */
    uint32_t count;
    uint32_t cap;
};

void light_store_free(struct light_store *store);
/* Whether it is new here. */
bool light_store_put(struct light_store *store, struct light_posts *posts, const struct post *post,
                     struct octets wire);
bool light_store_has(const struct light_store *store, const struct light_posts *posts,
                     const struct post_id *id);
void light_store_answer(const struct light_store *store, const struct light_posts *posts,
                        struct negentropy_results *results, const struct negentropy_batch *batch);

#endif
