/* A passphrase from a file, and what opens a home with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/home.h"
#include "node/passphrase.h"

static char folder[64];
static char file[96];
static char path[96];
static struct err_note note;

static int begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/kith-test-XXXXXX");
    if (mkdtemp(folder) == NULL || sodium_init() < 0) {
        return -1;
    }
    (void)snprintf(file, sizeof file, "%s/pass", folder);
    (void)snprintf(path, sizeof path, "%s/home", folder);
    return 0;
}

static void writes(const char *octets, size_t len)
{
    FILE *out = fopen(file, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(octets, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

static void reads(const char *octets, const char *expected)
{
    struct passphrase passphrase = {0};
    writes(octets, strlen(octets));
    assert_int_equal(passphrase_from_file(&passphrase, file, &note), ERR_OK);
    assert_int_equal(passphrase.len, strlen(expected));
    assert_memory_equal(passphrase.text, expected, passphrase.len);
    passphrase_close(&passphrase);
}

static void refuses(const char *octets, size_t len)
{
    struct passphrase passphrase = {0};
    writes(octets, len);
    assert_int_equal(passphrase_from_file(&passphrase, file, &note), ERR_USAGE);
    assert_null(passphrase.text);
}

static void the_first_line_of_a_file_is_the_passphrase(void **state)
{
    (void)state;
    reads("correct horse\n", "correct horse");
    reads("correct horse", "correct horse");
    reads("correct horse\r\nand more\n", "correct horse");
    reads(" spaces stay \n", " spaces stay ");
    reads("h\xc3\xb6r\n", "h\xc3\xb6r");
}

static void what_cannot_be_a_passphrase_is_refused(void **state)
{
    (void)state;
    char longer[HOME_KEY_PASSPHRASE_MAX + 1];
    struct passphrase passphrase = {0};
    memset(longer, 'a', sizeof longer);
    refuses("", 0);
    refuses("\n", 1);
    refuses("a\xff\n", 3);
    refuses(longer, sizeof longer);
    writes(longer, HOME_KEY_PASSPHRASE_MAX);
    assert_int_equal(passphrase_from_file(&passphrase, file, &note), ERR_OK);
    assert_int_equal(passphrase.len, HOME_KEY_PASSPHRASE_MAX);
    passphrase_close(&passphrase);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(passphrase_from_file(&passphrase, file, &note), ERR_USAGE);
}

/* Tests run without a terminal. */
static void without_a_terminal_nothing_is_asked(void **state)
{
    (void)state;
    struct passphrase passphrase = {0};
    assert_non_null(freopen("/dev/null", "r", stdin));
    assert_false(passphrase_can_ask());
    assert_int_equal(passphrase_ask(&passphrase, &note), ERR_USAGE);
    assert_int_equal(passphrase_ask_new(&passphrase, &note), ERR_USAGE);
}

static void a_home_opens_with_its_passphrase_alone(void **state)
{
    (void)state;
    struct home home;
    bool locked = false;
    assert_int_equal(home_open(&home, path, true, &note), ERR_OK);
    assert_int_equal(home_make_vault(&home, VAULT_PERSONAL, octets_of_text("correct horse"), &note),
                     ERR_OK);
    assert_non_null(home.key);
    home_forget(&home);
    assert_null(home.key);
    assert_int_equal(home_key_is_locked(&locked, home.files, &note), ERR_OK);
    assert_true(locked);
    assert_int_equal(home_unlock(&home, octets_of(NULL, 0), &note), ERR_LOCKED);
    assert_int_equal(home_unlock_asking(&home, NULL, &note), ERR_USAGE);
    writes("correct house\n", 14);
    assert_int_equal(home_unlock_asking(&home, file, &note), ERR_DECRYPT);
    assert_null(home.key);
    writes("correct horse\n", 14);
    assert_int_equal(home_unlock_asking(&home, file, &note), ERR_OK);
    struct journal *journal = NULL;
    struct vault *vault = NULL;
    struct store *store = NULL;
    assert_int_equal(home_open_vault(&vault, &journal, &home, &note), ERR_OK);
    assert_int_equal(home_open_store(&store, &home, vault, STORE_READ, &note), ERR_OK);
    store_close(store);
    vault_close(vault);
    journal_close(journal);
    home_close(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_of_a_file_is_the_passphrase),
        cmocka_unit_test(what_cannot_be_a_passphrase_is_refused),
        cmocka_unit_test(without_a_terminal_nothing_is_asked),
        cmocka_unit_test(a_home_opens_with_its_passphrase_alone),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
