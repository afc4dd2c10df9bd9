#include <assert.h>

#include "proto/engine_state.h"

/* Each attempt waits about twice as long as the one before, between half and all of it. */
static void wait_to_dial(struct engine *e, struct dial *dial)
{
    uint32_t doublings = dial->attempts < 8 ? dial->attempts : 8;
    uint64_t wait_ms = (uint64_t)DIAL_FIRST_MS << doublings;
    wait_ms = wait_ms < DIAL_LAST_MS ? wait_ms : DIAL_LAST_MS;
    dial->state = DIAL_WAITING;
    dial->at_ms = e->now_ms + wait_ms / 2 + engine_random(e, wait_ms / 2);
    dial->attempts++;
    engine_deadline(e, dial->at_ms);
}

static void rest(struct engine *e, struct dial *dial)
{
    if (dial->wanted) {
        wait_to_dial(e, dial);
    } else {
        dial->state = DIAL_UNWANTED;
    }
}

void dial_on_add(struct engine *e, uint32_t a)
{
    assert(a < e->limits.addresses_max);
    struct dial *dial = &e->dials[a];
    dial->wanted = true;
    if (dial->state == DIAL_UNWANTED) {
        dial->state = DIAL_WAITING;
        dial->attempts = 0;
        dial->at_ms = e->now_ms;
        engine_deadline(e, e->now_ms);
    }
}

void dial_on_remove(struct engine *e, uint32_t a)
{
    assert(a < e->limits.addresses_max);
    struct dial *dial = &e->dials[a];
    dial->wanted = false;
    if (dial->state == DIAL_WAITING) {
        dial->state = DIAL_UNWANTED;
    } else if (dial->state == DIAL_UP) {
        peer_close(e, dial->peer, ERR_OK);
    }
}

void dial_on_failed(struct engine *e, uint32_t a)
{
    if (a >= e->limits.addresses_max) {
        book_on_failed(e, a);
        views_on_place_free(e, a, false);
        return;
    }
    if (e->dials[a].state == DIAL_CALLING) {
        rest(e, &e->dials[a]);
    }
}

void dial_on_up(struct engine *e, uint32_t a, uint32_t p)
{
    assert(a < e->limits.addresses_max);
    struct dial *dial = &e->dials[a];
    dial->state = DIAL_UP;
    dial->peer = p;
    if (!dial->wanted) {
        peer_close(e, p, ERR_OK); /* removed while it was being dialled */
    }
}

void dial_on_down(struct engine *e, uint32_t a, uint64_t lasted_ms)
{
    struct dial *dial = &e->dials[a];
    if (lasted_ms >= STEADY_MS) {
        dial->attempts = 0;
    }
    rest(e, dial);
}

void dial_on_time(struct engine *e)
{
    for (uint32_t a = 0; a < e->limits.addresses_max; a++) {
        struct dial *dial = &e->dials[a];
        if (dial->state != DIAL_WAITING) {
            continue;
        }
        if (e->now_ms < dial->at_ms || !engine_has_room(e, 0, 0)) {
            engine_deadline(e, dial->at_ms);
            continue;
        }
        dial->state = DIAL_CALLING;
        engine_emit(e, ENGINE_DIAL)->as.dial = (struct engine_dial){.address = a};
    }
}
