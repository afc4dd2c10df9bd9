#include "proto/address_group.h"
#include "proto/engine_state.h"

static uint32_t free_responder(const struct engine *e)
{
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        if (e->responders[r].state == TURN_FREE) {
            return r;
        }
    }
    return NO_INDEX;
}

uint32_t answer_places(const struct engine *e)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        count += e->responders[r].state == TURN_FREE;
    }
    return count;
}

/* It, or somebody of its group, is being answered. */
static bool is_served(const struct engine *e, uint32_t p)
{
    uint64_t group = cost_group_of(e, p);
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        const struct turn *turn = &e->responders[r];
        if (turn->state != TURN_FREE &&
            (turn->peer == p || (group != ADDRESS_GROUP_NONE && turn->group == group))) {
            return true;
        }
    }
    return false;
}

static bool unserved_waits(const struct engine *e)
{
    uint32_t p = e->paused.head;
    for (uint32_t i = 0; i < e->paused.count; i++) {
        if (e->peers[p].pause == PAUSE_TURN && !is_served(e, p)) {
            return true;
        }
        p = e->peers[p].pause_next;
    }
    return false;
}

/* Who comes from one group in numbers has one place while others wait. */
bool answer_may(const struct engine *e, uint32_t p)
{
    return free_responder(e) != NO_INDEX && (!is_served(e, p) || !unserved_waits(e));
}

static struct asked_session *asked_of(struct peer *peer, uint32_t session)
{
    for (uint32_t s = 0; s < SESSIONS_MAX; s++) {
        if (peer->asked[s].open && peer->asked[s].session == session) {
            return &peer->asked[s];
        }
    }
    return NULL;
}

/* The session a question belongs to, known or new; NULL where there are as many as may be. */
static struct asked_session *asked_in(struct peer *peer, uint32_t session)
{
    struct asked_session *asked = asked_of(peer, session);
    for (uint32_t s = 0; asked == NULL && s < SESSIONS_MAX; s++) {
        if (!peer->asked[s].open) {
            asked = &peer->asked[s];
            *asked = (struct asked_session){.open = true, .session = session};
        }
    }
    return asked;
}

static bool is_being_answered(const struct engine *e, uint32_t p, uint32_t session)
{
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        const struct turn *turn = &e->responders[r];
        if (turn->state != TURN_FREE && turn->state != TURN_DYING && turn->peer == p &&
            turn->session == session) {
            return true;
        }
    }
    return false;
}

/* ---- Questions ---------------------------------------------------------------------------- */

enum err_code answer_on_question(struct engine *e, uint32_t p, const struct message_recon *recon)
{
    if (is_being_answered(e, p, recon->session)) {
        return ERR_UNEXPECTED; /* the last message is not answered yet */
    }
    if (!set_is_known(recon->set)) {
        turn_send_end(e, p, recon->session);
        return ERR_OK;
    }
    uint32_t r = answer_may(e, p) ? free_responder(e) : NO_INDEX;
    if (r == NO_INDEX) {
        peer_pause(e, p, PAUSE_TURN);
        return ERR_OK;
    }
    struct turn *turn = &e->responders[r];
    if (!room_for_responder(e, turn)) {
        return ERR_NO_MEMORY;
    }
    if (asked_in(&e->peers[p], recon->session) == NULL) {
        return ERR_FLOOD;
    }
    turn->peer = p;
    turn->group = cost_group_of(e, p);
    turn->session = recon->session;
    turn->set = recon->set;
    /* Of one message a responder keeps nothing to the next but which ids it listed. */
    negentropy_init(turn->negentropy, NEGENTROPY_RESPONDER, NEGENTROPY_MESSAGE_MAX);
    negentropy_set_floor(turn->negentropy, recon->set == SET_STANDING ? 0 : e->floor_s);
    turn_take(turn, recon->message);
    return ERR_OK;
}

static void answer(struct engine *e, const struct turn *turn)
{
    struct asked_session *asked = asked_of(&e->peers[turn->peer], turn->session);
    turn_send(e, turn);
    if (asked != NULL) { /* else the peer has ended it already */
        asked->answers_count++;
        listed_add(e, turn, asked->answers_count);
    }
}

static void give_up(struct engine *e, const struct turn *turn)
{
    struct asked_session *asked = asked_of(&e->peers[turn->peer], turn->session);
    turn_send_end(e, turn->peer, turn->session);
    if (asked != NULL) {
        asked->open = false;
    }
}

/* Somebody's question has no responder. */
static bool is_waited_for(const struct engine *e)
{
    uint32_t p = e->paused.head;
    for (uint32_t i = 0; i < e->paused.count && answer_places(e) == 0; i++) {
        if (e->peers[p].pause == PAUSE_TURN) {
            return true;
        }
        p = e->peers[p].pause_next;
    }
    return false;
}

/* One step on the way of a turn; false when it has to wait. */
static bool responder_step(struct engine *e, uint32_t r)
{
    struct turn *turn = &e->responders[r];
    if (turn->state == TURN_MESSAGE) {
        turn_receive(e, turn, NULL);
        return true;
    }
    if (turn->state == TURN_ASK && engine_has_room(e, 0, 0)) {
        turn_ask(e, turn, engine_token(TOKEN_RESPONDER, r, ++turn->generation));
        return true;
    }
    /* Whoever asks and does not read gets no further answer, and keeps nobody else from one. */
    if (turn->state == TURN_SEND && peer_is_slow(e, turn->peer) && is_waited_for(e)) {
        turn->state = TURN_END;
    }
    bool ready =
        turn->state == TURN_END || (turn->state == TURN_SEND && !peer_is_full(e, turn->peer));
    if (!ready || !engine_has_room(e, turn->reply.len + MESSAGE_RECON_HEAD, 1)) {
        return false;
    }
    if (turn->state == TURN_SEND) {
        answer(e, turn);
    } else {
        give_up(e, turn);
    }
    turn->state = TURN_FREE;
    return true;
}

void answer_pump(struct engine *e)
{
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        while (responder_step(e, r)) {
        }
    }
}

void answer_on_end(struct engine *e, uint32_t p, uint32_t session)
{
    struct asked_session *asked = asked_of(&e->peers[p], session);
    if (asked != NULL) {
        asked->open = false;
    }
}

void answer_on_down(struct engine *e, uint32_t p)
{
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        struct turn *turn = &e->responders[r];
        if (turn->state != TURN_FREE && turn->state != TURN_DYING && turn->peer == p) {
            turn->state = turn->reading ? TURN_DYING : TURN_FREE;
        }
    }
    listed_on_down(e, p);
}
