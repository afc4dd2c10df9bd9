#include "tests/support/overlay.h"

#include <stdio.h>
#include <stdlib.h>

#define LINKS    64
#define FLUSH_MS 100

enum event_type { EV_TICK, EV_FLUSH, EV_JOIN, EV_DIALLED, EV_FRAME, EV_DOWN };

struct event {
    uint64_t at_ms;
    uint64_t order;
    enum event_type type;
    uint32_t node;
    uint32_t link; /* or the place of a dial, or the node to join by */
    uint32_t life; /* of the link */
    uint32_t other;
    enum frame_type frame;
    uint8_t *payload;
    size_t len;
};

struct slot {
    bool up;
    uint32_t life;
    uint32_t other;
    uint32_t other_link;
    enum membership_side side;
    uint32_t place;
    bool active;
    uint64_t last_ms; /* frames keep their order */
};

/* A post that waits to be announced. */
struct pending {
    uint32_t post;
    uint8_t hops;
    uint64_t shown; /* links */
};

struct node {
    bool alive;
    struct address address;
    struct membership *membership;
    struct broadcast *broadcast;
    struct slot slots[LINKS];
    uint64_t tick_at_ms;
    struct pending *pending;
    size_t pending_count;
    bool flushing;
};

struct said {
    uint8_t *came; /* by node */
    uint32_t alive_count;
    uint32_t come_count;
    uint8_t last_hop;
};

struct overlay {
    uint64_t random;
    uint64_t now_ms;
    uint64_t order;
    uint32_t nodes_count;
    struct node *nodes;
    struct event *heap;
    size_t heap_count;
    size_t heap_cap;
    struct said *said;
    size_t said_count;
    uint64_t posts_sent;
    uint64_t ids_sent;
    uint64_t frames_sent;
    struct membership_output out;
};

static void must(bool holds, const char *what)
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

/* ---- Events ------------------------------------------------------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void schedule(struct overlay *o, struct event event)
{
    if (o->heap_count == o->heap_cap) {
        o->heap_cap = o->heap_cap == 0 ? 1024 : 2 * o->heap_cap;
        o->heap = realloc(o->heap, o->heap_cap * sizeof *o->heap);
        must(o->heap != NULL, "no memory");
    }
    event.order = o->order++;
    size_t at = o->heap_count++;
    while (at > 0 && before(&event, &o->heap[(at - 1) / 2])) {
        o->heap[at] = o->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    o->heap[at] = event;
}

static struct event take_first(struct overlay *o)
{
    struct event first = o->heap[0];
    struct event last = o->heap[--o->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < o->heap_count; child = 2 * at + 1) {
        if (child + 1 < o->heap_count && before(&o->heap[child + 1], &o->heap[child])) {
            child++;
        }
        if (!before(&o->heap[child], &last)) {
            break;
        }
        o->heap[at] = o->heap[child];
        at = child;
    }
    o->heap[at] = last;
    return first;
}

static uint64_t delay(uint32_t a, uint32_t b)
{
    uint64_t mix = (uint64_t)(a < b ? a : b) << 32 | (a < b ? b : a);
    mix = (mix ^ (mix >> 29)) * UINT64_C(0x9e3779b97f4a7c15);
    mix = (mix ^ (mix >> 32)) * UINT64_C(0xbf58476d1ce4e5b9);
    return 10 + (mix >> 33) % 91;
}

static void send_frame(struct overlay *o, uint32_t n, uint32_t l, enum frame_type frame,
                       const void *payload, size_t len)
{
    struct slot *slot = &o->nodes[n].slots[l];
    if (!slot->up) {
        return;
    }
    uint64_t at_ms = o->now_ms + delay(n, slot->other);
    at_ms = at_ms > slot->last_ms ? at_ms : slot->last_ms;
    slot->last_ms = at_ms;
    struct event event = {.at_ms = at_ms,
                          .type = EV_FRAME,
                          .node = slot->other,
                          .link = slot->other_link,
                          .life = slot->life,
                          .frame = frame,
                          .payload = malloc(len + 1),
                          .len = len};
    must(event.payload != NULL, "no memory");
    if (len > 0) {
        memcpy(event.payload, payload, len);
    }
    schedule(o, event);
}

/* ---- Posts -------------------------------------------------------------------------------- */

static struct post_id id_of(uint32_t post)
{
    struct post_id id = {.octets = {0}};
    octets_put_u32be(id.octets, post);
    octets_put_u32be(id.octets + 4, (uint32_t)((post + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32));
    return id;
}

static uint32_t post_of(const struct post_id *id)
{
    return octets_get_u32be(id->octets);
}

static void push(struct overlay *o, uint32_t n, uint32_t l, uint32_t post, uint8_t hops)
{
    uint8_t payload[5];
    octets_put_u32be(payload, post);
    payload[4] = hops;
    o->posts_sent++;
    send_frame(o, n, l, FRAME_POSTS, payload, sizeof payload);
}

static void flush(struct overlay *o, uint32_t n)
{
    struct node *node = &o->nodes[n];
    node->flushing = false;
    for (uint32_t l = 0; l < LINKS; l++) {
        uint8_t hops[MESSAGE_IDS_MAX];
        struct post_id ids[MESSAGE_IDS_MAX];
        struct message_ihave ihave = {.hops = hops, .ids = ids};
        bool lazy =
            ((broadcast_links(node->broadcast)[0] & ~broadcast_eager(node->broadcast)[0]) >> l) & 1;
        for (size_t i = 0; lazy && i < node->pending_count && ihave.count < MESSAGE_IDS_MAX; i++) {
            if (((node->pending[i].shown >> l) & 1) == 0) {
                hops[ihave.count] = node->pending[i].hops;
                ids[ihave.count++] = id_of(node->pending[i].post);
            }
        }
        if (ihave.count > 0) {
            static uint8_t wire[MESSAGE_IHAVE_CAP];
            o->ids_sent += ihave.count;
            send_frame(o, n, l, FRAME_IHAVE, wire, message_ihave_encode(wire, &ihave));
        }
    }
    node->pending_count = 0;
}

static void pump(struct overlay *o, uint32_t n);

static void arrive(struct overlay *o, uint32_t n, uint32_t from, uint32_t post, uint8_t hops)
{
    struct node *node = &o->nodes[n];
    struct said *said = &o->said[post];
    struct post_id id = id_of(post);
    if (said->came[n] != 0) {
        broadcast_on_again(node->broadcast, &id, from);
        return;
    }
    said->came[n] = 1;
    said->come_count++;
    said->last_hop = hops > said->last_hop ? hops : said->last_hop;
    uint32_t senders[BROADCAST_SENDERS_MAX];
    size_t senders_count = broadcast_senders(node->broadcast, senders, &id);
    broadcast_on_post(node->broadcast, &id, from, hops, o->now_ms);
    uint64_t shown = from < LINKS ? UINT64_C(1) << from : 0;
    for (size_t s = 0; s < senders_count; s++) {
        shown |= UINT64_C(1) << senders[s];
    }
    for (uint32_t l = 0; l < LINKS; l++) {
        if (((broadcast_eager(node->broadcast)[0] & ~shown) >> l) & 1) {
            push(o, n, l, post, (uint8_t)(hops + 1));
            shown |= UINT64_C(1) << l;
        }
    }
    node->pending = realloc(node->pending, (node->pending_count + 1) * sizeof *node->pending);
    must(node->pending != NULL, "no memory");
    node->pending[node->pending_count++] =
        (struct pending){.post = post, .hops = (uint8_t)(hops + 1), .shown = shown};
    if (!node->flushing) {
        node->flushing = true;
        schedule(o, (struct event){.at_ms = o->now_ms + FLUSH_MS, .type = EV_FLUSH, .node = n});
    }
}

static void on_graft(struct overlay *o, uint32_t n, uint32_t l, struct octets payload)
{
    struct node *node = &o->nodes[n];
    struct message_graft graft;
    must(message_graft_decode(&graft, payload) == ERR_OK, "a GRAFT is malformed");
    if (graft.push) {
        broadcast_on_graft(node->broadcast, l);
    }
    for (size_t i = 0; i < graft.count; i++) {
        uint8_t hops = 0;
        (void)broadcast_saw(node->broadcast, &graft.ids[i], &hops);
        push(o, n, l, post_of(&graft.ids[i]), (uint8_t)(hops + 1));
    }
}

static void do_action(struct overlay *o, uint32_t n, const struct broadcast_action *action)
{
    static uint8_t wire[MESSAGE_GRAFT_CAP];
    struct node *node = &o->nodes[n];
    bool known[MESSAGE_IDS_MAX] = {false};
    switch (action->what) {
    case BROADCAST_PRUNE:
        send_frame(o, n, action->link, FRAME_PRUNE, NULL, 0);
        break;
    case BROADCAST_GRAFT:
        send_frame(o, n, action->link, FRAME_GRAFT, wire,
                   message_graft_encode(wire, &(struct message_graft){.push = action->push,
                                                                      .ids = action->ids,
                                                                      .count = action->count}));
        break;
    case BROADCAST_CHECK:
        for (size_t i = 0; i < action->count; i++) {
            known[i] = o->said[post_of(&action->ids[i])].came[n] != 0;
        }
        broadcast_on_checked(node->broadcast, action->ids, known, action->count);
        break;
    }
}

static void wake(struct overlay *o, uint32_t n, uint64_t at_ms)
{
    struct node *node = &o->nodes[n];
    if (at_ms < node->tick_at_ms) {
        node->tick_at_ms = at_ms;
        schedule(o, (struct event){.at_ms = at_ms > o->now_ms ? at_ms : o->now_ms,
                                   .type = EV_TICK,
                                   .node = n});
    }
}

static void pump(struct overlay *o, uint32_t n)
{
    static struct broadcast_action action;
    struct node *node = &o->nodes[n];
    while (broadcast_next(node->broadcast, &action, true, o->now_ms)) {
        do_action(o, n, &action);
    }
    broadcast_check(node->broadcast);
    membership_check(node->membership);
    uint64_t at_ms = membership_deadline_ms(node->membership);
    uint64_t other_ms = broadcast_deadline_ms(node->broadcast);
    at_ms = other_ms < at_ms ? other_ms : at_ms;
    if (at_ms != UINT64_MAX) {
        wake(o, n, at_ms);
    }
}

/* ---- Membership --------------------------------------------------------------------------- */

static void close_link(struct overlay *o, uint32_t n, uint32_t l);

static void send_membership(struct overlay *o, uint32_t n, const struct membership_action *action)
{
    static uint8_t wire[MESSAGE_CONTACTS_CAP];
    size_t len = 0;
    if (action->frame == FRAME_NEIGHBOUR) {
        len = message_neighbour_encode(wire, &action->as.neighbour);
    } else if (action->frame == FRAME_FORWARD) {
        len = message_forward_encode(wire, &action->as.forward);
    } else {
        len = message_contacts_encode(wire, action->frame, &action->as.contacts);
    }
    for (size_t i = 0; i < action->links_count; i++) {
        o->frames_sent++;
        send_frame(o, n, action->links[i], action->frame, wire, len);
    }
}

static void dial(struct overlay *o, uint32_t n, uint32_t place, uint32_t other)
{
    schedule(o, (struct event){.at_ms = o->now_ms + 3 * delay(n, other),
                               .type = EV_DIALLED,
                               .node = n,
                               .link = place,
                               .other = other});
}

static void carry_out(struct overlay *o, uint32_t n)
{
    struct membership_output out = o->out; /* closing a link fills it anew */
    struct node *node = &o->nodes[n];
    if (out.rtt_ms > 0) {
        broadcast_on_rtt(node->broadcast, out.rtt_link, out.rtt_ms);
    }
    for (size_t i = 0; i < out.actions_count; i++) {
        const struct membership_action *action = &out.actions[i];
        uint32_t l = action->links[0];
        switch (action->what) {
        case MEMBERSHIP_SEND:
            send_membership(o, n, action);
            break;
        case MEMBERSHIP_DIAL:
            dial(o, n, action->place, (uint32_t)strtoul(action->contact->host + 1, NULL, 10));
            break;
        case MEMBERSHIP_CLOSE:
            close_link(o, n, l);
            break;
        case MEMBERSHIP_JOINED:
            node->slots[l].active = true;
            must(broadcast_on_up(node->broadcast, l, BROADCAST_TREE) == ERR_OK, "no memory");
            break;
        case MEMBERSHIP_LEFT:
            node->slots[l].active = false;
            broadcast_on_down(node->broadcast, l);
            break;
        case MEMBERSHIP_SETTLED:
            break;
        }
    }
    pump(o, n);
}

/* One end learns that the link is gone. */
static void end_down(struct overlay *o, uint32_t n, uint32_t l)
{
    struct node *node = &o->nodes[n];
    struct slot *slot = &node->slots[l];
    if (!slot->up || !node->alive) {
        return;
    }
    slot->up = false;
    slot->active = false;
    slot->life++;
    membership_on_down(node->membership, &o->out, l, o->now_ms);
    carry_out(o, n);
    broadcast_on_down(node->broadcast, l);
    if (slot->side == MEMBERSHIP_LEARNT) {
        membership_on_place_free(node->membership, slot->place, true, o->now_ms);
    }
    pump(o, n);
}

static void tell_down(struct overlay *o, uint32_t n, uint32_t l)
{
    const struct slot *slot = &o->nodes[n].slots[l];
    schedule(o, (struct event){.at_ms = slot->last_ms > o->now_ms + delay(n, slot->other)
                                            ? slot->last_ms
                                            : o->now_ms + delay(n, slot->other),
                               .type = EV_DOWN,
                               .node = slot->other,
                               .link = slot->other_link,
                               .life = slot->life});
}

static void close_link(struct overlay *o, uint32_t n, uint32_t l)
{
    if (o->nodes[n].slots[l].up) {
        tell_down(o, n, l);
        end_down(o, n, l);
    }
}

static uint32_t free_slot(const struct node *node)
{
    for (uint32_t l = 0; l < LINKS; l++) {
        if (!node->slots[l].up) {
            return l;
        }
    }
    return LINKS;
}

static void end_up(struct overlay *o, uint32_t n, uint32_t l)
{
    struct slot *slot = &o->nodes[n].slots[l];
    struct membership_up up = {.link = l,
                               .side = slot->side,
                               .place = slot->place,
                               .static_key = o->nodes[slot->other].address.static_key};
    membership_on_up(o->nodes[n].membership, &o->out, &up, o->now_ms);
    carry_out(o, n);
}

static void on_dialled(struct overlay *o, const struct event *event)
{
    struct node *node = &o->nodes[event->node];
    struct node *other = &o->nodes[event->other];
    uint32_t l = free_slot(node);
    uint32_t k = free_slot(other);
    if (!other->alive || l == LINKS || k == LINKS) {
        membership_on_place_free(node->membership, event->link, false, o->now_ms);
        pump(o, event->node);
        return;
    }
    uint32_t life =
        (node->slots[l].life > other->slots[k].life ? node->slots[l].life : other->slots[k].life) +
        1;
    node->slots[l] = (struct slot){.up = true,
                                   .life = life,
                                   .other = event->other,
                                   .other_link = k,
                                   .side = MEMBERSHIP_LEARNT,
                                   .place = event->link};
    other->slots[k] = (struct slot){.up = true,
                                    .life = life,
                                    .other = event->node,
                                    .other_link = l,
                                    .side = MEMBERSHIP_INBOUND};
    end_up(o, event->other, k);
    if (node->slots[l].up) {
        end_up(o, event->node, l);
    }
}

static void on_frame(struct overlay *o, const struct event *event)
{
    struct node *node = &o->nodes[event->node];
    struct octets payload = octets_of(event->payload, event->len);
    struct frame frame = {.type = (uint8_t)event->frame, .payload = payload};
    struct message_ihave ihave;
    if (!node->slots[event->link].up || node->slots[event->link].life != event->life) {
        return;
    }
    membership_on_heard(node->membership, event->link, o->now_ms);
    switch ((int)event->frame) {
    case FRAME_POSTS:
        arrive(o, event->node, event->link, octets_get_u32be(event->payload), event->payload[4]);
        break;
    case FRAME_IHAVE:
        must(message_ihave_decode(&ihave, payload) == ERR_OK, "an IHAVE is malformed");
        broadcast_on_ihave(node->broadcast, event->link, &ihave, o->now_ms);
        for (size_t i = 0; i < node->pending_count; i++) {
            for (size_t k = 0; k < ihave.count; k++) {
                if (post_of(&ihave.ids[k]) == node->pending[i].post) {
                    node->pending[i].shown |= UINT64_C(1) << event->link;
                }
            }
        }
        break;
    case FRAME_GRAFT:
        on_graft(o, event->node, event->link, payload);
        break;
    case FRAME_PRUNE:
        broadcast_on_prune(node->broadcast, event->link);
        break;
    default:
        must(membership_on_frame(node->membership, &o->out, event->link, &frame, o->now_ms) ==
                 ERR_OK,
             "a frame of membership is malformed");
        carry_out(o, event->node);
        break;
    }
    pump(o, event->node);
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
    carry_out(o, n);
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
        flush(o, event->node);
        break;
    case EV_JOIN:
        o->nodes[event->node].alive = true;
        if (event->node != event->link) {
            membership_learn(node->membership, &o->nodes[event->link].address, o->now_ms);
        }
        pump(o, event->node);
        break;
    case EV_DIALLED:
        on_dialled(o, event);
        break;
    case EV_FRAME:
        on_frame(o, event);
        break;
    case EV_DOWN:
        if (node->slots[event->link].life == event->life) {
            end_down(o, event->node, event->link);
        }
        break;
    }
}

void overlay_run(struct overlay *o, uint64_t for_ms)
{
    uint64_t until_ms = o->now_ms + for_ms;
    while (o->heap_count > 0 && o->heap[0].at_ms <= until_ms) {
        struct event event = take_first(o);
        o->now_ms = event.at_ms;
        dispatch(o, &event);
        free(event.payload);
    }
    o->now_ms = until_ms;
}

/* ---- From outside ------------------------------------------------------------------------- */

struct overlay *overlay_new(uint64_t seed, uint32_t nodes_count)
{
    struct overlay *o = calloc(1, sizeof *o);
    must(o != NULL, "no memory");
    o->random = seed * 2 + 1;
    o->nodes_count = nodes_count;
    o->nodes = calloc(nodes_count, sizeof *o->nodes);
    must(o->nodes != NULL, "no memory");
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
        must(membership_new(&node->membership, &membership, 0) == ERR_OK, "no memory");
        must(broadcast_new(&node->broadcast, &broadcast) == ERR_OK, "no memory");
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
        schedule(o, (struct event){.at_ms = o->now_ms + (n == first ? 0 : 1 + n * apart_ms),
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
                tell_down(o, n, l);
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
    must(queue != NULL && far != NULL, "no memory");
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
    must(o->nodes[node].alive, "the dead do not speak");
    o->said = realloc(o->said, (o->said_count + 1) * sizeof *o->said);
    must(o->said != NULL, "no memory");
    size_t post = o->said_count++;
    o->said[post] =
        (struct said){.came = calloc(o->nodes_count, 1), .alive_count = overlay_alive_count(o)};
    must(o->said[post].came != NULL, "no memory");
    arrive(o, node, BROADCAST_SELF, (uint32_t)post, 0);
    pump(o, node);
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
