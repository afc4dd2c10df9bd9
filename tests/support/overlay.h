/* overlay.h - many relays that are nothing but the machines of membership.h and broadcast.h, in
 * virtual time, from one seed: quick enough for a thousand in a unit test.
 *
 *     struct overlay *o = overlay_new(seed, 1000);
 *     overlay_joins_all(o, 0, 20);             each knows the first one, 20 ms after the one before
 *     overlay_run(o, 60000);
 *     size_t post = overlay_says(o, 17);
 *     overlay_run(o, 5000);
 *     assert_int_equal(overlay_missed_count(o, post), 0);
 *
 * Links between two nodes take 10 to 100 ms, always the same for the same two. */
#ifndef KITH_TESTS_SUPPORT_OVERLAY_H
#define KITH_TESTS_SUPPORT_OVERLAY_H

#include "proto/broadcast.h"
#include "proto/membership.h"

struct overlay;

struct overlay *overlay_new(uint64_t seed, uint32_t nodes_count);
void overlay_free(struct overlay *o);

/* Every node comes, one after the other, knowing the address of node first alone. */
void overlay_joins_all(struct overlay *o, uint32_t first, uint64_t apart_ms);
/* Kill so many of 100; whoever is connected to them learns it, or (silent) hears no more of them.
 */
void overlay_kills(struct overlay *o, uint32_t percent, bool silent);
void overlay_run(struct overlay *o, uint64_t for_ms);
uint64_t overlay_random(struct overlay *o, uint64_t below);

bool overlay_is_alive(const struct overlay *o, uint32_t node);
struct membership *overlay_membership(struct overlay *o, uint32_t node);
/* How many living nodes can be reached over links between neighbours, from a living one. */
uint32_t overlay_reach(const struct overlay *o);
uint32_t overlay_alive_count(const struct overlay *o);
/* Whether each link that one end counts as its neighbour's is one for the other end. */
bool overlay_is_symmetric(struct overlay *o);
/* The longest of the shortest ways, over links that are pushed on, from node. */
uint32_t overlay_depth(const struct overlay *o, uint32_t node);

/* A post by node, alive; gives its number. */
size_t overlay_says(struct overlay *o, uint32_t node);
uint32_t overlay_missed_count(const struct overlay *o, size_t post);
uint32_t overlay_last_hop(const struct overlay *o, size_t post);
/* Whole posts, announced ids, and frames of membership sent so far. */
uint64_t overlay_posts_sent(const struct overlay *o);
uint64_t overlay_ids_sent(const struct overlay *o);
uint64_t overlay_frames_sent(const struct overlay *o);

#endif
