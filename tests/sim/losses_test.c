/* Losing relays, and being away for a week: nothing is lost, and it is made up for quickly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/frame.h"
#include "tests/support/cluster.h"

#define RELAYS      30
#define PEOPLE      4
#define LAST_RELAYS 6 /* so many are left: four in five are lost */
#define DELAY_MS    100
#define HOUR_MS     UINT64_C(3600000)
#define AN_HOUR     6 /* posts */

static void says(struct cluster *c, uint32_t node, size_t count, uint64_t every_ms)
{
    for (size_t i = 0; i < count; i++) {
        (void)cluster_publishes(c, node, "me too");
        cluster_run(c, every_ms);
    }
}

/* ---- Most relays are lost ----------------------------------------------------------------- */

/* Each relay knows two that were there before it, each person three; all others they find. */
static struct cluster *people_at_relays(uint64_t seed)
{
    struct cluster_plan plan = {
        .seed = seed, .nodes_count = RELAYS + PEOPLE, .relays_count = RELAYS};
    struct cluster *c = cluster_new_planned(&plan);
    cluster_set_weather(
        c, &(struct cluster_weather){.delay_min_ms = 10, .delay_max_ms = 100, .jitter_ms = 2});
    for (uint32_t n = 1; n < RELAYS; n++) {
        cluster_dials(c, n, (uint32_t)cluster_random(c, n));
        cluster_dials(c, n, (uint32_t)cluster_random(c, n));
    }
    for (uint32_t n = RELAYS; n < RELAYS + PEOPLE; n++) {
        cluster_hides(c, n);
        cluster_dials(c, n, (uint32_t)cluster_random(c, RELAYS - LAST_RELAYS));
        cluster_dials(c, n, (uint32_t)cluster_random(c, RELAYS - LAST_RELAYS));
        cluster_dials(c, n, RELAYS - 1 - n % LAST_RELAYS);
    }
    cluster_run(c, 90000);
    return c;
}

static bool everybody_has(const struct cluster *c, size_t from)
{
    for (size_t post = from; post < cluster_posts_count(c); post++) {
        for (uint32_t n = 0; n < RELAYS + PEOPLE; n++) {
            if (cluster_is_up(c, n) && !cluster_has(c, n, post)) {
                return false;
            }
        }
    }
    return true;
}

static void when_most_relays_are_lost_nothing_is(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        /* A network, and what people say in it. */
        struct cluster *c = people_at_relays(seed);
        says(c, RELAYS, 20, 200);
        cluster_run(c, 5000);
        assert_true(everybody_has(c, 0));

        /* Four in five relays end at one moment, while somebody speaks. */
        (void)cluster_publishes(c, RELAYS + 1, "in the middle of it");
        cluster_run(c, 5);
        for (uint32_t n = 0; n < RELAYS - LAST_RELAYS; n++) {
            cluster_crashes(c, n);
        }

        /* Half a minute later those that are left have found each other. */
        cluster_run(c, 30000);
        for (uint32_t n = RELAYS - LAST_RELAYS; n < RELAYS; n++) {
            assert_true(cluster_stats(c, n).neighbours_count > 1);
        }
        size_t after = cluster_posts_count(c);
        says(c, RELAYS + 2, 20, 200);
        cluster_run(c, 3000);
        assert_true(everybody_has(c, after));

        /* The others come back, and have everything. */
        for (uint32_t n = 0; n < RELAYS - LAST_RELAYS; n++) {
            cluster_restarts(c, n);
        }
        cluster_run(c, 600000);
        assert_true(cluster_converged(c));
        assert_true(everybody_has(c, 0));
        assert_int_equal(cluster_wronged_count(c), 0);
        assert_true(cluster_same_sets(c));
        cluster_free(c);
    }
}

/* ---- A tree ------------------------------------------------------------------------------- */

#define WARM_POSTS 150
#define POSTS      40

static void posts_travel_along_a_tree(void **state)
{
    (void)state;
    struct cluster *c = people_at_relays(3);
    says(c, RELAYS - 1, WARM_POSTS, 200);
    cluster_run(c, 5000);
    size_t handed = cluster_handed_count(c);
    says(c, RELAYS - 2, POSTS, 200);
    cluster_run(c, 5000);
    assert_true(everybody_has(c, 0));
    /* Once to each other relay, twice to each person, and a few more where the tree changes. */
    size_t needed = (size_t)POSTS * (RELAYS - 1 + 2 * PEOPLE);
    assert_in_range(cluster_handed_count(c) - handed, needed - POSTS * PEOPLE,
                    needed + needed / 10);
    cluster_free(c);
}

/* Long before anybody reconciles. */
static void what_the_tree_does_not_bring_is_asked_for(void **state)
{
    (void)state;
    struct cluster *c = people_at_relays(4);
    says(c, RELAYS - 1, WARM_POSTS, 200);
    for (uint32_t lost = 0; lost < LAST_RELAYS; lost++) {
        size_t after = cluster_posts_count(c);
        cluster_crashes(c, lost);
        says(c, RELAYS - 1, 3, 100);
        cluster_run(c, 3000);
        assert_true(everybody_has(c, after));
    }
    cluster_free(c);
}

/* ---- A week away -------------------------------------------------------------------------- */

enum { ANA, BEA, RELAY };

struct week {
    uint64_t up_ms;   /* Bea's first frame leaves */
    uint64_t last_ms; /* the last post reaches her */
};

static void on_leaving(void *context, const struct cluster_frame *frame)
{
    struct week *week = context;
    if (frame->from == BEA && week->up_ms == 0) {
        week->up_ms = frame->at_ms;
    }
}

static void on_arriving(void *context, const struct cluster_frame *frame)
{
    struct week *week = context;
    if (frame->to == BEA && frame->type == FRAME_POSTS) {
        week->last_ms = frame->at_ms;
    }
}

static void after_a_week_away_four_round_trips_bring_everything(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(51, 3);
    cluster_set_weather(
        c, &(struct cluster_weather){.delay_min_ms = DELAY_MS, .delay_max_ms = DELAY_MS});
    cluster_set_faults(c, &(struct cluster_faults){.answer_max_ms = 0});
    cluster_dials(c, ANA, RELAY);
    cluster_dials(c, BEA, RELAY);
    cluster_run(c, 1000);
    says(c, ANA, 500, 50);
    cluster_run(c, 2000);
    assert_true(cluster_converged(c));

    cluster_crashes(c, BEA);
    for (int hour = 0; hour < 7 * 24; hour++) {
        says(c, ANA, AN_HOUR, HOUR_MS / AN_HOUR);
    }
    assert_false(cluster_is_up(c, BEA));

    struct week week = {.up_ms = 0};
    cluster_listens(c, on_leaving, &week);
    cluster_listens_at_ends(c, on_arriving, &week);
    cluster_restarts(c, BEA);
    cluster_run(c, 5000);
    assert_true(cluster_converged(c));
    assert_in_range(week.last_ms - week.up_ms, 1, 4 * 2 * DELAY_MS);
    assert_true(cluster_same_sets(c));
    cluster_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_most_relays_are_lost_nothing_is),
        cmocka_unit_test(posts_travel_along_a_tree),
        cmocka_unit_test(what_the_tree_does_not_bring_is_asked_for),
        cmocka_unit_test(after_a_week_away_four_round_trips_bring_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
