#include "store/view_edges.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_LEN (2 * sizeof(uint32_t))

void view_edges_init(struct view_edges *edges)
{
    *edges = (struct view_edges){.at = NULL};
    view_intern_init(&edges->pairs, PAIR_LEN);
}

void view_edges_close(struct view_edges *edges)
{
    view_intern_close(&edges->pairs);
    free(edges->at);
    free(edges->keys);
    *edges = (struct view_edges){.at = NULL};
}

static void pair_item(uint8_t item[PAIR_LEN], uint32_t from, uint32_t to)
{
    memcpy(item, &from, sizeof from);
    memcpy(item + sizeof from, &to, sizeof to);
}

enum err_code view_edges_reserve(struct view_edges *edges, uint32_t keys_count)
{
    struct view_edge *at =
        view_grown(edges->at, &edges->cap, (uint64_t)edges->pairs.count + 1, sizeof *edges->at);
    if (at == NULL) {
        return ERR_NO_MEMORY;
    }
    edges->at = at;
    struct view_edge_heads *keys =
        view_grown(edges->keys, &edges->keys_cap, keys_count, sizeof *edges->keys);
    if (keys == NULL) {
        return ERR_NO_MEMORY;
    }
    edges->keys = keys;
    for (; edges->keys_count < keys_count; edges->keys_count++) {
        keys[edges->keys_count] = (struct view_edge_heads){.out = VIEW_NONE, .in = VIEW_NONE};
    }
    return view_intern_reserve(&edges->pairs, 1);
}

uint32_t view_edges_add(struct view_edges *edges, uint32_t from, uint32_t to)
{
    uint8_t item[PAIR_LEN];
    pair_item(item, from, to);
    uint32_t before_count = edges->pairs.count;
    uint32_t edge = view_intern_add(&edges->pairs, item);
    if (edge == before_count) {
        assert(edge < edges->cap && from < edges->keys_count && to < edges->keys_count);
        edges->at[edge] = (struct view_edge){.from = from,
                                             .to = to,
                                             .next_out = edges->keys[from].out,
                                             .next_in = edges->keys[to].in};
        edges->keys[from].out = edge;
        edges->keys[to].in = edge;
    }
    return edge;
}

uint32_t view_edges_find(const struct view_edges *edges, uint32_t from, uint32_t to)
{
    uint8_t item[PAIR_LEN];
    pair_item(item, from, to);
    return view_intern_find(&edges->pairs, item);
}
