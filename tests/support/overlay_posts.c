#include "tests/support/overlay_inner.h"

#include <stdlib.h>

#define FLUSH_MS 100

static struct post_id id_of(uint32_t post)
{
    struct post_id id = {.octets = {0}};
    octets_put_u32be(id.octets, post);
    octets_put_u32be(id.octets + 4, (uint32_t)((post + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32));
    return id;
}

uint32_t overlay_post_of(const struct post_id *id)
{
    return octets_get_u32be(id->octets);
}

static void push(struct overlay *o, uint32_t n, uint32_t l, uint32_t post, uint8_t hops)
{
    uint8_t payload[5];
    octets_put_u32be(payload, post);
    payload[4] = hops;
    o->posts_sent++;
    overlay_send(o, n, l, FRAME_POSTS, payload, sizeof payload);
}

void overlay_flush(struct overlay *o, uint32_t n)
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
            overlay_send(o, n, l, FRAME_IHAVE, wire, message_ihave_encode(wire, &ihave));
        }
    }
    node->pending_count = 0;
}

void overlay_arrive(struct overlay *o, uint32_t n, uint32_t from, uint32_t post, uint8_t hops)
{
    struct node *node = &o->nodes[n];
    struct said *said = &o->said[post];
    struct post_id id = id_of(post);
    if (said->came[n] != 0) {
        broadcast_on_again(node->broadcast, &id, from, hops, o->now_ms);
        return;
    }
    said->came[n] = 1;
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
    overlay_must(node->pending != NULL, "no memory");
    node->pending[node->pending_count++] =
        (struct pending){.post = post, .hops = (uint8_t)(hops + 1), .shown = shown};
    if (!node->flushing) {
        node->flushing = true;
        overlay_schedule(
            o, (struct event){.at_ms = o->now_ms + FLUSH_MS, .type = EV_FLUSH, .node = n});
    }
}

void overlay_on_graft(struct overlay *o, uint32_t n, uint32_t l, struct octets payload)
{
    struct node *node = &o->nodes[n];
    struct message_graft graft;
    overlay_must(message_graft_decode(&graft, payload) == ERR_OK, "a GRAFT is malformed");
    if (graft.push) {
        broadcast_on_graft(node->broadcast, l);
    }
    for (size_t i = 0; i < graft.count; i++) {
        uint8_t hops = 0;
        (void)broadcast_saw(node->broadcast, &graft.ids[i], &hops);
        push(o, n, l, overlay_post_of(&graft.ids[i]), (uint8_t)(hops + 1));
    }
}

static void do_action(struct overlay *o, uint32_t n, const struct broadcast_action *action)
{
    static uint8_t wire[MESSAGE_GRAFT_CAP];
    struct node *node = &o->nodes[n];
    bool known[MESSAGE_IDS_MAX] = {false};
    switch (action->what) {
    case BROADCAST_PRUNE:
        overlay_send(o, n, action->link, FRAME_PRUNE, NULL, 0);
        break;
    case BROADCAST_GRAFT:
        overlay_send(o, n, action->link, FRAME_GRAFT, wire,
                     message_graft_encode(wire, &(struct message_graft){.push = action->push,
                                                                        .ids = action->ids,
                                                                        .count = action->count}));
        break;
    case BROADCAST_CHECK:
        for (size_t i = 0; i < action->count; i++) {
            known[i] = o->said[overlay_post_of(&action->ids[i])].came[n] != 0;
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
        overlay_schedule(o, (struct event){.at_ms = at_ms > o->now_ms ? at_ms : o->now_ms,
                                           .type = EV_TICK,
                                           .node = n});
    }
}

void overlay_pump(struct overlay *o, uint32_t n)
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
    if (membership_wants_contacts(node->membership)) {
        at_ms = node->look_at_ms < at_ms ? node->look_at_ms : at_ms;
    }
    if (at_ms != UINT64_MAX) {
        wake(o, n, at_ms);
    }
}
