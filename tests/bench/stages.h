/* stages.h - what each stage of taking a post in costs by itself. */
#ifndef KITH_TESTS_BENCH_STAGES_H
#define KITH_TESTS_BENCH_STAGES_H

#include "tests/bench/data.h"

/* Prints one line. */
void stages_measure(const struct bench *bench, const struct data *data);

#endif
