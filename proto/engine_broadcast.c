#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

bool tree_make(struct engine *e)
{
    struct broadcast_config config = {.links_max = e->limits.peers_max,
                                      .seen_max = e->limits.seen_max,
                                      .missing_max = e->limits.missing_max,
                                      .now_ms = e->now_ms};
    memcpy(config.seed, e->seed, sizeof config.seed);
    e->announce_at_ms = NEVER_MS;
    return broadcast_new(&e->tree, &config) == ERR_OK;
}

void tree_drop(struct engine *e)
{
    broadcast_free(e->tree);
    free(e->check.ids);
}

/* ---- Links -------------------------------------------------------------------------------- */

void tree_on_ready(struct engine *e, uint32_t p)
{
    bool here = e->whole; /* a relay that drops a part would cut the tree for that: it is a leaf */
    bool there = e->peers[p].whole;
    enum broadcast_kind kind = here == there ? BROADCAST_TREE
                               : there       ? BROADCAST_PARENT
                                             : BROADCAST_LEAF;
    if (broadcast_on_up(e->tree, p, kind) != ERR_OK) {
        peer_close(e, p, ERR_NO_MEMORY);
    }
}

void tree_on_gone(struct engine *e, uint32_t p)
{
    broadcast_on_down(e->tree, p);
}

static bool takes_part(const struct engine *e, uint32_t p)
{
    return (broadcast_links(e->tree)[p / 64] >> (p % 64)) & 1;
}

/* ---- Frames ------------------------------------------------------------------------------- */

void tree_on_ihave(struct engine *e, uint32_t p, struct octets payload)
{
    struct message_ihave ihave;
    enum err_code rc = message_ihave_decode(&ihave, payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    if (!takes_part(e, p)) {
        return;
    }
    for (size_t i = 0; i < ihave.count; i++) {
        uint32_t f = flight_find(e, &ihave.ids[i]);
        if (f != NO_INDEX && e->flights[f].verified) {
            flight_show(e, f, p);
        }
    }
    broadcast_on_ihave(e->tree, p, &ihave, e->now_ms);
    engine_deadline(e, broadcast_deadline_ms(e->tree));
}

void tree_on_graft(struct engine *e, uint32_t p, struct octets payload)
{
    struct message_graft graft;
    enum err_code rc = message_graft_decode(&graft, payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    if (graft.push && takes_part(e, p)) {
        broadcast_on_graft(e->tree, p);
    }
    if (graft.count > 0) {
        graft_on_ids(e, p, graft.ids, graft.count);
    }
}

void tree_on_prune(struct engine *e, uint32_t p, struct octets payload)
{
    enum err_code rc = message_prune_decode(payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
    } else if (takes_part(e, p)) {
        broadcast_on_prune(e->tree, p);
    }
}

void tree_on_none(struct engine *e, uint32_t p, const struct post_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        broadcast_on_none(e->tree, p, &ids[i], e->now_ms);
    }
}

/* ---- Posts -------------------------------------------------------------------------------- */

uint8_t tree_hops_on(const struct engine *e, uint8_t hops)
{
    if (hops == MESSAGE_HOPS_OLD) {
        return hops;
    }
    if (e->hello.role != MESSAGE_RELAY) {
        return 0; /* SPEC 6.6: whether the person wrote it or it only passes through */
    }
    return hops < MESSAGE_HOPS_MAX ? (uint8_t)(hops + 1) : hops;
}

static uint32_t came_from(const struct engine *e, const struct held *held)
{
    if (held->peer == NO_INDEX) {
        return BROADCAST_SELF;
    }
    return e->peers[held->peer].generation == held->peer_generation ? held->peer : BROADCAST_NOBODY;
}

void tree_on_post(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    uint32_t senders[BROADCAST_SENDERS_MAX];
    if (flight->told) {
        return;
    }
    flight->told = true;
    flight->hops = flight->candidates[0].hops;
    size_t senders_count = broadcast_senders(e->tree, senders, &flight->id);
    broadcast_on_post(e->tree, &flight->id, came_from(e, flight->candidates[0].held), flight->hops,
                      e->now_ms);
    for (size_t s = 0; s < senders_count; s++) {
        flight_show(e, f, senders[s]);
    }
    for (uint32_t a = 0; a < flight->again_count; a++) {
        broadcast_on_again(e->tree, &flight->id, flight->again[a], flight->again_hops[a],
                           e->now_ms);
    }
    flight->again_count = 0;
}

/* ---- What is announced and does not come -------------------------------------------------- */

static bool may_check(struct engine *e)
{
    if (!e->check.busy && e->check.ids == NULL) {
        e->check.ids = calloc(MESSAGE_IDS_MAX, sizeof *e->check.ids);
    }
    return !e->check.busy && e->check.ids != NULL;
}

static void check(struct engine *e, const struct broadcast_action *action)
{
    e->check.busy = true;
    e->check.generation++;
    e->check.count = (uint32_t)action->count;
    memcpy(e->check.ids, action->ids, action->count * sizeof *action->ids);
    engine_emit(e, ENGINE_READ)->as.read =
        (struct engine_read){.token = engine_token(TOKEN_CHECK, 0, e->check.generation),
                             .query = ENGINE_READ_KNOWN,
                             .ids = e->check.ids,
                             .ids_count = e->check.count};
}

/* What the store does not know is asked for, but what just came and is being looked at. */
void tree_on_checked(struct engine *e, const struct engine_read_done *in)
{
    bool known[MESSAGE_IDS_MAX];
    if (!e->check.busy || engine_token_generation(in->token) != e->check.generation) {
        return;
    }
    e->check.busy = false;
    for (uint32_t i = 0; i < e->check.count; i++) {
        known[i] = in->status == ERR_OK && in->as.known[i];
    }
    broadcast_on_checked(e->tree, e->check.ids, known, e->check.count);
}

static void act(struct engine *e, const struct broadcast_action *action)
{
    if (action->what == BROADCAST_CHECK) {
        check(e, action);
    } else if (action->what == BROADCAST_PRUNE) {
        engine_send_one(e, action->link, FRAME_PRUNE, octets_of(NULL, 0));
    } else {
        struct message_graft graft = {
            .push = action->push, .ids = action->ids, .count = action->count};
        uint8_t *at = engine_arena(e, MESSAGE_GRAFT_CAP);
        engine_send_one(e, action->link, FRAME_GRAFT,
                        octets_of(at, message_graft_encode(at, &graft)));
    }
}

void tree_pump(struct engine *e)
{
    struct broadcast_action *action = e->scratch->action;
    while (engine_has_room(e, MESSAGE_GRAFT_CAP, 1) &&
           broadcast_next(e->tree, action, may_check(e), e->now_ms)) {
        act(e, action);
    }
    engine_deadline(e, broadcast_deadline_ms(e->tree));
}

void tree_on_time(struct engine *e)
{
    broadcast_on_time(e->tree, e->now_ms);
    engine_deadline(e, broadcast_deadline_ms(e->tree));
}
