/* What is drawn from the known addresses, what others are told of them, and what of them is on the
 * disk (SPEC 8.5). */
#include <stdlib.h>

#include "tests/unit/proto/book_scene.h"

/* ---- Drawing ---- */

static void each_group_is_drawn_as_often_however_many_addresses_it_has(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        answers(1, i);
    }
    assert_true(stats().tried_count > 16);
    for (unsigned g = 2; g < 5; g++) {
        answers(g, 1);
    }
    unsigned crowded = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct address drawn;
        assert_true(address_book_choose(book, &drawn, NULL, 0, i * 7919, NOW_S));
        crowded += address_group(drawn.host) == group_number(1);
    }
    assert_in_range(crowded, 190, 310);
}

/* Three tell of ten groups each, and one of a hundred. */
static void who_tells_of_many_groups_is_not_all_that_is_drawn(void **state)
{
    (void)state;
    unsigned of_many = 0;
    for (unsigned g = 0; g < 130; g++) {
        (void)is_told(g, 1, 300 + (g < 30 ? g / 10 : 3));
    }
    for (uint64_t i = 0; i < 1000; i++) {
        struct address drawn;
        bool of_few = false;
        assert_true(address_book_choose(book, &drawn, NULL, 0, i * 7919, NOW_S));
        for (unsigned g = 0; g < 30; g++) {
            of_few = of_few || group_number(g) == address_group(drawn.host);
        }
        of_many += !of_few;
    }
    assert_in_range(of_many, 400, 600); /* a quarter half the time, else three quarters */
}

static void within_a_group_each_address_is_drawn(void **state)
{
    (void)state;
    bool seen[3] = {false, false, false};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(is_told(1, i, 50 + i));
    }
    for (uint64_t r = 0; r < 100; r++) {
        struct address drawn;
        assert_true(address_book_choose(book, &drawn, NULL, 0, r, NOW_S));
        for (unsigned i = 0; i < 3; i++) {
            struct address address = in_group(1, i);
            seen[i] = seen[i] || address_equal(&drawn, &address);
        }
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void of_a_group_that_is_taken_nothing_is_drawn(void **state)
{
    (void)state;
    struct address drawn;
    uint64_t taken[] = {group_number(1), group_number(2)};
    for (unsigned g = 1; g < 4; g++) {
        assert_true(is_told(g, 1, g));
    }
    for (uint64_t r = 0; r < 50; r++) {
        assert_true(address_book_choose(book, &drawn, taken, 2, r, NOW_S));
        assert_true(address_group(drawn.host) == group_number(3));
    }
    uint64_t all[] = {group_number(1), group_number(2), group_number(3)};
    assert_false(address_book_choose(book, &drawn, all, 3, 1, NOW_S));
}

static void what_failed_rests_for_longer_each_time(void **state)
{
    (void)state;
    struct address address = in_group(1, 1);
    struct address drawn;
    address_book_good(book, &address, NOW_S);
    address_book_failed(book, &address, NOW_S);
    uint64_t again_s = NOW_S + ADDRESS_BOOK_AGAIN_S;
    assert_false(address_book_choose(book, &drawn, NULL, 0, 1, again_s - 1));
    assert_true(address_book_choose(book, &drawn, NULL, 0, 1, again_s));
    address_book_failed(book, &address, again_s);
    again_s += 2 * ADDRESS_BOOK_AGAIN_S;
    assert_false(address_book_choose(book, &drawn, NULL, 0, 1, again_s - 1));
    assert_true(address_book_choose(book, &drawn, NULL, 0, 1, again_s));
    for (unsigned i = 0; i < 60; i++) {
        address_book_failed(book, &address, again_s);
    }
    assert_false(address_book_choose(book, &drawn, NULL, 0, 1, again_s + DAY_S - 1));
    assert_true(address_book_choose(book, &drawn, NULL, 0, 1, again_s + DAY_S));
    address_book_good(book, &address, again_s);
    assert_true(address_book_choose(book, &drawn, NULL, 0, 1, again_s));
}

static void an_empty_book_gives_nothing(void **state)
{
    (void)state;
    struct address drawn;
    const struct address *sample = NULL;
    assert_false(address_book_choose(book, &drawn, NULL, 0, 1, NOW_S));
    assert_false(address_book_feel(book, &drawn, 1, NOW_S));
    assert_int_equal(address_book_sample(book, &sample, NOW_S), 0);
}

/* ---- What others are told ---- */

static void fill(unsigned groups_count)
{
    for (unsigned g = 0; g < groups_count; g++) {
        (void)is_told(g, 1, g);
    }
}

static bool same_sample(const struct address *before, const struct address *sample, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!address_equal(&before[i], &sample[i])) {
            return false;
        }
    }
    return true;
}

static void all_day_the_same_is_told_whatever_happens_meanwhile(void **state)
{
    (void)state;
    struct address before[ADDRESS_BOOK_SAMPLE_MAX];
    const struct address *sample = NULL;
    uint64_t morning_s = NOW_S - NOW_S % DAY_S;
    fill(1500);
    assert_int_equal(address_book_sample(book, &sample, morning_s), ADDRESS_BOOK_SAMPLE_MAX);
    memcpy(before, sample, sizeof before);
    for (unsigned g = 0; g < 1500; g++) {
        struct address address = in_group(g, 1);
        address_book_failed(book, &address, morning_s);
        address_book_good(book, &address, morning_s);
    }
    fill(3000);
    assert_int_equal(address_book_sample(book, &sample, morning_s + DAY_S - 1),
                     ADDRESS_BOOK_SAMPLE_MAX);
    assert_true(same_sample(before, sample, ADDRESS_BOOK_SAMPLE_MAX));
    assert_int_equal(address_book_sample(book, &sample, morning_s + DAY_S),
                     ADDRESS_BOOK_SAMPLE_MAX);
    assert_false(same_sample(before, sample, ADDRESS_BOOK_SAMPLE_MAX));
}

static void a_small_book_is_not_told_whole(void **state)
{
    (void)state;
    const struct address *sample = NULL;
    fill(40);
    uint32_t known_count = stats().new_count;
    assert_in_range(known_count, 30, 40);
    assert_int_equal(address_book_sample(book, &sample, NOW_S), 3);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(address_group(sample[i].host) != address_group(sample[j].host));
        }
    }
}

static void one_of_each_group_is_told(void **state)
{
    (void)state;
    const struct address *sample = NULL;
    for (unsigned i = 0; i < 300; i++) {
        (void)is_told(i % 3, i, 10 + i);
    }
    assert_true(stats().new_count > 16 * 4);
    assert_int_equal(address_book_sample(book, &sample, NOW_S), 3);
}

/* ---- On the disk ---- */

static uint8_t *encoded(size_t *len)
{
    size_t cap = address_book_encoded_cap(book);
    uint8_t *at_room = malloc(cap);
    assert_non_null(at_room);
    *len = address_book_encode(book, at_room, cap);
    return at_room;
}

static void a_book_reads_back_the_same(void **state)
{
    (void)state;
    fill(500);
    for (unsigned g = 0; g < 200; g++) {
        answers(g, 1);
    }
    struct address name = at("relay.example.org");
    struct address six = at("2a00:1450:4001::1");
    assert_true(address_book_add(book, &name, UINT64_MAX, NOW_S));
    assert_true(address_book_add(book, &six, 0, NOW_S));
    address_book_set_anchors(book, (struct address[]){name, six}, 2);
    size_t len = 0;
    size_t again_len = 0;
    uint8_t *once = encoded(&len);
    struct address_book *again = NULL;
    assert_int_equal(address_book_decode(&again, octets_of(once, len)), ERR_OK);
    address_book_check(again);
    assert_int_equal(address_book_stats(again).tried_count, stats().tried_count);
    address_book_free(book);
    book = again;
    uint8_t *twice = encoded(&again_len);
    assert_int_equal(len, again_len);
    assert_memory_equal(once, twice, len);
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    assert_int_equal(address_book_anchors(book, anchors), 2);
    assert_true(address_equal(&anchors[0], &name) && address_equal(&anchors[1], &six));
    free(once);
    free(twice);
}

static void what_was_tried_within_the_hour_is_still_tried_after_a_restart(void **state)
{
    (void)state;
    struct address address = at("93.184.1.1");
    address_book_good(book, &address, 5); /* a machine whose clock begins in 1970 */
    size_t len = 0;
    uint8_t *once = encoded(&len);
    struct address_book *again = NULL;
    assert_int_equal(address_book_decode(&again, octets_of(once, len)), ERR_OK);
    assert_int_equal(address_book_stats(again).tried_count, 1);
    address_book_free(again);
    free(once);
}

static void no_book_is_refused(void **state)
{
    (void)state;
    fill(20);
    struct address address = in_group(1, 1);
    address_book_good(book, &address, NOW_S);
    size_t len = 0;
    uint8_t *whole = encoded(&len);
    struct address_book *none = NULL;
    for (size_t cut = 0; cut < len; cut++) {
        enum err_code rc = address_book_decode(&none, octets_of(whole, cut));
        assert_true(rc == ERR_TRUNCATED || rc == ERR_MALFORMED);
    }
    for (size_t i = 0; i < len; i++) { /* a changed octet never crashes, and rarely passes */
        whole[i] ^= 0x41;
        if (address_book_decode(&none, octets_of(whole, len)) == ERR_OK) {
            address_book_check(none);
            address_book_free(none);
        }
        whole[i] ^= 0x41;
    }
    whole[1] = 0;
    assert_int_equal(address_book_decode(&none, octets_of(whole, len)), ERR_MALFORMED);
    whole[1] = 2;
    assert_int_equal(address_book_decode(&none, octets_of(whole, len)), ERR_MALFORMED);
    free(whole);
}

static void two_rows_of_one_place_are_no_book(void **state)
{
    (void)state;
    assert_true(is_told_host("93.184.1.1", 0));
    size_t len = 0;
    uint8_t *one = encoded(&len);
    size_t row_len = len - 22 - 1; /* after the head with one row, before tried */
    uint8_t *two = malloc(len + row_len);
    assert_non_null(two);
    memcpy(two, one, len - 1);
    assert_int_equal(two[20], 0x90);
    assert_int_equal(two[21], 0x91);
    two[21] = 0x92;
    memcpy(two + len - 1, one + 22, row_len);
    two[len - 1 + row_len] = 0x90;
    struct address_book *none = NULL;
    assert_int_equal(address_book_decode(&none, octets_of(two, len + row_len)), ERR_MALFORMED);
    free(one);
    free(two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, book_set_up, book_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_group_is_drawn_as_often_however_many_addresses_it_has),
        TEST(who_tells_of_many_groups_is_not_all_that_is_drawn),
        TEST(within_a_group_each_address_is_drawn),
        TEST(of_a_group_that_is_taken_nothing_is_drawn),
        TEST(what_failed_rests_for_longer_each_time),
        TEST(an_empty_book_gives_nothing),
        TEST(all_day_the_same_is_told_whatever_happens_meanwhile),
        TEST(a_small_book_is_not_told_whole),
        TEST(one_of_each_group_is_told),
        TEST(a_book_reads_back_the_same),
        TEST(what_was_tried_within_the_hour_is_still_tried_after_a_restart),
        TEST(no_book_is_refused),
        TEST(two_rows_of_one_place_are_no_book),
    };
    return cmocka_run_group_tests_name("proto/address_book_draw", tests, NULL, NULL);
}
