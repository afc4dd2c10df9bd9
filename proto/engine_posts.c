#include <assert.h>

#include "proto/engine_state.h"

/* ---- A frame of posts --------------------------------------------------------------------- */

static enum err_code decode_all(struct engine *e, size_t *count, struct octets payload)
{
    struct message_posts posts;
    enum err_code rc = message_posts_begin(&posts, payload);
    *count = 0;
    while (rc == ERR_OK && posts.left_count > 0) {
        struct post post;
        struct arrival *arrival = &e->scratch->arrivals[*count];
        rc = message_posts_next(&posts, &post, &arrival->wire);
        if (rc == ERR_OK) {
            arrival->hops = posts.hops.len > 0 ? posts.hops.at[*count] : MESSAGE_HOPS_OLD;
            arrival->id = post.id;
            arrival->proof = post.proof;
            arrival->created_s = post.created_s;
            arrival->clock = post_check_clock(&post, e->now_s);
            arrival->below = post.created_s < e->floor_s;
            bool wanted = set_post_is_chosen(&e->sets, &post);
            if (!wanted || (arrival->clock == ERR_OK && arrival->below && !post_stands(&post))) {
                arrival->clock = ERR_EXPIRED;
            }
            ++*count;
        }
    }
    return rc;
}

/* The same peer's second proof of an id adds nothing: if its first is bad it is closed. */
static bool is_new_candidate(const struct engine *e, uint32_t f, uint32_t p,
                             const struct arrival *arrival)
{
    const struct flight *flight = &e->flights[f];
    if (flight->verified || flight_shown(e, f, p)) {
        return false;
    }
    for (uint32_t i = 0; i < flight->candidates_count; i++) {
        if (octets_equal(flight->candidates[i].proof, arrival->proof)) {
            return false;
        }
    }
    return true;
}

static bool has_room(const struct engine *e, const struct peer *peer, uint32_t posts_count,
                     size_t octets_len)
{
    uint32_t posts_max = e->limits.posts_max - OWN_POSTS_RESERVE;
    size_t octets_max = e->limits.octets_max - OWN_OCTETS_RESERVE;
    return e->flights_count + posts_count <= posts_max &&
           e->octets_count + octets_len <= octets_max &&
           peer->flights_count + posts_count <= e->limits.posts_max / SHARE &&
           peer->octets_count + octets_len <= e->limits.octets_max / SHARE;
}

bool posts_can_resume(const struct engine *e, const struct peer *peer)
{
    if (peer->pause == PAUSE_PROOFS) {
        uint32_t f = flight_find(e, &peer->pause_id);
        return f == NO_INDEX || e->flights[f].verified ||
               e->flights[f].candidates_count < CANDIDATES_MAX;
    }
    return has_room(e, peer, peer->pause_posts, peer->pause_octets);
}

/* Whether everything in the frame can be taken; if not, the peer is paused and will give the
 * frame again. */
static bool can_take(struct engine *e, uint32_t p, size_t count, size_t octets_len)
{
    struct peer *peer = &e->peers[p];
    uint32_t new_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct arrival *arrival = &e->scratch->arrivals[i];
        uint32_t f = flight_find(e, &arrival->id);
        new_count += f == NO_INDEX && arrival->clock == ERR_OK;
        if (f != NO_INDEX && e->flights[f].candidates_count == CANDIDATES_MAX &&
            is_new_candidate(e, f, p, arrival)) {
            peer->pause_id = arrival->id;
            peer_pause(e, p, PAUSE_PROOFS);
            return false;
        }
    }
    if (!has_room(e, peer, new_count, octets_len)) {
        peer->pause_posts = new_count;
        peer->pause_octets = octets_len;
        peer_pause(e, p, PAUSE_ROOM);
        return false;
    }
    return true;
}

/* A new post that came before: the tree has a link too many.  But it counts only once the proof of
 * the first copy holds, or a forged one could prune whom it liked. */
static void on_again(struct engine *e, uint32_t p, uint32_t f, const struct arrival *arrival)
{
    uint8_t hops;
    if (arrival->hops == MESSAGE_HOPS_OLD) {
        return;
    }
    if (f == NO_INDEX || !flight_shown(e, f, p)) {
        book_on_deed(e, p, PEER_DUPLICATE);
    }
    if (broadcast_saw(e->tree, &arrival->id, &hops)) {
        broadcast_on_again(e->tree, &arrival->id, p, arrival->hops, e->now_ms);
    } else if (f != NO_INDEX && !e->flights[f].told && e->flights[f].again_count < AGAIN_MAX) {
        e->flights[f].again_hops[e->flights[f].again_count] = arrival->hops;
        e->flights[f].again[e->flights[f].again_count++] = p;
    }
}

static void take(struct engine *e, uint32_t p, struct held *held, const struct arrival *arrival)
{
    uint32_t f = flight_find(e, &arrival->id);
    if (f == NO_INDEX && arrival->below && !added_take(e, p)) {
        return;
    }
    on_again(e, p, f, arrival);
    if (f == NO_INDEX) {
        f = flight_add(e, &arrival->id);
        flight_add_candidate(e, f, held, arrival);
        flight_move(e, f, FLIGHT_ASK_QUEUE);
    } else if (is_new_candidate(e, f, p, arrival) &&
               e->flights[f].candidates_count < CANDIDATES_MAX) {
        flight_add_candidate(e, f, held, arrival);
    }
    flight_show(e, f, p);
}

/* It is asked for when its time has come; until then there is nothing to do with it. */
static void on_early(struct engine *e, uint32_t p, const struct arrival *arrival)
{
    uint64_t wait_s = arrival->created_s - POST_AHEAD_MAX_S - e->now_s;
    broadcast_on_early(e->tree, &arrival->id, p, wait_s * 1000, e->now_ms);
    engine_deadline(e, broadcast_deadline_ms(e->tree));
    if (++e->peers[p].future_count > FUTURE_MAX) {
        peer_close(e, p, ERR_FUTURE);
    }
}

/* From the frame that will be gone to the copy of it that is held. */
static struct octets moved(struct octets part, struct octets payload, const struct held *held)
{
    return octets_of(held->octets + (part.at - payload.at), part.len);
}

void posts_on_frame(struct engine *e, uint32_t p, struct octets payload)
{
    size_t count;
    enum err_code rc = decode_all(e, &count, payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    if (!can_take(e, p, count, payload.len)) {
        return;
    }
    struct held *held = room_for_flights(e, (uint32_t)count) ? held_new(e, p, payload) : NULL;
    if (held == NULL) {
        peer_close(e, p, ERR_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct arrival *arrival = &e->scratch->arrivals[i];
        arrival->wire = moved(arrival->wire, payload, held);
        arrival->proof = moved(arrival->proof, payload, held);
        (void)want_on_come(e, p, &arrival->id);
        if (arrival->clock == ERR_OK) {
            take(e, p, held, arrival);
        } else if (arrival->clock == ERR_FUTURE) {
            on_early(e, p, arrival);
        } else {
            broadcast_on_dropped(e->tree, &arrival->id, p, e->now_ms);
        }
    }
    held_release(e, held);
}

/* ---- Answers ------------------------------------------------------------------------------ */

static struct batch *batch_of(struct batch *batches, uint32_t batches_count, uint64_t token)
{
    uint32_t index = engine_token_index(token);
    if (index >= batches_count || !batches[index].busy ||
        batches[index].generation != engine_token_generation(token)) {
        return NULL;
    }
    batches[index].busy = false;
    return &batches[index];
}

/* Durable here, by whichever way that became known. */
static void stored(struct engine *e, uint32_t f)
{
    flight_move(e, f, FLIGHT_STORED);
    push_enqueue(e, f);
}

static void gone(struct engine *e, uint32_t f, enum err_code status)
{
    if (e->flights[f].own) {
        publish_finish(e, f, status);
    }
    push_cancel(e, f);
    flight_free(e, f);
}

/* After a STORE that failed: was it put all the same? */
static void on_known_again(struct engine *e, uint32_t f, bool known)
{
    struct flight *flight = &e->flights[f];
    if (known) {
        e->accepted_count++;
        e->accepted_untold++;
        stored(e, f);
    } else if (flight->own || flight->store_tries >= STORE_TRIES_MAX) {
        gone(e, f, flight->store_status);
    } else {
        flight_move(e, f, FLIGHT_STORE_QUEUE);
    }
}

/* A put that failed may have been done all the same, and nothing else would say so. */
static void tell_what_may_be_new(struct engine *e)
{
    e->accepted_untold = e->accepted_untold > 0 ? e->accepted_untold : 1;
}

void posts_on_known(struct engine *e, const struct engine_read_done *in)
{
    struct batch *batch = batch_of(e->known_batches, KNOWN_BATCHES_MAX, in->token);
    for (uint32_t i = 0; batch != NULL && i < batch->count; i++) {
        uint32_t f = batch->flights[i];
        /* Not knowing costs a signature check at most: the store looks again. */
        bool known = in->status == ERR_OK && in->as.known[i];
        if (e->flights[f].verified) {
            if (in->status != ERR_OK) {
                tell_what_may_be_new(e);
            }
            on_known_again(e, f, known);
        } else if (known) {
            gone(e, f, ERR_OK);
        } else {
            flight_move(e, f, FLIGHT_VERIFY_QUEUE);
        }
    }
}

/* A bad proof is forgotten, the id is not: whoever sent it goes, the next copy is tried. */
static void on_bad_proof(struct engine *e, uint32_t f)
{
    const struct held *held = e->flights[f].candidates[0].held;
    if (held->peer != NO_INDEX && e->peers[held->peer].generation == held->peer_generation &&
        peer_is_live(e, held->peer)) {
        peer_close(e, held->peer, ERR_PROOF);
        flight_spoil(e, held->peer);
    }
    if (e->flights[f].candidates_count == 1) {
        gone(e, f, ERR_PROOF);
        return;
    }
    flight_drop_first(e, f);
    flight_move(e, f, FLIGHT_VERIFY_QUEUE);
}

void posts_on_verified(struct engine *e, const struct engine_verified *in)
{
    struct batch *batch = batch_of(e->verify_batches, e->limits.verify_batches_max, in->token);
    for (uint32_t i = 0; batch != NULL && i < batch->count; i++) {
        uint32_t f = batch->flights[i];
        if (!in->ok[i]) {
            on_bad_proof(e, f);
            continue;
        }
        e->flights[f].verified = true;
        flight_keep_first(e, f);
        flight_move(e, f, FLIGHT_STORE_QUEUE);
        if (!e->flights[f].own) {
            push_enqueue(e, f);
        }
    }
}

static void on_store_failed(struct engine *e, struct batch *batch, enum err_code status)
{
    uint64_t wait_ms = (uint64_t)STORE_RETRY_MS << (e->store_fails < 5 ? e->store_fails : 5);
    e->store_at_ms = e->now_ms + (wait_ms < STORE_RETRY_LAST_MS ? wait_ms : STORE_RETRY_LAST_MS);
    e->store_fails++;
    engine_deadline(e, e->store_at_ms);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct flight *flight = &e->flights[batch->flights[i]];
        flight->store_tries++;
        flight->store_status = status;
        flight_move(e, batch->flights[i], FLIGHT_ASK_QUEUE);
    }
}

void posts_on_stored(struct engine *e, const struct engine_stored *in)
{
    struct batch *batch = batch_of(&e->store_batch, 1, in->token);
    if (batch == NULL) {
        return;
    }
    if (in->status != ERR_OK) {
        on_store_failed(e, batch, in->status);
        return;
    }
    bool failed_before = e->store_fails > 0;
    e->store_fails = 0;
    e->store_at_ms = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (in->results[i] == ENGINE_PUT_REFUSED) {
            gone(e, batch->flights[i], ERR_REFUSED);
            continue;
        }
        if (in->results[i] == ENGINE_PUT_NEW) {
            e->accepted_count++;
            e->accepted_untold++;
            flight_thank_sender(e, batch->flights[i]);
        }
        stored(e, batch->flights[i]);
    }
    if (failed_before) {
        tell_what_may_be_new(e);
    }
}

/* ---- Questions ---------------------------------------------------------------------------- */

/* What only those brought whose proofs are bad is dropped, unseen, as if it had not come.  Not what
 * others have shown, too: a copy like one that is here is not kept twice. */
static bool is_worth_it(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    if (flight->verified || flight_is_shown(e, f)) {
        return true;
    }
    while (flight->candidates_count > 1 && (flight->spoilt & 1) != 0) {
        flight_drop_first(e, f);
    }
    if ((flight->spoilt & 1) == 0) {
        return true;
    }
    gone(e, f, ERR_PROOF);
    return false;
}

static void fill(struct engine *e, struct batch *batch, enum flight_state from, uint32_t max)
{
    batch->busy = true;
    batch->generation++;
    batch->count = 0;
    while (batch->count < max && e->queues[from].count > 0) {
        uint32_t f = flight_take(e, from);
        if (!is_worth_it(e, f)) {
            continue;
        }
        flight_move(e, f, from + 1); /* each queue is followed by its busy state */
        batch->flights[batch->count] = f;
        batch->ids[batch->count] = e->flights[f].id;
        if (batch->wires != NULL) {
            batch->wires[batch->count] = e->flights[f].candidates[0].wire;
        }
        batch->count++;
    }
}

static void ask_known(struct engine *e, uint32_t index)
{
    struct batch *batch = &e->known_batches[index];
    if (batch->busy || e->queues[FLIGHT_ASK_QUEUE].count == 0 || !engine_has_room(e, 0, 0) ||
        !room_for_batch(e, batch, ENGINE_KNOWN_MAX, true)) {
        return;
    }
    fill(e, batch, FLIGHT_ASK_QUEUE, ENGINE_KNOWN_MAX);
    batch->busy = batch->count > 0;
    if (!batch->busy) {
        return;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct flight *flight = &e->flights[batch->flights[i]];
        if (flight->verified || flight->own) {
            batch->wires[i] = octets_of(NULL, 0); /* it may have been put, or forwarded */
        }
    }
    engine_emit(e, ENGINE_READ)->as.read =
        (struct engine_read){.token = engine_token(TOKEN_KNOWN, index, batch->generation),
                             .query = ENGINE_READ_KNOWN,
                             .ids = batch->ids,
                             .wires = batch->wires,
                             .ids_count = batch->count};
}

static void verify(struct engine *e, uint32_t index)
{
    struct batch *batch = &e->verify_batches[index];
    if (batch->busy || e->queues[FLIGHT_VERIFY_QUEUE].count == 0 || !engine_has_room(e, 0, 0) ||
        !room_for_batch(e, batch, ENGINE_VERIFY_MAX, true)) {
        return;
    }
    fill(e, batch, FLIGHT_VERIFY_QUEUE, ENGINE_VERIFY_MAX);
    batch->busy = batch->count > 0;
    if (!batch->busy) {
        return;
    }
    engine_emit(e, ENGINE_VERIFY)->as.posts =
        (struct engine_posts){.token = engine_token(TOKEN_VERIFY, index, batch->generation),
                              .wires = batch->wires,
                              .ids = batch->ids,
                              .count = batch->count};
}

static void store(struct engine *e)
{
    struct batch *batch = &e->store_batch;
    const struct queue *q = &e->queues[FLIGHT_STORE_QUEUE];
    if (batch->busy || q->count == 0 || !engine_has_room(e, 0, 0) ||
        !room_for_batch(e, batch, ENGINE_STORE_MAX, true)) {
        return;
    }
    if (e->now_ms < e->store_at_ms && !e->flights[q->head].own) {
        return; /* a person may try at once, and learns at once that it failed */
    }
    fill(e, batch, FLIGHT_STORE_QUEUE, ENGINE_STORE_MAX);
    engine_emit(e, ENGINE_STORE)->as.posts =
        (struct engine_posts){.token = engine_token(TOKEN_STORE, 0, batch->generation),
                              .wires = batch->wires,
                              .ids = batch->ids,
                              .count = batch->count};
}

void posts_pump(struct engine *e)
{
    for (uint32_t i = 0; i < KNOWN_BATCHES_MAX; i++) {
        ask_known(e, i);
    }
    for (uint32_t i = 0; i < e->limits.verify_batches_max; i++) {
        verify(e, i);
    }
    store(e);
    if (e->accepted_untold > 0 && engine_has_room(e, 0, 0)) {
        engine_emit(e, ENGINE_ACCEPTED)->as.accepted_count = e->accepted_untold;
        e->accepted_untold = 0;
    }
}
