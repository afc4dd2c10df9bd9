#include <assert.h>

#include "proto/engine_state.h"

/* Handlers of inputs emit a handful of effects; the pumps ask engine_has_room() first and leave
 * this many for them, and for what follows from a peer that a pump closes. */
#define EFFECTS_SPARE 12
#define ARENA_SPARE   16384

struct engine_effect *engine_emit(struct engine *e, enum engine_effect_type type)
{
    assert(e->out->effects_count < ENGINE_EFFECTS_MAX);
    struct engine_effect *effect = &e->out->effects[e->out->effects_count++];
    effect->type = type;
    return effect;
}

bool engine_has_room(struct engine *e, size_t payload_len, size_t peers_count)
{
    bool room = e->out->effects_count + EFFECTS_SPARE <= ENGINE_EFFECTS_MAX &&
                e->arena_len + payload_len + ARENA_SPARE <= ARENA_MAX &&
                e->lists_count + peers_count + EFFECTS_SPARE <= e->scratch->lists_cap;
    e->more = e->more || !room;
    return room;
}

uint8_t *engine_arena(struct engine *e, size_t len)
{
    assert(len <= ARENA_MAX - e->arena_len);
    uint8_t *at = e->scratch->arena + e->arena_len;
    e->arena_len += len;
    return at;
}

uint32_t *engine_list(struct engine *e)
{
    return e->scratch->lists + e->lists_count;
}

/* What is handed to a peer within one step cannot be known to fill its queue before the next. */
static void count_sent(struct engine *e, struct peer *peer, uint32_t len)
{
    peer->sent_len = len + (peer->sent_step == e->steps_count ? peer->sent_len : 0);
    peer->sent_step = e->steps_count;
    e->more = e->more || peer->sent_len > STEP_OCTETS_MAX;
}

void engine_send(struct engine *e, size_t peers_count, enum frame_type type, struct octets payload)
{
    assert(peers_count <= e->scratch->lists_cap - e->lists_count);
    const uint32_t *list = engine_list(e);
    e->lists_count += peers_count;
    for (size_t i = 0; i < peers_count; i++) {
        count_sent(e, &e->peers[list[i]], (uint32_t)payload.len);
    }
    engine_emit(e, ENGINE_SEND)->as.send = (struct engine_send){
        .peers = list, .peers_count = peers_count, .type = type, .payload = payload};
}

void engine_send_one(struct engine *e, uint32_t peer, enum frame_type type, struct octets payload)
{
    assert(e->lists_count < e->scratch->lists_cap);
    *engine_list(e) = peer;
    engine_send(e, 1, type, payload);
}

void engine_deadline(struct engine *e, uint64_t at_ms)
{
    if (at_ms < e->tick_at_ms) {
        e->tick_at_ms = at_ms;
    }
}

/* xorshift64*: spreads timers, protects nothing. */
uint64_t engine_random(struct engine *e, uint64_t below)
{
    e->random ^= e->random >> 12;
    e->random ^= e->random << 25;
    e->random ^= e->random >> 27;
    return (e->random * UINT64_C(2685821657736338717) >> 16) % below;
}

/* A token says which question it is and which use of that question's place, so that an answer
 * that comes late or twice meets nothing. */
uint64_t engine_token(enum token_kind kind, uint32_t index, uint32_t generation)
{
    assert(index < (UINT32_C(1) << 24));
    return ((uint64_t)kind << 56) | ((uint64_t)index << 32) | generation;
}

enum token_kind engine_token_kind(uint64_t token)
{
    return (enum token_kind)(token >> 56);
}

uint32_t engine_token_index(uint64_t token)
{
    return (uint32_t)(token >> 32) & 0xffffff;
}

uint32_t engine_token_generation(uint64_t token)
{
    return (uint32_t)token;
}
