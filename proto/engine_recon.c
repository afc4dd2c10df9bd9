#include <assert.h>
#include <sodium.h>

#include "proto/engine_state.h"

static_assert(ENGINE_SEED_LEN == crypto_shorthash_KEYBYTES, "the seed is a key");

/* SPEC 7.1: whoever dialled numbers its reconciliations odd, the other side even, so that each
 * knows its own.  Either side may begin some. */
bool recon_is_mine(const struct peer *peer, uint32_t session)
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

uint32_t recon_with(const struct engine *e, uint32_t p, uint32_t from)
{
    for (uint32_t i = from; i < e->limits.initiators_max; i++) {
        const struct turn *turn = &e->initiators[i].turn;
        if (turn->state != TURN_FREE && turn->state != TURN_DYING && turn->peer == p) {
            return i;
        }
    }
    return NO_INDEX;
}

static struct initiator *initiator_of(struct engine *e, uint32_t p, uint32_t session)
{
    for (uint32_t i = recon_with(e, p, 0); i != NO_INDEX; i = recon_with(e, p, i + 1)) {
        if (e->initiators[i].turn.session == session) {
            return &e->initiators[i];
        }
    }
    return NULL;
}

struct octets id_queue_take(struct id_queue *q, size_t max)
{
    size_t count = q->count < max ? q->count : max;
    for (size_t k = 1; q->listed != NULL && k < count; k++) {
        if (q->listed[q->first + k].number != q->listed[q->first].number) {
            count = k;
        }
    }
    struct octets ids = octets_of(q->at + q->first, count * POST_ID_LEN);
    q->first += count;
    q->count -= count;
    return ids;
}

static bool found_fits(const struct initiator *initiator)
{
    return initiator->need.count <= QUEUE_IDS_MAX - NEGENTROPY_IDS_MAX &&
           initiator->have.count <= QUEUE_IDS_MAX - NEGENTROPY_IDS_MAX;
}

/* Above the floors of both sides `all` has what stands too (SPEC 7.5). */
static uint64_t standing_ceiling_s(const struct engine *e, const struct peer *peer)
{
    if (e->sets.buckets) {
        return NEGENTROPY_INFINITY_S;
    }
    return e->floor_s > peer->floor_s ? e->floor_s : peer->floor_s;
}

/* The next set of a round, from this number on; SETS_END where there is none. */
static uint32_t next_set(const struct engine *e, uint32_t p, uint32_t from)
{
    uint32_t set = set_next_chosen(&e->sets, from);
    if (set == SET_STANDING && (standing_ceiling_s(e, &e->peers[p]) == 0 || added_is_full(e, p))) {
        set = set_next_chosen(&e->sets, set + 1);
    }
    return set;
}

/* SPEC 7.3: nobody else knows where the first message is going to be split. */
static uint64_t salt_of(const struct engine *e, uint32_t p, uint32_t session)
{
    uint8_t octets[20];
    uint8_t hash[crypto_shorthash_BYTES];
    octets_put_u32be(octets, p);
    octets_put_u32be(octets + 4, e->peers[p].generation);
    octets_put_u32be(octets + 8, session);
    octets_put_u64be(octets + 12, e->now_ms);
    (void)crypto_shorthash(hash, octets, sizeof octets, e->seed);
    return octets_get_u64be(hash);
}

/* SPEC 7.3: what is dated further ahead cannot be taken by either side yet. */
static uint64_t ceiling_s(const struct engine *e, const struct turn *turn)
{
    uint64_t ahead_s = e->now_s + POST_AHEAD_MAX_S + 1;
    uint64_t set_s = turn->set == SET_STANDING ? standing_ceiling_s(e, &e->peers[turn->peer])
                                               : NEGENTROPY_INFINITY_S;
    return set_s < ahead_s ? set_s : ahead_s;
}

static void open_negentropy(const struct engine *e, struct turn *turn)
{
    bool standing = turn->set == SET_STANDING;
    negentropy_init(turn->negentropy, NEGENTROPY_INITIATOR, BULK_OCTETS_MAX);
    negentropy_set_opening(turn->negentropy, salt_of(e, turn->peer, turn->session));
    negentropy_set_floor(turn->negentropy, standing ? 0 : e->floor_s);
    negentropy_set_ceiling(turn->negentropy, ceiling_s(e, turn));
}

/* The next session of the peer's round, which ends with the last set. */
static void start(struct engine *e, uint32_t p, uint32_t i)
{
    struct peer *peer = &e->peers[p];
    struct initiator *initiator = &e->initiators[i];
    if (peer->recon_set == SETS_END) {
        peer->recon_set = next_set(e, p, 0);
        peer->recon_again = false;
        peer->round_used_ms = 0;
    }
    struct turn *turn = &initiator->turn;
    turn->set = peer->recon_set;
    peer->recon_set = next_set(e, p, peer->recon_set + 1);
    peer->recon_at_ms = peer->recon_set == SETS_END ? NEVER_MS : peer->recon_at_ms;
    peer->recon_session += 2;
    peer->recon_running++;
    initiator->need.first = initiator->need.count = 0;
    initiator->have.first = initiator->have.count = 0;
    initiator->again = false;
    initiator->giving_ms = NEVER_MS;
    initiator->begun_ms = initiator->found_ms = e->now_ms;
    initiator->rounds_count = 0;
    initiator->push_count = initiator->push_done = 0;
    turn->peer = p;
    turn->group = cost_group_of(e, p);
    turn->session = peer->recon_session;
    open_negentropy(e, turn);
    turn_open(turn, initiator);
    negentropy_initiate(turn->negentropy, turn->step, &turn->reply);
    turn_close(turn, initiator);
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
    for (uint32_t i = recon_with(e, p, 0); i != NO_INDEX; i = recon_with(e, p, i + 1)) {
        want_drop(&e->initiators[i]);
        e->initiators[i].turn.state = TURN_DYING;
        recon_bury(e, i);
    }
    answer_on_down(e, p);
}

static void finish(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    uint32_t p = initiator->turn.peer;
    struct peer *peer = &e->peers[p];
    initiator->turn.state = TURN_FREE;
    peer->recon_running--;
    peer->recon_again = peer->recon_again || initiator->again;
    engine_deadline(e, e->now_ms);
    peer->round_used_ms += e->now_ms - initiator->begun_ms;
    if (peer->recon_set != SETS_END && peer->round_used_ms >= RECON_BARREN_MS) {
        peer->recon_at_ms = e->now_ms; /* the rest of so long a round is behind whoever waits */
        peer->round_used_ms = 0;
    }
    if (peer->recon_running > 0 || peer->recon_set != SETS_END) {
        return;
    }
    if (peer->recon_again) {
        recon_soon(e, p, e->now_ms + RECON_RETRY_MS);
    } else if (peer->address != ENGINE_NO_ADDRESS) {
        recon_soon(e, p, e->now_ms + RECON_EVERY_MS + engine_random(e, RECON_JITTER_MS));
    }
}

/* ---- Turns -------------------------------------------------------------------------------- */

/* ERR_OK also for what is late and meets nothing, or one that did not wait for it. */
static enum err_code on_reply(struct engine *e, uint32_t p, const struct message_recon *recon)
{
    struct initiator *initiator = initiator_of(e, p, recon->session);
    if (initiator == NULL || initiator->giving_ms != NEVER_MS) {
        return ERR_OK;
    }
    struct turn *turn = &initiator->turn;
    if (turn->state != TURN_WAIT || turn->set != recon->set) {
        return ERR_UNEXPECTED;
    }
    if (++initiator->rounds_count > RECON_ROUNDS_MAX) {
        return ERR_FLOOD; /* no two sets differ that much: it makes them up */
    }
    turn_take(turn, recon->message);
    return ERR_OK;
}

void recon_on_frame(struct engine *e, uint32_t p, struct octets payload)
{
    if (cost_wait_ms(e, p) > 0) {
        peer_pause(e, p, PAUSE_COST);
        engine_deadline(e, e->now_ms + cost_wait_ms(e, p));
        return;
    }
    struct message_recon recon;
    enum err_code rc = message_recon_decode(&recon, payload);
    if (rc == ERR_OK && recon.message.len > NEGENTROPY_MESSAGE_MAX) {
        rc = ERR_TOO_LARGE;
    }
    if (rc == ERR_OK) {
        rc = recon_is_mine(&e->peers[p], recon.session) ? on_reply(e, p, &recon)
                                                        : answer_on_question(e, p, &recon);
    }
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
    }
}

/* The other side gives up, or is done with what it began. */
void recon_on_end(struct engine *e, uint32_t p, struct octets payload)
{
    uint32_t session;
    enum err_code rc = message_recon_end_decode(&session, payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    answer_on_end(e, p, session);
    struct initiator *initiator = initiator_of(e, p, session);
    if (initiator != NULL && initiator->turn.state == TURN_WAIT) {
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
    if (in->status == ERR_OK) {
        cost_take(e, turn, negentropy_results_steps(in->as.recon));
    }
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
        turn_open(turn, initiator);
        negentropy_resume(turn->negentropy, turn->step, in->as.recon);
        turn_close(turn, initiator);
    }
}

static bool initiator_step(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    struct turn *turn = &initiator->turn;
    if (turn->state == TURN_MESSAGE && found_fits(initiator)) {
        turn_receive(e, turn, initiator);
        return true;
    }
    if (turn->state == TURN_ASK && found_fits(initiator) && engine_has_room(e, 0, 0)) {
        turn_ask(e, turn, engine_token(TOKEN_INITIATOR, i, ++turn->generation));
        return true;
    }
    if (turn->state == TURN_SEND && !peer_is_full(e, turn->peer) &&
        engine_has_room(e, turn->reply.len + MESSAGE_RECON_HEAD, 1)) {
        turn_send(e, turn);
        turn->state = TURN_WAIT;
        initiator->by_ms = e->now_ms + RECON_TIMEOUT_MS;
        engine_deadline(e, initiator->by_ms);
        return true;
    }
    if (turn->state == TURN_END && engine_has_room(e, MESSAGE_CODE_CAP, 1)) {
        turn_send_end(e, turn->peer, turn->session);
        turn->state = TURN_DONE;
        return true;
    }
    return false;
}

static bool is_drained(const struct initiator *initiator)
{
    return initiator->turn.state == TURN_DONE && !due_is_delivering(initiator);
}

static bool is_running(const struct initiator *initiator)
{
    return initiator->turn.state != TURN_FREE && initiator->turn.state != TURN_DYING;
}

void recon_pump(struct engine *e)
{
    answer_pump(e);
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        struct initiator *initiator = &e->initiators[i];
        bool moved = true;
        while (moved && is_running(initiator)) {
            want_pump(e, i);
            serve_push_pump(e, i);
            moved = initiator_step(e, i);
        }
        if (is_running(initiator) && due_is_delivering(initiator)) {
            initiator->found_ms = e->now_ms;
        }
        if (is_drained(initiator)) {
            finish(e, i);
        }
    }
}

/* ---- Time --------------------------------------------------------------------------------- */

static void start_due(struct engine *e)
{
    uint32_t i = free_initiator(e);
    uint32_t p = due_next(e);
    while (i != NO_INDEX && p != NO_INDEX) {
        if (!room_for_initiator(e, &e->initiators[i])) {
            engine_deadline(e, e->now_ms + NO_MEMORY_RETRY_MS);
            break;
        }
        start(e, p, i);
        i = free_initiator(e);
        p = due_next(e);
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
    listed_on_time(e);
    start_due(e);
    due_on_time(e);
}
