#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/options.h"
#include "proto/address.h"

#define WORDS_MAX 8

/* Parse the words, which end with NULL. */
static enum err_code parse(struct options *options, struct err_note *note, char **words)
{
    int count = 0;
    char *argv[WORDS_MAX] = {0};
    static char program[] = "kithd";
    argv[count++] = program;
    for (; words[count - 1] != NULL; count++) {
        argv[count] = words[count - 1];
    }
    memset(note, 0, sizeof *note);
    return options_parse(options, count, argv, note);
}

#define PARSE(...) parse(&options, &note, (char *[]){__VA_ARGS__, NULL})

static void without_options_a_personal_node_runs(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(parse(&options, &note, (char *[]){NULL}), ERR_OK);
    assert_int_equal(options.mode, OPTIONS_RUN);
    assert_false(options.relay);
    assert_false(options.has_listen);
    assert_null(options.home);
}

static void values_stand_apart_or_after_an_equals_sign(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--home", "/tmp/a", "--listen=[::1]:7117", "--relay"), ERR_OK);
    assert_string_equal(options.home, "/tmp/a");
    assert_string_equal(options.listen_host, "::1");
    assert_int_equal(options.listen_port, 7117);
    assert_true(options.relay);
}

static void peers_are_addresses(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    struct address address = {.host = "127.0.0.1", .port = 7117};
    char text[ADDRESS_TEXT_MAX + 1];
    address_print(text, &address);
    assert_int_equal(PARSE("--peer", text), ERR_OK);
    assert_int_equal(options.peers_count, 1);
    assert_int_equal(PARSE("--peer", "127.0.0.1:7117"), ERR_USAGE);
    assert_non_null(strstr(note.text, "127.0.0.1:7117"));
}

static void a_home_may_begin_with_shields(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--init", "--shield", "itwasme", "--shield=ihave"), ERR_OK);
    assert_int_equal(options.shields_count, 2);
    assert_string_equal(options.shields[0], "itwasme");
    assert_string_equal(options.shields[1], "ihave");
    char *argv[2 * OPTIONS_SHIELDS_MAX + 4];
    static char words[][10] = {"kithd", "--init", "--shield", "tag"};
    int argc = 0;
    argv[argc++] = words[0];
    argv[argc++] = words[1];
    for (int i = 0; i <= OPTIONS_SHIELDS_MAX; i++) {
        argv[argc++] = words[2];
        argv[argc++] = words[3];
    }
    assert_int_equal(options_parse(&options, argc - 2, argv, &note), ERR_OK);
    assert_int_equal(options_parse(&options, argc, argv, &note), ERR_USAGE);
}

static void an_unknown_option_is_named(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--relai"), ERR_USAGE);
    assert_non_null(strstr(note.text, "--relai"));
}

static void what_is_incomplete_or_contradicts_itself_is_refused(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--home"), ERR_USAGE);
    assert_int_equal(PARSE("--home="), ERR_USAGE);
    assert_int_equal(PARSE("--relay=yes"), ERR_USAGE);
    assert_int_equal(PARSE("--listen", "here"), ERR_USAGE);
    assert_int_equal(PARSE("--name", "Ana"), ERR_USAGE);
    assert_int_equal(PARSE("--shield", "itwasme"), ERR_USAGE);
    assert_int_equal(PARSE("--init", "--relay"), ERR_USAGE);
    assert_int_equal(PARSE("--init", "--import", "f"), ERR_USAGE);
    assert_int_equal(PARSE("--recover", "--import", "f"), ERR_USAGE);
    assert_int_equal(PARSE("--recover", "--init"), ERR_USAGE);
    assert_int_equal(PARSE("--recover", "--relay"), ERR_USAGE);
    assert_int_equal(PARSE("--recover", "--name", "Bea"), ERR_USAGE);
    assert_int_equal(PARSE("--panic", "--recover"), ERR_USAGE);
    assert_int_equal(PARSE("--panic", "--relay"), ERR_USAGE);
    assert_int_equal(PARSE("--panic", "--passphrase-file", "f"), ERR_USAGE);
    assert_int_equal(PARSE("--no-passphrase"), ERR_USAGE);
    assert_int_equal(PARSE("--words", "--restore", "f"), ERR_USAGE);
    assert_int_equal(PARSE("--restore-words", "--init"), ERR_USAGE);
    assert_int_equal(PARSE("--restore", "f", "--relay"), ERR_USAGE);
    assert_int_equal(PARSE("--words-file", "f"), ERR_USAGE);
    assert_int_equal(PARSE("--show"), ERR_USAGE);
    assert_int_equal(PARSE("--restore"), ERR_USAGE);
    assert_int_equal(PARSE("--held", "2"), ERR_USAGE);
    assert_int_equal(PARSE("--held", "3x"), ERR_USAGE);
    assert_int_equal(PARSE("--init", "--no-passphrase", "--passphrase-file", "f"), ERR_USAGE);
}

static void a_home_comes_back_from_a_file_or_from_words(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--restore", "f", "--words-file", "w", "--no-passphrase"), ERR_OK);
    assert_int_equal(options.mode, OPTIONS_RESTORE);
    assert_string_equal(options.restore_path, "f");
    assert_string_equal(options.words_file, "w");
    assert_int_equal(PARSE("--restore-words"), ERR_OK);
    assert_int_equal(options.mode, OPTIONS_RESTORE);
    assert_null(options.restore_path);
    assert_int_equal(PARSE("--words", "--show"), ERR_OK);
    assert_true(options.show);
}

static void help_wins_over_everything(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--relay", "--help", "--nonsense"), ERR_OK);
    assert_int_equal(options.mode, OPTIONS_HELP);
    const char *const *help = options_help();
    assert_non_null(strstr(help[0], "--relay"));
    assert_non_null(strstr(help[1], "example:"));
    assert_null(help[2]);
}

static void a_relay_is_told_what_to_keep(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--relay"), ERR_OK);
    assert_int_equal(options.keeping.rules.keep_s, 90 * 86400);
    assert_int_equal(options.keeping.rules.keep_octets, 0);
    assert_int_equal(options.keeping.quotas.day_posts, 10000);
    assert_int_equal(PARSE("--relay", "--keep", "52w", "--keep-octets=50G", "--author-posts", "7"),
                     ERR_OK);
    assert_int_equal(options.keeping.rules.keep_s, 52 * 7 * 86400);
    assert_int_equal(options.keeping.rules.keep_octets, (uint64_t)50 << 30);
    assert_int_equal(options.keeping.quotas.day_posts, 7);
    assert_int_equal(PARSE("--relay", "--keep=all", "--author-posts=all"), ERR_OK);
    assert_int_equal(options.keeping.rules.keep_s, 0);
    assert_int_equal(options.keeping.quotas.day_posts, 0);
    static char *const wrong[] = {"--keep=0d",         "--keep=12h",        "--keep=90",
                                  "--keep=d",          "--keep=90dd",       "--keep=1234567890d",
                                  "--keep-octets=50",  "--keep-octets=0G",  "--keep-octets=5GB",
                                  "--author-posts=-1", "--author-posts=1k", "--author-posts=0",
                                  "--members=0",       "--members=1k",      "--member-newcomers=0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(PARSE("--relay", wrong[i]), ERR_USAGE);
        assert_true(note.text[0] != '\0');
    }
}

static void a_relay_is_told_how_many_to_take_in(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--relay"), ERR_OK);
    assert_int_equal(options.keeping.members.members_max, 200000);
    assert_int_equal(options.keeping.members.newcomers_max, 64);
    assert_int_equal(PARSE("--relay", "--members", "500", "--member-newcomers=3"), ERR_OK);
    assert_int_equal(options.keeping.members.members_max, 500);
    assert_int_equal(options.keeping.members.newcomers_max, 3);
    assert_int_equal(PARSE("--relay", "--members=all", "--member-newcomers", "all"), ERR_OK);
    assert_int_equal(options.keeping.members.members_max, 0);
    assert_int_equal(options.keeping.members.newcomers_max, 0);
    assert_int_equal(PARSE("--members", "500"), ERR_USAGE);
    assert_int_equal(PARSE("--member-newcomers", "3"), ERR_USAGE);
    assert_non_null(strstr(note.text, "--relay"));
}

static bool wants(const struct options *options, uint32_t set)
{
    return set_is_chosen(&options->sets, set);
}

static void a_node_is_told_which_sets_it_wants(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--relay"), ERR_OK);
    assert_true(wants(&options, SET_ALL));
    assert_int_equal(PARSE("--relay", "--sets", "all"), ERR_OK);
    assert_true(wants(&options, SET_ALL));
    assert_int_equal(PARSE("--relay", "--sets=standing"), ERR_OK);
    assert_true(wants(&options, SET_STANDING));
    assert_int_equal(set_next_chosen(&options.sets, SET_STANDING + 1), SETS_END);
    assert_int_equal(PARSE("--relay", "--sets", "author:00-3f,tag:a0"), ERR_OK);
    assert_true(wants(&options, SET_STANDING));
    assert_true(wants(&options, SET_AUTHORS) && wants(&options, SET_AUTHORS + 0x3f));
    assert_false(wants(&options, SET_ALL) || wants(&options, SET_AUTHORS + 0x40));
    assert_true(wants(&options, SET_TAGS + 0xa0));
    assert_false(wants(&options, SET_TAGS + 0x9f) || wants(&options, SET_TAGS + 0xa1));
    static char *const wrong[] = {"--sets=",           "--sets=most",        "--sets=all,standing",
                                  "--sets=author:0",   "--sets=author:3f-0", "--sets=author:3f-00",
                                  "--sets=tag:A0",     "--sets=tag:100",     "--sets=tag:a0,",
                                  "--sets=tag:a0,all", "--sets=tag:-a0",     "--sets=standing "};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(PARSE("--relay", wrong[i]), ERR_USAGE);
        assert_non_null(strstr(note.text, "--sets"));
    }
    assert_int_equal(PARSE("--sets", "tag:a0"), ERR_OK);
    assert_true(wants(&options, SET_TAGS + 0xa0) && !wants(&options, SET_ALL));
    assert_int_equal(PARSE("--init", "--sets", "tag:a0"), ERR_USAGE);
}

static void a_person_keeps_posts_by_age_alone(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--keep", "30d"), ERR_OK);
    assert_int_equal(options.keeping.rules.keep_s, 30 * 86400);
    assert_int_equal(options.keeping.archive_s, 260 * 7 * 86400);
    assert_int_equal(PARSE("--archive", "52w"), ERR_OK);
    assert_int_equal(options.keeping.archive_s, 52 * 7 * 86400);
    assert_int_equal(options.keeping.rules.keep_s, 90 * 86400);
    assert_int_equal(PARSE("--archive=all"), ERR_OK);
    assert_int_equal(options.keeping.archive_s, 0);
    assert_int_equal(PARSE("--archive", "12h"), ERR_USAGE);
    assert_non_null(strstr(note.text, "--archive"));
    assert_int_equal(PARSE("--archive", "5y"), ERR_USAGE);
    assert_int_equal(PARSE("--relay", "--archive", "52w"), ERR_USAGE);
    assert_non_null(strstr(note.text, "--archive"));
    assert_int_equal(PARSE("--init", "--archive", "52w"), ERR_USAGE);
    assert_int_equal(PARSE("--keep-octets", "50G"), ERR_USAGE);
    assert_true(strstr(note.text, "--keep") != NULL);
    assert_int_equal(PARSE("--author-posts", "7"), ERR_USAGE);
    assert_int_equal(PARSE("--init", "--keep", "30d"), ERR_USAGE);
}

static void whom_to_dial_is_said_or_left_to_the_kind_of_node(void **state)
{
    (void)state;
    struct options options;
    struct err_note note;
    assert_int_equal(PARSE("--relay"), ERR_OK);
    assert_int_equal(options.dial, OPTIONS_DIAL_UNSAID);
    assert_int_equal(PARSE("--dial", "known"), ERR_OK);
    assert_int_equal(options.dial, OPTIONS_DIAL_KNOWN);
    assert_int_equal(PARSE("--relay", "--dial=named"), ERR_OK);
    assert_int_equal(options.dial, OPTIONS_DIAL_NAMED);
    assert_int_equal(PARSE("--dial", "everybody"), ERR_USAGE);
    assert_non_null(strstr(note.text, "everybody"));
    assert_int_equal(PARSE("--init", "--dial", "known"), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_is_told_what_to_keep),
        cmocka_unit_test(a_relay_is_told_how_many_to_take_in),
        cmocka_unit_test(a_node_is_told_which_sets_it_wants),
        cmocka_unit_test(a_person_keeps_posts_by_age_alone),
        cmocka_unit_test(without_options_a_personal_node_runs),
        cmocka_unit_test(values_stand_apart_or_after_an_equals_sign),
        cmocka_unit_test(peers_are_addresses),
        cmocka_unit_test(whom_to_dial_is_said_or_left_to_the_kind_of_node),
        cmocka_unit_test(a_home_may_begin_with_shields),
        cmocka_unit_test(an_unknown_option_is_named),
        cmocka_unit_test(what_is_incomplete_or_contradicts_itself_is_refused),
        cmocka_unit_test(a_home_comes_back_from_a_file_or_from_words),
        cmocka_unit_test(help_wins_over_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
