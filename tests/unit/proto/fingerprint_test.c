#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/fingerprint.h"

static struct post_id id_of(uint8_t fill)
{
    struct post_id id;
    memset(id.octets, fill, POST_ID_LEN);
    return id;
}

static struct post_id id_hashed(uint8_t seed)
{
    struct post_id id;
    (void)crypto_hash_sha256(id.octets, &seed, 1);
    return id;
}

static void the_empty_set_is_the_hash_of_zeros(void **state)
{
    (void)state;
    static const uint8_t input[33] = {0};
    uint8_t expected[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(expected, input, sizeof input);

    const struct fold empty = {.count = 0};
    struct fingerprint print;
    fingerprint_of(&print, &empty);
    assert_memory_equal(print.octets, expected, FINGERPRINT_LEN);
}

static void ids_add_as_little_endian_numbers_with_all_carries(void **state)
{
    (void)state;
    struct post_id ones = id_of(0xff); /* 2^256 - 1 */
    struct post_id one = id_of(0);
    one.octets[0] = 1;
    struct fold fold = {.count = 0};

    fold_add_id(&fold, &ones);
    fold_add_id(&fold, &one);
    const uint64_t zero[FINGERPRINT_LIMBS] = {0};
    assert_memory_equal(fold.sum, zero, sizeof zero);
    assert_int_equal(fold.count, 2);

    fold_add_id(&fold, &ones);
    fold_add_id(&fold, &ones);
    const uint64_t minus_two[FINGERPRINT_LIMBS] = {UINT64_MAX - 1, UINT64_MAX, UINT64_MAX,
                                                   UINT64_MAX};
    assert_memory_equal(fold.sum, minus_two, sizeof minus_two);
}

static void the_count_is_hashed_as_a_number_of_base_128(void **state)
{
    (void)state;
    const struct fold fold = {.count = 300, .sum = {1}};
    uint8_t input[34] = {1};
    input[32] = 0x82;
    input[33] = 0x2c;
    uint8_t expected[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(expected, input, sizeof input);

    struct fingerprint print;
    fingerprint_of(&print, &fold);
    assert_memory_equal(print.octets, expected, FINGERPRINT_LEN);
}

static void a_part_taken_away_leaves_the_other_part(void **state)
{
    (void)state;
    struct fold part = {.count = 0};
    struct fold other = {.count = 0};
    for (uint8_t i = 0; i < 200; i++) {
        struct post_id id = id_hashed(i);
        fold_add_id(i % 3 == 0 ? &part : &other, &id);
    }
    struct fold whole = part;
    fold_add(&whole, &other);
    assert_int_equal(whole.count, 200);

    fold_subtract(&whole, &part);
    assert_memory_equal(&whole, &other, sizeof other);
    /* and below zero, since the sum has no order */
    struct fold below = {.count = 0};
    fold_subtract(&below, &part);
    fold_add(&below, &part);
    const struct fold empty = {.count = 0};
    assert_memory_equal(&below, &empty, sizeof empty);
}

static void sets_that_differ_have_other_fingerprints(void **state)
{
    (void)state;
    struct post_id id = id_hashed(1);
    struct fold a = {.count = 0};
    fold_add_id(&a, &id);
    struct fold b = a;
    b.count++;
    struct fingerprint print_a;
    struct fingerprint print_b;
    fingerprint_of(&print_a, &a);
    fingerprint_of(&print_b, &b);
    assert_false(fingerprint_equal(&print_a, &print_b));
    assert_true(fingerprint_equal(&print_a, &print_a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_set_is_the_hash_of_zeros),
        cmocka_unit_test(ids_add_as_little_endian_numbers_with_all_carries),
        cmocka_unit_test(the_count_is_hashed_as_a_number_of_base_128),
        cmocka_unit_test(a_part_taken_away_leaves_the_other_part),
        cmocka_unit_test(sets_that_differ_have_other_fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
