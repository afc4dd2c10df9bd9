#include "proto/membership_inner.h"

/* ---- Time --------------------------------------------------------------------------------- */

static bool has_room(const struct membership_output *out, size_t actions)
{
    return out->actions_count + actions <= MEMBERSHIP_ACTIONS_MAX;
}

static void keep_all(struct membership *m, struct membership_output *out, uint64_t now_ms)
{
    struct membership_action *action = NULL;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        struct member *member = &m->members[i];
        if (member->state != MEMBER_ACTIVE || member->kept_ms != 0) {
            continue;
        }
        member->kept_ms = now_ms;
        if (action == NULL) {
            member_say(m, out, member->link, MESSAGE_ASK_KEEP);
            action = &out->actions[out->actions_count - 1];
        } else {
            action->links[action->links_count++] = member->link;
        }
    }
}

/* Named ones are always asked again, drawn ones when one more neighbour is wanted. */
static bool is_to_ask(const struct membership *m, const struct member *member)
{
    bool wanted = member->side == MEMBERSHIP_NAMED ||
                  (member->side == MEMBERSHIP_LEARNT && membership_wants_neighbours(m));
    return member->state == MEMBER_IDLE && !member->mute && wanted;
}

/* Whatever came after a keep shows that the other side lives. */
static void look_after(struct membership *m, struct membership_output *out, struct member *member,
                       uint64_t now_ms)
{
    if (member->state == MEMBER_ACTIVE && member->kept_ms != 0 &&
        now_ms >= member->kept_ms + MEMBERSHIP_SILENCE_MS) {
        if (member->heard_ms >= member->kept_ms) {
            member->kept_ms = 0;
            return;
        }
        uint32_t link = member->link;
        (void)membership_act(out, MEMBERSHIP_LEFT, link);
        membership_act(out, MEMBERSHIP_CLOSE, link)->reason = ERR_TIMEOUT;
        member_free(m, out, member, now_ms);
    } else if (member->state == MEMBER_ASKED && now_ms >= member->at_ms + MEMBERSHIP_ASKED_MS) {
        member_deactivate(m, out, member, now_ms);
    } else if (is_to_ask(m, member) && now_ms >= member->at_ms) {
        member_ask(m, out, member, now_ms);
    }
}

uint32_t outbound_count(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *member = &m->members[i];
        bool counts = member->side == MEMBERSHIP_LEARNT ? member->state != MEMBER_FREE
                                                        : member->state >= MEMBER_ASKED;
        count += counts && member_is_own_choice(member);
    }
    return count;
}

static bool is_asked(const struct member *member)
{
    return member->state == MEMBER_ASKED && !member->told;
}

/* Who is dialled because he says so is not waited for: else he would be for ever. */
static bool wants_neighbours(const struct membership *m, uint32_t pending)
{
    uint32_t all = membership_active_count(m);
    uint32_t own = all - inbound_count(m);
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        pending += is_asked(&m->members[i]);
    }
    return all + pending < MEMBERSHIP_ACTIVE_MIN || own + pending < MEMBERSHIP_OUTBOUND_MIN;
}

bool membership_wants_neighbours(const struct membership *m)
{
    return wants_neighbours(m, 0);
}

bool membership_wants_more(const struct membership *m)
{
    uint32_t dialling = places_dialling(m, false);
    return wants_neighbours(m, dialling) || outbound_count(m) + dialling < MEMBERSHIP_CHOSEN_MIN;
}

static void seek(struct membership *m, struct membership_output *out, uint64_t now_ms)
{
    while (has_room(out, 1) && membership_wants_more(m)) {
        struct passive *passive = passive_choose(m, now_ms);
        if (passive == NULL || !passive_dial(m, out, passive, false, now_ms)) {
            return;
        }
    }
}

static bool is_waiting(const struct membership *m)
{
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *member = &m->members[i];
        if (member->state == MEMBER_ASKED ||
            (member->state == MEMBER_ACTIVE && member->kept_ms != 0) || is_to_ask(m, member)) {
            return true;
        }
    }
    return membership_wants_more(m) && passive_drawn_count(m) > 0;
}

void membership_on_time(struct membership *m, struct membership_output *out, uint64_t now_ms)
{
    membership_begin(out);
    if (now_ms < m->deadline_ms) {
        return;
    }
    m->deadline_ms = NEVER;
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX && has_room(out, 6); i++) {
        if (m->members[i].state != MEMBER_FREE) {
            look_after(m, out, &m->members[i], now_ms);
        }
    }
    if (now_ms >= m->keep_at_ms && has_room(out, 1)) {
        m->keep_at_ms = now_ms + MEMBERSHIP_KEEP_EVERY_MS;
        keep_all(m, out, now_ms);
    }
    if (now_ms >= m->shuffle_at_ms && has_room(out, 1)) {
        m->shuffle_at_ms =
            now_ms + MEMBERSHIP_SHUFFLE_MS + membership_random(m, MEMBERSHIP_SHUFFLE_MS);
        walk_start(m, out, now_ms);
    }
    seek(m, out, now_ms);
    bool alone = membership_active_count(m) == 0;
    membership_wake(m, is_waiting(m) ? now_ms + MEMBERSHIP_TICK_MS : NEVER);
    membership_wake(m, alone ? NEVER : m->keep_at_ms);
    membership_wake(m, alone ? NEVER : m->shuffle_at_ms);
    if (!has_room(out, 1)) {
        membership_wake(m, now_ms);
    }
}
