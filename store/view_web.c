#include "store/view_web.h"

#include <assert.h>
#include <stdlib.h>

#include "store/view_fate.h"

enum err_code view_web_reserve(struct view_web *web, const struct view_columns *columns)
{
    uint32_t keys = columns->keys.count;
    uint32_t edges = columns->edges.pairs.count;
    uint8_t *distance = view_grown(web->distance, &web->keys_cap, (uint64_t)keys + 1, 1);
    if (distance == NULL) {
        return ERR_NO_MEMORY;
    }
    web->distance = distance;
    uint32_t *live = view_grown(web->live, &web->edges_cap, (uint64_t)edges + 1, sizeof *web->live);
    if (live == NULL) {
        return ERR_NO_MEMORY;
    }
    web->live = live;
    for (; web->keys_count < keys; web->keys_count++) {
        distance[web->keys_count] = VIEW_STRANGER;
    }
    for (; web->edges_count < edges; web->edges_count++) {
        live[web->edges_count] = 0;
    }
    return ERR_OK;
}

/* A key that is not blocked and was not met nearer. */
static bool reach(uint8_t *distance, const struct view_private *priv, uint32_t key, uint8_t next)
{
    if (distance[key] <= next || (view_private_key(priv, key) & VIEW_KEY_BLOCKED) != 0) {
        return false;
    }
    distance[key] = next;
    return true;
}

/* Outward from her, nearest first; queue has room for every key. */
static void measure(const struct view_web *web, uint8_t *distance, uint32_t *queue,
                    const struct view_case *of)
{
    const struct view_edges *edges = &of->columns->edges;
    uint32_t count = 0;
    memset(distance, VIEW_STRANGER, web->keys_count);
    distance[of->own] = 0;
    queue[count++] = of->own;
    for (uint32_t key = 0; key < of->priv->key_flags_count; key++) {
        if ((of->priv->key_flags[key] & VIEW_KEY_FOLLOWED) != 0 &&
            reach(distance, of->priv, key, 1)) {
            queue[count++] = key;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t next = (uint8_t)(distance[queue[i]] + 1);
        if (next > of->priv->web_steps) {
            break;
        }
        /* Follows stand at distance 1 already while her own vouches are still being walked. */
        for (uint32_t e = view_edges_out(edges, queue[i]); e != VIEW_NONE;
             e = edges->at[e].next_out) {
            /* Most lead to somebody met already: that is asked first, since it costs least. */
            if (distance[edges->at[e].to] > next && web->live[e] > 0 &&
                reach(distance, of->priv, edges->at[e].to, next)) {
                queue[count++] = edges->at[e].to;
            }
        }
    }
}

enum err_code view_web_make(struct view_web *web, const struct view_case *of, const uint8_t *fates)
{
    const struct view_columns *c = of->columns;
    enum err_code rc = view_web_reserve(web, c);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t *queue = malloc(((size_t)web->keys_count + 1) * sizeof *queue);
    if (queue == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(web->live, 0, web->edges_count * sizeof *web->live);
    for (uint32_t i = 0; i < c->vouches.count; i++) {
        if ((fates[c->vouches.at[i]] & VIEW_REASONS) == 0) {
            web->live[c->vouch_edges.at[i]]++;
        }
    }
    measure(web, web->distance, queue, of);
    free(queue);
    return ERR_OK;
}

void view_web_close(struct view_web *web)
{
    free(web->distance);
    free(web->live);
    *web = (struct view_web){.distance = NULL};
}

bool view_web_count(struct view_web *web, uint32_t edge)
{
    return web->live[edge]++ == 0;
}

bool view_web_discount(struct view_web *web, uint32_t edge)
{
    assert(web->live[edge] > 0);
    return --web->live[edge] == 0;
}

/* Draw the end of an edge nearer, and note it for what follows from it. */
static bool draw(struct view_web *web, struct view_numbers *queue, struct view_numbers *reached,
                 const struct view_case *of, uint32_t edge)
{
    const struct view_edge *e = &of->columns->edges.at[edge];
    uint8_t from = web->distance[e->from];
    bool stranger = web->distance[e->to] == VIEW_STRANGER;
    if (web->live[edge] == 0 || from >= of->priv->web_steps ||
        !reach(web->distance, of->priv, e->to, (uint8_t)(from + 1))) {
        return true;
    }
    return view_numbers_add(queue, e->to) && (!stranger || view_numbers_add(reached, e->to));
}

enum err_code view_web_relax(struct view_web *web, struct view_numbers *reached,
                             const struct view_case *of, uint32_t edge)
{
    const struct view_edges *edges = &of->columns->edges;
    struct view_numbers queue = {.at = NULL};
    bool room = draw(web, &queue, reached, of, edge);
    for (uint32_t i = 0; room && i < queue.count; i++) {
        for (uint32_t e = view_edges_out(edges, queue.at[i]); room && e != VIEW_NONE;
             e = edges->at[e].next_out) {
            room = draw(web, &queue, reached, of, e);
        }
    }
    free(queue.at);
    return room ? ERR_OK : ERR_NO_MEMORY;
}

bool view_web_relied_on(const struct view_web *web, const struct view_case *of, uint32_t edge)
{
    const struct view_edges *edges = &of->columns->edges;
    uint8_t from = web->distance[edges->at[edge].from];
    uint8_t to = web->distance[edges->at[edge].to];
    if (to == 0 || to == VIEW_STRANGER || from + 1 != to) {
        return false;
    }
    for (uint32_t e = view_edges_in(edges, edges->at[edge].to); e != VIEW_NONE;
         e = edges->at[e].next_in) {
        if (web->live[e] > 0 && web->distance[edges->at[e].from] + 1 == to) {
            return false;
        }
    }
    return true;
}

enum err_code view_web_measure(struct view_web *web, struct view_numbers *moved,
                               const struct view_case *of)
{
    uint8_t *distance = malloc((size_t)web->keys_count + 1);
    uint32_t *queue = malloc(((size_t)web->keys_count + 1) * sizeof *queue);
    bool room = distance != NULL && queue != NULL;
    if (room) {
        measure(web, distance, queue, of);
    }
    for (uint32_t key = 0; room && key < web->keys_count; key++) {
        if ((distance[key] == VIEW_STRANGER) != (web->distance[key] == VIEW_STRANGER)) {
            room = view_numbers_add(moved, key);
        }
    }
    if (room) {
        memcpy(web->distance, distance, web->keys_count);
    }
    free(distance);
    free(queue);
    return room ? ERR_OK : ERR_NO_MEMORY;
}

static bool vouches_directly(const struct view_web *web, const struct view_edges *edges,
                             uint32_t of, uint32_t key)
{
    uint32_t edge = view_edges_find(edges, of, key);
    return edge != VIEW_NONE && web->live[edge] > 0;
}

/* Whom of vouches for and who vouches for key are walked side by side: the shorter of the two ends
 * the search, so that neither somebody who vouches for everybody makes it long, nor somebody whom
 * everybody vouches for. */
bool view_web_vouches(const struct view_web *web, const struct view_columns *columns, uint32_t of,
                      uint32_t key)
{
    const struct view_edges *edges = &columns->edges;
    if (vouches_directly(web, edges, of, key)) {
        return true;
    }
    uint32_t out = view_edges_out(edges, of);
    uint32_t in = view_edges_in(edges, key);
    while (out != VIEW_NONE && in != VIEW_NONE) {
        if ((web->live[out] > 0 && vouches_directly(web, edges, edges->at[out].to, key)) ||
            (web->live[in] > 0 && vouches_directly(web, edges, of, edges->at[in].from))) {
            return true;
        }
        out = edges->at[out].next_out;
        in = edges->at[in].next_in;
    }
    return false;
}
