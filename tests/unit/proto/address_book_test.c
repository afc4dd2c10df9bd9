/* Who gets a place among the known addresses, and who gives way (SPEC 8.5). */
#include "tests/unit/proto/book_scene.h"

/* ---- Groups ---- */

static void groups_are_networks(void **state)
{
    (void)state;
    assert_int_equal(address_group("93.184.216.34"), 0x5db80000);
    assert_int_equal(address_group("93.184.1.1"), 0x5db80000);
    assert_int_not_equal(address_group("93.185.1.1"), 0x5db80000);
    assert_true(address_group("2a00:1450:4001::1") == UINT64_C(0x2a00145000000000));
    assert_true(address_group("2a00::1") == UINT64_C(0x2a00000000000000));
    assert_true(address_group("2a00:5::1") == UINT64_C(0x2a00000500000000));
    assert_int_equal(address_group("127.3.2.1"), ADDRESS_GROUP_LOOPBACK);
    assert_int_equal(address_group("::1"), ADDRESS_GROUP_LOOPBACK);
}

static void names_of_one_owner_are_one_group_and_all_names_are_few(void **state)
{
    (void)state;
    assert_true(address_group("a.example.org") == address_group("b.c.example.org"));
    assert_true(address_group("example.org") == address_group("www.example.org"));
    uint64_t seen[ADDRESS_GROUP_NAMES + 1];
    size_t seen_count = 0;
    for (unsigned i = 0; i < 5000; i++) {
        char host[32];
        (void)snprintf(host, sizeof host, "name%u.org", i);
        uint64_t group = address_group(host);
        size_t j = 0;
        while (j < seen_count && seen[j] != group) {
            j++;
        }
        if (j == seen_count) {
            assert_true(seen_count < ADDRESS_GROUP_NAMES);
            seen[seen_count++] = group;
        }
    }
    assert_int_equal(seen_count, ADDRESS_GROUP_NAMES);
}

/* ---- Who reaches which places ---- */

static void one_source_reaches_few_places_whatever_it_tells(void **state)
{
    (void)state;
    for (unsigned g = 0; g < 3000; g++) {
        for (unsigned i = 0; i < 4; i++) {
            (void)is_told(g, i, 7);
        }
    }
    assert_in_range(stats().new_count, 1, ADDRESS_BOOK_SOURCE_BUCKETS * ADDRESS_BOOK_NEW_SLOTS);
    assert_int_equal(stats().tried_count, 0);
}

static void of_one_group_one_source_fills_one_bucket(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        (void)is_told(3, i, 7);
    }
    assert_in_range(stats().new_count, 1, ADDRESS_BOOK_NEW_SLOTS);
}

static void of_one_group_few_are_tried_however_many_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        (void)is_told(3, i, i % 200);
        answers(3, i);
    }
    assert_in_range(stats().tried_count, 1, ADDRESS_BOOK_GROUP_BUCKETS * ADDRESS_BOOK_TRIED_SLOTS);
}

static void the_book_is_bounded(void **state)
{
    (void)state;
    for (unsigned g = 0; g < 20000; g++) {
        (void)is_told(g, 1, g);
        if (g % 4 == 0) {
            answers(g, 1);
        }
    }
    assert_in_range(stats().new_count, 1500, ADDRESS_BOOK_NEW_BUCKETS * ADDRESS_BOOK_NEW_SLOTS);
    assert_in_range(stats().tried_count, 480,
                    ADDRESS_BOOK_TRIED_BUCKETS * ADDRESS_BOOK_TRIED_SLOTS);
    assert_in_range(stats().tests_count, 0, ADDRESS_BOOK_TESTS_MAX);
}

static void what_is_known_is_not_taken_in_twice(void **state)
{
    (void)state;
    assert_true(is_told_host("93.184.1.1", group_number(1)));
    assert_false(is_told_host("93.184.1.1", group_number(2)));
    struct address address = at("93.184.1.1");
    address_book_good(book, &address, NOW_S);
    assert_false(is_told_host("93.184.1.1", group_number(3)));
    assert_int_equal(stats().new_count, 0);
    assert_int_equal(stats().tried_count, 1);
}

/* ---- Giving way ---- */

/* Another address that claims the same new place. */
static struct address rival_of(const struct address *first, uint64_t source)
{
    for (unsigned i = 0;; i++) {
        struct address rival = in_group(3, 100 + i);
        struct address_book *other = NULL;
        assert_int_equal(address_book_new(&other, book_secret), ERR_OK);
        assert_true(address_book_add(other, first, source, NOW_S));
        bool clashes = !address_book_add(other, &rival, source, NOW_S);
        address_book_free(other);
        if (clashes) {
            return rival;
        }
    }
}

static void a_new_one_gives_way_only_when_it_is_of_no_use(void **state)
{
    (void)state;
    struct address first = in_group(3, 1);
    struct address rival = rival_of(&first, group_number(7));
    assert_true(address_book_add(book, &first, group_number(7), NOW_S));
    assert_false(address_book_add(book, &rival, group_number(7), NOW_S));
    address_book_failed(book, &first, NOW_S);
    address_book_failed(book, &first, NOW_S);
    assert_false(address_book_add(book, &rival, group_number(7), NOW_S));
    address_book_failed(book, &first, NOW_S);
    assert_true(address_book_add(book, &rival, group_number(7), NOW_S));
    assert_int_equal(stats().new_count, 1);
}

static void a_new_one_gives_way_when_it_was_not_heard_of_for_long(void **state)
{
    (void)state;
    struct address first = in_group(3, 1);
    struct address rival = rival_of(&first, group_number(7));
    uint64_t later_s = NOW_S + ADDRESS_BOOK_FORGET_S;
    assert_true(address_book_add(book, &first, group_number(7), NOW_S));
    assert_false(address_book_add(book, &rival, group_number(7), later_s));
    assert_true(address_book_add(book, &rival, group_number(7), later_s + 1));
}

/* Whether two claim the same tried place. */
static bool share_a_place(const struct address *a, const struct address *b)
{
    struct address_book *other = NULL;
    assert_int_equal(address_book_new(&other, book_secret), ERR_OK);
    address_book_good(other, a, NOW_S);
    address_book_good(other, b, NOW_S);
    uint32_t count = address_book_stats(other).tried_count;
    address_book_free(other);
    return count == 1;
}

/* Another address of the same group that does. */
static struct address tried_rival_of(const struct address *first)
{
    for (unsigned i = 0;; i++) {
        struct address rival = in_group(3, 100 + i);
        if (share_a_place(first, &rival)) {
            return rival;
        }
    }
}

/* first is tried, and rival answers later and waits. */
static void let_wait(struct address *first, struct address *rival, uint64_t later_s)
{
    *first = in_group(3, 1);
    *rival = tried_rival_of(first);
    address_book_good(book, first, NOW_S);
    assert_true(address_book_add(book, rival, group_number(9), later_s));
    address_book_good(book, rival, later_s);
}

static void a_tried_one_is_tested_and_stays_when_it_answers(void **state)
{
    (void)state;
    struct address first;
    struct address rival;
    struct address felt;
    uint64_t later_s = NOW_S + ADDRESS_BOOK_FRESH_S;
    let_wait(&first, &rival, later_s);
    assert_int_equal(stats().tests_count, 1);
    assert_true(address_book_feel(book, &felt, 5, later_s));
    assert_true(address_equal(&felt, &first));
    address_book_good(book, &first, later_s);
    assert_int_equal(stats().tests_count, 0);
    assert_int_equal(stats().tried_count, 1);
    assert_true(address_book_feel(book, &felt, 5, later_s));
    assert_true(address_equal(&felt, &rival));
}

static void a_tried_one_gives_way_when_it_does_not_answer(void **state)
{
    (void)state;
    struct address first;
    struct address rival;
    struct address drawn;
    uint64_t later_s = NOW_S + ADDRESS_BOOK_FRESH_S;
    let_wait(&first, &rival, later_s);
    address_book_failed(book, &first, later_s);
    assert_int_equal(stats().tests_count, 0);
    assert_int_equal(stats().tried_count, 1);
    assert_int_equal(stats().new_count, 1); /* the first, which may answer again */
    assert_true(address_book_choose(book, &drawn, NULL, 0, 2, later_s));
    assert_true(address_equal(&drawn, &rival));
}

static void a_tried_one_that_answered_lately_is_not_even_tested(void **state)
{
    (void)state;
    struct address first;
    struct address rival;
    let_wait(&first, &rival, NOW_S + ADDRESS_BOOK_FRESH_S - 1);
    assert_int_equal(stats().tests_count, 0);
    assert_int_equal(stats().tried_count, 1);
}

static void failing_alone_takes_nobody_out_of_tried(void **state)
{
    (void)state;
    struct address first = in_group(3, 1);
    address_book_good(book, &first, NOW_S);
    for (unsigned i = 0; i < 50; i++) {
        address_book_failed(book, &first, NOW_S + i * DAY_S);
    }
    assert_int_equal(stats().tried_count, 1);
}

/* ---- Room for those whose group has little ---- */

struct count {
    uint64_t group;
    unsigned in_new;
    unsigned in_tried;
};

static void count_one(void *context, const struct address *address, bool tried)
{
    struct count *count = context;
    bool is = address_group(address->host) == count->group;
    count->in_new += is && !tried;
    count->in_tried += is && tried;
}

static struct count places_of(unsigned g)
{
    struct count count = {.group = group_number(g)};
    address_book_each(book, count_one, &count);
    return count;
}

static unsigned told_ones(unsigned first, unsigned groups_count)
{
    unsigned told = 0;
    for (unsigned g = first; g < first + groups_count; g++) {
        told += is_told(g, 1, g % 7);
    }
    return told;
}

static void crowd_of(unsigned g)
{
    for (unsigned i = 0; i < 9000; i++) {
        (void)is_told(g, i, i % 500);
    }
}

static void many_of_one_group_keep_no_other_group_out(void **state)
{
    (void)state;
    crowd_of(1);
    assert_true(places_of(1).in_new > 1500);
    assert_true(told_ones(10, 40) >= 37); /* but for those that meet each other */
}

static void a_group_keeps_a_few_places_whoever_comes(void **state)
{
    (void)state;
    crowd_of(1);
    for (unsigned g = 10; g < 12000; g++) {
        (void)is_told(g, 1, g);
    }
    assert_in_range(places_of(1).in_new, ADDRESS_BOOK_GROUP_KEPT, ADDRESS_BOOK_GROUP_KEPT + 2);
}

static unsigned tried_ones(unsigned first, unsigned groups_count)
{
    unsigned found = 0;
    for (unsigned g = first; g < first + groups_count; g++) {
        answers(g, 1);
        found += places_of(g).in_tried;
    }
    return found;
}

static void many_that_answer_leave_room_in_tried_for_other_groups(void **state)
{
    (void)state;
    for (unsigned g = 0; g < 32; g++) {
        for (unsigned i = 0; i < 300; i++) {
            answers(g, i);
        }
    }
    assert_true(stats().tried_count > 400);
    assert_true(tried_ones(100, 100) >= 85);
    assert_true(places_of(5).in_tried >= ADDRESS_BOOK_GROUP_KEPT);
}

/* incumbent, the only one of its group, holds the place in tried that rival claims, whose group
 * has others there or none. */
static void a_rival(struct address *incumbent, struct address *rival, unsigned others_count)
{
    unsigned i = 0;
    *rival = in_group(3, 1);
    do {
        *incumbent = in_group(50 + i++, 1);
    } while (!share_a_place(incumbent, rival));
    address_book_good(book, incumbent, NOW_S);
    for (i = 2; places_of(3).in_tried < others_count; i++) {
        answers(3, i);
    }
}

static void one_more_of_many_does_not_ask_for_the_place_of_an_only_one(void **state)
{
    (void)state;
    struct address incumbent;
    struct address rival;
    uint64_t later_s = NOW_S + ADDRESS_BOOK_FRESH_S;
    a_rival(&incumbent, &rival, 2);
    address_book_good(book, &rival, later_s);
    assert_int_equal(stats().tests_count, 0);
    address_book_failed(book, &incumbent, later_s);
    assert_int_equal(places_of(3).in_tried, 2);
}

static void the_first_of_its_group_asks_for_it(void **state)
{
    (void)state;
    struct address incumbent;
    struct address rival;
    uint64_t later_s = NOW_S + ADDRESS_BOOK_FRESH_S;
    a_rival(&incumbent, &rival, 0);
    address_book_good(book, &rival, later_s);
    assert_int_equal(stats().tests_count, 1);
    address_book_failed(book, &incumbent, later_s);
    assert_int_equal(places_of(3).in_tried, 1);
}

static void who_is_long_lost_gives_way_to_anybody(void **state)
{
    (void)state;
    struct address incumbent;
    struct address rival;
    uint64_t later_s = NOW_S + ADDRESS_BOOK_FRESH_S;
    a_rival(&incumbent, &rival, 2);
    for (unsigned i = 0; i < ADDRESS_BOOK_LOST; i++) {
        address_book_failed(book, &incumbent, later_s);
    }
    address_book_good(book, &rival, later_s);
    assert_int_equal(places_of(3).in_tried, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, book_set_up, book_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_are_networks),
        TEST(names_of_one_owner_are_one_group_and_all_names_are_few),
        TEST(one_source_reaches_few_places_whatever_it_tells),
        TEST(of_one_group_one_source_fills_one_bucket),
        TEST(of_one_group_few_are_tried_however_many_answer),
        TEST(the_book_is_bounded),
        TEST(what_is_known_is_not_taken_in_twice),
        TEST(a_new_one_gives_way_only_when_it_is_of_no_use),
        TEST(a_new_one_gives_way_when_it_was_not_heard_of_for_long),
        TEST(a_tried_one_is_tested_and_stays_when_it_answers),
        TEST(a_tried_one_gives_way_when_it_does_not_answer),
        TEST(a_tried_one_that_answered_lately_is_not_even_tested),
        TEST(failing_alone_takes_nobody_out_of_tried),
        TEST(many_of_one_group_keep_no_other_group_out),
        TEST(a_group_keeps_a_few_places_whoever_comes),
        TEST(many_that_answer_leave_room_in_tried_for_other_groups),
        TEST(one_more_of_many_does_not_ask_for_the_place_of_an_only_one),
        TEST(the_first_of_its_group_asks_for_it),
        TEST(who_is_long_lost_gives_way_to_anybody),
    };
    return cmocka_run_group_tests_name("proto/address_book", tests, NULL, NULL);
}
