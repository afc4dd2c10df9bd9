/* rebuild - everything made again from the log: the index of a home that has lost it, and the view
 * over it; and opening - the same home as a node opens it that has lost nothing, until its person
 * gets a page, and what it keeps in memory. */
#include <dirent.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define RUNS      3
#define TARGET_S  30
#define SETTLE_MS 3000

/* What the same posts cost when they are only unsealed and hashed. */
static double raw_rebuild_s(const struct million *m)
{
    uint8_t plain[512] = {0};
    uint8_t sealed[512 + crypto_aead_chacha20poly1305_ietf_ABYTES];
    uint8_t hash[32];
    static const uint8_t key[32] = {1};
    static const uint8_t nonce[12] = {1};
    unsigned long long len = 0;
    const size_t plain_len = 430;
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &len, plain, plain_len, NULL, 0, NULL,
                                                    nonce, key);
    double begun = clock_wall();
    for (size_t i = 0; i < m->posts_count; i++) {
        must(crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, len, NULL, 0,
                                                       nonce, key) == 0,
             "opening a record");
        (void)crypto_generichash(hash, sizeof hash, plain, plain_len, NULL, 0);
    }
    return clock_wall() - begun;
}

static void remove_index(const struct bench *bench)
{
    char path[2 * BENCH_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/" MILLION_NAME "/index", bench->scratch);
    DIR *folder = opendir(path);
    must(folder != NULL, "there is no index");
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[3 * BENCH_PATH_MAX];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        must(entry->d_name[0] == '.' || unlink(name) == 0, "the index cannot be removed");
    }
    (void)closedir(folder);
}

/* Runs written and merged, as the keeper does beside the rest. */
static void tend(struct million *m)
{
    struct err_note note = {{0}};
    for (bool more = true; more;) {
        must_ok(store_tend(m->store, &more, m->now_s, &note), &note, "tending");
    }
}

static void measure_rebuild(struct bench *bench, struct million *m)
{
    struct spread *whole_s = must_get(1, sizeof *whole_s);
    struct spread *store_s = must_get(1, sizeof *store_s);
    struct spread *cpu_s = must_get(1, sizeof *cpu_s);
    struct spread *raw_s = must_get(1, sizeof *raw_s);
    for (size_t i = 0; i < RUNS; i++) {
        million_close(m);
        remove_index(bench);
        double begun = clock_wall();
        double cpu = clock_process();
        million_open_store(m);
        tend(m);
        spread_add(store_s, clock_wall() - begun);
        million_open_view(m);
        spread_add(whole_s, clock_wall() - begun);
        spread_add(cpu_s, clock_process() - cpu);
        spread_add(raw_s, raw_rebuild_s(m));
    }
    struct result result = {.bench = "rebuild",
                            .unit = "s",
                            .better = bench_is_scaled(bench) ? BETTER_NONE : BETTER_LOWER,
                            .target = TARGET_S,
                            .reference = "unsealing and hashing as many posts, one core"};
    result_spread(&result, whole_s);
    result_print(&result, ",\"store_s\":%.2f,\"cpu_s\":%.2f,\"reference_s\":%.2f,\"posts\":%zu",
                 spread_at(store_s, 0.5), spread_at(cpu_s, 0.5), spread_at(raw_s, 0.5),
                 m->posts_count);
    free(whole_s);
    free(store_s);
    free(cpu_s);
    free(raw_s);
}

static void measure_opening(struct bench *bench, struct million *m)
{
    char line[BENCH_PATH_MAX];
    struct kithd node;
    struct kithd_usage usage;
    struct spread *whole_s = must_get(1, sizeof *whole_s);
    struct spread *cpu_s = must_get(1, sizeof *cpu_s);
    struct kithd_memory memory = {0};
    million_close(m);
    million_leave(m);
    for (size_t i = 0; i < RUNS; i++) {
        double begun = clock_wall();
        kithd_person(&node, bench, MILLION_NAME, NULL);
        must(kithd_ask(line, sizeof line, &node, bench, "timeline"), "a page");
        spread_add(whole_s, clock_wall() - begun);
        (void)poll(NULL, 0, bench->smoke ? 0 : SETTLE_MS);
        memory = kithd_memory(&node);
        kithd_stop(&node, &usage);
        spread_add(cpu_s, usage.cpu_s);
    }
    million_return(m, bench);
    million_open_store(m);
    million_open_view(m);
    struct result result = {.bench = "opening",
                            .unit = "s",
                            .better = BETTER_NONE,
                            .reference = "from the start of a node to the first page"};
    result_spread(&result, whole_s);
    result_print(&result, ",\"cpu_s\":%.2f,\"memory_mib\":%.1f,\"posts\":%zu",
                 spread_at(cpu_s, 0.5), memory.all_kib / 1024, m->posts_count);
    free(whole_s);
    free(cpu_s);
}

void bench_rebuild(struct bench *bench)
{
    struct million *m = million_of(bench);
    measure_opening(bench, m);
    measure_rebuild(bench, m);
}
