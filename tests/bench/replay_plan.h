/* replay_plan.h - a burst of speaking up, as who does what when: the first day of #MeToo scaled
 * down to a tenth.  A plan is a function of its seed and its counts alone.
 *
 * Public figures (Facebook, October 2017, in the press of 16 and 17 October): 4.7 million people
 * with 12 million posts, comments and reactions in less than 24 hours; whence 470,000 and
 * 1,200,000. It began with a post on Sunday, 15 October, at 16:21 in New York.
 *
 * Assumptions, since nothing was published:
 *  - 22 % posts, 13 % comments, 65 % reactions: five reactions for a comment is what the first post
 *    had on Facebook (2,500 and 500);
 *  - the curve of the day: hours_weights in replay_plan.c, a rise through the American evening, a
 *    trough in its night, and the flood of Monday's morning and noon;
 *  - activity: everybody acts once; the rest goes to the people by 1/(rank + 64);
 *  - friends: half are neighbours (by distance, as 1/distance), half are popular (as activity is);
 *  - half of the answers go where an earlier one went, three in ten to a friend's latest, two in
 * ten to anything recent; a third of those under comments;
 *  - lengths: of posts a third says two words, a hundredth 512 to 4,000, the others 2 to 512; of
 *    comments 2 to 64; within a range as 1/length;
 *  - a comment in four carries the tag as well.
 *
 * The reader of the bench follows some of the people, and 100,000 vouches from the day before make
 * a web around her; some of the loudest and others are blocked. */
#ifndef KITH_TESTS_BENCH_REPLAY_PLAN_H
#define KITH_TESTS_BENCH_REPLAY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_NONE  UINT32_MAX
#define REPLAY_TAG   "metoo"
#define REPLAY_DAY_S 86400

struct replay_counts {
    uint64_t seed;
    size_t people_count;
    size_t actions_count; /* posts, comments and reactions */
    size_t vouches_count;
    size_t follows_count;
    size_t blocks_count;
};

/* Actions are numbered: vouches first, then by time. */
struct replay_action {
    uint32_t author; /* a person */
    uint32_t target; /* the action answered or reacted to; of a vouch the person; or REPLAY_NONE */
    uint32_t root;   /* of a comment: the post that began the thread */
    uint32_t at_s;   /* since the beginning of the day before */
    uint16_t words_count;
    uint8_t kind;     /* enum post_kind: text, react or vouch */
    uint8_t reaction; /* enum post_reaction */
    bool tagged;
};

struct replay_plan {
    struct replay_counts counts;
    struct replay_action *actions;
    size_t actions_count; /* vouches too */
    uint32_t *follows;    /* people */
    uint32_t *blocks;     /* people; none of them followed */
};

void replay_plan_make(struct replay_plan *plan, const struct replay_counts *counts);
void replay_plan_free(struct replay_plan *plan);

/* The plan's numbers, from a state that goes on. */
uint64_t replay_random(uint64_t *state, uint64_t below);
/* low .. high - 1, x as often as 1/x. */
uint64_t replay_zipf(uint64_t *state, uint64_t low, uint64_t high);

#endif
