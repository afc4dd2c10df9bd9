/* The key of a home: opened with and without a passphrase, changed across crashes, destroyed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/home_key.h"
#include "tests/support/file_memory.h"

#define KEY_FILE_LEN 137

static struct files *files;
static struct err_note note;
static uint8_t key[HOME_KEY_LEN];
static const struct octets none;

static struct home_key_lock lock_of(const char *passphrase)
{
    return (struct home_key_lock){
        .passphrase = octets_of_text(passphrase), .ops = 1, .mem_kib = HOME_KEY_MEM_KIB_MIN};
}

static void make(const char *passphrase)
{
    struct home_key_lock lock = lock_of(passphrase != NULL ? passphrase : "");
    assert_int_equal(home_key_make(key, files, passphrase != NULL ? &lock : NULL, &note), ERR_OK);
}

static void what_may_be_missing_is_no_trouble_to_tell_of(void **state)
{
    (void)state;
    make("words");
    assert_string_equal(note.text, "");
    struct home_key_lock lock = lock_of("other words");
    bool changed = false;
    assert_int_equal(home_key_change(&changed, files, key, &lock, &note), ERR_OK);
    assert_int_equal(home_key_change(&changed, files, key, NULL, &note), ERR_OK);
    assert_string_equal(note.text, "");
}

static enum err_code opens(const char *passphrase)
{
    uint8_t found[HOME_KEY_LEN] = {0};
    enum err_code rc = home_key_open(found, files, octets_of_text(passphrase), &note);
    if (rc == ERR_OK) {
        assert_memory_equal(found, key, sizeof key);
    }
    return rc;
}

static bool is_locked(void)
{
    bool locked = false;
    assert_int_equal(home_key_is_locked(&locked, files, &note), ERR_OK);
    return locked;
}

static int set_up(void **state)
{
    (void)state;
    files = file_memory_new(7);
    note = (struct err_note){{0}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    file_memory_free(files);
    return 0;
}

static void without_a_passphrase_the_file_is_the_key(void **state)
{
    (void)state;
    make(NULL);
    assert_false(is_locked());
    assert_int_equal(opens(""), ERR_OK);
    assert_int_equal(opens("any"), ERR_OK);
    assert_true(file_memory_contains(files, key, sizeof key));
    assert_false(file_exists(files, "keyslot"));
}

static void with_one_nothing_else_opens_it(void **state)
{
    (void)state;
    make("correct horse");
    assert_true(is_locked());
    assert_int_equal(opens("correct horse"), ERR_OK);
    assert_int_equal(opens("correct house"), ERR_DECRYPT);
    assert_int_equal(opens(""), ERR_LOCKED);
    assert_false(file_memory_contains(files, key, sizeof key));
}

static void the_keyslot_is_needed_too(void **state)
{
    (void)state;
    make("correct horse");
    file_memory_flip(files, "keyslot", 5, 1);
    assert_int_equal(opens("correct horse"), ERR_DAMAGED);
    file_memory_flip(files, "keyslot", 5, 1);
    file_memory_cut(files, "keyslot", 31);
    assert_int_equal(opens("correct horse"), ERR_DAMAGED);
    assert_int_equal(files->remove(files, "keyslot", &note), ERR_OK);
    assert_int_equal(opens("correct horse"), ERR_DAMAGED);
    bool locked = false;
    assert_int_equal(home_key_is_locked(&locked, files, &note), ERR_DAMAGED);
}

static void no_file_is_no_home(void **state)
{
    (void)state;
    bool locked = false;
    bool changed = false;
    assert_int_equal(home_key_is_locked(&locked, files, &note), ERR_NOT_FOUND);
    assert_int_equal(opens(""), ERR_NOT_FOUND);
    assert_int_equal(home_key_change(&changed, files, key, NULL, &note), ERR_NOT_FOUND);
    assert_int_equal(home_key_destroy(files, &note), ERR_NOT_FOUND);
}

static void any_flipped_octet_of_the_key_file_is_damage(void **state)
{
    (void)state;
    for (int locked = 0; locked < 2; locked++) {
        make(locked != 0 ? "words" : NULL);
        assert_int_equal(file_memory_len(files, "key"), KEY_FILE_LEN);
        for (size_t i = 0; i < KEY_FILE_LEN; i++) {
            file_memory_flip(files, "key", i, 0x10);
            assert_int_equal(opens("words"), ERR_DAMAGED);
            file_memory_flip(files, "key", i, 0x10);
        }
        assert_int_equal(opens("words"), ERR_OK);
    }
    file_memory_cut(files, "key", KEY_FILE_LEN - 1);
    assert_int_equal(opens("words"), ERR_DAMAGED);
}

/* A key file whose digest holds and that asks for more work than is ever done. */
static void more_work_than_the_bound_is_not_done(void **state)
{
    (void)state;
    struct home_key_lock lock = lock_of("words");
    lock.ops = HOME_KEY_OPS_MAX + 1;
    assert_int_equal(home_key_make(key, files, &lock, &note), ERR_OK);
    assert_int_equal(opens("words"), ERR_DAMAGED);
}

static void a_change_leaves_the_key_and_takes_the_old_passphrase_away(void **state)
{
    (void)state;
    bool changed = false;
    struct home_key_lock next = lock_of("second");
    make("first");
    assert_int_equal(home_key_change(&changed, files, key, &next, &note), ERR_OK);
    assert_true(changed);
    assert_int_equal(opens("second"), ERR_OK);
    assert_int_equal(opens("first"), ERR_DECRYPT);
    assert_int_equal(home_key_change(&changed, files, key, NULL, &note), ERR_OK);
    assert_false(is_locked());
    assert_int_equal(opens(""), ERR_OK);
    assert_false(file_exists(files, "keyslot"));
    next = lock_of("third");
    assert_int_equal(home_key_change(&changed, files, key, &next, &note), ERR_OK);
    assert_int_equal(opens("third"), ERR_OK);
    assert_false(file_memory_contains(files, key, sizeof key));
    assert_false(file_exists(files, "key.new"));
    assert_false(file_exists(files, "keyslot.new"));
}

/* From none, to another and to none again, cut off at every call: one of the two opens, and what
 * opens next time is the only form left. */
static void a_change_cut_off_anywhere_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    static const char *const from_to[3][2] = {{NULL, "new"}, {"old", "new"}, {"old", NULL}};
    unsigned olds = 0;
    unsigned news = 0;
    for (size_t way = 0; way < 3; way++) {
        bool crashed = true;
        for (uint64_t nth = 1; crashed; nth++) {
            for (int outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR + 5; outcome++) {
                file_memory_free(files);
                files = file_memory_new(nth * 1000 + (uint64_t)outcome);
                make(from_to[way][0]);
                const char *to = from_to[way][1];
                struct home_key_lock lock = lock_of(to != NULL ? to : "");
                bool changed = false;
                file_memory_crash_at(files, nth);
                enum err_code rc =
                    home_key_change(&changed, files, key, to != NULL ? &lock : NULL, &note);
                crashed = file_memory_crashed(files);
                file_memory_restart(files, outcome > FILE_MEMORY_TEAR
                                               ? FILE_MEMORY_TEAR
                                               : (enum file_memory_outcome)outcome);
                /* What takes no passphrase opens with any. */
                bool is_old = opens(from_to[way][0] != NULL ? "old" : "") == ERR_OK &&
                              is_locked() == (from_to[way][0] != NULL);
                bool is_new =
                    opens(to != NULL ? "new" : "") == ERR_OK && is_locked() == (to != NULL);
                assert_true(is_old != is_new);
                assert_true(rc != ERR_OK || is_new);
                assert_false(changed && is_old && rc == ERR_OK);
                assert_false(file_exists(files, "key.new"));
                assert_false(file_exists(files, "keyslot.new"));
                assert_true(!is_locked() || !file_memory_contains(files, key, sizeof key));
                olds += is_old ? 1 : 0;
                news += is_new ? 1 : 0;
            }
        }
    }
    assert_true(olds >= 50 && news >= 50);
}

static void a_disk_that_fails_leaves_the_old_or_says_that_it_changed(void **state)
{
    (void)state;
    static const enum file_memory_call calls[] = {FILE_MEMORY_CREATE, FILE_MEMORY_APPEND,
                                                  FILE_MEMORY_SYNC, FILE_MEMORY_WRITE_AT,
                                                  FILE_MEMORY_SYNC_DIR};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (uint64_t nth = 1; nth <= 4; nth++) {
            file_memory_free(files);
            files = file_memory_new(nth);
            make("old");
            struct home_key_lock lock = lock_of("new");
            bool changed = false;
            file_memory_fail(files, calls[i], nth, ERR_NO_SPACE);
            enum err_code rc = home_key_change(&changed, files, key, &lock, &note);
            assert_int_equal(opens(changed ? "new" : "old"), ERR_OK);
            assert_true(rc != ERR_OK || changed);
        }
    }
}

static void destroyed_means_that_neither_key_nor_keyslot_is_left(void **state)
{
    (void)state;
    make(NULL);
    assert_int_equal(home_key_destroy(files, &note), ERR_OK);
    assert_false(file_exists(files, "key"));
    assert_int_equal(opens(""), ERR_NOT_FOUND);
    assert_false(file_memory_contains(files, key, sizeof key));

    make("words");
    assert_int_equal(home_key_destroy(files, &note), ERR_OK);
    assert_false(file_exists(files, "key"));
    assert_false(file_exists(files, "keyslot"));
}

/* Also when the files cannot be removed, and when the power goes right after the overwriting. */
static void what_is_overwritten_does_not_come_back(void **state)
{
    (void)state;
    make(NULL);
    file_memory_fail(files, FILE_MEMORY_REMOVE, 1, ERR_PERMISSION);
    assert_int_equal(home_key_destroy(files, &note), ERR_OK);
    file_memory_crash(files);
    file_memory_restart(files, FILE_MEMORY_DROP);
    assert_true(file_exists(files, "key"));
    assert_false(file_memory_contains(files, key, sizeof key));
    assert_int_equal(opens(""), ERR_DAMAGED);
}

static void a_key_that_could_not_be_overwritten_is_said(void **state)
{
    (void)state;
    make("words");
    file_memory_fail(files, FILE_MEMORY_WRITE_AT, 1, ERR_IO);
    assert_int_equal(home_key_destroy(files, &note), ERR_IO);
    assert_int_equal(opens("words"), ERR_NOT_FOUND);
}

static void the_uses_of_one_key_differ(void **state)
{
    (void)state;
    uint8_t derived[3][HOME_KEY_LEN];
    make(NULL);
    home_key_derive(derived[0], key, HOME_KEY_VAULT);
    home_key_derive(derived[1], key, HOME_KEY_JOURNAL);
    home_key_derive(derived[2], key, HOME_KEY_STORE);
    assert_memory_not_equal(derived[0], derived[1], HOME_KEY_LEN);
    assert_memory_not_equal(derived[1], derived[2], HOME_KEY_LEN);
    assert_memory_not_equal(derived[0], derived[2], HOME_KEY_LEN);
    uint8_t other[HOME_KEY_LEN];
    memcpy(other, key, sizeof other);
    make(NULL);
    assert_memory_not_equal(other, key, HOME_KEY_LEN);
    assert_int_equal(home_key_open(other, files, none, &note), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_passphrase_the_file_is_the_key),
        TEST(with_one_nothing_else_opens_it),
        TEST(the_keyslot_is_needed_too),
        TEST(no_file_is_no_home),
        TEST(any_flipped_octet_of_the_key_file_is_damage),
        TEST(more_work_than_the_bound_is_not_done),
        TEST(a_change_leaves_the_key_and_takes_the_old_passphrase_away),
        TEST(a_change_cut_off_anywhere_leaves_the_old_or_the_new),
        TEST(a_disk_that_fails_leaves_the_old_or_says_that_it_changed),
        TEST(what_may_be_missing_is_no_trouble_to_tell_of),
        TEST(destroyed_means_that_neither_key_nor_keyslot_is_left),
        TEST(what_is_overwritten_does_not_come_back),
        TEST(a_key_that_could_not_be_overwritten_is_said),
        TEST(the_uses_of_one_key_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
