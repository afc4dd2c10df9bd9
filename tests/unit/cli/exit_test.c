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
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void the_nodes_exit_status_is_kiths(void **state)
{
    (void)state;
    for (int status = 1; status <= 5; status++) {
        fake_end(&fake, status, "the reason");
        assert_int_equal(fake_run(&fake, "show", "3f2a", NULL), status);
        assert_string_equal(fake.err, "kith: the reason\n");
        assert_string_equal(fake.out, "");
    }
}

static void an_empty_list_is_0_and_says_the_same_always(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "People are met through people"));
    assert_non_null(strstr(fake.out, "`kith join` takes an invite"));
    assert_non_null(strstr(fake.out, "--strangers"));
    assert_int_equal(fake_run(&fake, "timeline", "--json", NULL), CLI_DONE);
    assert_string_equal(fake.out, "");
    assert_string_equal(fake.err, "");
}

static void no_home_no_node_and_a_foreign_socket_are_3(void **state)
{
    (void)state;
    static const struct {
        enum err_code rc;
        const char *next;
    } cases[] = {
        {ERR_NOT_FOUND, "`kith init`"},    {ERR_NO_NODE, "`kith up`"},
        {ERR_TOO_LARGE, "shorter --home"}, {ERR_PERMISSION, "does not belong to you"},
        {ERR_IO, "Nothing was sent"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.answer = cases[i].rc;
        assert_int_equal(fake_run(&fake, "post", "me too", NULL), CLI_NO_NODE);
        assert_non_null(strstr(fake.err, cases[i].next));
        assert_non_null(strstr(fake.err, "Nothing was sent"));
    }
}

static void without_any_home_to_think_of_it_is_3(void **state)
{
    (void)state;
    fake.home = NULL;
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_NO_NODE);
    assert_non_null(strstr(fake.err, "--home DIR"));
}

static void up_and_down_without_a_home_are_3(void **state)
{
    (void)state;
    fake.answer = ERR_NOT_FOUND;
    assert_int_equal(fake_run(&fake, "up", NULL), CLI_NO_NODE);
    assert_non_null(strstr(fake.err, "`kith init`"));
    assert_int_equal(fake_run(&fake, "down", NULL), CLI_NO_NODE);
}

static void a_node_that_goes_away_says_what_may_have_been_kept(void **state)
{
    (void)state;
    fake.after = ERR_NETWORK;
    assert_int_equal(fake_run(&fake, "post", "me too", NULL), CLI_NO_NODE);
    assert_non_null(strstr(fake.err, "`kith mine` shows it"));
    assert_int_equal(fake_run(&fake, "passphrase", "--no-passphrase", NULL), CLI_NO_NODE);
    assert_non_null(strstr(fake.err, "the one until now or the new one"));
    assert_int_equal(fake_run(&fake, "backup", "/tmp/nothing", NULL), CLI_NO_NODE);
    assert_non_null(strstr(fake.err, "only if its file is"));
    fake.after = ERR_TIMEOUT;
    assert_int_equal(fake_run(&fake, "post", "me too", NULL), CLI_NO_NODE);
}

static void a_node_that_does_not_answer_is_not_waited_for_long(void **state)
{
    (void)state;
    fake.after = ERR_TIMEOUT;
    assert_int_equal(fake_run(&fake, "status", NULL), CLI_NO_NODE);
    assert_int_equal(fake.timeout_ms, 10000);
    assert_non_null(strstr(fake.err, "does not answer"));
    assert_non_null(strstr(fake.err, "kithd"));
    assert_int_equal(fake_run(&fake, "post", "me too", NULL), CLI_NO_NODE);
    assert_true(fake.timeout_ms > 10000);
}

static void an_answer_that_is_no_message_is_3(void **state)
{
    (void)state;
    static const uint8_t garbage[] = {0, 0, 0, 2, 0xff, 0xff};
    memcpy(fake.script, garbage, sizeof garbage);
    fake.script_len = sizeof garbage;
    assert_int_equal(fake_run(&fake, "timeline", NULL), CLI_NO_NODE);
}

static void down_waits_until_the_node_is_gone(void **state)
{
    (void)state;
    fake_end(&fake, 0, "");
    fake.after = ERR_NETWORK;
    assert_int_equal(fake_run(&fake, "down", NULL), CLI_DONE);
    assert_string_equal(fake.request, "down {}");
    assert_non_null(strstr(fake.out, "has stopped"));
}

static void watch_left_with_ctrl_c_is_0_and_cancels(void **state)
{
    (void)state;
    fake_item(&fake, "%id", 0x3f, "$text", "me too", NULL);
    fake.after = ERR_CANCELLED;
    assert_int_equal(fake_run(&fake, "watch", NULL), CLI_DONE);
    assert_true(fake.cancelled);
    assert_non_null(strstr(fake.out, "me too"));
}

static void notes_go_to_the_person_not_into_the_output(void **state)
{
    (void)state;
    fake_note(&fake, "the backup is a week old");
    assert_int_equal(fake_run(&fake, "blocks", "--json", NULL), CLI_DONE);
    assert_string_equal(fake.out, "");
    assert_string_equal(fake.err, "the backup is a week old\n");
}

static void a_block_says_what_it_does(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "block", "3f2a", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "no longer see"));
    assert_non_null(strstr(fake.out, "Nobody is told"));
    assert_non_null(strstr(fake.out, "can still read what you post publicly"));
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(the_nodes_exit_status_is_kiths),
        A_TEST(an_empty_list_is_0_and_says_the_same_always),
        A_TEST(no_home_no_node_and_a_foreign_socket_are_3),
        A_TEST(without_any_home_to_think_of_it_is_3),
        A_TEST(up_and_down_without_a_home_are_3),
        A_TEST(a_node_that_goes_away_says_what_may_have_been_kept),
        A_TEST(a_node_that_does_not_answer_is_not_waited_for_long),
        A_TEST(an_answer_that_is_no_message_is_3),
        A_TEST(down_waits_until_the_node_is_gone),
        A_TEST(watch_left_with_ctrl_c_is_0_and_cancels),
        A_TEST(notes_go_to_the_person_not_into_the_output),
        A_TEST(a_block_says_what_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
