/* replay_make.h - a plan as signed posts, made once on all cores and kept in the cache. */
#ifndef KITH_TESTS_BENCH_REPLAY_MAKE_H
#define KITH_TESTS_BENCH_REPLAY_MAKE_H

#include "tests/bench/data.h"
#include "tests/bench/replay_plan.h"

/* posts->wires, one for each action, in the order in which they arrive: each within a few dozen of
 * its place, as posts come that took different ways.  *begin_s is when the day before the burst
 * begins.  Progress on stderr while they are made, where that is a terminal. */
void replay_make(struct data *posts, uint64_t *begin_s, const struct bench *bench,
                 const struct replay_plan *plan);

/* The key of a person. */
struct key replay_person(const struct replay_plan *plan, uint32_t person);

#endif
