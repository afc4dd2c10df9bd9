#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <utf8proc.h>

#include "proto/tag.h"
#include "proto/tag_assigned.h"
#include "tests/support/vectors_json.h"

static enum err_code normalise(char out[TAG_MAX + 1], const char *typed)
{
    uint8_t tag[TAG_MAX];
    size_t tag_len = 0;
    enum err_code rc = tag_normalise(tag, &tag_len, octets_of_text(typed));
    memcpy(out, tag, tag_len);
    out[tag_len] = '\0';
    return rc;
}

static void expect_refusals(const struct json_value *list, enum err_code expected)
{
    for (const struct json_value *item = json_first(list); item != NULL; item = json_next(item)) {
        char out[TAG_MAX + 1];
        const char *typed = json_string(json_member(item, "typed"));
        enum err_code rc = normalise(out, typed);
        if (rc != expected) {
            fail_msg("'%s' gives %s", typed, err_name(rc));
        }
        assert_false(tag_valid(octets_of_text(typed)));
    }
}

static void the_vectors_hold(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("tag.json"));
    const struct json_value *root = json_root(file);
    const struct json_value *item = json_first(json_member(root, "normalise"));
    for (; item != NULL; item = json_next(item)) {
        char out[TAG_MAX + 1];
        const char *typed = json_string(json_member(item, "typed"));
        const char *tag = json_string(json_member(item, "tag"));
        assert_int_equal(normalise(out, typed), ERR_OK);
        assert_string_equal(out, tag);
        assert_true(tag_valid(octets_of_text(tag)));
        assert_int_equal(tag_valid(octets_of_text(typed)), strcmp(typed, tag) == 0);
    }
    expect_refusals(json_member(root, "refuse"), ERR_MALFORMED);
    expect_refusals(json_member(root, "too_large"), ERR_TOO_LARGE);
    json_free(file);
}

static void octets_that_are_not_text_are_refused(void **state)
{
    (void)state;
    char out[TAG_MAX + 1];
    assert_int_equal(normalise(out, "a\xff"), ERR_MALFORMED);
    assert_int_equal(normalise(out, "\xed\xa0\x80"), ERR_MALFORMED);
    assert_false(tag_valid(octets_of_text("a\xff")));
    assert_false(tag_valid(octets_of("a\0b", 3)));
    assert_false(tag_valid(octets_of(NULL, 0)));
}

static void the_table_is_in_order_and_pinned(void **state)
{
    (void)state;
    assert_string_equal(tag_unicode_version, "15.0.0");
    size_t code_points_count = 0;
    for (size_t i = 0; i < tag_ranges_count; i++) {
        assert_true(tag_ranges[i].first <= tag_ranges[i].last);
        assert_true(i == 0 || tag_ranges[i - 1].last < tag_ranges[i].first);
        code_points_count += tag_ranges[i].last - tag_ranges[i].first + 1;
    }
    /* Unicode 15.0: 149,186 graphic and format characters, 65 controls, 137,468 private use. */
    assert_int_equal(code_points_count, 149186 + 65 + 137468);
}

/* For every assigned code point, alone and after a letter: a normal form is its own normal form,
 * and is exactly what a post may hold. */
static void normalising_twice_changes_nothing(void **state)
{
    (void)state;
    size_t tags_count = 0;
    for (size_t i = 0; i < tag_ranges_count; i++) {
        for (uint32_t c = tag_ranges[i].first; c <= tag_ranges[i].last && c < 0xe0000; c++) {
            char typed[8] = "a";
            utf8proc_ssize_t len = utf8proc_encode_char((int32_t)c, (uint8_t *)typed + 1);
            typed[1 + len] = '\0';
            for (int alone = 0; alone < 2; alone++) {
                char once[TAG_MAX + 1];
                char twice[TAG_MAX + 1];
                if (normalise(once, typed + alone) != ERR_OK) {
                    continue;
                }
                assert_true(tag_valid(octets_of_text(once)));
                assert_int_equal(normalise(twice, once), ERR_OK);
                assert_string_equal(once, twice);
                assert_int_equal(tag_valid(octets_of_text(typed + alone)),
                                 strcmp(once, typed + alone) == 0);
                tags_count++;
            }
        }
    }
    assert_true(tags_count > 250000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_hold),
        cmocka_unit_test(octets_that_are_not_text_are_refused),
        cmocka_unit_test(the_table_is_in_order_and_pinned),
        cmocka_unit_test(normalising_twice_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
