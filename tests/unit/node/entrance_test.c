#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/entrance.h"

#define CONNS_MAX 64

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
    conn->next = first;
    first = conn;
    return conn;
}

static uint64_t group_of(const char *text)
{
    struct sockaddr_storage from = address_of(text);
    return entrance_group(&from);
}

static void a_group_is_an_address_or_a_64(void **state)
{
    (void)state;
    assert_true(group_of("192.0.2.1") == group_of("192.0.2.1"));
    assert_true(group_of("192.0.2.1") != group_of("192.0.2.2"));
    assert_true(group_of("::ffff:192.0.2.1") == group_of("192.0.2.1"));
    assert_true(group_of("2001:db8::1") == group_of("2001:db8::ffff:2"));
    assert_true(group_of("2001:db8::1") != group_of("2001:db8:0:1::1"));
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

static void newcomers_of_one_group_are_bounded(void **state)
{
    (void)state;
    struct conn *leaves = NULL;
    for (int i = 0; i < NETWORK_NEWCOMERS_PER_MAX; i++) {
        struct conn *conn = comes("192.0.2.1", false);
        assert_true(entrance_admits(&leaves, first, conn, 1000));
    }
    struct conn *further = comes("192.0.2.1", false);
    assert_false(entrance_admits(&leaves, first, further, 1000));
    struct conn *other = comes("192.0.2.2", false);
    assert_true(entrance_admits(&leaves, first, other, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_group_is_an_address_or_a_64, begin),
        cmocka_unit_test_setup(below_the_bound_everybody_stays, begin),
        cmocka_unit_test_setup(whoever_has_most_places_gives_one_up, begin),
        cmocka_unit_test_setup(one_group_never_pushes_out_a_smaller_one, begin),
        cmocka_unit_test_setup(those_this_node_dialled_are_left_alone, begin),
        cmocka_unit_test_setup(newcomers_of_one_group_are_bounded, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
