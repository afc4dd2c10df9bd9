/* bench BIN CACHE SCRATCH [--quick | --smoke] [NAME...]: see tests/bench/run. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/measure.h"
#include "tests/bench/million.h"

static const struct {
    const char *name;
    void (*measure)(struct bench *bench);
} benches[] = {
    {"ingest", bench_ingest},
    {"import", bench_import},
    {"clone", bench_clone},
    {"disk", bench_disk},
    {"block", bench_block},
    {"reconcile-equal", bench_reconcile_equal},
    {"reconcile-week", bench_reconcile_week},
    {"timeline", bench_timeline},
    {"search", bench_search},
    {"shield", bench_shield},
    {"rebuild", bench_rebuild},
    {"replay", bench_replay},
    {"idle", bench_idle},
    {"latency", bench_latency},
    {"fanout", bench_fanout},
};

#define BENCHES_COUNT (sizeof benches / sizeof benches[0])

size_t bench_scaled(const struct bench *bench, size_t full)
{
    return bench->smoke ? full / 100 : bench->quick ? full / 10 : full;
}

bool bench_is_scaled(const struct bench *bench)
{
    return bench->smoke || bench->quick;
}

static bool is_bench(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < BENCHES_COUNT; i++) {
        found = found || strcmp(benches[i].name, name) == 0;
    }
    return found;
}

/* Whether the arguments name it, or name none. */
static bool is_wanted(const char *name, int argc, char **argv)
{
    bool any = false;
    for (int i = 4; i < argc; i++) {
        any = any || argv[i][0] != '-';
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return !any;
}

static void read_options(struct bench *bench, int argc, char **argv)
{
    must(argc >= 4, "usage: bench BIN CACHE SCRATCH [--quick | --smoke] [NAME...]");
    bench->bin = argv[1];
    bench->cache = argv[2];
    bench->scratch = argv[3];
    for (int i = 4; i < argc; i++) {
        bool quick = strcmp(argv[i], "--quick") == 0;
        bool smoke = strcmp(argv[i], "--smoke") == 0;
        bench->quick = bench->quick || quick || smoke;
        bench->smoke = bench->smoke || smoke;
        if (!quick && !smoke && !is_bench(argv[i])) {
            (void)fprintf(stderr, "There is no bench '%s'.  There are:", argv[i]);
            for (size_t b = 0; b < BENCHES_COUNT; b++) {
                (void)fprintf(stderr, " %s", benches[b].name);
            }
            (void)fprintf(stderr, "\n");
            _exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    read_options(&bench, argc, argv);
    must(sodium_init() >= 0, "libsodium does not start");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    bench.cores = cores > 0 ? (unsigned)cores : 1;
    for (size_t i = 0; i < BENCHES_COUNT; i++) {
        if (is_wanted(benches[i].name, argc, argv)) {
            benches[i].measure(&bench);
        }
    }
    million_free(bench.million);
    return 0;
}
