#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

/* Where one side's turns take place.  Large parts are left as malloc() gives them: what is not
 * touched costs nothing. */
struct turn_room {
    struct negentropy negentropy;
    struct negentropy_step step;
    uint8_t message[NEGENTROPY_MESSAGE_MAX];
    uint8_t reply[];
};

struct initiator_room {
    struct post_id need[QUEUE_IDS_MAX];
    struct listed_at need_listed[QUEUE_IDS_MAX];
    uint16_t need_places[NEGENTROPY_IDS_MAX];
    struct post_id have[QUEUE_IDS_MAX];
    struct post_id want_ids[WANTS_MAX][MESSAGE_IDS_MAX];
    bool want_come[WANTS_MAX][MESSAGE_IDS_MAX];
    uint16_t want_places[WANTS_MAX][MESSAGE_IDS_MAX];
    uint8_t want_bits[WANTS_MAX][MESSAGE_PLACES_MAX];
    struct post_id push_ids[MESSAGE_IDS_MAX];
};

static void grew(struct engine *e)
{
    e->slim_at_ms = e->now_ms + SLIM_MS;
    engine_deadline(e, e->slim_at_ms);
}

/* ---- Scratch ------------------------------------------------------------------------------ */

enum err_code engine_scratch_new(struct engine_scratch **scratch,
                                 const struct engine_limits *limits)
{
    struct engine_scratch *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t peers_rounded = ((size_t)limits->peers_max + 63) / 64 * 64;
    s->peers_max = limits->peers_max;
    s->lists_cap = (size_t)limits->peers_max * 2 + ENGINE_EFFECTS_MAX;
    s->arena = malloc(ARENA_MAX);
    s->lists = calloc(s->lists_cap, sizeof *s->lists);
    s->masks = calloc(peers_rounded, sizeof *s->masks);
    s->arrivals = calloc(MESSAGE_POSTS_MAX, sizeof *s->arrivals);
    s->action = calloc(1, sizeof *s->action);
    if (s->arena == NULL || s->lists == NULL || s->masks == NULL || s->arrivals == NULL ||
        s->action == NULL) {
        engine_scratch_free(s);
        return ERR_NO_MEMORY;
    }
    *scratch = s;
    return ERR_OK;
}

void engine_scratch_free(struct engine_scratch *scratch)
{
    if (scratch != NULL) {
        free(scratch->arena);
        free(scratch->lists);
        free(scratch->masks);
        free(scratch->arrivals);
        free(scratch->action);
        free(scratch->views);
        free(scratch);
    }
}

/* ---- Posts in flight ---------------------------------------------------------------------- */

/* What every place of the table has in other arrays. */
struct sides {
    struct flight *flights;
    uint64_t *shown;
    struct engine_published *answers;
    uint32_t *chains;
};

static void sides_free(struct sides *sides)
{
    free(sides->flights);
    free(sides->shown);
    free(sides->answers);
    free(sides->chains);
}

static uint32_t chains_count(uint32_t flights_cap)
{
    uint32_t count = FLIGHTS_FIRST;
    while (count < flights_cap) {
        count *= 2;
    }
    return count;
}

static bool sides_make(const struct engine *e, struct sides *sides, uint32_t cap)
{
    *sides = (struct sides){.flights = calloc(cap, sizeof *sides->flights),
                            .shown = calloc((size_t)cap * e->peer_words, sizeof *sides->shown),
                            .answers = calloc(cap, sizeof *sides->answers),
                            .chains = calloc(chains_count(cap), sizeof *sides->chains)};
    if (sides->flights == NULL || sides->shown == NULL || sides->answers == NULL ||
        sides->chains == NULL) {
        sides_free(sides);
        return false;
    }
    return true;
}

/* Flights keep their numbers; answers begin at the first place again. */
static void sides_fill(const struct engine *e, struct sides *sides, uint32_t cap)
{
    uint32_t kept = e->flights_cap < cap ? e->flights_cap : cap;
    if (kept > 0) {
        memcpy(sides->flights, e->flights, kept * sizeof *sides->flights);
        memcpy(sides->shown, e->shown, (size_t)kept * e->peer_words * sizeof *sides->shown);
    }
    assert(e->answers_count == 0 || e->flights_cap > 0);
    for (uint32_t a = 0; a < e->answers_count; a++) {
        sides->answers[a] = e->answers[(e->answers_first + a) % e->flights_cap];
    }
}

static void free_list_build(struct engine *e)
{
    e->flights_free = NO_INDEX;
    for (uint32_t f = e->flights_cap; f-- > 0;) {
        if (e->flights[f].state == FLIGHT_FREE) {
            e->flights[f].chain_next = e->flights_free;
            e->flights_free = f;
        }
    }
}

/* To cap places; none above it is in use. */
static bool flights_resize(struct engine *e, uint32_t cap)
{
    struct sides sides;
    if (!sides_make(e, &sides, cap)) {
        return false;
    }
    sides_fill(e, &sides, cap);
    struct sides before = {
        .flights = e->flights, .shown = e->shown, .answers = e->answers, .chains = e->chains};
    sides_free(&before);
    e->flights = sides.flights;
    e->shown = sides.shown;
    e->answers = sides.answers;
    e->answers_first = 0;
    e->chains = sides.chains;
    e->chains_mask = chains_count(cap) - 1;
    e->flights_cap = cap;
    flight_rechain(e);
    free_list_build(e);
    return true;
}

bool room_for_flights(struct engine *e, uint32_t more)
{
    uint32_t needed = e->flights_count + more;
    needed = needed < e->limits.posts_max ? needed : e->limits.posts_max;
    if (needed <= e->flights_cap) {
        return true;
    }
    uint32_t cap = e->flights_cap == 0 ? FLIGHTS_FIRST : e->flights_cap;
    while (cap < needed) {
        cap *= 2;
    }
    cap = cap < e->limits.posts_max ? cap : e->limits.posts_max;
    if (!flights_resize(e, cap)) {
        return false;
    }
    if (cap > FLIGHTS_FIRST) {
        grew(e);
    }
    return true;
}

/* ---- Peers -------------------------------------------------------------------------------- */

bool room_for_peer(struct engine *e, uint32_t p)
{
    if (p < e->peers_cap) {
        return true;
    }
    uint32_t cap = e->peers_cap == 0 ? PEERS_FIRST : e->peers_cap;
    while (cap <= p) {
        cap *= 2;
    }
    cap = cap < e->limits.peers_max ? cap : e->limits.peers_max;
    struct peer *peers = realloc(e->peers, cap * sizeof *peers);
    if (peers == NULL) {
        return false;
    }
    for (uint32_t fresh = e->peers_cap; fresh < cap; fresh++) {
        peers[fresh] =
            (struct peer){.full_at_ms = NEVER_MS, .recon_at_ms = NEVER_MS, .recon_set = SETS_END};
    }
    e->peers = peers;
    e->peers_cap = cap;
    return true;
}

/* ---- Questions and reconciliations -------------------------------------------------------- */

static void batch_drop(struct batch *batch)
{
    free(batch->flights);
    free(batch->ids);
    free(batch->wires);
    batch->flights = NULL;
    batch->ids = NULL;
    batch->wires = NULL;
}

bool room_for_batch(struct engine *e, struct batch *batch, uint32_t max, bool with_wires)
{
    if (batch->flights != NULL) {
        return true;
    }
    batch->flights = calloc(max, sizeof *batch->flights);
    batch->ids = calloc(max, sizeof *batch->ids);
    batch->wires = with_wires ? calloc(max, sizeof *batch->wires) : NULL;
    if (batch->flights == NULL || batch->ids == NULL || (with_wires && batch->wires == NULL)) {
        batch_drop(batch);
        engine_deadline(e, e->now_ms + NO_MEMORY_RETRY_MS);
        return false;
    }
    grew(e);
    return true;
}

static bool room_for_turn(struct engine *e, struct turn *turn, size_t reply_max)
{
    if (turn->room != NULL) {
        return true;
    }
    struct turn_room *room = malloc(sizeof *room + reply_max);
    if (room == NULL) {
        return false;
    }
    room->step = (struct negentropy_step){.next = NEGENTROPY_DONE};
    turn->room = room;
    turn->negentropy = &room->negentropy;
    turn->step = &room->step;
    turn->message = room->message;
    turn->reply = (struct octets_room){.at = room->reply, .cap = reply_max};
    grew(e);
    return true;
}

bool room_for_responder(struct engine *e, struct turn *turn)
{
    return room_for_turn(e, turn, NEGENTROPY_MESSAGE_MAX);
}

bool room_for_initiator(struct engine *e, struct initiator *initiator)
{
    if (initiator->room == NULL) {
        struct initiator_room *room = malloc(sizeof *room);
        if (room == NULL) {
            return false;
        }
        initiator->room = room;
        initiator->need.at = room->need;
        initiator->need.listed = room->need_listed;
        initiator->need.places = room->need_places;
        initiator->have.at = room->have;
        initiator->push_ids = room->push_ids;
        for (uint32_t w = 0; w < WANTS_MAX; w++) {
            initiator->wants[w].ids = room->want_ids[w];
            initiator->wants[w].come = room->want_come[w];
            initiator->wants[w].places = room->want_places[w];
            initiator->wants[w].bits = room->want_bits[w];
        }
        grew(e);
    }
    return room_for_turn(e, &initiator->turn, BULK_OCTETS_MAX);
}

static void turn_drop(struct turn *turn)
{
    free(turn->room);
    turn->room = NULL;
}

static void initiator_drop(struct initiator *initiator)
{
    turn_drop(&initiator->turn);
    free(initiator->room);
    initiator->room = NULL;
}

/* ---- Shrinking ---------------------------------------------------------------------------- */

/* Whether something is still in use and has to be looked at again. */
static bool batch_slim(struct batch *batch)
{
    if (!batch->busy) {
        batch_drop(batch);
    }
    return batch->busy;
}

static bool flights_slim(struct engine *e)
{
    if (e->flights_cap <= FLIGHTS_FIRST) {
        return false;
    }
    bool empty = e->flights_count == 0 && e->answers_count == 0;
    return !empty || !flights_resize(e, FLIGHTS_FIRST);
}

static bool batches_slim(struct engine *e)
{
    bool busy = batch_slim(&e->store_batch);
    for (uint32_t i = 0; i < KNOWN_BATCHES_MAX; i++) {
        busy = batch_slim(&e->known_batches[i]) || busy;
    }
    for (uint32_t i = 0; i < e->limits.verify_batches_max; i++) {
        busy = batch_slim(&e->verify_batches[i]) || busy;
    }
    return busy;
}

static bool recons_slim(struct engine *e)
{
    bool busy = false;
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        if (e->initiators[i].turn.state == TURN_FREE) {
            initiator_drop(&e->initiators[i]);
        }
        busy = busy || e->initiators[i].room != NULL;
    }
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        if (e->responders[r].state == TURN_FREE) {
            turn_drop(&e->responders[r]);
        }
        busy = busy || e->responders[r].room != NULL;
    }
    return busy;
}

void room_on_time(struct engine *e)
{
    if (e->now_ms >= e->slim_at_ms) {
        bool flights = flights_slim(e);
        bool batches = batches_slim(e);
        bool recons = recons_slim(e);
        e->slim_at_ms = flights || batches || recons ? e->now_ms + SLIM_MS : NEVER_MS;
    }
    if (e->slim_at_ms != NEVER_MS) {
        engine_deadline(e, e->slim_at_ms);
    }
}

void room_drop(struct engine *e)
{
    struct sides sides = {
        .flights = e->flights, .shown = e->shown, .answers = e->answers, .chains = e->chains};
    sides_free(&sides);
    free(e->peers);
    batch_drop(&e->store_batch);
    for (uint32_t i = 0; i < KNOWN_BATCHES_MAX; i++) {
        batch_drop(&e->known_batches[i]);
    }
    for (uint32_t i = 0; e->verify_batches != NULL && i < e->limits.verify_batches_max; i++) {
        batch_drop(&e->verify_batches[i]);
    }
    for (uint32_t i = 0; e->initiators != NULL && i < e->limits.initiators_max; i++) {
        initiator_drop(&e->initiators[i]);
    }
    for (uint32_t r = 0; e->responders != NULL && r < e->limits.responders_max; r++) {
        turn_drop(&e->responders[r]);
    }
}
