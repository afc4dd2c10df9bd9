#include "proto/engine.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

struct engine_limits engine_limits_personal(void)
{
    return (struct engine_limits){.peers_max = 32,
                                  .addresses_max = 64,
                                  .posts_max = 4096,
                                  .octets_max = 4 * 1024 * 1024,
                                  .verify_batches_max = 8,
                                  .initiators_max = 8,
                                  .responders_max = 4,
                                  .joins_max = 4,
                                  .seen_max = 2048,
                                  .missing_max = 1024};
}

struct engine_limits engine_limits_relay(void)
{
    return (struct engine_limits){.peers_max = 1024,
                                  .addresses_max = 256,
                                  .posts_max = 16384,
                                  .octets_max = 32 * 1024 * 1024,
                                  .verify_batches_max = 32,
                                  .initiators_max = 16,
                                  .responders_max = 16,
                                  .joins_max = 4,
                                  .seen_max = 8192,
                                  .missing_max = 8192};
}

/* ---- Construction ------------------------------------------------------------------------- */

static bool tables_make(struct engine *e)
{
    const struct engine_limits *limits = &e->limits;
    e->verify_batches = calloc(limits->verify_batches_max, sizeof *e->verify_batches);
    e->ready = calloc(e->peer_words, sizeof *e->ready);
    e->full = calloc(e->peer_words, sizeof *e->full);
    e->dials = calloc(limits->addresses_max, sizeof *e->dials);
    e->joins = calloc(limits->joins_max, sizeof *e->joins);
    e->initiators = calloc(limits->initiators_max, sizeof *e->initiators);
    e->responders = calloc(limits->responders_max, sizeof *e->responders);
    e->listed = calloc((size_t)limits->responders_max * LISTED_MAX, sizeof *e->listed);
    e->cost_groups = calloc(COST_GROUPS_MAX, sizeof *e->cost_groups);
    return e->verify_batches != NULL && e->ready != NULL && e->full != NULL && e->dials != NULL &&
           e->joins != NULL && e->initiators != NULL && e->responders != NULL &&
           e->listed != NULL && e->cost_groups != NULL;
}

static bool scratch_make(struct engine *e, struct engine_scratch *shared)
{
    if (shared == NULL) {
        e->scratch_own = engine_scratch_new(&e->scratch, &e->limits) == ERR_OK;
        return e->scratch_own;
    }
    assert(shared->peers_max >= e->limits.peers_max);
    e->scratch = shared;
    return true;
}

static void check_limits(const struct engine_limits *limits)
{
    assert(limits->peers_max > 0 && limits->peers_max < (1U << 20));
    assert(limits->addresses_max > 0 && limits->initiators_max > 0);
    assert(limits->responders_max > 0 && limits->verify_batches_max > 0 && limits->joins_max > 0);
    /* A whole frame must fit the share of one peer, or it could never be taken. */
    assert(limits->posts_max / SHARE >= MESSAGE_POSTS_MAX);
    assert(limits->octets_max / SHARE >= FRAME_MAX);
}

enum err_code engine_new(struct engine **engine, const struct engine_config *config)
{
    check_limits(&config->limits);
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return ERR_NO_MEMORY;
    }
    e->limits = config->limits;
    e->hello = config->hello;
    e->self = config->self;
    e->sets = config->sets;
    e->whole = config->hello.role == MESSAGE_RELAY && !config->sets.buckets;
    e->book = config->book;
    e->scores = config->scores;
    e->only_named = config->only_named;
    memcpy(e->seed, config->seed, sizeof e->seed);
    e->random = octets_get_u64be(config->seed) | 1; /* xorshift must not start at zero */
    e->now_ms = config->now_ms;
    e->tick_at_ms = NEVER_MS;
    e->peer_words = (config->limits.peers_max + 63) / 64;
    e->slim_at_ms = NEVER_MS;
    if (!tables_make(e) || !tree_make(e) || !scratch_make(e, config->scratch) ||
        !room_for_flights(e, 1) || !room_for_peer(e, 0)) {
        engine_free(e);
        return ERR_NO_MEMORY;
    }
    e->tick_at_ms = e->book != NULL && !e->only_named ? e->now_ms : e->tick_at_ms;
    *engine = e;
    return ERR_OK;
}

static void posts_drop(struct engine *e)
{
    for (uint32_t f = 0; f < e->flights_cap; f++) {
        struct flight *flight = &e->flights[f];
        while (flight->candidates_count > 0) {
            held_release(e, flight->candidates[--flight->candidates_count].held);
        }
    }
}

void engine_free(struct engine *e)
{
    if (e == NULL) {
        return;
    }
    posts_drop(e);
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        free(e->peers[p].serve);
        free(e->peers[p].graft);
        free(e->peers[p].sets);
        none_forget(e, p);
    }
    room_drop(e);
    if (e->scratch_own) {
        engine_scratch_free(e->scratch);
    }
    tree_drop(e);
    membership_free(e->views);
    free(e->verify_batches);
    free(e->ready);
    free(e->full);
    free(e->dials);
    book_drop(e);
    free(e->joins);
    free(e->initiators);
    free(e->responders);
    listed_drop(e);
    free(e->adders);
    free(e->cost_groups);
    free(e);
}

/* ---- Steps -------------------------------------------------------------------------------- */

static void on_read(struct engine *e, const struct engine_read_done *in)
{
    switch (engine_token_kind(in->token)) {
    case TOKEN_KNOWN:
        posts_on_known(e, in);
        break;
    case TOKEN_WANT:
        want_on_known(e, in);
        break;
    case TOKEN_SERVE:
        serve_on_read(e, in);
        break;
    case TOKEN_PUSH:
        serve_on_push_read(e, in);
        break;
    case TOKEN_CHECK:
        tree_on_checked(e, in);
        break;
    case TOKEN_GRAFT:
        graft_on_read(e, in);
        break;
    case TOKEN_INITIATOR:
    case TOKEN_RESPONDER:
        recon_on_read(e, in);
        break;
    case TOKEN_VERIFY:
    case TOKEN_STORE:
    case TOKEN_JOIN:
    default:
        break; /* nobody waits for it */
    }
}

static void on_input(struct engine *e, const struct engine_input *in)
{
    switch (in->type) {
    case ENGINE_TICK:
        break;
    case ENGINE_PEER_UP:
        peer_on_up(e, &in->as.up);
        break;
    case ENGINE_PEER_DOWN:
        peer_on_down(e, in->as.peer);
        break;
    case ENGINE_PEER_FULL:
    case ENGINE_PEER_DRAINED:
        peer_on_full(e, in->as.peer, in->type == ENGINE_PEER_FULL);
        break;
    case ENGINE_FRAME:
        peer_on_frame(e, &in->as.frame);
        break;
    case ENGINE_VERIFIED:
        posts_on_verified(e, &in->as.verified);
        break;
    case ENGINE_STORED:
        posts_on_stored(e, &in->as.stored);
        break;
    case ENGINE_READ_DONE:
        on_read(e, &in->as.read);
        break;
    case ENGINE_PUBLISH:
        publish_on_post(e, &in->as.publish);
        break;
    case ENGINE_ADDRESS_ADD:
        dial_on_add(e, in->as.address);
        break;
    case ENGINE_ADDRESS_REMOVE:
        dial_on_remove(e, in->as.address);
        break;
    case ENGINE_DIAL_FAILED:
        dial_on_failed(e, in->as.address);
        break;
    case ENGINE_JOIN_SEND:
        join_on_send(e, &in->as.join_send);
        break;
    case ENGINE_JOIN_RESULT:
        join_on_result(e, &in->as.join_result);
        break;
    }
}

/* Deadlines are looked at together, and only once the first of them has passed. */
static void on_time(struct engine *e)
{
    if (e->now_ms < e->tick_at_ms) {
        return;
    }
    e->tick_at_ms = NEVER_MS;
    peers_on_time(e);
    dial_on_time(e);
    join_on_time(e);
    recon_on_time(e);
    tree_on_time(e);
    views_on_time(e);
    book_on_time(e);
    room_on_time(e);
    if (e->store_at_ms > e->now_ms) {
        engine_deadline(e, e->store_at_ms);
    }
}

static void pump(struct engine *e)
{
    posts_pump(e);
    push_pump(e);
    tree_pump(e);
    graft_pump(e);
    publish_pump(e);
    join_pump(e);
    serve_pump(e);
    recon_pump(e);
    peers_pump(e);
}

void engine_step(struct engine *e, struct engine_output *out, const struct engine_input *in)
{
    assert(in->now_ms >= e->now_ms); /* the driver owns a monotonic clock */
    out->effects_count = 0;
    e->out = out;
    e->now_ms = in->now_ms;
    e->now_s = in->now_s;
    e->floor_s = in->floor_s;
    e->arena_len = 0;
    e->lists_count = 0;
    e->steps_count++;
    e->more = false;
    e->paused_now = NO_INDEX;

    on_input(e, in);
    on_time(e);
    if (in->type == ENGINE_PEER_FULL) {
        e->more = true; /* the next peer's may be about to be told: nothing is sent before that */
    } else {
        pump(e);
    }

    out->tick_at_ms = e->more ? e->now_ms : e->tick_at_ms;
    e->out = NULL;
    engine_check(e);
}

struct engine_stats engine_stats(const struct engine *e)
{
    struct engine_stats stats = {.peers_count = e->peers_count,
                                 .ready_count = e->ready_count,
                                 .posts_count = e->flights_count,
                                 .octets_count = e->octets_count,
                                 .neighbours_count = e->neighbours_count,
                                 .accepted_count = e->accepted_count};
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        stats.recons_count += e->initiators[i].turn.state != TURN_FREE;
    }
    return stats;
}

uint64_t engine_brought_count(const struct engine *e, uint32_t peer)
{
    assert(peer < e->limits.peers_max);
    return peer >= e->peers_cap || e->peers[peer].state == PEER_FREE ? 0
                                                                     : e->peers[peer].brought_count;
}
