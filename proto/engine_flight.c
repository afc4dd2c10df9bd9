#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/engine_state.h"

static uint32_t *chain_of(const struct engine *e, const struct post_id *id)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, id->octets, POST_ID_LEN, e->seed);
    return &e->chains[octets_get_u32be(hash) & e->chains_mask];
}

uint32_t flight_find(const struct engine *e, const struct post_id *id)
{
    uint32_t f = *chain_of(e, id);
    while (f != NO_INDEX && !post_id_equal(&e->flights[f].id, id)) {
        f = e->flights[f].chain_next;
    }
    return f;
}

/* After the table changed its size. */
void flight_rechain(struct engine *e)
{
    for (uint32_t c = 0; c <= e->chains_mask; c++) {
        e->chains[c] = NO_INDEX;
    }
    for (uint32_t f = 0; f < e->flights_cap; f++) {
        if (e->flights[f].state != FLIGHT_FREE) {
            uint32_t *chain = chain_of(e, &e->flights[f].id);
            e->flights[f].chain_next = *chain;
            *chain = f;
        }
    }
}

uint32_t flight_add(struct engine *e, const struct post_id *id)
{
    uint32_t f = e->flights_free;
    assert(f != NO_INDEX);
    struct flight *flight = &e->flights[f];
    e->flights_free = flight->chain_next;
    e->flights_count++;
    uint32_t *chain = chain_of(e, id);
    *flight = (struct flight){.id = *id, .chain_next = *chain};
    *chain = f;
    memset(e->shown + (size_t)f * e->peer_words, 0, e->peer_words * sizeof *e->shown);
    return f;
}

static void unchain(struct engine *e, uint32_t f)
{
    uint32_t *link = chain_of(e, &e->flights[f].id);
    while (*link != f) {
        link = &e->flights[*link].chain_next;
    }
    *link = e->flights[f].chain_next;
}

static struct peer *sender_of(struct engine *e, const struct held *held)
{
    if (held->peer == NO_INDEX || e->peers[held->peer].generation != held->peer_generation) {
        return NULL;
    }
    return &e->peers[held->peer];
}

/* The flight is in no queue any more. */
void flight_free(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    assert(flight->state != FLIGHT_FREE && !flight->push_queued);
    struct peer *sender = sender_of(e, flight->candidates[0].held);
    if (sender != NULL) {
        sender->flights_count--;
    }
    while (flight->candidates_count > 0) {
        held_release(e, flight->candidates[--flight->candidates_count].held);
    }
    unchain(e, f);
    flight->state = FLIGHT_FREE;
    flight->chain_next = e->flights_free;
    e->flights_free = f;
    e->flights_count--;
}

void flight_add_candidate(struct engine *e, uint32_t f, struct held *held,
                          const struct arrival *arrival)
{
    struct flight *flight = &e->flights[f];
    assert(flight->candidates_count < CANDIDATES_MAX);
    held->refs_count++;
    flight->candidates[flight->candidates_count++] = (struct candidate){
        .held = held, .wire = arrival->wire, .proof = arrival->proof, .hops = arrival->hops};
    struct peer *sender = sender_of(e, held);
    if (flight->candidates_count == 1 && sender != NULL) {
        sender->flights_count++;
    }
}

void flight_drop_first(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    assert(flight->candidates_count > 1);
    struct peer *before = sender_of(e, flight->candidates[0].held);
    struct peer *after = sender_of(e, flight->candidates[1].held);
    if (before != NULL) {
        before->flights_count--;
    }
    if (after != NULL) {
        after->flights_count++;
    }
    held_release(e, flight->candidates[0].held);
    flight->candidates_count--;
    flight->spoilt >>= 1;
    memmove(flight->candidates, flight->candidates + 1,
            flight->candidates_count * sizeof flight->candidates[0]);
}

void flight_spoil(struct engine *e, uint32_t peer)
{
    for (uint32_t f = 0; f < e->flights_cap; f++) {
        struct flight *flight = &e->flights[f];
        bool checked = flight->state == FLIGHT_FREE || flight->verified || flight->own;
        for (uint8_t c = 0; !checked && c < flight->candidates_count; c++) {
            bool its = sender_of(e, flight->candidates[c].held) == &e->peers[peer];
            flight->spoilt |= (uint8_t)(its << c);
        }
    }
}

void flight_thank_sender(struct engine *e, uint32_t f)
{
    struct peer *sender = sender_of(e, e->flights[f].candidates[0].held);
    if (sender != NULL) {
        sender->brought_count++;
        book_on_deed(e, (uint32_t)(sender - e->peers), PEER_USEFUL);
    }
}

void flight_keep_first(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    while (flight->candidates_count > 1) {
        held_release(e, flight->candidates[--flight->candidates_count].held);
    }
}

static void put_last(struct engine *e, struct queue *q, uint32_t f)
{
    e->flights[f].queue_next = NO_INDEX;
    if (q->count == 0) {
        q->head = f;
    } else {
        e->flights[q->tail].queue_next = f;
    }
    q->tail = f;
    q->count++;
}

/* Behind the person's own posts that wait already, before everybody else's. */
static void put_own(struct engine *e, struct queue *q, uint32_t f)
{
    uint32_t before = NO_INDEX;
    uint32_t after = q->count == 0 ? NO_INDEX : q->head;
    while (after != NO_INDEX && e->flights[after].own) {
        before = after;
        after = e->flights[after].queue_next;
    }
    e->flights[f].queue_next = after;
    if (before == NO_INDEX) {
        q->head = f;
    } else {
        e->flights[before].queue_next = f;
    }
    if (after == NO_INDEX) {
        q->tail = f;
    }
    q->count++;
}

static bool is_queued_state(enum flight_state state)
{
    return state == FLIGHT_ASK_QUEUE || state == FLIGHT_VERIFY_QUEUE || state == FLIGHT_STORE_QUEUE;
}

/* A flight leaves a queue by flight_take() only, and only then moves on. */
void flight_move(struct engine *e, uint32_t f, enum flight_state to)
{
    struct flight *flight = &e->flights[f];
    flight->state = to;
    if (is_queued_state(to)) {
        /* The person's own posts wait for nobody else's. */
        (flight->own ? put_own : put_last)(e, &e->queues[to], f);
    }
}

uint32_t flight_take(struct engine *e, enum flight_state from)
{
    struct queue *q = &e->queues[from];
    if (q->count == 0) {
        return NO_INDEX;
    }
    uint32_t f = q->head;
    q->head = e->flights[f].queue_next;
    q->count--;
    return f;
}

static uint64_t *shown_word(const struct engine *e, uint32_t f, uint32_t peer)
{
    return &e->shown[(size_t)f * e->peer_words + peer / 64];
}

bool flight_shown(const struct engine *e, uint32_t f, uint32_t peer)
{
    return (*shown_word(e, f, peer) >> (peer % 64)) & 1;
}

bool flight_is_shown(const struct engine *e, uint32_t f)
{
    const uint64_t *shown = &e->shown[(size_t)f * e->peer_words];
    uint64_t any = 0;
    for (uint32_t w = 0; w < e->peer_words; w++) {
        any |= shown[w] & e->ready[w];
    }
    return any != 0;
}

void flight_show(struct engine *e, uint32_t f, uint32_t peer)
{
    *shown_word(e, f, peer) |= UINT64_C(1) << (peer % 64);
}

/* Who comes next by this number brought none of them. */
static void again_forget(struct flight *flight, uint32_t peer)
{
    uint8_t kept = 0;
    for (uint8_t a = 0; a < flight->again_count; a++) {
        if (flight->again[a] != peer) {
            flight->again_hops[kept] = flight->again_hops[a];
            flight->again[kept++] = flight->again[a];
        }
    }
    flight->again_count = kept;
}

void flight_forget_peer(struct engine *e, uint32_t peer)
{
    for (uint32_t f = 0; f < e->flights_cap && e->flights_count > 0; f++) {
        again_forget(&e->flights[f], peer);
        *shown_word(e, f, peer) &= ~(UINT64_C(1) << (peer % 64));
    }
}

/* Starts with one reference, the caller's.  NULL: the machine has no memory. */
struct held *held_new(struct engine *e, uint32_t peer, struct octets octets)
{
    struct held *held = malloc(sizeof *held + octets.len);
    if (held == NULL) {
        return NULL;
    }
    *held = (struct held){.refs_count = 1, .peer = peer, .len = octets.len};
    memcpy(held->octets, octets.at, octets.len);
    e->octets_count += octets.len;
    if (peer != NO_INDEX) {
        held->peer_generation = e->peers[peer].generation;
        e->peers[peer].octets_count += octets.len;
    }
    return held;
}

void held_release(struct engine *e, struct held *held)
{
    if (--held->refs_count > 0) {
        return;
    }
    struct peer *sender = sender_of(e, held);
    if (sender != NULL) {
        sender->octets_count -= held->len;
    }
    e->octets_count -= held->len;
    free(held);
}
