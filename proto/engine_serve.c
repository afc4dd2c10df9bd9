#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

static struct serve_slot *slot_at(struct serve *serve, uint32_t at)
{
    return &serve->slots[(serve->first + at) % SERVE_SLOTS];
}

/* WANTs of the peer that is up; what is left from one that is gone does not count against it. */
static uint32_t wants_count(const struct serve *serve)
{
    return serve == NULL ? 0 : serve->used - (serve->stale ? 1 : 0);
}

/* Where the next WANT of a peer goes, or NULL with the reason. */
static struct serve_slot *next_slot(struct engine *e, struct peer *peer, enum err_code *rc)
{
    if (wants_count(peer->serve) == WANTS_MAX) {
        *rc = ERR_FLOOD;
        return NULL;
    }
    if (peer->serve == NULL) {
        peer->serve = calloc(1, sizeof *peer->serve);
        e->serves_count += peer->serve != NULL;
    }
    if (peer->serve == NULL) {
        *rc = ERR_NO_MEMORY;
        return NULL;
    }
    struct serve_slot *slot = slot_at(peer->serve, peer->serve->used++);
    slot->count = 0;
    slot->done = 0;
    return slot;
}

void serve_on_want(struct engine *e, uint32_t p, struct octets payload)
{
    const struct post_id *ids;
    size_t count;
    enum err_code rc = message_ids_decode(&ids, &count, payload);
    struct serve_slot *slot = rc == ERR_OK ? next_slot(e, &e->peers[p], &rc) : NULL;
    if (slot == NULL) {
        peer_close(e, p, rc);
        return;
    }
    memcpy(slot->ids, ids, count * sizeof *ids);
    slot->count = (uint32_t)count;
}

/* How many places are named; *last is the highest. */
static uint32_t count_places(uint32_t *last, struct octets places)
{
    uint32_t count = 0;
    *last = 0;
    for (uint32_t place = 0; place < places.len * 8; place++) {
        if ((places.at[place / 8] >> (place % 8)) & 1) {
            *last = place;
            count++;
        }
    }
    return count;
}

static enum err_code want_places(struct engine *e, uint32_t p, const struct listed *listed,
                                 struct octets places)
{
    uint32_t last;
    if (count_places(&last, places) > MESSAGE_IDS_MAX || last >= listed->count) {
        return ERR_MALFORMED;
    }
    enum err_code rc = ERR_OK;
    struct serve_slot *slot = next_slot(e, &e->peers[p], &rc);
    for (uint32_t place = 0; slot != NULL && place <= last; place++) {
        if ((places.at[place / 8] >> (place % 8)) & 1) {
            slot->ids[slot->count++] = listed->ids[place];
        }
    }
    return rc;
}

/* SPEC 6.4: what is not remembered any more is said by sending the same back. */
static void send_forgotten(struct engine *e, uint32_t p, const struct message_want_at *want)
{
    uint8_t *at = engine_arena(e, MESSAGE_PLACES_CAP);
    size_t len = message_want_at_encode(at, want);
    engine_send_one(e, p, FRAME_WANT_AT, octets_of(at, len));
}

void serve_on_want_at(struct engine *e, uint32_t p, struct octets payload)
{
    struct message_want_at want;
    enum err_code rc = message_want_at_decode(&want, payload);
    if (rc == ERR_OK && recon_is_mine(&e->peers[p], want.session)) {
        want_on_forgotten(e, p, &want);
    } else if (rc == ERR_OK) {
        const struct listed *listed = listed_find(e, p, &want);
        if (listed == NULL) {
            send_forgotten(e, p, &want);
        } else {
            rc = want_places(e, p, listed, want.places);
        }
    }
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
    }
}

static void free_serve(struct engine *e, struct peer *peer)
{
    free(peer->serve);
    peer->serve = NULL;
    e->serves_count--;
}

static void slot_done(struct engine *e, struct peer *peer)
{
    struct serve *serve = peer->serve;
    serve->first = (serve->first + 1) % SERVE_SLOTS;
    serve->stale = false;
    if (--serve->used == 0) {
        free_serve(e, peer);
    }
}

/* Ids that are being read stay where they are until the answer has come. */
void serve_on_down(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    if (peer->serve != NULL && !peer->serve->reading) {
        free_serve(e, peer);
    } else if (peer->serve != NULL) {
        peer->serve->used = 1;
        peer->serve->stale = true;
    }
}

static void read_next(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    const struct serve_slot *slot = slot_at(peer->serve, 0);
    peer->serve->reading = true;
    peer->serve_generation++;
    engine_emit(e, ENGINE_READ)->as.read =
        (struct engine_read){.token = engine_token(TOKEN_SERVE, p, peer->serve_generation),
                             .query = ENGINE_READ_BODIES,
                             .ids = slot->ids + slot->done,
                             .ids_count = slot->count - slot->done,
                             .octets_max = BULK_OCTETS_MAX};
}

void serve_pump(struct engine *e)
{
    for (uint32_t p = 0; p < e->peers_cap && e->serves_count > 0; p++) {
        struct peer *peer = &e->peers[p];
        if (peer->serve != NULL && !peer->serve->reading && !peer_is_full(e, p) &&
            engine_has_room(e, 0, 0)) {
            read_next(e, p);
        }
    }
}

static void send_posts(struct engine *e, uint32_t p, const struct engine_bodies *bodies)
{
    size_t len = MESSAGE_POSTS_HEAD;
    uint32_t count = 0;
    for (size_t k = 0; k < bodies->wires_count; k++) {
        len += bodies->wires[k].len;
        count += bodies->wires[k].len > 0;
    }
    if (count == 0) {
        return;
    }
    assert(len <= FRAME_MAX);
    uint8_t *at = engine_arena(e, len);
    size_t used = message_posts_head(at, count);
    for (size_t k = 0; k < bodies->wires_count; k++) {
        if (bodies->wires[k].len > 0) {
            memcpy(at + used, bodies->wires[k].at, bodies->wires[k].len);
            used += bodies->wires[k].len;
        }
    }
    engine_send_one(e, p, FRAME_POSTS, octets_of(at, used));
}

/* SPEC 6.4: what is not here any more is said, so that nobody waits for it. */
void serve_send_none(struct engine *e, uint32_t p, const struct post_id *ids, size_t count,
                     const struct engine_bodies *bodies)
{
    struct post_id missing[MESSAGE_IDS_MAX];
    size_t missing_count = 0;
    for (size_t k = 0; k < count; k++) {
        if (bodies == NULL || bodies->wires[k].len == 0) {
            missing[missing_count++] = ids[k];
        }
    }
    if (missing_count > 0) {
        uint8_t *at = engine_arena(e, MESSAGE_IDS_CAP);
        size_t len = message_ids_encode(at, missing, missing_count);
        engine_send_one(e, p, FRAME_NONE_YET, octets_of(at, len));
    }
}

void serve_on_read(struct engine *e, const struct engine_read_done *in)
{
    uint32_t p = engine_token_index(in->token);
    if (p >= e->peers_cap || e->peers[p].serve == NULL || !e->peers[p].serve->reading ||
        e->peers[p].serve_generation != engine_token_generation(in->token)) {
        return;
    }
    struct peer *peer = &e->peers[p];
    struct serve_slot *slot = slot_at(peer->serve, 0);
    peer->serve->reading = false;
    if (peer->serve->stale) {
        slot_done(e, peer);
        return;
    }
    size_t count = slot->count - slot->done;
    if (in->status == ERR_OK) {
        assert(in->as.bodies.wires_count >= 1 && in->as.bodies.wires_count <= count);
        count = in->as.bodies.wires_count;
        send_posts(e, p, &in->as.bodies);
    }
    serve_send_none(e, p, slot->ids + slot->done, count,
                    in->status == ERR_OK ? &in->as.bodies : NULL);
    slot->done += (uint32_t)count;
    if (slot->done == slot->count) {
        slot_done(e, peer);
    }
}

/* ---- What the peer was found to lack ------------------------------------------------------ */

void serve_push_pump(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    if (initiator->pushing || peer_is_full(e, initiator->turn.peer)) {
        return;
    }
    if (initiator->push_done == initiator->push_count) {
        struct octets ids = id_queue_take(&initiator->have, MESSAGE_IDS_MAX);
        memcpy(initiator->push_ids, ids.at, ids.len);
        initiator->push_count = (uint32_t)(ids.len / POST_ID_LEN);
        initiator->push_done = 0;
    }
    if (initiator->push_count == initiator->push_done || !engine_has_room(e, 0, 0)) {
        return;
    }
    initiator->pushing = true;
    initiator->push_generation++;
    engine_emit(e, ENGINE_READ)->as.read =
        (struct engine_read){.token = engine_token(TOKEN_PUSH, i, initiator->push_generation),
                             .query = ENGINE_READ_BODIES,
                             .ids = initiator->push_ids + initiator->push_done,
                             .ids_count = initiator->push_count - initiator->push_done,
                             .octets_max = BULK_OCTETS_MAX};
}

void serve_on_push_read(struct engine *e, const struct engine_read_done *in)
{
    uint32_t i = engine_token_index(in->token);
    if (i >= e->limits.initiators_max || !e->initiators[i].pushing ||
        e->initiators[i].push_generation != engine_token_generation(in->token)) {
        return;
    }
    struct initiator *initiator = &e->initiators[i];
    initiator->pushing = false;
    if (initiator->turn.state == TURN_DYING) {
        recon_bury(e, i);
    } else if (in->status != ERR_OK) {
        initiator->push_done = initiator->push_count;
        initiator->again = true;
    } else {
        uint32_t left_count = initiator->push_count - initiator->push_done;
        assert(in->as.bodies.wires_count >= 1 && in->as.bodies.wires_count <= left_count);
        initiator->push_done += (uint32_t)in->as.bodies.wires_count;
        send_posts(e, initiator->turn.peer, &in->as.bodies);
    }
}
