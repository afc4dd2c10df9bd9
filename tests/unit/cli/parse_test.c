#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;

static int off_a_terminal(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void arguments_reach_the_node_under_their_names(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "reply", "3f2a", "me too", "--tag", "metoo", "--tag", "MeToo",
                              "--note", "hard", "--replies", "vouched", "--expires", "7d", NULL),
                     CLI_DONE);
    assert_string_equal(fake.request,
                        "reply {\"id\":\"3f2a\",\"text\":\"me too\",\"tags\":[\"metoo\",\"MeToo\"],"
                        "\"note\":\"hard\",\"replies\":\"vouched\",\"expires\":604800}");
}

static void options_may_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "--limit", "7", "tag", "--strangers", "metoo", NULL),
                     CLI_DONE);
    assert_string_equal(fake.request, "tag {\"limit\":7,\"strangers\":true,\"tag\":\"metoo\"}");
    assert_int_equal(fake_run(&fake, "--home", "/a", "timeline", "--before=3f", NULL), CLI_DONE);
    assert_string_equal(fake.request, "timeline {\"before\":\"3f\"}");
    assert_string_equal(fake.cli.home, "/a");
}

static void two_dashes_end_options(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "post", "--tag", "t", "--", "--voice", "-x", NULL), CLI_DONE);
    assert_string_equal(fake.request, "post {\"tags\":[\"t\"],\"text\":\"--voice -x\"}");
}

static void a_text_takes_all_words_that_are_left(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "search", "me", "too", NULL), CLI_DONE);
    assert_string_equal(fake.request, "search {\"words\":\"me too\"}");
}

static void two_words_can_be_one_command(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "people", "name", "kith1x", "@carl", NULL), CLI_DONE);
    assert_string_equal(fake.request, "people name {\"key\":\"kith1x\",\"petname\":\"@carl\"}");
    assert_int_equal(fake_run(&fake, "people", "--strangers", NULL), CLI_DONE);
    assert_string_equal(fake.request, "people {\"strangers\":true}");
    assert_int_equal(fake_run(&fake, "tally", "metoo", "--show-shielded", NULL), CLI_DONE);
    assert_string_equal(fake.request, "tally {\"tag\":\"metoo\",\"shielded\":true}");
}

static void an_invites_options_reach_the_node(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "invite", "--uses", "3", "--expires", "30m", NULL), CLI_DONE);
    assert_string_equal(fake.request, "invite {\"uses\":3,\"expires\":1800}");
}

/* Run words (at most three) and expect exit 2, a reason, and that nothing was sent. */
static void expect_usage(const char *a, const char *b, const char *c)
{
    assert_int_equal(fake_run(&fake, a, b, c, NULL), CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
    assert_true(fake.err_len > 0);
    assert_int_equal(fake.out_len, 0);
}

static void wrong_usage_is_2_and_sends_nothing(void **state)
{
    (void)state;
    expect_usage("timelin", NULL, NULL);
    expect_usage("peer", NULL, NULL);
    expect_usage("peer", "ad", NULL);
    expect_usage("tag", NULL, NULL);
    expect_usage("react", "3f2a", NULL);
    expect_usage("react", "3f2a", "thumbs");
    expect_usage("timeline", "metoo", NULL);
    expect_usage("timeline", "--limit", "0");
    expect_usage("timeline", "--limit", "1001");
    expect_usage("timeline", "--limit", "-5");
    expect_usage("timeline", "--limit", NULL);
    expect_usage("timeline", "--limi", "5");
    expect_usage("timeline", "--limit=5", "--limit=6");
    expect_usage("timeline", "--strangers=yes", NULL);
    expect_usage("timeline", "--uses", "3");
    expect_usage("post", "--expires", "7");
    expect_usage("post", "--replies", "all");
    expect_usage("post", "--home", "");
    expect_usage("post", "\xff\xfe", NULL);
    expect_usage("post", "a", "\xff");
    expect_usage("--limit", "5", NULL);
    expect_usage("crowd", NULL, NULL);
    expect_usage("lock", "--after", "7");
    expect_usage("lock", "--after", "on");
    expect_usage("unlock", "words", NULL);
    expect_usage("passphrase", NULL, NULL);
    expect_usage("help", "nothing", NULL);
    expect_usage("follow", NULL, NULL);
    expect_usage("block", NULL, NULL);
    expect_usage("join", NULL, NULL);
}

static void a_ninth_tag_is_refused(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "post", "--tag=1", "--tag=2", "--tag=3", "--tag=4", "--tag=5",
                              "--tag=6", "--tag=7", "--tag=8", NULL),
                     CLI_DONE);
    assert_int_equal(fake_run(&fake, "post", "--tag=1", "--tag=2", "--tag=3", "--tag=4", "--tag=5",
                              "--tag=6", "--tag=7", "--tag=8", "--tag=9", NULL),
                     CLI_WRONG_USAGE);
}

static void follow_takes_a_key_or_a_tag_not_both(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "follow", "--tag", "metoo", NULL), CLI_DONE);
    assert_string_equal(fake.request, "follow {\"tag\":\"metoo\"}");
    expect_usage("follow", "kith1x", "--tag=metoo");
}

static void an_unknown_command_suggests_the_nearest(void **state)
{
    (void)state;
    expect_usage("timelien", NULL, NULL);
    assert_non_null(strstr(fake.err, "Did you mean timeline?"));
    expect_usage("frobnicate", NULL, NULL);
    assert_null(strstr(fake.err, "Did you mean"));
    /* The opposite of what somebody wants must not be suggested for it. */
    expect_usage("unlok", NULL, NULL);
    assert_null(strstr(fake.err, "unblock"));
}

static void an_error_repeats_only_what_was_typed_and_safely(void **state)
{
    (void)state;
    expect_usage("\x1b[2Jclear", NULL, NULL);
    assert_null(strchr(fake.err, 0x1b));
    assert_non_null(strstr(fake.err, "[2Jclear"));
}

static void alone_off_a_terminal_it_is_help_and_2(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, NULL), CLI_WRONG_USAGE);
    assert_non_null(strstr(fake.out, "timeline"));
}

static void voices_are_refused_rather_than_posted_under_ones_name(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "post", "me too", "--voice", NULL), CLI_REFUSED);
    assert_int_equal(fake.requests_count, 0);
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_setup_teardown(name, off_a_terminal, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(arguments_reach_the_node_under_their_names),
        A_TEST(options_may_stand_anywhere),
        A_TEST(two_dashes_end_options),
        A_TEST(a_text_takes_all_words_that_are_left),
        A_TEST(two_words_can_be_one_command),
        A_TEST(an_invites_options_reach_the_node),
        A_TEST(wrong_usage_is_2_and_sends_nothing),
        A_TEST(a_ninth_tag_is_refused),
        A_TEST(follow_takes_a_key_or_a_tag_not_both),
        A_TEST(an_unknown_command_suggests_the_nearest),
        A_TEST(an_error_repeats_only_what_was_typed_and_safely),
        A_TEST(alone_off_a_terminal_it_is_help_and_2),
        A_TEST(voices_are_refused_rather_than_posted_under_ones_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
