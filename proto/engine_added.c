#include <stdlib.h>

#include "proto/engine_state.h"

static uint64_t who_is(const struct engine *e, uint32_t p)
{
    return octets_get_u64be(e->peers[p].static_key.octets);
}

/* Its place today: its own, or one that is free; NULL where all are others'.  Some are kept for
 * those whom this node dialled: others can come under as many keys as they like. */
static struct adder *place_of(const struct engine *e, uint32_t p)
{
    uint32_t today = (uint32_t)(e->now_s / DAY_S);
    uint64_t who = who_is(e, p);
    struct adder *unused = NULL;
    bool chosen = e->peers[p].address != ENGINE_NO_ADDRESS;
    for (uint32_t i = ADDERS_MAX; i-- > (chosen ? 0 : ADDERS_KEPT);) {
        struct adder *adder = &e->adders[i];
        bool counts = adder->day == today && adder->count > 0;
        if (counts && adder->who == who) {
            return adder;
        }
        unused = counts ? unused : adder;
    }
    return unused;
}

bool added_is_full(const struct engine *e, uint32_t p)
{
    if (e->adders == NULL) {
        return false;
    }
    const struct adder *adder = place_of(e, p);
    return adder == NULL ||
           (adder->day == (uint32_t)(e->now_s / DAY_S) && adder->count >= ADDED_MAX);
}

/* What has no floor would else be the way to fill a relay for good (SPEC 7.4). */
bool added_take(struct engine *e, uint32_t p)
{
    if (e->adders == NULL) {
        e->adders = calloc(ADDERS_MAX, sizeof *e->adders);
    }
    if (e->adders == NULL || added_is_full(e, p)) {
        return false;
    }
    struct adder *adder = place_of(e, p);
    uint32_t today = (uint32_t)(e->now_s / DAY_S);
    uint32_t count = adder->day == today ? adder->count : 0;
    *adder = (struct adder){.who = who_is(e, p), .day = today, .count = count + 1};
    return true;
}
