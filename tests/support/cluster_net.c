#include <stdlib.h>

#include "tests/support/cluster_inner.h"

void cluster_set_weather(struct cluster *c, const struct cluster_weather *weather)
{
    c->weather = *weather;
}

/* ---- What is carried ---------------------------------------------------------------------- */

static bool is_cut(const struct cut *cut, uint32_t from, uint32_t to)
{
    if (cut->there[from] == cut->there[to]) {
        return false;
    }
    switch (cut->cut) {
    case CLUSTER_CUT_THITHER:
        return cut->there[to];
    case CLUSTER_CUT_HITHER:
        return cut->there[from];
    case CLUSTER_CUT_BOTH:
        break;
    }
    return true;
}

bool net_carries(const struct cluster *c, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < c->cuts_count; i++) {
        if (is_cut(&c->cuts[i], from, to)) {
            return false;
        }
    }
    return true;
}

/* The same each time, and either way. */
uint64_t net_delay_ms(const struct cluster *c, uint32_t from, uint32_t to)
{
    uint64_t x = c->seed ^ ((uint64_t)(from < to ? from : to) << 32 | (from < to ? to : from));
    x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
    x = (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
    x ^= x >> 33;
    uint32_t more_ms = c->weather.delay_max_ms - c->weather.delay_min_ms;
    return c->weather.delay_min_ms + x % (more_ms + 1);
}

/* ---- Cuts --------------------------------------------------------------------------------- */

static void fall_silent(struct cluster *c, size_t l)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct end *end = &c->links[l].ends[side];
        if (!net_carries(c, c->links[l].ends[!side].node, end->node)) {
            struct event event = {
                .type = EVENT_SILENT, .node = end->node, .link = l, .address = side};
            cluster_schedule(c, &event, SILENCE_MS + cluster_random(c, 1000));
        }
    }
}

void cluster_cuts(struct cluster *c, const bool *there, enum cluster_cut cut)
{
    cluster_must(c->cuts_count < CUTS_MAX, "too many cuts");
    cluster_note(c, 0, "is cut", (uint64_t)cut, 0);
    bool *copy = malloc(c->nodes_count * sizeof *copy);
    cluster_must(copy != NULL, "no memory");
    memcpy(copy, there, c->nodes_count * sizeof *copy);
    c->cuts[c->cuts_count++] = (struct cut){.there = copy, .cut = cut};
    for (size_t l = 0; l < c->links_count; l++) {
        if (c->links[l].open) {
            fall_silent(c, l);
        }
    }
}

void cluster_heals(struct cluster *c)
{
    cluster_note(c, 0, "heals", 0, 0);
    net_free(c);
    for (size_t l = 0; l < c->links_count; l++) {
        if (c->links[l].open) {
            links_unstick(c, l);
        }
    }
}

void net_free(struct cluster *c)
{
    while (c->cuts_count > 0) {
        free(c->cuts[--c->cuts_count].there);
    }
}

/* ---- Breaking connections ----------------------------------------------------------------- */

static unsigned side_of(const struct link *link, uint32_t node)
{
    return link->ends[0].node == node ? 0 : 1;
}

static bool is_between(const struct link *link, uint32_t a, uint32_t b)
{
    return link->open && ((link->ends[0].node == a && link->ends[1].node == b) ||
                          (link->ends[0].node == b && link->ends[1].node == a));
}

void cluster_breaks(struct cluster *c, uint32_t node, uint32_t other)
{
    for (size_t l = 0; l < c->links_count; l++) {
        if (is_between(&c->links[l], node, other)) {
            links_break(c, l, 2);
        }
    }
}

void cluster_half_opens(struct cluster *c, uint32_t node, uint32_t other)
{
    for (size_t l = 0; l < c->links_count; l++) {
        if (is_between(&c->links[l], node, other)) {
            links_break(c, l, side_of(&c->links[l], node));
        }
    }
}

void cluster_breaks_any(struct cluster *c)
{
    size_t start = c->links_count == 0 ? 0 : cluster_random(c, c->links_count);
    for (size_t k = 0; k < c->links_count; k++) {
        size_t l = (start + k) % c->links_count;
        if (c->links[l].open) {
            links_break(c, l, 2);
            return;
        }
    }
}

void cluster_hides(struct cluster *c, uint32_t node)
{
    c->nodes[node].hidden = true;
}
