#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/token_bucket.h"

static const struct token_rate rate = {.per_s = 100, .burst = 50};

static void a_burst_is_free_and_debt_is_waited_for(void **state)
{
    (void)state;
    struct token_bucket bucket;
    token_bucket_init(&bucket, &rate, 1000);
    assert_true(token_bucket_is_full(&bucket, &rate, 1000));
    token_bucket_take(&bucket, &rate, 50, 1000);
    assert_int_equal(token_bucket_wait_ms(&bucket, &rate, 1000), 0);
    token_bucket_take(&bucket, &rate, 1, 1000);
    assert_int_equal(token_bucket_wait_ms(&bucket, &rate, 1000), 10);
    assert_int_equal(token_bucket_wait_ms(&bucket, &rate, 1009), 1);
    assert_int_equal(token_bucket_wait_ms(&bucket, &rate, 1010), 0);
    assert_false(token_bucket_is_full(&bucket, &rate, 1509));
    assert_true(token_bucket_is_full(&bucket, &rate, 1510));
}

static void over_time_no_more_than_the_rate_is_had(void **state)
{
    (void)state;
    struct token_bucket bucket;
    token_bucket_init(&bucket, &rate, 0);
    uint64_t taken = 0;
    for (uint64_t now_ms = 0; now_ms < 10000; now_ms += 3) {
        if (token_bucket_wait_ms(&bucket, &rate, now_ms) == 0) {
            token_bucket_take(&bucket, &rate, 7, now_ms);
            taken += 7;
        }
    }
    assert_in_range(taken, 50 + 10 * 100 - 7, 50 + 10 * 100 + 7);
}

static void extremes_do_not_overflow(void **state)
{
    (void)state;
    static const struct token_rate rates[] = {{.per_s = 1, .burst = UINT32_MAX},
                                              {.per_s = UINT32_MAX, .burst = UINT32_MAX}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct token_bucket bucket;
        token_bucket_init(&bucket, &rates[i], 0);
        for (int times = 0; times < 1000; times++) {
            token_bucket_take(&bucket, &rates[i], UINT32_MAX, 0);
        }
        assert_true(token_bucket_wait_ms(&bucket, &rates[i], 0) > 0);
        assert_int_equal(token_bucket_wait_ms(&bucket, &rates[i], UINT64_MAX), 0);
        assert_true(token_bucket_is_full(&bucket, &rates[i], UINT64_MAX));
    }
}

static void a_clock_that_stands_still_gives_nothing(void **state)
{
    (void)state;
    struct token_bucket bucket;
    token_bucket_init(&bucket, &rate, 500);
    token_bucket_take(&bucket, &rate, 60, 500);
    assert_int_equal(token_bucket_wait_ms(&bucket, &rate, 400), 100); /* before: as if now */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_free_and_debt_is_waited_for),
        cmocka_unit_test(over_time_no_more_than_the_rate_is_had),
        cmocka_unit_test(extremes_do_not_overflow),
        cmocka_unit_test(a_clock_that_stands_still_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
