/* relay.h - a real kithd --relay on the loopback interface, in a home of its own. */
#ifndef KITH_TESTS_BENCH_RELAY_H
#define KITH_TESTS_BENCH_RELAY_H

#include <sys/types.h>

#include "proto/address.h"
#include "tests/bench/bench.h"

struct relay {
    pid_t pid;
    char home[BENCH_PATH_MAX];
    struct address address;
};

/* What it used from start to end. */
struct relay_usage {
    double cpu_s;
    double memory_mib; /* the most of it that was resident at a time, of any relay so far */
};

/* Start one in the folder name of the scratch folder, and wait until it answers. */
void relay_start(struct relay *relay, const struct bench *bench, const char *name);
/* Ask it to stop, and wait for it. */
void relay_stop(struct relay *relay, struct relay_usage *usage);

#endif
