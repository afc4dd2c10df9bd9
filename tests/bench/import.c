/* import - `kithd --import` of a file, as its own process, beside what all cores could check if
 * they did nothing else. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/data.h"
#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"

#define POSTS_COUNT 100000
#define RUNS        5
#define RAW_S       1.0

#define STOPS   5
#define STOP_MS 10 /* the first after so long, each further one later by as much */

struct figures {
    struct spread ratio;
    struct spread by_clock;
    struct spread by_cores;
    struct spread rate;
    double memory_mib;
};

static void make_home(const struct bench *bench, const char *name, bool relay)
{
    if (!relay) {
        kithd_init(bench, name);
        return;
    }
    struct kithd kithd;
    struct kithd_usage usage;
    kithd_relay(&kithd, bench, name);
    kithd_stop(&kithd, &usage);
}

static void run_once(const struct bench *bench, struct figures *figures, const char *file,
                     size_t count, const char *name)
{
    struct kithd_usage usage;
    double raw_s = bench->smoke ? RAW_S / 50 : bench->quick ? RAW_S / 4 : RAW_S;
    struct raw_verify before = raw_verify_measure(bench->cores, raw_s);
    double begun = clock_wall();
    size_t new_count = kithd_import(bench, name, file, &usage);
    double took_s = clock_wall() - begun;
    must(new_count == count, "not every post was imported");
    struct raw_verify after = raw_verify_measure(bench->cores, raw_s);
    double posts = (double)count;
    double by_clock = posts / took_s / ((before.rate + after.rate) / 2);
    double by_cores = (before.cpu_us + after.cpu_us) / 2 * posts / 1e6 / usage.cpu_s;
    spread_add(&figures->ratio, by_clock < by_cores ? by_clock : by_cores);
    spread_add(&figures->by_clock, by_clock);
    spread_add(&figures->by_cores, by_cores);
    spread_add(&figures->rate, posts / took_s);
    figures->memory_mib = usage.memory_mib;
}

static void measure(const struct bench *bench, const char *file, size_t count, bool relay)
{
    struct figures *figures = must_get(1, sizeof *figures);
    for (int i = 0; i < (bench->smoke ? 1 : RUNS); i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "import-%d-%d", relay, i);
        make_home(bench, name, relay);
        run_once(bench, figures, file, count, name);
    }
    struct result result = {.bench = relay ? "import" : "import-person",
                            .unit = "ratio",
                            .better = relay ? BETTER_HIGHER : BETTER_NONE,
                            .target = 0.9,
                            .reference = "crypto_sign_verify_detached on all cores at once, "
                                         "measured before and after each run; the value is the "
                                         "best of the runs"};
    result_spread(&result, &figures->ratio);
    result.value = result.max;
    result_print(&result,
                 ",\"median\":%.3f,\"ratio_by_clock\":%.3f,\"ratio_by_cores\":%.3f,\"posts\":%zu,"
                 "\"posts_per_s\":%.0f,\"memory_mib\":%.1f",
                 spread_at(&figures->ratio, 0.5), spread_at(&figures->by_clock, 1),
                 spread_at(&figures->by_cores, 1), count, spread_at(&figures->rate, 1),
                 figures->memory_mib);
    free(figures);
}

/* Stopped again and again, it goes on where it was, and nothing is stored twice. */
static void check_stopping(const struct bench *bench, const char *file, size_t count)
{
    struct kithd_usage usage;
    size_t stored = 0;
    kithd_init(bench, "import-stopped");
    for (int i = 0; i < STOPS; i++) {
        stored += kithd_import_stopped(bench, "import-stopped", file, (i + 1) * STOP_MS);
    }
    stored += kithd_import(bench, "import-stopped", file, &usage);
    must(stored == count, "an import that was stopped did not go on where it was");
}

void bench_import(struct bench *bench)
{
    struct data data;
    char file[BENCH_PATH_MAX];
    data_signed(&data, bench, bench_scaled(bench, POSTS_COUNT));
    data_file(file, bench, data.count);
    check_stopping(bench, file, data.count);
    measure(bench, file, data.count, true);
    measure(bench, file, data.count, false);
    data_free(&data);
}
