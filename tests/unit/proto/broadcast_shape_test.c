#include "tests/support/broadcast_rig.h"

static void a_post_that_comes_twice_prunes_the_later_way(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    comes(b, 1, 7, 3, NOW_MS);
    assert_true(does_nothing(b, NOW_MS));
    comes_again(b, 2, 7, 3, NOW_MS);
    assert_true(does(b, BROADCAST_PRUNE, 2, NOW_MS));
    assert_true(is_eager(b, 1));
    assert_false(is_eager(b, 2));
    comes_again(b, 1, 7, 3, NOW_MS); /* the way it came first is never too much */
    assert_true(does_nothing(b, NOW_MS));
    broadcast_free(b);
}

static void a_later_copy_that_came_a_shorter_way_prunes_the_longer(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    for (uint32_t link = 1; link <= 4; link++) {
        up(b, link, BROADCAST_TREE);
    }
    comes(b, 1, 7, 6, NOW_MS);
    comes_again(b, 2, 7, 6 - BROADCAST_SHAPE_HOPS, NOW_MS);
    assert_true(does(b, BROADCAST_PRUNE, 1, NOW_MS));
    comes_again(b, 3, 7, 6 - BROADCAST_SHAPE_HOPS, NOW_MS); /* no shorter than that */
    assert_true(does(b, BROADCAST_PRUNE, 3, NOW_MS));
    comes_again(b, 4, 7, 2, NOW_MS);
    assert_true(does(b, BROADCAST_PRUNE, 2, NOW_MS));
    assert_true(does_nothing(b, NOW_MS));
    assert_true(is_eager(b, 4) && !is_eager(b, 1) && !is_eager(b, 2) && !is_eager(b, 3));
    broadcast_free(b);
}

/* It was sent a copy that came 3 + 1 hops. */
static void a_way_that_is_shorter_for_the_other_end_is_left_to_it(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    for (uint32_t link = 1; link <= 3; link++) {
        up(b, link, BROADCAST_TREE);
    }
    comes(b, 1, 7, 3, NOW_MS);
    comes_again(b, 2, 7, 3 + 2 + BROADCAST_SHAPE_HOPS, NOW_MS);
    assert_true(does_nothing(b, NOW_MS));
    assert_true(is_eager(b, 2));
    comes_again(b, 3, 7, 3 + 1 + BROADCAST_SHAPE_HOPS, NOW_MS);
    assert_true(does(b, BROADCAST_PRUNE, 3, NOW_MS));
    assert_true(is_eager(b, 1));
    broadcast_free(b);
}

static void nothing_is_pruned_when_the_first_way_is_gone(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    comes(b, 1, 7, 3, NOW_MS);
    broadcast_on_down(b, 1);
    comes_again(b, 2, 7, 3, NOW_MS);
    assert_true(does_nothing(b, NOW_MS));
    assert_true(is_eager(b, 2));
    broadcast_free(b);
}

static void a_link_that_was_cut_while_a_post_was_on_it_cuts_no_other(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    for (uint32_t link = 1; link <= 3; link++) {
        up(b, link, BROADCAST_TREE);
    }
    broadcast_on_prune(b, 1);
    comes(b, 1, 7, 3, NOW_MS);
    comes_again(b, 2, 7, 3, NOW_MS);
    assert_true(does_nothing(b, NOW_MS));
    assert_true(is_eager(b, 2));
    comes_again(b, 3, 7, 3, NOW_MS); /* two of them are one too many */
    assert_true(does(b, BROADCAST_PRUNE, 3, NOW_MS));
    broadcast_free(b);
}

static void what_comes_again_after_a_link_that_takes_no_part_prunes_nothing(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    comes(b, 99, 7, 3, NOW_MS);
    comes_again(b, 1, 7, 3, NOW_MS);
    assert_true(does_nothing(b, NOW_MS));
    assert_true(is_eager(b, 1));
    broadcast_free(b);
}

static void a_leaf_that_is_faster_is_pruned_and_not_the_tree(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_LEAF);
    up(b, 2, BROADCAST_TREE);
    comes(b, 1, 7, 0, NOW_MS);
    comes_again(b, 2, 7, 3, NOW_MS);
    assert_true(does(b, BROADCAST_PRUNE, 1, NOW_MS));
    assert_true(is_eager(b, 2));
    assert_true(is_eager(b, 1)); /* what it is sent is for it to say */
    broadcast_free(b);
}

/* Posts come over link 1, and link 2 announces each, so many hops shorter; another link, or 0,
 * announces them too.  Gives whether the ways are swapped. */
static bool swaps(uint8_t saved_hops, uint32_t also)
{
    struct broadcast *b = tree();
    uint64_t now_ms = NOW_MS + 2 * BROADCAST_SWAP_EVERY_MS;
    for (uint32_t link = 1; link <= 3; link++) {
        up(b, link, BROADCAST_TREE);
    }
    broadcast_on_prune(b, 2);
    broadcast_on_prune(b, 3);
    for (uint32_t n = 0; n < BROADCAST_SWAP_COUNT; n++) {
        assert_true(does_nothing(b, now_ms));
        uint32_t post = n == 0 ? 0 : PLAIN + n;
        now_ms += APART_MS;
        comes(b, 1, post, 9, now_ms);
        if (also != 0) {
            announces(b, also, post, 9, now_ms);
        }
        announces(b, 2, post, (uint8_t)(9 - saved_hops), now_ms);
    }
    bool swapped = is_eager(b, 2);
    if (swapped) {
        assert_true(does(b, BROADCAST_PRUNE, 1, now_ms));
        assert_true(does(b, BROADCAST_GRAFT, 2, now_ms));
        assert_true(action.push && action.count == 0);
    }
    assert_int_equal(is_eager(b, 1), !swapped);
    assert_true(does_nothing(b, now_ms));
    broadcast_free(b);
    return swapped;
}

static void a_way_that_is_shorter_on_average_takes_the_place_of_the_longer(void **state)
{
    (void)state;
    assert_true(swaps((BROADCAST_SWAP_HALVES + 1) / 2, 0));
    assert_false(swaps(BROADCAST_SWAP_HALVES / 2, 0));
}

static void another_way_that_is_weighed_at_the_same_time_changes_nothing(void **state)
{
    (void)state;
    assert_true(swaps((BROADCAST_SWAP_HALVES + 1) / 2, 3));
}

/* Else posts that were written near it would be all it is judged by. */
static void what_a_way_did_not_announce_counts_against_it(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    uint64_t now_ms = NOW_MS + 2 * BROADCAST_SWAP_EVERY_MS;
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    broadcast_on_prune(b, 2);
    for (uint32_t n = 0; n < BROADCAST_SWAP_WINDOW; n++) {
        now_ms += APART_MS;
        comes(b, 1, n, 9, now_ms);
        if (n % 4 == 0) {
            announces(b, 2, n, 9 - 4, now_ms);
        }
    }
    assert_false(is_eager(b, 2));
    broadcast_free(b);
}

static void a_way_is_weighed_against_one_other_at_a_time(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    uint64_t now_ms = NOW_MS + 2 * BROADCAST_SWAP_EVERY_MS;
    for (uint32_t link = 1; link <= 3; link++) {
        up(b, link, BROADCAST_TREE);
    }
    broadcast_on_prune(b, 2);
    for (uint32_t n = 0; n < 2 * BROADCAST_SWAP_COUNT; n++) {
        assert_true(is_eager(b, 1) && is_eager(b, 3) && !is_eager(b, 2));
        uint32_t post = n == 0 ? 0 : PLAIN + n;
        bool other = n == BROADCAST_SWAP_COUNT - 1;
        now_ms += APART_MS;
        comes(b, other ? 3 : 1, post, 9, now_ms);
        announces(b, 2, post, 5, now_ms);
    }
    assert_true(!is_eager(b, 1) && is_eager(b, 2));
    broadcast_free(b);
}

/* Posts come over link 1 and link 2 announces them, each much shorter; but the one that shapes the
 * tree, before them, came over another and was announced with so many hops.  Gives whether the ways
 * are swapped once so much time has passed. */
static bool swaps_after(uint32_t shaper_from, uint8_t shaper_hops, uint64_t age_ms)
{
    struct broadcast *b = tree();
    uint64_t now_ms = NOW_MS + 2 * BROADCAST_SWAP_EVERY_MS;
    for (uint32_t link = 1; link <= 3; link++) {
        up(b, link, BROADCAST_TREE);
    }
    broadcast_on_prune(b, 2);
    comes(b, shaper_from, 0, 5, now_ms);
    announces(b, 2, 0, shaper_hops, now_ms);
    for (uint32_t n = 1; n <= BROADCAST_SWAP_COUNT; n++) {
        uint64_t at_ms = now_ms + n * age_ms / BROADCAST_SWAP_COUNT;
        comes(b, 1, PLAIN + n, 9, at_ms);
        announces(b, 2, PLAIN + n, 1, at_ms);
    }
    bool swapped = is_eager(b, 2);
    broadcast_free(b);
    return swapped;
}

static void ways_are_swapped_only_where_the_shaping_post_came_and_to_no_more_hops(void **state)
{
    (void)state;
    assert_true(swaps_after(1, 5, BROADCAST_SHAPE_SETTLE_MS));
    assert_false(swaps_after(1, 6, BROADCAST_SHAPE_SETTLE_MS));
    assert_false(swaps_after(1, MESSAGE_HOPS_OLD, BROADCAST_SHAPE_SETTLE_MS));
    assert_false(swaps_after(3, 5, BROADCAST_SHAPE_SETTLE_MS));
    assert_false(swaps_after(1, 5, BROADCAST_SHAPE_SETTLE_MS - 1)); /* it is on its way */
}

/* Others may go by that one. */
static void ways_are_not_swapped_while_another_post_that_may_shape_is_about(void **state)
{
    (void)state;
    for (uint64_t before_ms = BROADCAST_SHAPE_SETTLE_MS - 1; before_ms <= BROADCAST_SHAPE_SETTLE_MS;
         before_ms++) {
        struct broadcast *b = tree();
        uint64_t now_ms = NOW_MS + 2 * BROADCAST_SWAP_EVERY_MS;
        up(b, 1, BROADCAST_TREE);
        up(b, 2, BROADCAST_TREE);
        broadcast_on_prune(b, 2);
        comes(b, 1, 0, 9, now_ms - BROADCAST_SHAPE_HOLD_MS);
        comes(b, 1, 1, 9, now_ms - before_ms);
        comes(b, 1, 2, 9, now_ms);
        announces(b, 2, 2, 5, now_ms);
        for (uint32_t n = 1; n <= BROADCAST_SWAP_COUNT; n++) {
            uint64_t at_ms = now_ms + n * BROADCAST_SHAPE_SETTLE_MS / BROADCAST_SWAP_COUNT;
            comes(b, 1, PLAIN + n, 9, at_ms);
            announces(b, 2, PLAIN + n, 5, at_ms);
        }
        assert_int_equal(is_eager(b, 2), before_ms == BROADCAST_SHAPE_SETTLE_MS);
        broadcast_free(b);
    }
}

static void ways_are_swapped_only_now_and_then(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    uint64_t now_ms = NOW_MS + 2 * BROADCAST_SWAP_EVERY_MS;
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    broadcast_on_prune(b, 2);
    for (uint32_t n = 0; n < BROADCAST_SWAP_COUNT; n++) {
        now_ms += APART_MS;
        comes(b, 1, n == 0 ? 0 : PLAIN + n, 9, now_ms);
        announces(b, 2, n == 0 ? 0 : PLAIN + n, 5, now_ms);
    }
    assert_true(is_eager(b, 2) && !is_eager(b, 1));
    for (uint32_t n = 0; n < BROADCAST_SWAP_COUNT; n++) {
        now_ms += APART_MS;
        comes(b, 2, PLAIN + 1000 + n, 9, now_ms);
        announces(b, 1, PLAIN + 1000 + n, 5, now_ms);
        assert_true(is_eager(b, 2));
    }
    now_ms += 2 * BROADCAST_SWAP_EVERY_MS;
    comes(b, 2, 2000, 9, now_ms);
    announces(b, 1, 2000, 5, now_ms);
    now_ms += BROADCAST_SHAPE_SETTLE_MS;
    comes(b, 2, PLAIN + 2001, 9, now_ms);
    announces(b, 1, PLAIN + 2001, 5, now_ms);
    assert_true(is_eager(b, 1) && !is_eager(b, 2));
    broadcast_free(b);
}

static void where_posts_are_many_few_of_them_shape_the_tree(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    for (uint32_t n = 0; n < 100; n++) {
        comes(b, 1, n, 3, NOW_MS + 10 * n);
    }
    struct post_id high = id_of(500);
    octets_put_u32be(high.octets + 4, UINT32_MAX / 2);
    broadcast_on_post(b, &high, 1, 3, NOW_MS + 1000);
    broadcast_on_again(b, &high, 2, 3, NOW_MS + 1000);
    assert_true(does_nothing(b, NOW_MS + 1000));
    comes(b, 1, 501, 3, NOW_MS + 1010);
    comes_again(b, 2, 501, 3, NOW_MS + 1010);
    assert_true(does(b, BROADCAST_PRUNE, 2, NOW_MS + 1010));
    broadcast_free(b);
}

static void of_posts_that_cross_each_other_the_first_shapes_the_tree(void **state)
{
    (void)state;
    struct broadcast *b = tree();
    uint64_t later_ms = NOW_MS + BROADCAST_SHAPE_HOLD_MS;
    up(b, 1, BROADCAST_TREE);
    up(b, 2, BROADCAST_TREE);
    up(b, 3, BROADCAST_TREE);
    comes(b, 1, 7, 3, NOW_MS);
    comes(b, 2, 8, 3, NOW_MS + 100);
    comes_again(b, 1, 8, 3, NOW_MS + 200);
    assert_true(does_nothing(b, NOW_MS + 200));
    comes_again(b, 2, 7, 3, NOW_MS + 200);
    assert_true(does(b, BROADCAST_PRUNE, 2, NOW_MS + 200));
    comes(b, 1, 9, 3, later_ms - 1);
    comes_again(b, 3, 9, 3, later_ms - 1);
    assert_true(does_nothing(b, later_ms - 1));
    comes(b, 1, 10, 3, later_ms);
    comes_again(b, 3, 10, 3, later_ms);
    assert_true(does(b, BROADCAST_PRUNE, 3, later_ms));
    broadcast_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_that_comes_twice_prunes_the_later_way),
        cmocka_unit_test(a_later_copy_that_came_a_shorter_way_prunes_the_longer),
        cmocka_unit_test(a_way_that_is_shorter_for_the_other_end_is_left_to_it),
        cmocka_unit_test(nothing_is_pruned_when_the_first_way_is_gone),
        cmocka_unit_test(a_link_that_was_cut_while_a_post_was_on_it_cuts_no_other),
        cmocka_unit_test(what_comes_again_after_a_link_that_takes_no_part_prunes_nothing),
        cmocka_unit_test(a_leaf_that_is_faster_is_pruned_and_not_the_tree),
        cmocka_unit_test(a_way_that_is_shorter_on_average_takes_the_place_of_the_longer),
        cmocka_unit_test(another_way_that_is_weighed_at_the_same_time_changes_nothing),
        cmocka_unit_test(what_a_way_did_not_announce_counts_against_it),
        cmocka_unit_test(a_way_is_weighed_against_one_other_at_a_time),
        cmocka_unit_test(ways_are_swapped_only_where_the_shaping_post_came_and_to_no_more_hops),
        cmocka_unit_test(ways_are_not_swapped_while_another_post_that_may_shape_is_about),
        cmocka_unit_test(ways_are_swapped_only_now_and_then),
        cmocka_unit_test(where_posts_are_many_few_of_them_shape_the_tree),
        cmocka_unit_test(of_posts_that_cross_each_other_the_first_shapes_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
