#include <stdlib.h>

#include "proto/engine_state.h"
#include "proto/negentropy_wire.h"

static uint32_t places_count(const struct engine *e)
{
    return e->limits.responders_max * LISTED_MAX;
}

static void forget(struct listed *listed)
{
    free(listed->ids);
    *listed = (struct listed){.count = 0};
}

/* A free place; else the peer's oldest, if it has as many as it may; else the oldest of all: what
 * is forgotten is asked for by id. */
static struct listed *place_for(struct engine *e, uint32_t p)
{
    struct listed *unused = NULL;
    struct listed *oldest = NULL;
    struct listed *own = NULL;
    uint32_t own_count = 0;
    for (uint32_t i = 0; i < places_count(e); i++) {
        struct listed *listed = &e->listed[i];
        if (listed->count == 0) {
            unused = listed;
            continue;
        }
        oldest = oldest == NULL || listed->at_ms < oldest->at_ms ? listed : oldest;
        if (listed->peer == p) {
            own_count++;
            own = own == NULL || listed->at_ms < own->at_ms ? listed : own;
        }
    }
    if (own_count == LISTED_MAX) {
        return own;
    }
    return unused != NULL ? unused : oldest;
}

/* Of a message of our own: how many ids it lists, written to ids unless that is NULL. */
static uint32_t ids_of(struct post_id *ids, struct octets message)
{
    struct negentropy_range range = {.upper = negentropy_bound_zero()};
    uint32_t count = 0;
    for (size_t at = 1; at < message.len;) {
        struct negentropy_bound lower = range.upper;
        if (negentropy_get_range(&range, &at, message, &lower) != ERR_OK) {
            break;
        }
        if (ids != NULL && range.ids_count > 0) {
            memcpy(ids + count, range.ids, range.ids_count * POST_ID_LEN);
        }
        count += (uint32_t)range.ids_count;
    }
    return count;
}

void listed_add(struct engine *e, const struct turn *turn, uint32_t number)
{
    struct octets message = octets_of(turn->reply.at, turn->reply.len);
    uint32_t count = ids_of(NULL, message);
    struct post_id *ids = count == 0 ? NULL : malloc(count * sizeof *ids);
    if (ids == NULL) {
        return;
    }
    (void)ids_of(ids, message);
    struct listed *listed = place_for(e, turn->peer);
    forget(listed);
    *listed = (struct listed){.count = count,
                              .peer = turn->peer,
                              .session = turn->session,
                              .number = number,
                              .at_ms = e->now_ms,
                              .ids = ids};
    engine_deadline(e, e->now_ms + LISTED_MS);
}

const struct listed *listed_find(struct engine *e, uint32_t p, const struct message_want_at *want)
{
    struct listed *found = NULL;
    for (uint32_t i = 0; i < places_count(e); i++) {
        struct listed *listed = &e->listed[i];
        if (listed->count > 0 && listed->peer == p && listed->session == want->session &&
            listed->number == want->number) {
            listed->at_ms = e->now_ms;
            found = listed;
        }
    }
    return found;
}

void listed_on_down(struct engine *e, uint32_t p)
{
    for (uint32_t i = 0; i < places_count(e); i++) {
        if (e->listed[i].count > 0 && e->listed[i].peer == p) {
            forget(&e->listed[i]);
        }
    }
}

void listed_on_time(struct engine *e)
{
    for (uint32_t i = 0; i < places_count(e); i++) {
        struct listed *listed = &e->listed[i];
        if (listed->count == 0) {
            continue;
        }
        if (e->now_ms - listed->at_ms >= LISTED_MS) {
            forget(listed);
        } else {
            engine_deadline(e, listed->at_ms + LISTED_MS);
        }
    }
}

void listed_drop(struct engine *e)
{
    for (uint32_t i = 0; e->listed != NULL && i < places_count(e); i++) {
        forget(&e->listed[i]);
    }
    free(e->listed);
    e->listed = NULL;
}
