#include "tests/support/overlay_inner.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_EVERY_MS 5000
#define DRAWS         4

void overlay_must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "overlay: %s\n", what);
        abort();
    }
}

uint64_t overlay_random(struct overlay *o, uint64_t below)
{
    o->random ^= o->random >> 12;
    o->random ^= o->random << 25;
    o->random ^= o->random >> 27;
    return (o->random * UINT64_C(2685821657736338717) >> 16) % below;
}

/* Instead of a book of addresses: anybody who ever came. */
static void look_up(struct overlay *o, uint32_t n)
{
    struct node *node = &o->nodes[n];
    if (o->now_ms < node->look_at_ms) {
        return;
    }
    node->look_at_ms = o->now_ms + LOOK_EVERY_MS;
    for (int i = 0; i < DRAWS && membership_wants_contacts(node->membership); i++) {
        const struct node *other = &o->nodes[overlay_random(o, o->nodes_count)];
        if (other->came && other != node) {
            membership_learn(node->membership, &other->address, o->now_ms);
        }
    }
    overlay_pump(o, n);
}

static void on_tick(struct overlay *o, uint32_t n)
{
    struct node *node = &o->nodes[n];
    if (o->now_ms < node->tick_at_ms) {
        return;
    }
    node->tick_at_ms = UINT64_MAX;
    broadcast_on_time(node->broadcast, o->now_ms);
    membership_on_time(node->membership, &o->out, o->now_ms);
    overlay_carry_out(o, n);
    look_up(o, n);
}

static void dispatch(struct overlay *o, const struct event *event)
{
    const struct node *node = &o->nodes[event->node];
    if (!node->alive && event->type != EV_JOIN) {
        return;
    }
    switch (event->type) {
    case EV_TICK:
        on_tick(o, event->node);
        break;
    case EV_FLUSH:
        overlay_flush(o, event->node);
        break;
    case EV_JOIN:
        o->nodes[event->node].alive = true;
        o->nodes[event->node].came = true;
        if (event->node != event->link) {
            membership_learn(node->membership, &o->nodes[event->link].address, o->now_ms);
        }
        overlay_pump(o, event->node);
        break;
    case EV_DIALLED:
        overlay_on_dialled(o, event);
        break;
    case EV_FRAME:
        overlay_on_frame(o, event);
        break;
    case EV_DOWN:
        if (node->slots[event->link].life == event->life) {
            overlay_end_down(o, event->node, event->link);
        }
        break;
    }
}

void overlay_run(struct overlay *o, uint64_t for_ms)
{
    uint64_t until_ms = o->now_ms + for_ms;
    while (o->heap_count > 0 && o->heap[0].at_ms <= until_ms) {
        struct event event = overlay_take_first(o);
        o->now_ms = event.at_ms;
        dispatch(o, &event);
        free(event.payload);
    }
    o->now_ms = until_ms;
}

struct overlay *overlay_new(uint64_t seed, uint32_t nodes_count)
{
    struct overlay *o = calloc(1, sizeof *o);
    overlay_must(o != NULL, "no memory");
    o->random = seed * 2 + 1;
    o->nodes_count = nodes_count;
    o->nodes = calloc(nodes_count, sizeof *o->nodes);
    overlay_must(o->nodes != NULL, "no memory");
    for (uint32_t n = 0; n < nodes_count; n++) {
        struct node *node = &o->nodes[n];
        struct membership_config membership = {.self = {.port = 1}};
        struct broadcast_config broadcast = {
            .links_max = LINKS, .seen_max = 1024, .missing_max = 1024};
        (void)snprintf(membership.self.host, sizeof membership.self.host, "n%u", n);
        for (size_t i = 0; i < 16; i++) {
            membership.seed[i] = (uint8_t)overlay_random(o, 256);
            membership.self.static_key.octets[i] = (uint8_t)overlay_random(o, 256);
            broadcast.seed[i] = membership.seed[i];
        }
        node->address = membership.self;
        node->tick_at_ms = UINT64_MAX;
        overlay_must(membership_new(&node->membership, &membership, 0) == ERR_OK, "no memory");
        overlay_must(broadcast_new(&node->broadcast, &broadcast) == ERR_OK, "no memory");
    }
    return o;
}

void overlay_free(struct overlay *o)
{
    for (uint32_t n = 0; n < o->nodes_count; n++) {
        membership_free(o->nodes[n].membership);
        broadcast_free(o->nodes[n].broadcast);
        free(o->nodes[n].pending);
    }
    for (size_t i = 0; i < o->heap_count; i++) {
        free(o->heap[i].payload);
    }
    for (size_t i = 0; i < o->said_count; i++) {
        free(o->said[i].came);
    }
    free(o->said);
    free(o->heap);
    free(o->nodes);
    free(o);
}

void overlay_joins_all(struct overlay *o, uint32_t first, uint64_t apart_ms)
{
    for (uint32_t n = 0; n < o->nodes_count; n++) {
        overlay_schedule(o, (struct event){.at_ms = o->now_ms + (n == first ? 0 : 1 + n * apart_ms),
                                           .type = EV_JOIN,
                                           .node = n,
                                           .link = first});
    }
}

void overlay_kills(struct overlay *o, uint32_t percent, bool silent)
{
    uint32_t left = o->nodes_count * percent / 100;
    while (left > 0) {
        uint32_t n = (uint32_t)overlay_random(o, o->nodes_count);
        if (!o->nodes[n].alive) {
            continue;
        }
        left--;
        o->nodes[n].alive = false;
        for (uint32_t l = 0; l < LINKS && !silent; l++) {
            if (o->nodes[n].slots[l].up) {
                overlay_tell_down(o, n, l);
            }
        }
    }
}

bool overlay_is_alive(const struct overlay *o, uint32_t node)
{
    return o->nodes[node].alive;
}

struct membership *overlay_membership(struct overlay *o, uint32_t node)
{
    return o->nodes[node].membership;
}

uint32_t overlay_alive_count(const struct overlay *o)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < o->nodes_count; n++) {
        count += o->nodes[n].alive;
    }
    return count;
}

/* How many can be reached from node over such links; *depth the longest of the shortest ways. */
static uint32_t walk(const struct overlay *o, uint32_t node, bool pushed, uint32_t *depth)
{
    uint32_t *queue = calloc(o->nodes_count, sizeof *queue);
    uint32_t *far = calloc(o->nodes_count, sizeof *far);
    overlay_must(queue != NULL && far != NULL, "no memory");
    uint32_t count = 0;
    queue[count++] = node;
    far[node] = 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct node *at = &o->nodes[queue[i]];
        for (uint32_t l = 0; l < LINKS; l++) {
            const struct slot *slot = &at->slots[l];
            bool follows = slot->up && slot->active && o->nodes[slot->other].alive &&
                           (!pushed || ((broadcast_eager(at->broadcast)[0] >> l) & 1));
            if (follows && far[slot->other] == 0) {
                far[slot->other] = far[queue[i]] + 1;
                *depth = far[slot->other] - 1;
                queue[count++] = slot->other;
            }
        }
    }
    free(queue);
    free(far);
    return count;
}

uint32_t overlay_reach(const struct overlay *o)
{
    uint32_t depth = 0;
    uint32_t first = 0;
    while (!o->nodes[first].alive) {
        first++;
    }
    return walk(o, first, false, &depth);
}

uint32_t overlay_depth(const struct overlay *o, uint32_t node)
{
    uint32_t depth = 0;
    (void)walk(o, node, true, &depth);
    return depth;
}

bool overlay_is_symmetric(struct overlay *o)
{
    for (uint32_t n = 0; n < o->nodes_count; n++) {
        for (uint32_t l = 0; l < LINKS && o->nodes[n].alive; l++) {
            const struct slot *slot = &o->nodes[n].slots[l];
            const struct node *other = &o->nodes[slot->other];
            if (slot->up && other->alive && slot->active != other->slots[slot->other_link].active) {
                return false;
            }
        }
    }
    return true;
}

size_t overlay_says(struct overlay *o, uint32_t node)
{
    overlay_must(o->nodes[node].alive, "the dead do not speak");
    o->said = realloc(o->said, (o->said_count + 1) * sizeof *o->said);
    overlay_must(o->said != NULL, "no memory");
    size_t post = o->said_count++;
    o->said[post] = (struct said){.came = calloc(o->nodes_count, 1)};
    overlay_must(o->said[post].came != NULL, "no memory");
    overlay_arrive(o, node, BROADCAST_SELF, (uint32_t)post, 0);
    overlay_pump(o, node);
    return post;
}

uint32_t overlay_missed_count(const struct overlay *o, size_t post)
{
    uint32_t count = 0;
    for (uint32_t n = 0; n < o->nodes_count; n++) {
        count += o->nodes[n].alive && o->said[post].came[n] == 0;
    }
    return count;
}

uint32_t overlay_last_hop(const struct overlay *o, size_t post)
{
    return o->said[post].last_hop;
}

uint64_t overlay_posts_sent(const struct overlay *o)
{
    return o->posts_sent;
}

uint64_t overlay_ids_sent(const struct overlay *o)
{
    return o->ids_sent;
}

uint64_t overlay_frames_sent(const struct overlay *o)
{
    return o->frames_sent;
}
