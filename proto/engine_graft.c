#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

/* Posts with their hops where all of them are new, and without where one is not. */
struct reply {
    uint8_t hops[MESSAGE_IDS_MAX];
    struct octets wires[MESSAGE_IDS_MAX];
    size_t count;
    size_t octets_len;
    bool old;
};

static void reply_add(struct engine *e, struct reply *reply, const struct post_id *id,
                      struct octets wire)
{
    uint8_t hops = MESSAGE_HOPS_OLD;
    (void)broadcast_saw(e->tree, id, &hops);
    reply->old = reply->old || hops == MESSAGE_HOPS_OLD;
    reply->hops[reply->count] = tree_hops_on(e, hops);
    reply->wires[reply->count++] = wire;
    reply->octets_len += wire.len;
}

static void reply_send(struct engine *e, uint32_t p, const struct reply *reply)
{
    if (reply->count == 0) {
        return;
    }
    assert(reply->octets_len + MESSAGE_NEW_HEAD <= FRAME_MAX);
    uint8_t *at = engine_arena(e, reply->octets_len + MESSAGE_NEW_HEAD);
    uint32_t count = (uint32_t)reply->count;
    size_t used =
        reply->old ? message_posts_head(at, count) : message_new_head(at, reply->hops, count);
    for (size_t i = 0; i < reply->count; i++) {
        memcpy(at + used, reply->wires[i].at, reply->wires[i].len);
        used += reply->wires[i].len;
    }
    engine_send_one(e, p, FRAME_POSTS, octets_of(at, used));
}

static bool graft_make(struct engine *e, struct peer *peer)
{
    if (peer->graft == NULL) {
        peer->graft = calloc(1, sizeof *peer->graft);
        e->grafts_count += peer->graft != NULL;
    }
    return peer->graft != NULL;
}

/* What is not being read moves to the front.  What finds no room is passed over (SPEC 6.6): whoever
 * asked has given up what it asked for first. */
static void graft_add(struct graft *graft, const struct post_id *id)
{
    if (graft->count == MESSAGE_IDS_MAX && !graft->reading) {
        memmove(graft->ids, graft->ids + graft->done,
                (graft->count - graft->done) * sizeof *graft->ids);
        graft->count -= graft->done;
        graft->done = 0;
    }
    if (graft->count < MESSAGE_IDS_MAX) {
        graft->ids[graft->count++] = *id;
    }
}

void graft_on_ids(struct engine *e, uint32_t p, const struct post_id *ids, size_t count)
{
    struct peer *peer = &e->peers[p];
    struct reply reply = {.count = 0};
    if (!graft_make(e, peer)) {
        peer_close(e, p, ERR_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t f = flight_find(e, &ids[i]);
        /* What is on its way to the store is not in it yet. */
        if (f != NO_INDEX && !peer_is_full(e, p) && e->flights[f].verified && e->flights[f].told &&
            reply.octets_len + e->flights[f].candidates[0].wire.len <= BULK_OCTETS_MAX) {
            reply_add(e, &reply, &ids[i], e->flights[f].candidates[0].wire);
            flight_show(e, f, p);
        } else {
            graft_add(peer->graft, &ids[i]);
        }
    }
    reply_send(e, p, &reply);
}

static void graft_free(struct engine *e, struct peer *peer)
{
    free(peer->graft);
    peer->graft = NULL;
    e->grafts_count--;
}

/* Ids that are being read stay where they are until the answer has come. */
void graft_on_down(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    if (peer->graft != NULL && !peer->graft->reading) {
        graft_free(e, peer);
    } else if (peer->graft != NULL) {
        struct graft *graft = peer->graft;
        graft->count = graft->stale_count > 0 ? graft->stale_count : graft->count;
        graft->stale_count = graft->count;
    }
}

void graft_pump(struct engine *e)
{
    for (uint32_t p = 0; p < e->peers_cap && e->grafts_count > 0; p++) {
        struct peer *peer = &e->peers[p];
        struct graft *graft = peer->graft;
        if (graft == NULL || graft->reading || peer_is_full(e, p)) {
            continue;
        }
        if (graft->done == graft->count) {
            graft_free(e, peer);
        } else if (engine_has_room(e, 0, 0)) {
            graft->reading = true;
            peer->graft_generation++;
            engine_emit(e, ENGINE_READ)->as.read =
                (struct engine_read){.token = engine_token(TOKEN_GRAFT, p, peer->graft_generation),
                                     .query = ENGINE_READ_BODIES,
                                     .ids = graft->ids + graft->done,
                                     .ids_count = graft->count - graft->done,
                                     .octets_max = BULK_OCTETS_MAX};
        }
    }
}

static void on_bodies(struct engine *e, uint32_t p, const struct engine_bodies *bodies)
{
    const struct graft *graft = e->peers[p].graft;
    struct reply reply = {.count = 0};
    for (size_t i = 0; i < bodies->wires_count; i++) {
        if (bodies->wires[i].len > 0) {
            reply_add(e, &reply, &graft->ids[graft->done + i], bodies->wires[i]);
        }
    }
    reply_send(e, p, &reply);
}

/* What was asked for since is somebody else's. */
static void drop_stale(struct engine *e, struct peer *peer)
{
    struct graft *graft = peer->graft;
    graft->count -= graft->stale_count;
    if (graft->count == 0) {
        graft_free(e, peer);
        return;
    }
    memmove(graft->ids, graft->ids + graft->stale_count, graft->count * sizeof *graft->ids);
    graft->done = 0;
    graft->stale_count = 0;
}

void graft_on_read(struct engine *e, const struct engine_read_done *in)
{
    uint32_t p = engine_token_index(in->token);
    if (p >= e->peers_cap || e->peers[p].graft == NULL || !e->peers[p].graft->reading ||
        e->peers[p].graft_generation != engine_token_generation(in->token)) {
        return;
    }
    struct graft *graft = e->peers[p].graft;
    graft->reading = false;
    if (graft->stale_count > 0) {
        drop_stale(e, &e->peers[p]);
        return;
    }
    uint32_t count = graft->count - graft->done;
    if (in->status == ERR_OK) {
        assert(in->as.bodies.wires_count >= 1 && in->as.bodies.wires_count <= count);
        count = (uint32_t)in->as.bodies.wires_count;
        on_bodies(e, p, &in->as.bodies);
    }
    serve_send_none(e, p, graft->ids + graft->done, count,
                    in->status == ERR_OK ? &in->as.bodies : NULL);
    graft->done += count;
}
