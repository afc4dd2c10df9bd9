#include "proto/engine_state.h"

#define READING_MS 1000 /* all who may give way wait for the store: look again */

static bool is_running(const struct initiator *initiator)
{
    return initiator->turn.state != TURN_FREE && initiator->turn.state != TURN_DYING;
}

/* Those whom nobody named and nobody drew take half of the places: neither who connects often nor
 * who has this node dial its friends keeps it from those it chose. */
static bool has_place(const struct engine *e, uint32_t p)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        const struct initiator *initiator = &e->initiators[i];
        count += is_running(initiator) && !book_is_chosen(e, initiator->turn.peer);
    }
    return book_is_chosen(e, p) || count < (e->limits.initiators_max + 1) / 2;
}

static bool is_wanted(const struct engine *e, uint32_t p)
{
    const struct peer *peer = &e->peers[p];
    uint32_t running_max = peer->recon_set == SETS_END ? 0 : SESSIONS_OWN - 1;
    return peer->state == PEER_READY && peer->recon_running <= running_max && !peer_is_slow(e, p) &&
           e->now_ms >= peer->recon_at_ms;
}

/* A second one of the same peer is worth less than anybody's first. */
static bool is_before(const struct peer *a, const struct peer *b)
{
    bool a_runs = a->recon_running > 0;
    bool b_runs = b->recon_running > 0;
    return a_runs != b_runs ? b_runs : a->recon_at_ms < b->recon_at_ms;
}

uint32_t due_next(const struct engine *e)
{
    uint32_t best = NO_INDEX;
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (is_wanted(e, p) && has_place(e, p) &&
            (best == NO_INDEX || is_before(&e->peers[p], &e->peers[best]))) {
            best = p;
        }
    }
    return best;
}

/* ---- Giving way --------------------------------------------------------------------------- */

bool due_is_delivering(const struct initiator *initiator)
{
    return initiator->need.count > 0 || initiator->have.count > 0 || initiator->pushing ||
           initiator->push_done < initiator->push_count || !want_is_idle(initiator);
}

/* When it has to give way. */
static uint64_t enough_ms(const struct initiator *initiator)
{
    uint64_t long_ms = initiator->begun_ms + RECON_LONG_MS;
    uint64_t barren_ms = initiator->found_ms + RECON_BARREN_MS;
    return due_is_delivering(initiator) || long_ms < barren_ms ? long_ms : barren_ms;
}

/* Of those that may give way to the peer the one that has had enough for longest. */
static struct initiator *who_gives_way(struct engine *e, uint32_t p)
{
    struct initiator *found = NULL;
    bool to_all = has_place(e, p);
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        struct initiator *initiator = &e->initiators[i];
        bool may = is_running(initiator) && initiator->giving_ms == NEVER_MS &&
                   !initiator->turn.reading && (to_all || !book_is_chosen(e, initiator->turn.peer));
        if (may && (found == NULL || enough_ms(initiator) < enough_ms(found))) {
            found = initiator;
        }
    }
    return found;
}

/* What it has found and not asked for is found again. */
static void give_way(const struct engine *e, struct initiator *initiator)
{
    initiator->giving_ms = e->now_ms;
    initiator->again = true;
    initiator->need.count = 0;
    initiator->have.count = 0;
    if (initiator->turn.state != TURN_DONE) {
        initiator->turn.state = TURN_END;
    }
}

static void make_way(struct engine *e, uint32_t p)
{
    struct initiator *initiator = who_gives_way(e, p);
    uint64_t at_ms = initiator == NULL ? e->now_ms + READING_MS : enough_ms(initiator);
    if (initiator != NULL && e->now_ms >= at_ms) {
        give_way(e, initiator);
    } else {
        engine_deadline(e, at_ms);
    }
}

/* One that is still owed posts after a while is not what anybody waits for. */
static bool is_giving_way(const struct engine *e, const struct initiator *initiator)
{
    return is_running(initiator) && initiator->giving_ms != NEVER_MS &&
           e->now_ms < initiator->giving_ms + RECON_BARREN_MS;
}

void due_on_time(struct engine *e)
{
    uint32_t giving_count = 0;
    bool any_free = false;
    for (uint32_t i = 0; i < e->limits.initiators_max; i++) {
        giving_count += is_giving_way(e, &e->initiators[i]);
        any_free = any_free || e->initiators[i].turn.state == TURN_FREE;
    }
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        bool waits = is_wanted(e, p) && e->peers[p].recon_running == 0 &&
                     !(any_free && has_place(e, p)); /* else it waits for memory */
        if (waits && giving_count > 0) {
            giving_count--;
            engine_deadline(e, e->now_ms + RECON_BARREN_MS);
        } else if (waits) {
            make_way(e, p);
        }
    }
}
