#include <assert.h>

#include "proto/engine_state.h"

/* SPEC 7.1: whoever dialled numbers its reconciliations odd, the other side even, so that each
 * knows its own.  Either side may begin one; each has one at a time with a peer. */
static bool is_mine(const struct peer *peer, uint32_t session)
{
    return (session & 1) == (peer->address != ENGINE_NO_ADDRESS);
}

void recon_soon(struct engine *e, uint32_t p, uint64_t at_ms)
{
    struct peer *peer = &e->peers[p];
    if (at_ms < peer->recon_at_ms) {
        peer->recon_at_ms = at_ms;
        engine_deadline(e, at_ms);
    }
}

/* ---- Beginning and ending ----------------------------------------------------------------- */

static uint32_t free_initiator(const struct engine *e)
{
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        if (e->initiators[i].turn.state == TURN_FREE) {
            return i;
        }
    }
    return NO_INDEX;
}

static uint32_t free_responder(const struct engine *e)
{
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        if (e->responders[r].state == TURN_FREE) {
            return r;
        }
    }
    return NO_INDEX;
}

bool recon_can_resume(const struct engine *e)
{
    return free_responder(e) != NO_INDEX;
}

/* The ids at the front, at most max of them, taken out; they stay until the queue is filled. */
struct octets id_queue_take(struct id_queue *q, size_t max)
{
    size_t count = q->count < max ? q->count : max;
    struct octets ids = octets_of(q->at + q->first, count * POST_ID_LEN);
    q->first += count;
    q->count -= count;
    return ids;
}

static struct negentropy_found found_room(struct id_queue *q)
{
    memmove(q->at, q->at + q->first, q->count * sizeof *q->at);
    q->first = 0;
    return (struct negentropy_found){.at = q->at + q->count, .cap = NEGENTROPY_IDS_MAX};
}

static bool found_fits(const struct initiator *initiator)
{
    return initiator->need.count <= QUEUE_IDS_MAX - NEGENTROPY_IDS_MAX &&
           initiator->have.count <= QUEUE_IDS_MAX - NEGENTROPY_IDS_MAX;
}

/* Before and after each call of the machine: where it writes what it finds. */
static void open_found(struct turn *turn, struct initiator *initiator)
{
    if (initiator != NULL) {
        turn->step->have = found_room(&initiator->have);
        turn->step->need = found_room(&initiator->need);
    }
}

static void close_found(struct turn *turn, struct initiator *initiator)
{
    if (initiator != NULL) {
        initiator->have.count += turn->step->have.count;
        initiator->need.count += turn->step->need.count;
    }
    switch (turn->step->next) {
    case NEGENTROPY_ASK:
        turn->state = TURN_ASK;
        break;
    case NEGENTROPY_SEND:
        turn->state = TURN_SEND;
        break;
    case NEGENTROPY_DONE:
        turn->state = TURN_END;
        break;
    }
}

static void start(struct engine *e, uint32_t p, uint32_t i)
{
    struct peer *peer = &e->peers[p];
    struct initiator *initiator = &e->initiators[i];
    peer->initiator = i;
    peer->recon_at_ms = NEVER_MS;
    peer->recon_session += 2;
    initiator->need.first = initiator->need.count = 0;
    initiator->have.first = initiator->have.count = 0;
    initiator->again = false;
    initiator->rounds_count = 0;
    initiator->push_count = initiator->push_done = 0;
    struct turn *turn = &initiator->turn;
    turn->peer = p;
    turn->session = peer->recon_session;
    negentropy_init(turn->negentropy, NEGENTROPY_INITIATOR, BULK_OCTETS_MAX);
    negentropy_set_floor(turn->negentropy, e->floor_s);
    open_found(turn, initiator);
    negentropy_initiate(turn->negentropy, turn->step, &turn->reply);
    close_found(turn, initiator);
}

/* Free what belonged to a peer that is gone, once no answer is due any more. */
void recon_bury(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    if (initiator->turn.state == TURN_DYING && !initiator->turn.reading && !initiator->pushing &&
        !want_is_reading(initiator)) {
        initiator->turn.state = TURN_FREE;
        engine_deadline(e, e->now_ms); /* somebody may be waiting to begin */
    }
}

void recon_on_down(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    if (peer->initiator != NO_INDEX) {
        struct initiator *initiator = &e->initiators[peer->initiator];
        want_drop(initiator);
        initiator->turn.state = TURN_DYING;
        recon_bury(e, peer->initiator);
        peer->initiator = NO_INDEX;
    }
    if (peer->responder != NO_INDEX) {
        struct turn *turn = &e->responders[peer->responder];
        turn->state = turn->reading ? TURN_DYING : TURN_FREE;
        peer->responder = NO_INDEX;
    }
}

static void finish(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    uint32_t p = initiator->turn.peer;
    initiator->turn.state = TURN_FREE;
    e->peers[p].initiator = NO_INDEX;
    engine_deadline(e, e->now_ms);
    if (initiator->again) {
        recon_soon(e, p, e->now_ms + RECON_RETRY_MS);
    } else if (e->peers[p].address != ENGINE_NO_ADDRESS) {
        recon_soon(e, p, e->now_ms + RECON_EVERY_MS + engine_random(e, RECON_JITTER_MS));
    }
}

/* ---- Turns -------------------------------------------------------------------------------- */

static void copy_message(struct turn *turn, struct octets message)
{
    memcpy(turn->message, message.at, message.len);
    turn->message_len = message.len;
    turn->state = TURN_MESSAGE;
}

/* ERR_OK also for what is late and meets nothing. */
static enum err_code on_reply(struct engine *e, struct peer *peer, uint32_t session,
                              struct octets message)
{
    if (peer->initiator == NO_INDEX || e->initiators[peer->initiator].turn.session != session) {
        return ERR_OK;
    }
    struct turn *turn = &e->initiators[peer->initiator].turn;
    if (turn->state != TURN_WAIT) {
        return ERR_UNEXPECTED;
    }
    if (++e->initiators[peer->initiator].rounds_count > RECON_ROUNDS_MAX) {
        return ERR_FLOOD; /* no two sets differ that much: it makes them up */
    }
    copy_message(turn, message);
    return ERR_OK;
}

static enum err_code on_request(struct engine *e, uint32_t p, uint32_t session,
                                struct octets message)
{
    struct peer *peer = &e->peers[p];
    if (peer->responder != NO_INDEX) {
        return ERR_UNEXPECTED; /* the last message is not answered yet */
    }
    uint32_t r = free_responder(e);
    if (r == NO_INDEX) {
        peer_pause(e, p, PAUSE_TURN);
        return ERR_OK;
    }
    struct turn *turn = &e->responders[r];
    if (!room_for_responder(e, turn)) {
        return ERR_NO_MEMORY;
    }
    peer->responder = r;
    turn->peer = p;
    turn->session = session;
    /* A responder keeps nothing from one message to the next. */
    negentropy_init(turn->negentropy, NEGENTROPY_RESPONDER, NEGENTROPY_MESSAGE_MAX);
    negentropy_set_floor(turn->negentropy, e->floor_s);
    copy_message(turn, message);
    return ERR_OK;
}

void recon_on_frame(struct engine *e, uint32_t p, struct octets payload)
{
    uint32_t session;
    struct octets message;
    enum err_code rc = message_recon_decode(&session, &message, payload);
    if (rc == ERR_OK && message.len > NEGENTROPY_MESSAGE_MAX) {
        rc = ERR_TOO_LARGE;
    }
    if (rc == ERR_OK) {
        struct peer *peer = &e->peers[p];
        rc = is_mine(peer, session) ? on_reply(e, peer, session, message)
                                    : on_request(e, p, session, message);
    }
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
    }
}

/* The other side gives up, or is done with what it began. */
void recon_on_end(struct engine *e, uint32_t p, struct octets payload)
{
    uint32_t session;
    struct peer *peer = &e->peers[p];
    enum err_code rc = message_recon_end_decode(&session, payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    if (peer->initiator == NO_INDEX) {
        return;
    }
    struct initiator *initiator = &e->initiators[peer->initiator];
    if (initiator->turn.session == session && initiator->turn.state == TURN_WAIT) {
        initiator->turn.state = TURN_DONE;
        initiator->again = true;
    }
}

static struct turn *turn_of(struct engine *e, uint64_t token, struct initiator **initiator)
{
    uint32_t index = engine_token_index(token);
    struct turn *turn = NULL;
    *initiator = NULL;
    if (engine_token_kind(token) == TOKEN_INITIATOR && index < e->limits.initiators_max) {
        *initiator = &e->initiators[index];
        turn = &(*initiator)->turn;
    } else if (engine_token_kind(token) == TOKEN_RESPONDER && index < e->limits.responders_max) {
        turn = &e->responders[index];
    }
    if (turn == NULL || !turn->reading || turn->generation != engine_token_generation(token)) {
        return NULL;
    }
    return turn;
}

void recon_on_read(struct engine *e, const struct engine_read_done *in)
{
    struct initiator *initiator;
    struct turn *turn = turn_of(e, in->token, &initiator);
    if (turn == NULL) {
        return;
    }
    turn->reading = false;
    if (turn->state == TURN_DYING && initiator != NULL) {
        recon_bury(e, engine_token_index(in->token));
    } else if (turn->state == TURN_DYING) {
        turn->state = TURN_FREE;
    } else if (in->status != ERR_OK) {
        turn->state = TURN_END;
        if (initiator != NULL) {
            initiator->again = true;
        }
    } else {
        open_found(turn, initiator);
        negentropy_resume(turn->negentropy, turn->step, in->as.recon);
        close_found(turn, initiator);
    }
}

static void receive(struct engine *e, struct turn *turn, struct initiator *initiator)
{
    open_found(turn, initiator);
    enum err_code rc = negentropy_receive(turn->negentropy, turn->step, &turn->reply,
                                          octets_of(turn->message, turn->message_len));
    if (rc == ERR_OK) {
        close_found(turn, initiator);
    } else {
        peer_close(e, turn->peer, rc);
    }
}

static void ask(struct engine *e, struct turn *turn, uint64_t token)
{
    turn->state = TURN_READING;
    turn->reading = true;
    engine_emit(e, ENGINE_READ)->as.read = (struct engine_read){
        .token = token, .query = ENGINE_READ_RECON, .batch = &turn->step->batch};
}

static void send_reply(struct engine *e, struct turn *turn)
{
    uint8_t *at = engine_arena(e, turn->reply.len + MESSAGE_RECON_HEAD);
    size_t len =
        message_recon_encode(at, turn->session, octets_of(turn->reply.at, turn->reply.len));
    engine_send_one(e, turn->peer, FRAME_RECON, octets_of(at, len));
}

static void send_end(struct engine *e, const struct turn *turn)
{
    uint8_t *at = engine_arena(e, MESSAGE_CODE_CAP);
    size_t len = message_recon_end_encode(at, turn->session);
    engine_send_one(e, turn->peer, FRAME_RECON_END, octets_of(at, len));
}

/* One step on the way of a turn; false when it has to wait. */
static bool responder_step(struct engine *e, uint32_t r)
{
    struct turn *turn = &e->responders[r];
    if (turn->state == TURN_MESSAGE) {
        receive(e, turn, NULL);
        return true;
    }
    if (turn->state == TURN_ASK && engine_has_room(e, 0, 0)) {
        ask(e, turn, engine_token(TOKEN_RESPONDER, r, ++turn->generation));
        return true;
    }
    /* Whoever asks and does not read gets no further answer. */
    bool ready =
        turn->state == TURN_END || (turn->state == TURN_SEND && !peer_is_full(e, turn->peer));
    if (!ready || !engine_has_room(e, turn->reply.len + MESSAGE_RECON_HEAD, 1)) {
        return false;
    }
    if (turn->state == TURN_SEND) {
        send_reply(e, turn);
    } else {
        send_end(e, turn);
    }
    turn->state = TURN_FREE;
    e->peers[turn->peer].responder = NO_INDEX;
    return true;
}

static bool initiator_step(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    struct turn *turn = &initiator->turn;
    if (turn->state == TURN_MESSAGE && found_fits(initiator)) {
        receive(e, turn, initiator);
        return true;
    }
    if (turn->state == TURN_ASK && found_fits(initiator) && engine_has_room(e, 0, 0)) {
        ask(e, turn, engine_token(TOKEN_INITIATOR, i, ++turn->generation));
        return true;
    }
    if (turn->state == TURN_SEND && engine_has_room(e, turn->reply.len + MESSAGE_RECON_HEAD, 1)) {
        send_reply(e, turn);
        turn->state = TURN_WAIT;
        initiator->by_ms = e->now_ms + RECON_TIMEOUT_MS;
        engine_deadline(e, initiator->by_ms);
        return true;
    }
    if (turn->state == TURN_END && engine_has_room(e, MESSAGE_CODE_CAP, 1)) {
        send_end(e, turn);
        turn->state = TURN_DONE;
        return true;
    }
    return false;
}

static bool is_drained(const struct initiator *initiator)
{
    return initiator->turn.state == TURN_DONE && want_is_idle(initiator) &&
           initiator->need.count == 0 && initiator->have.count == 0 && !initiator->pushing &&
           initiator->push_done == initiator->push_count;
}

static bool is_running(const struct initiator *initiator)
{
    return initiator->turn.state != TURN_FREE && initiator->turn.state != TURN_DYING;
}

void recon_pump(struct engine *e)
{
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        while (responder_step(e, r)) {
        }
    }
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        struct initiator *initiator = &e->initiators[i];
        bool moved = true;
        while (moved && is_running(initiator)) {
            want_pump(e, i);
            serve_push_pump(e, i);
            moved = initiator_step(e, i);
        }
        if (is_drained(initiator)) {
            finish(e, i);
        }
    }
}

/* ---- Time --------------------------------------------------------------------------------- */

static bool is_due(const struct engine *e, uint32_t p)
{
    const struct peer *peer = &e->peers[p];
    return peer->state == PEER_READY && peer->initiator == NO_INDEX && !peer_is_full(e, p) &&
           e->now_ms >= peer->recon_at_ms;
}

static uint32_t longest_due(const struct engine *e)
{
    uint32_t best = NO_INDEX;
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (is_due(e, p) &&
            (best == NO_INDEX || e->peers[p].recon_at_ms < e->peers[best].recon_at_ms)) {
            best = p;
        }
    }
    return best;
}

static void start_due(struct engine *e)
{
    uint32_t i = free_initiator(e);
    uint32_t p = longest_due(e);
    while (i != NO_INDEX && p != NO_INDEX) {
        if (!room_for_initiator(e, &e->initiators[i])) {
            engine_deadline(e, e->now_ms + NO_MEMORY_RETRY_MS);
            break;
        }
        start(e, p, i);
        i = free_initiator(e);
        p = longest_due(e);
    }
    for (p = 0; p < e->peers_cap; p++) {
        if (e->peers[p].state == PEER_READY && e->peers[p].recon_at_ms > e->now_ms) {
            engine_deadline(e, e->peers[p].recon_at_ms);
        }
    }
}

void recon_on_time(struct engine *e)
{
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        struct initiator *initiator = &e->initiators[i];
        struct turn *turn = &initiator->turn;
        if (!is_running(initiator)) {
            continue;
        }
        if (turn->state == TURN_WAIT && e->peers[turn->peer].pause != PAUSE_NOT) {
            initiator->by_ms = e->now_ms + RECON_TIMEOUT_MS; /* it is us who do not read */
        }
        if (turn->state == TURN_WAIT && e->now_ms >= initiator->by_ms) {
            peer_close(e, turn->peer, ERR_TIMEOUT);
            continue;
        }
        if (turn->state == TURN_WAIT) {
            engine_deadline(e, initiator->by_ms);
        }
        want_on_time(e, i);
    }
    start_due(e);
}
