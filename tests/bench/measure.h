/* measure.h - clocks, medians, references, and the lines that are printed. */
#ifndef KITH_TESTS_BENCH_MEASURE_H
#define KITH_TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/err.h"

#define SPREAD_MAX 20000

/* Ends the program with what and, where there is one, the error's text. */
void must(bool holds, const char *what);
void must_ok(enum err_code rc, const struct err_note *note, const char *what);
/* Zeroed memory, or the end. */
void *must_get(size_t count, size_t size);

/* Seconds. */
double clock_wall(void);    /* since some moment */
double clock_process(void); /* this process has computed, on all threads */
double clock_thread(void);  /* this thread has computed */

/* Figures of repeated runs.  Start it zeroed. */
struct spread {
    double at[SPREAD_MAX];
    size_t count;
};

void spread_add(struct spread *spread, double value);
/* part 0 is the smallest, 0.5 the median, 1 the largest.  There is at least one (asserted). */
double spread_at(struct spread *spread, double part);

/* What crypto_sign_verify_detached does on all cores at once, each over the octets that a post's
 * proof signs. */
struct raw_verify {
    double rate;   /* a second, on all cores together */
    double cpu_us; /* of one core, for one */
    double share;  /* of the cores' time that this process got: below 1 where others compute too */
};

struct raw_verify raw_verify_measure(unsigned cores, double for_s);

enum better { BETTER_HIGHER, BETTER_LOWER, BETTER_NONE };

struct result {
    const char *bench;
    const char *unit;
    double value;
    double min;
    double max;
    size_t runs;
    enum better better; /* BETTER_NONE: no target stands in this run */
    double target;
    const char *reference; /* what it is compared with, in words */
};

/* Print one line; more is printf-like, and gives further members, each begun with ','. */
void result_print(const struct result *result, const char *more, ...) PRINTF_LIKE(2, 3);
/* The same, median, min and max from spread. */
void result_spread(struct result *result, struct spread *spread);

#endif
