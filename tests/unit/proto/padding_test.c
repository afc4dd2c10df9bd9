#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/padding.h"
#include "tests/support/vectors_json.h"

static void lengths_are_those_of_the_vectors(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("padding.json"));
    const struct json_value *cases = json_member(json_root(file), "cases");
    assert_true(json_count(cases) > 30);
    for (const struct json_value *row = json_first(cases); row != NULL; row = json_next(row)) {
        size_t len = (size_t)json_number(json_member(row, "len"));
        assert_int_equal(padding_padme(len), json_number(json_member(row, "padme")));
        assert_int_equal(padding_flush_len(len), json_number(json_member(row, "flush")));
    }
    json_free(file);
}

static void a_flush_grows_by_an_eighth_at_most_and_lengths_that_are_padded_stay(void **state)
{
    (void)state;
    size_t before_len = 0;
    for (size_t len = 0; len < 3 * 1048576; len += len < 70000 ? 1 : 997) {
        size_t padded_len = padding_flush_len(len);
        assert_true(padded_len >= len && padded_len >= PADDING_FLOOR);
        assert_true(padded_len >= before_len);
        assert_true(len < PADDING_FLOOR || padded_len <= len + len / 8);
        assert_int_equal(padding_flush_len(padded_len), padded_len);
        before_len = padded_len;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_those_of_the_vectors),
        cmocka_unit_test(a_flush_grows_by_an_eighth_at_most_and_lengths_that_are_padded_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
