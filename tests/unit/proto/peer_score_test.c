#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proto/address_group.h"
#include "proto/octets.h"
#include "proto/peer_score.h"

#define NOW_S  UINT64_C(1800000000)
#define HALF_S ((uint64_t)PEER_SCORE_HALF_LIFE_S)
#define NEAR   UINT64_C(0x5db80000)

static struct peer_scores *scores;

static int setup(void **state)
{
    (void)state;
    return peer_scores_new(&scores) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    peer_scores_free(scores);
    return 0;
}

static struct key key_of(uint32_t number)
{
    struct key key = {{0}};
    octets_put_u32be(key.octets + 4, number + 1);
    return key;
}

static void does(uint32_t who, enum peer_deed deed, unsigned times, uint64_t now_s)
{
    struct key key = key_of(who);
    for (unsigned i = 0; i < times; i++) {
        peer_score_note(scores, &key, NEAR, deed, now_s);
    }
}

static int score(uint32_t who, uint64_t now_s)
{
    struct key key = key_of(who);
    return peer_score(scores, &key, ADDRESS_GROUP_NONE, now_s);
}

static bool refused(uint32_t who, uint64_t now_s)
{
    struct key key = key_of(who);
    return peer_score_refuses(scores, &key, now_s);
}

static void deeds_count_as_said(void **state)
{
    (void)state;
    does(1, PEER_USEFUL, 3, NOW_S);
    does(2, PEER_WITHOUT, 1, NOW_S);
    does(3, PEER_UNDELIVERED, 1, NOW_S);
    does(4, PEER_INVALID, 1, NOW_S);
    does(5, PEER_UNRULY, 1, NOW_S);
    assert_int_equal(score(1, NOW_S), 3);
    assert_int_equal(score(2, NOW_S), -2);
    assert_int_equal(score(3, NOW_S), -15);
    assert_int_equal(score(4, NOW_S), -50);
    assert_int_equal(score(5, NOW_S), -25);
    assert_int_equal(score(6, NOW_S), 0);
}

static void scores_are_bounded_either_way(void **state)
{
    (void)state;
    does(1, PEER_USEFUL, 500, NOW_S);
    does(2, PEER_INVALID, 500, NOW_S);
    assert_int_equal(score(1, NOW_S), PEER_SCORE_MAX);
    assert_int_equal(score(2, NOW_S), PEER_SCORE_MIN);
}

static void scores_halve_and_fade_away(void **state)
{
    (void)state;
    does(1, PEER_USEFUL, 80, NOW_S);
    does(2, PEER_INVALID, 2, NOW_S);
    assert_int_equal(score(1, NOW_S + HALF_S / 2), 60);
    assert_int_equal(score(1, NOW_S + HALF_S), 40);
    assert_int_equal(score(2, NOW_S + HALF_S), -50);
    assert_int_equal(score(2, NOW_S + 2 * HALF_S), -25);
    assert_int_equal(score(2, NOW_S + 1000 * HALF_S), 0);
    assert_int_equal(score(2, UINT64_MAX), 0);
    assert_int_equal(score(2, NOW_S - 5), -100); /* the clock was set back */
}

static void duplicates_only_take_from_what_is_good(void **state)
{
    (void)state;
    does(1, PEER_DUPLICATE, 1000, NOW_S);
    assert_int_equal(score(1, NOW_S), 0);
    does(1, PEER_USEFUL, 3, NOW_S);
    does(1, PEER_DUPLICATE, 20, NOW_S);
    assert_int_equal(score(1, NOW_S), 2);
    does(1, PEER_DUPLICATE, 1000, NOW_S);
    assert_int_equal(score(1, NOW_S), 0);
    does(2, PEER_WITHOUT, 1, NOW_S);
    does(2, PEER_DUPLICATE, 10, NOW_S);
    assert_int_equal(score(2, NOW_S), -2);
}

/* Whoever writes posts that soon expire makes honest nodes list what they do not give. */
static void what_posts_that_expire_bring_about_shuts_nobody_out(void **state)
{
    (void)state;
    struct key newcomer = key_of(9000);
    does(1, PEER_WITHOUT, 500, NOW_S);
    assert_int_equal(score(1, NOW_S), PEER_SCORE_WITHOUT_LEAST);
    assert_true(PEER_SCORE_WITHOUT_LEAST > PEER_SCORE_LOW);
    assert_false(refused(1, NOW_S));
    assert_int_equal(peer_score(scores, &newcomer, NEAR, NOW_S), 0);
    does(2, PEER_UNDELIVERED, 1, NOW_S); /* lower already: it stays there */
    does(2, PEER_WITHOUT, 5, NOW_S);
    assert_int_equal(score(2, NOW_S), -15);
}

static void an_invalid_proof_is_refused_for_a_time(void **state)
{
    (void)state;
    does(1, PEER_INVALID, 1, NOW_S);
    assert_true(refused(1, NOW_S));
    assert_true(refused(1, NOW_S + HALF_S / 4));
    assert_false(refused(1, NOW_S + HALF_S / 2));
    assert_true(score(1, NOW_S + HALF_S / 2) <= PEER_SCORE_LOW);
    assert_true(score(1, NOW_S + 2 * HALF_S) > PEER_SCORE_LOW);
    does(2, PEER_UNRULY, 1, NOW_S);
    assert_false(refused(2, NOW_S));
    does(2, PEER_UNRULY, 1, NOW_S);
    assert_true(refused(2, NOW_S));
}

static void a_group_counts_against_newcomers_and_refuses_nobody(void **state)
{
    (void)state;
    struct key newcomer = key_of(9000);
    struct key friend = key_of(1);
    does(1, PEER_USEFUL, 5, NOW_S);
    for (uint32_t i = 0; i < 16; i++) {
        does(100 + i, PEER_INVALID, 1, NOW_S);
    }
    assert_true(peer_score(scores, &newcomer, NEAR, NOW_S) <= PEER_SCORE_LOW);
    assert_int_equal(peer_score(scores, &newcomer, NEAR + 0x10000, NOW_S), 0);
    assert_int_equal(peer_score(scores, &friend, NEAR, NOW_S), 5);
    assert_false(peer_score_refuses(scores, &newcomer, NOW_S));
}

static void what_is_good_is_nobodys_but_the_keys(void **state)
{
    (void)state;
    struct key newcomer = key_of(9000);
    does(1, PEER_USEFUL, 100, NOW_S);
    assert_int_equal(peer_score(scores, &newcomer, NEAR, NOW_S), 0);
}

static void loopback_and_the_unknown_are_no_groups(void **state)
{
    (void)state;
    struct key bad = key_of(1);
    struct key other = key_of(2);
    for (int i = 0; i < 20; i++) {
        peer_score_note(scores, &bad, ADDRESS_GROUP_LOOPBACK, PEER_INVALID, NOW_S);
        peer_score_note(scores, &bad, ADDRESS_GROUP_NONE, PEER_INVALID, NOW_S);
    }
    assert_int_equal(peer_score(scores, &other, ADDRESS_GROUP_LOOPBACK, NOW_S), 0);
    assert_int_equal(peer_score(scores, &other, ADDRESS_GROUP_NONE, NOW_S), 0);
    assert_int_equal(peer_scores_count(scores), 1);
}

static void ever_new_keys_push_out_neither_friends_nor_groups(void **state)
{
    (void)state;
    struct key newcomer = key_of(90000);
    does(1, PEER_USEFUL, 60, NOW_S);
    struct key elsewhere = key_of(80000);
    for (int i = 0; i < 4; i++) {
        peer_score_note(scores, &elsewhere, 2 * NEAR, PEER_INVALID, NOW_S);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        does(100 + i, PEER_INVALID, 1, NOW_S);
    }
    assert_int_equal(peer_scores_count(scores), PEER_SCORE_ROWS);
    assert_int_equal(score(1, NOW_S), 60);
    assert_true(peer_score(scores, &newcomer, NEAR, NOW_S) <= PEER_SCORE_LOW);
    assert_int_equal(peer_score(scores, &newcomer, 2 * NEAR, NOW_S), -25);
}

static void reasons_to_close_are_deeds_or_nobodys_fault(void **state)
{
    (void)state;
    assert_int_equal(peer_deed_of(ERR_PROOF), PEER_INVALID);
    assert_int_equal(peer_deed_of(ERR_UNDELIVERED), PEER_UNDELIVERED);
    assert_int_equal(peer_deed_of(ERR_MALFORMED), PEER_UNRULY);
    assert_int_equal(peer_deed_of(ERR_TRUNCATED), PEER_UNRULY);
    assert_int_equal(peer_deed_of(ERR_TOO_LARGE), PEER_UNRULY);
    assert_int_equal(peer_deed_of(ERR_UNEXPECTED), PEER_UNRULY);
    assert_int_equal(peer_deed_of(ERR_FLOOD), PEER_UNRULY);
    assert_int_equal(peer_deed_of(ERR_OK), PEER_DEEDS_COUNT);
    assert_int_equal(peer_deed_of(ERR_TIMEOUT), PEER_DEEDS_COUNT);
    assert_int_equal(peer_deed_of(ERR_NO_MEMORY), PEER_DEEDS_COUNT);
    assert_int_equal(peer_deed_of(ERR_CANCELLED), PEER_DEEDS_COUNT);
    assert_int_equal(peer_deed_of(ERR_VERSION), PEER_DEEDS_COUNT);
}

static void on_the_disk_they_are_coarse(void **state)
{
    (void)state;
    uint8_t once[PEER_SCORE_ENCODED_MAX];
    uint8_t twice[PEER_SCORE_ENCODED_MAX];
    does(1, PEER_USEFUL, 59, NOW_S);
    does(2, PEER_INVALID, 1, NOW_S);
    does(3, PEER_USEFUL, 9, NOW_S);
    size_t len = peer_scores_encode(scores, once, NOW_S);
    struct peer_scores *again = NULL;
    uint64_t later_s = NOW_S + 10 * HALF_S;
    assert_int_equal(peer_scores_decode(&again, octets_of(once, len), later_s), ERR_OK);
    peer_scores_free(scores);
    scores = again;
    assert_int_equal(score(1, later_s), 50);
    assert_int_equal(score(2, later_s), -50);
    assert_int_equal(score(3, later_s), 0);
    assert_true(refused(2, later_s));
    assert_int_equal(peer_scores_encode(scores, twice, later_s), len);
    assert_memory_equal(once, twice, len);
}

static void no_scores_are_refused(void **state)
{
    (void)state;
    uint8_t whole[PEER_SCORE_ENCODED_MAX];
    struct peer_scores *none = NULL;
    does(1, PEER_USEFUL, 59, NOW_S);
    does(2, PEER_INVALID, 1, NOW_S);
    size_t len = peer_scores_encode(scores, whole, NOW_S);
    for (size_t cut = 0; cut < len; cut++) {
        enum err_code rc = peer_scores_decode(&none, octets_of(whole, cut), NOW_S);
        assert_true(rc == ERR_TRUNCATED || rc == ERR_MALFORMED);
    }
    static const uint8_t bad[][8] = {
        {0x90},                    /* no version */
        {0x91, 2},                 /* another */
        {0x92, 1, 0x93, 7, 1, 10}, /* 0 is left out */
        {0x92, 1, 0x93, 7, 3, 11}, /* no such kind */
        {0x92, 1, 0x93, 7, 0, 11}, /* likewise */
        {0x92, 1, 0x93, 7, 1, 21}, /* beyond the bound */
        {0x92, 1, 0x92, 7, 1},     /* too few fields */
    };
    static const size_t lens[] = {1, 2, 6, 6, 6, 6, 5};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        assert_int_equal(peer_scores_decode(&none, octets_of(bad[i], lens[i]), NOW_S),
                         ERR_MALFORMED);
    }
    static const uint8_t twice[] = {0x93, 1, 0x93, 7, 1, 11, 0x93, 7, 1, 12};
    assert_int_equal(peer_scores_decode(&none, octets_of(twice, sizeof twice), NOW_S),
                     ERR_MALFORMED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deeds_count_as_said),
        TEST(scores_are_bounded_either_way),
        TEST(scores_halve_and_fade_away),
        TEST(duplicates_only_take_from_what_is_good),
        TEST(what_posts_that_expire_bring_about_shuts_nobody_out),
        TEST(an_invalid_proof_is_refused_for_a_time),
        TEST(a_group_counts_against_newcomers_and_refuses_nobody),
        TEST(what_is_good_is_nobodys_but_the_keys),
        TEST(loopback_and_the_unknown_are_no_groups),
        TEST(ever_new_keys_push_out_neither_friends_nor_groups),
        TEST(reasons_to_close_are_deeds_or_nobodys_fault),
        TEST(on_the_disk_they_are_coarse),
        TEST(no_scores_are_refused),
    };
    return cmocka_run_group_tests_name("proto/peer_score", tests, NULL, NULL);
}
