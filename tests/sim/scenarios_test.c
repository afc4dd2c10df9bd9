#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "tests/sim/story.h"

static struct cluster *two_friends_and_a_relay(void)
{
    struct cluster *c = cluster_new(11, 3);
    cluster_dials(c, 0, 2);
    cluster_dials(c, 1, 2);
    cluster_run(c, 1000);
    return c;
}

static void a_post_reaches_a_friend_through_a_relay_within_a_second(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    assert_int_equal(cluster_stats(c, 2).ready_count, 2);

    size_t post = cluster_publishes(c, 0, "me too");
    cluster_run(c, 1000);

    assert_true(cluster_acknowledged(c, post));
    assert_true(cluster_has(c, 1, post));
    cluster_free(c);
}

static void a_node_that_was_away_catches_up(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_crashes(c, 1);
    for (int i = 0; i < 600; i++) {
        (void)cluster_publishes(c, 0, "me too");
        cluster_run(c, 20);
    }
    cluster_run(c, 2000);
    assert_true(cluster_converged(c));

    cluster_restarts(c, 1);
    cluster_run(c, 10000);
    assert_true(cluster_has(c, 1, 0));
    assert_true(cluster_has(c, 1, 599));
    assert_true(cluster_converged(c));
    cluster_free(c);
}

static void what_was_said_alone_is_handed_over_on_meeting(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(12, 2);
    for (int i = 0; i < 300; i++) {
        (void)cluster_publishes(c, 0, "alone");
        (void)cluster_publishes(c, 1, "alone too");
        cluster_run(c, 10);
    }
    assert_false(cluster_converged(c));

    cluster_dials(c, 0, 1);
    cluster_run(c, 10000);
    assert_true(cluster_converged(c));
    assert_int_equal(cluster_handed_count(c), 600); /* nothing twice */
    assert_int_equal(cluster_blames_count(c), 0);
    cluster_free(c);
}

static void an_acknowledged_post_survives_a_crash(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    for (int i = 0; i < 40; i++) {
        size_t post = cluster_publishes(c, 0, "me too");
        while (!cluster_acknowledged(c, post)) {
            cluster_run(c, 1);
        }
        cluster_crashes(c, 0);
        cluster_restarts(c, 0);
        assert_true(cluster_has(c, 0, post));
    }
    cluster_run(c, 60000);
    assert_true(cluster_converged(c));
    cluster_free(c);
}

static void a_broken_connection_is_made_again(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_breaks(c, 0, 2);
    size_t post = cluster_publishes(c, 1, "are you there?");
    cluster_run(c, 5000);
    assert_true(cluster_has(c, 0, post));
    cluster_free(c);
}

static void a_long_absence_is_made_up_for_in_many_messages(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(13, 2);
    for (int i = 0; i < 6000; i++) {
        (void)cluster_publishes(c, 0, "more than one message of reconciliation names");
        cluster_run(c, i % 100 == 0 ? 10 : 0);
    }
    cluster_run(c, 1000);
    cluster_dials(c, 1, 0);
    cluster_run(c, 60000);
    assert_true(cluster_converged(c));
    assert_int_equal(cluster_handed_count(c), 6000);
    assert_int_equal(cluster_blames_count(c), 0);
    cluster_free(c);
}

static void a_liar_is_closed_and_keeps_nobody_from_anything(void **state)
{
    (void)state;
    enum { LIAR = 3 };
    struct cluster *c = cluster_new(14, 8);
    cluster_corrupts(c, LIAR, CLUSTER_FORGES);
    for (uint32_t n = 4; n < 8; n++) {
        cluster_dials(c, n, n % 2); /* two relays, both connected to the liar, */
        cluster_dials(c, n, LIAR);  /* whom everybody asks first */
    }
    cluster_dials(c, LIAR, 0);
    cluster_dials(c, LIAR, 1);
    cluster_dials(c, 2, 0);
    cluster_dials(c, 2, 1);
    for (int i = 0; i < 200; i++) {
        (void)cluster_publishes(c, 4 + (uint32_t)cluster_random(c, 4), "me too");
        cluster_run(c, 300);
    }
    cluster_run(c, 900000);
    assert_true(cluster_converged(c));
    assert_true(cluster_blamed_count(c, LIAR) > 10);
    assert_int_equal(cluster_blames_count(c), cluster_blamed_count(c, LIAR));
    cluster_free(c);
}

static void the_same_seed_gives_the_same_trace(void **state)
{
    (void)state;
    struct story story = {.seed = 5, .nodes_count = 20, .actions_count = 100};
    struct story_end first = story_tell(&story);
    struct story_end second = story_tell(&story);
    assert_memory_equal(first.trace, second.trace, CLUSTER_TRACE_LEN);

    story.seed = 6;
    struct story_end other = story_tell(&story);
    assert_memory_not_equal(first.trace, other.trace, CLUSTER_TRACE_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_reaches_a_friend_through_a_relay_within_a_second),
        cmocka_unit_test(a_node_that_was_away_catches_up),
        cmocka_unit_test(what_was_said_alone_is_handed_over_on_meeting),
        cmocka_unit_test(an_acknowledged_post_survives_a_crash),
        cmocka_unit_test(a_broken_connection_is_made_again),
        cmocka_unit_test(a_long_absence_is_made_up_for_in_many_messages),
        cmocka_unit_test(a_liar_is_closed_and_keeps_nobody_from_anything),
        cmocka_unit_test(the_same_seed_gives_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
