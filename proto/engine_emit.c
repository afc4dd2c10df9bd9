#include <assert.h>

#include "proto/engine_state.h"

/* Handlers of inputs emit a handful of effects; the pumps ask engine_has_room() first and leave
 * this many for them. */
#define EFFECTS_SPARE 12

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
                e->arena_len + payload_len <= ARENA_MAX &&
                e->lists_count + peers_count <= e->scratch->lists_cap;
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

void engine_send_one(struct engine *e, uint32_t peer, enum frame_type type, struct octets payload)
{
    assert(e->lists_count < e->scratch->lists_cap);
    uint32_t *list = e->scratch->lists + e->lists_count++;
    *list = peer;
    engine_emit(e, ENGINE_SEND)->as.send =
        (struct engine_send){.peers = list, .peers_count = 1, .type = type, .payload = payload};
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
