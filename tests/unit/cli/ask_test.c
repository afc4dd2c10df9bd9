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

#define INVITE                                                                                     \
    "kithinvite1tia2smjzgixdalrsfyyqdrbak72vqctyo2vi3siv2xjym3zkcgxvxfe4catq5jqgiabpi"             \
    "eb2d224iicq6wkikzjwe2ea5kxhq7zpfdjslxwy5efve2plvtbt6cqatzd7fhccatau5g7ipxyeodzrw"             \
    "hcmx5q4duzlxabdlv5uhmzvktujjncnethdyqqgnnfvsvyfsadjlbg47wuegm6kdkmoun5ckw2sxqute"             \
    "o7s5vc4ys6napum422j2iamiqd42brwna465m5fc4ow42j3rm3zezljad7am2sasuf55i7kjbtpubxwu"             \
    "ecfayd5hhcz2xrhluu4bp4q5vd33dvcxlprw2m3ncg5kmaadds6kmqq"

static void an_invite_is_taken_with_the_line_breaks_of_a_letter(void **state)
{
    (void)state;
    static const char broken[] =
        "Hi Bea, here: "
        "kithinvite1tia2smjzgixdalrsfyyqdrbak72vqctyo2vi3siv2xjym3zkcgxvxfe4catq5jqgiabpi \n"
        "> eb2d224iicq6wkikzjwe2ea5kxhq7zpfdjslxwy5efve2plvtbt6cqatzd7fhccatau5g7ipxyeodzrw \n"
        "> hcmx5q4duzlxabdlv5uhmzvktujjncnethdyqqgnnfvsvyfsadjlbg47wuegm6kdkmoun5ckw2sxqute \n"
        "> o7s5vc4ys6napum422j2iamiqd42brwna465m5fc4ow42j3rm3zezljad7am2sasuf55i7kjbtpubxwu \n"
        "> ecfayd5hhcz2xrhluu4bp4q5vd33dvcxlprw2m3ncg5kmaadds6kmqq \n"
        "people\nquit\n";
    fake_start(&fake, broken, true);
    assert_int_equal(fake_run(&fake, "join", NULL), CLI_DONE);
    assert_string_equal(fake.request, "join {\"invite\":\"" INVITE "\"}");
    assert_non_null(strstr(fake.err, "not all of it yet"));
    fake_stop(&fake);

    fake_start(&fake, INVITE "\n", true);
    assert_int_equal(fake_run(&fake, "join", NULL), CLI_DONE);
    assert_string_equal(fake.request, "join {\"invite\":\"" INVITE "\"}");
    assert_null(strstr(fake.err, "not all of it yet"));
    fake_stop(&fake);

    fake_start(&fake, "kithinvite1aaa\n\npeople\n", true); /* the node says what it is not */
    assert_int_equal(fake_run(&fake, "join", NULL), CLI_DONE);
    assert_string_equal(fake.request, "join {\"invite\":\"kithinvite1aaa\"}");
    fake_stop(&fake);

    fake_start(&fake, "\n", true);
    assert_int_equal(fake_run(&fake, "join", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void an_invite_says_for_how_many_it_is(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    assert_int_equal(fake_run(&fake, "invite", NULL), CLI_DONE);
    assert_non_null(strstr(fake.err, "good for one person"));
    assert_int_equal(fake_run(&fake, "invite", "--uses", "12", NULL), CLI_DONE);
    assert_non_null(strstr(fake.err, "good for 12 people"));
}

static void a_line_the_terminal_cut_is_not_sent(void **state)
{
    (void)state;
    char input[ASK_TERMINAL_LINE_MAX + 32] = "";
    memset(input, 'a', ASK_TERMINAL_LINE_MAX);
    strcat(input, "\nmore\n\n");
    fake_start(&fake, input, true);
    assert_int_equal(fake_run(&fake, "post", "--tag", "metoo", NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
    assert_non_null(strstr(fake.err, "--editor"));
    fake_stop(&fake);

    fake_start(&fake, input, false);
    assert_int_equal(fake_run(&fake, "post", "-", NULL), CLI_DONE);
    fake_stop(&fake);

    fake_start(&fake, input + 1, true);
    assert_int_equal(fake_run(&fake, "post", "--tag", "metoo", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 1);
}

static void what_is_neither_yes_nor_no_is_asked_again(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        unsigned requests_count;
    } cases[] = {
        {"maybe\ny\n", 1}, {"maybe\nn\ny\n", 0}, {"\ny\n", 0}, {"a\nb\nc\ny\n", 0}, {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_start(&fake, cases[i].typed, true);
        assert_int_equal(fake_run(&fake, "vouch", "kith1x", NULL), CLI_DONE);
        assert_int_equal(fake.requests_count, cases[i].requests_count);
        if (i + 1 < sizeof cases / sizeof cases[0]) {
            fake_stop(&fake);
        }
    }
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
        A_TEST(an_invite_is_taken_with_the_line_breaks_of_a_letter),
        A_TEST(an_invite_says_for_how_many_it_is),
        A_TEST(a_line_the_terminal_cut_is_not_sent),
        A_TEST(what_is_neither_yes_nor_no_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
