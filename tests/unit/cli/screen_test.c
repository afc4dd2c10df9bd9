/* layout, when and numbers: the small parts of a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/layout.h"
#include "cli/numbers.h"
#include "cli/when.h"

static bool expect(const char *text, struct layout layout, const char *shown)
{
    char *printed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&printed, &len);
    bool whole = layout_print(out, &layout, text);
    (void)fclose(out);
    assert_string_equal(printed, shown);
    free(printed);
    return whole;
}

static void words_wrap_at_the_width_below_the_indent(void **state)
{
    (void)state;
    struct layout layout = {.indent = 2, .width = 22 + 2};
    assert_true(expect("It happened to me too, and nobody asked.", layout,
                       "  It happened to me too,\n  and nobody asked.\n"));
}

static void without_a_width_lines_stay_whole(void **state)
{
    (void)state;
    struct layout layout = {.indent = 1};
    assert_true(expect("a   b\n\n\n\nc\n", layout, " a b\n\n c\n"));
}

static void a_word_longer_than_the_line_is_cut(void **state)
{
    (void)state;
    struct layout layout = {.width = 1}; /* never narrower than LAYOUT_COLUMNS_MIN */
    assert_true(
        expect("aaaaaaaaaabbbbbbbbbbcccccccccc d", layout, "aaaaaaaaaabbbbbbbbbb\ncccccccccc d\n"));
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    struct layout layout = {.width = 21};
    assert_true(expect("\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91"
                       "\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91",
                       layout,
                       "\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91"
                       "\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\xe6\x88\x91\n\xe6\x88\x91\n"));
}

static void a_flood_of_lines_is_cut_short(void **state)
{
    (void)state;
    struct layout layout = {.lines_max = 2};
    assert_false(expect("a\nb\nc\nd", layout, "a\nb\n"));
    assert_true(expect("a\nb\n", layout, "a\nb\n"));
    layout.width = 20;
    assert_false(expect("aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbb cccccccccccc", layout,
                        "aaaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbb\n"));
    assert_false(expect("aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbcccccccccccc", layout,
                        "aaaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbb\n"));
}

static void a_sentence_breaks_between_words_and_leaves_a_key_whole(void **state)
{
    (void)state;
    static const struct {
        size_t width;
        const char *sentence;
        const char *printed;
    } cases[] = {
        {10, "one two three four", "one two\nthree four"},
        {10, "a kith1qqqqqqqqqqqq b", "a\nkith1qqqqqqqqqqqq\nb"},
        {10, "name: Ana", "name: Ana"},
        {0, "one two three four", "one two three four"},
        {10, "one two\n  three four", "one two\n  three\nfour"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *printed = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&printed, &len);
        assert_non_null(out);
        layout_sentence(out, cases[i].width, cases[i].sentence);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(printed, cases[i].printed);
        free(printed);
    }
}

static void times_read_as_people_say_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t age_s;
        const char *shown;
    } cases[] = {{0, "just now"},      {59, "just now"},      {60, "1 min ago"},
                 {3599, "59 min ago"}, {3600, "1 h ago"},     {86399, "23 h ago"},
                 {86400, "1 d ago"},   {2591999, "29 d ago"}, {2592000, "2023-10-15"}};
    char out[WHEN_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        when_print(out, 1700000000 - cases[i].age_s, 1700000000);
        assert_string_equal(out, cases[i].shown);
    }
    when_print(out, 1700000500, 1700000000); /* another clock may be ahead */
    assert_string_equal(out, "just now");
    when_print(out, 0, UINT64_MAX);
    assert_string_equal(out, "1970-01-01");
}

static void durations_are_a_number_and_a_unit(void **state)
{
    (void)state;
    uint64_t duration_s = 0;
    assert_int_equal(when_duration(&duration_s, "30m"), ERR_OK);
    assert_int_equal(duration_s, 1800);
    assert_int_equal(when_duration(&duration_s, "12h"), ERR_OK);
    assert_int_equal(duration_s, 43200);
    assert_int_equal(when_duration(&duration_s, "7d"), ERR_OK);
    assert_int_equal(duration_s, 604800);
    assert_int_equal(when_duration(&duration_s, "4w"), ERR_OK);
    assert_int_equal(duration_s, 2419200);
    static const char *const bad[] = {"",   "7",   "d",   "0d",       "-1d",    "7D",
                                      "7s", "7dd", " 7d", "1234567d", "999999w"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(when_duration(&duration_s, bad[i]), ERR_MALFORMED);
    }
    assert_int_equal(duration_s, 2419200);
}

static void numbers_lead_back_to_what_was_listed(void **state)
{
    (void)state;
    struct numbers numbers = {0};
    assert_null(numbers_find(&numbers, "1"));
    assert_int_equal(numbers_add(&numbers, NUMBERS_POSTS, "3f2a"), 1);
    assert_int_equal(numbers_add(&numbers, NUMBERS_POSTS, "77ab"), 2);
    assert_string_equal(numbers_find(&numbers, "2"), "77ab");
    static const char *const none[] = {"0", "3", "02", "", "2a", "-1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_null(numbers_find(&numbers, none[i]));
    }
    for (size_t i = 2; i < NUMBERS_MAX; i++) {
        assert_int_equal(numbers_add(&numbers, NUMBERS_POSTS, "x"), i + 1);
    }
    assert_int_equal(numbers_add(&numbers, NUMBERS_POSTS, "x"), 0);
    numbers_clear(&numbers);
    assert_null(numbers_find(&numbers, "2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_wrap_at_the_width_below_the_indent),
        cmocka_unit_test(without_a_width_lines_stay_whole),
        cmocka_unit_test(a_word_longer_than_the_line_is_cut),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(a_flood_of_lines_is_cut_short),
        cmocka_unit_test(a_sentence_breaks_between_words_and_leaves_a_key_whole),
        cmocka_unit_test(times_read_as_people_say_them),
        cmocka_unit_test(durations_are_a_number_and_a_unit),
        cmocka_unit_test(numbers_lead_back_to_what_was_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
