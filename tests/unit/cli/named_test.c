#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/named.h"
#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

/* The node shows the post, and who she is. */
static void carls_post_and_her_profile(void)
{
    fake_item(&fake, "%id", 0x3f, "%author", 7, "$name", "Carl", "$text", "one", NULL);
    fake_end(&fake, 0, "");
    fake_item(&fake, "%key", 1, "$name", "Bea", NULL);
    fake_end(&fake, 0, "");
}

static void an_answer_says_as_whom_and_to_whom_before_the_words_are_written(void **state)
{
    (void)state;
    fake_start(&fake, "y\nwith you\n\n", true);
    carls_post_and_her_profile();
    assert_int_equal(fake_run(&fake, "reply", "3f3f", NULL), CLI_DONE);
    const char *said = strstr(fake.err, "To Carl, as Bea.");
    assert_non_null(said);
    assert_non_null(strstr(said, "Answer? [y/N]"));
    assert_non_null(strstr(said, "What do you want to say?"));
    assert_string_equal(fake.request, "reply {\"id\":\"3f3f\",\"text\":\"with you\"}");
}

static void a_reaction_says_it_too_and_no_means_no(void **state)
{
    (void)state;
    fake_start(&fake, "\n", true);
    carls_post_and_her_profile();
    assert_int_equal(fake_run(&fake, "react", "3f3f", "with", NULL), CLI_DONE);
    assert_non_null(strstr(fake.err, "To Carl, as Bea."));
    assert_non_null(strstr(fake.err, "Nothing was sent."));
    assert_string_equal(fake.request, "profile {}");
}

/* She may answer what she shields, and strangers: all of that is said as well. */
static void whom_it_is_to_is_looked_up_as_far_as_an_answer_reaches(void **state)
{
    (void)state;
    fake_start(&fake, "y\n", true);
    carls_post_and_her_profile();
    assert_int_equal(fake_run(&fake, "react", "3f3f", "with", NULL), CLI_DONE);
    assert_memory_equal(fake.first_request, "show {", 6);
    assert_non_null(strstr(fake.first_request, "\"shielded\":true"));
    assert_non_null(strstr(fake.first_request, "\"strangers\":true"));
}

static void a_petname_and_a_key_stand_for_those_who_gave_no_name(void **state)
{
    (void)state;
    fake_start(&fake, "y\n", true);
    fake_item(&fake, "%id", 0x3f, "%author", 7, "$name", "carl", "?_petname", 1, NULL);
    fake_end(&fake, 0, "");
    fake_item(&fake, "%key", 1, NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, "react", "3f3f", "heart", NULL), CLI_DONE);
    assert_non_null(strstr(fake.err, "To @carl, as kith1"));
    assert_string_equal(fake.request, "react {\"id\":\"3f3f\",\"reaction\":\"heart\"}");
}

static void a_session_asks_once_and_says_it_each_time(void **state)
{
    (void)state;
    fake_start(&fake, "react 3f3f heart\ny\nreact 3f3f with\nquit\n", true);
    carls_post_and_her_profile();
    fake_end(&fake, 0, "");
    carls_post_and_her_profile();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "react {\"id\":\"3f3f\",\"reaction\":\"with\"}");
    const char *first = strstr(fake.err, "To Carl, as Bea.");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "To Carl, as Bea."));
    const char *asked = strstr(fake.err, "React? [y/N]");
    assert_non_null(asked);
    assert_null(strstr(asked + 1, "React? [y/N]"));
}

static void nothing_is_asked_off_a_terminal_nor_with_yes_nor_with_json(void **state)
{
    (void)state;
    static const char *const more[] = {NULL, "--yes", "--json"};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        fake_start(&fake, "", i > 0);
        assert_int_equal(fake_run(&fake, "react", "3f3f", "with", more[i], NULL), CLI_DONE);
        assert_int_equal(fake.requests_count, 1);
        assert_string_equal(fake.err, "");
        if (i + 1 < sizeof more / sizeof more[0]) {
            fake_stop(&fake);
        }
    }
}

/* Hidden or unknown: the command answers as ever, and no question tells the two apart. */
static void nothing_is_asked_about_a_post_that_is_not_shown(void **state)
{
    (void)state;
    fake_start(&fake, "", true);
    fake_end(&fake, 1, "there is no '3f3f' here");
    fake_end(&fake, 1, "there is no '3f3f' here");
    assert_int_equal(fake_run(&fake, "react", "3f3f", "with", NULL), CLI_NO_SUCH_THING);
    assert_string_equal(fake.err, "kith: there is no '3f3f' here\n");
}

static void a_block_offers_to_take_back_the_vouch(void **state)
{
    (void)state;
    fake_start(&fake, "y\n", true);
    fake_item(&fake, "%key", 7, "$named_by", "post", "?_vouched", 1, NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, "block", "3f3f", NULL), CLI_DONE);
    const char *blocked = strstr(fake.out, "Blocked.");
    assert_non_null(blocked);
    assert_non_null(strstr(fake.err, "Take the vouch back? [y/N]"));
    assert_memory_equal(fake.request, "unvouch {\"key\":\"kith1", 21);
}

static void a_block_leaves_the_vouch_unless_she_says_yes(void **state)
{
    (void)state;
    fake_start(&fake, "\n", true);
    fake_item(&fake, "%key", 7, "$named_by", "key", "?_vouched", 1, NULL);
    assert_int_equal(fake_run(&fake, "block", "3f3f", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 1);
    assert_non_null(strstr(fake.err, "The vouch stays."));
}

static void off_a_terminal_a_note_names_the_commands(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    fake_item(&fake, "%key", 7, "$named_by", "key", "?_vouched", 1, "$_peer", "kith://a:1/b", NULL);
    assert_int_equal(fake_run(&fake, "block", "3f3f", "--json", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 1);
    assert_non_null(strstr(fake.err, "`kith unvouch kith1"));
    assert_non_null(strstr(fake.err, "`kith peer remove kith://a:1/b`"));
    assert_null(strstr(fake.out, "vouched"));
    assert_null(strstr(fake.out, "peer"));
}

static void a_block_offers_to_end_a_connection(void **state)
{
    (void)state;
    fake_start(&fake, "y\n", true);
    fake_item(&fake, "%key", 7, "$named_by", "key", "$_peer", "kith://a:1/b", NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, "block", "3f3f", NULL), CLI_DONE);
    assert_string_equal(fake.request, "peer remove {\"address\":\"kith://a:1/b\"}");
}

static void a_tie_that_cannot_be_ended_leaves_the_block_in_force(void **state)
{
    (void)state;
    fake_start(&fake, "y\n", true);
    fake_item(&fake, "%key", 7, "$named_by", "key", "?_vouched", 1, NULL);
    fake_end(&fake, 0, "");
    fake_end(&fake, 5, "the disk is full");
    assert_int_equal(fake_run(&fake, "block", "3f3f", NULL), CLI_REFUSED);
    assert_non_null(strstr(fake.err, "The block is in force"));
}

#define TEST(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_says_as_whom_and_to_whom_before_the_words_are_written),
        TEST(a_reaction_says_it_too_and_no_means_no),
        TEST(whom_it_is_to_is_looked_up_as_far_as_an_answer_reaches),
        TEST(a_petname_and_a_key_stand_for_those_who_gave_no_name),
        TEST(a_session_asks_once_and_says_it_each_time),
        TEST(nothing_is_asked_off_a_terminal_nor_with_yes_nor_with_json),
        TEST(nothing_is_asked_about_a_post_that_is_not_shown),
        TEST(a_block_offers_to_take_back_the_vouch),
        TEST(a_block_leaves_the_vouch_unless_she_says_yes),
        TEST(off_a_terminal_a_note_names_the_commands),
        TEST(a_block_offers_to_end_a_connection),
        TEST(a_tie_that_cannot_be_ended_leaves_the_block_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
