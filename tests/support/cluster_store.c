#include "tests/support/cluster_inner.h"

#include <assert.h>

#define TABLE_MAX 64 /* small, so that nodes write and merge runs */

static const uint8_t store_key[32] = {7};

/* As the keeper does behind the scenes: all there is to do.  A machine that fails may fail here. */
void keep_tend(struct cluster *c, uint32_t n, uint64_t now_s)
{
    enum err_code rc = ERR_OK;
    for (bool more = true; more && rc == ERR_OK;) {
        rc = store_tend(c->nodes[n].store, &more, now_s, NULL);
    }
}

static bool is_light(const struct cluster *c)
{
    return c->plan.stores == CLUSTER_STORES_LIGHT;
}

void keep_open(struct cluster *c, uint32_t n)
{
    if (is_light(c)) {
        return;
    }
    struct cluster_node *node = &c->nodes[n];
    struct err_note note = {.text = ""};
    struct store_options options = {.kind = STORE_READ, .table_max = TABLE_MAX};
    cluster_must(store_open_with(&node->store, node->files, store_key, &options, &note) == ERR_OK,
                 note.text);
    keep_tend(c, n, cluster_node_clock_s(c, n));
}

void keep_close(struct cluster *c, uint32_t n)
{
    store_close(c->nodes[n].store);
    c->nodes[n].store = NULL;
}

static enum err_code put_light(struct cluster *c, uint32_t n, const struct post *decoded,
                               const struct engine_posts *posts, enum engine_put *results)
{
    for (size_t i = 0; i < posts->count; i++) {
        results[i] =
            light_store_put(&c->nodes[n].light, &c->light_posts, &decoded[i], posts->wires[i])
                ? ENGINE_PUT_NEW
                : ENGINE_PUT_THERE;
    }
    return ERR_OK;
}

static enum engine_put put_of(enum store_put_result result)
{
    switch (result) {
    case STORE_NEW:
        return ENGINE_PUT_NEW;
    case STORE_THERE:
        return ENGINE_PUT_THERE;
    case STORE_REFUSED:
        break;
    }
    return ENGINE_PUT_REFUSED;
}

static enum err_code put_real(struct cluster *c, uint32_t n, const struct post *decoded,
                              const struct engine_posts *posts, enum engine_put *results)
{
    static enum store_put_result put_results[ENGINE_STORE_MAX];
    bool failing = cluster_random(c, 1000) < c->faults.files_fail;
    if (failing) {
        file_memory_fail(c->nodes[n].files, FILE_MEMORY_ANY, 1 + cluster_random(c, 6), ERR_IO);
    }
    enum err_code rc = store_put(c->nodes[n].store, put_results, decoded, posts->wires,
                                 posts->count, cluster_node_clock_s(c, n), NULL);
    for (size_t i = 0; rc == ERR_OK && i < posts->count; i++) {
        results[i] = put_of(put_results[i]);
    }
    keep_tend(c, n, cluster_node_clock_s(c, n));
    return rc;
}

enum err_code keep_put(struct cluster *c, uint32_t n, const struct engine_posts *posts,
                       enum engine_put *results)
{
    static struct post decoded[ENGINE_STORE_MAX];
    for (size_t i = 0; i < posts->count; i++) {
        cluster_must(post_decode(&decoded[i], posts->wires[i]) == ERR_OK, "not a post");
        cluster_must(is_light(c) || post_verify(&decoded[i]) == ERR_OK,
                     "what nobody checked is stored");
    }
    return (is_light(c) ? put_light : put_real)(c, n, decoded, posts, results);
}

enum err_code keep_known(const struct cluster *c, uint32_t n, bool *known,
                         const struct post_id *ids, size_t count)
{
    if (!is_light(c)) {
        return store_known(c->nodes[n].store, known, ids, count, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        known[i] = light_store_has(&c->nodes[n].light, &c->light_posts, &ids[i]);
    }
    return ERR_OK;
}

size_t keep_body(struct cluster *c, uint32_t n, uint8_t wire[POST_WIRE_MAX],
                 const struct post_id *id)
{
    if (!is_light(c)) {
        struct octets_room room = {.at = wire, .cap = POST_WIRE_MAX};
        return store_serve(c->nodes[n].store, &room, id, NULL) == ERR_OK ? room.len : 0;
    }
    if (!light_store_has(&c->nodes[n].light, &c->light_posts, id)) {
        return 0;
    }
    const struct light_post *post = &c->light_posts.at[light_posts_find(&c->light_posts, id)];
    memcpy(wire, post->wire, post->wire_len);
    return post->wire_len;
}

enum err_code keep_answer(struct cluster *c, uint32_t n, struct negentropy_results *results,
                          const struct engine_read *read)
{
    if (c->nodes[n].phantoms != NULL) {
        sorted_set_answer(c->nodes[n].phantoms, results, read->batch);
        return ERR_OK;
    }
    if (!is_light(c)) {
        return store_answer_set(c->nodes[n].store, results, read->set, read->batch, NULL);
    }
    assert(read->set == SET_ALL); /* light stores have no floors */
    light_store_answer(&c->nodes[n].light, &c->light_posts, results, read->batch);
    return ERR_OK;
}
