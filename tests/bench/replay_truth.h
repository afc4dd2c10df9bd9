/* replay_truth.h - what the tally of a replay must be, from the plan alone: written apart from the
 * view, from the text of the rules (SPEC 9). */
#ifndef KITH_TESTS_BENCH_REPLAY_TRUTH_H
#define KITH_TESTS_BENCH_REPLAY_TRUTH_H

#include "store/view.h"
#include "tests/bench/replay_plan.h"

#define REPLAY_DAYS_MAX 4

struct replay_truth {
    struct view_tally tally; /* by_day points into days */
    struct view_day days[REPLAY_DAYS_MAX];
};

/* As counted by the plan's reader: follows and blocks are in force, everything has come, and the
 * plan's first day begins at begin_s, a midnight (UTC). */
void replay_truth_of(struct replay_truth *truth, const struct replay_plan *plan, uint64_t begin_s);

/* Whether two tallies say the same. */
bool replay_tally_equal(const struct view_tally *a, const struct view_tally *b);

#endif
