#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/safe.h"

#define UNKNOWN "\xef\xbf\xbd"

static void expect(const char *text, enum safe_form form, const char *shown)
{
    char *safe = safe_text(octets_of_text(text), form);
    assert_non_null(safe);
    assert_string_equal(safe, shown);
    free(safe);
}

static void ordinary_text_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "me too",
        "Ganz f\xc3\xbcr dich \xe2\x80\x94 \xe2\x80\x9eja\xe2\x80\x9c",
        "\xe6\x88\x91\xe4\xb9\x9f\xe6\x98\xaf",                          /* Chinese */
        "\xe0\xa4\xae\xe0\xa5\x88\xe0\xa4\x82 \xe0\xa4\xad\xe0\xa5\x80", /* Hindi */
        "\xf0\x9f\x92\x94",                                              /* a broken heart */
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(texts[i], SAFE_TEXT, texts[i]);
        expect(texts[i], SAFE_LINE, texts[i]);
    }
    expect("one\ntwo\n\nthree", SAFE_TEXT, "one\ntwo\n\nthree");
}

static void escape_sequences_become_visible(void **state)
{
    (void)state;
    expect("\x1b[2J\x1b[31mred", SAFE_TEXT, UNKNOWN "[2J" UNKNOWN "[31mred");
    expect("\x1b]0;title\x07", SAFE_TEXT, UNKNOWN "]0;title" UNKNOWN);
    expect("\xc2\x9b"
           "2J",
           SAFE_LINE, UNKNOWN "2J"); /* CSI as one character */
    expect("a\bb\x7f", SAFE_LINE, "a" UNKNOWN "b" UNKNOWN);
}

static void a_name_is_one_line(void **state)
{
    (void)state;
    expect("  Ana\n\tof\r\nHere  ", SAFE_LINE, "Ana of Here");
    expect("Ana\xe2\x80\xa8"
           "2. Bea",
           SAFE_LINE, "Ana 2. Bea"); /* line separator */
    expect("Ana\xc2\x85"
           "Bea\x0b",
           SAFE_LINE, "Ana Bea");
    expect("Ana\xc2\xa0\xe3\x80\x80"
           "Bea",
           SAFE_LINE, "Ana Bea"); /* wide and unbroken spaces */
    expect("\n \n", SAFE_LINE, "");
}

static void other_line_separators_are_lines_in_a_text(void **state)
{
    (void)state;
    expect("a\xe2\x80\xa8"
           "b\xe2\x80\xa9"
           "c\xc2\x85"
           "d\fe",
           SAFE_TEXT, "a\nb\nc\nd\ne");
    expect("a\r\nb", SAFE_TEXT, "a \nb");
}

static void bidirectional_controls_are_gone(void **state)
{
    (void)state;
    expect("a\xe2\x80\xae"
           "b\xe2\x80\xac"
           "c\xe2\x81\xa6"
           "d\xe2\x81\xa9\xe2\x80\x8f\xd8\x9c",
           SAFE_TEXT, "abcd");
    expect("a\xe2\x80\xae"
           "b\xe2\x80\xac",
           SAFE_LINE, "ab");
}

static void right_to_left_names_are_isolated(void **state)
{
    (void)state;
    expect("\xd7\xa9\xd7\x9c", SAFE_LINE, "\xe2\x81\xa8\xd7\xa9\xd7\x9c\xe2\x81\xa9");
    expect("\xd9\x85", SAFE_TEXT, "\xd9\x85");
}

static void invisible_characters_are_gone(void **state)
{
    (void)state;
    /* zero width space, word joiner, soft hyphen, byte order mark, Hangul filler, a tag letter,
     * grapheme joiner, Mongolian vowel separator */
    expect("a\xe2\x80\x8b\xe2\x81\xa0\xc2\xad\xef\xbb\xbf\xe3\x85\xa4\xf3\xa0\x81\xa1\xcd\x8f\xe1"
           "\xa0\x8e"
           "b",
           SAFE_LINE, "ab");
    expect("a\xe2\x80\x8d\xe2\x80\x8c"
           "b",
           SAFE_LINE, "ab");
    expect("a\xe2\x80\x8d"
           "b",
           SAFE_TEXT, "ab");
}

static void joiners_stay_where_scripts_need_them(void **state)
{
    (void)state;
    static const char *const persian = "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae";
    expect(persian, SAFE_TEXT, persian);
    static const char *const heart = "\xe2\x9d\xa4\xef\xb8\x8f";
    expect(heart, SAFE_TEXT, heart);
    expect("\xe2\x9d\xa4\xef\xb8\x8f\xef\xb8\x8f\xef\xb8\x8f\xef\xb8\x8f\xef\xb8\x8f\xef\xb8\x8f",
           SAFE_TEXT, "\xe2\x9d\xa4\xef\xb8\x8f\xef\xb8\x8f\xef\xb8\x8f\xef\xb8\x8f");
}

static void marks_do_not_pile_up(void **state)
{
    (void)state;
    char text[128] = "e";
    for (int i = 0; i < 30; i++) {
        strcat(text, "\xcc\x81");
    }
    expect(text, SAFE_LINE, "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
    /* A mark without a letter would sit on whatever stands before it. */
    expect("\xcc\x81"
           "a",
           SAFE_LINE,
           "\xe2\x97\x8c\xcc\x81"
           "a");
    expect("a\n\xcc\x81", SAFE_TEXT, "a\n\xe2\x97\x8c\xcc\x81");
}

static void what_has_no_meaning_is_replaced(void **state)
{
    (void)state;
    expect("a\xff\xc3"
           "b",
           SAFE_TEXT, "a" UNKNOWN UNKNOWN "b");
    expect("\xed\xa0\x80", SAFE_TEXT, UNKNOWN UNKNOWN UNKNOWN); /* half a surrogate pair */
    expect("\xee\x80\x80", SAFE_TEXT, UNKNOWN);                 /* private use */
    expect("\xf0\xbf\xbf\xbd", SAFE_TEXT, UNKNOWN);             /* unassigned */
    char *safe = safe_text(octets_of("a\0b", 3), SAFE_LINE);
    assert_string_equal(safe, "a" UNKNOWN "b");
    free(safe);
}

static void columns_are_counted_as_the_terminal_does(void **state)
{
    (void)state;
    assert_int_equal(safe_columns(octets_of_text("abc")), 3);
    assert_int_equal(safe_columns(octets_of_text("\xe6\x88\x91\xe4\xb9\x9f")), 4);
    assert_int_equal(safe_columns(octets_of_text("e\xcc\x81")), 1);
    assert_int_equal(safe_columns(octets_of_text("a\nb")), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_text_stays_as_it_is),
        cmocka_unit_test(escape_sequences_become_visible),
        cmocka_unit_test(a_name_is_one_line),
        cmocka_unit_test(other_line_separators_are_lines_in_a_text),
        cmocka_unit_test(bidirectional_controls_are_gone),
        cmocka_unit_test(right_to_left_names_are_isolated),
        cmocka_unit_test(invisible_characters_are_gone),
        cmocka_unit_test(joiners_stay_where_scripts_need_them),
        cmocka_unit_test(marks_do_not_pile_up),
        cmocka_unit_test(what_has_no_meaning_is_replaced),
        cmocka_unit_test(columns_are_counted_as_the_terminal_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
