#include "proto/membership.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/membership_inner.h"

enum err_code membership_new(struct membership **membership, const struct membership_config *config,
                             uint64_t now_ms)
{
    struct membership *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return ERR_NO_MEMORY;
    }
    m->config = *config;
    m->random = octets_get_u64be(config->seed) | 1; /* xorshift must not start at zero */
    m->number = (uint32_t)membership_random(m, UINT32_MAX);
    m->keep_at_ms = now_ms + membership_random(m, MEMBERSHIP_KEEP_EVERY_MS);
    m->shuffle_at_ms = now_ms + membership_random(m, MEMBERSHIP_SHUFFLE_MS);
    m->deadline_ms = NEVER;
    *membership = m;
    return ERR_OK;
}

void membership_free(struct membership *m)
{
    free(m);
}

/* ---- Small things ------------------------------------------------------------------------- */

/* xorshift64*: draws among contacts, protects nothing. */
uint64_t membership_random(struct membership *m, uint64_t below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (m->random * UINT64_C(2685821657736338717) >> 16) % below;
}

struct membership_action *membership_act(struct membership_output *out, enum membership_do what,
                                         uint32_t link)
{
    assert(out->actions_count < MEMBERSHIP_ACTIONS_MAX);
    struct membership_action *action = &out->actions[out->actions_count++];
    action->what = what;
    action->links[0] = link;
    action->links_count = 1;
    return action;
}

struct membership_action *membership_send(struct membership_output *out, uint32_t link,
                                          enum frame_type frame)
{
    struct membership_action *action = membership_act(out, MEMBERSHIP_SEND, link);
    action->frame = frame;
    return action;
}

void membership_begin(struct membership_output *out)
{
    out->actions_count = 0;
    out->rtt_ms = 0;
}

void membership_wake(struct membership *m, uint64_t at_ms)
{
    m->deadline_ms = at_ms < m->deadline_ms ? at_ms : m->deadline_ms;
}

static struct member *member_of(struct membership *m, uint32_t link)
{
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        if (m->members[i].state != MEMBER_FREE && m->members[i].link == link) {
            return &m->members[i];
        }
    }
    return NULL;
}

struct member *member_of_key(struct membership *m, const struct key *key)
{
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        struct member *member = &m->members[i];
        if (member->state != MEMBER_FREE && !member->mute && key_equal(&member->static_key, key)) {
            return member;
        }
    }
    return NULL;
}

uint32_t active_count(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        count += m->members[i].state == MEMBER_ACTIVE && m->members[i].side != MEMBERSHIP_NAMED;
    }
    return count;
}

uint32_t membership_active_count(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        count += m->members[i].state == MEMBER_ACTIVE;
    }
    return count;
}

bool member_is_own_choice(const struct member *member)
{
    return member->side != MEMBERSHIP_INBOUND && !member->told;
}

uint32_t inbound_count(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        count += m->members[i].state == MEMBER_ACTIVE && !member_is_own_choice(&m->members[i]);
    }
    return count;
}

struct member *active_draw(struct membership *m, uint32_t but_link)
{
    struct member *chosen = NULL;
    uint64_t met = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        struct member *member = &m->members[i];
        if (member->state == MEMBER_ACTIVE && member->link != but_link &&
            membership_random(m, ++met) == 0) {
            chosen = member;
        }
    }
    return chosen;
}

static void count_anew(struct member *member, uint64_t now_ms)
{
    if (now_ms >= member->period_ms + MEMBERSHIP_PERIOD_MS) {
        member->period_ms = now_ms;
        member->contacts_count = 0;
        member->forwards_count = 0;
        member->shuffles_count = 0;
        member->asks_count = 0;
    }
}

bool member_may(struct member *member, uint32_t *count, uint64_t now_ms)
{
    count_anew(member, now_ms);
    return ++*count <= MEMBERSHIP_PERIOD_MAX;
}

bool membership_contact(const struct membership *m, struct address *contact, uint32_t link)
{
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *member = &m->members[i];
        if (member->state != MEMBER_FREE && member->link == link && member->contact.port != 0) {
            *contact = member->contact;
            return true;
        }
    }
    return false;
}

/* ---- Becoming neighbours ------------------------------------------------------------------ */

void member_say(struct membership *m, struct membership_output *out, uint32_t link,
                enum message_ask ask)
{
    struct message_neighbour *neighbour =
        &membership_send(out, link, FRAME_NEIGHBOUR)->as.neighbour;
    *neighbour = (struct message_neighbour){.ask = ask};
    if (m->config.self.port != 0) {
        neighbour->contact = m->config.self;
    }
}

static void refuse(struct membership *m, struct membership_output *out, uint32_t link,
                   const struct key *key)
{
    struct message_contacts *contacts = &membership_send(out, link, FRAME_PASSIVE)->as.contacts;
    contacts->count = 0;
    passive_draw(m, contacts, MESSAGE_CONTACTS_MAX, key);
}

void member_ask(struct membership *m, struct membership_output *out, struct member *member,
                uint64_t now_ms)
{
    bool alone = membership_active_count(m) == 0;
    enum message_ask how = !alone      ? MESSAGE_ASK_LOW
                           : m->joined ? MESSAGE_ASK_HIGH
                                       : MESSAGE_ASK_JOIN;
    member_say(m, out, member->link, how);
    member->state = MEMBER_ASKED;
    member->at_ms = now_ms;
    membership_wake(m, now_ms + MEMBERSHIP_TICK_MS);
}

static void activate(struct membership *m, struct membership_output *out, struct member *member,
                     uint64_t now_ms)
{
    member->state = MEMBER_ACTIVE;
    member->settled = false;
    member->heard_ms = now_ms;
    member->kept_ms = 0;
    m->joined = true;
    struct passive *passive = passive_find(m, &member->static_key);
    if (passive != NULL) {
        passive->used = false;
    }
    (void)membership_act(out, MEMBERSHIP_JOINED, member->link);
    membership_wake(m, now_ms);
}

static void settle(struct membership_output *out, struct member *member)
{
    if (!member->settled) {
        member->settled = true;
        (void)membership_act(out, MEMBERSHIP_SETTLED, member->link);
    }
}

static bool is_outbound(const struct member *member)
{
    return member->side != MEMBERSHIP_INBOUND;
}

static void unmute(struct membership *m, struct membership_output *out, const struct key *key,
                   uint64_t now_ms)
{
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        struct member *member = &m->members[i];
        if (member->state != MEMBER_FREE && member->mute && key_equal(&member->static_key, key)) {
            member->mute = false;
            if (is_outbound(member)) {
                member_ask(m, out, member, now_ms);
            }
            return;
        }
    }
}

void member_free(struct membership *m, struct membership_output *out, struct member *member,
                 uint64_t now_ms)
{
    member->state = MEMBER_FREE;
    for (uint32_t i = 0; i < MEMBERSHIP_WALKS_MAX; i++) {
        struct walk *walk = &m->walks[i];
        walk->used =
            walk->used && walk->to != member->link && (walk->own || walk->from != member->link);
    }
    if (!member->mute) {
        unmute(m, out, &member->static_key, now_ms);
    }
}

static bool has_twin(const struct membership *m, const struct member *member)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *other = &m->members[i];
        count += other->state != MEMBER_FREE && key_equal(&other->static_key, &member->static_key);
    }
    return count > 1;
}

/* What was drawn stays, up to as many as are wanted, though it says no: else whoever takes all
 * places for neighbours at honest relays leaves none but his own to be connected to. */
static bool is_kept(const struct membership *m, const struct member *member)
{
    return member->side != MEMBERSHIP_LEARNT ||
           (!member->told && !member->mute && !has_twin(m, member) &&
            outbound_count(m) <= MEMBERSHIP_CHOSEN_MIN);
}

/* No neighbour (any more), but a relay that lives.  What this relay dialled for being neighbours
 * is closed, or kept; what somebody named, or the other side dialled, stays. */
void member_deactivate(struct membership *m, struct membership_output *out, struct member *member,
                       uint64_t now_ms)
{
    if (member->state == MEMBER_ACTIVE) {
        (void)membership_act(out, MEMBERSHIP_LEFT, member->link);
    }
    member->state = MEMBER_IDLE;
    member->at_ms = now_ms + MEMBERSHIP_ASK_AGAIN_MS;
    if (member->side != MEMBERSHIP_NAMED && !member->mute) {
        const struct address *contact = member->side == MEMBERSHIP_LEARNT
                                            ? &m->places[member->place].contact
                                            : &member->contact;
        passive_add(m, contact, 0, 0);
        struct passive *passive = passive_find(m, &member->static_key);
        if (passive != NULL) {
            passive->try_at_ms = now_ms + MEMBERSHIP_ASK_AGAIN_MS;
        }
    }
    if (!is_kept(m, member)) {
        membership_act(out, MEMBERSHIP_CLOSE, member->link)->reason = ERR_OK;
        member_free(m, out, member, now_ms);
    } else {
        settle(out, member);
    }
    membership_wake(m, now_ms);
}

/* Whom others chose may have to go, never whom this relay did: so that nobody who connects often
 * enough, or tells of himself, is all it has. */
static struct member *draw_to_give_up(struct membership *m)
{
    struct member *chosen = NULL;
    uint64_t met = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        struct member *member = &m->members[i];
        if (member->state == MEMBER_ACTIVE && !member_is_own_choice(member) &&
            membership_random(m, ++met) == 0) {
            chosen = member;
        }
    }
    return chosen;
}

static bool has_place(const struct membership *m, const struct member *member)
{
    return member->side == MEMBERSHIP_NAMED ||
           (active_count(m) < MEMBERSHIP_ACTIVE_MAX &&
            (member_is_own_choice(member) || inbound_count(m) < MEMBERSHIP_INBOUND_MAX));
}

static bool make_place(struct membership *m, struct membership_output *out, uint64_t now_ms)
{
    struct member *leaves = now_ms >= m->evict_at_ms ? draw_to_give_up(m) : NULL;
    if (leaves == NULL) {
        return false;
    }
    m->evict_at_ms = now_ms + MEMBERSHIP_EVICT_EVERY_MS;
    refuse(m, out, leaves->link, &leaves->static_key);
    member_deactivate(m, out, leaves, now_ms);
    return true;
}

static void on_asked(struct membership *m, struct membership_output *out, struct member *member,
                     enum message_ask how, uint64_t now_ms)
{
    count_anew(member, now_ms);
    /* Being a neighbour again forgets which promises it broke: not as often as it likes. */
    bool granted = !member->mute && ++member->asks_count <= MEMBERSHIP_PERIOD_ASKS &&
                   (has_place(m, member) || (how != MESSAGE_ASK_LOW && make_place(m, out, now_ms)));
    if (granted) {
        activate(m, out, member, now_ms);
        member_say(m, out, member->link, MESSAGE_ASK_YES);
    } else {
        refuse(m, out, member->link, &member->static_key);
        if (member->state == MEMBER_IDLE) {
            settle(out, member);
        }
    }
    if (how == MESSAGE_ASK_JOIN && !member->mute) {
        walk_newcomer(m, out, member, now_ms);
    }
}

static void on_yes(struct membership *m, struct membership_output *out, struct member *member,
                   uint64_t now_ms)
{
    if (member->state == MEMBER_ACTIVE && member->kept_ms != 0) {
        out->rtt_link = member->link;
        out->rtt_ms = now_ms - member->kept_ms + 1;
        member->kept_ms = 0;
    } else if (member->state == MEMBER_ASKED && has_place(m, member)) {
        activate(m, out, member, now_ms);
    } else if (member->state == MEMBER_ASKED) {
        refuse(m, out, member->link, &member->static_key);
        member_deactivate(m, out, member, now_ms);
    }
}

static enum err_code on_neighbour(struct membership *m, struct membership_output *out,
                                  struct member *member, const struct message_neighbour *neighbour,
                                  uint64_t now_ms)
{
    if (neighbour->contact.port != 0) {
        if (!key_equal(&neighbour->contact.static_key, &member->static_key)) {
            return ERR_PROOF;
        }
        if (contact_is_usable(&neighbour->contact, &m->config.self)) {
            member->contact = neighbour->contact;
        }
    }
    switch (neighbour->ask) {
    case MESSAGE_ASK_LOW:
    case MESSAGE_ASK_HIGH:
    case MESSAGE_ASK_JOIN:
        if (member->state == MEMBER_ACTIVE) {
            member_say(m, out, member->link, MESSAGE_ASK_YES);
        } else {
            on_asked(m, out, member, neighbour->ask, now_ms);
        }
        break;
    case MESSAGE_ASK_KEEP:
        if (member->state == MEMBER_ACTIVE) {
            member_say(m, out, member->link, MESSAGE_ASK_YES);
        } else {
            refuse(m, out, member->link, &member->static_key);
        }
        break;
    case MESSAGE_ASK_YES:
        on_yes(m, out, member, now_ms);
        break;
    case MESSAGE_ASKS_COUNT:
        break;
    }
    return ERR_OK;
}

static void on_passive(struct membership *m, struct membership_output *out, struct member *member,
                       const struct message_contacts *contacts, uint64_t now_ms)
{
    passive_add_all(m, member, contacts, now_ms);
    if (member->state == MEMBER_ACTIVE || member->state == MEMBER_ASKED) {
        member_deactivate(m, out, member, now_ms);
    }
}

/* ---- Links -------------------------------------------------------------------------------- */

/* Both ends must come to the same answer: what the smaller key dialled counts; of two that one
 * side dialled, the one that was named. */
static bool counts_more(const struct membership *m, const struct member *a, const struct member *b)
{
    if (is_outbound(a) == is_outbound(b)) {
        return a->side == MEMBERSHIP_NAMED && b->side != MEMBERSHIP_NAMED;
    }
    const struct key *self = &m->config.self.static_key;
    bool self_smaller = memcmp(self->octets, a->static_key.octets, KEY_LEN) < 0;
    return is_outbound(a) == self_smaller;
}

static void silence(struct membership *m, struct membership_output *out, struct member *member,
                    uint64_t now_ms)
{
    member->mute = true;
    member_deactivate(m, out, member, now_ms);
}

/* Ever so many may dial this relay: whom it dialled itself takes the room of one of them that is
 * no neighbour. */
static struct member *room_for(struct membership *m, struct membership_output *out,
                               const struct membership_up *up, uint64_t now_ms)
{
    struct member *idle = NULL;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        struct member *member = &m->members[i];
        if (member->state == MEMBER_FREE) {
            return member;
        }
        if (member->state == MEMBER_IDLE && member->side == MEMBERSHIP_INBOUND &&
            !key_equal(&member->static_key, &up->static_key)) {
            idle = member;
        }
    }
    if (idle != NULL && up->side != MEMBERSHIP_INBOUND) {
        member_free(m, out, idle, now_ms);
        return idle;
    }
    return NULL;
}

static struct member *member_add(struct membership *m, struct membership_output *out,
                                 const struct membership_up *up, uint64_t now_ms)
{
    struct member *member = room_for(m, out, up, now_ms);
    if (member != NULL) {
        *member =
            (struct member){.state = MEMBER_IDLE,
                            .link = up->link,
                            .side = up->side,
                            .place = up->place,
                            .told = up->side == MEMBERSHIP_LEARNT && m->places[up->place].told,
                            .static_key = up->static_key,
                            .heard_ms = now_ms};
    }
    return member;
}

void membership_on_up(struct membership *m, struct membership_output *out,
                      const struct membership_up *up, uint64_t now_ms)
{
    membership_begin(out);
    if (up->side == MEMBERSHIP_LEARNT) {
        m->places[up->place].linked = true;
    }
    passive_on_up(m, &up->static_key);
    struct member *other = member_of_key(m, &up->static_key);
    struct member *member = member_add(m, out, up, now_ms);
    if (member == NULL) {
        if (up->side == MEMBERSHIP_LEARNT) {
            membership_act(out, MEMBERSHIP_CLOSE, up->link)->reason = ERR_OK;
        } else {
            (void)membership_act(out, MEMBERSHIP_SETTLED, up->link);
        }
        return;
    }
    if (other != NULL && !counts_more(m, member, other)) {
        silence(m, out, member, now_ms);
        return;
    }
    if (other != NULL) {
        silence(m, out, other, now_ms);
    }
    bool drawn = member->side == MEMBERSHIP_LEARNT && !member->told;
    if (drawn && !membership_wants_neighbours(m)) {
        settle(out, member);
    } else if (is_outbound(member)) {
        member_ask(m, out, member, now_ms);
    }
}

void membership_on_down(struct membership *m, struct membership_output *out, uint32_t link,
                        uint64_t now_ms)
{
    membership_begin(out);
    struct member *member = member_of(m, link);
    if (member == NULL) {
        return;
    }
    if (member->state == MEMBER_ACTIVE) {
        (void)membership_act(out, MEMBERSHIP_LEFT, link);
    }
    member_free(m, out, member, now_ms);
    membership_wake(m, now_ms);
}

enum err_code membership_on_frame(struct membership *m, struct membership_output *out,
                                  uint32_t link, const struct frame *frame, uint64_t now_ms)
{
    membership_begin(out);
    struct message_neighbour neighbour;
    struct message_forward forward;
    struct message_contacts contacts;
    enum frame_type type = (enum frame_type)frame->type;
    enum err_code rc =
        type == FRAME_NEIGHBOUR ? message_neighbour_decode(&neighbour, frame->payload)
        : type == FRAME_FORWARD ? message_forward_decode(&forward, frame->payload)
                                : message_contacts_decode(&contacts, type, frame->payload);
    struct member *member = member_of(m, link);
    if (rc != ERR_OK) {
        return rc;
    }
    if (member == NULL) { /* one too many */
        if (type == FRAME_NEIGHBOUR && neighbour.ask != MESSAGE_ASK_YES) {
            refuse(m, out, link, &m->config.self.static_key);
        }
        return ERR_OK;
    }
    if (type == FRAME_NEIGHBOUR) {
        return on_neighbour(m, out, member, &neighbour, now_ms);
    }
    if (type == FRAME_PASSIVE) {
        on_passive(m, out, member, &contacts, now_ms);
    } else if (member->state != MEMBER_ACTIVE) {
        return ERR_OK; /* the two just parted */
    } else if (type == FRAME_FORWARD) {
        walk_on_forward(m, out, member, &forward, now_ms);
    } else if (type == FRAME_SHUFFLE) {
        walk_on_shuffle(m, out, member, &contacts, now_ms);
    } else {
        walk_on_shuffled(m, out, member, &contacts, now_ms);
    }
    return ERR_OK;
}

void membership_on_heard(struct membership *m, uint32_t link, uint64_t now_ms)
{
    struct member *member = member_of(m, link);
    if (member != NULL) {
        member->heard_ms = now_ms;
    }
}

uint64_t membership_deadline_ms(const struct membership *m)
{
    return m->deadline_ms;
}

void membership_check(const struct membership *m)
{
    assert(active_count(m) <= MEMBERSHIP_ACTIVE_MAX);
    assert(inbound_count(m) <= MEMBERSHIP_INBOUND_MAX);
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *member = &m->members[i];
        assert(member->state == MEMBER_FREE || !member->mute || member->state == MEMBER_IDLE);
    }
}
