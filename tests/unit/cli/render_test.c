#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;

static int start(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    fake.cli.width = 40;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void a_post_in_the_timeline(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 0x3f, "$kind", "text", "%author", 1, "#created_s", FAKE_NOW_S - 120,
              "*tags", "metoo", "$text", "It happened to me too, and nobody asked me about it.",
              "{reactions", 2, "$_short", "3f2", "$_name", "@carl", NULL);
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. @carl  2 min ago  #metoo  3f2\n"
                                  "     It happened to me too, and nobody\n"
                                  "     asked me about it.\n"
                                  "     heart 2\n");
}

static void json_has_the_contracts_fields_alone(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 0x3f, "$kind", "text", "$text", "me too", "$_short", "3f2", NULL);
    assert_int_equal(fake_run(&fake, "timeline", "--json", NULL), CLI_DONE);
    assert_string_equal(
        fake.out, "{\"id\":\"3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f\","
                  "\"kind\":\"text\",\"text\":\"me too\"}\n");
}

static void a_post_without_words_is_one_line(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 0x3f, "$text", "", "*tags", "metoo", "$_short", "3f2", "$_name", "Ana",
              NULL);
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. Ana  #metoo  3f2\n");
}

static void a_tally_is_told_in_sentences(void **state)
{
    (void)state;
    fake_item(&fake, "$tag", "metoo", "#people_min", 2, "#people_max", 3, "#posts", 1, "#reactions",
              4, "#following", 1, "#strangers", 0, NULL);
    assert_int_equal(fake_run(&fake, "tally", "metoo", NULL), CLI_DONE);
    assert_string_equal(fake.out, "#metoo: 2 to 3 people, 1 post, 4 reactions\n"
                                  "  you follow 1 of them, 0 nobody has introduced to you\n");
}

static void a_text_behind_a_note_is_folded_until_shown(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        fake_item(&fake, "%id", 0x3f, "$text", "what happened", "$note", "violence", "$_short",
                  "3f2", "$_name", "Ana", NULL);
        assert_int_equal(whole ? fake_run(&fake, "show", "3f2", NULL)
                               : fake_run(&fake, "timeline", NULL),
                         CLI_DONE);
        assert_string_equal(fake.out, whole ? "Ana  3f2\n"
                                              "     note: violence\n"
                                              "     what happened\n"
                                            : "  1. Ana  3f2\n"
                                              "     note: violence  (show 3f2 to read)\n");
    }
}

static void a_text_never_stands_where_kith_itself_speaks(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        fake_item(&fake, "%id", 0x3f, "$text", "a\nkith: type your words\nkith> block", "$_short",
                  "3f2", "$_name", "Ana", NULL);
        assert_int_equal(whole ? fake_run(&fake, "show", "3f2", NULL)
                               : fake_run(&fake, "timeline", NULL),
                         CLI_DONE);
        assert_non_null(strstr(fake.out, "kith: type"));
        assert_null(strstr(fake.out, "\nkith"));
    }
}

static void a_thread_is_indented_below_what_it_answers(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 1, "$text", "root", "$_name", "Ana", "$_short", "01", NULL);
    fake_item(&fake, "%id", 2, "%parent", 1, "$text", "one", "$_name", "Bea", "$_short", "02",
              NULL);
    fake_item(&fake, "%id", 3, "%parent", 2, "$text", "two", "$_name", "Ana", "$_short", "03",
              NULL);
    fake_item(&fake, "%id", 4, "%parent", 1, "$text", "three", "$_name", "Dan", "$_short", "04",
              NULL);
    assert_int_equal(fake_run(&fake, "thread", "01", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. Ana  01\n     root\n"
                                  "    2. Bea  02\n       one\n"
                                  "      3. Ana  03\n         two\n"
                                  "    4. Dan  04\n       three\n");
}

static void replies_and_echoes_name_what_they_are_about(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 1, "$_name", "Ana", "$_short", "01", NULL);
    fake_item(&fake, "%id", 2, "%parent", 1, "$_name", "Bea", "$_short", "02", NULL);
    fake_item(&fake, "%id", 3, "%echo", 0xee, "$_name", "Dan", "$_short", "03", NULL);
    fake_item(&fake, "%id", 4, "$_kind_text", "reacts with heart", "$_name", "Eva", "$_short", "04",
              NULL);
    assert_int_equal(fake_run(&fake, "inbox", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. Ana  01\n"
                                  "  2. Bea  replies to 1  02\n"
                                  "  3. Dan  echoes eeeeeeeeeeee  03\n"
                                  "  4. Eva  reacts with heart  04\n");
}

static void what_a_post_does_is_said_in_words(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 1, "$kind", "text", "$name", "@carl", "?_petname", 1, "#_replies", 2,
              "$_short", "01", NULL);
    fake_item(&fake, "%id", 2, "$kind", "react", "$name", "Bea", "%subject", 1, "$reaction", "with",
              "$_short", "02", NULL);
    fake_item(&fake, "%id", 3, "$kind", "vouch", "$name", "Dan", "?_own", 1, "%vouched", 0,
              "$_short", "03", NULL);
    fake_item(&fake, "%id", 4, "$kind", "retract", "$name", "@carl", "%subject", 0xee, "$_short",
              "04", NULL);
    assert_int_equal(fake_run(&fake, "inbox", NULL), CLI_DONE);
    char *vouch = strstr(fake.out, "  3. Dan  (you)  vouches for kith1qqqqqq");
    assert_non_null(vouch);
    assert_non_null(strstr(vouch, "  03\n  4. carl  takes back eeeeeeeeeeee  04\n"));
    *vouch = '\0';
    assert_string_equal(fake.out, "  1. @carl  01\n     2 replies\n"
                                  "  2. Bea  reacts: with  to 1  02\n");
}

static void nobody_looks_like_a_petname_a_key_or_you(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *shown;
    } rows[] = {{"\xe2\x80\x8b@carl", "carl"},  /* behind what is invisible */
                {"\xef\xbc\xa0 @carl", "carl"}, /* a wide @ */
                {"\xe2\x80\xae@\xd7\xa9", "\xe2\x81\xa8\xd7\xa9\xe2\x81\xa9"},
                {"Ana  (you)", "Ana (you)"}, /* hers has two spaces */
                {"Ana\xe3\x80\x80\xe2\xa0\x80(you)", "Ana (you)"},
                {"KITH1qqqqqqq...", "somebody"},
                {"kith1qqqq\xd7\xa9", "somebody"},
                {"\xe3\x85\xa4", "somebody"}, /* nothing to be seen */
                {"\xe2\xa0\x80\xe2\xa0\x80", "somebody"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "  1. %s  01\n", rows[i].shown);
        fake_item(&fake, "%id", 1, "$name", rows[i].name, "$_short", "01", NULL);
        assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
        assert_string_equal(fake.out, expected);
    }
    fake_item(&fake, "%id", 1, "$name", "Ana", "?_own", 1, "$_short", "01", NULL);
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. Ana  (you)  01\n");
}

static void hostile_text_cannot_leave_its_place(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 1, "$name", "@carl\n  9. Ana\x1b[2J", "*tags",
              "me\xe2\x80\xaetoo\xe2\x80\xac", "$text", "a\x1b]0;x\x07\r\n  2. Bea  just now",
              "$note", "", "$_short", "01", NULL);
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_null(strchr(fake.out, 0x1b));
    assert_string_equal(fake.out, "  1. carl 9. Ana\xef\xbf\xbd[2J  #metoo  01\n"
                                  "     a\xef\xbf\xbd]0;x\xef\xbf\xbd\n"
                                  "     2. Bea just now\n");
}

static void a_flood_of_lines_is_cut_in_listings_only(void **state)
{
    (void)state;
    char text[400] = "";
    for (int i = 0; i < 100; i++) {
        strcat(text, "a\n");
    }
    fake_item(&fake, "%id", 1, "$text", text, "$_name", "Ana", "$_short", "01", NULL);
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "(it goes on: show 01 has all of it)"));
    assert_true(fake.out_len < 200);
    fake_item(&fake, "%id", 1, "$text", text, "$_name", "Ana", "$_short", "01", NULL);
    assert_int_equal(fake_run(&fake, "show", "01", NULL), CLI_DONE);
    assert_null(strstr(fake.out, "it goes on"));
}

static void what_was_sent_says_to_how_many(void **state)
{
    (void)state;
    static const char *const shown[] = {
        "Kept as 3f2. It goes out as soon as your node is connected.\n",
        "Kept as 3f2, and handed to 1 node so far.\n",
        "Kept as 3f2, and handed to 2 nodes so far.\n",
    };
    for (int i = 0; i < 3; i++) {
        fake_item(&fake, "%id", 0x3f, "#sent_to", i, "$_short", "3f2", NULL);
        assert_int_equal(fake_run(&fake, "post", "me too", NULL), CLI_DONE);
        assert_string_equal(fake.out, shown[i]);
    }
}

static void people_and_blocks_show_keys_that_can_be_copied(void **state)
{
    (void)state;
    fake_item(&fake, "%key", 0, "$name", "Carl", "$petname", "carl", "#distance", 2, "?follow", 1,
              NULL);
    assert_int_equal(fake_run(&fake, "people", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "  1. @carl, who goes by Carl  you follow them  2 steps away\n"
                                     "     kith1qqqqqqqqqqqqqqq"));
    fake_item(&fake, "%key", 0, "$label", "from work", NULL);
    assert_int_equal(fake_run(&fake, "blocks", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "  1. from work\n     kith1qqqq"));
}

static void a_block_says_whether_a_post_or_a_key_was_named(void **state)
{
    (void)state;
    fake_item(&fake, "%key", 0, "$named_by", "post", NULL);
    assert_int_equal(fake_run(&fake, "block", "3f2a", NULL), CLI_DONE);
    assert_ptr_equal(strstr(fake.out, "You named a post; its author is kith1qqqq"), fake.out);
    fake_item(&fake, "%key", 0, "$named_by", "key", NULL);
    assert_int_equal(fake_run(&fake, "unblock", "kith1x", NULL), CLI_DONE);
    assert_ptr_equal(strstr(fake.out, "You named the key kith1qqqq"), fake.out);
}

static void status_says_what_to_do_when_nobody_is_connected(void **state)
{
    (void)state;
    fake_item(&fake, "$state", "running", "%identity", 0, "$address", "", "#peers", 0, NULL);
    assert_int_equal(fake_run(&fake, "status", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "state         running\n"));
    assert_non_null(strstr(fake.out, "identity      kith1qqqq"));
    assert_non_null(strstr(fake.out, "`kith join` takes an invite"));
    fake_item(&fake, "$state", "running", "#peers", 0, "$kind", "relay", NULL);
    assert_int_equal(fake_run(&fake, "status", NULL), CLI_DONE);
    assert_null(strstr(fake.out, "`kith join`")); /* a relay waits for others */
}

static void an_invite_stands_alone_on_its_line(void **state)
{
    (void)state;
    fake_item(&fake, "$invite", "kithinvite1abc", NULL);
    assert_int_equal(fake_run(&fake, "invite", NULL), CLI_DONE);
    assert_string_equal(fake.out, "kithinvite1abc\n");
    assert_non_null(strstr(fake.err, "people you trust"));
}

static void tags_and_peers_are_numbered(void **state)
{
    (void)state;
    fake_item(&fake, "$tag", "metoo", "#posts", 12, NULL);
    assert_int_equal(fake_run(&fake, "tags", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. #metoo  posts 12\n");
    fake_item(&fake, "$address", "kith://relay.example:7117/abc", "?connected", 1, NULL);
    assert_int_equal(fake_run(&fake, "peer", "list", NULL), CLI_DONE);
    assert_string_equal(fake.out, "  1. kith://relay.example:7117/abc  connected yes\n");
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(a_post_in_the_timeline),
        A_TEST(json_has_the_contracts_fields_alone),
        A_TEST(a_post_without_words_is_one_line),
        A_TEST(a_tally_is_told_in_sentences),
        A_TEST(a_text_behind_a_note_is_folded_until_shown),
        A_TEST(a_text_never_stands_where_kith_itself_speaks),
        A_TEST(a_thread_is_indented_below_what_it_answers),
        A_TEST(replies_and_echoes_name_what_they_are_about),
        A_TEST(what_a_post_does_is_said_in_words),
        A_TEST(nobody_looks_like_a_petname_a_key_or_you),
        A_TEST(hostile_text_cannot_leave_its_place),
        A_TEST(a_flood_of_lines_is_cut_in_listings_only),
        A_TEST(what_was_sent_says_to_how_many),
        A_TEST(people_and_blocks_show_keys_that_can_be_copied),
        A_TEST(a_block_says_whether_a_post_or_a_key_was_named),
        A_TEST(status_says_what_to_do_when_nobody_is_connected),
        A_TEST(an_invite_stands_alone_on_its_line),
        A_TEST(tags_and_peers_are_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
