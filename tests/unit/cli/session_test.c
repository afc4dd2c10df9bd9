#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/session.h"
#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void two_posts(void)
{
    fake_item(&fake, "%id", 0x3f, "$text", "one", "$_name", "Ana", NULL);
    fake_item(&fake, "%id", 0x77, "$text", "two", "$_name", "Bea", NULL);
    fake_end(&fake, 0, "");
}

#define HEX_77 "7777777777777777777777777777777777777777777777777777777777777777"

static void numbers_stand_for_the_last_listing(void **state)
{
    (void)state;
    fake_start(&fake, "timeline\nreply 2 me too\nquit\n", true);
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "reply {\"id\":\"" HEX_77 "\",\"text\":\"me too\"}");
}

static void a_post_can_be_blocked_by_its_number(void **state)
{
    (void)state;
    fake_start(&fake, "timeline\nblock 2\n", true);
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "block {\"who\":\"" HEX_77 "\"}");
}

static void a_number_that_was_asked_for_counts_too(void **state)
{
    (void)state;
    fake_start(&fake, "timeline\nshow\n2\nquit\n", true);
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "show {\"id\":\"" HEX_77 "\"}");
}

static void a_number_that_no_line_has_is_never_taken_for_an_id(void **state)
{
    (void)state;
    fake_start(&fake, "timeline\nblock 3\nblock\n7\n", true);
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "timeline {}");
    assert_non_null(strstr(fake.err, "There is no line 3 in the last listing"));
    assert_non_null(strstr(fake.err, "There is no line 7 in the last listing"));
    fake_stop(&fake);

    fake_start(&fake, "timeline\nblock 3333\n", true); /* long enough for an id's beginning */
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "block {\"who\":\"3333\"}");
}

static void numbers_stay_good_until_the_next_listing(void **state)
{
    (void)state;
    fake_start(&fake, "timeline\nshow 1\nreply 2 me too\nreact 2 with\n", true);
    two_posts();
    fake_item(&fake, "%id", 0x3f, "$text", "one", "$_name", "Ana", NULL);
    fake_end(&fake, 0, "");
    fake_item(&fake, "%id", 0x11, "#sent_to", 1, NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "react {\"id\":\"" HEX_77 "\",\"reaction\":\"with\"}");
    fake_stop(&fake);

    fake_start(&fake, "timeline\nblocks\nblock 1\n", true);
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "blocks {}"); /* an empty list has no lines */
}

static void numbers_of_posts_are_no_tags_and_none_outside_a_session(void **state)
{
    (void)state;
    fake_start(&fake, "timeline\ntag 2\n", true);
    two_posts();
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "tag {\"tag\":\"2\"}");
    fake_stop(&fake);

    fake_start(&fake, "", false);
    two_posts();
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_int_equal(fake_run(&fake, "show", "2", NULL), CLI_DONE);
    assert_string_equal(fake.request, "show {\"id\":\"2\"}");
}

static void numbered_people_are_keys(void **state)
{
    (void)state;
    fake_start(&fake, "people\nfollow 1\n", true);
    fake_item(&fake, "%key", 0, "$name", "Carl", NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_non_null(strstr(fake.request, "follow {\"key\":\"kith1qqqq"));
}

static void numbered_shields_are_tags_and_words_have_none(void **state)
{
    (void)state;
    fake_start(&fake, "shields\nunshield 2\n", true);
    fake_item(&fake, "$tag", "itwasme", NULL);
    fake_item(&fake, "$word", "court", NULL);
    fake_item(&fake, "$tag", "ihave", NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_non_null(
        strstr(fake.out, "  1. #itwasme\n     the word court  (unshield --word)\n  2. #ihave\n"));
    assert_string_equal(fake.request, "unshield {\"tag\":\"ihave\"}");
}

static void without_a_home_it_says_what_begins_one(void **state)
{
    (void)state;
    fake_start(&fake, "", true);
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_non_null(strstr(fake.err, "`init` makes it"));
}

static void a_failed_command_does_not_end_the_session(void **state)
{
    (void)state;
    fake_start(&fake, "nonsense\n\nkith status --json\n", true);
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_string_equal(fake.request, "status {}");
    assert_non_null(strstr(fake.err, "nonsense is not a command"));
}

static void home_and_json_hold_for_one_line(void **state)
{
    (void)state;
    fake_start(&fake, "--home /a timeline --json\ntimeline\n", true);
    fake_item(&fake, "%id", 1, "$text", "one", NULL);
    fake_end(&fake, 0, "");
    fake_item(&fake, "%id", 1, "$text", "two", "$_name", "Ana", NULL);
    assert_int_equal(fake_run(&fake, NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "\"text\":\"one\""));
    assert_non_null(strstr(fake.out, "  1. Ana"));
    assert_null(strstr(fake.cli.home, "/a"));
}

static size_t split(char *words[SESSION_WORDS_MAX], char room[512], const char *line)
{
    (void)strcpy(room, line);
    return session_split(words, room);
}

static void quotes_hold_an_options_value_and_are_text_elsewhere(void **state)
{
    (void)state;
    char *words[SESSION_WORDS_MAX];
    char room[2048];
    assert_int_equal(
        split(words, room, "post she said \"no\" --note \"hard to read\" --tag metoo\n"), 8);
    assert_string_equal(words[3], "\"no\"");
    assert_string_equal(words[5], "hard to read");
    assert_string_equal(words[7], "metoo");
    assert_int_equal(split(words, room, "kith show 3f"), 2);
    assert_string_equal(words[0], "show");
    assert_int_equal(split(words, room, "  \t "), 0);
    assert_int_equal(split(words, room, "kith"), 0);
    assert_int_equal(split(words, room, "post --note \"open"), 3);
}

static void a_line_of_too_many_words_is_refused(void **state)
{
    (void)state;
    char *words[SESSION_WORDS_MAX];
    char line[2 * SESSION_WORDS_MAX + 16] = "";
    for (int i = 0; i <= SESSION_WORDS_MAX; i++) {
        strcat(line, "a ");
    }
    assert_int_equal(session_split(words, line), SESSION_WORDS_MAX + 1);
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_teardown(name, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(numbers_stand_for_the_last_listing),
        A_TEST(a_post_can_be_blocked_by_its_number),
        A_TEST(a_number_that_was_asked_for_counts_too),
        A_TEST(a_number_that_no_line_has_is_never_taken_for_an_id),
        A_TEST(numbers_stay_good_until_the_next_listing),
        A_TEST(numbers_of_posts_are_no_tags_and_none_outside_a_session),
        A_TEST(numbered_people_are_keys),
        A_TEST(numbered_shields_are_tags_and_words_have_none),
        A_TEST(without_a_home_it_says_what_begins_one),
        A_TEST(a_failed_command_does_not_end_the_session),
        A_TEST(home_and_json_hold_for_one_line),
        cmocka_unit_test(quotes_hold_an_options_value_and_are_text_elsewhere),
        cmocka_unit_test(a_line_of_too_many_words_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
