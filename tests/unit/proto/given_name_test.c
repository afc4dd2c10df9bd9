#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/given_name.h"

static void expect(const char *given, const char *shown)
{
    struct octets name = given_name(octets_of_text(given));
    assert_true(octets_equal(name, octets_of_text(shown)));
}

static void a_plain_name_stays_as_it_is(void **state)
{
    (void)state;
    expect("Ana", "Ana");
    expect("carl@work", "carl@work");
    expect("\xc3\x89lise", "\xc3\x89lise");
    expect("", "");
}

static void a_given_name_never_begins_like_a_petname(void **state)
{
    (void)state;
    expect("@carl", "carl");
    expect(" @ @carl", "carl");
    expect("\xe2\x80\x8b@carl", "carl"); /* zero-width space */
    expect("\xef\xbc\xa0"
           "carl",
           "carl"); /* full-width @ */
    expect("\xef\xb9\xab"
           "carl",
           "carl");                      /* small @ */
    expect("\xe2\x80\xae@carl", "carl"); /* right-to-left override */
    expect("\xcc\x81@carl", "carl");     /* a mark with nothing to sit on */
    expect("\xe3\x85\xa4@carl", "carl"); /* Hangul filler, shown as nothing */
    expect("\xe2\xa0\x80@carl", "carl"); /* a blank braille pattern */
    expect("@\xe2\x80\x8b@", "");
}

static void a_given_name_never_looks_like_a_key(void **state)
{
    (void)state;
    expect("kith1qqqqqqqq...", "");
    expect("@KITH1qqqq", "");
    expect("\xe2\x80\xaekIth1q", "");
    expect("kith", "kith");
    expect("I am kith1q", "I am kith1q");
}

static void octets_that_are_no_text_are_passed_by(void **state)
{
    (void)state;
    expect("\xff@carl", "carl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_name_stays_as_it_is),
        cmocka_unit_test(a_given_name_never_begins_like_a_petname),
        cmocka_unit_test(a_given_name_never_looks_like_a_key),
        cmocka_unit_test(octets_that_are_no_text_are_passed_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
