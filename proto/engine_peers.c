#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

static void set_bit(uint64_t *bits, uint32_t p, bool on)
{
    uint64_t bit = UINT64_C(1) << (p % 64);
    bits[p / 64] = on ? bits[p / 64] | bit : bits[p / 64] & ~bit;
}

bool peer_is_live(const struct engine *e, uint32_t p)
{
    return e->peers[p].state == PEER_GREETING || e->peers[p].state == PEER_READY;
}

bool peer_is_slow(const struct engine *e, uint32_t p)
{
    return e->peers[p].full_at_ms != NEVER_MS;
}

bool peer_is_full(const struct engine *e, uint32_t p)
{
    const struct peer *peer = &e->peers[p];
    return peer_is_slow(e, p) ||
           (peer->sent_step == e->steps_count && peer->sent_len > STEP_OCTETS_MAX);
}

/* A node that comes back before its old connection was missed replaces it. */
static void replace_older(struct engine *e, const struct engine_peer_up *up)
{
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (peer_is_live(e, p) && e->peers[p].address == ENGINE_NO_ADDRESS &&
            key_equal(&e->peers[p].static_key, &up->static_key)) {
            peer_close(e, p, ERR_CANCELLED);
        }
    }
}

/* There is no memory to know it by: its PEER_DOWN meets nothing. */
static void turn_away(struct engine *e, const struct engine_peer_up *up)
{
    engine_emit(e, ENGINE_CLOSE)->as.close =
        (struct engine_close){.peer = up->peer, .reason = ERR_NO_MEMORY};
    if (up->address != ENGINE_NO_ADDRESS) {
        dial_on_failed(e, up->address);
    }
}

/* SPEC 7.4: which sets a person's node wants is told to those alone with whom it begins to
 * reconcile, and who learn it so anyway. */
static struct message_hello hello_for(const struct engine *e, const struct engine_peer_up *up)
{
    struct message_hello hello = e->hello;
    hello.floor_day = (uint32_t)(e->floor_s / DAY_S);
    if (hello.role == MESSAGE_RELAY || up->address != ENGINE_NO_ADDRESS) {
        hello.sets = e->sets;
    }
    return hello;
}

void peer_on_up(struct engine *e, const struct engine_peer_up *up)
{
    assert(up->peer < e->limits.peers_max);
    if (!room_for_peer(e, up->peer)) {
        turn_away(e, up);
        return;
    }
    assert(e->peers[up->peer].state == PEER_FREE);
    if (up->address == ENGINE_NO_ADDRESS) {
        replace_older(e, up);
    }
    struct peer *peer = &e->peers[up->peer];
    struct peer before = *peer; /* its serve may still be read for who was here before */
    *peer = (struct peer){.state = PEER_GREETING,
                          .generation = before.generation,
                          .address = up->address,
                          .static_key = up->static_key,
                          .group = up->group,
                          .ask_at_ms = NEVER_MS,
                          .up_at_ms = e->now_ms,
                          .full_at_ms = NEVER_MS,
                          .recon_at_ms = NEVER_MS,
                          .recon_session = up->address == ENGINE_NO_ADDRESS ? 0 : 1,
                          .recon_set = SETS_END,
                          .serve = before.serve,
                          .serve_generation = before.serve_generation,
                          .graft = before.graft,
                          .graft_generation = before.graft_generation,
                          .join_generation = before.join_generation};
    e->peers_count++;
    cost_begin(e, up->peer);
    engine_deadline(e, e->now_ms + HELLO_TIMEOUT_MS);
    uint8_t *at = engine_arena(e, MESSAGE_HELLO_CAP);
    struct message_hello hello = hello_for(e, up);
    engine_send_one(e, up->peer, FRAME_HELLO, octets_of(at, message_hello_encode(at, &hello)));
    if (up->address < e->limits.addresses_max) {
        dial_on_up(e, up->address, up->peer);
    }
    if (book_refuses(e, up->peer)) {
        peer_close(e, up->peer, ERR_REFUSED);
    }
}

static void unpause(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    if (peer->pause == PAUSE_NOT) {
        return;
    }
    peer->pause = PAUSE_NOT;
    uint32_t before = NO_INDEX;
    for (uint32_t at = e->paused.head; at != p; at = e->peers[at].pause_next) {
        before = at;
    }
    if (before == NO_INDEX) {
        e->paused.head = peer->pause_next;
    } else {
        e->peers[before].pause_next = peer->pause_next;
    }
    if (e->paused.tail == p) {
        e->paused.tail = before;
    }
    e->paused.count--;
}

void peer_pause(struct engine *e, uint32_t p, enum pause why)
{
    unpause(e, p);
    struct peer *peer = &e->peers[p];
    peer->pause = why;
    peer->pause_next = NO_INDEX;
    if (e->paused.count == 0) {
        e->paused.head = p;
    } else {
        e->peers[e->paused.tail].pause_next = p;
    }
    e->paused.tail = p;
    e->paused.count++;
    e->paused_now = p;
    engine_emit(e, ENGINE_PAUSE)->as.peer = p;
}

static void leave(struct engine *e, uint32_t p)
{
    if (e->peers[p].state == PEER_READY) {
        e->ready_count--;
        e->choosy_count -= e->peers[p].sets != NULL;
    }
    set_bit(e->ready, p, false);
    set_bit(e->full, p, false);
    unpause(e, p);
    recon_on_down(e, p);
    serve_on_down(e, p);
    graft_on_down(e, p);
    tree_on_gone(e, p);
    views_on_gone(e, p);
    join_on_down(e, p);
}

void peer_close(struct engine *e, uint32_t p, enum err_code reason)
{
    if (!peer_is_live(e, p)) {
        return;
    }
    book_on_deed(e, p, peer_deed_of(reason));
    leave(e, p);
    e->peers[p].state = PEER_CLOSING;
    e->peers[p].close_reason = reason;
    e->closing_count++;
}

void peer_on_down(struct engine *e, uint32_t p)
{
    if (p >= e->peers_cap || e->peers[p].state == PEER_FREE) {
        return;
    }
    struct peer *peer = &e->peers[p];
    if (peer_is_live(e, p)) {
        leave(e, p);
    } else if (!peer->close_told) {
        e->closing_count--;
    }
    flight_forget_peer(e, p);
    none_forget(e, p);
    free(peer->sets);
    peer->sets = NULL;
    peer->state = PEER_FREE;
    peer->generation++;
    e->peers_count--;
    if (peer->address < e->limits.addresses_max) {
        dial_on_down(e, peer->address, e->now_ms - peer->up_at_ms);
    } else {
        book_on_gone(e, p);
        views_on_place_free(e, peer->address, peer->whole);
    }
}

void peer_on_full(struct engine *e, uint32_t p, bool full)
{
    if (p >= e->peers_cap || !peer_is_live(e, p) || peer_is_slow(e, p) == full) {
        return;
    }
    e->peers[p].full_at_ms = full ? e->now_ms : NEVER_MS;
    set_bit(e->full, p, full);
    engine_deadline(e, full ? e->now_ms + FULL_TIMEOUT_MS : e->now_ms);
}

/* Most peers want everything, and need no room for more. */
static enum err_code keep_sets(struct peer *peer, const struct set_choice *sets)
{
    peer->sets = malloc(sizeof *sets);
    if (peer->sets == NULL) {
        return ERR_NO_MEMORY;
    }
    *peer->sets = *sets;
    return ERR_OK;
}

static void on_hello(struct engine *e, uint32_t p, struct octets payload)
{
    struct peer *peer = &e->peers[p];
    struct message_hello hello;
    enum err_code rc = message_hello_decode(&hello, payload);
    if (rc == ERR_OK) {
        rc = message_hello_verify(&hello, &peer->static_key);
    }
    if (rc == ERR_OK && hello.sets.buckets) {
        rc = keep_sets(peer, &hello.sets);
    }
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    peer->state = PEER_READY;
    peer->floor_s = (uint64_t)hello.floor_day * DAY_S;
    set_bit(e->ready, p, true);
    e->ready_count++;
    peer->role = hello.role;
    peer->whole = hello.role == MESSAGE_RELAY && !hello.sets.buckets;
    e->choosy_count += peer->sets != NULL;
    engine_emit(e, ENGINE_READY)->as.ready =
        (struct engine_ready){.peer = p, .role = hello.role, .identity = hello.identity};
    book_on_ready(e, p);
    if (!peer_is_live(e, p)) {
        return;
    }
    if (views_are_for(e, p)) {
        views_on_ready(e, p);
    } else if (book_is_contact(e, peer->address) && !peer->whole) {
        peer_close(e, p, ERR_REFUSED); /* what was told of it is not true: not its own fault */
    } else {
        if (peer->address != ENGINE_NO_ADDRESS) {
            recon_soon(e, p, e->now_ms); /* SPEC 7.1: the dialler begins */
        }
        tree_on_ready(e, p);
    }
}

static void on_bye(struct engine *e, uint32_t p, struct octets payload)
{
    enum err_code reason;
    enum err_code rc = message_bye_decode(&reason, payload);
    peer_close(e, p, rc);
}

static void on_ready_frame(struct engine *e, const struct engine_frame_in *in)
{
    switch (in->type) {
    case FRAME_POSTS:
        posts_on_frame(e, in->peer, in->payload);
        break;
    case FRAME_WANT:
        serve_on_want(e, in->peer, in->payload);
        break;
    case FRAME_WANT_AT:
        serve_on_want_at(e, in->peer, in->payload);
        break;
    case FRAME_NONE_YET:
        want_on_none(e, in->peer, in->payload);
        break;
    case FRAME_RECON:
        recon_on_frame(e, in->peer, in->payload);
        break;
    case FRAME_RECON_END:
        recon_on_end(e, in->peer, in->payload);
        break;
    case FRAME_IHAVE:
        tree_on_ihave(e, in->peer, in->payload);
        break;
    case FRAME_GRAFT:
        tree_on_graft(e, in->peer, in->payload);
        break;
    case FRAME_PRUNE:
        tree_on_prune(e, in->peer, in->payload);
        break;
    case FRAME_SHUFFLE:
    case FRAME_SHUFFLED:
    case FRAME_NEIGHBOUR:
    case FRAME_FORWARD:
    case FRAME_PASSIVE:
        if (views_are_for(e, in->peer)) {
            views_on_frame(e, in);
        } else {
            peer_close(e, in->peer, ERR_UNEXPECTED);
        }
        break;
    case FRAME_ADDRESSES_WANTED:
        book_on_wanted(e, in->peer, in->payload);
        break;
    case FRAME_ADDRESSES:
        book_on_addresses(e, in->peer, in->payload);
        break;
    case FRAME_JOIN:
        join_on_frame(e, in->peer, in->payload);
        break;
    case FRAME_JOINED:
        join_on_joined(e, in->peer, in->payload);
        break;
    default:
        peer_close(e, in->peer, ERR_UNEXPECTED);
        break;
    }
}

void peer_on_frame(struct engine *e, const struct engine_frame_in *in)
{
    assert(in->peer < e->limits.peers_max);
    if (in->peer >= e->peers_cap || !peer_is_live(e, in->peer) ||
        in->type >= FRAME_EXTENSION_FIRST) {
        return;
    }
    enum peer_state state = e->peers[in->peer].state;
    e->heard_ms = e->now_ms;
    unpause(e, in->peer); /* the frame it kept comes again */
    if (in->type == FRAME_BYE) {
        on_bye(e, in->peer, in->payload);
    } else if (state == PEER_READY) {
        views_on_heard(e, in->peer);
        on_ready_frame(e, in);
    } else if (in->type == FRAME_HELLO) {
        on_hello(e, in->peer, in->payload);
    } else {
        peer_close(e, in->peer, ERR_UNEXPECTED);
    }
}

static void tell_closed(struct engine *e)
{
    for (uint32_t p = 0; p < e->peers_cap && e->closing_count > 0; p++) {
        struct peer *peer = &e->peers[p];
        if (peer->state != PEER_CLOSING || peer->close_told) {
            continue;
        }
        if (!engine_has_room(e, MESSAGE_CODE_CAP, 1)) {
            return;
        }
        uint8_t *at = engine_arena(e, MESSAGE_CODE_CAP);
        size_t len = message_bye_encode(at, peer->close_reason);
        engine_send_one(e, p, FRAME_BYE, octets_of(at, len));
        engine_emit(e, ENGINE_CLOSE)->as.close =
            (struct engine_close){.peer = p, .reason = peer->close_reason};
        peer->close_told = true;
        e->closing_count--;
    }
}

static bool can_resume(const struct engine *e, uint32_t p)
{
    const struct peer *peer = &e->peers[p];
    switch (peer->pause) {
    case PAUSE_TURN:
        return answer_may(e, p);
    case PAUSE_COST:
        return cost_wait_ms(e, p) == 0;
    case PAUSE_ROOM:
    case PAUSE_PROOFS:
        return posts_can_resume(e, peer);
    case PAUSE_NOT:
        break;
    }
    return false;
}

/* One frame of posts at a time: the next one may resume once this one has been taken.  And no more
 * questions than places, so that whoever is not to have one does not come first. */
static void resume(struct engine *e)
{
    bool room_given = false;
    uint32_t places_count = answer_places(e);
    uint32_t next = e->paused.count == 0 ? NO_INDEX : e->paused.head;
    while (next != NO_INDEX && engine_has_room(e, 0, 0)) {
        uint32_t p = next;
        struct peer *peer = &e->peers[p];
        next = peer->pause_next;
        if (!can_resume(e, p) || (room_given && peer->pause == PAUSE_ROOM) ||
            (places_count == 0 && peer->pause == PAUSE_TURN)) {
            continue;
        }
        if (p == e->paused_now) {
            e->more = true; /* not in one step with its PAUSE: the driver is just putting it away */
            continue;
        }
        room_given = room_given || peer->pause == PAUSE_ROOM;
        places_count -= peer->pause == PAUSE_TURN ? 1 : 0;
        unpause(e, p);
        want_on_resume(e, p);
        engine_emit(e, ENGINE_RESUME)->as.peer = p;
    }
    if (room_given && e->paused.count > 0) {
        e->more = true;
    }
}

void peers_pump(struct engine *e)
{
    tell_closed(e);
    resume(e);
}

void peers_on_time(struct engine *e)
{
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        struct peer *peer = &e->peers[p];
        uint64_t by_ms = NEVER_MS;
        if (peer->state == PEER_GREETING) {
            by_ms = peer->up_at_ms + HELLO_TIMEOUT_MS;
        } else if (peer->state == PEER_READY && peer_is_slow(e, p)) {
            by_ms = peer->full_at_ms + FULL_TIMEOUT_MS;
        }
        if (e->now_ms >= by_ms) {
            peer_close(e, p, ERR_TIMEOUT);
        } else {
            engine_deadline(e, by_ms);
        }
        if (peer->pause == PAUSE_COST) {
            engine_deadline(e, e->now_ms + cost_wait_ms(e, p));
        }
    }
}
