#include "tests/unit/store/vault_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct address address_of(const char *host, uint16_t port)
{
    struct address address = {.port = port, .static_key = key_of(9)};
    memcpy(address.host, host, strlen(host) + 1);
    return address;
}

static void a_new_vault_is_empty_and_has_its_keys(void **state)
{
    (void)state;
    const struct vault_contents *c = vault_contents(home.vault);
    assert_int_equal(c->kind, VAULT_PERSONAL);
    assert_int_equal(c->generation, 1);
    assert_int_equal(c->petnames_count + c->follows_count + c->tags_count + c->blocks_count, 0);
    struct key identity = vault_identity(home.vault);
    uint8_t dial_one[32];
    uint8_t dial_two[32];
    struct key one = key_of(1);
    struct key two = key_of(2);
    vault_dial_secret(dial_one, home.vault, &one);
    vault_dial_secret(dial_two, home.vault, &two);
    assert_memory_not_equal(dial_one, dial_two, 32);
    assert_memory_not_equal(vault_identity_seed(home.vault), vault_node_secret(home.vault), 32);
    reopen();
    struct key again = vault_identity(home.vault);
    assert_true(key_equal(&identity, &again));
    assert_int_equal(journal_generation_latest(home.journal), 1);
}

static void the_keys_of_store_and_journal_differ(void **state)
{
    (void)state;
    uint8_t store_key[32];
    uint8_t journal_key[32];
    home_key_derive(store_key, bare_home_key, HOME_KEY_STORE);
    home_key_derive(journal_key, bare_home_key, HOME_KEY_JOURNAL);
    assert_memory_not_equal(store_key, journal_key, 32);
}

static void everything_committed_is_there_after_reopening(void **state)
{
    (void)state;
    struct key ana = key_of(1);
    struct key bea = key_of(2);
    struct vault_peer peer = {.address = address_of("relay.example", 4000), .joined = false};
    struct vault_claim claim = {.address = peer.address, .claim = {1, 2, 3}, .claim_len = 3};
    assert_int_equal(vault_petname_set(home.vault, &changed, &ana, "ana"), ERR_OK);
    assert_int_equal(vault_follow(home.vault, &changed, &ana), ERR_OK);
    assert_int_equal(vault_follow_tag(home.vault, &changed, octets_of_text("metoo")), ERR_OK);
    assert_int_equal(vault_block(home.vault, &changed, &bea, NULL, 50, 3), ERR_OK);
    assert_int_equal(
        vault_shield(home.vault, &changed, VAULT_SHIELD_TAG, octets_of_text("itwasme")), ERR_OK);
    assert_int_equal(vault_shield(home.vault, &changed, VAULT_SHIELD_WORD, octets_of_text("court")),
                     ERR_OK);
    assert_int_equal(vault_peer_add(home.vault, &changed, &peer), ERR_OK);
    assert_int_equal(vault_claim_add(home.vault, &claim), ERR_OK);
    assert_int_equal(vault_contents(home.vault)->follows_count, 0);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    for (int times = 0; times < 2; times++) {
        const struct vault_contents *c = vault_contents(home.vault);
        assert_int_equal(c->generation, 2);
        assert_string_equal(c->petnames[0].name, "ana");
        assert_true(key_equal(&c->follows[0], &ana));
        assert_int_equal(c->tags[0].tag_len, 5);
        assert_true(key_equal(&c->blocks[0].key, &bea));
        assert_int_equal(c->blocks[0].since_s, 50);
        assert_int_equal(c->blocks[0].since_position, 3);
        assert_true(c->blocks[0].in_force);
        assert_int_equal(c->shields_count, 2);
        assert_int_equal(c->shields[0].kind, VAULT_SHIELD_TAG);
        assert_int_equal(c->shields[0].text_len, 7);
        assert_memory_equal(c->shields[0].text, "itwasme", 7);
        assert_int_equal(c->shields[1].kind, VAULT_SHIELD_WORD);
        assert_memory_equal(c->shields[1].text, "court", 5);
        assert_string_equal(c->peers[0].address.host, "relay.example");
        assert_int_equal(c->claims[0].claim_len, 3);
        reopen();
    }
    assert_int_equal(vault_claim_done(home.vault, &peer.address, true), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    assert_int_equal(vault_contents(home.vault)->claims_count, 0);
    assert_true(vault_contents(home.vault)->peers[0].joined);
}

static void the_reach_of_the_web_is_kept_within_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(vault_contents(home.vault)->web_steps, VAULT_STEPS);
    assert_int_equal(vault_web_steps_set(home.vault, &changed, 0), ERR_REFUSED);
    assert_int_equal(vault_web_steps_set(home.vault, &changed, VAULT_STEPS_MAX + 1), ERR_REFUSED);
    assert_int_equal(vault_web_steps_set(home.vault, &changed, VAULT_STEPS), ERR_OK);
    assert_false(changed);
    assert_int_equal(vault_web_steps_set(home.vault, &changed, 2), ERR_OK);
    assert_true(changed);
    assert_int_equal(vault_contents(home.vault)->web_steps, VAULT_STEPS);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    assert_int_equal(vault_contents(home.vault)->web_steps, 2);
    reopen();
    assert_int_equal(vault_contents(home.vault)->web_steps, 2);
}

static void the_time_until_locking_is_kept_within_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(vault_contents(home.vault)->lock_after_s, 0);
    assert_int_equal(vault_lock_after_set(home.vault, &changed, VAULT_LOCK_AFTER_MAX + 1),
                     ERR_REFUSED);
    assert_int_equal(vault_lock_after_set(home.vault, &changed, 600), ERR_OK);
    assert_true(changed);
    assert_int_equal(vault_contents(home.vault)->lock_after_s, 0);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    assert_int_equal(vault_contents(home.vault)->lock_after_s, 600);
    assert_int_equal(vault_lock_after_set(home.vault, &changed, 600), ERR_OK);
    assert_false(changed);
}

static void changing_says_whether_anything_changed(void **state)
{
    (void)state;
    struct key ana = key_of(1);
    struct vault_peer peer = {.address = address_of("10.0.0.1", 1)};
    for (int times = 0; times < 2; times++) {
        bool first = times == 0;
        assert_int_equal(vault_follow(home.vault, &changed, &ana), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_follow_tag(home.vault, &changed, octets_of_text("t")), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_petname_set(home.vault, &changed, &ana, "ana"), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_peer_add(home.vault, &changed, &peer), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_block(home.vault, &changed, &ana, "a", 1, 1), ERR_OK);
        assert_int_equal(changed, first);
    }
    for (int times = 0; times < 2; times++) {
        bool first = times == 0;
        assert_int_equal(vault_unfollow(home.vault, &changed, &ana), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_unfollow_tag(home.vault, &changed, octets_of_text("t")), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_petname_set(home.vault, &changed, &ana, ""), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_peer_remove(home.vault, &changed, &peer.address), ERR_OK);
        assert_int_equal(changed, first);
        assert_int_equal(vault_unblock(home.vault, &changed, &ana, 2, 2), ERR_OK);
        assert_int_equal(changed, first);
    }
}

static void a_shield_is_a_tag_or_a_word_and_stands_until_it_is_lowered(void **state)
{
    (void)state;
    char text[VAULT_SHIELD_LEN_MAX + 1];
    memset(text, 'x', sizeof text);
    struct octets ihave = octets_of_text("ihave");
    for (int times = 0; times < 2; times++) {
        for (int kind = VAULT_SHIELD_TAG; kind <= VAULT_SHIELD_WORD; kind++) {
            assert_int_equal(
                vault_shield(home.vault, &changed, (enum vault_shield_kind)kind, ihave), ERR_OK);
            assert_int_equal(changed, times == 0);
        }
    }
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    for (int times = 0; times < 2; times++) {
        assert_int_equal(vault_unshield(home.vault, &changed, VAULT_SHIELD_WORD, ihave), ERR_OK);
        assert_int_equal(changed, times == 0);
    }
    assert_int_equal(vault_contents(home.vault)->shields_count, 2);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    assert_int_equal(vault_contents(home.vault)->shields_count, 1);
    assert_int_equal(vault_contents(home.vault)->shields[0].kind, VAULT_SHIELD_TAG);

    const struct {
        enum vault_shield_kind kind;
        size_t len;
        enum err_code rc;
    } lengths[] = {{VAULT_SHIELD_TAG, 60, ERR_OK},
                   {VAULT_SHIELD_TAG, 61, ERR_REFUSED},
                   {VAULT_SHIELD_WORD, 61, ERR_OK},
                   {VAULT_SHIELD_WORD, VAULT_SHIELD_LEN_MAX + 1, ERR_REFUSED},
                   {VAULT_SHIELD_WORD, 0, ERR_REFUSED}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct octets long_one = octets_of(text, lengths[i].len);
        assert_int_equal(vault_shield(home.vault, &changed, lengths[i].kind, long_one),
                         lengths[i].rc);
    }
    assert_int_equal(vault_shield(home.vault, &changed, VAULT_SHIELD_WORD, octets_of_text("\xff")),
                     ERR_REFUSED);
}

static void a_petname_belongs_to_one_key(void **state)
{
    (void)state;
    struct key ana = key_of(1);
    struct key bea = key_of(2);
    assert_int_equal(vault_petname_set(home.vault, &changed, &ana, "sister"), ERR_OK);
    assert_int_equal(vault_petname_set(home.vault, &changed, &bea, "sister"), ERR_REFUSED);
    assert_int_equal(vault_petname_set(home.vault, &changed, &bea, "\xff"), ERR_REFUSED);
    assert_int_equal(vault_petname_set(home.vault, &changed, &ana, "ana"), ERR_OK);
    assert_int_equal(vault_petname_set(home.vault, &changed, &bea, "sister"), ERR_OK);
    char long_name[VAULT_LABEL_MAX + 2];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(vault_petname_set(home.vault, &changed, &bea, long_name), ERR_REFUSED);
    assert_int_equal(vault_block(home.vault, &changed, &bea, long_name, 1, 1), ERR_REFUSED);
}

static void stretches_of_blocking_are_kept_for_ever(void **state)
{
    (void)state;
    struct key carl = key_of(3);
    assert_int_equal(vault_block(home.vault, &changed, &carl, "one", 10, 100), ERR_OK);
    assert_int_equal(vault_block(home.vault, &changed, &carl, NULL, 11, 101), ERR_OK);
    assert_false(changed);
    assert_int_equal(vault_block(home.vault, &changed, &carl, "two", 12, 102), ERR_OK);
    assert_true(changed);
    assert_int_equal(vault_unblock(home.vault, &changed, &carl, 20, 200), ERR_OK);
    assert_int_equal(vault_block(home.vault, &changed, &carl, NULL, 30, 300), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    const struct vault_contents *c = vault_contents(home.vault);
    assert_int_equal(c->blocks_count, 2);
    assert_string_equal(c->blocks[0].label, "two");
    assert_int_equal(c->blocks[0].since_s, 10);
    assert_int_equal(c->blocks[0].until_s, 20);
    assert_int_equal(c->blocks[0].until_position, 200);
    assert_false(c->blocks[0].in_force);
    assert_true(c->blocks[1].in_force);
    assert_int_equal(c->blocks[1].since_position, 300);
}

static void an_import_is_a_union_and_is_undone_as_one_step(void **state)
{
    (void)state;
    block(1);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    struct vault_block file[] = {{.key = key_of(1), .label = "theirs"},
                                 {.key = key_of(2), .label = "b"},
                                 {.key = key_of(3)}};
    size_t count = 0;
    assert_int_equal(vault_import(home.vault, &count, file, 3, 200, 9), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    const struct vault_contents *c = vault_contents(home.vault);
    assert_int_equal(c->blocks_count, 3);
    assert_string_equal(c->blocks[0].label, "label");
    assert_string_equal(c->blocks[1].label, "b");
    assert_int_equal(c->blocks[2].since_s, 200);
    assert_int_equal(c->imported_count, 2);
    /* The same once more adds nothing and leaves the step undoable. */
    assert_int_equal(vault_import(home.vault, &count, file, 3, 201, 9), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    c = vault_contents(home.vault);
    assert_int_equal(c->blocks_count, 1);
    assert_true(c->blocks[0].in_force);
    assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
    assert_int_equal(count, 0);
}

static void undoing_an_import_leaves_whom_she_blocked_herself_since(void **state)
{
    (void)state;
    struct vault_block file[] = {{.key = key_of(2)}, {.key = key_of(3)}};
    size_t count = 0;
    assert_int_equal(vault_import(home.vault, &count, file, 2, 200, 9), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    assert_int_equal(vault_block(home.vault, &changed, &file[0].key, NULL, 300, 10), ERR_OK);
    assert_true(changed); /* or it would not be kept */
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    reopen();
    assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    const struct vault_contents *c = vault_contents(home.vault);
    assert_int_equal(c->blocks_count, 1);
    assert_true(c->blocks[0].in_force && key_equal(&c->blocks[0].key, &file[0].key));
    assert_int_equal(c->blocks[0].since_s, 200);
}

static void another_change_of_blocks_ends_what_undo_takes_back(void **state)
{
    (void)state;
    struct vault_block file[] = {{.key = key_of(2)}};
    size_t count = 0;
    for (int way = 0; way < 2; way++) {
        file[0].key = key_of((uint8_t)(2 + way));
        assert_int_equal(vault_import(home.vault, &count, file, 1, 200, 9), ERR_OK);
        assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
        assert_int_equal(vault_contents(home.vault)->imported_count, 1);
        if (way == 0) {
            block(7);
        } else {
            assert_int_equal(vault_unblock(home.vault, &changed, &file[0].key, 300, 10), ERR_OK);
        }
        assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
        assert_int_equal(vault_import_undo(home.vault, &count), ERR_OK);
        assert_int_equal(count, 0);
    }
    struct key first = key_of(2);
    assert_true(key_equal(&vault_contents(home.vault)->blocks[0].key, &first));
}

static void lists_have_bounds(void **state)
{
    (void)state;
    struct vault_peer peer = {.address = address_of("10.0.0.1", 1)};
    for (uint16_t i = 0; i < VAULT_PEERS_MAX; i++) {
        peer.address.port = (uint16_t)(i + 1);
        assert_int_equal(vault_peer_add(home.vault, &changed, &peer), ERR_OK);
    }
    for (int i = 0; i <= VAULT_SHIELDS_MAX; i++) {
        char word[8];
        (void)snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(
            vault_shield(home.vault, &changed, VAULT_SHIELD_WORD, octets_of_text(word)),
            i < VAULT_SHIELDS_MAX ? ERR_OK : ERR_REFUSED);
    }
    peer.address.port = 1000;
    assert_int_equal(vault_peer_add(home.vault, &changed, &peer), ERR_REFUSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, vault_set_up, vault_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_vault_is_empty_and_has_its_keys),
        TEST(the_keys_of_store_and_journal_differ),
        TEST(everything_committed_is_there_after_reopening),
        TEST(the_reach_of_the_web_is_kept_within_its_bounds),
        TEST(the_time_until_locking_is_kept_within_its_bounds),
        TEST(changing_says_whether_anything_changed),
        TEST(a_shield_is_a_tag_or_a_word_and_stands_until_it_is_lowered),
        TEST(a_petname_belongs_to_one_key),
        TEST(stretches_of_blocking_are_kept_for_ever),
        TEST(an_import_is_a_union_and_is_undone_as_one_step),
        TEST(undoing_an_import_leaves_whom_she_blocked_herself_since),
        TEST(another_change_of_blocks_ends_what_undo_takes_back),
        TEST(lists_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
