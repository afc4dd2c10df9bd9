#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/address_book.h"
#include "proto/address_group.h"

#define NOW_S  UINT64_C(1800000000)
#define HOUR_S 3600
#define DAY_S  86400

static const uint8_t secret[ADDRESS_BOOK_KEY_LEN] = "sixteen octets..";
static struct address_book *book;

static int setup(void **state)
{
    (void)state;
    return address_book_new(&book, secret) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    address_book_check(book);
    address_book_free(book);
    book = NULL;
    return 0;
}

static struct address at(const char *host)
{
    struct address address = {.port = 7117};
    (void)snprintf(address.host, sizeof address.host, "%s", host);
    (void)crypto_generichash(address.static_key.octets, KEY_LEN, (const uint8_t *)host,
                             strlen(host), NULL, 0);
    return address;
}

/* Host number i of group number g, all different from other tests' by nothing. */
static struct address in_group(unsigned g, unsigned i)
{
    char host[32];
    (void)snprintf(host, sizeof host, "%u.%u.%u.%u", 20 + g / 200, g % 200, i / 250, 1 + i % 250);
    return at(host);
}

static uint64_t group_number(unsigned g)
{
    return address_group(in_group(g, 0).host);
}

static struct address_book_stats stats(void)
{
    return address_book_stats(book);
}

static bool tell(const char *host, uint64_t source, uint64_t now_s)
{
    struct address address = at(host);
    return address_book_add(book, &address, source, now_s);
}

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
            struct address address = in_group(g, i);
            (void)address_book_add(book, &address, group_number(7), NOW_S);
        }
    }
    assert_in_range(stats().new_count, 1, ADDRESS_BOOK_SOURCE_BUCKETS * ADDRESS_BOOK_NEW_SLOTS);
    assert_int_equal(stats().tried_count, 0);
}

static void of_one_group_one_source_fills_one_bucket(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct address address = in_group(3, i);
        (void)address_book_add(book, &address, group_number(7), NOW_S);
    }
    assert_in_range(stats().new_count, 1, ADDRESS_BOOK_NEW_SLOTS);
}

static void of_one_group_few_are_tried_however_many_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct address address = in_group(3, i);
        (void)address_book_add(book, &address, group_number(i % 200), NOW_S);
        address_book_good(book, &address, NOW_S);
    }
    assert_in_range(stats().tried_count, 1, ADDRESS_BOOK_GROUP_BUCKETS * ADDRESS_BOOK_TRIED_SLOTS);
}

static void the_book_is_bounded(void **state)
{
    (void)state;
    for (unsigned g = 0; g < 20000; g++) {
        struct address address = in_group(g, 1);
        (void)address_book_add(book, &address, group_number(g), NOW_S);
        if (g % 4 == 0) {
            address_book_good(book, &address, NOW_S);
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
    assert_true(tell("93.184.1.1", group_number(1), NOW_S));
    assert_false(tell("93.184.1.1", group_number(2), NOW_S));
    struct address address = at("93.184.1.1");
    address_book_good(book, &address, NOW_S);
    assert_false(tell("93.184.1.1", group_number(3), NOW_S));
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
        assert_int_equal(address_book_new(&other, secret), ERR_OK);
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

/* Another address of the same group that claims the same tried place. */
static struct address tried_rival_of(const struct address *first)
{
    for (unsigned i = 0;; i++) {
        struct address rival = in_group(3, 100 + i);
        struct address_book *other = NULL;
        assert_int_equal(address_book_new(&other, secret), ERR_OK);
        address_book_good(other, first, NOW_S);
        address_book_good(other, &rival, NOW_S);
        uint32_t count = address_book_stats(other).tried_count;
        address_book_free(other);
        if (count == 1) {
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
        struct address address = in_group(g, 1);
        told += address_book_add(book, &address, group_number(g % 7), NOW_S);
    }
    return told;
}

static void crowd_of(unsigned g, bool answers)
{
    for (unsigned i = 0; i < 9000; i++) {
        struct address address = in_group(g, i);
        (void)address_book_add(book, &address, group_number(i % 500), NOW_S);
        if (answers) {
            address_book_good(book, &address, NOW_S);
        }
    }
}

static void many_of_one_group_keep_no_other_group_out(void **state)
{
    (void)state;
    crowd_of(1, false);
    assert_true(places_of(1).in_new > 1500);
    assert_true(told_ones(10, 40) >= 37); /* but for those that meet each other */
}

static void a_group_keeps_a_few_places_whoever_comes(void **state)
{
    (void)state;
    crowd_of(1, false);
    for (unsigned g = 10; g < 12000; g++) {
        struct address address = in_group(g, 1);
        (void)address_book_add(book, &address, group_number(g), NOW_S);
    }
    assert_in_range(places_of(1).in_new, ADDRESS_BOOK_GROUP_KEPT, ADDRESS_BOOK_GROUP_KEPT + 2);
}

static unsigned tried_ones(unsigned first, unsigned groups_count)
{
    unsigned found = 0;
    for (unsigned g = first; g < first + groups_count; g++) {
        struct address address = in_group(g, 1);
        address_book_good(book, &address, NOW_S);
        found += places_of(g).in_tried;
    }
    return found;
}

static void many_that_answer_leave_room_in_tried_for_other_groups(void **state)
{
    (void)state;
    for (unsigned g = 0; g < 32; g++) {
        for (unsigned i = 0; i < 300; i++) {
            struct address address = in_group(g, i);
            address_book_good(book, &address, NOW_S);
        }
    }
    assert_true(stats().tried_count > 400);
    assert_true(tried_ones(100, 100) >= 85);
    assert_true(places_of(5).in_tried >= ADDRESS_BOOK_GROUP_KEPT);
}

static bool share_a_place(const struct address *a, const struct address *b)
{
    struct address_book *other = NULL;
    assert_int_equal(address_book_new(&other, secret), ERR_OK);
    address_book_good(other, a, NOW_S);
    address_book_good(other, b, NOW_S);
    uint32_t count = address_book_stats(other).tried_count;
    address_book_free(other);
    return count == 1;
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
        struct address one = in_group(3, i);
        address_book_good(book, &one, NOW_S);
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

/* ---- Drawing ---- */

static void each_group_is_drawn_as_often_however_many_addresses_it_has(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) { /* by many tellers, so that it has many places */
        struct address address = in_group(1, i);
        (void)address_book_add(book, &address, group_number(100 + i), NOW_S);
    }
    for (unsigned g = 2; g < 5; g++) {
        struct address address = in_group(g, 1);
        assert_true(address_book_add(book, &address, group_number(g), NOW_S));
    }
    unsigned crowded = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct address drawn;
        assert_true(address_book_choose(book, &drawn, NULL, 0, i * 7919, NOW_S));
        crowded += address_group(drawn.host) == group_number(1);
    }
    assert_in_range(crowded, 190, 310);
}

static void within_a_group_each_address_is_drawn(void **state)
{
    (void)state;
    bool seen[3] = {false, false, false};
    for (unsigned i = 0; i < 3; i++) {
        struct address address = in_group(1, i);
        assert_true(address_book_add(book, &address, group_number(50 + i), NOW_S));
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
        struct address address = in_group(g, 1);
        assert_true(address_book_add(book, &address, group_number(g), NOW_S));
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
        struct address address = in_group(g, 1);
        (void)address_book_add(book, &address, group_number(g), NOW_S);
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
        struct address address = in_group(i % 3, i);
        (void)address_book_add(book, &address, group_number(10 + i), NOW_S);
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
        struct address address = in_group(g, 1);
        address_book_good(book, &address, NOW_S);
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
    assert_true(tell("93.184.1.1", 0, NOW_S));
    size_t len = 0;
    uint8_t *one = encoded(&len);
    size_t row_len = len - 21 - 1; /* after the head with one row, before tried */
    uint8_t *two = malloc(len + row_len);
    assert_non_null(two);
    memcpy(two, one, len - 1);
    assert_int_equal(two[20], 0x90);
    assert_int_equal(two[21], 0x91);
    row_len = len - 22 - 1;
    two[21] = 0x92;
    memcpy(two + len - 1, one + 22, row_len);
    two[len - 1 + row_len] = 0x90;
    struct address_book *none = NULL;
    assert_int_equal(address_book_decode(&none, octets_of(two, len + row_len)), ERR_MALFORMED);
    free(one);
    free(two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(each_group_is_drawn_as_often_however_many_addresses_it_has),
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
    return cmocka_run_group_tests_name("proto/address_book", tests, NULL, NULL);
}
