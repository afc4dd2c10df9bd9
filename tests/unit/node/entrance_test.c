#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/entrance.h"
#include "proto/peer_score.h"

#define CONNS_MAX 64
#define PLACES    48

static struct conn conns[CONNS_MAX];
static size_t conns_count;
static struct conn *first;

static int begin(void **state)
{
    (void)state;
    memset(conns, 0, sizeof conns);
    conns_count = 0;
    first = NULL;
    return 0;
}

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage from = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&from, &v4, sizeof v4);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(&from, &v6, sizeof v6);
    }
    return from;
}

/* Somebody connects; the newest stand first. */
static struct conn *comes(const char *from, bool established)
{
    assert_true(conns_count < CONNS_MAX);
    struct conn *conn = &conns[conns_count++];
    conn->inbound = true;
    conn->established = established;
    conn->from = address_of(from);
    conn->group = entrance_group(&conn->from);
    conn->household = entrance_household(&conn->from);
    conn->next = first;
    first = conn;
    return conn;
}

static uint64_t group_of(const char *text)
{
    struct sockaddr_storage from = address_of(text);
    return entrance_group(&from);
}

static uint64_t household_of(const char *text)
{
    struct sockaddr_storage from = address_of(text);
    return entrance_household(&from);
}

static void a_group_is_a_16_or_a_32_and_loopback_is_one(void **state)
{
    (void)state;
    assert_true(group_of("192.0.2.1") == group_of("192.0.3.1"));
    assert_true(group_of("192.0.2.1") != group_of("192.1.2.1"));
    assert_true(group_of("::ffff:192.0.2.1") == group_of("192.0.2.1"));
    assert_true(group_of("2001:db8::1") == group_of("2001:db8:ffff::2"));
    assert_true(group_of("2001:db8::1") != group_of("2001:db9::1"));
    assert_true(group_of("127.0.0.1") == group_of("127.9.0.1"));
    assert_true(group_of("127.0.0.1") == group_of("::1"));
    assert_true(group_of("::ffff:127.0.0.1") == group_of("::1"));
    assert_true(group_of("127.0.0.1") != group_of("126.0.0.1"));
}

static void a_household_is_an_address_or_a_64(void **state)
{
    (void)state;
    assert_true(household_of("192.0.2.1") == household_of("::ffff:192.0.2.1"));
    assert_true(household_of("192.0.2.1") != household_of("192.0.2.2"));
    assert_true(household_of("2001:db8::1") == household_of("2001:db8::ffff:2"));
    assert_true(household_of("2001:db8::1") != household_of("2001:db8:0:1::1"));
}

static void below_the_bound_everybody_stays(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < 4; i++) {
        struct conn *conn = comes("192.0.2.1", true);
        assert_true(entrance_admits(&leaves, first, conn, 4));
        assert_null(leaves);
    }
}

static void whoever_has_most_places_gives_one_up(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    (void)comes("198.51.100.1", true);
    (void)comes("192.0.2.1", true);
    (void)comes("192.0.2.1", true);
    struct conn *newest = comes("192.0.2.1", true);
    struct conn *conn = comes("203.0.113.9", false);
    assert_true(entrance_admits(&leaves, first, conn, 4));
    assert_ptr_equal(leaves, newest);
    leaves->closing = true;
    assert_true(entrance_admits(&leaves, first, conn, 4));
    assert_null(leaves);
}

static void one_group_never_pushes_out_a_smaller_one(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    (void)comes("198.51.100.1", true);
    for (int i = 0; i < 3; i++) {
        (void)comes("192.0.2.1", true);
    }
    struct conn *conn = comes("192.0.2.1", false);
    assert_false(entrance_admits(&leaves, first, conn, 4));
    assert_null(leaves);
}

static void those_this_node_dialled_are_left_alone(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < 4; i++) {
        comes("192.0.2.1", true)->inbound = false;
    }
    struct conn *one = comes("192.0.2.2", false);
    assert_true(entrance_admits(&leaves, first, one, 1));
    struct conn *two = comes("192.0.2.3", false);
    assert_false(entrance_admits(&leaves, first, two, 1));
    assert_null(leaves);
}

static void of_one_household_only_so_many_shake_hands_and_the_oldest_gives_way(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < NETWORK_NEWCOMERS_PER_MAX; i++) {
        struct conn *conn = comes("192.0.2.1", false);
        assert_true(entrance_admits(&leaves, first, conn, 1000));
        assert_null(leaves);
    }
    struct conn *further = comes("192.0.2.1", false);
    assert_true(entrance_admits(&leaves, first, further, 1000));
    assert_ptr_equal(leaves, &conns[0]);
    struct conn *other = comes("192.0.2.2", false);
    assert_true(entrance_admits(&leaves, first, other, 1000));
    assert_null(leaves);
}

static void in_all_only_so_many_shake_hands_and_those_of_the_largest_group_give_way(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    char from[32];
    struct conn *early = comes("203.0.113.9", false);
    for (int i = 1; i < PLACES / 4 + NETWORK_NEWCOMERS_PER_MAX;
         i++) { /* with early, all that fit */
        (void)snprintf(from, sizeof from, "192.0.2.%d", i);
        assert_true(entrance_admits(&leaves, first, comes(from, false), PLACES));
        assert_null(leaves);
    }
    struct conn *further = comes("198.51.100.1", false);
    assert_true(entrance_admits(&leaves, first, further, PLACES));
    assert_ptr_equal(leaves, &conns[1]); /* the oldest of 192.0, not early */
    assert_ptr_not_equal(leaves, early);
}

static void those_who_came_first_and_those_who_bring_most_stay(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < 16; i++) {
        (void)comes("192.0.2.1", true);
    }
    conns[14].brought_count = 10; /* the newest but one, and the newest */
    conns[15].brought_count = 20;
    struct conn *conn = comes("203.0.113.9", false);
    assert_true(entrance_admits(&leaves, first, conn, 16));
    assert_ptr_equal(leaves, &conns[13]);
    for (int i = 0; i < 16; i++) {
        bool old = i < 4;
        bool useful = i >= 14;
        assert_int_equal(conns[i].is_protected, old || useful);
    }
    /* Who took many places keeps few of them: a group is never safe as a whole. */
    conns[15].brought_count = 0;
    assert_true(entrance_admits(&leaves, first, conn, 16));
    assert_ptr_equal(leaves, &conns[15]);
}

static void who_behaved_badly_goes_first_however_useful_and_old(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < 16; i++) {
        (void)comes("192.0.2.1", true);
    }
    conns[0].score = PEER_SCORE_LOW;
    conns[0].brought_count = 100;
    conns[5].score = PEER_SCORE_LOW + 1;
    struct conn *conn = comes("203.0.113.9", false);
    assert_true(entrance_admits(&leaves, first, conn, 16));
    assert_ptr_equal(leaves, &conns[0]);
    conns[5].score = PEER_SCORE_MIN;
    assert_true(entrance_admits(&leaves, first, conn, 16));
    assert_ptr_equal(leaves, &conns[5]);
    conns[0].score = 0;
    conns[5].score = PEER_SCORE_LOW + 1;
    assert_true(entrance_admits(&leaves, first, conn, 16));
    assert_ptr_equal(leaves, &conns[15]);
}

static void a_household_of_ones_own_group_gives_way_where_it_has_more(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < 8; i++) {
        (void)comes("127.0.0.2", true);
    }
    struct conn *conn = comes("127.0.0.1", false);
    assert_true(entrance_admits(&leaves, first, conn, 8));
    assert_ptr_equal(leaves, &conns[7]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_group_is_a_16_or_a_32_and_loopback_is_one, begin),
        cmocka_unit_test_setup(a_household_is_an_address_or_a_64, begin),
        cmocka_unit_test_setup(below_the_bound_everybody_stays, begin),
        cmocka_unit_test_setup(whoever_has_most_places_gives_one_up, begin),
        cmocka_unit_test_setup(one_group_never_pushes_out_a_smaller_one, begin),
        cmocka_unit_test_setup(those_this_node_dialled_are_left_alone, begin),
        cmocka_unit_test_setup(of_one_household_only_so_many_shake_hands_and_the_oldest_gives_way,
                               begin),
        cmocka_unit_test_setup(
            in_all_only_so_many_shake_hands_and_those_of_the_largest_group_give_way, begin),
        cmocka_unit_test_setup(those_who_came_first_and_those_who_bring_most_stay, begin),
        cmocka_unit_test_setup(who_behaved_badly_goes_first_however_useful_and_old, begin),
        cmocka_unit_test_setup(a_household_of_ones_own_group_gives_way_where_it_has_more, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
