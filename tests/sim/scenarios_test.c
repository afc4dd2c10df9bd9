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

static void a_network_that_carries_one_way_only_is_missed_and_made_up_for(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    /* Minute 0: nothing that friend 1 sends arrives; what the others send does. */
    const bool there[] = {false, true, false};
    cluster_cuts(c, there, CLUSTER_CUT_HITHER);
    size_t hers = cluster_publishes(c, 1, "can you hear me?");
    size_t his = cluster_publishes(c, 0, "still here");
    cluster_run(c, 60000);
    assert_true(cluster_has(c, 1, his));
    assert_false(cluster_has(c, 0, hers));
    /* Minute 3: the relay has closed what was silent, and nobody comes through. */
    cluster_run(c, 120000);
    assert_int_equal(cluster_stats(c, 2).ready_count, 1);
    assert_int_equal(cluster_stats(c, 1).ready_count, 0);
    /* Minute 5: healed, dialled again, reconciled. */
    cluster_heals(c);
    cluster_run(c, 120000);
    assert_true(cluster_has(c, 0, hers));
    assert_true(cluster_converged(c));
    cluster_free(c);
}

static void a_connection_that_only_one_side_lost_is_replaced(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_half_opens(c, 0, 2);
    cluster_run(c, 5000);
    size_t post = cluster_publishes(c, 1, "are you there?");
    cluster_run(c, 2000);
    assert_true(cluster_has(c, 0, post)); /* long before the relay would have missed anything */
    assert_int_equal(cluster_stats(c, 2).ready_count, 2);
    cluster_free(c);
}

static void people_whom_nobody_can_dial_meet_at_a_relay(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(15, 3);
    cluster_hides(c, 0);
    cluster_hides(c, 1);
    cluster_dials(c, 0, 1); /* in vain */
    cluster_run(c, 60000);
    size_t post = cluster_publishes(c, 0, "me too");
    cluster_run(c, 60000);
    assert_false(cluster_has(c, 1, post));

    cluster_dials(c, 0, 2);
    cluster_dials(c, 1, 2);
    cluster_run(c, 5000);
    assert_true(cluster_has(c, 1, post));
    cluster_free(c);
}

/* Each copy of a post that is here costs a look and nothing more, also in a circle. */
static void what_is_there_already_is_neither_put_nor_passed_on_again(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(19, 3);
    cluster_dials(c, 0, 1);
    cluster_dials(c, 1, 2);
    cluster_dials(c, 2, 0);
    cluster_run(c, 2000);
    for (uint32_t n = 0; n < 3; n++) {
        (void)cluster_publishes(c, n, "me too");
        cluster_run(c, 2000);
    }
    size_t handed = cluster_handed_count(c);
    cluster_run(c, 2000);

    assert_true(cluster_converged(c));
    assert_int_equal(cluster_there_count(c), 0);
    assert_int_equal(cluster_handed_count(c), handed);
    assert_true(handed <= 3 * 6);
    cluster_free(c);
}

static void two_friends_need_no_relay(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(16, 2);
    size_t before = cluster_publishes(c, 0, "before we met");
    cluster_dials(c, 1, 0);
    cluster_run(c, 2000);
    size_t after = cluster_publishes(c, 1, "and now");
    cluster_run(c, 1000);
    assert_true(cluster_has(c, 1, before));
    assert_true(cluster_has(c, 0, after));
    cluster_free(c);
}

static void a_post_from_a_clock_that_is_ahead_comes_when_its_time_has_come(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_shifts(c, 0, 1500); /* 25 minutes; up to 10 are taken */
    size_t post = cluster_publishes(c, 0, "from tomorrow");
    cluster_run(c, 60000);
    assert_true(cluster_acknowledged(c, post));
    assert_false(cluster_has(c, 1, post));
    cluster_run(c, 900000 + 600000); /* 15 minutes later it is not ahead, and is reconciled */
    assert_true(cluster_has(c, 1, post));
    cluster_free(c);
}

static void nobody_is_blamed_for_posts_from_before_a_clock_was_put_right(void **state)
{
    (void)state;
    enum { POSTS = 20 };
    struct cluster *c = two_friends_and_a_relay();
    cluster_shifts(c, 0, 1500);
    for (int i = 0; i < POSTS; i++) {
        (void)cluster_publishes(c, 0, "from tomorrow");
        cluster_run(c, 1000);
    }
    cluster_shifts(c, 0, 0);
    cluster_run(c, 850000); /* reconciled again and again, and none can be taken yet */
    assert_false(cluster_has(c, 1, 0));
    cluster_run(c, 650000);
    assert_true(cluster_has(c, 1, POSTS - 1));
    assert_true(cluster_converged(c));
    assert_int_equal(cluster_suspected_count(c), 0);
    cluster_free(c);
}

static void a_node_that_stood_still_goes_on_and_misses_nothing(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_freezes(c, 1, 30000);
    for (int i = 0; i < 50; i++) {
        (void)cluster_publishes(c, 0, "while you slept");
        cluster_run(c, 500);
    }
    assert_false(cluster_has(c, 1, 0));
    cluster_run(c, 10000);
    assert_true(cluster_converged(c));
    assert_int_equal(cluster_blames_count(c), 0);
    cluster_free(c);
}

/* Whether a put that failed was done, drawn each time, is found by putting it again. */
static void what_was_put_though_the_disk_said_no_is_shown_without_asking(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_watches(c, 1);
    for (int i = 0; i < 10; i++) {
        cluster_freezes(c, 1, 3000);
        (void)cluster_publishes(c, 0, "me too");
        cluster_run(c, 2900);
        cluster_set_faults(c, &(struct cluster_faults){.read_fails = 1000, .store_fails = 1000});
        cluster_run(c, 800);
        assert_false(cluster_is_quiet(c));
        cluster_set_faults(c, &(struct cluster_faults){.answer_max_ms = 5});
        cluster_run(c, 5000);
        assert_true(cluster_converged(c) && cluster_is_quiet(c));
        assert_true(cluster_shows_once(c));
    }
    assert_in_range(cluster_there_count(c), 1, 9);
    cluster_free(c);
}

static void a_relay_that_omits_keeps_nobody_from_anything(void **state)
{
    (void)state;
    enum { OMITS = 2 };
    struct cluster *c = cluster_new(17, 6);
    cluster_corrupts(c, OMITS, CLUSTER_OMITS);
    for (uint32_t n = 3; n < 6; n++) { /* three relays, one of them lies, and each is asked */
        cluster_dials(c, n, 0);
        cluster_dials(c, n, 1);
        cluster_dials(c, n, OMITS);
    }
    for (int i = 0; i < 100; i++) {
        (void)cluster_publishes(c, 3 + (uint32_t)cluster_random(c, 3), "me too");
        cluster_run(c, 100);
    }
    cluster_crashes(c, 5);
    cluster_restarts(c, 5);
    cluster_run(c, 10000);
    assert_true(cluster_converged(c));
    cluster_free(c);
}

static void promises_nobody_keeps_hold_up_nobody_for_ever(void **state)
{
    (void)state;
    enum { PROMISES = 2 };
    struct cluster *c = cluster_new(18, 3);
    cluster_corrupts(c, PROMISES, CLUSTER_PROMISES);
    cluster_dials(c, 1, PROMISES);
    cluster_dials(c, 1, 0);
    cluster_run(c, 1000);
    for (int i = 0; i < 20; i++) {
        (void)cluster_publishes(c, 0, "true");
        cluster_run(c, 10000);
    }
    assert_true(cluster_converged(c));
    assert_true(cluster_blamed_count(c, PROMISES) > 0);
    assert_int_equal(cluster_blames_count(c), cluster_blamed_count(c, PROMISES));
    cluster_free(c);
}

static void what_is_said_in_the_middle_of_catching_up_comes_once(void **state)
{
    (void)state;
    struct cluster *c = two_friends_and_a_relay();
    cluster_crashes(c, 1);
    for (int i = 0; i < 2000; i++) {
        (void)cluster_publishes(c, 0, "while you were away");
        cluster_run(c, i % 50 == 0 ? 20 : 0);
    }
    cluster_run(c, 2000);
    size_t handed = cluster_handed_count(c);
    cluster_watches(c, 1);
    cluster_restarts(c, 1);
    for (int i = 0; i < 100; i++) { /* each moment of it */
        (void)cluster_publishes(c, 0, "welcome back");
        cluster_run(c, 10);
    }
    cluster_run(c, 10000);
    assert_true(cluster_converged(c));
    assert_true(cluster_shows_once(c) && cluster_keeps_once(c));
    /* 2,000 to her; the new ones to the relay and to her, and a few of them to her by both ways. */
    assert_in_range(cluster_handed_count(c) - handed, 2200, 2300);
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
        cmocka_unit_test(a_network_that_carries_one_way_only_is_missed_and_made_up_for),
        cmocka_unit_test(a_connection_that_only_one_side_lost_is_replaced),
        cmocka_unit_test(people_whom_nobody_can_dial_meet_at_a_relay),
        cmocka_unit_test(two_friends_need_no_relay),
        cmocka_unit_test(what_is_there_already_is_neither_put_nor_passed_on_again),
        cmocka_unit_test(a_post_from_a_clock_that_is_ahead_comes_when_its_time_has_come),
        cmocka_unit_test(nobody_is_blamed_for_posts_from_before_a_clock_was_put_right),
        cmocka_unit_test(a_node_that_stood_still_goes_on_and_misses_nothing),
        cmocka_unit_test(what_was_put_though_the_disk_said_no_is_shown_without_asking),
        cmocka_unit_test(a_relay_that_omits_keeps_nobody_from_anything),
        cmocka_unit_test(promises_nobody_keeps_hold_up_nobody_for_ever),
        cmocka_unit_test(what_is_said_in_the_middle_of_catching_up_comes_once),
        cmocka_unit_test(the_same_seed_gives_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
