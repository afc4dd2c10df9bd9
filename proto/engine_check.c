#include <assert.h>

#include "proto/engine_state.h"

#define FULL_CHECK_POSTS_MAX 64 /* every post is looked at only while they are few */

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

static void check_flights(const struct engine *e)
{
    uint32_t left = e->flights_count;
    for (uint32_t f = 0; f < e->limits.posts_max && left > 0; f++) {
        if (e->flights[f].state != FLIGHT_FREE) {
            check_flight(e, &e->flights[f]);
            left--;
        }
    }
    assert(left == 0);
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
    assert(e->flights_count <= e->limits.posts_max && e->octets_count <= e->limits.octets_max);
    assert(e->flights_count > 0 || e->octets_count == 0);
    assert(e->ready_count <= e->peers_count && e->peers_count <= e->limits.peers_max);
    assert(e->pushes.count <= e->flights_count && e->paused.count <= e->peers_count);
    assert(e->answers_count <= e->limits.posts_max);
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        check_turn(e, &e->initiators[i].turn);
        assert(e->initiators[i].need.count <= QUEUE_IDS_MAX);
        assert(e->initiators[i].have.count <= QUEUE_IDS_MAX);
    }
    for (uint32_t r = 0; r < e->limits.responders_max; r++) {
        check_turn(e, &e->responders[r]);
    }
    if (e->flights_count <= FULL_CHECK_POSTS_MAX) {
        check_flights(e);
    }
}
