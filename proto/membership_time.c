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
    } else if (member->state == MEMBER_IDLE && member->side == MEMBERSHIP_NAMED && !member->mute &&
               now_ms >= member->at_ms) {
        member_ask(m, out, member, now_ms);
    }
}

static uint32_t pending_count(const struct membership *m)
{
    uint32_t count = places_dialling(m);
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        count += m->members[i].state == MEMBER_ASKED;
    }
    return count;
}

static bool wants_more(const struct membership *m)
{
    uint32_t all = membership_active_count(m);
    uint32_t pending = pending_count(m);
    uint32_t outbound = all - inbound_count(m);
    return all + pending < MEMBERSHIP_ACTIVE_MIN || outbound + pending < MEMBERSHIP_OUTBOUND_MIN;
}

static void seek(struct membership *m, struct membership_output *out, uint64_t now_ms)
{
    while (has_room(out, 1) && wants_more(m) && places_dialling(m) < MEMBERSHIP_DIALS_MAX) {
        struct passive *passive = passive_choose(m, now_ms);
        if (passive == NULL || !passive_dial(m, out, passive, now_ms)) {
            return;
        }
    }
}

static bool is_waiting(const struct membership *m)
{
    for (uint32_t i = 0; i < MEMBERSHIP_LINKS_MAX; i++) {
        const struct member *member = &m->members[i];
        if (member->state == MEMBER_ASKED ||
            (member->state == MEMBER_ACTIVE && member->kept_ms != 0) ||
            (member->state == MEMBER_IDLE && member->side == MEMBERSHIP_NAMED && !member->mute)) {
            return true;
        }
    }
    return wants_more(m) && membership_passive_count(m) > 0;
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
