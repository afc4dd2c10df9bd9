#include "proto/broadcast_inner.h"

/* Posts that cross each other on a ring of links would each cut it at another place.  So where
 * there are many, about one in SHAPE_EVERY_MS, or up to two, shape the tree, the same for all who
 * see them, as their ids say; the others travel along it as it is.  The share is a power of two, so
 * that what one node measures otherwise than another seldom matters. */
bool shape_may(const struct broadcast *b, const struct post_id *id)
{
    uint64_t share = UINT64_C(1) << 32;
    for (uint64_t ms = 2 * b->gap_ms; ms <= BROADCAST_SHAPE_EVERY_MS && share > 1; ms *= 2) {
        share /= 2;
    }
    return octets_get_u32be(id->octets + 4) < share;
}

static void count_post(struct broadcast *b)
{
    uint64_t gap_ms = b->now_ms - b->last_ms;
    gap_ms = gap_ms < BROADCAST_SHAPE_EVERY_MS ? gap_ms : BROADCAST_SHAPE_EVERY_MS;
    b->gap_ms = ((BROADCAST_GAP_WEIGHT - 1) * b->gap_ms + gap_ms) / BROADCAST_GAP_WEIGHT;
    b->last_ms = b->now_ms;
}

/* Two of them that cross each other would cut it twice all the same: here only the first does. */
static bool may_take_over(const struct broadcast *b)
{
    return !b->shaper.used || b->now_ms >= b->shaper.since_ms + BROADCAST_SHAPE_HOLD_MS;
}

void shape_on_post(struct broadcast *b, const struct post_id *id, uint32_t from, uint8_t hops)
{
    count_post(b);
    if (!shape_may(b, id)) {
        return;
    }
    bool alone = b->now_ms >= b->shape_ms + BROADCAST_SHAPE_SETTLE_MS;
    bool known = from == BROADCAST_SELF || link_is_up(b, from);
    b->shape_ms = b->now_ms;
    if (!may_take_over(b)) {
        b->shaper.alone = false;
        return;
    }
    b->shaper = (struct shaper){.used = true,
                                .alone = alone,
                                .hash = broadcast_hash(b, id),
                                .since_ms = b->now_ms,
                                .from = known ? from : BROADCAST_NOBODY,
                                .hops = hops,
                                .best_hops = hops};
    for (uint32_t l = 0; l < b->links_cap; l++) {
        b->links[l].offer_hops = MESSAGE_HOPS_OLD;
    }
}

static bool is_shaper(const struct broadcast *b, const struct post_id *id)
{
    return b->shaper.used && b->shaper.hash == broadcast_hash(b, id);
}

void shape_on_offer(struct broadcast *b, const struct post_id *id, uint32_t link, uint8_t hops)
{
    if (is_shaper(b, id)) {
        b->links[link].offer_hops = hops;
    }
}

/* Each node's way to the author of one and the same post leads to a node that had it in fewer hops.
 * As long as that holds there is no ring, and everybody hangs on the author's node, however many
 * change their ways at one time; so it must be the same post for all.  (hops are those of a copy,
 * one more than its sender's.) */
bool shape_allows(const struct broadcast *b, uint32_t from, uint32_t to)
{
    bool rare = b->gap_ms >= 2 * BROADCAST_SHAPE_SETTLE_MS; /* no two are on their way at once */
    bool settled = b->now_ms >= b->shaper.since_ms + BROADCAST_SHAPE_SETTLE_MS;
    return b->shaper.alone && (rare || settled) && b->shaper.from == from &&
           b->links[to].offer_hops <= b->shaper.hops;
}

void shape_forget_link(struct broadcast *b, uint32_t link)
{
    if (b->shaper.from == link) {
        b->shaper.from = BROADCAST_NOBODY;
    }
}

/* Where the way it came is gone, or was cut while it was on it, the next may be what is left. */
static bool way_is_gone(const struct broadcast *b)
{
    uint32_t from = b->shaper.from;
    return from == BROADCAST_NOBODY ||
           (from != BROADCAST_SELF && b->links[from].kind == BROADCAST_TREE &&
            !bit_get(b->eager_bits, from));
}

/* The first copy may have come by a long way of quick links.  Where the later one saves hops its
 * way is kept, at this end or at the other, which was sent a copy too: it alone decides. */
static void choose_way(struct broadcast *b, uint32_t l, uint8_t hops)
{
    struct shaper *shaper = &b->shaper;
    bool shorter = shaper->from != BROADCAST_SELF && bit_get(b->eager_bits, l) &&
                   hops + BROADCAST_SHAPE_HOPS <= shaper->best_hops;
    if (shorter) {
        link_prune(b, shaper->from);
        shaper->from = l;
        shaper->best_hops = hops;
    } else if (hops < shaper->hops + 2 + BROADCAST_SHAPE_HOPS) {
        link_prune(b, l);
    }
}

static bool is_from(const struct broadcast *b, enum broadcast_kind kind)
{
    return b->shaper.from != BROADCAST_SELF && b->links[b->shaper.from].kind == kind;
}

void broadcast_on_again(struct broadcast *b, const struct post_id *id, uint32_t l, uint8_t hops,
                        uint64_t now_ms)
{
    b->now_ms = now_ms;
    if (!link_is_up(b, l) || !is_shaper(b, id) || b->shaper.from == l ||
        b->links[l].kind == BROADCAST_PARENT) { /* two of these push, so that one may fail */
        return;
    }
    if (way_is_gone(b)) {
        b->shaper.from = l;
        b->shaper.best_hops = hops;
    } else if (b->links[l].kind == BROADCAST_LEAF || is_from(b, BROADCAST_PARENT)) {
        link_prune(b, l);
    } else if (is_from(b, BROADCAST_LEAF)) {
        link_say(b, b->shaper.from, false); /* faster, and no reason to cut the tree */
    } else {
        choose_way(b, l, hops);
    }
}
