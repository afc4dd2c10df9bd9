#include "tests/support/overlay_inner.h"

#include <stdlib.h>

static uint64_t delay(uint32_t a, uint32_t b)
{
    uint64_t mix = (uint64_t)(a < b ? a : b) << 32 | (a < b ? b : a);
    mix = (mix ^ (mix >> 29)) * UINT64_C(0x9e3779b97f4a7c15);
    mix = (mix ^ (mix >> 32)) * UINT64_C(0xbf58476d1ce4e5b9);
    return 10 + (mix >> 33) % 91;
}

void overlay_send(struct overlay *o, uint32_t n, uint32_t l, enum frame_type frame,
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
    overlay_must(event.payload != NULL, "no memory");
    if (len > 0) {
        memcpy(event.payload, payload, len);
    }
    overlay_schedule(o, event);
}

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
        overlay_send(o, n, action->links[i], action->frame, wire, len);
    }
}

static void dial(struct overlay *o, uint32_t n, uint32_t place, uint32_t other)
{
    overlay_schedule(o, (struct event){.at_ms = o->now_ms + 3 * delay(n, other),
                                       .type = EV_DIALLED,
                                       .node = n,
                                       .link = place,
                                       .other = other});
}

void overlay_carry_out(struct overlay *o, uint32_t n)
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
            overlay_must(broadcast_on_up(node->broadcast, l, BROADCAST_TREE) == ERR_OK,
                         "no memory");
            break;
        case MEMBERSHIP_LEFT:
            node->slots[l].active = false;
            broadcast_on_down(node->broadcast, l);
            break;
        case MEMBERSHIP_SETTLED:
            break;
        }
    }
    overlay_pump(o, n);
}

/* One end learns that the link is gone. */
void overlay_end_down(struct overlay *o, uint32_t n, uint32_t l)
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
    overlay_carry_out(o, n);
    broadcast_on_down(node->broadcast, l);
    if (slot->side == MEMBERSHIP_LEARNT) {
        membership_on_place_free(node->membership, slot->place, true, o->now_ms);
    }
    overlay_pump(o, n);
}

void overlay_tell_down(struct overlay *o, uint32_t n, uint32_t l)
{
    const struct slot *slot = &o->nodes[n].slots[l];
    overlay_schedule(o, (struct event){.at_ms = slot->last_ms > o->now_ms + delay(n, slot->other)
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
        overlay_tell_down(o, n, l);
        overlay_end_down(o, n, l);
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
    overlay_carry_out(o, n);
}

void overlay_on_dialled(struct overlay *o, const struct event *event)
{
    struct node *node = &o->nodes[event->node];
    struct node *other = &o->nodes[event->other];
    uint32_t l = free_slot(node);
    uint32_t k = free_slot(other);
    if (!other->alive || l == LINKS || k == LINKS) {
        membership_on_place_free(node->membership, event->link, false, o->now_ms);
        overlay_pump(o, event->node);
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

void overlay_on_frame(struct overlay *o, const struct event *event)
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
        overlay_arrive(o, event->node, event->link, octets_get_u32be(event->payload),
                       event->payload[4]);
        break;
    case FRAME_IHAVE:
        overlay_must(message_ihave_decode(&ihave, payload) == ERR_OK, "an IHAVE is malformed");
        broadcast_on_ihave(node->broadcast, event->link, &ihave, o->now_ms);
        for (size_t i = 0; i < node->pending_count; i++) {
            for (size_t k = 0; k < ihave.count; k++) {
                if (overlay_post_of(&ihave.ids[k]) == node->pending[i].post) {
                    node->pending[i].shown |= UINT64_C(1) << event->link;
                }
            }
        }
        break;
    case FRAME_GRAFT:
        overlay_on_graft(o, event->node, event->link, payload);
        break;
    case FRAME_PRUNE:
        broadcast_on_prune(node->broadcast, event->link);
        break;
    default:
        overlay_must(membership_on_frame(node->membership, &o->out, event->link, &frame,
                                         o->now_ms) == ERR_OK,
                     "a frame of membership is malformed");
        overlay_carry_out(o, event->node);
        break;
    }
    overlay_pump(o, event->node);
}
