/* replay - the first day of #MeToo scaled down (replay_plan.h), sent to a person's node over a real
 * connection: everything decoded, verified on all cores, stored, indexed, and taken into her view;
 * then the tally, which must be what the plan says.
 *
 * Two ratios, as in clone.  Making and signing the posts is not part of the time. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"
#include "tests/bench/person.h"
#include "tests/bench/replay_make.h"
#include "tests/bench/replay_truth.h"
#include "tests/bench/sender.h"
#include "tests/support/sorted_set.h"

#define SEED            2017
#define PEOPLE_COUNT    470000
#define ACTIONS_COUNT   1200000
#define VOUCHES_COUNT   100000
#define FOLLOWS_COUNT   150
#define BLOCKS_COUNT    500
#define POSTS_PER_FRAME 64 /* as nodes push */
#define RUNS            2
#define TALLIES         50
#define TALLY_MS        10
#define MILLION_S       60
#define RAW_S           2.0
#define POLL_MS         20
#define GIVE_UP_S       300.0
#define HOME            "replay"

struct replay {
    struct bench *bench;
    struct replay_plan plan;
    struct replay_truth truth;
    struct replay_posts made;
    struct sorted_set set;
    char expected[BENCH_PATH_MAX]; /* what kith --json says of the tally */
};

struct figures {
    struct spread ratio;
    struct spread by_clock;
    struct spread by_cores;
    struct spread rate;
    struct spread node_us;
    struct spread raw_us;
    struct spread tally_ms;
    struct spread tally_cpu_ms;
    struct spread first_tally_ms;
    double memory_mib;
};

static size_t put_days(char *at, size_t cap, const struct view_tally *tally)
{
    size_t len = 0;
    for (size_t i = 0; i < tally->by_day_count; i++) {
        len += (size_t)snprintf(at + len, cap - len,
                                "%s{\"day_s\":%" PRIu64 ",\"posts\":%" PRIu32 ",\"people\":%" PRIu32
                                "}",
                                i > 0 ? "," : "", tally->by_day[i].day * REPLAY_DAY_S,
                                tally->by_day[i].posts_count, tally->by_day[i].people_count);
    }
    return len;
}

static void say_expected(struct replay *r)
{
    const struct view_tally *t = &r->truth.tally;
    char days[1024];
    (void)put_days(days, sizeof days, t);
    (void)snprintf(r->expected, sizeof r->expected,
                   "{\"tag\":\"" REPLAY_TAG "\",\"identities\":%" PRIu32
                   ",\"voices\":0,\"people_min\":%" PRIu32 ",\"people_max\":%" PRIu32
                   ",\"posts\":%" PRIu32 ",\"reactions\":%" PRIu32 ",\"friends\":%" PRIu32
                   ",\"following\":%" PRIu32 ",\"strangers\":%" PRIu32 ",\"by_distance\":[%" PRIu32
                   ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "],\"by_day\":[%s]}\n",
                   t->identities, t->people_min, t->people_max, t->posts, t->reactions, t->friends,
                   t->following, t->strangers, t->by_distance[0], t->by_distance[1],
                   t->by_distance[2], t->by_distance[3], t->by_distance[4], days);
}

/* Whom she follows and whom she blocked, before any of it comes. */
static void make_home(const struct replay *r, const char *name)
{
    struct err_note note = {{0}};
    struct kithd node;
    struct person_home person;
    kithd_init(r->bench, name);
    kithd_home(&node, r->bench, name);
    person_home_open(&person, node.home);
    bool changed = false;
    for (size_t i = 0; i < r->plan.counts.follows_count; i++) {
        struct key key = replay_person(&r->plan, r->plan.follows[i]);
        must_ok(vault_follow(person.vault, &changed, &key), NULL, "following");
    }
    uint64_t now_s = (uint64_t)time(NULL);
    for (size_t i = 0; i < r->plan.counts.blocks_count; i++) {
        struct key key = replay_person(&r->plan, r->plan.blocks[i]);
        must_ok(vault_block(person.vault, &changed, &key, NULL, now_s, 0), NULL, "blocking");
    }
    must_ok(vault_commit(person.vault, &note), &note, "keeping the vault");
    person_home_close(&person);
}

/* Until her node says what it must. */
static void await_tally(const struct replay *r, const struct kithd *node)
{
    char line[BENCH_PATH_MAX];
    double begun = clock_wall();
    while (!kithd_ask(line, sizeof line, node, r->bench, "tally " REPLAY_TAG) ||
           strcmp(line, r->expected) != 0) {
        if (clock_wall() - begun > (r->bench->smoke ? 20 : GIVE_UP_S)) {
            (void)fprintf(stderr, "counted:  %sexpected: %s", line, r->expected);
            must(false, "the tally does not become what it must");
        }
        (void)poll(NULL, 0, POLL_MS);
    }
}

static void measure_day(const struct replay *r, struct figures *figures, const char *name)
{
    struct kithd node;
    struct kithd_usage usage;
    double raw_s = r->bench->smoke ? RAW_S / 50 : r->bench->quick ? RAW_S / 4 : RAW_S;
    struct raw_verify before = raw_verify_measure(r->bench->cores, raw_s);
    kithd_person(&node, r->bench, name, NULL);
    struct sender *sender = sender_new(&node.address);
    double sender_s = clock_process();
    double begun = clock_wall();
    sender_send(sender, &r->made.posts, POSTS_PER_FRAME);
    sender_await(sender, &r->set);
    sender_s = clock_process() - sender_s;
    await_tally(r, &node);
    double took_s = clock_wall() - begun;
    sender_free(sender);
    kithd_stop(&node, &usage);
    struct raw_verify after = raw_verify_measure(r->bench->cores, raw_s);

    double posts = (double)r->made.posts.count;
    double raw_us = (before.cpu_us + after.cpu_us) / 2;
    double by_clock = took_s * (before.rate + after.rate) / 2 / posts;
    double by_cores = (usage.cpu_s + sender_s) * 1e6 / posts / raw_us;
    spread_add(&figures->ratio, by_clock > by_cores ? by_clock : by_cores);
    spread_add(&figures->by_clock, by_clock);
    spread_add(&figures->by_cores, by_cores);
    spread_add(&figures->rate, posts / took_s);
    spread_add(&figures->node_us, usage.cpu_s * 1e6 / posts);
    spread_add(&figures->raw_us, raw_us);
    figures->memory_mib = usage.memory_mib;
}

static void measure_tally(const struct replay *r, struct figures *figures, const char *name)
{
    struct err_note note = {{0}};
    struct kithd node;
    struct person_home person;
    struct store *store = NULL;
    struct view *view = NULL;
    kithd_home(&node, r->bench, name);
    person_home_open(&person, node.home);
    struct key own = vault_identity(person.vault);
    must_ok(home_open_store(&store, &person.home, person.vault, STORE_READ, &note), &note,
            "the store");
    must_ok(view_new(&view, store, &own, &note), &note, "a view");
    must_ok(view_catch_up(view, NULL, &note), &note, "taking posts in");
    must_ok(view_load(view, vault_contents(person.vault), &note), &note, "judging posts");
    for (size_t i = 0; i < TALLIES; i++) {
        struct view_tally tally;
        double cpu = clock_thread();
        double begun = clock_wall();
        must_ok(view_tally(view, &tally, octets_of_text(REPLAY_TAG), VIEW_WEB, (uint64_t)time(NULL),
                           &note),
                &note, "the tally");
        double took_ms = (clock_wall() - begun) * 1e3;
        spread_add(&figures->tally_cpu_ms, (clock_thread() - cpu) * 1e3);
        spread_add(i == 0 ? &figures->first_tally_ms : &figures->tally_ms, took_ms);
        must(replay_tally_equal(&tally, &r->truth.tally), "the tally is not exact");
    }
    view_free(view);
    store_close(store);
    person_home_close(&person);
}

static void print_day(const struct replay *r, struct figures *figures)
{
    struct result result = {.bench = "replay",
                            .unit = "ratio",
                            .better = BETTER_LOWER,
                            .target = 1.4,
                            .reference = "crypto_sign_verify_detached on all cores at once, "
                                         "measured before and after each run; the value is the "
                                         "least of the runs"};
    result_spread(&result, &figures->ratio);
    result.value = result.min;
    result_print(&result,
                 ",\"ratio_by_clock\":%.3f,\"ratio_by_cores\":%.3f,\"people\":%zu,"
                 "\"posts_comments_reactions\":%zu,\"posts\":%zu,\"octets_per_post\":%.1f,"
                 "\"posts_per_s\":%.0f,\"kithd_us_per_post\":%.2f,\"raw_verify_us\":%.2f,"
                 "\"kithd_memory_mib\":%.1f",
                 spread_at(&figures->by_clock, 0), spread_at(&figures->by_cores, 0),
                 r->plan.counts.people_count, r->plan.counts.actions_count, r->made.posts.count,
                 (double)r->made.posts.octets_len / (double)r->made.posts.count,
                 spread_at(&figures->rate, 1), spread_at(&figures->node_us, 0),
                 spread_at(&figures->raw_us, 0.5), figures->memory_mib);
}

static void print_tally(const struct replay *r, struct figures *figures)
{
    struct result result = {.bench = "replay-tally",
                            .unit = "ms",
                            .better = BETTER_LOWER,
                            .target = TALLY_MS,
                            .reference =
                                "exact: equal to what the plan says, in kith's answer and "
                                "each time it is timed; in process, this thread's time, which "
                                "waits for nothing, median"};
    result_spread(&result, &figures->tally_cpu_ms);
    result_print(&result,
                 ",\"by_clock_ms\":%.2f,\"first_after_opening_ms\":%.2f,\"texts\":%" PRIu32
                 ",\"people\":%" PRIu32 ",\"reactions\":%" PRIu32,
                 spread_at(&figures->tally_ms, 0.5), spread_at(&figures->first_tally_ms, 1),
                 r->truth.tally.posts, r->truth.tally.identities, r->truth.tally.reactions);
}

/* The same posts from their file: what a relay that moves house does. */
static void measure_import(const struct replay *r)
{
    struct kithd_usage usage;
    double raw_s = r->bench->smoke ? RAW_S / 50 : r->bench->quick ? RAW_S / 4 : RAW_S;
    kithd_init(r->bench, "replay-import");
    struct raw_verify before = raw_verify_measure(r->bench->cores, raw_s);
    double begun = clock_wall();
    size_t new_count = kithd_import(r->bench, "replay-import", r->made.file, &usage);
    double took_s = clock_wall() - begun;
    struct raw_verify after = raw_verify_measure(r->bench->cores, raw_s);
    must(new_count == r->made.posts.count, "not every post was imported");
    double posts = (double)new_count;
    struct result result = {.bench = "import-million",
                            .unit = "s",
                            .value = took_s * 1e6 / posts,
                            .min = took_s * 1e6 / posts,
                            .max = took_s * 1e6 / posts,
                            .runs = 1,
                            .better = BETTER_LOWER,
                            .target = MILLION_S,
                            .reference =
                                "a minute for 1,000,000 posts of the replay, by the clock"};
    result_print(&result, ",\"ratio_by_clock\":%.3f,\"ratio_by_cores\":%.3f,\"posts\":%zu",
                 posts / took_s / ((before.rate + after.rate) / 2),
                 (before.cpu_us + after.cpu_us) / 2 * posts / 1e6 / usage.cpu_s, new_count);
}

void bench_replay(struct bench *bench)
{
    struct replay *r = must_get(1, sizeof *r);
    struct replay_counts counts = {.seed = SEED,
                                   .people_count = bench_scaled(bench, PEOPLE_COUNT),
                                   .actions_count = bench_scaled(bench, ACTIONS_COUNT),
                                   .vouches_count = bench_scaled(bench, VOUCHES_COUNT),
                                   .follows_count = FOLLOWS_COUNT,
                                   .blocks_count = BLOCKS_COUNT};
    r->bench = bench;
    replay_plan_make(&r->plan, &counts);
    replay_make(&r->made, bench, &r->plan);
    replay_truth_of(&r->truth, &r->plan, r->made.begin_s);
    say_expected(r);
    data_set(&r->set, &r->made.posts);
    struct figures *figures = must_get(1, sizeof *figures);
    for (int i = 0; i < (bench->smoke ? 1 : RUNS); i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "replay-%d", i);
        make_home(r, name);
        measure_day(r, figures, name);
        measure_tally(r, figures, name);
    }
    print_day(r, figures);
    print_tally(r, figures);
    measure_import(r);
    free(figures);
    sorted_set_close(&r->set);
    data_free(&r->made.posts);
    replay_plan_free(&r->plan);
    free(r);
}
