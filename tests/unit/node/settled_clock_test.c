#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/settled_clock.h"

#define NOW_S  UINT64_C(1800000000)
#define YEAR_S (UINT64_C(365) * 86400)

static void an_even_clock_counts_at_once(void **state)
{
    (void)state;
    struct settled_clock clock = settled_clock_begin(NOW_S, 50, true);
    assert_int_equal(settled_clock_s(&clock, NOW_S, 50), NOW_S);
    assert_int_equal(settled_clock_s(&clock, NOW_S + 5, 55), NOW_S + 5);
    /* Asleep for a night, on a machine that does not count that. */
    assert_int_equal(settled_clock_s(&clock, NOW_S + 40000, 60), NOW_S + 40000);
}

static void a_clock_years_ahead_for_a_while_destroys_nothing(void **state)
{
    (void)state;
    struct settled_clock clock = settled_clock_begin(NOW_S, 50, true);
    assert_int_equal(settled_clock_s(&clock, NOW_S + YEAR_S, 51), NOW_S);
    assert_int_equal(settled_clock_s(&clock, NOW_S + YEAR_S + 3500, 3551), NOW_S);
    assert_int_equal(settled_clock_s(&clock, NOW_S + 3550, 3600), NOW_S);
    assert_int_equal(settled_clock_s(&clock, NOW_S + 3600, 3651), NOW_S + 3600);
}

static void a_clock_that_stays_ahead_counts_after_an_hour(void **state)
{
    (void)state;
    struct settled_clock clock = settled_clock_begin(NOW_S, 50, true);
    assert_int_equal(settled_clock_s(&clock, NOW_S + YEAR_S, 51), NOW_S);
    assert_int_equal(settled_clock_s(&clock, NOW_S + YEAR_S + 3600, 3651), NOW_S + YEAR_S + 3600);
}

static void every_jump_ahead_begins_the_hour_anew(void **state)
{
    (void)state;
    struct settled_clock clock = settled_clock_begin(NOW_S, 50, true);
    for (uint64_t i = 1; i < 10; i++) {
        assert_int_equal(settled_clock_s(&clock, NOW_S + i * YEAR_S, 50 + i * 3000), NOW_S);
    }
}

static void a_clock_set_back_destroys_less_at_once(void **state)
{
    (void)state;
    struct settled_clock clock = settled_clock_begin(NOW_S, 50, true);
    assert_int_equal(settled_clock_s(&clock, NOW_S - YEAR_S, 51), NOW_S - YEAR_S);
    /* And back where it was: a jump ahead like any other. */
    assert_int_equal(settled_clock_s(&clock, NOW_S, 52), NOW_S - YEAR_S);
}

static void at_a_start_far_from_what_is_stored_nothing_counts_for_an_hour(void **state)
{
    (void)state;
    struct settled_clock clock = settled_clock_begin(NOW_S, 50, false);
    assert_int_equal(settled_clock_s(&clock, NOW_S + 5, 55), 0);
    assert_int_equal(settled_clock_s(&clock, NOW_S + 3600, 3650), NOW_S + 3600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_clock_counts_at_once),
        cmocka_unit_test(a_clock_years_ahead_for_a_while_destroys_nothing),
        cmocka_unit_test(a_clock_that_stays_ahead_counts_after_an_hour),
        cmocka_unit_test(every_jump_ahead_begins_the_hour_anew),
        cmocka_unit_test(a_clock_set_back_destroys_less_at_once),
        cmocka_unit_test(at_a_start_far_from_what_is_stored_nothing_counts_for_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
