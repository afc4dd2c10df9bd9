#include <assert.h>

#include "proto/engine_state.h"

/* The posts at the head of the queue that one frame could hold. */
struct round {
    uint32_t flights[PUSH_POSTS_MAX];
    uint32_t count;
};

/* Peers that lack the same posts of a round share one payload. */
struct group {
    uint64_t mask;
    uint32_t peers_count;
};

void push_enqueue(struct engine *e, uint32_t f)
{
    struct flight *flight = &e->flights[f];
    if (flight->push_queued) {
        return;
    }
    flight->push_queued = true;
    flight->push_next = NO_INDEX;
    if (e->pushes.count == 0) {
        e->pushes.head = f;
    } else {
        e->flights[e->pushes.tail].push_next = f;
    }
    e->pushes.tail = f;
    e->pushes.count++;
}

void push_cancel(struct engine *e, uint32_t f)
{
    if (!e->flights[f].push_queued) {
        return;
    }
    uint32_t before = NO_INDEX;
    for (uint32_t at = e->pushes.head; at != f; at = e->flights[at].push_next) {
        before = at;
    }
    if (before == NO_INDEX) {
        e->pushes.head = e->flights[f].push_next;
    } else {
        e->flights[before].push_next = e->flights[f].push_next;
    }
    if (e->pushes.tail == f) {
        e->pushes.tail = before;
    }
    e->flights[f].push_queued = false;
    e->pushes.count--;
}

static size_t wire_len(const struct engine *e, uint32_t f)
{
    return e->flights[f].candidates[0].wire.len;
}

static void round_begin(const struct engine *e, struct round *round)
{
    size_t len = 0;
    round->count = 0;
    uint32_t f = e->pushes.count == 0 ? NO_INDEX : e->pushes.head;
    while (f != NO_INDEX && round->count < PUSH_POSTS_MAX && len <= PUSH_OCTETS_MAX) {
        round->flights[round->count++] = f;
        len += wire_len(e, f);
        f = e->flights[f].push_next;
    }
}

static uint64_t lacking(const struct engine *e, uint32_t f, uint32_t word)
{
    return e->ready[word] & ~e->shown[(size_t)f * e->peer_words + word];
}

/* masks[p] = which posts of the round peer p lacks.  One that does not keep up gets them by
 * reconciliation, later. */
static void round_masks(struct engine *e, const struct round *round)
{
    memset(e->scratch->masks, 0, (size_t)e->peer_words * 64 * sizeof *e->scratch->masks);
    for (uint32_t i = 0; i < round->count; i++) {
        for (uint32_t word = 0; word < e->peer_words; word++) {
            uint64_t bits = lacking(e, round->flights[i], word);
            for (uint32_t p = word * 64; bits != 0; p++, bits >>= 1) {
                e->scratch->masks[p] |= (bits & 1) << i;
            }
        }
    }
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (e->scratch->masks[p] != 0 && peer_is_full(e, p)) {
            e->scratch->masks[p] = 0;
            recon_soon(e, p, e->now_ms + RECON_RETRY_MS);
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

static struct octets group_payload(struct engine *e, const struct round *round,
                                   const struct group *group)
{
    size_t len = MESSAGE_POSTS_HEAD;
    uint32_t count = 0;
    for (uint32_t i = 0; i < round->count; i++) {
        if ((group->mask >> i) & 1) {
            len += wire_len(e, round->flights[i]);
            count++;
        }
    }
    if (!engine_has_room(e, len, group->peers_count)) {
        return octets_of(NULL, 0);
    }
    uint8_t *at = engine_arena(e, len);
    size_t used = message_posts_head(at, count);
    for (uint32_t i = 0; i < round->count; i++) {
        if ((group->mask >> i) & 1) {
            struct octets wire = e->flights[round->flights[i]].candidates[0].wire;
            memcpy(at + used, wire.at, wire.len);
            used += wire.len;
        }
    }
    return octets_of(at, used);
}

static void group_send(struct engine *e, const struct round *round, const struct group *group)
{
    struct octets payload = group_payload(e, round, group);
    if (payload.len == 0) {
        return; /* no room: what is not shown stays in the queue */
    }
    uint32_t *list = e->scratch->lists + e->lists_count;
    e->lists_count += group->peers_count;
    size_t count = 0;
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (e->scratch->masks[p] != group->mask) {
            continue;
        }
        list[count++] = p;
        for (uint32_t i = 0; i < round->count; i++) {
            if ((group->mask >> i) & 1) {
                flight_show(e, round->flights[i], p);
                e->flights[round->flights[i]].sent_count++;
            }
        }
    }
    engine_emit(e, ENGINE_SEND)->as.send = (struct engine_send){
        .peers = list, .peers_count = count, .type = FRAME_POSTS, .payload = payload};
}

static bool is_done(const struct engine *e, uint32_t f)
{
    uint64_t left = 0;
    for (uint32_t word = 0; word < e->peer_words; word++) {
        left |= lacking(e, f, word) & ~e->full[word];
    }
    return left == 0;
}

static void finish(struct engine *e, uint32_t f)
{
    push_cancel(e, f);
    if (e->flights[f].state == FLIGHT_STORED) {
        if (e->flights[f].own) {
            publish_finish(e, f, ERR_OK);
        }
        flight_free(e, f);
    }
}

/* Whether all of the round is done with. */
static bool round_end(struct engine *e, const struct round *round)
{
    bool all = true;
    for (uint32_t i = 0; i < round->count; i++) {
        if (is_done(e, round->flights[i])) {
            finish(e, round->flights[i]);
        } else {
            all = false;
        }
    }
    return all;
}

void push_pump(struct engine *e)
{
    bool all = true;
    while (e->pushes.count > 0 && all) {
        struct round round;
        struct group groups[PUSH_GROUPS_MAX];
        round_begin(e, &round);
        round_masks(e, &round);
        uint32_t groups_count = round_groups(e, groups);
        for (uint32_t g = 0; g < groups_count; g++) {
            group_send(e, &round, &groups[g]);
        }
        all = round_end(e, &round);
    }
    e->more = e->more || !all;
}
