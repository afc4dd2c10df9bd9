/* Evidence and lists of blocks from the command line's side: what is asked, what is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void a_new_passphrase_is_asked_for_twice(void **state)
{
    (void)state;
    fake_start(&fake, "correct horse\ncorrect horse\n", true);
    assert_int_equal(fake_run(&fake, "block", "@carl", "--keep-evidence", "/tmp/e.kith", NULL),
                     CLI_DONE);
    assert_string_equal(fake.request, "block {\"who\":\"@carl\",\"evidence\":\"/tmp/e.kith\","
                                      "\"passphrase\":\"correct horse\"}");
    assert_non_null(strstr(fake.err, "once more"));
    assert_null(strstr(fake.err, "correct horse"));
    assert_null(strstr(fake.out, "correct horse"));
}

static void two_different_answers_send_nothing(void **state)
{
    (void)state;
    fake_start(&fake, "correct horse\ncorrect house\n", true);
    assert_int_equal(fake_run(&fake, "block", "@carl", "--keep-evidence", "/tmp/e.kith", NULL),
                     CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void no_answer_sends_nothing(void **state)
{
    (void)state;
    fake_start(&fake, "\n", true);
    assert_int_equal(fake_run(&fake, "block", "@carl", "--keep-evidence", "/tmp/e.kith", NULL),
                     CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void a_passphrase_is_no_argument(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    assert_int_equal(fake_run(&fake, "block", "@carl", "--passphrase", "x", NULL), CLI_WRONG_USAGE);
    assert_int_equal(
        fake_run(&fake, "block", "@carl", "--keep-evidence", "e", "--passphrase-file", "/no", NULL),
        CLI_WRONG_USAGE);
    assert_int_equal(fake.requests_count, 0);
}

static void for_a_friend_nothing_is_asked_and_the_path_is_whole(void **state)
{
    (void)state;
    fake_start(&fake, "", true);
    assert_int_equal(
        fake_run(&fake, "block", "@carl", "--keep-evidence", "e.kith", "--for", "@ana", NULL),
        CLI_DONE);
    const char begun[] = "block {\"who\":\"@carl\",\"evidence\":\"/";
    assert_memory_equal(fake.request, begun, sizeof begun - 1);
    assert_non_null(strstr(fake.request, "/e.kith\",\"for\":\"@ana\"}"));
    assert_int_equal(fake_run(&fake, "blocks", "export", "-", NULL), CLI_WRONG_USAGE);
}

static void a_file_that_needs_a_passphrase_is_asked_for_once_more_with_it(void **state)
{
    (void)state;
    fake_start(&fake, "correct horse\n", true);
    fake_item(&fake, "$needs", "passphrase", NULL);
    fake_end(&fake, 0, "");
    fake_item(&fake, "%sealed_by", 1, "?seal_valid", 1, "#sealed_s", 0, "%about", 2, "#posts", 0,
              "#verified", 0, "?whole", 1, NULL);
    fake_end(&fake, 0, "");
    assert_int_equal(fake_run(&fake, "verify", "/tmp/e.kith", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 2);
    assert_string_equal(fake.request,
                        "verify {\"file\":\"/tmp/e.kith\",\"passphrase\":\"correct horse\"}");
    assert_non_null(strstr(fake.out, "0 of 0 signatures verify."));
    assert_null(strstr(fake.out, "needs"));
}

static void queue_preview(unsigned new_count)
{
    fake_item(&fake, "%exporter", 7, "?own", 1, "#exported_s", 100, "#people", 1, "#new", new_count,
              NULL);
    fake_item(&fake, "%key", 9, "$label", "him", "?new", 1, NULL);
    fake_end(&fake, 0, "");
}

static void an_import_is_shown_and_asked_about_first(void **state)
{
    (void)state;
    fake_start(&fake, "y\n", true);
    queue_preview(1);
    fake_item(&fake, "%exporter", 7, "?own", 1, "#exported_s", 100, "#people", 1, "#blocked", 1,
              NULL);
    assert_int_equal(fake_run(&fake, "blocks", "import", "/tmp/l.kith", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 2);
    assert_string_equal(fake.request, "blocks import {\"file\":\"/tmp/l.kith\",\"yes\":true}");
    assert_non_null(strstr(fake.out, "him"));
    assert_non_null(strstr(fake.out, "1 more is blocked now."));
}

static void anything_but_yes_imports_nothing(void **state)
{
    (void)state;
    static const char *const inputs[] = {"\n", "n\n", ""};
    for (size_t i = 0; i < 3; i++) {
        fake_start(&fake, inputs[i], true);
        queue_preview(1);
        assert_int_equal(fake_run(&fake, "blocks", "import", "/tmp/l.kith", NULL), CLI_DONE);
        assert_int_equal(fake.requests_count, 1);
        assert_non_null(strstr(fake.err, "Nothing was changed."));
        fake_stop(&fake);
    }
    fake_start(&fake, "", false);
    queue_preview(1);
    assert_int_equal(fake_run(&fake, "blocks", "import", "/tmp/l.kith", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 1);
}

static void an_import_of_nobody_new_asks_nothing(void **state)
{
    (void)state;
    fake_start(&fake, "", true);
    queue_preview(0);
    assert_int_equal(fake_run(&fake, "blocks", "import", "/tmp/l.kith", NULL), CLI_DONE);
    assert_int_equal(fake.requests_count, 1);
    assert_null(strstr(fake.err, "[y/N]"));
}

#define TEST(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_passphrase_is_asked_for_twice),
        TEST(two_different_answers_send_nothing),
        TEST(no_answer_sends_nothing),
        TEST(a_passphrase_is_no_argument),
        TEST(for_a_friend_nothing_is_asked_and_the_path_is_whole),
        TEST(a_file_that_needs_a_passphrase_is_asked_for_once_more_with_it),
        TEST(an_import_is_shown_and_asked_about_first),
        TEST(anything_but_yes_imports_nothing),
        TEST(an_import_of_nobody_new_asks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
