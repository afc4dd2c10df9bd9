#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/rates.h"
#include "proto/message.h"

#define GROUPS 4

static const struct token_rate limits[RATE_KINDS] = {
    [RATE_FRAMES] = {.per_s = 10, .burst = 5},
    [RATE_OCTETS] = {.per_s = 1000, .burst = 10000},
    [RATE_POSTS] = {.per_s = 10, .burst = 20},
    [RATE_HANDSHAKES] = {.per_s = 1, .burst = 1},
};

static void the_longest_debt_decides(void **state)
{
    (void)state;
    struct rates rates;
    rates_init(&rates, limits, 0);
    rates_take(&rates, limits, RATE_FRAMES, 5, 0);
    assert_int_equal(rates_wait_ms(&rates, limits, 0), 0);
    rates_take(&rates, limits, RATE_FRAMES, 1, 0);
    assert_int_equal(rates_wait_ms(&rates, limits, 0), 100);
    rates_take(&rates, limits, RATE_OCTETS, 12000, 0);
    assert_int_equal(rates_wait_ms(&rates, limits, 0), 2000);
}

static void every_post_of_a_frame_counts(void **state)
{
    (void)state;
    uint8_t payload[MESSAGE_POSTS_HEAD + 30];
    memset(payload, 0x90, sizeof payload); /* arrays of nothing: the count is all that matters */
    size_t len = message_posts_head(payload, 30);
    struct frame frame = {.type = FRAME_POSTS, .payload = octets_of(payload, len + 30)};
    assert_int_equal(rates_posts_in(&frame), 30);
    frame.type = FRAME_WANT;
    assert_int_equal(rates_posts_in(&frame), 0);
}

/* Coming again does not pay a debt. */
static void a_group_is_remembered_until_it_is_at_rest(void **state)
{
    (void)state;
    struct rates_group groups[GROUPS] = {{0}};
    struct rates_table table = {.groups = groups, .groups_max = GROUPS};
    struct rates_group *seven = rates_join(&table, 7, 0);
    assert_ptr_equal(rates_join(&table, 7, 0), seven);
    token_bucket_take(&seven->rates.buckets[RATE_HANDSHAKES], &rates_of_group[RATE_HANDSHAKES],
                      100000, 0);
    rates_leave(seven);
    rates_leave(seven);
    for (uint64_t group = 10; group < 20; group++) { /* all others make room for each other */
        struct rates_group *other = rates_join(&table, group, 1);
        assert_non_null(other);
        assert_ptr_not_equal(other, seven);
        rates_leave(other);
    }
    assert_ptr_equal(rates_join(&table, 7, 1), seven);
    assert_true(rates_wait_ms(&seven->rates, rates_of_group, 1) > 1000);
}

static void no_group_that_has_connections_is_forgotten(void **state)
{
    (void)state;
    struct rates_group groups[GROUPS] = {{0}};
    struct rates_table table = {.groups = groups, .groups_max = GROUPS};
    for (uint64_t group = 0; group < GROUPS; group++) {
        assert_non_null(rates_join(&table, group, 0));
    }
    assert_null(rates_join(&table, 99, 0));
    rates_leave(&groups[2]);
    assert_ptr_equal(rates_join(&table, 99, 0), &groups[2]);
    rates_leave(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_debt_decides),
        cmocka_unit_test(every_post_of_a_frame_counts),
        cmocka_unit_test(a_group_is_remembered_until_it_is_at_rest),
        cmocka_unit_test(no_group_that_has_connections_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
