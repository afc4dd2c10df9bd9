/* A home goes into a backup and comes back: everything is there, and no block is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/backup.h"
#include "store/vault_backup.h"
#include "tests/support/backup_trip.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S  UINT64_C(1700000000)
#define OTHERS 300
#define BEFORE (13 + 16 + 16 + 24 + 16) /* header and digest */

static const uint8_t other_seed[32] = {8};
static struct err_note note;

static struct bare_home home; /* of which a backup is made */
static struct bare_home back; /* where it comes back */
static struct files *outside;
static struct person her;
static struct posts posts;
static char text[600]; /* so that the posts of a backup fill several chunks */

static struct key key_of(uint8_t first)
{
    return (struct key){{first, 1}};
}

static void open_place(struct bare_home *place)
{
    assert_int_equal(bare_home_open(place, &note), ERR_OK);
    assert_int_equal(bare_home_open_store(place, STORE_UNREAD, &note), ERR_OK);
}

static void make_place(struct bare_home *place, const uint8_t of[32])
{
    bare_home_make(place, of);
    open_place(place);
}

/* Afterwards the disk is all there is. */
static void reopen(struct bare_home *place)
{
    bare_home_close(place);
    open_place(place);
}

static void put(struct bare_home *place, size_t index)
{
    struct post post = posts_decoded(&posts, index);
    enum store_put_result result;
    assert_int_equal(store_put(place->store, &result, &post, &posts.wires[index], 1, NOW_S, &note),
                     ERR_OK);
}

static void blocks(struct bare_home *place, uint8_t who, const char *label, uint64_t at_s)
{
    bool changed = false;
    struct key key = key_of(who);
    assert_int_equal(vault_block(place->vault, &changed, &key, label, at_s, 40), ERR_OK);
}

static void unblocks(struct bare_home *place, uint8_t who, uint64_t at_s)
{
    bool changed = false;
    struct key key = key_of(who);
    assert_int_equal(vault_unblock(place->vault, &changed, &key, at_s, 50), ERR_OK);
}

static void names(struct bare_home *place, uint8_t who, const char *name)
{
    bool changed = false;
    struct key key = key_of(who);
    assert_int_equal(vault_petname_set(place->vault, &changed, &key, name), ERR_OK);
}

static void commits(struct bare_home *place, uint64_t at_s)
{
    vault_clock(place->vault, at_s);
    assert_int_equal(vault_commit(place->vault, &note), ERR_OK);
}

/* Ten posts of hers, and many by others. */
static void fill(void)
{
    struct person ana = person_of("ana");
    memset(text, 'w', sizeof text - 1);
    memcpy(her.seed, vault_identity_seed(home.vault), 32);
    her.key = vault_identity(home.vault);
    for (uint64_t i = 0; i < OTHERS; i++) {
        (void)person_text(&posts, i < 10 ? &her : &ana, NOW_S - 1000 + i, text, "metoo");
        if (i < 10) {
            assert_int_equal(journal_own_post(home.journal, &posts.ids[i], posts.wires[i], &note),
                             ERR_OK);
            assert_int_equal(journal_sent(home.journal, &posts.ids[i], (uint32_t)i, &note), ERR_OK);
        }
        put(&home, i);
    }
    blocks(&home, 1, "him", NOW_S - 500);
    blocks(&home, 2, "once", NOW_S - 500);
    names(&home, 3, "carl");
    commits(&home, NOW_S - 400);
    unblocks(&home, 2, NOW_S - 300);
    commits(&home, NOW_S - 300);
}

static int set_up(void **state)
{
    (void)state;
    note = (struct err_note){{0}};
    make_place(&home, bare_home_seed);
    outside = file_memory_new(9);
    fill();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bare_home_free(&home);
    bare_home_free(&back);
    file_memory_free(outside);
    posts_free(&posts);
    posts = (struct posts){.count = 0};
    return 0;
}

static enum err_code backs_up(bool all, bool replace)
{
    struct backup_head head = {.made_s = NOW_S, .all = all};
    return trip_leaves(outside, &home, &head, replace, &note);
}

static enum err_code checks(struct restore_found *found, const uint8_t of[32])
{
    return trip_checks(found, outside, of, &note);
}

static enum err_code comes_back(void)
{
    return trip_returns(&back, outside, NOW_S, &note);
}

static const struct vault_block *stretch_of(const struct bare_home *place, uint8_t who)
{
    const struct vault_contents *c = vault_contents(place->vault);
    struct key key = key_of(who);
    for (size_t i = 0; i < c->blocks_count; i++) {
        if (key_equal(&c->blocks[i].key, &key)) {
            return &c->blocks[i];
        }
    }
    return NULL;
}

static void everything_comes_back(void **state)
{
    (void)state;
    assert_int_equal(backs_up(true, false), ERR_OK);
    make_place(&back, bare_home_seed);
    assert_int_equal(comes_back(), ERR_OK);
    struct key identity = vault_identity(back.vault);
    assert_true(key_equal(&identity, &her.key));
    assert_int_equal(journal_own_count(back.journal), 10);
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct journal_post post = journal_own_at(back.journal, 7);
    assert_true(post_id_equal(&post.id, &posts.ids[7]));
    assert_int_equal(post.sent_count, 7);
    assert_int_equal(journal_own_wire(back.journal, &wire, 7, &note), ERR_OK);
    assert_true(octets_equal(octets_of(wire.at, wire.len), posts.wires[7]));
    assert_int_equal(store_stats(back.store).posts_count, OTHERS);
    assert_string_equal(vault_contents(back.vault)->petnames[0].name, "carl");
    assert_true(stretch_of(&back, 1)->in_force);
    assert_string_equal(stretch_of(&back, 1)->label, "him");

    reopen(&back);
    assert_int_equal(journal_own_count(back.journal), 10);
    assert_true(stretch_of(&back, 1)->in_force);
    /* And restoring once more changes nothing. */
    size_t stretches = vault_contents(back.vault)->blocks_count;
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(journal_own_count(back.journal), 10);
    assert_int_equal(vault_contents(back.vault)->blocks_count, stretches);
    assert_int_equal(store_stats(back.store).records_count, OTHERS);
}

static struct journal_post own_of(const struct journal *journal, const struct post_id *id)
{
    struct journal_post found = {.has_wire = false};
    for (size_t i = 0; i < journal_own_count(journal); i++) {
        struct journal_post post = journal_own_at(journal, i);
        found = post_id_equal(&post.id, id) ? post : found;
    }
    return found;
}

static void what_the_journal_let_go_comes_back_as_handed_to_peers(void **state)
{
    (void)state;
    const struct journal_trimmed trimmed = {.index = 7, .created_s = NOW_S};
    bool more = true;
    assert_int_equal(journal_trim(home.journal, &trimmed, 1, &note), ERR_OK);
    while (more) {
        assert_int_equal(journal_tend(home.journal, &more, &note), ERR_OK);
    }
    reopen(&home);
    assert_false(own_of(home.journal, &posts.ids[7]).has_wire);
    assert_int_equal(backs_up(false, false), ERR_OK);
    make_place(&back, bare_home_seed);
    assert_int_equal(comes_back(), ERR_OK);
    struct journal_post post = own_of(back.journal, &posts.ids[7]);
    assert_true(post.has_wire);
    assert_int_equal(post.sent_count, 2);
}

static char lost[16][64];
static size_t lost_count;

static void note_log(void *context, const char *path)
{
    (void)context;
    if (strncmp(path, "log/", 4) == 0 || strncmp(path, "index/", 6) == 0) {
        assert_true(lost_count < sizeof lost / sizeof lost[0]);
        (void)snprintf(lost[lost_count++], sizeof lost[0], "%s", path);
    }
}

/* As a person is told to do where it is damaged. */
static void loses_log(struct bare_home *place)
{
    bare_home_close(place);
    lost_count = 0;
    file_memory_each(place->files, note_log, NULL);
    assert_true(lost_count > 0);
    for (size_t i = 0; i < lost_count; i++) {
        file_memory_take_away(place->files, lost[i]);
    }
    open_place(place);
}

static bool stores(struct bare_home *place, size_t index)
{
    uint64_t at;
    return store_position(place->store, &at, &posts.ids[index], &note) == ERR_OK;
}

static void what_a_lost_log_took_of_hers_comes_back_without_all(void **state)
{
    (void)state;
    for (size_t i = 4; i < 10; i++) {
        const struct journal_trimmed trimmed = {.index = i, .created_s = NOW_S - 1000 + i};
        assert_int_equal(journal_trim(home.journal, &trimmed, 1, &note), ERR_OK);
    }
    assert_int_equal(backs_up(false, false), ERR_OK);
    loses_log(&home);
    assert_false(stores(&home, 4));
    (void)person_retract(&posts, &her, NOW_S, posts.ids[5]);
    put(&home, posts.count - 1);
    for (unsigned i = 0; i < 2; i++) { /* and done again it changes nothing */
        assert_int_equal(trip_returns(&home, outside, NOW_S, &note), ERR_OK);
        for (size_t at = 4; at < 10; at++) {
            assert_int_equal(stores(&home, at), at != 5); /* which she took back */
        }
        assert_false(stores(&home, 10)); /* somebody else's */
    }
    reopen(&home);
    assert_true(stores(&home, 4));
}

static void without_all_only_her_own_posts_are_in_it(void **state)
{
    (void)state;
    struct restore_found found;
    assert_int_equal(backs_up(false, false), ERR_OK);
    assert_int_equal(checks(&found, bare_home_seed), ERR_OK);
    assert_int_equal(found.own_count, 10);
    assert_int_equal(found.posts_count, 0);
    assert_int_equal(found.head.made_s, NOW_S);
    assert_false(found.head.all);
    assert_int_equal(vault_contents(found.copy)->saved_s, NOW_S - 300);
    vault_close(found.copy);
}

/* SPEC 9.5: positions of another store mean nothing here. */
static void what_is_dated_before_an_unblocking_stays_hidden(void **state)
{
    (void)state;
    assert_int_equal(backs_up(false, false), ERR_OK);
    make_place(&back, bare_home_seed);
    assert_int_equal(comes_back(), ERR_OK);
    const struct vault_block *once = stretch_of(&back, 2);
    assert_false(once->in_force);
    assert_int_equal(once->since_s, 0);
    assert_int_equal(once->until_s, NOW_S - 300 + POST_AHEAD_MAX_S);
    assert_int_equal(once->since_position, 0);
    assert_int_equal(once->until_position, 0);
    assert_int_equal(stretch_of(&back, 1)->since_s, 0); /* unblocked later, the same holds */
}

static void a_merge_never_has_fewer_blocks(void **state)
{
    (void)state;
    assert_int_equal(backs_up(false, false), ERR_OK);
    make_place(&back, bare_home_seed);
    blocks(&back, 9, "since", NOW_S - 10);
    blocks(&back, 1, "mine", NOW_S - 10);
    names(&back, 3, "carla"); /* newer: stays */
    names(&back, 4, "dora");
    commits(&back, NOW_S);
    unblocks(&back, 1, NOW_S + 5);
    commits(&back, NOW_S + 5);
    assert_int_equal(comes_back(), ERR_OK);
    const struct vault_contents *c = vault_contents(back.vault);
    bool in_force = false;
    struct key one = key_of(1);
    for (size_t i = 0; i < c->blocks_count; i++) {
        in_force = in_force || (key_equal(&c->blocks[i].key, &one) && c->blocks[i].in_force);
    }
    assert_true(in_force); /* unblocked here, blocked in the backup */
    assert_true(stretch_of(&back, 9)->in_force);
    assert_int_equal(c->petnames_count, 2);
    assert_string_equal(c->petnames[0].name, "carla");
}

/* Blocked by an import here, and by herself where the backup was made. */
static void undoing_an_import_leaves_whom_a_backup_blocks(void **state)
{
    (void)state;
    struct vault_block file[] = {{.key = key_of(1)}};
    size_t count = 0;
    assert_int_equal(backs_up(false, false), ERR_OK);
    make_place(&back, bare_home_seed);
    assert_int_equal(vault_import(back.vault, &count, file, 1, NOW_S - 10, 40), ERR_OK);
    commits(&back, NOW_S);
    assert_int_equal(vault_contents(back.vault)->imported_count, 1);
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(vault_import_undo(back.vault, &count), ERR_OK);
    assert_int_equal(count, 0);
    commits(&back, NOW_S);
    assert_true(stretch_of(&back, 1)->in_force);
}

static void the_newer_of_two_petnames_counts(void **state)
{
    (void)state;
    assert_int_equal(backs_up(false, false), ERR_OK);
    make_place(&back, bare_home_seed);
    names(&back, 3, "carla");
    names(&back, 5, "carl"); /* a name that the backup gives to somebody else */
    names(&back, 6, "fritz");
    commits(&back, NOW_S - 100000);
    assert_int_equal(comes_back(), ERR_OK);
    const struct vault_contents *c = vault_contents(back.vault);
    assert_int_equal(c->petnames_count, 2);
    assert_string_equal(c->petnames[0].name, "carl");
    struct key three = key_of(3);
    assert_true(key_equal(&c->petnames[0].key, &three));
    assert_string_equal(c->petnames[1].name, "fritz");
}

static void a_home_of_another_seed_or_kind_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(backs_up(false, false), ERR_OK);
    make_place(&back, other_seed);
    assert_int_equal(comes_back(), ERR_REFUSED);
    assert_int_equal(vault_contents(back.vault)->blocks_count, 0);
    assert_int_equal(journal_own_count(back.journal), 0);
    bare_home_free(&back);
    back.files = file_memory_new(3);
    assert_int_equal(vault_create(back.files, bare_home_key, VAULT_RELAY, bare_home_seed, &note),
                     ERR_OK);
    open_place(&back);
    assert_int_equal(comes_back(), ERR_REFUSED);
    assert_int_equal(vault_contents(back.vault)->blocks_count, 0);
}

static void other_words_do_not_open_it(void **state)
{
    (void)state;
    struct restore_found found;
    assert_int_equal(backs_up(false, false), ERR_OK);
    assert_int_equal(checks(&found, other_seed), ERR_DECRYPT);
}

/* Cut anywhere, altered anywhere: noticed, and told apart. */
static void a_backup_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct restore_found found;
    assert_int_equal(backs_up(true, false), ERR_OK);
    size_t len = file_memory_len(outside, TRIP_PATH);
    assert_true(len > BEFORE + 2 * TRIP_CHUNK);
    for (size_t at = 0; at < len; at += at < 100 ? 1 : 7919) {
        file_memory_flip(outside, TRIP_PATH, at, 0x40);
        enum err_code rc = checks(&found, bare_home_seed);
        assert_int_equal(rc, at == 12 ? ERR_VERSION : at < 12 ? ERR_MALFORMED : ERR_DAMAGED);
        file_memory_flip(outside, TRIP_PATH, at, 0x40);
    }
    struct files *whole = outside;
    for (size_t cut = 0; cut < len; cut += cut < 100 ? 1 : 7919) {
        outside = file_memory_copy(whole);
        file_memory_cut(outside, TRIP_PATH, cut);
        assert_int_equal(checks(&found, bare_home_seed), cut < 13 ? ERR_MALFORMED : ERR_TRUNCATED);
        file_memory_free(outside);
    }
    for (size_t cut = BEFORE; cut < len; cut += TRIP_CHUNK) { /* between two chunks */
        outside = file_memory_copy(whole);
        file_memory_cut(outside, TRIP_PATH, cut);
        assert_int_equal(checks(&found, bare_home_seed), ERR_TRUNCATED);
        file_memory_free(outside);
    }
    outside = whole;
    assert_int_equal(checks(&found, bare_home_seed), ERR_OK);
    vault_close(found.copy);
}

static void a_file_is_replaced_only_where_that_was_said(void **state)
{
    (void)state;
    struct file *file = NULL;
    assert_int_equal(backs_up(false, false), ERR_OK);
    size_t len = file_memory_len(outside, TRIP_PATH);
    assert_int_equal(backs_up(true, false), ERR_REFUSED);
    assert_int_equal(file_memory_len(outside, TRIP_PATH), len);
    assert_int_equal(backs_up(true, true), ERR_OK);
    assert_true(file_memory_len(outside, TRIP_PATH) > len);
    assert_false(file_exists(outside, TRIP_PATH ".part"));
    /* What is in the way is somebody else's. */
    assert_int_equal(outside->open(outside, &file, TRIP_PATH ".part", FILE_CREATE, &note), ERR_OK);
    assert_int_equal(outside->append(outside, file, octets_of_text("a diary"), &note), ERR_OK);
    outside->close(outside, file);
    assert_int_equal(backs_up(true, true), ERR_REFUSED);
    assert_int_equal(file_memory_len(outside, TRIP_PATH ".part"), 7);
}

/* Whatever call the machine stops at: the file is whole or not there, and the next try succeeds. */
static void a_backup_cut_off_leaves_nothing_half(void **state)
{
    (void)state;
    struct files *before = outside;
    uint64_t calls = 0;
    bool crashed = true;
    for (uint64_t at = 1; crashed; at++) {
        outside = file_memory_copy(before);
        file_memory_crash_at(outside, at);
        enum err_code rc = backs_up(true, false);
        crashed = file_memory_crashed(outside);
        assert_int_equal(rc == ERR_OK, !crashed);
        file_memory_restart(outside, at % 2 == 0 ? FILE_MEMORY_DROP : FILE_MEMORY_KEEP);
        if (file_exists(outside, TRIP_PATH)) {
            struct restore_found found;
            assert_int_equal(checks(&found, bare_home_seed), ERR_OK);
            vault_close(found.copy);
        } else {
            assert_int_equal(backs_up(true, false), ERR_OK);
        }
        file_memory_free(outside);
        calls++;
    }
    outside = before;
    assert_true(calls > 5);
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    file_memory_fail(outside, FILE_MEMORY_APPEND, 3, ERR_NO_SPACE);
    assert_int_equal(backs_up(true, false), ERR_NO_SPACE);
    assert_false(file_exists(outside, TRIP_PATH));
    assert_false(file_exists(outside, TRIP_PATH ".part"));
}

/* Killed at any call while it comes back: done again, everything is there. */
static void a_restore_cut_off_is_done_again(void **state)
{
    (void)state;
    assert_int_equal(backs_up(true, false), ERR_OK);
    bool crashed = true;
    for (uint64_t at = 1; crashed; at += 3) {
        make_place(&back, bare_home_seed);
        file_memory_crash_at(back.files, at);
        enum err_code rc = comes_back();
        crashed = file_memory_crashed(back.files);
        assert_int_equal(rc == ERR_OK, !crashed);
        bare_home_close(&back);
        file_memory_restart(back.files, at % 2 == 0 ? FILE_MEMORY_DROP : FILE_MEMORY_TEAR);
        open_place(&back);
        /* Blocks before anything else. */
        assert_true(store_stats(back.store).posts_count == 0 || stretch_of(&back, 1) != NULL);
        assert_int_equal(comes_back(), ERR_OK);
        assert_int_equal(journal_own_count(back.journal), 10);
        assert_int_equal(store_stats(back.store).posts_count, OTHERS);
        assert_true(stretch_of(&back, 1)->in_force);
        bare_home_free(&back);
    }
}

static void nothing_of_her_stands_in_the_clear(void **state)
{
    (void)state;
    struct key blocked = key_of(1);
    assert_int_equal(backs_up(true, false), ERR_OK);
    assert_false(file_memory_contains(outside, her.key.octets, 32));
    assert_false(file_memory_contains(outside, blocked.octets, 32));
    assert_false(file_memory_contains(outside, bare_home_seed, 32));
    assert_false(file_memory_contains(outside, "wwwwwwwwwwww", 12));
    assert_false(file_memory_contains(outside, posts.ids[0].octets, 32));
}

/* The items are right one by one and wrong together. */
static void what_kith_never_writes_is_refused(void **state)
{
    (void)state;
    uint8_t head[BACKUP_HEAD_MAX];
    struct backup_head about = {.made_s = NOW_S};
    struct octets first = octets_of(head, backup_head_encode(head, &about));
    uint8_t zeros[BACKUP_END_LEN] = {0};
    uint8_t *vault = NULL;
    size_t vault_len = 0;
    assert_int_equal(vault_pack(&vault, &vault_len, home.vault), ERR_OK);
    struct octets end = octets_of(zeros, sizeof zeros);
    struct octets packed = octets_of(vault, vault_len);
    const struct {
        struct trip_item items[5];
        enum err_code expected;
    } cases[] = {
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {BACKUP_END, end}}, ERR_OK},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}}, ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_END, end}}, ERR_DAMAGED},
        {{{BACKUP_VAULT, packed}, {BACKUP_END, end}}, ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {BACKUP_END, end}},
         ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {BACKUP_END, end}, {BACKUP_END, end}},
         ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {BACKUP_POST, posts.wires[20]}},
         ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {BACKUP_OWN_POST, posts.wires[0]}},
         ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {9, end}}, ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, end}, {BACKUP_END, end}}, ERR_DAMAGED},
        {{{BACKUP_HEAD, first}, {BACKUP_VAULT, packed}, {BACKUP_INVITE_USED, end}}, ERR_DAMAGED},
        {{{BACKUP_HEAD, octets_of("\x93\x03\x00\xc2", 4)}}, ERR_VERSION},
        {{{BACKUP_HEAD, octets_of("\x92\x01\x00", 3)}}, ERR_DAMAGED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct restore_found found;
        assert_int_equal(trip_forges(outside, cases[i].items, 5, &note), ERR_OK);
        enum err_code rc = checks(&found, bare_home_seed);
        assert_int_equal(rc, cases[i].expected);
        if (rc == ERR_OK) {
            vault_close(found.copy);
        }
    }
    sodium_free(vault);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_comes_back),
        TEST(what_the_journal_let_go_comes_back_as_handed_to_peers),
        TEST(what_a_lost_log_took_of_hers_comes_back_without_all),
        TEST(without_all_only_her_own_posts_are_in_it),
        TEST(what_is_dated_before_an_unblocking_stays_hidden),
        TEST(a_merge_never_has_fewer_blocks),
        TEST(undoing_an_import_leaves_whom_a_backup_blocks),
        TEST(the_newer_of_two_petnames_counts),
        TEST(a_home_of_another_seed_or_kind_is_left_alone),
        TEST(other_words_do_not_open_it),
        TEST(a_backup_that_is_not_whole_is_refused),
        TEST(a_file_is_replaced_only_where_that_was_said),
        TEST(a_backup_cut_off_leaves_nothing_half),
        TEST(a_full_disk_leaves_nothing),
        TEST(a_restore_cut_off_is_done_again),
        TEST(nothing_of_her_stands_in_the_clear),
        TEST(what_kith_never_writes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
