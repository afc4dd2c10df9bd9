/* view_edges.h - who ever vouched for whom: each pair once, whatever becomes of its vouches.
 *
 * An edge has a number from its first vouch on.  Whether it counts is the web's to say
 * (view_web.h); here is only what was said in public. */
#ifndef KITH_STORE_VIEW_EDGES_H
#define KITH_STORE_VIEW_EDGES_H

#include "store/view_intern.h"

struct view_edge {
    uint32_t from;     /* the key that vouches */
    uint32_t to;       /* its subject */
    uint32_t next_out; /* next edge from the same key, or VIEW_NONE */
    uint32_t next_in;  /* next edge to the same key, or VIEW_NONE */
};

/* Heads of the two chains a key stands in. */
struct view_edge_heads {
    uint32_t out;
    uint32_t in;
};

struct view_edges {
    struct view_intern pairs; /* from and to; their numbers are the edges' */
    struct view_edge *at;     /* pairs.count of them */
    uint32_t cap;
    struct view_edge_heads *keys; /* keys met later have no edges */
    uint32_t keys_count, keys_cap;
};

void view_edges_init(struct view_edges *edges);
void view_edges_close(struct view_edges *edges);

/* Room for one more edge, among so many keys.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_edges_reserve(struct view_edges *edges, uint32_t keys_count);
/* The number of the edge, new or not; room was reserved. */
uint32_t view_edges_add(struct view_edges *edges, uint32_t from, uint32_t to);
/* VIEW_NONE when there was never such a vouch. */
uint32_t view_edges_find(const struct view_edges *edges, uint32_t from, uint32_t to);

/* The first edge from, or to, a key; VIEW_NONE when there is none. */
static inline uint32_t view_edges_out(const struct view_edges *edges, uint32_t key)
{
    return key < edges->keys_count ? edges->keys[key].out : VIEW_NONE;
}

static inline uint32_t view_edges_in(const struct view_edges *edges, uint32_t key)
{
    return key < edges->keys_count ? edges->keys[key].in : VIEW_NONE;
}

#endif
