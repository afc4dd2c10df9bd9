#include "tests/unit/store/vault_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void there_is_one_vault_in_a_home(void **state)
{
    (void)state;
    assert_int_equal(vault_create(home.files, bare_home_key, VAULT_RELAY, bare_home_seed, &note),
                     ERR_REFUSED);
    reopen();
    bare_home_close(&home);
    assert_int_equal(home.files->remove(home.files, "vault", &note), ERR_OK);
    assert_int_equal(vault_create(home.files, bare_home_key, VAULT_RELAY, bare_home_seed, &note),
                     ERR_REFUSED);
}

static void no_home_is_told_from_a_missing_vault(void **state)
{
    (void)state;
    struct files *empty = file_memory_new(1);
    uint8_t key[32] = {0};
    struct journal *elsewhere = NULL;
    struct vault *opened = NULL;
    assert_int_equal(journal_open(&elsewhere, empty, key, &note), ERR_OK);
    assert_int_equal(vault_open(&opened, empty, bare_home_key, elsewhere, &note), ERR_NOT_FOUND);
    journal_close(elsewhere);
    file_memory_free(empty);

    bare_home_close(&home);
    assert_int_equal(home.files->rename(home.files, "vault", "aside", &note), ERR_OK);
    assert_int_equal(bare_home_open(&home, &note), ERR_ROLLBACK);
    journal_close(home.journal);
    home.journal = NULL;
    assert_int_equal(home.files->rename(home.files, "aside", "vault", &note), ERR_OK);
    assert_int_equal(bare_home_open(&home, &note), ERR_OK);
}

static void an_older_copy_of_the_vault_is_refused(void **state)
{
    (void)state;
    block(1);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    bare_home_close(&home);
    uint8_t *older = NULL;
    size_t older_len = 0;
    assert_int_equal(file_read_all(home.files, &older, &older_len, "vault", 100000, &note), ERR_OK);
    assert_int_equal(bare_home_open(&home, &note), ERR_OK);
    block(2);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    bare_home_close(&home);
    assert_int_equal(file_replace(home.files, "vault", octets_of(older, older_len), &note), ERR_OK);
    free(older);
    assert_int_equal(bare_home_open(&home, &note), ERR_ROLLBACK);
    assert_null(home.vault);
}

static void an_older_copy_of_the_journal_is_refused(void **state)
{
    (void)state;
    bare_home_close(&home);
    struct files *older = file_memory_copy(home.files);
    struct files *newer = home.files;
    assert_int_equal(bare_home_open(&home, &note), ERR_OK);
    for (uint8_t i = 0; i < 2; i++) {
        block(i);
        assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    }
    bare_home_close(&home);
    uint8_t *octets = NULL;
    size_t len = 0;
    assert_int_equal(file_read_all(newer, &octets, &len, "vault", 100000, &note), ERR_OK);
    assert_int_equal(file_replace(older, "vault", octets_of(octets, len), &note), ERR_OK);
    free(octets);
    home.files = older;
    assert_int_equal(bare_home_open(&home, &note), ERR_ROLLBACK);
    file_memory_free(newer);
}

static void any_flipped_octet_is_noticed(void **state)
{
    (void)state;
    block(1);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    bare_home_close(&home);
    struct files *whole = home.files;
    size_t len = file_memory_len(whole, "vault");
    for (size_t i = 0; i < len; i++) {
        home.files = file_memory_copy(whole);
        file_memory_flip(home.files, "vault", i, 0x20);
        assert_int_equal(bare_home_open(&home, &note), ERR_DAMAGED);
        assert_null(home.vault);
        bare_home_close(&home);
        file_memory_cut(home.files, "vault", i);
        assert_int_equal(bare_home_open(&home, &note), ERR_DAMAGED);
        bare_home_close(&home);
        file_memory_free(home.files);
    }
    home.files = whole;
    assert_int_equal(bare_home_open(&home, &note), ERR_OK);
}

static void nothing_lies_there_in_the_clear(void **state)
{
    (void)state;
    struct key ana = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    assert_int_equal(vault_petname_set(home.vault, &changed, &ana, "my-sister"), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    assert_false(file_memory_contains(home.files, "my-sister", 9));
    assert_false(file_memory_contains(home.files, ana.octets, 12));
    assert_false(file_memory_contains(home.files, bare_home_seed, 32));
}

static void a_full_disk_changes_nothing_and_passes(void **state)
{
    (void)state;
    block(1);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    block(2);
    file_memory_fail(home.files, FILE_MEMORY_APPEND, 1, ERR_NO_SPACE);
    assert_int_equal(vault_commit(home.vault, &note), ERR_NO_SPACE);
    assert_int_equal(vault_contents(home.vault)->blocks_count, 1);
    assert_int_equal(vault_contents(home.vault)->generation, 2);
    assert_false(vault_is_unsure(home.vault));
    block(3);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    assert_int_equal(vault_contents(home.vault)->blocks_count, 2);
    assert_int_equal(vault_contents(home.vault)->blocks[1].key.octets[0], 3);
}

static void an_outcome_nobody_knows_is_settled_by_reopening(void **state)
{
    (void)state;
    static const enum file_memory_call calls[] = {FILE_MEMORY_RENAME, FILE_MEMORY_SYNC_DIR};
    for (size_t i = 0; i < 2; i++) {
        size_t before = vault_contents(home.vault)->blocks_count;
        block((uint8_t)(10 + i));
        file_memory_fail(home.files, calls[i], 1, ERR_IO);
        assert_int_equal(vault_commit(home.vault, &note), ERR_IO);
        assert_int_equal(vault_contents(home.vault)->blocks_count, before);
        assert_true(vault_is_unsure(home.vault));
        reopen();
        assert_in_range(vault_contents(home.vault)->blocks_count, before, before + 1);
        block((uint8_t)(30 + i));
        assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
        reopen();
    }
}

/* What failed is never found afterwards, and what is acknowledged is, whatever file call fails. */
static void an_outcome_nobody_knows_is_settled_by_the_next_commit(void **state)
{
    (void)state;
    static const enum file_memory_call calls[] = {FILE_MEMORY_RENAME, FILE_MEMORY_SYNC_DIR,
                                                  FILE_MEMORY_SYNC, FILE_MEMORY_APPEND};
    for (size_t i = 0; i < 4; i++) {
        for (uint64_t nth = 1; nth <= 2; nth++) {
            size_t before = vault_contents(home.vault)->blocks_count;
            uint64_t generation = vault_contents(home.vault)->generation;
            uint8_t first = (uint8_t)(10 * (2 * i + nth));
            block(first);
            file_memory_fail(home.files, calls[i], nth, ERR_IO);
            enum err_code rc = vault_commit(home.vault, &note);
            file_memory_fail(home.files, calls[i], 0, ERR_OK);
            block((uint8_t)(first + 1));
            assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
            size_t added = rc == ERR_OK ? 2 : 1;
            for (unsigned times = 0; times < 2; times++) {
                const struct vault_contents *contents = vault_contents(home.vault);
                assert_int_equal(contents->blocks_count, before + added);
                assert_int_equal(contents->blocks[before + added - 1].key.octets[0], first + 1);
                assert_int_equal(contents->generation, generation + added);
                reopen();
            }
        }
    }
}

/* Nobody changes anything any more: the clock alone settles it, and the copy follows. */
static void an_outcome_nobody_knows_is_settled_without_a_change(void **state)
{
    (void)state;
    size_t before = vault_contents(home.vault)->blocks_count;
    block(10);
    file_memory_fail(home.files, FILE_MEMORY_SYNC_DIR, 1, ERR_IO);
    assert_int_equal(vault_commit(home.vault, &note), ERR_IO);
    vault_keep_copy(home.vault);
    reopen();
    assert_int_equal(vault_contents(home.vault)->blocks_count, before);
}

/* Block one after the other until something fails; how many were acknowledged. */
static uint8_t block_until_crash(uint8_t count)
{
    uint8_t done = 0;
    if (bare_home_open(&home, &note) == ERR_OK) {
        for (; done < count; done++) {
            block(done);
            if (vault_commit(home.vault, &note) != ERR_OK) {
                break;
            }
        }
    }
    bare_home_close(&home);
    return done;
}

static void a_block_acknowledged_survives_a_crash_at_any_call(void **state)
{
    (void)state;
    bare_home_close(&home);
    file_memory_free(home.files);
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (int outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR + 5; outcome++) {
            home.files = file_memory_new(nth * 100 + (uint64_t)outcome);
            assert_int_equal(
                vault_create(home.files, bare_home_key, VAULT_PERSONAL, bare_home_seed, &note),
                ERR_OK);
            file_memory_crash_at(home.files, nth);
            uint8_t done = block_until_crash(4);
            crashed = file_memory_crashed(home.files);
            file_memory_restart(home.files, outcome > FILE_MEMORY_TEAR
                                                ? FILE_MEMORY_TEAR
                                                : (enum file_memory_outcome)outcome);
            assert_int_equal(bare_home_open(&home, &note), ERR_OK);
            assert_in_range(vault_contents(home.vault)->blocks_count, done, done + 1);
            reopen();
            block(100);
            assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
            bare_home_close(&home);
            file_memory_free(home.files);
        }
    }
    home.files = file_memory_new(1);
}

static void a_home_half_made_can_be_made(void **state)
{
    (void)state;
    bare_home_close(&home);
    file_memory_free(home.files);
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (int outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
            home.files = file_memory_new(nth);
            file_memory_crash_at(home.files, nth);
            enum err_code rc =
                vault_create(home.files, bare_home_key, VAULT_PERSONAL, bare_home_seed, &note);
            crashed = file_memory_crashed(home.files);
            file_memory_restart(home.files, (enum file_memory_outcome)outcome);
            enum err_code again =
                vault_create(home.files, bare_home_key, VAULT_PERSONAL, bare_home_seed, &note);
            assert_true(again == ERR_REFUSED || (rc != ERR_OK && again == ERR_OK));
            assert_int_equal(bare_home_open(&home, &note), ERR_OK);
            bare_home_close(&home);
            file_memory_free(home.files);
        }
    }
    home.files = file_memory_new(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, vault_set_up, vault_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_is_one_vault_in_a_home),
        TEST(no_home_is_told_from_a_missing_vault),
        TEST(an_older_copy_of_the_vault_is_refused),
        TEST(an_older_copy_of_the_journal_is_refused),
        TEST(any_flipped_octet_is_noticed),
        TEST(nothing_lies_there_in_the_clear),
        TEST(a_full_disk_changes_nothing_and_passes),
        TEST(an_outcome_nobody_knows_is_settled_by_reopening),
        TEST(an_outcome_nobody_knows_is_settled_by_the_next_commit),
        TEST(an_outcome_nobody_knows_is_settled_without_a_change),
        TEST(a_block_acknowledged_survives_a_crash_at_any_call),
        TEST(a_home_half_made_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
