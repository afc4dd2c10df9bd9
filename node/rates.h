/* rates.h - what a peer, and what all who connect from one group of addresses, may cost; an inner
 * part of network.h (SPEC 6.4).
 *
 * Whoever exceeds a rate is not read for a while; nothing is dropped.  The defaults lie above what
 * two cores can check, so that catching up is never held back. */
#ifndef KITH_NODE_RATES_H
#define KITH_NODE_RATES_H

#include <stddef.h>

#include "proto/frame.h"
#include "proto/token_bucket.h"

enum rate_kind { RATE_FRAMES, RATE_OCTETS, RATE_POSTS, RATE_HANDSHAKES, RATE_KINDS };

/* What one peer may, and what a group may together. */
extern const struct token_rate rates_of_peer[RATE_KINDS];
extern const struct token_rate rates_of_group[RATE_KINDS];
/* Handshakes that others begin, from everywhere. */
extern const struct token_rate rate_of_all_handshakes;

struct rates {
    struct token_bucket buckets[RATE_KINDS];
};

void rates_init(struct rates *rates, const struct token_rate limits[RATE_KINDS], uint64_t now_ms);
void rates_take(struct rates *rates, const struct token_rate limits[RATE_KINDS],
                enum rate_kind kind, uint32_t count, uint64_t now_ms);
/* How many posts a frame says it holds. */
uint32_t rates_posts_in(const struct frame *frame);
/* Until nothing is in debt; 0 if nothing is. */
uint64_t rates_wait_ms(const struct rates *rates, const struct token_rate limits[RATE_KINDS],
                       uint64_t now_ms);

/* The rates of groups, which outlive their connections. */
struct rates_group {
    uint64_t group;
    uint32_t conns_count;
    bool in_use;
    struct rates rates;
};

struct rates_table {
    struct rates_group *groups;
    size_t groups_max;
};

/* The entry of a group, with one connection more; NULL where all places are taken by groups that
 * have connections.  Of the others the first that is at rest makes room, else any. */
struct rates_group *rates_join(struct rates_table *table, uint64_t group, uint64_t now_ms);
/* NULL does nothing. */
void rates_leave(struct rates_group *group);

#endif
