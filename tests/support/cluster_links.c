#include <stdlib.h>

#include "tests/support/cluster_inner.h"

#define RESEND_FIRST_MS 200 /* what TCP makes of a loss */
#define RESEND_DOUBLES  5

/* ---- Frames that wait --------------------------------------------------------------------- */

void waiting_add(struct waitings *waitings, struct payload *frame, uint8_t type)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    cluster_must(waiting != NULL, "no memory");
    *waiting = (struct waiting){.frame = frame, .type = type};
    if (waitings->last == NULL) {
        waitings->first = waiting;
    } else {
        waitings->last->next = waiting;
    }
    waitings->last = waiting;
}

struct payload *waiting_take(struct waitings *waitings, uint8_t *type)
{
    struct waiting *waiting = waitings->first;
    if (waiting == NULL) {
        return NULL;
    }
    waitings->first = waiting->next;
    if (waitings->first == NULL) {
        waitings->last = NULL;
    }
    struct payload *frame = waiting->frame;
    *type = waiting->type;
    free(waiting);
    return frame;
}

void waiting_drop(struct waitings *waitings)
{
    uint8_t type;
    for (struct payload *frame = waiting_take(waitings, &type); frame != NULL;
         frame = waiting_take(waitings, &type)) {
        payload_release(frame);
    }
}

/* ---- Connecting --------------------------------------------------------------------------- */

/* The lowest slot that is free, made if need be; NO_INDEX: the node lets nobody in any more. */
static uint32_t free_slot(const struct cluster *c, struct cluster_node *node)
{
    uint32_t max = (node - c->nodes) < (ptrdiff_t)c->plan.relays_count
                       ? engine_limits_relay().peers_max
                       : engine_limits_personal().peers_max;
    for (uint32_t s = 0; s < node->slots_count; s++) {
        if (node->slots[s] == NO_LINK) {
            return s;
        }
    }
    if (node->slots_count == max) {
        return UINT32_MAX;
    }
    uint32_t first = node->slots_count;
    node->slots_count = first == 0 ? 8 : 2 * first;
    node->slots = realloc(node->slots, node->slots_count * sizeof *node->slots);
    cluster_must(node->slots != NULL, "no memory");
    for (uint32_t s = first; s < node->slots_count; s++) {
        node->slots[s] = NO_LINK;
    }
    return first;
}

/* A machine that crowds has a key for each connection. */
static struct key key_of(const struct cluster *c, uint32_t n, size_t l)
{
    struct key key = c->nodes[n].static_key;
    if (c->nodes[n].hostility == CLUSTER_CROWDS) {
        octets_put_u64be(key.octets, l);
    }
    return key;
}

static void come_up(struct cluster *c, size_t l, unsigned side, uint32_t address)
{
    struct end *end = &c->links[l].ends[side];
    end->up = true;
    c->nodes[end->node].slots[end->slot] = l;
    if (hostile_is_machine(c, end->node)) {
        hostile_on_up(c, end->node, end->slot);
        return;
    }
    node_step(c, end->node,
              &(struct engine_input){
                  .type = ENGINE_PEER_UP,
                  .as.up = {.peer = end->slot,
                            .address = address,
                            .static_key = key_of(c, c->links[l].ends[!side].node, l)}});
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
        (struct end){.node = a, .slot = free_slot(c, &c->nodes[a]), .life = c->nodes[a].life};
    link.ends[1] =
        (struct end){.node = b, .slot = free_slot(c, &c->nodes[b]), .life = c->nodes[b].life};
    c->links[c->links_count] = link;
    return c->links_count++;
}

static bool can_reach(struct cluster *c, uint32_t n, uint32_t other)
{
    return other != NOBODY && n != other && node_is_up(c, other) && !c->nodes[other].hidden &&
           c->nodes[other].frozen_until_ms <= c->now_ms && /* nobody shakes hands */
           net_carries(c, n, other) && net_carries(c, other, n) &&
           free_slot(c, &c->nodes[n]) != UINT32_MAX && free_slot(c, &c->nodes[other]) != UINT32_MAX;
}

void links_dial(struct cluster *c, uint32_t n, uint32_t other, uint32_t address)
{
    bool machine = hostile_is_machine(c, n);
    if (!can_reach(c, n, other)) {
        if (!machine) {
            node_step(c, n,
                      &(struct engine_input){.type = ENGINE_DIAL_FAILED, .as.address = address});
        }
        return;
    }
    cluster_note(c, n, "reaches", other, 0);
    size_t l = add_link(c, n, other);
    come_up(c, l, 1, ENGINE_NO_ADDRESS);
    come_up(c, l, 0, address);
}

static unsigned side_of(const struct cluster *c, size_t l, uint32_t n, uint32_t slot)
{
    const struct link *link = &c->links[l];
    return link->ends[0].node == n && link->ends[0].slot == slot ? 0 : 1;
}

bool links_dialled(const struct cluster *c, uint32_t n, uint32_t slot)
{
    return side_of(c, c->nodes[n].slots[slot], n, slot) == 0;
}

uint32_t links_other(const struct cluster *c, uint32_t n, uint32_t slot)
{
    size_t l = c->nodes[n].slots[slot];
    return c->links[l].ends[!side_of(c, l, n, slot)].node;
}

/* ---- Sending ------------------------------------------------------------------------------ */

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

static bool befalls(struct cluster *c, uint32_t share, uint32_t of)
{
    return share > 0 && cluster_random(c, of) < share;
}

/* When what leaves end now is at the other end: behind all that was sent before. */
static uint64_t arrival_ms(struct cluster *c, struct end *end, uint32_t to, size_t len)
{
    uint64_t start_ms = end->free_ms > c->now_ms ? end->free_ms : c->now_ms;
    end->free_ms = start_ms;
    if (c->weather.octets_per_ms > 0) {
        end->free_ms += len / c->weather.octets_per_ms;
    }
    uint64_t at_ms =
        end->free_ms + net_delay_ms(c, end->node, to) + cluster_random(c, c->weather.jitter_ms + 1);
    if (befalls(c, c->weather.losses, 1000)) {
        at_ms += (uint64_t)RESEND_FIRST_MS << cluster_random(c, RESEND_DOUBLES);
    }
    end->last_ms = at_ms > end->last_ms ? at_ms : end->last_ms;
    return end->last_ms;
}

/* Takes the reference. */
static void transmit(struct cluster *c, size_t l, unsigned side, struct payload *frame,
                     uint8_t type)
{
    struct end *end = &c->links[l].ends[side];
    uint32_t to = c->links[l].ends[!side].node;
    if (befalls(c, c->weather.breaks, 10000)) {
        bool half = befalls(c, c->weather.half_open, 1000);
        payload_release(frame);
        links_break(c, l, half ? (unsigned)cluster_random(c, 2) : 2);
        return;
    }
    struct event event = {
        .type = EVENT_ARRIVE, .node = to, .link = l, .address = !side, .frame = frame};
    event.frame_type = type;
    cluster_schedule(c, &event, arrival_ms(c, end, to, frame->len) - c->now_ms);
}

/* Whoever knows nothing of the link says so. */
static void be_reset(struct cluster *c, size_t l, unsigned side)
{
    struct end *end = &c->links[l].ends[side];
    uint32_t other = c->links[l].ends[!side].node;
    if (!end->reset && node_is_up(c, other) && net_carries(c, end->node, other) &&
        net_carries(c, other, end->node)) {
        end->reset = true;
        struct event event = {.type = EVENT_DOWN, .node = end->node, .link = l, .address = side};
        cluster_schedule(c, &event, 2 * net_delay_ms(c, end->node, other));
    }
}

/* Takes the reference. */
static void send_one(struct cluster *c, uint32_t n, uint32_t slot, struct payload *frame,
                     uint8_t type)
{
    size_t l = c->nodes[n].slots[slot];
    cluster_must(l != NO_LINK, "sent to a peer that is not up");
    unsigned side = side_of(c, l, n, slot);
    struct end *end = &c->links[l].ends[side];
    c->octets_sent += frame->len;
    if (!c->links[l].open) {
        be_reset(c, l, side);
        payload_release(frame);
        return;
    }
    end->sent_octets += frame->len;
    cluster_must(end->sent_octets <= LINK_MAX || hostile_is_machine(c, n),
                 "a peer that is full is sent more");
    if (end->unsent.first != NULL || !net_carries(c, n, c->links[l].ends[!side].node)) {
        waiting_add(&end->unsent, frame, type);
    } else {
        transmit(c, l, side, frame, type);
    }
    look_at_queue(c, l, side);
}

void links_unstick(struct cluster *c, size_t l)
{
    for (unsigned side = 0; side < 2; side++) {
        uint8_t type;
        struct end *end = &c->links[l].ends[side];
        while (c->links[l].open && end->unsent.first != NULL) {
            struct payload *frame = waiting_take(&end->unsent, &type);
            transmit(c, l, side, frame, type);
        }
    }
}

void links_send_raw(struct cluster *c, uint32_t n, uint32_t slot, uint8_t type,
                    struct octets payload)
{
    send_one(c, n, slot, payload_new(payload), type);
}

static void tell(const struct cluster *c, const struct cluster_frame *frame)
{
    if (c->on_frame != NULL) {
        c->on_frame(c->on_frame_context, frame);
    }
}

static uint64_t digest_of(struct octets payload)
{
    uint8_t hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, payload.at, payload.len, NULL, 0);
    return octets_get_u64be(hash);
}

void links_send(struct cluster *c, uint32_t n, const struct engine_send *send)
{
    uint64_t digest = digest_of(send->payload);
    struct payload *frame = payload_new(send->payload);
    for (size_t i = 0; i < send->peers_count; i++) {
        uint32_t slot = send->peers[i];
        struct cluster_frame shown = {.at_ms = c->now_ms,
                                      .from = n,
                                      .to = links_other(c, n, slot),
                                      .type = (uint8_t)send->type,
                                      .payload = send->payload};
        tell(c, &shown);
        cluster_note(c, n, "sends", (uint64_t)send->type + slot * UINT64_C(256), digest);
        struct payload *sent = hostile_tampers(c, n, (uint8_t)send->type, frame);
        if (sent != NULL) {
            send_one(c, n, slot, sent, (uint8_t)send->type);
        }
    }
    payload_release(frame);
    if (send->type == FRAME_POSTS) {
        struct message_posts posts;
        cluster_must(message_posts_begin(&posts, send->payload) == ERR_OK, "a frame is malformed");
        c->handed_count += send->peers_count * posts.left_count;
    }
}

/* ---- Ending ------------------------------------------------------------------------------- */

static void go_down(struct cluster *c, size_t l, unsigned side, uint64_t after_ms)
{
    struct event event = {
        .type = EVENT_DOWN, .node = c->links[l].ends[side].node, .link = l, .address = side};
    cluster_schedule(c, &event, after_ms);
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
        bool told = net_carries(c, n, link->ends[!side].node);
        uint64_t after_ms = last_ms > c->now_ms ? last_ms - c->now_ms : 0;
        go_down(c, l, !side, told ? after_ms : SILENCE_MS);
    }
}

void links_break(struct cluster *c, size_t l, unsigned side)
{
    struct link *link = &c->links[l];
    if (!link->open) {
        return;
    }
    cluster_note(c, link->ends[0].node, "breaks", link->ends[1].node, side);
    link->open = false;
    for (unsigned end = 0; end < 2; end++) {
        bool hears = side == 2 || side == end;
        go_down(c, l, end, (hears ? 0 : SILENCE_MS) + cluster_random(c, 60));
    }
}

/* SPEC 6.4: nothing was heard for so long. */
void links_on_silent(struct cluster *c, const struct event *event)
{
    struct link *link = &c->links[event->link];
    unsigned side = event->address;
    uint32_t other = link->ends[!side].node;
    if (!link->open || net_carries(c, other, link->ends[side].node)) {
        return;
    }
    cluster_note(c, link->ends[side].node, "hears nothing", other, 0);
    link->open = false;
    go_down(c, event->link, side, 0);
    bool told = net_carries(c, link->ends[side].node, other);
    go_down(c, event->link, !side, told ? net_delay_ms(c, event->node, other) : SILENCE_MS);
}

void links_on_down(struct cluster *c, const struct event *event)
{
    struct end *end = &c->links[event->link].ends[event->address];
    waiting_drop(&end->came);
    waiting_drop(&end->unsent);
    if (!end->up) {
        return;
    }
    end->up = false;
    uint32_t slot = end->slot;
    c->nodes[event->node].slots[slot] = NO_LINK;
    if (!hostile_is_machine(c, event->node)) {
        node_step(c, event->node,
                  &(struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = slot});
    }
}

/* ---- Arriving ----------------------------------------------------------------------------- */

void links_on_arrive(struct cluster *c, struct event *event)
{
    struct end *end = &c->links[event->link].ends[event->address];
    if (!end->up || end->life != c->nodes[event->node].life) {
        payload_release(event->frame);
        return;
    }
    waiting_add(&end->came, event->frame, event->frame_type);
    if (!end->paused) {
        links_on_drain(c, event);
    }
}

/* Whether the node took the frame. */
static bool give(struct cluster *c, size_t l, unsigned side, const struct waiting *waiting)
{
    const struct end *end = &c->links[l].ends[side];
    struct octets payload = octets_of(waiting->frame->octets, waiting->frame->len);
    if (hostile_is_machine(c, end->node)) {
        hostile_on_frame(c, end->node, end->slot, waiting->type, payload);
        return true;
    }
    if (c->on_arrival != NULL) {
        struct cluster_frame frame = {.at_ms = c->now_ms,
                                      .from = c->links[l].ends[!side].node,
                                      .to = end->node,
                                      .type = waiting->type,
                                      .payload = payload};
        c->on_arrival(c->on_arrival_context, &frame);
    }
    node_step(c, end->node,
              &(struct engine_input){
                  .type = ENGINE_FRAME,
                  .as.frame = {.peer = end->slot, .type = waiting->type, .payload = payload}});
    return !c->links[l].ends[side].paused;
}

/* Give what waits, one frame after another, until one is not taken. */
void links_on_drain(struct cluster *c, const struct event *event)
{
    size_t l = event->link;
    unsigned side = event->address;
    while (c->links[l].ends[side].up && !c->links[l].ends[side].paused &&
           c->links[l].ends[side].came.first != NULL) {
        if (!give(c, l, side, c->links[l].ends[side].came.first)) {
            return;
        }
        uint8_t type;
        struct payload *frame = waiting_take(&c->links[l].ends[side].came, &type);
        c->links[l].ends[!side].sent_octets -= frame->len;
        payload_release(frame);
        look_at_queue(c, l, !side);
    }
}

void links_on_full(struct cluster *c, const struct event *event)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct end *end = &c->links[event->link].ends[side];
        if (end->node == event->node && end->up && !hostile_is_machine(c, end->node)) {
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
    struct end *end = &c->links[l].ends[side_of(c, l, n, slot)];
    end->paused_at_ms = end->paused ? end->paused_at_ms : c->now_ms;
    end->paused = true;
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
        for (unsigned side = 0; side < 2; side++) {
            waiting_drop(&c->links[l].ends[side].came);
            waiting_drop(&c->links[l].ends[side].unsent);
        }
    }
    free(c->links);
}
