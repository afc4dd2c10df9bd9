#include <string.h>

#include "proto/post.h"
#include "store/vault_recover.h"
#include "tests/unit/store/vault_scene.h"

static const uint8_t log_a[VAULT_LOG_ID_LEN] = "the first log..";
static const uint8_t log_b[VAULT_LOG_ID_LEN] = "another log....";
static bool copied;

static enum err_code beside(const uint8_t *log_id, uint64_t log_end)
{
    return vault_log_beside(home.vault, &copied, log_id, log_end, &note);
}

/* Key 1 was blocked from 100 to 200, positions 7 to 9, and key 2 is since then. */
static int blocked_beside_the_first(void **state)
{
    (void)vault_set_up(state);
    struct key one = key_of(1);
    assert_int_equal(beside(log_a, 7), ERR_OK);
    block(1);
    block(2);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    assert_int_equal(vault_unblock(home.vault, &changed, &one, 200, 9), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    return 0;
}

static void assert_stretches(bool are_copied)
{
    const struct vault_contents *c = vault_contents(home.vault);
    assert_int_equal(c->blocks_count, 2);
    assert_false(c->blocks[0].in_force);
    assert_true(c->blocks[1].in_force);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(c->blocks[i].since_s, are_copied ? 0 : 100);
        assert_int_equal(c->blocks[i].since_position, are_copied ? 0 : 7);
    }
    assert_int_equal(c->blocks[0].until_s, are_copied ? 200 + POST_AHEAD_MAX_S : 200);
    assert_int_equal(c->blocks[0].until_position, are_copied ? 0 : 9);
}

static void positions_of_this_log_stay_while_it_grows(void **state)
{
    (void)state;
    for (uint64_t end = 9; end < 12; end++) {
        reopen();
        assert_int_equal(beside(log_a, end), ERR_OK);
        assert_false(copied);
        assert_stretches(false);
    }
}

static void of_another_log_positions_say_nothing(void **state)
{
    (void)state;
    assert_int_equal(beside(log_b, 1000), ERR_OK);
    assert_true(copied);
    assert_stretches(true);
    reopen();
    assert_stretches(true);
    uint64_t generation = vault_contents(home.vault)->generation;
    assert_int_equal(beside(log_b, 0), ERR_OK);
    assert_false(copied);
    assert_int_equal(vault_contents(home.vault)->generation, generation);
    assert_stretches(true);
}

static void of_a_log_that_was_set_back_positions_say_nothing(void **state)
{
    (void)state;
    assert_int_equal(beside(log_a, 8), ERR_OK);
    assert_true(copied);
    assert_stretches(true);
    reopen();
    assert_stretches(true);
}

/* The first log comes back after all: what came meanwhile is not in it. */
static void whichever_log_comes_next_the_end_is_once_later(void **state)
{
    (void)state;
    assert_int_equal(beside(log_b, 20), ERR_OK);
    assert_int_equal(beside(log_a, 20), ERR_OK);
    assert_false(copied);
    assert_stretches(true);
    struct key two = key_of(2);
    assert_int_equal(vault_unblock(home.vault, &changed, &two, 300, 20), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    assert_int_equal(beside(log_b, 20), ERR_OK);
    assert_true(copied);
    const struct vault_block *last = &vault_contents(home.vault)->blocks[1];
    assert_int_equal(last->since_position, 0);
    assert_int_equal(last->until_position, 0);
    assert_int_equal(last->until_s, 300 + POST_AHEAD_MAX_S);
}

/* Nothing is written for a log alone; the first stretch says whose positions it has. */
static void the_first_block_says_whose_position_it_has(void **state)
{
    (void)state;
    uint64_t generation = vault_contents(home.vault)->generation;
    assert_int_equal(beside(log_b, 5), ERR_OK);
    assert_false(copied);
    assert_int_equal(vault_contents(home.vault)->generation, generation);
    reopen();
    assert_int_equal(beside(log_a, 5), ERR_OK);
    block(1);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    assert_int_equal(beside(log_a, 7), ERR_OK);
    assert_false(copied);
    assert_int_equal(beside(log_b, 7), ERR_OK);
    assert_true(copied);
}

static void what_cannot_be_written_changes_nothing(void **state)
{
    (void)state;
    file_memory_fail(home.files, FILE_MEMORY_SYNC, 1, ERR_NO_SPACE);
    assert_int_equal(beside(log_b, 20), ERR_NO_SPACE);
    assert_stretches(false);
    assert_int_equal(beside(log_b, 20), ERR_OK);
    assert_true(copied);
    assert_stretches(true);
}

/* The copy is as late as the vault, at once. */
static void a_vault_that_is_lost_then_comes_back_as_it_was(void **state)
{
    (void)state;
    assert_int_equal(beside(log_b, 20), ERR_OK);
    bare_home_close(&home);
    file_memory_take_away(home.files, "vault");
    struct vault_recovery recovery;
    assert_int_equal(vault_recover(&recovery, home.files, bare_home_key, &note), ERR_OK);
    reopen();
    assert_stretches(true);
    assert_int_equal(beside(log_b, 20), ERR_OK);
    assert_false(copied);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, blocked_beside_the_first, vault_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(positions_of_this_log_stay_while_it_grows),
        TEST(of_another_log_positions_say_nothing),
        TEST(of_a_log_that_was_set_back_positions_say_nothing),
        TEST(whichever_log_comes_next_the_end_is_once_later),
        TEST(what_cannot_be_written_changes_nothing),
        TEST(a_vault_that_is_lost_then_comes_back_as_it_was),
        cmocka_unit_test_setup_teardown(the_first_block_says_whose_position_it_has, vault_set_up,
                                        vault_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
