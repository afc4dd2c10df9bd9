#include "proto/broadcast.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/broadcast_inner.h"

enum err_code broadcast_new(struct broadcast **broadcast, const struct broadcast_config *config)
{
    assert(config->links_max > 0 && config->missing_max > 0);
    assert(config->seen_max >= 64 && (config->seen_max & (config->seen_max - 1)) == 0);
    struct broadcast *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return ERR_NO_MEMORY;
    }
    b->config = *config;
    b->words = (config->links_max + 63) / 64;
    b->own_parent = NONE;
    b->lost_ms = NEVER;
    b->gap_ms = BROADCAST_GAP_FIRST_MS;
    b->random = octets_get_u64be(config->seed) | 1; /* xorshift must not start at zero */
    b->swap_at_ms = config->now_ms + broadcast_random(b, 2 * BROADCAST_SWAP_EVERY_MS);
    b->missing_free = NONE;
    b->deadline_ms = NEVER;
    b->links_bits = calloc(4 * (size_t)b->words, sizeof *b->links_bits);
    if (b->links_bits == NULL) {
        broadcast_free(b);
        return ERR_NO_MEMORY;
    }
    b->eager_bits = b->links_bits + b->words;
    b->own_bits = b->eager_bits + b->words;
    b->due_bits = b->own_bits + b->words;
    *broadcast = b;
    return ERR_OK;
}

void broadcast_free(struct broadcast *b)
{
    if (b == NULL) {
        return;
    }
    free(b->links);
    free(b->links_bits);
    free(b->seen);
    free(b->missing);
    free(b->chains);
    free(b);
}

/* xorshift64*: spreads what would happen everywhere at once, protects nothing. */
uint64_t broadcast_random(struct broadcast *b, uint64_t below)
{
    b->random ^= b->random >> 12;
    b->random ^= b->random << 25;
    b->random ^= b->random >> 27;
    return (b->random * UINT64_C(2685821657736338717) >> 16) % below;
}

/* ---- Links -------------------------------------------------------------------------------- */

bool link_is_up(const struct broadcast *b, uint32_t l)
{
    return l < b->links_cap && b->links[l].up;
}

static void set_eager(struct broadcast *b, uint32_t l, bool eager)
{
    bit_set(b->eager_bits, l, eager);
    bit_set(b->own_bits, l, eager || l == b->own_parent);
}

void link_say(struct broadcast *b, uint32_t l, bool push)
{
    b->links[l].graft_due = push;
    b->links[l].prune_due = !push;
    bit_set(b->due_bits, l, true);
}

/* Which parent is the least use: the one that was first least often. */
static uint32_t idlest_parent(const struct broadcast *b, uint32_t but)
{
    uint32_t idlest = NONE;
    for (uint32_t l = 0; l < b->links_cap; l++) {
        if (b->links[l].up && b->links[l].parent && l != but &&
            (idlest == NONE || b->links[l].firsts_count < b->links[idlest].firsts_count)) {
            idlest = l;
        }
    }
    return idlest;
}

/* A leaf's own posts go whole to one relay alone: two that push the same post meet somewhere, and
 * there the tree would be cut (SPEC 6.6). */
static void choose_own_parent(struct broadcast *b)
{
    uint32_t before = b->own_parent;
    if (before != NONE && b->links[before].up && b->links[before].parent) {
        return;
    }
    b->own_parent = NONE;
    for (uint32_t l = 0; l < b->links_cap; l++) {
        bool parent = b->links[l].up && b->links[l].kind == BROADCAST_PARENT;
        if (parent && (b->own_parent == NONE || b->links[l].parent)) {
            b->own_parent = l;
            if (b->links[l].parent) {
                break;
            }
        }
    }
    if (before != NONE) {
        set_eager(b, before, bit_get(b->eager_bits, before));
    }
    if (b->own_parent != NONE) {
        set_eager(b, b->own_parent, bit_get(b->eager_bits, b->own_parent));
    }
}

static void adopt(struct broadcast *b, uint32_t l)
{
    b->links[l].parent = true;
    b->links[l].firsts_count = 0;
    b->parents_count++;
}

static void disown(struct broadcast *b, uint32_t l)
{
    b->links[l].parent = false;
    b->parents_count--;
}

static bool room_for_link(struct broadcast *b, uint32_t l)
{
    uint32_t cap = b->links_cap == 0 ? LINKS_FIRST : b->links_cap;
    while (cap <= l) {
        cap *= 2;
    }
    if (cap == b->links_cap) {
        return true;
    }
    struct link *links = realloc(b->links, cap * sizeof *links);
    if (links == NULL) {
        return false;
    }
    memset(links + b->links_cap, 0, (cap - b->links_cap) * sizeof *links);
    b->links = links;
    b->links_cap = cap;
    return true;
}

enum err_code broadcast_on_up(struct broadcast *b, uint32_t l, enum broadcast_kind kind)
{
    assert(l < b->config.links_max);
    if (!room_for_link(b, l)) {
        return ERR_NO_MEMORY;
    }
    assert(!b->links[l].up);
    b->links[l] = (struct link){.up = true,
                                .kind = kind,
                                .cut_ms = NEVER,
                                .rival.from = NONE,
                                .offer_hops = MESSAGE_HOPS_OLD};
    bit_set(b->links_bits, l, true);
    set_eager(b, l, kind != BROADCAST_PARENT);
    if (kind != BROADCAST_PARENT) {
        return ERR_OK;
    }
    if (b->parents_count < BROADCAST_PARENTS) {
        adopt(b, l);
    } else {
        link_say(b, l, false);
    }
    choose_own_parent(b);
    return ERR_OK;
}

/* A leaf that lost a parent asks another relay. */
static void replace_parent(struct broadcast *b)
{
    for (uint32_t l = 0; l < b->links_cap && b->parents_count < BROADCAST_PARENTS; l++) {
        if (b->links[l].up && b->links[l].kind == BROADCAST_PARENT && !b->links[l].parent) {
            adopt(b, l);
            link_say(b, l, true);
        }
    }
}

void broadcast_on_down(struct broadcast *b, uint32_t l)
{
    if (!link_is_up(b, l)) {
        return;
    }
    struct link *link = &b->links[l];
    missing_forget_link(b, l);
    seen_forget_link(b, l);
    shape_forget_link(b, l);
    if (bit_get(b->eager_bits, l)) {
        b->lost_ms = b->now_ms;
    }
    if (link->parent) {
        disown(b, l);
    }
    link->up = false;
    bit_set(b->links_bits, l, false);
    bit_set(b->due_bits, l, false);
    set_eager(b, l, false);
    if (link->kind == BROADCAST_PARENT) {
        replace_parent(b);
        choose_own_parent(b);
        bit_set(b->own_bits, l, false);
    }
}

/* In the tree both ends push or neither does; to a leaf and from it each way is its own. */
void link_make_eager(struct broadcast *b, uint32_t l)
{
    struct link *link = &b->links[l];
    if (link->kind == BROADCAST_TREE) {
        set_eager(b, l, true);
    } else if (link->kind == BROADCAST_PARENT && !link->parent) {
        adopt(b, l);
        if (b->parents_count > BROADCAST_PARENTS) {
            link_prune(b, idlest_parent(b, l));
        }
    }
}

void link_prune(struct broadcast *b, uint32_t l)
{
    struct link *link = &b->links[l];
    if (link->kind == BROADCAST_TREE) {
        set_eager(b, l, false);
    } else if (link->parent) {
        disown(b, l);
    }
    link->cut_ms = b->now_ms;
    link_say(b, l, false);
    choose_own_parent(b);
}

void broadcast_on_graft(struct broadcast *b, uint32_t l)
{
    if (link_is_up(b, l)) {
        set_eager(b, l, true);
    }
}

void broadcast_on_prune(struct broadcast *b, uint32_t l)
{
    if (link_is_up(b, l)) {
        b->links[l].cut_ms = b->now_ms;
        set_eager(b, l, false);
    }
}

const uint64_t *broadcast_links(const struct broadcast *b)
{
    return b->links_bits;
}

const uint64_t *broadcast_eager(const struct broadcast *b)
{
    return b->eager_bits;
}

const uint64_t *broadcast_eager_own(const struct broadcast *b)
{
    return b->own_bits;
}

/* ---- Posts -------------------------------------------------------------------------------- */

static void change_over(struct broadcast *b, uint32_t from, uint32_t to)
{
    b->swap_at_ms =
        b->now_ms + BROADCAST_SWAP_EVERY_MS + broadcast_random(b, BROADCAST_SWAP_EVERY_MS);
    set_eager(b, to, true);
    link_say(b, to, true);
    link_prune(b, from);
    b->shaper.from = to; /* shape_allows() said that it was from */
}

/* Another link would have brought a post over a shorter way, or a longer one, than it came.  Where
 * that saves enough over a while, change over.  What it did not announce counts against it: there
 * this node was first, or posts from its own corner alone would decide. */
static void weigh(struct broadcast *b, uint32_t from, uint8_t hops, struct promise other)
{
    bool comparable =
        other.hops <= MESSAGE_HOPS_MAX && hops <= MESSAGE_HOPS_MAX && link_is_up(b, from) &&
        from != other.link && bit_get(b->eager_bits, from) && !bit_get(b->eager_bits, other.link) &&
        b->links[from].kind == BROADCAST_TREE && b->links[other.link].kind == BROADCAST_TREE;
    if (!comparable) {
        return;
    }
    struct rival *rival = &b->links[other.link].rival;
    uint32_t all_count = b->links[from].new_count - rival->since;
    if (rival->from != from || all_count > BROADCAST_SWAP_WINDOW) {
        *rival = (struct rival){.from = from, .since = b->links[from].new_count - 1};
        all_count = 1;
    }
    if (rival->count == all_count) {
        return; /* it announced one twice */
    }
    rival->count++;
    rival->saved_hops += (int32_t)hops - (int32_t)other.hops;
    int32_t saved_hops =
        rival->saved_hops - (int32_t)(all_count - rival->count) * BROADCAST_SWAP_UNKNOWN;
    if (all_count >= BROADCAST_SWAP_COUNT && b->now_ms >= b->swap_at_ms &&
        2 * saved_hops >= (int32_t)all_count * BROADCAST_SWAP_HALVES &&
        shape_allows(b, from, other.link)) {
        change_over(b, from, other.link);
    }
}

static void credit(struct broadcast *b, uint32_t l, uint32_t *count)
{
    if (++*count == CREDIT_MAX) {
        b->links[l].firsts_count /= 2;
        b->links[l].kept_count /= 2;
        b->links[l].broken_count /= 2;
        b->links[l].none_count /= 2;
    }
}

static void promise_kept(struct broadcast *b, const struct missing *missing, uint32_t from)
{
    if (missing->state == MISSING_ASKED && missing->senders[0].link == from) {
        credit(b, from, &b->links[from].kept_count);
        broadcast_on_rtt(b, from, b->now_ms - missing->asked_ms);
    } else if (missing->state == MISSING_ASKED && !missing->old && shape_may(b, &missing->id) &&
               b->links[from].kind == BROADCAST_TREE &&
               b->links[missing->senders[0].link].kind == BROADCAST_TREE) {
        link_prune(b, missing->senders[0].link); /* it came by the tree after all */
    }
}

void broadcast_on_post(struct broadcast *b, const struct post_id *id, uint32_t from, uint8_t hops,
                       uint64_t now_ms)
{
    uint32_t m = missing_find(b, id);
    b->now_ms = now_ms;
    seen_add(b, id, from, hops);
    if (hops <= MESSAGE_HOPS_MAX) {
        shape_on_post(b, id, from, hops);
    }
    if (link_is_up(b, from)) {
        credit(b, from, &b->links[from].firsts_count);
        b->links[from].new_count += hops <= MESSAGE_HOPS_MAX;
    }
    if (m == NONE) {
        return;
    }
    struct missing missing = b->missing[m];
    missing_drop(b, m);
    if (link_is_up(b, from)) {
        promise_kept(b, &missing, from);
    }
    for (uint32_t s = 0; s < missing.senders_count; s++) {
        shape_on_offer(b, id, missing.senders[s].link, missing.senders[s].hops);
        weigh(b, from, hops, missing.senders[s]);
    }
}

static void answered(struct broadcast *b, const struct post_id *id, uint32_t from)
{
    uint32_t m = missing_find(b, id);
    if (m != NONE && link_is_up(b, from) && b->missing[m].state == MISSING_ASKED &&
        b->missing[m].senders[0].link == from) {
        credit(b, from, &b->links[from].kept_count);
    }
}

/* Whoever was asked kept its promise; and nobody else needs to be asked. */
void broadcast_on_dropped(struct broadcast *b, const struct post_id *id, uint32_t from,
                          uint64_t now_ms)
{
    uint32_t m = missing_find(b, id);
    b->now_ms = now_ms;
    answered(b, id, from);
    if (m != NONE) {
        missing_drop(b, m);
    }
    seen_add(b, id, BROADCAST_NOBODY, MESSAGE_HOPS_OLD);
}

void broadcast_on_early(struct broadcast *b, const struct post_id *id, uint32_t from,
                        uint64_t wait_ms, uint64_t now_ms)
{
    uint32_t m = missing_find(b, id);
    bool waits = m != NONE && b->missing[m].state == MISSING_EARLY;
    b->now_ms = now_ms;
    answered(b, id, from);
    if (link_is_up(b, from) && wait_ms <= BROADCAST_EARLY_MAX_MS) {
        waits = missing_early(b, from, id, now_ms + wait_ms);
    }
    if (!waits) {
        broadcast_on_dropped(b, id, BROADCAST_NOBODY, now_ms);
    }
}

bool broadcast_saw(const struct broadcast *b, const struct post_id *id, uint8_t *hops)
{
    const struct seen *seen = seen_find(b, id);
    if (seen != NULL) {
        *hops = seen->hops;
    }
    return seen != NULL;
}

void broadcast_on_ihave(struct broadcast *b, uint32_t l, const struct message_ihave *ihave,
                        uint64_t now_ms)
{
    b->now_ms = now_ms;
    if (!link_is_up(b, l) || broadcast_is_faithless(b, l)) {
        return;
    }
    for (size_t i = 0; i < ihave->count; i++) {
        const struct seen *seen = seen_find(b, &ihave->ids[i]);
        if (seen != NULL) {
            shape_on_offer(b, &ihave->ids[i], l, ihave->hops[i]);
            weigh(b, seen->from, seen->hops, (struct promise){.link = l, .hops = ihave->hops[i]});
        } else {
            missing_announced(b, l, &ihave->ids[i], ihave->hops[i]);
        }
    }
}

void broadcast_on_none(struct broadcast *b, uint32_t l, const struct post_id *id, uint64_t now_ms)
{
    b->now_ms = now_ms;
    uint32_t m = missing_find(b, id);
    if (m != NONE && b->missing[m].state == MISSING_ASKED && b->missing[m].senders[0].link == l) {
        missing_none_first(b, m);
    }
}

void broadcast_on_rtt(struct broadcast *b, uint32_t l, uint64_t rtt_ms)
{
    if (!link_is_up(b, l)) {
        return;
    }
    struct link *link = &b->links[l];
    link->rtts_ms[link->rtts_next] =
        rtt_ms < BROADCAST_RTT_MAX_MS ? (uint16_t)rtt_ms : BROADCAST_RTT_MAX_MS;
    link->rtts_next = (uint8_t)((link->rtts_next + 1) % RTTS_MAX);
    link->rtts_count = link->rtts_count < RTTS_MAX ? (uint8_t)(link->rtts_count + 1) : RTTS_MAX;
}

size_t broadcast_senders(const struct broadcast *b, uint32_t links[BROADCAST_SENDERS_MAX],
                         const struct post_id *id)
{
    uint32_t m = missing_find(b, id);
    size_t count = m == NONE ? 0 : b->missing[m].senders_count;
    for (size_t s = 0; s < count; s++) {
        links[s] = b->missing[m].senders[s].link;
    }
    return count;
}

uint32_t broadcast_broken_count(const struct broadcast *b, uint32_t l)
{
    return link_is_up(b, l) ? b->links[l].broken_count : 0;
}

bool broadcast_is_faithless(const struct broadcast *b, uint32_t l)
{
    return link_is_up(b, l) &&
           b->links[l].broken_count > b->links[l].kept_count + BROADCAST_BROKEN_MAX;
}

bool broadcast_is_doubtful(const struct broadcast *b, uint32_t l)
{
    return link_is_up(b, l) &&
           b->links[l].none_count > b->links[l].kept_count + BROADCAST_BROKEN_MAX;
}

uint64_t broadcast_deadline_ms(const struct broadcast *b)
{
    return b->deadline_ms;
}

void broadcast_check(const struct broadcast *b)
{
    assert(b->missing_count <= b->missing_cap && b->missing_cap <= b->config.missing_max);
    assert(b->check_due_count + b->ask_due_count <= b->missing_count);
    assert(b->parents_count <= b->links_cap);
    assert(b->own_parent == NONE || b->links[b->own_parent].up);
}
