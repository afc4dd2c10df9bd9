#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/ask.h"
#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void a_dash_reads_standard_input(void **state)
{
    (void)state;
    fake_start(&fake, "me too\nand more\n\nlast\n", false);
    assert_int_equal(fake_run(&fake, "post", "-", NULL), CLI_DONE);
    assert_string_equal(fake.request, "post {\"text\":\"me too\\nand more\\n\\nlast\"}");
}

static void dashes_take_a_line_each_and_the_text_what_is_left(void **state)
{
    (void)state;
    fake_start(&fake, "3f2a\nmetoo\nhard to read\nline one\nline two\n", false);
    assert_int_equal(fake_run(&fake, "reply", "-", "-", "--tag", "-", "--note", "-", NULL),
                     CLI_DONE);
    assert_string_equal(
        fake.request,
        "reply {\"id\":\"3f2a\",\"text\":\"line one\\nline two\",\"tags\":[\"metoo\"],"
        "\"note\":\"hard to read\"}");
}

static void every_private_argument_may_be_a_dash(void **state)
{
    (void)state;
    static const char *const commands[][2] = {
        {"tag", "tag {\"tag\":\"typed\"}"},           {"show", "show {\"id\":\"typed\"}"},
        {"search", "search {\"words\":\"typed\"}"},   {"follow", "follow {\"key\":\"typed\"}"},
        {"block", "block {\"who\":\"typed\"}"},       {"unblock", "unblock {\"who\":\"typed\"}"},
        {"join", "join {\"invite\":\"typed\"}"},      {"vouch", "vouch {\"key\":\"typed\"}"},
        {"retract", "retract {\"id\":\"typed\"}"},    {"shield", "shield {\"tag\":\"typed\"}"},
        {"unshield", "unshield {\"tag\":\"typed\"}"},
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        fake_start(&fake, "typed\n", false);
        assert_int_equal(fake_run(&fake, commands[i][0], "-", NULL), CLI_DONE);
        assert_string_equal(fake.request, commands[i][1]);
        if (i + 1 < sizeof commands / sizeof commands[0]) {
            fake_stop(&fake);
        }
    }
}

static void a_dash_with_nothing_behind_it_is_2(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    assert_int_equal(fake_run(&fake, "block", "-", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void input_that_is_not_utf8_is_2(void **state)
{
    (void)state;
    fake_start(&fake, "a\xff\n", false);
    assert_int_equal(fake_run(&fake, "post", "-", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void endless_input_is_refused_with_bounded_memory(void **state)
{
    (void)state;
    size_t len = 3 * ASK_TEXT_MAX;
    char *input = malloc(len + 1);
    assert_non_null(input);
    memset(input, 'a', len);
    input[len] = '\0';
    fake_start(&fake, input, false);
    free(input);
    assert_int_equal(fake_run(&fake, "post", "-", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void off_a_terminal_an_optional_text_is_empty(void **state)
{
    (void)state;
    fake_start(&fake, "not read\n", false);
    assert_int_equal(fake_run(&fake, "post", "--tag", "metoo", NULL), CLI_DONE);
    assert_string_equal(fake.request, "post {\"tags\":[\"metoo\"]}");
    assert_int_equal(fake.err_len, 0);
}

static void a_terminal_is_asked_for_what_is_missing(void **state)
{
    (void)state;
    fake_start(&fake, "3f2a\nwith\n", true);
    assert_int_equal(fake_run(&fake, "react", NULL), CLI_DONE);
    assert_string_equal(fake.request, "react {\"id\":\"3f2a\",\"reaction\":\"with\"}");
    assert_non_null(strstr(fake.err, "Which post"));
    assert_null(strstr(fake.out, "Which post"));
}

static void a_shield_is_asked_for_unless_a_word_is_named(void **state)
{
    (void)state;
    fake_start(&fake, "itwasme\n", true);
    assert_int_equal(fake_run(&fake, "shield", NULL), CLI_DONE);
    assert_string_equal(fake.request, "shield {\"tag\":\"itwasme\"}");
    assert_non_null(strstr(fake.err, "Which tag"));
    assert_non_null(strstr(fake.out, "Nobody is told"));
    fake_stop(&fake);

    fake_start(&fake, "court\n", false);
    assert_int_equal(fake_run(&fake, "unshield", "--word", "-", NULL), CLI_DONE);
    assert_string_equal(fake.request, "unshield {\"word\":\"court\"}");
    fake_stop(&fake);

    fake_start(&fake, "", false);
    assert_int_equal(fake_run(&fake, "shield", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake_run(&fake, "shield", "metoo", "--word", "court", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void a_post_is_asked_for_its_words_and_tags(void **state)
{
    (void)state;
    fake_start(&fake, "me too\nand more\n\n#metoo work, law\n", true);
    assert_int_equal(fake_run(&fake, "post", NULL), CLI_DONE);
    assert_string_equal(fake.request, "post {\"text\":\"me too\\nand more\","
                                      "\"tags\":[\"#metoo\",\"work\",\"law\"]}");
}

static void a_post_without_words_is_asked_for_once(void **state)
{
    (void)state;
    fake_start(&fake, "\nnot words\n", true);
    assert_int_equal(fake_run(&fake, "post", "--tag", "metoo", NULL), CLI_DONE);
    assert_string_equal(fake.request, "post {\"tags\":[\"metoo\"]}");
}

static void a_vouch_says_its_consequence_and_asks(void **state)
{
    (void)state;
    fake_start(&fake, "n\n", true);
    assert_int_equal(fake_run(&fake, "vouch", "kith1x", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 0);
    assert_non_null(strstr(fake.err, "cannot be fully taken back"));
    fake_stop(&fake);

    fake_start(&fake, "y\n", true);
    assert_int_equal(fake_run(&fake, "vouch", "kith1x", NULL), CLI_DONE);
    assert_string_equal(fake.request, "vouch {\"key\":\"kith1x\"}");
}

static void off_a_terminal_a_vouch_is_not_asked(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    assert_int_equal(fake_run(&fake, "vouch", "kith1x", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 1);
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_teardown(name, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(a_dash_reads_standard_input),
        A_TEST(dashes_take_a_line_each_and_the_text_what_is_left),
        A_TEST(every_private_argument_may_be_a_dash),
        A_TEST(a_dash_with_nothing_behind_it_is_2),
        A_TEST(input_that_is_not_utf8_is_2),
        A_TEST(endless_input_is_refused_with_bounded_memory),
        A_TEST(off_a_terminal_an_optional_text_is_empty),
        A_TEST(a_terminal_is_asked_for_what_is_missing),
        A_TEST(a_shield_is_asked_for_unless_a_word_is_named),
        A_TEST(a_post_is_asked_for_its_words_and_tags),
        A_TEST(a_post_without_words_is_asked_for_once),
        A_TEST(a_vouch_says_its_consequence_and_asks),
        A_TEST(off_a_terminal_a_vouch_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
