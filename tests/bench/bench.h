/* bench.h - what each measurement is given, and the measurements there are.
 *
 * Anything that fails ends the program with a line on stderr: a figure that was not measured is
 * not printed. */
#ifndef KITH_TESTS_BENCH_BENCH_H
#define KITH_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_PATH_MAX 4096

struct million;

struct bench {
    const char *bin;     /* folder of kithd and kith */
    const char *cache;   /* folder for what may be used again */
    const char *scratch; /* folder that is removed afterwards */
    bool quick;          /* a tenth of everything */
    bool smoke;          /* a hundredth, once: whether it works at all */
    unsigned cores;
    struct million *million; /* made by the first who asks; see million.h */
};

/* full, or a tenth of it with --quick, or a hundredth with --smoke. */
size_t bench_scaled(const struct bench *bench, size_t full);
/* Whether it is not the full one: a target in absolute figures says nothing then. */
bool bench_is_scaled(const struct bench *bench);

void bench_ingest(struct bench *bench);
void bench_import(struct bench *bench);
void bench_clone(struct bench *bench);
void bench_replay(struct bench *bench);
void bench_idle(struct bench *bench);
void bench_disk(struct bench *bench);
void bench_block(struct bench *bench);
void bench_reconcile_equal(struct bench *bench);
void bench_reconcile_week(struct bench *bench);
void bench_timeline(struct bench *bench);
void bench_search(struct bench *bench);
void bench_shield(struct bench *bench);
void bench_rebuild(struct bench *bench);
void bench_latency(struct bench *bench);
void bench_fanout(struct bench *bench);

#endif
