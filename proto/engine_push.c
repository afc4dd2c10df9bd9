#include <assert.h>

#include "proto/engine_state.h"

/* The posts at the head of the queue that one frame could hold. */
struct round {
    uint32_t flights[PUSH_POSTS_MAX];
    uint32_t count;
    bool announcing; /* by their ids, not whole */
};

/* Peers that lack the same posts of a round share one payload. */
struct group {
    uint64_t mask;
    uint32_t peers_count;
};

static void put_last(struct engine *e, struct queue *q, uint32_t f)
{
    e->flights[f].push_next = NO_INDEX;
    if (q->count == 0) {
        q->head = f;
    } else {
        e->flights[q->tail].push_next = f;
    }
    q->tail = f;
    q->count++;
}

/* SPEC 7.4: whoever said which sets it wants is neither pushed nor told of what is in none. */
static void pass_by(struct engine *e, uint32_t f)
{
    struct post post;
    struct octets wire = e->flights[f].candidates[0].wire;
    uint32_t sets[SET_OF_POST_MAX];
    if (e->choosy_count == 0 || post_decode_again(&post, wire, &e->flights[f].id) != ERR_OK) {
        return;
    }
    size_t count = set_of_post(sets, &post);
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        const struct peer *peer = &e->peers[p];
        if (peer->state == PEER_READY && peer->sets != NULL &&
            !set_any_is_chosen(peer->sets, sets, count)) {
            flight_show(e, f, p);
        }
    }
}

void push_enqueue(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    if (flight->push_queued) {
        return;
    }
    pass_by(e, f);
    flight->push_queued = true;
    flight->announcing = false;
    put_last(e, &e->pushes, f);
    tree_on_post(e, f);
}

void push_cancel(struct engine *e, uint32_t f)
{
    if (!e->flights[f].push_queued) {
        return;
    }
    struct queue *q = e->flights[f].announcing ? &e->announces : &e->pushes;
    uint32_t before = NO_INDEX;
    for (uint32_t at = q->head; at != f; at = e->flights[at].push_next) {
        before = at;
    }
    if (before == NO_INDEX) {
        q->head = e->flights[f].push_next;
    } else {
        e->flights[before].push_next = e->flights[f].push_next;
    }
    if (q->tail == f) {
        q->tail = before;
    }
    e->flights[f].push_queued = false;
    q->count--;
}

static size_t wire_len(const struct engine *e, uint32_t f)
{
    return e->flights[f].candidates[0].wire.len;
}

static void round_begin(const struct engine *e, struct round *round, const struct queue *q)
{
    size_t len = 0;
    round->count = 0;
    round->announcing = q == &e->announces;
    uint32_t f = q->count == 0 ? NO_INDEX : q->head;
    while (f != NO_INDEX && round->count < PUSH_POSTS_MAX && len <= PUSH_OCTETS_MAX) {
        round->flights[round->count++] = f;
        len += round->announcing ? 0 : wire_len(e, f);
        f = e->flights[f].push_next;
    }
}

/* Of peer_words: no peer was ever in the others. */
static uint32_t words_used(const struct engine *e)
{
    return (e->peers_cap + 63) / 64;
}

/* Who is to get it now, whole or (announcing) by its id.  What is not new is pushed to nobody:
 * most have it. */
static uint64_t lacking(const struct engine *e, uint32_t f, uint32_t word, bool announcing)
{
    const struct flight *flight = &e->flights[f];
    uint64_t to = broadcast_links(e->tree)[word];
    if (!announcing && flight->hops == MESSAGE_HOPS_OLD) {
        to = 0;
    } else if (!announcing) {
        to = flight->mine ? broadcast_eager_own(e->tree)[word] : broadcast_eager(e->tree)[word];
    }
    return to & e->ready[word] & ~e->shown[(size_t)f * e->peer_words + word];
}

/* masks[p] = which posts of the round peer p is sent.  One that does not keep up gets them by
 * reconciliation, later. */
static void round_masks(struct engine *e, const struct round *round)
{
    memset(e->scratch->masks, 0, e->peers_cap * sizeof *e->scratch->masks);
    for (uint32_t i = 0; i < round->count; i++) {
        for (uint32_t word = 0; word < words_used(e); word++) {
            uint64_t bits = lacking(e, round->flights[i], word, round->announcing);
            for (uint32_t p = word * 64; bits != 0; p++, bits >>= 1) {
                e->scratch->masks[p] |= (bits & 1) << i;
            }
        }
    }
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (e->scratch->masks[p] != 0 && peer_is_slow(e, p)) {
            recon_soon(e, p, e->now_ms + RECON_RETRY_MS);
        }
        if (peer_is_full(e, p)) {
            e->scratch->masks[p] = 0;
        }
    }
}

static uint32_t round_groups(const struct engine *e, struct group groups[PUSH_GROUPS_MAX])
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        uint32_t g = 0;
        while (g < count && groups[g].mask != e->scratch->masks[p]) {
            g++;
        }
        if (e->scratch->masks[p] == 0 || g == PUSH_GROUPS_MAX) {
            continue;
        }
        if (g == count) {
            groups[count++] = (struct group){.mask = e->scratch->masks[p]};
        }
        groups[g].peers_count++;
    }
    return count;
}

static struct octets whole_payload(struct engine *e, const struct round *round,
                                   const struct group *group)
{
    uint8_t hops[PUSH_POSTS_MAX];
    size_t len = MESSAGE_NEW_HEAD;
    uint32_t count = 0;
    for (uint32_t i = 0; i < round->count; i++) {
        if ((group->mask >> i) & 1) {
            len += wire_len(e, round->flights[i]);
            hops[count++] = tree_hops_on(e, e->flights[round->flights[i]].hops);
        }
    }
    if (!engine_has_room(e, len, group->peers_count)) {
        return octets_of(NULL, 0);
    }
    uint8_t *at = engine_arena(e, len);
    size_t used = message_new_head(at, hops, count);
    for (uint32_t i = 0; i < round->count; i++) {
        if ((group->mask >> i) & 1) {
            struct octets wire = e->flights[round->flights[i]].candidates[0].wire;
            memcpy(at + used, wire.at, wire.len);
            used += wire.len;
        }
    }
    return octets_of(at, used);
}

static struct octets ids_payload(struct engine *e, const struct round *round,
                                 const struct group *group)
{
    uint8_t hops[PUSH_POSTS_MAX];
    struct post_id ids[PUSH_POSTS_MAX];
    struct message_ihave ihave = {.hops = hops, .ids = ids};
    if (!engine_has_room(e, MESSAGE_IHAVE_CAP, group->peers_count)) {
        return octets_of(NULL, 0);
    }
    for (uint32_t i = 0; i < round->count; i++) {
        if ((group->mask >> i) & 1) {
            const struct flight *flight = &e->flights[round->flights[i]];
            hops[ihave.count] = tree_hops_on(e, flight->hops);
            ids[ihave.count++] = flight->id;
        }
    }
    uint8_t *at = engine_arena(e, MESSAGE_IHAVE_CAP);
    return octets_of(at, message_ihave_encode(at, &ihave));
}

static void group_send(struct engine *e, const struct round *round, const struct group *group)
{
    struct octets payload =
        round->announcing ? ids_payload(e, round, group) : whole_payload(e, round, group);
    if (payload.len == 0) {
        return; /* no room: what is not shown stays in the queue */
    }
    uint32_t *list = engine_list(e);
    size_t count = 0;
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (e->scratch->masks[p] != group->mask) {
            continue;
        }
        list[count++] = p;
        for (uint32_t i = 0; i < round->count; i++) {
            if ((group->mask >> i) & 1) {
                flight_show(e, round->flights[i], p);
                e->flights[round->flights[i]].sent_count += !round->announcing;
            }
        }
    }
    engine_send(e, count, round->announcing ? FRAME_IHAVE : FRAME_POSTS, payload);
}

static bool is_done(const struct engine *e, uint32_t f, bool announcing)
{
    uint64_t left = 0;
    for (uint32_t word = 0; word < words_used(e); word++) {
        left |= lacking(e, f, word, announcing) & ~e->full[word];
    }
    return left == 0;
}

static void finish(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    if (flight->state == FLIGHT_STORED && flight->own) {
        publish_finish(e, f, ERR_OK); /* whoever is only told of it is not waited for */
    }
    bool announce = !flight->announcing && !is_done(e, f, true);
    push_cancel(e, f);
    if (announce) {
        flight->push_queued = true;
        flight->announcing = true;
        put_last(e, &e->announces, f);
        uint64_t at_ms = e->now_ms + ANNOUNCE_MS;
        e->announce_at_ms = at_ms < e->announce_at_ms ? at_ms : e->announce_at_ms;
        engine_deadline(e, e->announce_at_ms);
    } else if (flight->state == FLIGHT_STORED) {
        flight_free(e, f);
    }
}

/* Whether all of the round is done with. */
static bool round_end(struct engine *e, const struct round *round)
{
    bool all = true;
    for (uint32_t i = 0; i < round->count; i++) {
        if (is_done(e, round->flights[i], round->announcing)) {
            finish(e, round->flights[i]);
        } else {
            all = false;
        }
    }
    return all;
}

static bool empty(struct engine *e, struct queue *q)
{
    bool all = true;
    while (q->count > 0 && all) {
        struct round round;
        struct group groups[PUSH_GROUPS_MAX];
        round_begin(e, &round, q);
        round_masks(e, &round);
        uint32_t groups_count = round_groups(e, groups);
        for (uint32_t g = 0; g < groups_count; g++) {
            group_send(e, &round, &groups[g]);
        }
        all = round_end(e, &round);
    }
    e->more = e->more || !all;
    return all;
}

/* Ids wait for others, to go together; but not while room for posts is short. */
static bool announces_due(const struct engine *e)
{
    return e->now_ms >= e->announce_at_ms || e->announces.count > e->limits.posts_max / 4;
}

void push_pump(struct engine *e)
{
    (void)empty(e, &e->pushes);
    if (announces_due(e) && empty(e, &e->announces)) {
        e->announce_at_ms = NEVER_MS;
    } else if (e->announces.count > 0) {
        engine_deadline(e, e->announce_at_ms);
    }
}
