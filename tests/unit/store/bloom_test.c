#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/bloom.h"

#define HASHES_COUNT 100000

static uint64_t hash_of(uint64_t number)
{
    uint64_t x = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void what_was_added_is_never_denied_and_little_else_is_not(void **state)
{
    (void)state;
    struct bloom bloom;
    uint32_t lines_count = bloom_lines_for(HASHES_COUNT);
    assert_int_equal(lines_count, (HASHES_COUNT * BLOOM_BITS + 511) / 512);
    assert_int_equal(bloom_init(&bloom, lines_count), ERR_OK);
    for (uint64_t i = 0; i < HASHES_COUNT; i++) {
        bloom_add(&bloom, hash_of(i));
    }
    size_t wrong = 0;
    for (uint64_t i = 0; i < HASHES_COUNT; i++) {
        assert_true(bloom_may_have(&bloom, hash_of(i)));
        wrong += bloom_may_have(&bloom, hash_of(HASHES_COUNT + i)) ? 1 : 0;
    }
    assert_true(wrong < HASHES_COUNT / 70);
    bloom_close(&bloom);
}

static void an_empty_filter_denies_everything(void **state)
{
    (void)state;
    struct bloom bloom;
    assert_int_equal(bloom_lines_for(0), 0);
    assert_int_equal(bloom_init(&bloom, 0), ERR_OK);
    assert_false(bloom_may_have(&bloom, hash_of(1)));
    bloom_close(&bloom);
    assert_int_equal(bloom_init(&bloom, 1), ERR_OK);
    assert_false(bloom_may_have(&bloom, hash_of(1)));
    bloom_add(&bloom, hash_of(1));
    assert_true(bloom_may_have(&bloom, hash_of(1)));
    bloom_close(&bloom);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_never_denied_and_little_else_is_not),
        cmocka_unit_test(an_empty_filter_denies_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
