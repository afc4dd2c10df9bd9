#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/home.h"
#include "node/home_begun.h"

static char scratch[64];

static int begin(void **state)
{
    (void)state;
    (void)snprintf(scratch, sizeof scratch, "/tmp/kith-test-XXXXXX");
    return mkdtemp(scratch) != NULL && sodium_init() >= 0 ? 0 : -1;
}

static void below(char path[HOME_PATH_MAX], const char *name)
{
    (void)snprintf(path, HOME_PATH_MAX, "%s/%s", scratch, name);
}

static void the_home_is_found_in_order(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    struct err_note note = {{0}};
    (void)setenv("HOME", "/h", 1);
    (void)unsetenv("XDG_DATA_HOME");
    (void)unsetenv("KITH_HOME");
    assert_int_equal(home_path(path, NULL, &note), ERR_OK);
    assert_string_equal(path, "/h/.local/share/kith");
    (void)setenv("XDG_DATA_HOME", "/x", 1);
    assert_int_equal(home_path(path, NULL, &note), ERR_OK);
    assert_string_equal(path, "/x/kith");
    (void)setenv("KITH_HOME", "/k", 1);
    assert_int_equal(home_path(path, NULL, &note), ERR_OK);
    assert_string_equal(path, "/k");
    assert_int_equal(home_path(path, "/o", &note), ERR_OK);
    assert_string_equal(path, "/o");
    (void)setenv("KITH_HOME", "", 1);
    assert_int_equal(home_path(path, NULL, &note), ERR_OK);
    assert_string_equal(path, "/x/kith");
}

static void without_any_place_to_start_from_it_is_a_usage_error(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    struct err_note note = {{0}};
    (void)unsetenv("HOME");
    (void)unsetenv("XDG_DATA_HOME");
    (void)unsetenv("KITH_HOME");
    assert_int_equal(home_path(path, NULL, &note), ERR_USAGE);
    char *option = malloc(HOME_PATH_MAX + 1);
    memset(option, 'a', HOME_PATH_MAX);
    option[HOME_PATH_MAX] = '\0';
    assert_int_equal(home_path(path, option, &note), ERR_TOO_LARGE);
    free(option);
}

static void a_home_that_is_missing_is_not_made_unless_asked_for(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    below(path, "a/b/home");
    struct home home;
    struct err_note note = {{0}};
    assert_int_equal(home_open(&home, path, false, &note), ERR_NO_NODE);
    assert_non_null(strstr(note.text, "kith init"));
    assert_int_equal(access(path, F_OK), -1);

    assert_int_equal(home_open(&home, path, true, &note), ERR_OK);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    home_close(&home);
}

static void a_home_is_held_by_one_at_a_time(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    below(path, "held");
    struct home first;
    struct home second;
    struct err_note note = {{0}};
    assert_int_equal(home_open(&first, path, true, &note), ERR_OK);
    assert_int_equal(home_open(&second, path, true, &note), ERR_IN_USE);
    assert_non_null(strstr(note.text, "another kith node holds"));
    home_close(&first);
    assert_int_equal(home_open(&second, path, false, &note), ERR_OK);
    home_close(&second);
}

static const struct octets none; /* no passphrase */

static void a_home_without_its_key_is_damage(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    char key[HOME_PATH_MAX];
    struct home home;
    struct err_note note = {{0}};
    below(path, "keyless");
    below(key, "keyless/key");
    assert_int_equal(home_open(&home, path, true, &note), ERR_OK);
    assert_int_equal(home_make_vault(&home, VAULT_RELAY, none, &note), ERR_OK);
    assert_int_equal(home_check_vault(&home, &note), ERR_OK);
    assert_int_equal(unlink(key), 0);
    assert_int_equal(home_check_vault(&home, &note), ERR_DAMAGED);
    home_close(&home);
}

static mode_t mode_of(const char *path)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    return found.st_mode & 0777;
}

static void a_home_is_closed_to_others(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    struct home home;
    struct err_note note = {{0}};
    below(path, "open");
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < 2; i++) { /* empty, and then a home */
        assert_int_equal(chmod(path, 0755), 0);
        assert_int_equal(home_open(&home, path, i == 0, &note), ERR_OK);
        assert_int_equal(mode_of(path), 0700);
        if (i == 0) {
            assert_int_equal(home_make_vault(&home, VAULT_PERSONAL, none, &note), ERR_OK);
        }
        home_close(&home);
    }
}

static void no_home_is_made_among_other_things_that_others_see(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    char other[HOME_PATH_MAX];
    struct home home;
    struct err_note note = {{0}};
    below(path, "shared");
    below(other, "shared/other");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(home_open(&home, path, true, &note), ERR_PERMISSION);
    assert_int_equal(mode_of(path), 0755);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(home_open(&home, path, true, &note), ERR_OK);
    home_close(&home);
}

static void a_vault_is_made_once(void **state)
{
    (void)state;
    char path[HOME_PATH_MAX];
    below(path, "vault");
    struct home home;
    struct err_note note = {{0}};
    assert_int_equal(home_open(&home, path, true, &note), ERR_OK);
    assert_false(home_has_vault(&home));
    assert_int_equal(home_make_vault(&home, VAULT_PERSONAL, none, &note), ERR_OK);
    assert_true(home_has_vault(&home));
    assert_int_equal(home_make_vault(&home, VAULT_PERSONAL, none, &note), ERR_REFUSED);
    home_close(&home);
}

static void a_home_is_none_until_all_of_it_is_there(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {1};
    static const enum home_begun both[] = {HOME_BEGUN_INIT, HOME_BEGUN_RESTORE};
    static const char *const next[] = {"`kith init` does it again", "`kith restore` does it again"};
    char path[HOME_PATH_MAX];
    struct home home;
    below(path, "begun");
    assert_int_equal(home_open(&home, path, true, NULL), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        struct err_note note = {{0}};
        assert_int_equal(home_begin(&home, both[i], &note), ERR_OK); /* and sweeps the other out */
        assert_int_equal(home_begun(&home), both[i]);
        assert_int_equal(home_make_vault_of(&home, VAULT_PERSONAL, seed, none, &note), ERR_OK);
        assert_false(home_has_vault(&home));
        assert_int_equal(home_check_vault(&home, &note), ERR_NO_NODE);
        assert_non_null(strstr(note.text, next[i]));
        assert_int_equal(home_make_vault(&home, VAULT_RELAY, none, &note), ERR_REFUSED);
        assert_int_equal(home_check_free(&home, &note), ERR_OK);
    }
    struct err_note note = {{0}};
    assert_int_equal(home_finish(&home, HOME_BEGUN_RESTORE, &note), ERR_OK);
    assert_int_equal(home_begun(&home), HOME_BEGUN_NOTHING);
    assert_true(home_has_vault(&home));
    assert_int_equal(home_check_vault(&home, &note), ERR_OK);
    home_close(&home);
}

static void parts_of_another_home_are_left_alone_and_named(void **state)
{
    (void)state;
    static const char *const parts[] = {"journal", "log", "index", "archive", "archive.index"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char path[HOME_PATH_MAX];
        char part[HOME_PATH_MAX + 16];
        struct home home;
        struct err_note note = {{0}};
        below(path, "left");
        assert_int_equal(home_open(&home, path, true, &note), ERR_OK);
        (void)snprintf(part, sizeof part, "%s/%s", path, parts[i]);
        assert_int_equal(mkdir(part, 0700), 0);
        assert_int_equal(home_check_free(&home, &note), ERR_REFUSED);
        assert_non_null(strstr(note.text, i == 0 ? "kith recover" : "kith panic"));
        assert_int_equal(home_check_vault(&home, &note), i == 0 ? ERR_DAMAGED : ERR_NO_NODE);
        assert_int_equal(rmdir(part), 0);
        assert_int_equal(home_check_free(&home, &note), ERR_OK);
        home_close(&home);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_home_is_found_in_order),
        cmocka_unit_test(without_any_place_to_start_from_it_is_a_usage_error),
        cmocka_unit_test(a_home_that_is_missing_is_not_made_unless_asked_for),
        cmocka_unit_test(a_home_is_held_by_one_at_a_time),
        cmocka_unit_test(a_home_without_its_key_is_damage),
        cmocka_unit_test(a_home_is_closed_to_others),
        cmocka_unit_test(no_home_is_made_among_other_things_that_others_see),
        cmocka_unit_test(a_vault_is_made_once),
        cmocka_unit_test(a_home_is_none_until_all_of_it_is_there),
        cmocka_unit_test(parts_of_another_home_are_left_alone_and_named),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
