/* replay_make.h - a plan as signed posts, made once on all cores and kept in the cache. */
#ifndef KITH_TESTS_BENCH_REPLAY_MAKE_H
#define KITH_TESTS_BENCH_REPLAY_MAKE_H

#include "tests/bench/data.h"
#include "tests/bench/replay_plan.h"

struct replay_posts {
    struct data posts; /* one for each action, in the order in which they arrive: each within a few
                          dozen of its place, as posts come that took different ways */
    uint64_t begin_s;  /* when the day before the burst begins, a midnight (UTC) */
    char file[BENCH_PATH_MAX]; /* where they lie: what `kithd --import` reads */
};

/* Progress on stderr while they are made, where that is a terminal. */
void replay_make(struct replay_posts *made, const struct bench *bench,
                 const struct replay_plan *plan);

/* The key of a person. */
struct key replay_person(const struct replay_plan *plan, uint32_t person);

#endif
