/* story.h - one long random history of a cluster, from a seed, and whether it came out well. */
#ifndef KITH_TESTS_SIM_STORY_H
#define KITH_TESTS_SIM_STORY_H

#include "tests/support/cluster.h"

struct story {
    uint64_t seed;
    uint32_t nodes_count;
    uint32_t actions_count; /* things that happen while it goes badly */
};

struct story_end {
    bool converged;     /* every node has every post that was acknowledged */
    bool promises_kept; /* nothing acknowledged was ever missing at its author's */
    size_t blames_count;
    size_t posts_count;
    size_t acknowledged_count;
    size_t handed_count;
    uint8_t trace[CLUSTER_TRACE_LEN];
};

/* Safety first: posts, broken connections, crashes, a store that fails.  Then liveness: faults
 * stop, and everything must converge. */
struct story_end story_tell(const struct story *story);

#endif
