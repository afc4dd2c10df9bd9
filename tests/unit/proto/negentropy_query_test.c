#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/negentropy_ids.h"
#include "proto/negentropy_query.h"

static struct negentropy_item item(uint64_t created_s, uint8_t first, uint8_t last)
{
    struct negentropy_item it = {.created_s = created_s};
    it.id.octets[0] = first;
    it.id.octets[POST_ID_LEN - 1] = last;
    return it;
}

static void assert_separates(const struct negentropy_item *before,
                             const struct negentropy_item *first, uint8_t prefix_len)
{
    struct negentropy_bound bound = negentropy_bound_between(before, first);
    assert_int_equal(bound.prefix_len, prefix_len);
    assert_true(negentropy_item_compare_bound(before, &bound) < 0);
    assert_true(negentropy_item_compare_bound(first, &bound) >= 0);
    for (size_t i = prefix_len; i < POST_ID_LEN; i++) {
        assert_int_equal(bound.id.octets[i], 0);
    }
}

static void a_bound_between_is_as_short_as_can_be(void **state)
{
    (void)state;
    struct negentropy_item a = item(5, 1, 9);
    struct negentropy_item later = item(6, 0, 0);
    struct negentropy_item other = item(5, 2, 0);
    struct negentropy_item close = item(5, 1, 10);
    assert_separates(&a, &later, 0);
    assert_separates(&a, &other, 1);
    assert_separates(&a, &close, POST_ID_LEN);
}

static void bounds_stand_in_order(void **state)
{
    (void)state;
    struct negentropy_item a = item(5, 1, 9);
    struct negentropy_item b = item(5, 2, 0);
    struct negentropy_bound zero = negentropy_bound_zero();
    struct negentropy_bound infinity = negentropy_bound_infinity();
    struct negentropy_bound at = negentropy_bound_at(&a);
    assert_true(negentropy_bound_compare(&zero, &at) < 0);
    assert_true(negentropy_bound_compare(&at, &infinity) < 0);
    assert_int_equal(negentropy_bound_compare(&at, &at), 0);
    assert_int_equal(negentropy_item_compare_bound(&a, &at), 0);
    assert_true(negentropy_item_compare(&a, &b) < 0);
    assert_true(negentropy_item_compare(&b, &a) > 0);
}

static void buckets_share_evenly_and_hold_all(void **state)
{
    (void)state;
    static const uint64_t counts[] = {32, 33, 47, 48, 1000003, UINT64_MAX};
    const struct negentropy_query query = {.kind = NEGENTROPY_SPLIT};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        uint64_t ends[NEGENTROPY_BUCKETS];
        uint64_t before = 0;
        uint64_t len_before = UINT64_MAX;
        assert_int_equal(negentropy_bucket_ends(ends, &query, counts[k]), NEGENTROPY_BUCKETS);
        for (unsigned i = 0; i < NEGENTROPY_BUCKETS; i++) {
            uint64_t len = ends[i] - before;
            assert_true(len == counts[k] / 16 || len == counts[k] / 16 + 1);
            assert_true(len <= len_before);
            before = ends[i];
            len_before = len;
        }
        assert_true(before == counts[k]);
    }
}

static void an_opening_is_in_order_whatever_its_salt(void **state)
{
    (void)state;
    static const uint64_t counts[] = {32, 100, 2047, 2048, 5000, 1000000, UINT64_MAX / 2};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        for (uint64_t salt = 0; salt < 2000; salt++) {
            const struct negentropy_query query = {
                .kind = NEGENTROPY_SPLIT, .opening = true, .salt = salt};
            uint64_t ends[NEGENTROPY_BUCKETS];
            unsigned ends_count = negentropy_bucket_ends(ends, &query, counts[k]);
            assert_true(ends_count >= 7 && ends_count < NEGENTROPY_BUCKETS);
            for (unsigned i = 0; i < ends_count; i++) {
                assert_true(ends[i] > (i == 0 ? 0 : ends[i - 1]));
            }
            assert_true(ends[ends_count - 1] == counts[k]);
        }
    }
}

static void an_opening_is_fine_where_it_is_new_and_nowhere_the_same(void **state)
{
    (void)state;
    struct negentropy_query query = {.kind = NEGENTROPY_SPLIT, .opening = true, .salt = 1};
    uint64_t ends[NEGENTROPY_BUCKETS];
    uint64_t others[NEGENTROPY_BUCKETS];
    unsigned ends_count = negentropy_bucket_ends(ends, &query, 1000000);
    assert_true(1000000 - ends[ends_count - 2] < 64);
    query.salt = 2;
    assert_int_equal(negentropy_bucket_ends(others, &query, 1000000), ends_count);
    for (unsigned i = 0; i + 2 < ends_count; i++) {
        assert_true(ends[i] != others[i]);
    }
}

/* Places 0 to count - 1 hold ids in falling order, each twice. */
static void fill_falling(uint8_t *wire, size_t count)
{
    memset(wire, 0, count * POST_ID_LEN);
    for (size_t i = 0; i < count; i++) {
        size_t value = (count - 1 - i) / 2;
        wire[i * POST_ID_LEN] = (uint8_t)(value >> 8);
        wire[i * POST_ID_LEN + POST_ID_LEN - 1] = (uint8_t)value;
    }
}

static void struck_ids_are_gone_and_the_rest_is_left_once_in_order(void **state)
{
    (void)state;
    static uint8_t wire[NEGENTROPY_IDS_MAX * POST_ID_LEN];
    static struct negentropy_ids ids;
    static struct post_id left[NEGENTROPY_IDS_MAX];
    static uint16_t places[NEGENTROPY_IDS_MAX];
    fill_falling(wire, NEGENTROPY_IDS_MAX);
    negentropy_ids_init(&ids, wire, NEGENTROPY_IDS_MAX);

    struct post_id id = {{0}};
    for (size_t value = 0; value < NEGENTROPY_IDS_MAX / 2; value += 2) {
        id.octets[0] = (uint8_t)(value >> 8);
        id.octets[POST_ID_LEN - 1] = (uint8_t)value;
        assert_true(negentropy_ids_strike(&ids, &id));
    }
    id.octets[1] = 1;
    assert_false(negentropy_ids_strike(&ids, &id));

    assert_int_equal(negentropy_ids_left(&ids, left, places), NEGENTROPY_IDS_MAX / 4);
    for (size_t i = 0; i < NEGENTROPY_IDS_MAX / 4; i++) {
        assert_int_equal(left[i].octets[0] << 8 | left[i].octets[POST_ID_LEN - 1], 2 * i + 1);
        assert_memory_equal(wire + places[i] * (size_t)POST_ID_LEN, &left[i], POST_ID_LEN);
    }
}

static void an_empty_list_has_nothing_to_strike(void **state)
{
    (void)state;
    static struct negentropy_ids ids;
    struct post_id id = {{0}};
    negentropy_ids_init(&ids, NULL, 0);
    assert_false(negentropy_ids_strike(&ids, &id));
    assert_int_equal(negentropy_ids_left(&ids, &id, NULL), 0);
}

static void what_was_looked_up_counts(void **state)
{
    (void)state;
    static struct negentropy_results results;
    assert_int_equal(negentropy_results_steps(&results), 4);
    results.answers_count = 3;
    results.answers[0].shape = NEGENTROPY_FOLDED;
    results.answers[0].buckets_count = 9; /* nobody looks there */
    results.answers[0].items_count = 900;
    assert_int_equal(negentropy_results_steps(&results), 7);
    results.answers[1].shape = NEGENTROPY_BUCKETED;
    results.answers[1].buckets_count = NEGENTROPY_BUCKETS;
    assert_int_equal(negentropy_results_steps(&results), 7 + NEGENTROPY_BUCKETS);
    results.answers[2].shape = NEGENTROPY_LISTED;
    results.answers[2].items_count = 96;
    assert_int_equal(negentropy_results_steps(&results), 7 + NEGENTROPY_BUCKETS + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_looked_up_counts),
        cmocka_unit_test(a_bound_between_is_as_short_as_can_be),
        cmocka_unit_test(bounds_stand_in_order),
        cmocka_unit_test(buckets_share_evenly_and_hold_all),
        cmocka_unit_test(an_opening_is_in_order_whatever_its_salt),
        cmocka_unit_test(an_opening_is_fine_where_it_is_new_and_nowhere_the_same),
        cmocka_unit_test(struck_ids_are_gone_and_the_rest_is_left_once_in_order),
        cmocka_unit_test(an_empty_list_has_nothing_to_strike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
