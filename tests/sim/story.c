#include "tests/sim/story.h"

#include <stdio.h>
#include <stdlib.h>

#define RELAYS_MAX      4
#define HOSTILE_MAX     3
#define SETTLE_SLICE_MS 20000
#define SETTLE_MAX_MS   1800000 /* every pair reconciles several times */
#define QUIET_SLICES    20
#define CALM_MS         200000 /* until the last connection that is gone is missed */
#define CALM_FOR_MS     700000 /* every pair reconciles twice */
#define WATCHERS        2      /* nodes with somebody who reads */
#define ACTIONS_BETWEEN 10
#define DAY_S           UINT64_C(86400)
#define DAYS            20  /* since the epoch, when stories begin to end */
#define EVENING_S       400 /* and so long before midnight they begin */

/* Who is who: relays, then people, then those who mean harm. */
struct cast {
    struct cluster *c;
    uint32_t honest_count;
    uint32_t relays_count;
    uint32_t whole_count; /* the first relays keep everything, the others a part */
    uint32_t hostile_count;
    bool gang; /* all hostile ones pass for relays, and tell of each other */
    uint64_t heals_at_ms;
    uint64_t midnight_s;
    bool has_floor; /* at the end nodes want nothing older than midnight */
};

static bool chance(struct cast *cast, uint32_t percent)
{
    return cluster_random(cast->c, 100) < percent;
}

static uint32_t anybody(struct cast *cast)
{
    return (uint32_t)cluster_random(cast->c, cast->honest_count);
}

/* One with little room wants every second bucket of authors and of tags. */
static void choose_some(struct cast *cast, uint32_t n)
{
    struct set_choice some = {.buckets = true};
    uint8_t every_second = chance(cast, 50) ? 0x55 : 0xaa;
    memset(some.authors, every_second, sizeof some.authors);
    memset(some.tags, every_second, sizeof some.tags);
    cluster_chooses(cast->c, n, &some);
    cluster_crashes(cast->c, n);
    cluster_restarts(cast->c, n);
}

/* ---- Who knows whom ----------------------------------------------------------------------- */

static uint32_t any_whole(struct cast *cast)
{
    return (uint32_t)cluster_random(cast->c, cast->whole_count);
}

static void connect_relay(struct cast *cast, uint32_t n)
{
    cluster_dials(cast->c, n, n - 1);
    if (n >= cast->whole_count) {
        cluster_dials(cast->c, n, any_whole(cast));
        choose_some(cast, n);
    }
}

/* Whoever wants everything knows a relay that has it (SPEC 7.4). */
static void connect_person(struct cast *cast, uint32_t n)
{
    uint32_t first = (uint32_t)cluster_random(cast->c, cast->relays_count);
    uint32_t second = (first + 1) % cast->relays_count;
    cluster_dials(cast->c, n, first);
    cluster_dials(cast->c, n, second);
    if (first >= cast->whole_count && second >= cast->whole_count) {
        cluster_dials(cast->c, n, any_whole(cast));
    }
    for (uint32_t h = 0; h < cast->hostile_count; h++) {
        if (chance(cast, 40)) {
            cluster_dials(cast->c, n, cast->honest_count + h);
        }
    }
    if (chance(cast, 30)) {
        uint32_t friend = anybody(cast);
        if (friend != n) {
            cluster_dials(cast->c, n, friend);
        }
    }
    if (chance(cast, 50)) {
        cluster_hides(cast->c, n);
    }
    if (chance(cast, 15)) {
        choose_some(cast, n);
    }
}

static void connect_hostile(struct cast *cast, uint32_t n)
{
    for (uint32_t r = 0; r < cast->relays_count; r++) {
        cluster_dials(cast->c, n, r);
    }
    cluster_dials(cast->c, n, anybody(cast));
    uint64_t any = 1 + cluster_random(cast->c, CLUSTER_HOSTILITIES_COUNT - 1);
    cluster_corrupts(cast->c, n, cast->gang ? CLUSTER_RECRUITS : (enum cluster_hostility)any);
}

static void connect_all(struct cast *cast)
{
    cast->whole_count = cast->relays_count;
    if (cast->relays_count > 1 && chance(cast, 40)) {
        cast->whole_count = 1 + (uint32_t)cluster_random(cast->c, cast->relays_count - 1);
    }
    for (uint32_t n = 1; n < cast->relays_count; n++) {
        connect_relay(cast, n);
    }
    for (uint32_t n = cast->relays_count; n < cast->honest_count; n++) {
        connect_person(cast, n);
    }
    cast->gang = chance(cast, 15);
    for (uint32_t h = 0; h < cast->hostile_count; h++) {
        connect_hostile(cast, cast->honest_count + h);
    }
    for (uint32_t n = 0; n < WATCHERS; n++) {
        cluster_watches(cast->c, n == 0 ? 0 : cast->honest_count - 1);
    }
}

/* ---- What happens ------------------------------------------------------------------------- */

static void cut(struct cast *cast)
{
    bool there[CLUSTER_REAL_MAX];
    for (uint32_t n = 0; n < CLUSTER_REAL_MAX; n++) {
        there[n] = chance(cast, 30);
    }
    if (cast->heals_at_ms == 0) {
        cluster_cuts(cast->c, there, (enum cluster_cut)cluster_random(cast->c, 3));
        uint64_t for_ms = chance(cast, 70) ? 20000 : 300000;
        cast->heals_at_ms = cluster_now_ms(cast->c) + 1 + cluster_random(cast->c, for_ms);
    }
}

static void end_one(struct cast *cast, uint32_t node)
{
    if (chance(cast, 60)) {
        cluster_crashes(cast->c, node);
    } else {
        cluster_loses_power(cast->c, node);
    }
}

/* ---- What is said ------------------------------------------------------------------------- */

static void says_for_a_while(struct cast *cast, uint32_t node)
{
    char text[64];
    uint64_t until_s = cluster_now_s(cast->c) + 10 + cluster_random(cast->c, 100);
    (void)snprintf(text, sizeof text, "not for long (%zu)", cluster_posts_count(cast->c));
    struct post_draft draft = {.kind = POST_TEXT, .text = octets_of_text(text)};
    /* A clock that is ahead would have it expire before it was written. */
    draft.expires_s = cluster_node_clock_s(cast->c, node) < until_s ? until_s : 0;
    (void)cluster_says(cast->c, node, &draft);
}

static void takes_back(struct cast *cast, uint32_t node)
{
    size_t count = cluster_posts_count(cast->c);
    size_t post = count == 0 ? 0 : cluster_random(cast->c, count);
    if (count == 0 || cluster_author(cast->c, post) != node) {
        return;
    }
    struct post_ref ref = {.relation = POST_SUBJECT, .id = cluster_post_id(cast->c, post)};
    (void)cluster_says(cast->c, node,
                       &(struct post_draft){.kind = POST_RETRACT, .refs = &ref, .refs_count = 1});
}

/* Something that stands, however old it gets. */
static void introduces(struct cast *cast, uint32_t node)
{
    char name[32];
    (void)snprintf(name, sizeof name, "ana %zu", cluster_posts_count(cast->c));
    struct post_draft draft = {.kind = POST_PROFILE, .text = octets_of_text(name)};
    if (chance(cast, 50)) {
        draft =
            (struct post_draft){.kind = POST_VOUCH, .subject = cluster_key(cast->c, anybody(cast))};
    }
    (void)cluster_says(cast->c, node, &draft);
}

static void say(struct cast *cast, uint32_t node)
{
    uint64_t what = cluster_random(cast->c, 100);
    if (what < 70) {
        (void)cluster_publishes(cast->c, node, "me too");
    } else if (what < 80) {
        says_for_a_while(cast, node);
    } else if (what < 90) {
        introduces(cast, node);
    } else {
        takes_back(cast, node);
    }
}

static void act(struct cast *cast)
{
    struct cluster *c = cast->c;
    uint32_t node = anybody(cast);
    uint64_t what = cluster_random(c, 100);
    if (!cluster_is_up(c, node)) {
        cluster_restarts(c, node);
    } else if (what < 70) {
        say(cast, node);
    } else if (what < 78) {
        cluster_breaks_any(c);
    } else if (what < 82) {
        cluster_half_opens(c, node, anybody(cast));
    } else if (what < 89) {
        end_one(cast, node);
    } else if (what < 92) {
        cut(cast);
    } else if (what < 96) {
        cluster_freezes(c, node, 200 + cluster_random(c, chance(cast, 80) ? 5000 : 60000));
    } else {
        int64_t far_s = chance(cast, 80) ? 280 : 1200;
        cluster_shifts(c, node, (int64_t)cluster_random(c, 2 * (uint64_t)far_s) - far_s);
    }
}

static void pass_time(struct cast *cast)
{
    bool long_while = chance(cast, 3);
    cluster_run(cast->c, cluster_random(cast->c, long_while ? 200000 : 500));
    if (cast->heals_at_ms != 0 && cluster_now_ms(cast->c) >= cast->heals_at_ms) {
        cluster_heals(cast->c);
        cast->heals_at_ms = 0;
    }
}

static void begin_faults(struct cast *cast)
{
    struct cluster *c = cast->c;
    struct cluster_weather weather = {.delay_min_ms = 5,
                                      .delay_max_ms = 5 + (uint32_t)cluster_random(c, 200),
                                      .jitter_ms = (uint32_t)cluster_random(c, 60),
                                      .losses = (uint32_t)cluster_random(c, 40),
                                      .breaks = (uint32_t)cluster_random(c, 60),
                                      .half_open = 300};
    if (chance(cast, 50)) {
        weather.octets_per_ms = 10 + (uint32_t)cluster_random(c, 1000);
    }
    cluster_set_weather(c, &weather);
    struct cluster_faults faults = {.read_fails = (uint32_t)cluster_random(c, 40),
                                    .store_fails = (uint32_t)cluster_random(c, 40),
                                    .files_fail = chance(cast, 50) ? 10 : 0,
                                    .answers_twice = 50,
                                    .answer_max_ms = (uint32_t)cluster_random(c, 300)};
    cluster_set_faults(c, &faults);
}

static void end_faults(struct cast *cast)
{
    struct cluster *c = cast->c;
    cluster_set_weather(
        c, &(struct cluster_weather){.delay_min_ms = 5, .delay_max_ms = 100, .jitter_ms = 10});
    cluster_set_faults(c, &(struct cluster_faults){.answer_max_ms = 5});
    cluster_heals(c);
    for (uint32_t n = 0; n < cast->honest_count; n++) {
        cluster_shifts(c, n, 0);
        if (cast->has_floor && cluster_now_s(c) >= cast->midnight_s) {
            cluster_raises_floor(c, n, cast->midnight_s);
        }
        if (!cluster_is_up(c, n)) {
            cluster_restarts(c, n);
        }
    }
}

/* ---- The whole of it ---------------------------------------------------------------------- */

static struct cast cast_of(const struct story *story)
{
    struct cluster_plan plan = {.seed = story->seed};
    uint64_t dice = (story->seed * UINT64_C(0x9e3779b97f4a7c15)) >> 20; /* before the cluster's */
    struct cast cast = {.honest_count = story->nodes_count};
    if (cast.honest_count == 0) {
        cast.honest_count = 3 + (uint32_t)(dice % 12);
    }
    cast.relays_count = 1 + (uint32_t)(dice / 12 % RELAYS_MAX);
    if (cast.relays_count > cast.honest_count / 2) {
        cast.relays_count = 1;
    }
    cast.hostile_count = story->peaceful ? 0 : (uint32_t)(dice / 48 % (HOSTILE_MAX + 1));
    plan.nodes_count = cast.honest_count + cast.hostile_count;
    plan.relays_count = cast.relays_count;
    plan.books = true;
    plan.narrow = dice / 192 % 3 == 0;
    plan.start_s = DAYS * DAY_S - EVENING_S;
    cast.midnight_s = DAYS * DAY_S;
    cast.has_floor = dice / 576 % 4 == 0;
    cast.c = cluster_new_planned(&plan);
    return cast;
}

static void settle(struct cast *cast, struct story_end *end)
{
    /* What failed last is tried again, also by those who stood still when faults stopped. */
    cluster_run(cast->c, cluster_frozen_ms(cast->c) + SETTLE_SLICE_MS);
    size_t there_count = cluster_there_count(cast->c);
    size_t suspected_count = 0;
    for (uint64_t ms = 0; ms < SETTLE_MAX_MS && (!end->converged || ms < CALM_FOR_MS);
         ms += SETTLE_SLICE_MS) {
        cluster_run(cast->c, SETTLE_SLICE_MS);
        suspected_count = ms < CALM_MS ? cluster_suspected_count(cast->c) : suspected_count;
        end->settled_ms = end->converged ? end->settled_ms : ms + SETTLE_SLICE_MS;
        end->converged = end->converged || cluster_converged(cast->c);
    }
    end->suspected_count = cluster_suspected_count(cast->c) - suspected_count;
    for (int slice = 0; !end->quiet && slice < QUIET_SLICES; slice++) {
        cluster_run(cast->c, SETTLE_SLICE_MS);
        end->quiet = cluster_is_quiet(cast->c);
    }
    end->converged = end->converged && cluster_converged(cast->c);
    end->there_count = cluster_there_count(cast->c) - there_count;
    if (!end->converged) {
        cluster_explain(cast->c);
    }
}

static void summarise(struct cast *cast, struct story_end *end)
{
    struct cluster *c = cast->c;
    end->once = cluster_keeps_once(c) && cluster_shows_once(c);
    end->answered = cluster_answered(c);
    end->wronged_count = cluster_wronged_count(c);
    end->hostile_count = cast->hostile_count;
    end->posts_count = cluster_posts_count(c);
    end->handed_count = cluster_handed_count(c);
    for (size_t post = 0; post < end->posts_count; post++) {
        end->acknowledged_count += cluster_acknowledged(c, post);
    }
    cluster_trace(c, end->trace);
    end->same_sets = cluster_same_sets(c);
}

struct story_end story_tell(const struct story *story)
{
    struct story_end end = {.promises_kept = true, .reading = true};
    struct cast cast = cast_of(story);
    connect_all(&cast);
    cluster_run(cast.c, 500);
    begin_faults(&cast);
    uint32_t actions_count = story->actions_count > 0 ? story->actions_count
                                                      : 40 + (uint32_t)cluster_random(cast.c, 120);
    for (uint32_t i = 0; i < actions_count; i++) {
        act(&cast);
        pass_time(&cast);
        end.reading = end.reading && cluster_keeps_reading(cast.c);
        if (i % ACTIONS_BETWEEN == 0) {
            end.promises_kept = end.promises_kept && cluster_kept_promises(cast.c);
        }
    }
    end_faults(&cast);
    settle(&cast, &end);
    end.promises_kept = end.promises_kept && cluster_kept_promises(cast.c);
    summarise(&cast, &end);
    cluster_free(cast.c);
    return end;
}

bool story_ended_well(const struct story_end *end)
{
    return end->converged && end->same_sets && end->promises_kept && end->once && end->quiet &&
           end->reading && end->answered && end->there_count == 0 && end->wronged_count == 0 &&
           end->suspected_count == 0;
}
