#include "node/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define RELAY UINT32_MAX
#define DAY   20000

static struct members members;

static int set_up(void **state)
{
    (void)state;
    members_init(&members);
    return sodium_init() < 0 ? 1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    members_close(&members);
    return 0;
}

static struct key key_of(uint32_t who)
{
    struct key key = {{0}};
    memcpy(key.octets, &who, sizeof who);
    return key;
}

static struct members_newcomer newcomer_of(uint32_t who, uint32_t by, uint64_t day)
{
    return (struct members_newcomer){.subject = key_of(who), .inviter = key_of(by), .day = day};
}

static void comes(uint32_t who, uint32_t by, uint64_t day)
{
    struct members_newcomer newcomer = newcomer_of(who, by, day);
    assert_int_equal(members_reserve(&members), ERR_OK);
    members_add(&members, &newcomer);
}

static enum err_code may_come(uint32_t by, uint64_t day, uint32_t newcomers_max)
{
    struct members_newcomer newcomer = newcomer_of(UINT32_MAX - 1, by, day);
    struct members_limits limits = {.newcomers_max = newcomers_max};
    return members_admits(&members, &newcomer, &limits);
}

/* Each of them is invited by the one before. */
static uint32_t chain_comes(uint32_t first, uint32_t by, uint32_t count, uint64_t day)
{
    for (uint32_t i = 0; i < count; i++) {
        comes(first + i, i == 0 ? by : first + i - 1, day);
    }
    return first + count - 1;
}

static uint32_t all_come(uint32_t first, uint32_t by, uint64_t day, uint32_t newcomers_max)
{
    uint32_t count = 0;
    while (may_come(by, day, newcomers_max) == ERR_OK && count <= newcomers_max) {
        comes(first + count, by, day);
        count++;
    }
    return count;
}

static void a_newcomer_is_a_member(void **state)
{
    (void)state;
    struct key ana = key_of(1);
    assert_false(members_has(&members, &ana));
    comes(1, RELAY, DAY);
    assert_true(members_has(&members, &ana));
}

static void each_step_from_the_relay_may_bring_half_as_many(void **state)
{
    (void)state;
    static const uint32_t maxima[][3] = {
        {64, 7, 1}, {32, 4, 1}, {16, 2, 1}, {16, 2, 1}, {16, 2, 1}};
    for (uint32_t step = 1; step <= 5; step++) {
        for (uint32_t i = 0; i < 3; i++) {
            members_close(&members);
            members_init(&members);
            uint32_t last = chain_comes(1, RELAY, step, DAY - 1);
            assert_int_equal(all_come(1000, last, DAY, maxima[0][i]), maxima[step - 1][i]);
            assert_int_equal(may_come(last, DAY, maxima[0][i]), ERR_TOMORROW);
        }
    }
}

static void everybody_may_bring_somebody(void **state)
{
    (void)state;
    uint32_t last = chain_comes(1, RELAY, 6, DAY - 1);
    assert_int_equal(all_come(1000, last, DAY, 1), 1);
    assert_int_equal(may_come(3, DAY, 1), ERR_TOMORROW);
    assert_int_equal(may_come(last, DAY + 1, 1), ERR_OK);
}

static void made_up_people_who_invite_made_up_people_are_one_persons(void **state)
{
    (void)state;
    chain_comes(1, RELAY, 2, DAY - 1); /* 2 is the one who makes people up */
    uint32_t count = 0;
    uint32_t by = 2;
    while (may_come(by, DAY, 64) == ERR_OK && count < 1000) {
        comes(100 + count, by, DAY);
        by = 100 + count; /* each invites the next: as deep as can be */
        count++;
    }
    assert_true(count <= 32);
    assert_true(count > 0);
    /* The one through whom she came has the other half left, and others all of it. */
    assert_int_equal(may_come(1, DAY, 64), ERR_OK);
    assert_int_equal(may_come(RELAY, DAY, 64), ERR_OK);
    while (may_come(2, DAY, 64) == ERR_OK) {
        comes(100 + count++, 2, DAY);
    }
    assert_int_equal(count, 32);
    assert_int_equal(all_come(1000, 1, DAY, 64), 32);
}

static void nobody_takes_up_what_another_may_bring(void **state)
{
    (void)state;
    comes(1, RELAY, DAY - 1);
    comes(2, RELAY, DAY - 1);
    comes(3, 1, DAY - 1);
    comes(4, 1, DAY - 1);
    assert_int_equal(all_come(100, 3, DAY, 64), 32);
    assert_int_equal(all_come(200, 4, DAY, 64), 32);
    assert_int_equal(may_come(1, DAY, 64), ERR_TOMORROW);
    assert_int_equal(all_come(300, 2, DAY, 64), 64);
}

/* Also where the clock was once far ahead, and was put right. */
static void each_day_begins_anew(void **state)
{
    (void)state;
    comes(1, RELAY, DAY - 1);
    assert_int_equal(all_come(100, 1, DAY + 5000, 4), 4);
    assert_int_equal(all_come(200, 1, DAY, 4), 4);
    assert_int_equal(all_come(300, 1, DAY + 1, 4), 4);
}

static void the_relay_brings_in_whom_it_will_up_to_its_bound(void **state)
{
    (void)state;
    struct members_limits limits = {.members_max = 100, .newcomers_max = 1};
    for (uint32_t i = 0; i < 100; i++) {
        struct members_newcomer newcomer = newcomer_of(i, RELAY, DAY);
        assert_int_equal(members_admits(&members, &newcomer, &limits), ERR_OK);
        comes(i, RELAY, DAY);
    }
    struct members_newcomer newcomer = newcomer_of(100, RELAY, DAY);
    assert_int_equal(members_admits(&members, &newcomer, &limits), ERR_FULL);
    comes(7, 3, DAY); /* is one already: neither counted nor brought in by another */
    assert_int_equal(may_come(3, DAY, 1), ERR_OK);
    newcomer = newcomer_of(100, 3, DAY);
    assert_int_equal(members_admits(&members, &newcomer, &limits), ERR_FULL);
}

static void without_bounds_anybody_may_come(void **state)
{
    (void)state;
    chain_comes(1, RELAY, 5000, DAY);
    assert_int_equal(may_come(5000, DAY, 0), ERR_OK);
    assert_int_equal(may_come(1, DAY, 0), ERR_OK);
    assert_int_equal(may_come(5000, DAY, 4999), ERR_TOMORROW);
    assert_int_equal(may_come(1, DAY, 5000), ERR_OK);
}

/* Two vouches that name each other in a circle, which no relay writes, end no walk less. */
static void a_circle_of_vouches_is_harmless(void **state)
{
    (void)state;
    comes(1, 2, DAY);
    comes(2, 1, DAY);
    comes(1, 2, DAY);
    assert_int_equal(may_come(1, DAY, 1), ERR_TOMORROW);
    assert_int_equal(may_come(2, DAY, 1), ERR_TOMORROW);
    assert_int_equal(may_come(2, DAY, 2), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_newcomer_is_a_member),
        TEST(each_step_from_the_relay_may_bring_half_as_many),
        TEST(everybody_may_bring_somebody),
        TEST(made_up_people_who_invite_made_up_people_are_one_persons),
        TEST(nobody_takes_up_what_another_may_bring),
        TEST(each_day_begins_anew),
        TEST(the_relay_brings_in_whom_it_will_up_to_its_bound),
        TEST(without_bounds_anybody_may_come),
        TEST(a_circle_of_vouches_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
