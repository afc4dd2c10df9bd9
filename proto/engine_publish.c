#include <assert.h>

#include "proto/engine_state.h"

/* Answers wait in a ring of flights_cap places: every post of the person's own that is in flight
 * or answered took its place when it was taken in, see start(). */
void publish_finish(struct engine *e, uint32_t f, enum err_code status)
{
    struct flight *flight = &e->flights[f];
    flight->own = false;
    assert(e->answers_count < e->flights_cap);
    uint32_t at = (e->answers_first + e->answers_count++) % e->flights_cap;
    e->answers[at] =
        (struct engine_published){.token = flight->own_token,
                                  .status = status,
                                  .sent_to = status == ERR_OK ? flight->sent_count : 0};
}

static void own(struct engine *e, uint32_t f, uint64_t token)
{
    e->flights[f].own = true;
    e->flights[f].mine = true;
    e->flights[f].own_token = token;
}

static enum err_code start(struct engine *e, const struct engine_publish_in *in,
                           const struct post *post)
{
    uint32_t f = flight_find(e, &post->id);
    if (e->flights_count + e->answers_count >= e->limits.posts_max ||
        e->octets_count + in->wire.len > e->limits.octets_max) {
        return ERR_FLOOD;
    }
    if (f != NO_INDEX && (e->flights[f].own || e->flights[f].candidates_count == CANDIDATES_MAX)) {
        return ERR_FLOOD;
    }
    if (!room_for_flights(e, e->answers_count + 1)) {
        return ERR_NO_MEMORY;
    }
    struct held *held = held_new(e, NO_INDEX, in->wire);
    if (held == NULL) {
        return ERR_NO_MEMORY;
    }
    struct arrival arrival = {
        .id = post->id,
        .wire = octets_of(held->octets, held->len),
        .proof = octets_of(held->octets + (post->proof.at - in->wire.at), post->proof.len)};
    if (f == NO_INDEX) {
        f = flight_add(e, &post->id);
        flight_add_candidate(e, f, held, &arrival);
        own(e, f, in->token);
        e->flights[f].verified = true;
        flight_move(e, f, FLIGHT_STORE_QUEUE);
    } else {
        /* From the outbox, and just coming back: whichever copy holds is stored. */
        if (!e->flights[f].verified) {
            flight_add_candidate(e, f, held, &arrival);
        }
        own(e, f, in->token);
    }
    held_release(e, held);
    return ERR_OK;
}

void publish_on_post(struct engine *e, const struct engine_publish_in *in)
{
    struct post post;
    enum err_code rc = post_decode(&post, in->wire);
    rc = rc == ERR_OK ? start(e, in, &post) : ERR_MALFORMED;
    if (rc != ERR_OK) {
        engine_emit(e, ENGINE_PUBLISHED)->as.published =
            (struct engine_published){.token = in->token, .status = rc};
    }
}

void publish_pump(struct engine *e)
{
    while (e->answers_count > 0 && engine_has_room(e, 0, 0)) {
        engine_emit(e, ENGINE_PUBLISHED)->as.published = e->answers[e->answers_first];
        e->answers_first = (e->answers_first + 1) % e->flights_cap;
        e->answers_count--;
    }
}
