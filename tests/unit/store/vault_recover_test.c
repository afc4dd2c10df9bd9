#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "store/vault_backup.h"
#include "store/vault_recover.h"
#include "store/vault_state.h"
#include "tests/support/bare_home.h"
#include "tests/support/file_memory.h"

static struct err_note note;
static struct bare_home home;
static struct vault_recovery recovery;

static struct key key_of(uint8_t first)
{
    return (struct key){{first, 1}};
}

static enum err_code open_all(void)
{
    return bare_home_open(&home, &note);
}

static void close_all(void)
{
    if (home.vault != NULL) {
        vault_keep_copy(home.vault);
    }
    bare_home_close(&home);
}

static int set_up(void **state)
{
    (void)state;
    note = (struct err_note){{0}};
    bare_home_make(&home, bare_home_seed);
    assert_int_equal(open_all(), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_all();
    bare_home_free(&home);
    return 0;
}

static enum err_code blocks(uint8_t who, uint64_t now_s)
{
    bool changed;
    struct key key = key_of(who);
    char label[8];
    (void)snprintf(label, sizeof label, "l%d", who);
    vault_clock(home.vault, now_s);
    assert_int_equal(vault_block(home.vault, &changed, &key, label, now_s, 7), ERR_OK);
    return vault_commit(home.vault, &note);
}

static void unblocks(uint8_t who, uint64_t now_s)
{
    bool changed;
    struct key key = key_of(who);
    vault_clock(home.vault, now_s);
    assert_int_equal(vault_unblock(home.vault, &changed, &key, now_s, 8), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
}

/* Of keys 1, 2, 3, ..., as digits. */
static void assert_in_force(const char *expected)
{
    char found[16] = {0};
    size_t count = 0;
    const struct vault_contents *c = vault_contents(home.vault);
    for (uint8_t who = 1; who < 10; who++) {
        struct key key = key_of(who);
        for (size_t i = 0; i < c->blocks_count; i++) {
            if (c->blocks[i].in_force && key_equal(&c->blocks[i].key, &key)) {
                found[count++] = (char)('0' + who);
            }
        }
    }
    assert_string_equal(found, expected);
}

struct copy {
    uint8_t *at;
    size_t len;
};

static struct copy take(const char *path)
{
    struct copy copy = {0};
    assert_int_equal(file_read_all(home.files, &copy.at, &copy.len, path, 1000000, &note), ERR_OK);
    return copy;
}

static void put(const char *path, struct copy copy)
{
    assert_int_equal(file_replace(home.files, path, octets_of(copy.at, copy.len), &note), ERR_OK);
}

/* How often a stretch of this key stands there that is over, with this end. */
static size_t past_count(uint8_t who, uint64_t until_s)
{
    struct key key = key_of(who);
    const struct vault_contents *c = vault_contents(home.vault);
    size_t count = 0;
    for (size_t i = 0; i < c->blocks_count; i++) {
        count += !c->blocks[i].in_force && c->blocks[i].until_s == until_s &&
                         key_equal(&c->blocks[i].key, &key)
                     ? 1
                     : 0;
    }
    return count;
}

/* Another home's vault of the same person, in which key 1 was blocked and is not any more, and key
 * 2 still is. */
static struct vault *elsewhere(void)
{
    struct vault *other = NULL;
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(vault_pack(&plain, &len, home.vault), ERR_OK);
    assert_int_equal(vault_unpack(&other, octets_of(plain, len)), ERR_OK);
    sodium_free(plain);
    struct key keys[2] = {key_of(1), key_of(2)};
    bool changed;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(vault_block(other, &changed, &keys[i], "", 50, 5), ERR_OK);
    }
    assert_int_equal(vault_unblock(other, &changed, &keys[0], 60, 6), ERR_OK);
    vault_state_commit(other, 2);
    return other;
}

static void import_and_undo(unsigned times)
{
    struct vault_block block = {.key = key_of(9), .in_force = true};
    for (unsigned i = 0; i < times; i++) {
        size_t count = 0;
        assert_int_equal(vault_import(home.vault, &count, &block, 1, 900, 9), ERR_OK);
        assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
        assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
        assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    }
}

static void tend_journal(void)
{
    for (bool more = true; more;) {
        assert_int_equal(journal_tend(home.journal, &more, &note), ERR_OK);
    }
}

/* Stretches that a merge brought, also past ones, come back from an older copy. */
static void merged_stretches_are_recovered(void **state)
{
    (void)state;
    assert_int_equal(blocks(3, 100), ERR_OK);
    struct copy old[2] = {take("vault"), take("vault.last")};
    struct vault *other = elsewhere();
    assert_int_equal(vault_merge(home.vault, other), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    vault_close(other);
    assert_int_equal(blocks(4, 200), ERR_OK);
    unblocks(3, 300);
    for (unsigned compacted = 0; compacted < 2; compacted++) {
        size_t count = vault_contents(home.vault)->blocks_count;
        close_all();
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(file_replace(home.files, i == 0 ? "vault" : "vault.last",
                                          octets_of(old[i].at, old[i].len), &note),
                             ERR_OK);
        }
        assert_int_equal(open_all(), ERR_ROLLBACK);
        close_all();
        assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
        assert_true(recovery.needed);
        assert_int_equal(open_all(), ERR_OK);
        assert_in_force("24");
        assert_int_equal(past_count(1, 60 + POST_AHEAD_MAX_S), 1);
        assert_int_equal(past_count(3, 300), 1);
        assert_int_equal(vault_contents(home.vault)->blocks_count, count);
        /* And the same once the journal holds a whole list instead of each change. */
        import_and_undo(600);
        vault_keep_copy(home.vault);
        assert_true(journal_blocks(home.journal).generation > 0);
        tend_journal();
    }
    free(old[0].at);
    free(old[1].at);
}

static void a_vault_in_order_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    close_all();
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_false(recovery.needed);
    assert_int_equal(open_all(), ERR_OK);
    assert_int_equal(vault_contents(home.vault)->generation, 2);
}

static void a_damaged_vault_comes_back_whole(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    assert_int_equal(blocks(2, 200), ERR_OK);
    close_all();
    static const int ways[] = {0, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        if (ways[i] == 0) {
            file_memory_flip(home.files, "vault", 40, 1);
        } else if (ways[i] == 1) {
            file_memory_cut(home.files, "vault", 50);
        } else {
            assert_int_equal(home.files->remove(home.files, "vault", &note), ERR_OK);
        }
        assert_int_not_equal(open_all(), ERR_OK);
        assert_null(home.vault);
        close_all();
        assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
        assert_true(recovery.needed);
        assert_int_equal(recovery.saved_s, 200);
        assert_int_equal(recovery.changes_missing, 0);
        assert_int_equal(recovery.blocks_count, 2);
        assert_int_equal(open_all(), ERR_OK);
        assert_in_force("12");
        close_all();
    }
}

/* Both copies are older: what was blocked since comes from the journal, with its label. */
static void no_block_is_lost_with_an_older_copy(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    assert_int_equal(blocks(2, 110), ERR_OK);
    struct copy older = take("vault");
    assert_int_equal(blocks(3, 200), ERR_OK);
    unblocks(1, 210);
    assert_int_equal(blocks(4, 220), ERR_OK);
    struct key ana = key_of(50);
    bool changed;
    assert_int_equal(vault_follow(home.vault, &changed, &ana), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    close_all();
    put("vault", older);
    put("vault.last", older);
    free(older.at);
    assert_int_equal(open_all(), ERR_ROLLBACK);
    close_all();
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed);
    assert_int_equal(recovery.saved_s, 110);
    assert_int_equal(recovery.changes_missing, 4);
    assert_int_equal(recovery.blocks_journaled, 3);
    assert_int_equal(open_all(), ERR_OK);
    assert_in_force("234");
    const struct vault_contents *c = vault_contents(home.vault);
    assert_int_equal(c->follows_count, 0);
    assert_int_equal(c->blocks[0].until_s, 210);
    assert_string_equal(c->blocks[2].label, "l3");
    assert_int_equal(c->blocks[2].since_s, 200);
}

/* What asked for a change does not wait for the copy; the journal bridges the time until then. */
static void a_block_survives_a_lost_vault_before_its_copy_is_written(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    vault_keep_copy(home.vault);
    assert_int_equal(blocks(2, 200), ERR_OK);
    vault_close(home.vault);
    home.vault = NULL;
    close_all();
    assert_int_equal(home.files->remove(home.files, "vault", &note), ERR_OK);
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed);
    assert_int_equal(recovery.changes_missing, 1);
    assert_int_equal(open_all(), ERR_OK);
    assert_in_force("12");
}

/* The older one lies where the vault is; the copy beside it is the latest. */
static void the_latest_of_two_copies_is_taken(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    struct copy older = take("vault");
    assert_int_equal(blocks(2, 200), ERR_OK);
    close_all();
    put("vault", older);
    free(older.at);
    assert_int_equal(open_all(), ERR_ROLLBACK);
    close_all();
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed);
    assert_int_equal(recovery.changes_missing, 0);
    assert_int_equal(open_all(), ERR_OK);
    assert_in_force("12");
}

/* Vault and journal are of one moment, and only the copy knows of what came after it. */
static void a_vault_and_a_journal_that_are_older_than_the_copy_are_refused(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    close_all();
    struct files *older = file_memory_copy(home.files);
    assert_int_equal(open_all(), ERR_OK);
    assert_int_equal(blocks(2, 200), ERR_OK);
    close_all();
    struct copy last = take("vault.last");
    struct files *whole = home.files;
    home.files = older;
    put("vault.last", last);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_all(), ERR_ROLLBACK);
        close_all();
        struct copy kept = take("vault.last");
        assert_int_equal(kept.len, last.len);
        assert_memory_equal(kept.at, last.at, last.len);
        free(kept.at);
    }
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed);
    assert_int_equal(open_all(), ERR_OK);
    assert_in_force("12");
    close_all();
    file_memory_free(home.files);
    home.files = whole;
    free(last.at);
}

/* A copy that cannot be read may be the newer one: it is not written over, and nothing is shown. */
static void a_copy_that_cannot_be_read_is_not_written_over(void **state)
{
    (void)state;
    close_all();
    struct copy last = take("vault.last");
    uint64_t before = file_memory_calls(home.files, FILE_MEMORY_READ_AT);
    assert_int_equal(open_all(), ERR_OK);
    uint64_t reads_count = file_memory_calls(home.files, FILE_MEMORY_READ_AT) - before;
    assert_true(reads_count > 2);
    for (uint64_t nth = 1; nth <= reads_count; nth++) {
        close_all();
        file_memory_fail(home.files, FILE_MEMORY_READ_AT, nth, ERR_IO);
        assert_int_equal(open_all(), ERR_IO);
        close_all();
        struct copy kept = take("vault.last");
        assert_int_equal(kept.len, last.len);
        assert_memory_equal(kept.at, last.at, last.len);
        free(kept.at);
    }
    free(last.at);
}

static void imports_and_their_undoing_come_back_too(void **state)
{
    (void)state;
    struct copy older = take("vault");
    struct vault_block file[] = {{.key = key_of(2)}, {.key = key_of(3)}};
    size_t count;
    assert_int_equal(vault_import(home.vault, &count, file, 2, 100, 1), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    close_all();
    struct files *imported = file_memory_copy(home.files);
    assert_int_equal(open_all(), ERR_OK);
    assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    close_all();
    for (int undone = 1; undone >= 0; undone--) {
        put("vault", older);
        put("vault.last", older);
        assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
        assert_int_equal(open_all(), ERR_OK);
        assert_in_force(undone ? "" : "23");
        /* What was undone is no stretch that is over either: it hides nothing (SPEC 9.5). */
        assert_int_equal(vault_contents(home.vault)->blocks_count, undone ? 0 : 2);
        close_all();
        if (undone) {
            file_memory_free(home.files);
            home.files = imported;
        }
    }
    free(older.at);
}

/* The journal does not tell that she blocked somebody herself whom an import had blocked. */
static void after_a_recovery_no_import_is_undone(void **state)
{
    (void)state;
    struct vault_block file[] = {{.key = key_of(2)}};
    size_t count;
    assert_int_equal(vault_import(home.vault, &count, file, 1, 100, 1), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    struct copy older = take("vault");
    assert_int_equal(blocks(2, 200), ERR_OK);
    close_all();
    put("vault", older);
    put("vault.last", older);
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed);
    assert_int_equal(open_all(), ERR_OK);
    assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_in_force("2");
    free(older.at);
}

/* Then nothing counts what came after the copy: that must not pass for "nothing is missing". */
static void a_journal_that_ends_before_the_copy_is_told(void **state)
{
    (void)state;
    close_all();
    struct files *fresh = file_memory_copy(home.files);
    assert_int_equal(open_all(), ERR_OK);
    assert_int_equal(blocks(1, 100), ERR_OK);
    assert_int_equal(blocks(2, 200), ERR_OK);
    assert_int_equal(blocks(3, 300), ERR_OK);
    close_all();
    struct copy later = take("vault");
    struct files *whole = home.files;
    home.files = fresh;
    put("vault", later);
    put("vault.last", later);
    assert_int_equal(open_all(), ERR_ROLLBACK);
    close_all();
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed && recovery.journal_is_older);
    assert_int_equal(open_all(), ERR_OK);
    assert_in_force("123");
    close_all();
    file_memory_free(home.files);
    home.files = whole;
    file_memory_flip(home.files, "vault", 60, 4);
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_true(recovery.needed && !recovery.journal_is_older);
    free(later.at);
}

static void without_a_whole_copy_nothing_is_changed(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    close_all();
    file_memory_flip(home.files, "vault", 60, 4);
    file_memory_flip(home.files, "vault.last", 60, 4);
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_DAMAGED);
    assert_int_equal(open_all(), ERR_DAMAGED);
    close_all();
    file_memory_flip(home.files, "vault.last", 60, 4);
    file_memory_flip(home.files, "journal/manifest", 40, 4);
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_DAMAGED);
    file_memory_flip(home.files, "journal/manifest", 40, 4);
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_int_equal(open_all(), ERR_OK);
    assert_in_force("1");
}

static void no_home_is_no_recovery(void **state)
{
    (void)state;
    struct files *empty = file_memory_new(1);
    assert_int_equal(vault_recover(&recovery, empty, bare_home_key, &note), ERR_DAMAGED);
    file_memory_free(empty);
}

/* Whichever call the machine stops at, doing it again brings everything back. */
static void a_crash_while_recovering_is_recovered_from(void **state)
{
    (void)state;
    assert_int_equal(blocks(1, 100), ERR_OK);
    struct copy older = take("vault");
    assert_int_equal(blocks(2, 200), ERR_OK);
    assert_int_equal(blocks(3, 300), ERR_OK);
    close_all();
    put("vault", older);
    put("vault.last", older);
    free(older.at);
    struct files *whole = home.files;
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (int outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
            home.files = file_memory_copy(whole);
            file_memory_crash_at(home.files, nth);
            enum err_code rc = vault_recover(&recovery, home.files, bare_home_key, &note);
            crashed = file_memory_crashed(home.files);
            assert_true(crashed || rc == ERR_OK);
            file_memory_restart(home.files, (enum file_memory_outcome)outcome);
            assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
            assert_int_equal(open_all(), ERR_OK);
            assert_in_force("123");
            close_all();
            file_memory_free(home.files);
        }
    }
    home.files = whole;
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    assert_int_equal(open_all(), ERR_OK);
}

/* Block 1, 2, 3, ...; how many were acknowledged before the machine stopped. */
static uint8_t block_until_crash(uint8_t count)
{
    uint8_t done = 0;
    if (open_all() == ERR_OK) {
        while (done < count && blocks((uint8_t)(done + 1), 100U + done) == ERR_OK) {
            done++;
        }
    }
    close_all();
    return done;
}

/* The machine stops while she blocks, and the disk then loses the vault, or puts an old one there.
 */
static void an_acknowledged_block_survives_a_crash_and_then_a_lost_vault(void **state)
{
    (void)state;
    close_all();
    struct copy older = take("vault");
    struct files *fresh = home.files;
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (int way = 0; way < 6; way++) {
            home.files = file_memory_copy(fresh);
            file_memory_crash_at(home.files, nth);
            uint8_t done = block_until_crash(3);
            crashed = file_memory_crashed(home.files);
            file_memory_restart(home.files, (enum file_memory_outcome)(way % 3));
            if (way < 3) {
                file_memory_cut(home.files, "vault", 20);
            } else {
                put("vault", older);
                put("vault.last", older);
            }
            assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
            assert_int_equal(open_all(), ERR_OK);
            size_t found = vault_contents(home.vault)->blocks_count;
            assert_in_range(found, done, done + 1U);
            close_all();
            file_memory_free(home.files);
        }
    }
    free(older.at);
    home.files = fresh;
    assert_int_equal(open_all(), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(merged_stretches_are_recovered),
        TEST(a_vault_in_order_is_left_alone),
        TEST(a_damaged_vault_comes_back_whole),
        TEST(no_block_is_lost_with_an_older_copy),
        TEST(a_block_survives_a_lost_vault_before_its_copy_is_written),
        TEST(the_latest_of_two_copies_is_taken),
        TEST(a_vault_and_a_journal_that_are_older_than_the_copy_are_refused),
        TEST(a_copy_that_cannot_be_read_is_not_written_over),
        TEST(imports_and_their_undoing_come_back_too),
        TEST(after_a_recovery_no_import_is_undone),
        TEST(a_journal_that_ends_before_the_copy_is_told),
        TEST(without_a_whole_copy_nothing_is_changed),
        TEST(no_home_is_no_recovery),
        TEST(a_crash_while_recovering_is_recovered_from),
        TEST(an_acknowledged_block_survives_a_crash_and_then_a_lost_vault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
