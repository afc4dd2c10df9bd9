#include <assert.h>

#include "proto/engine_state.h"

/* Each step looks at this many posts of each queue and batch, and at one of the batches that are
 * being verified, so that checking stays cheap enough to be left on. */
#define CHECKED_MAX 8

static void check_flight(const struct engine *e, const struct flight *flight)
{
    assert(flight->candidates_count >= 1 && flight->candidates_count <= CANDIDATES_MAX);
    assert(flight->candidates[0].held != NULL);
    switch (flight->state) {
    case FLIGHT_VERIFY_QUEUE:
    case FLIGHT_VERIFYING:
        assert(!flight->verified && !flight->push_queued);
        break;
    case FLIGHT_STORE_QUEUE:
    case FLIGHT_STORING:
        assert(flight->verified);
        break;
    case FLIGHT_STORED:
        assert(flight->verified && flight->push_queued);
        break;
    case FLIGHT_ASK_QUEUE:
    case FLIGHT_ASKING:
        assert(flight->verified || !flight->push_queued);
        break;
    case FLIGHT_FREE:
    case FLIGHT_STATES_COUNT:
        assert(!"a flight in the table has a state");
    }
    assert(flight_find(e, &flight->id) == (uint32_t)(flight - e->flights));
}

static void check_queue(const struct engine *e, enum flight_state state)
{
    const struct queue *q = &e->queues[state];
    uint32_t f = q->head;
    for (uint32_t i = 0; i < q->count && i < CHECKED_MAX; i++) {
        assert(e->flights[f].state == state);
        check_flight(e, &e->flights[f]);
        f = e->flights[f].queue_next;
    }
}

static void check_batch(const struct engine *e, const struct batch *batch, enum flight_state state)
{
    for (uint32_t i = 0; batch->busy && i < batch->count && i < CHECKED_MAX; i++) {
        assert(e->flights[batch->flights[i]].state == state);
        check_flight(e, &e->flights[batch->flights[i]]);
    }
}

static void check_flights(const struct engine *e)
{
    check_queue(e, FLIGHT_ASK_QUEUE);
    check_queue(e, FLIGHT_VERIFY_QUEUE);
    check_queue(e, FLIGHT_STORE_QUEUE);
    for (uint32_t i = 0; i < KNOWN_BATCHES_MAX; i++) {
        check_batch(e, &e->known_batches[i], FLIGHT_ASKING);
    }
    uint64_t turn = e->now_ms % e->limits.verify_batches_max;
    check_batch(e, &e->verify_batches[turn], FLIGHT_VERIFYING);
    check_batch(e, &e->store_batch, FLIGHT_STORING);
    uint32_t f = e->pushes.head;
    for (uint32_t i = 0; i < e->pushes.count && i < CHECKED_MAX; i++) {
        assert(e->flights[f].push_queued && e->flights[f].verified);
        check_flight(e, &e->flights[f]);
        f = e->flights[f].push_next;
    }
}

static void check_turn(const struct engine *e, const struct turn *turn)
{
    assert(turn->reading == (turn->state == TURN_READING) || turn->state == TURN_DYING);
    if (turn->state != TURN_FREE && turn->state != TURN_DYING) {
        assert(e->peers[turn->peer].state == PEER_READY);
    }
}

void engine_check(const struct engine *e)
{
    if (e->views != NULL) {
        membership_check(e->views);
    }
    broadcast_check(e->tree);
    assert(e->flights_cap <= e->limits.posts_max && e->peers_cap <= e->limits.peers_max);
    assert(e->flights_count <= e->flights_cap && e->octets_count <= e->limits.octets_max);
    assert(e->flights_count > 0 || e->octets_count == 0);
    assert(e->ready_count <= e->peers_count && e->peers_count <= e->peers_cap);
    assert(e->pushes.count + e->announces.count <= e->flights_count &&
           e->paused.count <= e->peers_count);
    assert(e->answers_count <= e->flights_cap);
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        check_turn(e, &e->initiators[i].turn);
        assert(e->initiators[i].need.count <= QUEUE_IDS_MAX);
        assert(e->initiators[i].have.count <= QUEUE_IDS_MAX);
    }
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        check_turn(e, &e->responders[r]);
    }
    check_flights(e);
}
