#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/addresses.h"
#include "tests/support/file_memory.h"

#define NOW_S UINT64_C(1800000000)

static const uint8_t key[SEAL_KEY_LEN] = "a key of thirty-two octets here";
static const uint8_t other_key[SEAL_KEY_LEN] = "another of thirty-two octets ...";
static struct files *files;

static int setup(void **state)
{
    (void)state;
    files = file_memory_new(7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    file_memory_free(files);
    return 0;
}

static const struct address relay = {
    .host = "93.184.1.1", .port = 7117, .static_key = {{0x13, 0x57, 0x9b, 0xdf, 0x24, 0x68}}};

static void learn(struct addresses *addresses)
{
    address_book_good(addresses_book(addresses), &relay, NOW_S);
    address_book_set_anchors(addresses_book(addresses), &relay, 1);
    for (int i = 0; i < 60; i++) {
        peer_score_note(addresses_scores(addresses), &relay.static_key, 0, PEER_USEFUL,
                        (uint64_t)time(NULL));
    }
}

static void write_one(void)
{
    struct addresses *addresses = addresses_open(files, key);
    learn(addresses);
    addresses_save(addresses);
    addresses_free(addresses);
}

static uint8_t *read_whole(size_t *len)
{
    uint8_t *octets = NULL;
    struct err_note note = {{0}};
    assert_int_equal(file_read_all(files, &octets, len, ADDRESSES_FILE, ADDRESSES_FILE_MAX, &note),
                     ERR_OK);
    return octets;
}

static void write_whole(const uint8_t *octets, size_t len)
{
    struct err_note note = {{0}};
    assert_int_equal(file_replace(files, ADDRESSES_FILE, octets_of(octets, len), &note), ERR_OK);
}

static uint32_t tried_after_opening(const uint8_t with[SEAL_KEY_LEN])
{
    struct addresses *addresses = addresses_open(files, with);
    uint32_t count = address_book_stats(addresses_book(addresses)).tried_count;
    assert_non_null(addresses_scores(addresses));
    addresses_free(addresses);
    return count;
}

static void what_was_learnt_is_there_after_a_restart(void **state)
{
    (void)state;
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    write_one();
    struct addresses *addresses = addresses_open(files, key);
    assert_int_equal(address_book_stats(addresses_book(addresses)).tried_count, 1);
    assert_int_equal(address_book_anchors(addresses_book(addresses), anchors), 1);
    assert_true(address_equal(&anchors[0], &relay));
    int score = peer_score(addresses_scores(addresses), &relay.static_key, 0, (uint64_t)time(NULL));
    assert_in_range(score, 40, 60);
    addresses_free(addresses);
}

static void a_home_without_one_begins_with_none(void **state)
{
    (void)state;
    assert_int_equal(tried_after_opening(key), 0);
}

static void nothing_of_it_stands_in_the_clear(void **state)
{
    (void)state;
    size_t len = 0;
    write_one();
    uint8_t *octets = read_whole(&len);
    for (size_t i = 0; i + 6 <= len; i++) {
        assert_memory_not_equal(octets + i, relay.static_key.octets, 6);
        assert_true(memcmp(octets + i, "93.184", 6) != 0);
    }
    free(octets);
}

static void damage_begins_anew_and_can_be_written_over(void **state)
{
    (void)state;
    size_t len = 0;
    write_one();
    uint8_t *octets = read_whole(&len);
    for (size_t i = 0; i < len; i += 7) {
        octets[i] ^= 1;
        write_whole(octets, len);
        assert_int_equal(tried_after_opening(key), 0);
        octets[i] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut += 5) {
        write_whole(octets, cut);
        assert_int_equal(tried_after_opening(key), 0);
    }
    free(octets);
    write_one();
    assert_int_equal(tried_after_opening(key), 1);
    assert_int_equal(tried_after_opening(other_key), 0);
}

static void what_opens_and_is_no_book_begins_anew_too(void **state)
{
    (void)state;
    static const char *const plains[] = {"", "\x93\x01\xc4\x00\xc4\x00", "\x93\x02\xc4\x00\xc4\x00",
                                         "\x90", "\xc1"};
    static const size_t lens[] = {0, 6, 6, 1, 1};
    struct err_note note = {{0}};
    bool replaced = false;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        assert_int_equal(seal_replace(files, &replaced, ADDRESSES_FILE, SEAL_ADDRESSES, key,
                                      octets_of(plains[i], lens[i]), &note),
                         ERR_OK);
        assert_int_equal(tried_after_opening(key), 0);
    }
}

static void a_full_disk_stops_nobody(void **state)
{
    (void)state;
    write_one();
    struct addresses *addresses = addresses_open(files, key);
    file_memory_full(files, true);
    addresses_save(addresses);
    file_memory_full(files, false);
    addresses_free(addresses);
    assert_int_equal(tried_after_opening(key), 1); /* what stood there before */
}

static void it_is_written_hourly_and_not_at_the_start(void **state)
{
    (void)state;
    struct addresses *addresses = addresses_open(files, key);
    assert_true(addresses_are_due(addresses, 5));
    addresses_save_later(addresses, NULL, 5); /* no worker is needed: there is nothing yet */
    assert_false(addresses_are_due(addresses, 5 + ADDRESSES_SAVE_MS - 1));
    assert_true(addresses_are_due(addresses, 5 + ADDRESSES_SAVE_MS));
    addresses_free(addresses);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        TEST(what_was_learnt_is_there_after_a_restart),
        TEST(a_home_without_one_begins_with_none),
        TEST(nothing_of_it_stands_in_the_clear),
        TEST(damage_begins_anew_and_can_be_written_over),
        TEST(what_opens_and_is_no_book_begins_anew_too),
        TEST(a_full_disk_stops_nobody),
        TEST(it_is_written_hourly_and_not_at_the_start),
    };
    return cmocka_run_group_tests_name("node/addresses", tests, NULL, NULL);
}
