#include <stdlib.h>

#include "tests/support/cluster_inner.h"

#define DELAY_MIN_MS 5
#define DELAY_MORE   60

static uint32_t free_slot(const struct cluster_node *node)
{
    for (uint32_t s = 0; s < SLOTS_MAX; s++) {
        if (node->slots[s] == NO_LINK) {
            return s;
        }
    }
    return SLOTS_MAX;
}

static void come_up(struct cluster *c, size_t l, unsigned side, uint32_t address)
{
    struct end *end = &c->links[l].ends[side];
    end->up = true;
    c->nodes[end->node].slots[end->slot] = l;
    node_step(c, end->node,
              &(struct engine_input){
                  .type = ENGINE_PEER_UP,
                  .as.up = {.peer = end->slot,
                            .address = address,
                            .static_key = c->nodes[c->links[l].ends[!side].node].static_key}});
}

static size_t add_link(struct cluster *c, uint32_t a, uint32_t b)
{
    if (c->links_count == c->links_cap) {
        c->links_cap = c->links_cap == 0 ? 64 : 2 * c->links_cap;
        c->links = realloc(c->links, c->links_cap * sizeof *c->links);
        cluster_must(c->links != NULL, "no memory");
    }
    struct link link = {.open = true};
    link.ends[0] =
        (struct end){.node = a, .slot = free_slot(&c->nodes[a]), .life = c->nodes[a].life};
    link.ends[1] =
        (struct end){.node = b, .slot = free_slot(&c->nodes[b]), .life = c->nodes[b].life};
    c->links[c->links_count] = link;
    return c->links_count++;
}

void links_dial(struct cluster *c, const struct event *event)
{
    uint32_t a = event->node;
    uint32_t b = event->address;
    if (c->nodes[b].engine == NULL || free_slot(&c->nodes[a]) == SLOTS_MAX ||
        free_slot(&c->nodes[b]) == SLOTS_MAX) {
        node_step(c, a, &(struct engine_input){.type = ENGINE_DIAL_FAILED, .as.address = b});
        return;
    }
    cluster_note(c, a, "reaches", b, 0);
    size_t l = add_link(c, a, b);
    come_up(c, l, 1, ENGINE_NO_ADDRESS);
    come_up(c, l, 0, b);
}

static unsigned side_of(const struct cluster *c, size_t l, uint32_t n, uint32_t slot)
{
    const struct link *link = &c->links[l];
    return link->ends[0].node == n && link->ends[0].slot == slot ? 0 : 1;
}

static void look_at_queue(struct cluster *c, size_t l, unsigned side)
{
    struct end *end = &c->links[l].ends[side];
    bool full = end->full ? end->sent_octets > LINK_DRAINED : end->sent_octets > LINK_FULL;
    if (full != end->full) {
        end->full = full;
        struct event event = {
            .type = EVENT_FULL, .node = end->node, .link = l, .address = full ? 1 : 0};
        cluster_schedule(c, &event, 0);
    }
}

static void send_one(struct cluster *c, uint32_t n, uint32_t slot, const struct engine_send *send)
{
    size_t l = c->nodes[n].slots[slot];
    cluster_must(l != NO_LINK, "sent to a peer that is not up");
    if (!c->links[l].open) {
        return;
    }
    unsigned side = side_of(c, l, n, slot);
    struct end *end = &c->links[l].ends[side];
    uint64_t at_ms = c->now_ms + DELAY_MIN_MS + cluster_random(c, DELAY_MORE);
    end->last_ms = at_ms > end->last_ms ? at_ms : end->last_ms; /* in order */
    struct event event = {.type = EVENT_ARRIVE,
                          .node = c->links[l].ends[!side].node,
                          .link = l,
                          .address = !side,
                          .frame = malloc(send->payload.len + 1),
                          .frame_len = send->payload.len,
                          .frame_type = (uint8_t)send->type};
    cluster_must(event.frame != NULL, "no memory");
    memcpy(event.frame, send->payload.at, send->payload.len);
    if (c->nodes[n].lies && send->type == FRAME_POSTS) {
        event.frame[event.frame_len - 1] ^= 1; /* the last post's proof is at the end */
    }
    end->sent_octets += send->payload.len;
    cluster_schedule(c, &event, end->last_ms - c->now_ms);
    look_at_queue(c, l, side);
}

void links_send(struct cluster *c, uint32_t n, const struct engine_send *send)
{
    uint8_t digest[8];
    uint8_t hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, send->payload.at, send->payload.len, NULL, 0);
    memcpy(digest, hash, sizeof digest);
    for (size_t i = 0; i < send->peers_count; i++) {
        if (c->on_frame != NULL) {
            struct cluster_frame frame = {.at_ms = c->now_ms,
                                          .from = n,
                                          .to = links_other(c, n, send->peers[i]),
                                          .type = (uint8_t)send->type,
                                          .payload = send->payload};
            c->on_frame(c->on_frame_context, &frame);
        }
        cluster_note(c, n, "sends", send->type + send->peers[i] * 256U, octets_get_u64be(digest));
        send_one(c, n, send->peers[i], send);
    }
    if (send->type == FRAME_POSTS) {
        struct message_posts posts;
        cluster_must(message_posts_begin(&posts, send->payload) == ERR_OK, "a frame is malformed");
        c->handed_count += send->peers_count * posts.left_count;
    }
}

static void go_down(struct cluster *c, size_t l, unsigned side, uint64_t after_ms)
{
    struct event event = {
        .type = EVENT_DOWN, .node = c->links[l].ends[side].node, .link = l, .address = side};
    cluster_schedule(c, &event, after_ms);
}

uint32_t links_other(const struct cluster *c, uint32_t n, uint32_t slot)
{
    size_t l = c->nodes[n].slots[slot];
    return c->links[l].ends[!side_of(c, l, n, slot)].node;
}

/* What was sent before still arrives at the other end. */
void links_close(struct cluster *c, uint32_t n, uint32_t slot)
{
    size_t l = c->nodes[n].slots[slot];
    struct link *link = &c->links[l];
    unsigned side = side_of(c, l, n, slot);
    uint64_t last_ms = link->ends[side].last_ms;
    go_down(c, l, side, 0);
    if (link->open) {
        link->open = false;
        go_down(c, l, !side, last_ms > c->now_ms ? last_ms - c->now_ms : 0);
    }
}

void links_break(struct cluster *c, size_t l)
{
    if (c->links[l].open) {
        cluster_note(c, c->links[l].ends[0].node, "breaks", c->links[l].ends[1].node, 0);
        c->links[l].open = false;
        go_down(c, l, 0, cluster_random(c, DELAY_MORE));
        go_down(c, l, 1, cluster_random(c, DELAY_MORE));
    }
}

static void drop_waiting(struct end *end)
{
    while (end->first != NULL) {
        struct waiting *next = end->first->next;
        free(end->first->frame);
        free(end->first);
        end->first = next;
    }
    end->last = NULL;
}

void links_on_down(struct cluster *c, const struct event *event)
{
    struct end *end = &c->links[event->link].ends[event->address];
    drop_waiting(end);
    if (!end->up) {
        return;
    }
    end->up = false;
    uint32_t slot = end->slot;
    c->nodes[event->node].slots[slot] = NO_LINK;
    node_step(c, event->node, &(struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = slot});
}

void links_on_arrive(struct cluster *c, struct event *event)
{
    struct end *end = &c->links[event->link].ends[event->address];
    if (!end->up || end->life != c->nodes[event->node].life) {
        free(event->frame);
        return;
    }
    struct waiting *waiting = calloc(1, sizeof *waiting);
    cluster_must(waiting != NULL, "no memory");
    *waiting =
        (struct waiting){.frame = event->frame, .len = event->frame_len, .type = event->frame_type};
    if (end->last == NULL) {
        end->first = waiting;
    } else {
        end->last->next = waiting;
    }
    end->last = waiting;
    if (!end->paused) {
        links_on_drain(c, event);
    }
}

/* Give what waits, one frame after another, until one is not taken. */
void links_on_drain(struct cluster *c, const struct event *event)
{
    size_t l = event->link;
    unsigned side = event->address;
    while (c->links[l].ends[side].up && !c->links[l].ends[side].paused &&
           c->links[l].ends[side].first != NULL) {
        struct end *end = &c->links[l].ends[side];
        struct waiting *waiting = end->first;
        node_step(c, end->node,
                  &(struct engine_input){
                      .type = ENGINE_FRAME,
                      .as.frame = {.peer = end->slot,
                                   .type = waiting->type,
                                   .payload = octets_of(waiting->frame, waiting->len)}});
        if (end->paused) {
            return;
        }
        end->first = waiting->next;
        end->last = end->first == NULL ? NULL : end->last;
        c->links[l].ends[!side].sent_octets -= waiting->len;
        look_at_queue(c, l, !side);
        free(waiting->frame);
        free(waiting);
    }
}

void links_on_full(struct cluster *c, const struct event *event)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct end *end = &c->links[event->link].ends[side];
        if (end->node == event->node && end->up) {
            node_step(c, end->node,
                      &(struct engine_input){.type = event->address == 1 ? ENGINE_PEER_FULL
                                                                         : ENGINE_PEER_DRAINED,
                                             .as.peer = end->slot});
        }
    }
}

void links_pause(struct cluster *c, uint32_t n, uint32_t slot)
{
    size_t l = c->nodes[n].slots[slot];
    c->links[l].ends[side_of(c, l, n, slot)].paused = true;
}

void links_resume(struct cluster *c, uint32_t n, uint32_t slot)
{
    size_t l = c->nodes[n].slots[slot];
    unsigned side = side_of(c, l, n, slot);
    c->links[l].ends[side].paused = false;
    struct event event = {.type = EVENT_DRAIN, .node = n, .link = l, .address = side};
    cluster_schedule(c, &event, 0);
}

void links_free(struct cluster *c)
{
    for (size_t l = 0; l < c->links_count; l++) {
        drop_waiting(&c->links[l].ends[0]);
        drop_waiting(&c->links[l].ends[1]);
    }
    free(c->links);
}
