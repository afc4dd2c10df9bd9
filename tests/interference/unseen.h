/* unseen.h - her node in a small network in virtual time, with him among her peers: the same story
 * with and without her blocking him, or over a midnight with and without her archive (promise 3).
 *
 * Nine nodes around two relays, one of them hers; he dials her directly. */
#ifndef KITH_TESTS_INTERFERENCE_UNSEEN_H
#define KITH_TESTS_INTERFERENCE_UNSEEN_H

#include "tests/interference/world.h"
#include "tests/support/cluster.h"

#define NODES    9
#define HER_NODE 2
#define HIS_NODE 3 /* dials her directly */

struct her {
    struct cluster *cluster;
    struct world *world;
    struct world_node node;
    struct cluster_inhabitant inhabitant;
    bool blocks;
    bool ages;         /* what is from before midnight is below her floor */
    bool archives;     /* and leaves, once she has what she keeps of it */
    size_t done_count; /* her commands that succeeded */
};

/* The network, with everybody connected. */
void her_begin(struct her *her, uint64_t seed, bool blocks);
/* The same shortly before midnight. */
void her_begin_at_night(struct her *her, uint64_t seed, bool blocks, bool archives);
void her_end(struct her *her);
/* She asks her node; second and third may be NULL. */
void her_asks(struct her *her, const char *first, const char *second, const char *third);
/* Everybody does what the seed says; she blocks him, unblocks him and blocks him again, or not. */
void her_runs(struct her *her);

#endif
