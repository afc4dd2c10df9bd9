/* ingest - posts from a real connection to a real relay, until everything is appended and indexed,
 * beside what all cores could check if they did nothing else.
 *
 * Two ratios: by the clock, and by the time of the cores (what one check takes over what relay and
 * sender together take for a post).  On a quiet machine the clock's is the smaller one, since it
 * holds every wait.  On a busy one it flatters: the relay has more threads than the reference and
 * so gets more of the cores.  The value of a run is therefore the smaller of the two. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/segment.h"
#include "tests/bench/data.h"
#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"
#include "tests/bench/sender.h"
#include "tests/bench/stages.h"
#include "tests/support/sorted_set.h"

#define POSTS_COUNT     100000
#define POSTS_PER_FRAME 64 /* as nodes push */
#define RUNS            5
#define RAW_S           1.0
#define POLL_MS         4
#define GIVE_UP_S       600.0

struct figures {
    struct spread ratio;
    struct spread by_clock;
    struct spread by_cores;
    struct spread rate;
    struct spread raw_rate;
    struct spread raw_us;
    struct spread share;
    struct spread relay_us;
    struct spread sender_us;
    double memory_mib;
};

/* Until everything is appended and indexed.  Asking takes time of the cores, so it waits until the
 * log is as long as all of them make it. */
static void await_all(struct sender *sender, const struct kithd *relay, const struct data *data,
                      const struct sorted_set *set)
{
    double begun = clock_wall();
    while (kithd_log_len(relay) < data->octets_len + data->count * SEGMENT_OVERHEAD) {
        must(clock_wall() - begun < GIVE_UP_S, "the relay does not take everything in");
        (void)poll(NULL, 0, POLL_MS);
    }
    sender_await(sender, set);
}

static void run_once(const struct bench *bench, struct figures *figures, const struct data *data,
                     const struct sorted_set *set, int number)
{
    char name[32];
    (void)snprintf(name, sizeof name, "ingest-%d", number);
    double raw_s = bench->smoke ? RAW_S / 50 : bench->quick ? RAW_S / 4 : RAW_S;
    struct raw_verify before = raw_verify_measure(bench->cores, raw_s);
    struct kithd relay;
    struct kithd_usage usage;
    kithd_relay(&relay, bench, name);
    struct sender *sender = sender_new(&relay.address);
    double cpu = clock_process();
    double begun = clock_wall();
    sender_send(sender, data, POSTS_PER_FRAME);
    await_all(sender, &relay, data, set);
    double took_s = clock_wall() - begun;
    cpu = clock_process() - cpu;
    sender_free(sender);
    kithd_stop(&relay, &usage);
    struct raw_verify after = raw_verify_measure(bench->cores, raw_s);

    double count = (double)data->count;
    double raw_rate = (before.rate + after.rate) / 2;
    double raw_us = (before.cpu_us + after.cpu_us) / 2;
    double by_clock = count / took_s / raw_rate;
    double by_cores = raw_us * count / 1e6 / (usage.cpu_s + cpu);
    spread_add(&figures->ratio, by_clock < by_cores ? by_clock : by_cores);
    spread_add(&figures->by_clock, by_clock);
    spread_add(&figures->by_cores, by_cores);
    spread_add(&figures->rate, count / took_s);
    spread_add(&figures->raw_rate, raw_rate);
    spread_add(&figures->raw_us, raw_us);
    spread_add(&figures->share, (before.share + after.share) / 2);
    spread_add(&figures->relay_us, usage.cpu_s * 1e6 / count);
    spread_add(&figures->sender_us, cpu * 1e6 / count);
    figures->memory_mib = usage.memory_mib;
}

static void print(const struct bench *bench, struct figures *figures, const struct data *data)
{
    struct result result = {.bench = "ingest",
                            .unit = "ratio",
                            .better = BETTER_HIGHER,
                            .target = 0.75,
                            .reference = "crypto_sign_verify_detached on all cores at once, "
                                         "measured before and after each run"};
    result_spread(&result, &figures->ratio);
    result_print(&result,
                 ",\"reference_per_s\":%.0f,\"posts_per_s\":%.0f,\"ratio_by_clock\":%.3f,"
                 "\"ratio_by_cores\":%.3f,\"share_of_cores\":%.2f,\"posts\":%zu,"
                 "\"octets_per_post\":%.1f,\"posts_per_frame\":%d,\"cores\":%u,"
                 "\"kithd_us_per_post\":%.2f,\"sender_us_per_post\":%.2f,"
                 "\"raw_verify_us\":%.2f,\"kithd_memory_mib\":%.1f",
                 spread_at(&figures->raw_rate, 0.5), spread_at(&figures->rate, 0.5),
                 spread_at(&figures->by_clock, 0.5), spread_at(&figures->by_cores, 0.5),
                 spread_at(&figures->share, 0.5), data->count,
                 (double)data->octets_len / (double)data->count, POSTS_PER_FRAME, bench->cores,
                 spread_at(&figures->relay_us, 0.5), spread_at(&figures->sender_us, 0.5),
                 spread_at(&figures->raw_us, 0.5), figures->memory_mib);
}

void bench_ingest(struct bench *bench)
{
    struct data data;
    struct sorted_set set;
    data_signed(&data, bench, bench_scaled(bench, POSTS_COUNT));
    data_set(&set, &data);
    struct figures *figures = must_get(1, sizeof *figures);
    for (int i = 0; i < (bench->smoke ? 1 : RUNS); i++) {
        run_once(bench, figures, &data, &set, i);
    }
    print(bench, figures, &data);
    free(figures);
    stages_measure(bench, &data);
    sorted_set_close(&set);
    data_free(&data);
}
