#include "proto/membership_inner.h"

#define SHUFFLE_ACTIVE  3
#define SHUFFLE_PASSIVE 4
#define PASSIVE_TTL     3 /* left of a FORWARD that is taken into the passive view */

static struct walk *walk_new(struct membership *m, uint32_t to, uint64_t now_ms)
{
    struct walk *walk = &m->walks[m->walks_next];
    m->walks_next = (m->walks_next + 1) % MEMBERSHIP_WALKS_MAX; /* the oldest gives way */
    *walk = (struct walk){.used = true, .number = ++m->number, .to = to, .at_ms = now_ms};
    return walk;
}

void walk_start(struct membership *m, struct membership_output *out, uint64_t now_ms)
{
    struct member *to = active_draw(m, NONE);
    if (to == NULL) {
        return;
    }
    struct walk *walk = walk_new(m, to->link, now_ms);
    walk->own = true;
    struct membership_action *action = membership_send(out, to->link, FRAME_SHUFFLE);
    struct message_contacts *contacts = &action->as.contacts;
    *contacts = (struct message_contacts){.number = walk->number, .ttl = MESSAGE_WALK_MAX};
    if (m->config.self.port != 0) {
        contacts->at[contacts->count++] = m->config.self;
    }
    uint32_t start = (uint32_t)membership_random(m, MEMBERSHIP_LINKS_MAX);
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX && contacts->count <= SHUFFLE_ACTIVE; i++) {
        const struct member *member = &m->members[(start + i) % MEMBERSHIP_LINKS_MAX];
        if (member->state == MEMBER_ACTIVE && member != to && member->contact.port != 0) {
            contacts->at[contacts->count++] = member->contact;
        }
    }
    passive_draw(m, contacts, contacts->count + SHUFFLE_PASSIVE, &to->static_key);
}

void walk_on_shuffle(struct membership *m, struct membership_output *out, struct member *from,
                     const struct message_contacts *shuffle, uint64_t now_ms)
{
    if (!member_may(from, &from->shuffles_count, now_ms)) {
        return;
    }
    struct member *next = shuffle->ttl > 1 ? active_draw(m, from->link) : NULL;
    if (next != NULL) {
        struct walk *walk = walk_new(m, next->link, now_ms);
        walk->from = from->link;
        walk->from_number = shuffle->number;
        struct membership_action *action = membership_send(out, next->link, FRAME_SHUFFLE);
        action->as.contacts = *shuffle;
        action->as.contacts.number = walk->number;
        action->as.contacts.ttl = (uint8_t)(shuffle->ttl - 1);
        return;
    }
    struct membership_action *action = membership_send(out, from->link, FRAME_SHUFFLED);
    action->as.contacts = (struct message_contacts){.number = shuffle->number};
    passive_draw(m, &action->as.contacts, shuffle->count, &from->static_key);
    passive_add_all(m, from, shuffle, now_ms);
}

void walk_on_shuffled(struct membership *m, struct membership_output *out, struct member *from,
                      const struct message_contacts *shuffled, uint64_t now_ms)
{
    for (uint32_t i = 0; i < MEMBERSHIP_WALKS_MAX; i++) {
        struct walk *walk = &m->walks[i];
        if (!walk->used || walk->number != shuffled->number || walk->to != from->link ||
            now_ms > walk->at_ms + MEMBERSHIP_WALK_MS) {
            continue;
        }
        walk->used = false;
        if (walk->own) {
            passive_add_all(m, from, shuffled, now_ms);
        } else {
            struct membership_action *action = membership_send(out, walk->from, FRAME_SHUFFLED);
            action->as.contacts = *shuffled;
            action->as.contacts.number = walk->from_number;
        }
        return;
    }
}

/* ---- Newcomers ---------------------------------------------------------------------------- */

void walk_newcomer(struct membership *m, struct membership_output *out,
                   const struct member *newcomer, uint64_t now_ms)
{
    if (now_ms >= m->joins_period_ms + MEMBERSHIP_PERIOD_MS) {
        m->joins_period_ms = now_ms;
        m->joins_count = 0;
    }
    if (newcomer->contact.port == 0 || m->joins_count >= MEMBERSHIP_PERIOD_JOINS) {
        return;
    }
    struct membership_action *action = NULL;
    uint32_t start = (uint32_t)membership_random(m, MEMBERSHIP_LINKS_MAX);
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *member = &m->members[(start + i) % MEMBERSHIP_LINKS_MAX];
        if (member->state != MEMBER_ACTIVE || member == newcomer) {
            continue;
        }
        if (action == NULL) {
            action = membership_send(out, member->link, FRAME_FORWARD);
            action->as.forward =
                (struct message_forward){.ttl = MESSAGE_WALK_MAX, .contact = newcomer->contact};
            m->joins_count++;
        } else if (action->links_count < MEMBERSHIP_ACTIVE_MAX) {
            action->links[action->links_count++] = member->link;
        }
    }
}

static void meet(struct membership *m, struct membership_output *out,
                 const struct address *newcomer, uint64_t now_ms)
{
    struct passive *passive = passive_find(m, &newcomer->static_key);
    if (passive != NULL && active_count(m) < MEMBERSHIP_ACTIVE_MAX &&
        inbound_count(m) < MEMBERSHIP_INBOUND_MAX &&
        member_of_key(m, &newcomer->static_key) == NULL) {
        (void)passive_dial(m, out, passive, true, now_ms);
    }
}

void walk_on_forward(struct membership *m, struct membership_output *out, struct member *from,
                     const struct message_forward *forward, uint64_t now_ms)
{
    if (!member_may(from, &from->forwards_count, now_ms)) {
        return;
    }
    struct member *next = forward->ttl > 1 ? active_draw(m, from->link) : NULL;
    uint64_t teller = octets_get_u64be(from->static_key.octets) | 1;
    if (next == NULL || forward->ttl == PASSIVE_TTL) {
        passive_add(m, &forward->contact, teller, 0);
    }
    if (next == NULL) {
        meet(m, out, &forward->contact, now_ms);
        return;
    }
    if (!key_equal(&next->static_key, &forward->contact.static_key)) {
        membership_send(out, next->link, FRAME_FORWARD)->as.forward = (struct message_forward){
            .ttl = (uint8_t)(forward->ttl - 1), .contact = forward->contact};
    }
}
