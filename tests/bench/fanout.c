/* fanout - one relay passes new posts on to many connections, which count octets and grant credit,
 * and do nothing else.
 *
 * There are two ratios: by the clock, and by the time of the cores, that of the counting included.
 * Each run counts with the smaller one. */
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "proto/frame.h"
#include "proto/session.h"
#include "tests/bench/data.h"
#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"
#include "tests/bench/sender.h"

#define CONNECTIONS_COUNT 200
#define POSTS_COUNT       20000
#define POSTS_PER_FRAME   16
#define AHEAD             256 /* posts; twice as many are under way */
#define RUNS              3
#define RAW_S             1.0
#define TARGET            0.25
#define GIVE_UP_S         120.0
#define EVENTS_MAX        64
#define READ_LEN          ((size_t)1 << 20)
#define THREADS_MAX       64

/* Those who count, on a thread of their own. */
struct counters {
    pthread_t thread;
    struct sender *senders[CONNECTIONS_COUNT];
    uint64_t counted_len[CONNECTIONS_COUNT];
    uint64_t granted_len[CONNECTIONS_COUNT];
    uint64_t wanted_len;        /* each of them, in this run */
    _Atomic uint64_t least_len; /* what each of them has by now */
    double ended;               /* when the last of them had it */
    int epoll;
};

static void grant(struct counters *c, size_t i)
{
    uint64_t owed_len = c->counted_len[i] - c->granted_len[i];
    if (owed_len >= SESSION_CREDIT_STEP) {
        sender_grant(c->senders[i], (uint32_t)owed_len);
        c->granted_len[i] += owed_len;
    }
}

/* Octets are thrown away where they lie. */
static void count(struct counters *c, size_t i, size_t *left_count)
{
    ssize_t got = recv(sender_socket(c->senders[i]), NULL, READ_LEN, MSG_TRUNC | MSG_DONTWAIT);
    must(got != 0, "the relay closed a connection");
    if (got < 0) {
        return;
    }
    bool had = c->counted_len[i] >= c->wanted_len;
    c->counted_len[i] += (uint64_t)got;
    grant(c, i);
    if (!had && c->counted_len[i] >= c->wanted_len) {
        (*left_count)--;
    }
}

static void *count_all(void *argument)
{
    struct counters *c = argument;
    struct epoll_event events[EVENTS_MAX];
    double begun = clock_wall();
    size_t left_count = CONNECTIONS_COUNT;
    while (left_count > 0) {
        int ready = epoll_wait(c->epoll, events, EVENTS_MAX, 1000);
        for (int i = 0; i < ready; i++) {
            count(c, events[i].data.u64, &left_count);
        }
        uint64_t least_len = UINT64_MAX;
        for (size_t i = 0; i < CONNECTIONS_COUNT; i++) {
            least_len = c->counted_len[i] < least_len ? c->counted_len[i] : least_len;
        }
        c->least_len = least_len;
        must(clock_wall() - begun < GIVE_UP_S, "not every connection got everything");
    }
    c->ended = clock_wall();
    return NULL;
}

/* ---- What is compared with ---- */

struct sealer {
    pthread_t thread;
    size_t frame_len;
    double until;
    double rate;   /* a second by the clock */
    double cpu_us; /* of one core, for one */
};

static void *seal(void *argument)
{
    struct sealer *sealer = argument;
    uint8_t frame[FRAME_HEADER_LEN + 4096 + NOISE_TAG_LEN] = {0};
    uint8_t key[NOISE_KEY_LEN] = {1};
    uint8_t nonce[crypto_aead_chacha20poly1305_IETF_NPUBBYTES] = {0};
    double begun = clock_wall();
    double begun_cpu = clock_thread();
    size_t done = 0;
    double now = begun;
    while (now < sealer->until) {
        for (int i = 0; i < 1000; i++, done++) {
            (void)crypto_aead_chacha20poly1305_ietf_encrypt(frame, NULL, frame, sealer->frame_len,
                                                            NULL, 0, NULL, nonce, key);
        }
        now = clock_wall();
    }
    sealer->rate = (double)done / (now - begun);
    sealer->cpu_us = (clock_thread() - begun_cpu) * 1e6 / (double)done;
    return NULL;
}

/* Seals of frames of that size, on all cores together. */
static struct sealer raw_seals(unsigned cores, size_t frame_len)
{
    struct sealer sealers[THREADS_MAX];
    struct sealer sum = {.rate = 0};
    must(cores <= THREADS_MAX && frame_len <= 4096, "more than this bench knows how to use");
    for (unsigned i = 0; i < cores; i++) {
        sealers[i] = (struct sealer){.frame_len = frame_len, .until = clock_wall() + RAW_S};
        must(pthread_create(&sealers[i].thread, NULL, seal, &sealers[i]) == 0, "no thread");
    }
    for (unsigned i = 0; i < cores; i++) {
        (void)pthread_join(sealers[i].thread, NULL);
        sum.rate += sealers[i].rate;
        sum.cpu_us += sealers[i].cpu_us / cores;
    }
    return sum;
}

/* ---- The runs ---- */

static void connect_all(struct counters *c, const struct address *relay)
{
    c->epoll = epoll_create1(0);
    must(c->epoll >= 0, "no epoll");
    for (size_t i = 0; i < CONNECTIONS_COUNT; i++) {
        c->senders[i] = sender_new(relay);
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        must(epoll_ctl(c->epoll, EPOLL_CTL_ADD, sender_socket(c->senders[i]), &event) == 0,
             "epoll");
    }
}

static uint64_t wires_len(const struct data *data, size_t first, size_t count)
{
    uint64_t len = 0;
    for (size_t i = first; i < first + count; i++) {
        len += data->wires[i].len;
    }
    return len;
}

/* Deliveries a second of the posts from first on.  So few are under way at a time that nobody's
 * queue is full: whoever is passed by gets the rest by reconciliation, which nobody here does. */
static double run(struct counters *c, struct sender *author, const struct data *data, size_t first,
                  size_t posts_count)
{
    c->wanted_len = wires_len(data, first, posts_count);
    c->least_len = 0;
    memset(c->counted_len, 0, sizeof c->counted_len);
    memset(c->granted_len, 0, sizeof c->granted_len);
    double begun = clock_wall();
    must(pthread_create(&c->thread, NULL, count_all, c) == 0, "no thread");
    for (size_t at = 0; at < posts_count; at += AHEAD) {
        size_t part_count = posts_count - at < AHEAD ? posts_count - at : AHEAD;
        struct data part = {.wires = data->wires + first + at, .count = part_count};
        uint64_t before_len = at < AHEAD ? 0 : wires_len(data, first, at - AHEAD);
        while (c->least_len < before_len) {
            (void)poll(NULL, 0, 1);
        }
        sender_send(author, &part, POSTS_PER_FRAME);
    }
    (void)pthread_join(c->thread, NULL);
    return (double)posts_count * CONNECTIONS_COUNT / (c->ended - begun);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

void bench_fanout(struct bench *bench)
{
    struct counters *c = must_get(1, sizeof *c);
    struct data data;
    struct kithd relay;
    struct kithd_usage usage;
    struct spread ratio = {.count = 0};
    struct spread rate = {.count = 0};
    struct spread by_clock = {.count = 0};
    struct spread by_cores = {.count = 0};
    size_t runs = bench->smoke ? 1 : RUNS;
    size_t posts_count = bench_scaled(bench, POSTS_COUNT);
    data_signed(&data, bench, posts_count * runs);
    kithd_relay(&relay, bench, "fanout");
    connect_all(c, &relay.address);
    struct sender *author = sender_new(&relay.address);
    size_t frame_len = FRAME_HEADER_LEN + 1 + data.wires[0].len;
    struct sealer raw = {.rate = 0};
    for (size_t i = 0; i < runs; i++) {
        raw = raw_seals(bench->cores, frame_len);
        double cpu_s = kithd_cpu_s(&relay) + clock_process();
        double rate_now = run(c, author, &data, i * posts_count, posts_count);
        cpu_s = kithd_cpu_s(&relay) + clock_process() - cpu_s;
        double each_us = cpu_s * 1e6 / (double)(posts_count * CONNECTIONS_COUNT);
        spread_add(&rate, rate_now);
        spread_add(&by_clock, rate_now / raw.rate);
        spread_add(&by_cores, raw.cpu_us / each_us);
        spread_add(&ratio, least(rate_now / raw.rate, raw.cpu_us / each_us));
    }
    sender_free(author);
    for (size_t i = 0; i < CONNECTIONS_COUNT; i++) {
        sender_free(c->senders[i]);
    }
    kithd_stop(&relay, &usage);
    struct result result = {.bench = "fanout",
                            .unit = "ratio",
                            .better = bench->smoke ? BETTER_NONE : BETTER_HIGHER,
                            .target = TARGET,
                            .reference = "ChaCha20-Poly1305 seals a second of a frame with one "
                                         "post, on all cores"};
    result_spread(&result, &ratio);
    result_print(&result,
                 ",\"by_clock\":%.3f,\"by_cores\":%.3f,\"deliveries_per_s\":%.0f,"
                 "\"raw_seals_per_s\":%.0f,\"raw_seal_us\":%.3f,\"connections\":%d,"
                 "\"posts\":%zu,\"relay_cpu_us_per_delivery\":%.3f,\"relay_mib\":%.1f",
                 spread_at(&by_clock, 0.5), spread_at(&by_cores, 0.5), spread_at(&rate, 0.5),
                 raw.rate, raw.cpu_us, CONNECTIONS_COUNT, posts_count,
                 usage.cpu_s * 1e6 / (double)(posts_count * runs * CONNECTIONS_COUNT),
                 usage.memory_mib);
    data_free(&data);
    free(c);
}
