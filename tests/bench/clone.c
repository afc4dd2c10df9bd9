/* clone - an empty node gets everything a relay has: two real processes that share the cores of
 * this machine, from the start of the empty one until its person could count every post.
 *
 * As in ingest, there are two ratios: by the clock, and by the time of the cores.  Each run counts
 * with the larger one; the value is the least of the runs, since whatever else computes on this
 * machine only ever adds. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/segment.h"
#include "tests/bench/data.h"
#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"
#include "tests/bench/sender.h"
#include "tests/support/sorted_set.h"

#define POSTS_COUNT 100000
#define RUNS        4
#define RAW_S       1.0
#define POLL_MS     10
#define GIVE_UP_S   180.0

struct figures {
    struct spread ratio;
    struct spread by_clock;
    struct spread by_cores;
    struct spread rate;
    struct spread relay_us;
    struct spread clone_us;
    struct spread raw_us;
    double memory_mib;
};

/* How many posts under the tag a person at this node can count. */
static size_t tally(const struct kithd *kithd, const struct bench *bench)
{
    char line[BENCH_PATH_MAX];
    const char *at = kithd_ask(line, sizeof line, kithd, bench, "tally metoo")
                         ? strstr(line, "\"posts\":")
                         : NULL;
    return at == NULL ? 0 : strtoul(at + strlen("\"posts\":"), NULL, 10);
}

struct want {
    const struct bench *bench;
    const char *file;
    size_t count;
    struct sorted_set set;
    uint64_t log_len; /* what all of them make of a log, at least */
    bool person;
};

/* Asking takes time of the cores, so it waits until the log is as long as all posts make it. */
static void await_all(const struct want *want, const struct kithd *clone)
{
    double begun = clock_wall();
    while (kithd_log_len(clone) < want->log_len ||
           (want->person && tally(clone, want->bench) < want->count)) {
        must(clock_wall() - begun < GIVE_UP_S, "the empty node does not get everything");
        (void)poll(NULL, 0, POLL_MS);
    }
    if (!want->person) {
        struct sender *sender = sender_new(&clone->address);
        sender_await(sender, &want->set);
        sender_free(sender);
    }
}

static void start_clone(const struct want *want, struct kithd *clone, const char *name,
                        const struct address *relay)
{
    if (want->person) {
        kithd_person(clone, want->bench, name, relay);
    } else {
        kithd_relay_dialling(clone, want->bench, name, relay);
    }
}

static void run_once(const struct want *want, struct figures *figures, int number)
{
    const struct bench *bench = want->bench;
    char name[32];
    struct kithd relay;
    struct kithd clone;
    struct kithd_usage relay_usage;
    struct kithd_usage usage;
    (void)snprintf(name, sizeof name, "clone-relay-%d-%d", want->person, number);
    kithd_relay(&relay, bench, name);
    kithd_stop(&relay, &usage);
    must(kithd_import(bench, name, want->file, &usage) == want->count,
         "not every post was imported");
    (void)snprintf(name, sizeof name, "clone-%d-%d", want->person, number);
    if (want->person) {
        kithd_init(bench, name);
    }
    double raw_s = bench->smoke ? RAW_S / 50 : bench->quick ? RAW_S / 4 : RAW_S;
    struct raw_verify before = raw_verify_measure(bench->cores, raw_s);
    (void)snprintf(name, sizeof name, "clone-relay-%d-%d", want->person, number);
    kithd_relay(&relay, bench, name);
    double begun = clock_wall();
    (void)snprintf(name, sizeof name, "clone-%d-%d", want->person, number);
    start_clone(want, &clone, name, &relay.address);
    await_all(want, &clone);
    double took_s = clock_wall() - begun;
    kithd_stop(&clone, &usage);
    kithd_stop(&relay, &relay_usage);
    struct raw_verify after = raw_verify_measure(bench->cores, raw_s);

    double raw_us = (before.cpu_us + after.cpu_us) / 2;
    double posts = (double)want->count;
    double by_clock = took_s * (before.rate + after.rate) / 2 / posts;
    double by_cores = (usage.cpu_s + relay_usage.cpu_s) * 1e6 / posts / raw_us;
    spread_add(&figures->ratio, by_clock > by_cores ? by_clock : by_cores);
    spread_add(&figures->by_clock, by_clock);
    spread_add(&figures->by_cores, by_cores);
    spread_add(&figures->rate, posts / took_s);
    spread_add(&figures->relay_us, relay_usage.cpu_s * 1e6 / posts);
    spread_add(&figures->clone_us, usage.cpu_s * 1e6 / posts);
    spread_add(&figures->raw_us, raw_us);
    figures->memory_mib = usage.memory_mib;
}

static void measure(const struct want *want)
{
    struct figures *figures = must_get(1, sizeof *figures);
    for (int i = 0; i < (want->bench->smoke ? 1 : RUNS); i++) {
        run_once(want, figures, i);
    }
    struct result result = {.bench = want->person ? "clone-person" : "clone",
                            .unit = "ratio",
                            .better = BETTER_LOWER,
                            .target = 1.5,
                            .reference = "crypto_sign_verify_detached on all cores at once, "
                                         "measured before and after each run; the value is the "
                                         "least of the runs"};
    result_spread(&result, &figures->ratio);
    result.value = result.min;
    result_print(&result,
                 ",\"median\":%.3f,\"ratio_by_clock\":%.3f,\"ratio_by_cores\":%.3f,\"posts\":%zu,"
                 "\"posts_per_s\":%.0f,\"relay_us_per_post\":%.2f,\"clone_us_per_post\":%.2f,"
                 "\"raw_verify_us\":%.2f,\"clone_memory_mib\":%.1f",
                 spread_at(&figures->ratio, 0.5), spread_at(&figures->by_clock, 0),
                 spread_at(&figures->by_cores, 0), want->count, spread_at(&figures->rate, 1),
                 spread_at(&figures->relay_us, 0), spread_at(&figures->clone_us, 0),
                 spread_at(&figures->raw_us, 0.5), figures->memory_mib);
    free(figures);
}

void bench_clone(struct bench *bench)
{
    struct data data;
    char file[BENCH_PATH_MAX];
    data_signed(&data, bench, bench_scaled(bench, POSTS_COUNT));
    data_file(file, bench, data.count);
    struct want want = {.bench = bench,
                        .file = file,
                        .count = data.count,
                        .log_len = data.octets_len + data.count * SEGMENT_OVERHEAD};
    data_set(&want.set, &data);
    measure(&want);
    want.person = true;
    measure(&want);
    sorted_set_close(&want.set);
    data_free(&data);
}
