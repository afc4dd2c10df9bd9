/* story.h - one long random history of a cluster, from a seed, and whether it came out well. */
#ifndef KITH_TESTS_SIM_STORY_H
#define KITH_TESTS_SIM_STORY_H

#include "tests/support/cluster.h"

struct story {
    uint64_t seed;
    uint32_t nodes_count;   /* honest ones; 0: drawn from the seed */
    uint32_t actions_count; /* things that happen while it goes badly; 0: likewise */
    bool peaceful;          /* nobody is hostile */
};

struct story_end {
    bool converged;     /* every honest node has every post that was acknowledged, and no other */
    bool same_sets;     /* all honest nodes hold the same sets, of those they want */
    bool promises_kept; /* nothing acknowledged was ever missing at its author's */
    bool once;          /* nobody keeps or is shown a post twice */
    bool quiet;         /* nothing was left in flight */
    bool reading;       /* nobody was left unread for long */
    bool answered;      /* whoever published was told how it ended */
    size_t there_count; /* posts checked and put again once nothing failed any more */
    size_t wronged_count;
    size_t suspected_count; /* honest nodes blamed by honest ones once all was calm */
    size_t hostile_count;
    size_t posts_count;
    size_t acknowledged_count;
    size_t handed_count;
    uint64_t settled_ms; /* from the end of all faults until all had everything */
    uint8_t trace[CLUSTER_TRACE_LEN];
};

/* Safety first: posts, broken connections, cut networks, crashes, frozen nodes, wrong clocks,
 * stores that fail, and peers who mean harm.  Then liveness: faults stop (but hostile peers stay),
 * and everything must converge. */
struct story_end story_tell(const struct story *story);

bool story_ended_well(const struct story_end *end);

#endif
