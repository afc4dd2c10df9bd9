#include "tests/support/broadcast_rig.h"

static void a_link_pushes_until_it_is_pruned_and_again_when_grafted(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 70, BROADCAST_TREE);
    assert_true(is_eager(b, 70));
    broadcast_on_prune(b, 70);
    assert_false(is_eager(b, 70));
    broadcast_on_graft(b, 70);
    assert_true(is_eager(b, 70));
    broadcast_on_down(b, 70);
    assert_false(is_eager(b, 70));
    broadcast_free(b);
}

static void what_is_announced_and_does_not_come_is_asked_for_after_the_timer(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    broadcast_on_prune(b, 1);
    announces(b, 1, 7, 3, NOW_MS);
    assert_true(does_nothing(b, NOW_MS + BROADCAST_GRAFT_MIN_MS - 1));
    uint64_t at_ms = until_asked(b, NOW_MS);
    assert_true(at_ms <= NOW_MS + BROADCAST_GRAFT_MIN_MS + 2 * BROADCAST_YIELD_MS);
    assert_true(does(b, BROADCAST_GRAFT, 1, at_ms));
    assert_true(action.push && action.count == 1);
    assert_int_equal(octets_get_u32be(action.ids[0].octets), 7);
    assert_true(is_eager(b, 1));
    broadcast_free(b);
}

static void the_timer_follows_the_round_trip(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    for (int i = 0; i < 20; i++) {
        broadcast_on_rtt(b, 1, i == 0 ? 9000 : 400); /* one in twenty may be slow */
    }
    announces(b, 1, 7, 3, NOW_MS);
    assert_true(broadcast_deadline_ms(b) >= NOW_MS + BROADCAST_RTT_FACTOR * 400);
    assert_true(broadcast_deadline_ms(b) <=
                NOW_MS + BROADCAST_RTT_FACTOR * 400 + 2 * BROADCAST_YIELD_MS);
    broadcast_free(b);
}

static void who_answers_ever_later_has_nobody_wait(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    for (int i = 0; i < 20; i++) {
        broadcast_on_rtt(b, 1, 60000);
    }
    announces(b, 1, 7, 3, NOW_MS);
    uint64_t longest_ms = BROADCAST_RTT_FACTOR * BROADCAST_RTT_MAX_MS + 2 * BROADCAST_YIELD_MS;
    assert_in_range(broadcast_deadline_ms(b), NOW_MS + BROADCAST_RTT_FACTOR * BROADCAST_RTT_MAX_MS,
                    NOW_MS + longest_ms);
    announces(b, 2, 7, 3, NOW_MS + 10);
    uint64_t at_ms = until_asked(b, NOW_MS + 10);
    assert_in_range(at_ms, NOW_MS + 10 + BROADCAST_GRAFT_MIN_MS,
                    NOW_MS + 10 + BROADCAST_GRAFT_MIN_MS + 2 * BROADCAST_YIELD_MS);
    assert_true(does(b, BROADCAST_GRAFT, 2, at_ms));
    broadcast_free(b);
}

static void an_announcement_that_is_repeated_counts_once(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    comes(b, 1, 1, 9, NOW_MS);
    comes_again(b, 2, 1, 9, NOW_MS);
    assert_true(does(b, BROADCAST_PRUNE, 2, NOW_MS));
    uint64_t now_ms = NOW_MS + 100000;
    for (uint32_t n = 0; n < 100; n++) {
        announces(b, 2, 1, 1, now_ms); /* 8 hops less each time */
    }
    for (uint32_t n = 2; n < 2 + BROADCAST_SWAP_COUNT; n++) {
        comes(b, 1, PLAIN + n, 2, now_ms); /* none of which it announces */
    }
    announces(b, 2, PLAIN + 1 + BROADCAST_SWAP_COUNT, 2, now_ms);
    assert_false(is_eager(b, 2));
    assert_true(is_eager(b, 1));
    broadcast_free(b);
}

static void what_comes_or_is_known_is_not_asked_for(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    const bool known[1] = {true};
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    announces(b, 1, 7, 3, NOW_MS);
    comes(b, 2, 7, 3, NOW_MS + 100);
    assert_true(does_nothing(b, NOW_MS + 5000));
    announces(b, 1, 7, 3, NOW_MS + 5000); /* nor what came lately */
    assert_true(does_nothing(b, NOW_MS + 10000));

    announces(b, 1, 8, 3, NOW_MS + 10000);
    assert_true(does(b, BROADCAST_CHECK, 0, NOW_MS + 15000));
    broadcast_on_checked(b, action.ids, known, 1);
    assert_true(does_nothing(b, NOW_MS + 20000));
    broadcast_free(b);
}

static void who_does_not_deliver_broke_a_promise_and_the_next_is_asked(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    up(b, 3, BROADCAST_TREE);
    struct post_id id = id_of(7);
    announces(b, 1, 7, 3, NOW_MS);
    announces(b, 2, 7, 3, NOW_MS);
    announces(b, 3, 7, 3, NOW_MS);
    uint64_t at_ms = until_asked(b, NOW_MS);
    assert_true(does(b, BROADCAST_GRAFT, 1, at_ms));
    broadcast_on_none(b, 1, &id, at_ms + 10); /* it says that it has not */
    assert_true(does(b, BROADCAST_GRAFT, 2, at_ms + 10));
    assert_true(does(b, BROADCAST_GRAFT, 3, at_ms + 10 + BROADCAST_GRAFT_MIN_MS)); /* silence */
    assert_int_equal(broadcast_broken_count(b, 1), 0);
    assert_int_equal(broadcast_broken_count(b, 2), 1);
    comes(b, 3, 7, 3, at_ms + 600);
    assert_int_equal(broadcast_broken_count(b, 3), 0);
    broadcast_free(b);
}

/* Link announces this, is asked, and says that it has not; or says nothing. */
static void promises(struct broadcast *b, uint32_t link, uint32_t n, bool says_none,
                     uint64_t now_ms)
{
    struct post_id id = id_of(n);
    const bool unknown[1] = {false};
    announces(b, link, n, MESSAGE_HOPS_OLD, now_ms);
    assert_true(does(b, BROADCAST_CHECK, 0, now_ms));
    broadcast_on_checked(b, action.ids, unknown, 1);
    assert_true(does(b, BROADCAST_GRAFT, link, now_ms));
    if (says_none) {
        broadcast_on_none(b, link, &id, now_ms);
    } else {
        assert_true(does_nothing(b, now_ms + BROADCAST_OLD_WAIT_MS));
    }
}

static void who_breaks_too_many_promises_is_not_listened_to(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    uint64_t now_ms = NOW_MS;
    for (uint32_t n = 0; n <= BROADCAST_BROKEN_MAX; n++) {
        assert_false(broadcast_is_faithless(b, 1));
        promises(b, 1, n, false, now_ms);
        now_ms += BROADCAST_OLD_WAIT_MS;
    }
    assert_true(broadcast_is_faithless(b, 1));
    announces(b, 1, 1000, 3, now_ms);
    assert_true(does_nothing(b, now_ms + 5000));
    broadcast_free(b);
}

/* Posts that expire, or are taken back, as soon as they are announced: nobody can turn a node
 * against another with them. */
static void who_says_none_is_listened_to_still_and_asked_last(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    const bool unknown[1] = {false};
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    for (uint32_t n = 0; n < 2000; n++) {
        assert_int_equal(broadcast_is_doubtful(b, 1), n > BROADCAST_BROKEN_MAX);
        promises(b, 1, n, true, NOW_MS);
    }
    assert_false(broadcast_is_faithless(b, 1));
    assert_int_equal(broadcast_broken_count(b, 1), 0);
    announces(b, 1, 5000, 3, NOW_MS);
    announces(b, 2, 5000, 3, NOW_MS);
    announces(b, 1, 5001, 3, NOW_MS);
    uint64_t at_ms = NOW_MS + 2000;
    assert_true(does(b, BROADCAST_CHECK, 0, at_ms));
    bool none_known[2] = {false, false};
    assert_int_equal(action.count, 2);
    broadcast_on_checked(b, action.ids, none_known, 2);
    assert_true(does(b, BROADCAST_GRAFT, 2, at_ms)); /* who announced it later */
    struct post_id id = id_of(5000);
    assert_true(post_id_equal(&action.ids[0], &id));
    assert_true(does(b, BROADCAST_GRAFT, 1, at_ms)); /* and the other, for nobody else has it */
    comes(b, 1, 5001, 3, at_ms);
    broadcast_on_none(b, 2, &id, at_ms);
    assert_true(does(b, BROADCAST_GRAFT, 1, at_ms)); /* last, but asked */
    comes(b, 1, 5000, 3, at_ms);
    /* What it keeps makes up for it, and what is long past weighs little. */
    for (uint32_t n = 0; n < 1700; n++) {
        announces(b, 1, 6000 + n, MESSAGE_HOPS_OLD, at_ms);
        assert_true(does(b, BROADCAST_CHECK, 0, at_ms));
        broadcast_on_checked(b, action.ids, unknown, 1);
        assert_true(does(b, BROADCAST_GRAFT, 1, at_ms));
        comes(b, 1, 6000 + n, MESSAGE_HOPS_OLD, at_ms);
    }
    assert_false(broadcast_is_doubtful(b, 1));
    broadcast_free(b);
}

/* Or whoever says NONE to everything could take the places of those who have it. */
static void who_says_none_takes_nobody_s_place_among_those_who_are_asked(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    for (uint32_t link = 1; link <= BROADCAST_SENDERS_MAX + 1; link++) {
        up(b, link, BROADCAST_TREE);
    }
    for (uint32_t link = 1; link <= BROADCAST_SENDERS_MAX; link++) {
        for (uint32_t n = 0; n <= BROADCAST_BROKEN_MAX; n++) {
            promises(b, link, 100 * link + n, true, NOW_MS);
        }
        announces(b, link, 7, 3, NOW_MS);
    }
    announces(b, BROADCAST_SENDERS_MAX + 1, 7, 3, NOW_MS);
    uint64_t at_ms = until_asked(b, NOW_MS);
    assert_true(does(b, BROADCAST_GRAFT, BROADCAST_SENDERS_MAX + 1, at_ms));
    /* Nor is it asked for more at a time than a leaf. */
    for (uint32_t n = 0; n < BROADCAST_PROMISES_MAX; n++) {
        announces(b, 1, 1000 + n, MESSAGE_HOPS_OLD, at_ms);
    }
    assert_true(does(b, BROADCAST_CHECK, 0, at_ms));
    assert_int_equal(action.count, BROADCAST_PROMISES_LEAF - 1);
    broadcast_free(b);
}

#define WAIT_MS 90000

static void early(struct broadcast *b, uint32_t link, uint32_t n, uint64_t wait_ms)
{
    struct post_id id = id_of(n);
    broadcast_on_early(b, &id, link, wait_ms, NOW_MS);
    broadcast_check(b);
}

/* Whether id n is asked of link at that moment, and nothing else is done. */
static bool is_asked_for(struct broadcast *b, uint32_t n, uint32_t link, uint64_t now_ms)
{
    struct post_id id = id_of(n);
    const bool unknown[1] = {false};
    if (!does(b, BROADCAST_CHECK, 0, now_ms) || action.count != 1 ||
        !post_id_equal(&action.ids[0], &id)) {
        return false;
    }
    broadcast_on_checked(b, &id, unknown, 1);
    return does(b, BROADCAST_GRAFT, link, now_ms) && post_id_equal(&action.ids[0], &id) &&
           !action.push;
}

static void what_is_dated_ahead_is_asked_for_when_its_time_has_come(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    struct post_id id = id_of(7);
    uint8_t hops;
    early(b, 1, 7, WAIT_MS);
    assert_false(broadcast_saw(b, &id, &hops));
    announces(b, 2, 7, 3, NOW_MS); /* not asked for before */
    early(b, 2, 7, WAIT_MS);
    assert_true(does_nothing(b, NOW_MS + WAIT_MS - 1));
    assert_int_equal(broadcast_deadline_ms(b), NOW_MS + WAIT_MS);
    assert_true(is_asked_for(b, 7, 1, NOW_MS + WAIT_MS));
    broadcast_on_none(b, 1, &id, NOW_MS + WAIT_MS);
    assert_true(does(b, BROADCAST_GRAFT, 2, NOW_MS + WAIT_MS));
    comes(b, 2, 7, MESSAGE_HOPS_OLD, NOW_MS + WAIT_MS + 10);
    assert_true(does_nothing(b, NOW_MS + 10 * WAIT_MS));
    broadcast_free(b);
}

/* Whoever brought it early kept its promise, and what comes in time is no second copy. */
static void what_was_asked_for_and_comes_early_was_delivered(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    for (uint32_t n = 0; n < BROADCAST_BROKEN_MAX; n++) {
        promises(b, 1, 100 + n, false, NOW_MS - 1000);
    }
    announces(b, 1, 7, 3, NOW_MS);
    uint64_t at_ms = until_asked(b, NOW_MS);
    assert_true(does(b, BROADCAST_GRAFT, 1, at_ms));
    early(b, 1, 7, WAIT_MS);
    assert_true(does_nothing(b, NOW_MS + WAIT_MS - 1));
    promises(b, 1, 200, false, NOW_MS);
    assert_false(broadcast_is_faithless(b, 1));
    comes(b, 2, 7, 3, NOW_MS + WAIT_MS);
    comes_again(b, 2, 7, 3, NOW_MS + WAIT_MS);
    assert_true(is_eager(b, 2));
    assert_true(does_nothing(b, NOW_MS + 2 * WAIT_MS));
    broadcast_free(b);
}

static void what_is_dated_too_far_ahead_or_too_often_is_not_waited_for(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    struct post_id id = id_of(0);
    uint8_t hops;
    early(b, 1, 0, BROADCAST_EARLY_MAX_MS + 1);
    assert_true(broadcast_saw(b, &id, &hops));
    for (uint32_t n = 1; n <= 2 * BROADCAST_EARLY_LINK; n++) {
        id = id_of(n);
        early(b, 1, n, WAIT_MS);
        assert_int_equal(broadcast_saw(b, &id, &hops), n > BROADCAST_EARLY_LINK);
    }
    early(b, 2, 1000, WAIT_MS); /* others have their own places */
    id = id_of(1000);
    assert_false(broadcast_saw(b, &id, &hops));
    assert_true(does(b, BROADCAST_CHECK, 0, NOW_MS + WAIT_MS));
    assert_int_equal(action.count, BROADCAST_EARLY_LINK + 1);
    /* Of who is gone nothing is asked. */
    struct broadcast *gone = tree();
    up(gone, 1, BROADCAST_TREE);
    early(gone, 1, 7, WAIT_MS);
    broadcast_on_down(gone, 1);
    assert_true(does_nothing(gone, NOW_MS + WAIT_MS));
    broadcast_free(gone);
    broadcast_free(b);
}

static void what_is_dated_ahead_takes_a_sixteenth_of_the_table(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    uint8_t hops;
    uint32_t waiting_count = 0;
    for (uint32_t link = 0; link < 100; link++) {
        up(b, link, BROADCAST_TREE);
        for (uint32_t n = 0; n < BROADCAST_EARLY_LINK; n++) {
            struct post_id id = id_of(link * 1000 + n);
            early(b, link, link * 1000 + n, WAIT_MS);
            waiting_count += !broadcast_saw(b, &id, &hops);
        }
    }
    /* Those that were too many are remembered; a few of them were forgotten again. */
    bool unknown[MESSAGE_IDS_MAX] = {false};
    assert_true(waiting_count >= 256);
    assert_true(does(b, BROADCAST_CHECK, 0, NOW_MS + WAIT_MS));
    assert_int_equal(action.count, 256);
    broadcast_on_checked(b, action.ids, unknown, 256);
    broadcast_free(b);
}

static void what_is_not_new_is_asked_for_at_once_and_joins_nothing_to_the_tree(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    const bool unknown[1] = {false};
    up(b, 1, BROADCAST_TREE);
    broadcast_on_prune(b, 1);
    announces(b, 1, 7, MESSAGE_HOPS_OLD, NOW_MS);
    assert_true(does(b, BROADCAST_CHECK, 0, NOW_MS));
    broadcast_on_checked(b, action.ids, unknown, 1);
    assert_true(does(b, BROADCAST_GRAFT, 1, NOW_MS));
    assert_false(action.push);
    assert_false(is_eager(b, 1));
    broadcast_free(b);
}

static void one_peer_fills_its_share_of_the_table_alone(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_LEAF);
    up(b, 2, BROADCAST_TREE);
    for (uint32_t n = 0; n < 1000; n++) {
        announces(b, 1, n, 3, NOW_MS);
        announces(b, 2, 10000 + n, 3, NOW_MS);
    }
    size_t checked = 0;
    broadcast_on_time(b, NOW_MS + 5000);
    while (broadcast_next(b, &action, true, NOW_MS + 5000)) {
        assert_int_equal(action.what, BROADCAST_CHECK);
        checked += action.count;
    }
    assert_int_equal(checked, BROADCAST_PROMISES_LEAF + BROADCAST_PROMISES_MAX);
    broadcast_check(b);
    broadcast_free(b);
}

static void leaves_together_leave_room_for_relays(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    for (uint32_t leaf = 0; leaf < 64; leaf++) {
        up(b, leaf, BROADCAST_LEAF);
        for (uint32_t n = 0; n < BROADCAST_PROMISES_LEAF; n++) {
            announces(b, leaf, 1 + leaf * BROADCAST_PROMISES_LEAF + n, 0, NOW_MS);
        }
    }
    up(b, 70, BROADCAST_TREE);
    announces(b, 70, 1000000, 1, NOW_MS);
    uint32_t senders[BROADCAST_SENDERS_MAX];
    struct post_id id = id_of(1000000);
    assert_int_equal(broadcast_senders(b, senders, &id), 1);
    id = id_of(64 * BROADCAST_PROMISES_LEAF);
    assert_int_equal(broadcast_senders(b, senders, &id), 0);

    broadcast_on_down(b, 0); /* what one promised makes room for others */
    announces(b, 63, 64 * BROADCAST_PROMISES_LEAF, 0, NOW_MS);
    assert_int_equal(broadcast_senders(b, senders, &id), 1);
    broadcast_free(b);
}

static void a_leaf_has_two_parents_and_pushes_its_own_to_one(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_PARENT);
    up(b, 2, BROADCAST_PARENT);
    assert_true(does_nothing(b, NOW_MS));
    up(b, 3, BROADCAST_PARENT);
    assert_true(does(b, BROADCAST_PRUNE, 3, NOW_MS));
    assert_false(is_eager(b, 1) || is_eager(b, 2) || is_eager(b, 3));
    assert_true(is_eager_own(b, 1));
    assert_false(is_eager_own(b, 2) || is_eager_own(b, 3));
    comes(b, 1, 7, 3, NOW_MS);
    comes_again(b, 2, 7, 3, NOW_MS); /* both push, so that one may fail */
    assert_true(does_nothing(b, NOW_MS));

    broadcast_on_down(b, 1);
    assert_true(does(b, BROADCAST_GRAFT, 3, NOW_MS));
    assert_true(action.push && action.count == 0);
    assert_true(is_eager_own(b, 2));
    assert_false(is_eager_own(b, 1));
    broadcast_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_pushes_until_it_is_pruned_and_again_when_grafted),
        cmocka_unit_test(what_is_announced_and_does_not_come_is_asked_for_after_the_timer),
        cmocka_unit_test(the_timer_follows_the_round_trip),
        cmocka_unit_test(who_answers_ever_later_has_nobody_wait),
        cmocka_unit_test(an_announcement_that_is_repeated_counts_once),
        cmocka_unit_test(what_comes_or_is_known_is_not_asked_for),
        cmocka_unit_test(who_does_not_deliver_broke_a_promise_and_the_next_is_asked),
        cmocka_unit_test(who_breaks_too_many_promises_is_not_listened_to),
        cmocka_unit_test(who_says_none_is_listened_to_still_and_asked_last),
        cmocka_unit_test(who_says_none_takes_nobody_s_place_among_those_who_are_asked),
        cmocka_unit_test(what_is_dated_ahead_is_asked_for_when_its_time_has_come),
        cmocka_unit_test(what_was_asked_for_and_comes_early_was_delivered),
        cmocka_unit_test(what_is_dated_too_far_ahead_or_too_often_is_not_waited_for),
        cmocka_unit_test(what_is_dated_ahead_takes_a_sixteenth_of_the_table),
        cmocka_unit_test(what_is_not_new_is_asked_for_at_once_and_joins_nothing_to_the_tree),
        cmocka_unit_test(one_peer_fills_its_share_of_the_table_alone),
        cmocka_unit_test(leaves_together_leave_room_for_relays),
        cmocka_unit_test(a_leaf_has_two_parents_and_pushes_its_own_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
