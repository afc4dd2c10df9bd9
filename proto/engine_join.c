#include <assert.h>

#include "proto/engine_state.h"

static void answer(struct engine *e, struct join *join, enum err_code status, struct octets text)
{
    join->used = false;
    engine_emit(e, ENGINE_JOINED)->as.joined =
        (struct engine_joined){.token = join->token, .status = status, .text = text};
}

/* ---- Asking to join ----------------------------------------------------------------------- */

void join_on_send(struct engine *e, const struct engine_join_send *in)
{
    assert(in->claim.len <= CLAIM_WIRE_MAX && in->address < e->limits.addresses_max);
    for (uint32_t j = 0; j < e->limits.joins_max; j++) {
        struct join *join = &e->joins[j];
        if (join->used) {
            continue;
        }
        *join = (struct join){.used = true,
                              .token = in->token,
                              .address = in->address,
                              .peer = NO_INDEX,
                              .by_ms = e->now_ms + JOIN_TIMEOUT_MS,
                              .claim_len = in->claim.len};
        memcpy(join->claim, in->claim.at, in->claim.len);
        engine_deadline(e, join->by_ms);
        return;
    }
    engine_emit(e, ENGINE_JOINED)->as.joined =
        (struct engine_joined){.token = in->token, .status = ERR_FLOOD};
}

static struct join *join_at(struct engine *e, uint32_t p)
{
    for (uint32_t j = 0; j < e->limits.joins_max; j++) {
        if (e->joins[j].used && e->joins[j].peer == p) {
            return &e->joins[j];
        }
    }
    return NULL;
}

/* One claim at a time to each relay; others wait for its answer. */
void join_pump(struct engine *e)
{
    for (uint32_t j = 0; j < e->limits.joins_max; j++) {
        struct join *join = &e->joins[j];
        if (!join->used || join->peer != NO_INDEX) {
            continue;
        }
        const struct dial *dial = &e->dials[join->address];
        if (dial->state != DIAL_UP || e->peers[dial->peer].state != PEER_READY ||
            join_at(e, dial->peer) != NULL || !engine_has_room(e, join->claim_len, 1)) {
            continue;
        }
        join->peer = dial->peer;
        engine_send_one(e, join->peer, FRAME_JOIN, octets_of(join->claim, join->claim_len));
    }
}

void join_on_joined(struct engine *e, uint32_t p, struct octets payload)
{
    enum err_code status;
    struct octets text;
    struct join *join = join_at(e, p);
    enum err_code rc = message_joined_decode(&status, &text, payload);
    if (rc == ERR_OK && join == NULL) {
        rc = ERR_UNEXPECTED;
    }
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    uint8_t *at = engine_arena(e, text.len);
    memcpy(at, text.at, text.len);
    answer(e, join, status, octets_of(at, text.len));
}

void join_on_down(struct engine *e, uint32_t p)
{
    struct join *join = join_at(e, p);
    if (join != NULL) {
        join->peer = NO_INDEX; /* sent again on the next connection: claims may be repeated */
    }
    e->peers[p].join_pending = false;
    e->peers[p].join_generation++;
}

void join_on_time(struct engine *e)
{
    for (uint32_t j = 0; j < e->limits.joins_max; j++) {
        struct join *join = &e->joins[j];
        if (!join->used) {
            continue;
        }
        if (e->now_ms < join->by_ms || !engine_has_room(e, 0, 0)) {
            engine_deadline(e, join->by_ms);
            continue;
        }
        answer(e, join, join->peer == NO_INDEX ? ERR_NETWORK : ERR_TIMEOUT, octets_of(NULL, 0));
    }
}

/* ---- Being asked -------------------------------------------------------------------------- */

void join_on_frame(struct engine *e, uint32_t p, struct octets payload)
{
    struct peer *peer = &e->peers[p];
    if (e->hello.role != MESSAGE_RELAY || peer->join_pending) {
        peer_close(e, p, ERR_UNEXPECTED);
        return;
    }
    if (payload.len > CLAIM_WIRE_MAX) {
        peer_close(e, p, ERR_TOO_LARGE);
        return;
    }
    if (peer->joins_count == JOINS_MAX) { /* each costs three signatures to check */
        peer_close(e, p, ERR_FLOOD);
        return;
    }
    peer->joins_count++;
    peer->join_pending = true;
    peer->join_generation++;
    uint8_t *at = engine_arena(e, payload.len);
    if (payload.len > 0) {
        memcpy(at, payload.at, payload.len);
    }
    engine_emit(e, ENGINE_JOIN)->as.join =
        (struct engine_join){.token = engine_token(TOKEN_JOIN, p, peer->join_generation),
                             .peer = p,
                             .claim = octets_of(at, payload.len)};
}

void join_on_result(struct engine *e, const struct engine_join_result *in)
{
    uint32_t p = engine_token_index(in->token);
    if (engine_token_kind(in->token) != TOKEN_JOIN || p >= e->peers_cap ||
        !e->peers[p].join_pending ||
        e->peers[p].join_generation != engine_token_generation(in->token)) {
        return;
    }
    e->peers[p].join_pending = false;
    uint8_t *at = engine_arena(e, MESSAGE_JOINED_CAP);
    size_t len = message_joined_encode(at, in->status, in->text);
    engine_send_one(e, p, FRAME_JOINED, octets_of(at, len));
}
