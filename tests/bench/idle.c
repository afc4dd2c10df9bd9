/* idle - what stays in memory where nothing happens: a person's node with its posts, and a relay
 * for each connection that says nothing. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/data.h"
#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"
#include "tests/bench/sender.h"

#define POSTS_COUNT       100000
#define CONNECTIONS_COUNT 1000
#define SETTLE_MS         3000
#define MEMORY_MIB        24
#define CONNECTION_KIB    24

static void measure_node(const struct bench *bench)
{
    struct data data;
    char file[BENCH_PATH_MAX];
    char line[BENCH_PATH_MAX];
    struct kithd node;
    struct kithd_usage usage;
    data_signed(&data, bench, bench_scaled(bench, POSTS_COUNT));
    data_file(file, bench, data.count);
    kithd_init(bench, "idle");
    must(kithd_import(bench, "idle", file, &usage) == data.count, "not every post was imported");
    kithd_person(&node, bench, "idle", NULL);
    (void)kithd_ask(line, sizeof line, &node, bench, "timeline");
    (void)kithd_ask(line, sizeof line, &node, bench, "tally metoo");
    (void)poll(NULL, 0, bench->smoke ? 0 : SETTLE_MS);
    struct kithd_memory memory = kithd_memory(&node);
    kithd_stop(&node, &usage);
    struct result result = {.bench = "idle",
                            .unit = "MiB",
                            .value = memory.all_kib / 1024,
                            .min = memory.all_kib / 1024,
                            .max = memory.all_kib / 1024,
                            .runs = 1,
                            .better = bench_is_scaled(bench) ? BETTER_NONE : BETTER_LOWER,
                            .target = MEMORY_MIB,
                            .reference = "resident memory of a person's node that was opened, "
                                         "asked twice, and left alone"};
    result_print(&result, ",\"posts\":%zu,\"without_files_mib\":%.2f,\"most_mib\":%.2f", data.count,
                 memory.own_kib / 1024, usage.memory_mib);
    data_free(&data);
}

static void measure_connections(const struct bench *bench)
{
    size_t count = bench_scaled(bench, CONNECTIONS_COUNT);
    struct sender **senders = must_get(count, sizeof *senders);
    struct kithd relay;
    struct kithd_usage usage;
    kithd_relay(&relay, bench, "idle-relay");
    /* The first few bring up what all share. */
    for (size_t i = 0; i < count / 10; i++) {
        senders[i] = sender_new(&relay.address);
    }
    struct kithd_memory before = kithd_memory(&relay);
    for (size_t i = count / 10; i < count; i++) {
        senders[i] = sender_new(&relay.address);
    }
    (void)poll(NULL, 0, bench->smoke ? 0 : SETTLE_MS);
    struct kithd_memory after = kithd_memory(&relay);
    for (size_t i = 0; i < count; i++) {
        sender_free(senders[i]);
    }
    free(senders);
    kithd_stop(&relay, &usage);
    size_t more_count = count - count / 10;
    double each_kib = (after.all_kib - before.all_kib) / (double)more_count;
    struct result result = {.bench = "idle-connection",
                            .unit = "KiB",
                            .value = each_kib,
                            .min = each_kib,
                            .max = each_kib,
                            .runs = 1,
                            .better = BETTER_LOWER,
                            .target = CONNECTION_KIB,
                            .reference = "resident memory that a relay gains for each connection"};
    result_print(&result, ",\"connections\":%zu,\"relay_mib\":%.2f", count, after.all_kib / 1024);
}

void bench_idle(struct bench *bench)
{
    measure_node(bench);
    measure_connections(bench);
}
