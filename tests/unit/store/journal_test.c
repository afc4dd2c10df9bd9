#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/journal.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define SEGMENT "journal/00000000.0"

static const uint8_t key[32] = {7};
static struct err_note note;
static struct files *files;
static struct journal *journal;
static struct posts posts;

static int set_up(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    files = file_memory_new(3);
    posts = (struct posts){0};
    for (uint64_t i = 0; i < 5; i++) {
        person_text(&posts, &ana, 1000 + i, "mine", NULL);
    }
    note = (struct err_note){{0}};
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    journal_close(journal);
    journal = NULL;
    file_memory_free(files);
    posts_free(&posts);
    return 0;
}

static void reopen(void)
{
    journal_close(journal);
    journal = NULL;
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_OK);
}

static void check_wire(size_t index, struct octets wire)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    assert_int_equal(journal_own_wire(journal, &room, index, &note), ERR_OK);
    assert_true(octets_equal(octets_of(room.at, room.len), wire));
}

static enum err_code keep(size_t i)
{
    return journal_own_post(journal, &posts.ids[i], posts.wires[i], &note);
}

static void own_posts_are_kept_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(keep(i), ERR_OK);
        assert_int_equal(keep(i), ERR_OK);
    }
    for (int times = 0; times < 3; times++) {
        assert_int_equal(journal_own_count(journal), posts.count);
        for (size_t i = 0; i < posts.count; i++) {
            struct journal_post post = journal_own_at(journal, i);
            assert_true(post_id_equal(&post.id, &posts.ids[i]));
            assert_true(journal_is_own(journal, &post.id));
            check_wire(i, posts.wires[i]);
        }
        reopen();
    }
    struct post_id other = {{1}};
    assert_false(journal_is_own(journal, &other));
}

/* From a peer or a backup: what is there stays as it is, and a post twice in a batch is one. */
static void adopted_posts_are_own_posts(void **state)
{
    (void)state;
    struct journal_adopted adopted[5];
    assert_int_equal(keep(1), ERR_OK);
    for (size_t i = 0; i < 4; i++) {
        adopted[i] = (struct journal_adopted){
            .id = posts.ids[i], .wire = posts.wires[i], .sent_count = (uint32_t)i};
    }
    adopted[3].wire = octets_of(NULL, 0); /* its id alone is known */
    adopted[4] = adopted[2];
    for (int times = 0; times < 2; times++) {
        assert_int_equal(journal_adopt(journal, adopted, 5, &note), ERR_OK);
        reopen();
        assert_int_equal(journal_own_count(journal), 4);
        struct journal_post first = journal_own_at(journal, 0);
        assert_true(post_id_equal(&first.id, &posts.ids[1]));
        assert_int_equal(journal_own_at(journal, 0).sent_count, 0);
        check_wire(2, posts.wires[2]);
        assert_int_equal(journal_own_at(journal, 2).sent_count, 2);
        assert_false(journal_own_at(journal, 3).has_wire);
        assert_true(journal_is_own(journal, &posts.ids[3]));
    }
    assert_int_equal(journal_adopt(journal, adopted, 0, &note), ERR_OK);
    file_memory_fail(files, FILE_MEMORY_APPEND, 1, ERR_NO_SPACE);
    adopted[0] = (struct journal_adopted){.id = posts.ids[4], .wire = posts.wires[4]};
    assert_int_equal(journal_adopt(journal, adopted, 1, &note), ERR_NO_SPACE);
    assert_false(journal_is_own(journal, &posts.ids[4]));
}

static void how_many_have_a_post_is_kept(void **state)
{
    (void)state;
    assert_int_equal(keep(0), ERR_OK);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 2, &note), ERR_OK);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 1, &note), ERR_OK);
    assert_int_equal(journal_sent(journal, &posts.ids[1], 1, &note), ERR_NOT_FOUND);
    reopen();
    assert_int_equal(journal_own_at(journal, 0).sent_count, 2);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 100, &note), ERR_OK);
    reopen();
    assert_int_equal(journal_own_at(journal, 0).sent_count, JOURNAL_SENT_MAX);
}

static void the_latest_generation_is_kept(void **state)
{
    (void)state;
    assert_int_equal(journal_generation_latest(journal), 0);
    assert_int_equal(journal_generation(journal, 4, &note), ERR_OK);
    assert_int_equal(journal_generation(journal, 3, &note), ERR_OK);
    reopen();
    assert_int_equal(journal_generation_latest(journal), 4);
}

struct told {
    size_t count;
    enum err_code answer;
};

static enum err_code on_block(void *context, const struct journal_block *block, uint64_t generation)
{
    struct told *told = context;
    assert_int_equal(block->key.octets[0], told->count);
    assert_int_equal(block->change, told->count != 1 ? JOURNAL_BLOCKED : JOURNAL_UNBLOCKED);
    assert_int_equal(block->at_s, 100 + told->count);
    assert_int_equal(block->position, 7);
    assert_int_equal(block->label.len, told->count == 2 ? 4 : 0);
    assert_int_equal(generation, told->count < 2 ? 5 : 6);
    told->count++;
    return told->answer;
}

static void changes_of_blocks_are_told_in_order(void **state)
{
    (void)state;
    const struct journal_block changes[] = {
        {.key = {{0}}, .change = JOURNAL_BLOCKED, .at_s = 100, .position = 7},
        {.key = {{1}}, .change = JOURNAL_UNBLOCKED, .at_s = 101, .position = 7},
        {.key = {{2}},
         .change = JOURNAL_BLOCKED,
         .at_s = 102,
         .position = 7,
         .label = octets_of_text("carl")}};
    assert_int_equal(journal_vault(journal, 5, changes, 2, &note), ERR_OK);
    assert_int_equal(journal_vault(journal, 6, changes + 2, 1, &note), ERR_OK);
    assert_int_equal(journal_generation_latest(journal), 6);
    reopen();
    assert_int_equal(journal_generation_latest(journal), 6);
    journal_close(journal);
    journal = NULL;
    struct told told = {.count = 0};
    struct journal_listener listener = {.context = &told, .on_block = on_block};
    assert_int_equal(journal_open_telling(&journal, files, key, &listener, &note), ERR_OK);
    assert_int_equal(told.count, 3);
    journal_close(journal);
    journal = NULL;
    told = (struct told){.answer = ERR_NO_MEMORY};
    assert_int_equal(journal_open_telling(&journal, files, key, &listener, &note), ERR_NO_MEMORY);
    assert_null(journal);
}

static void each_subject_uses_an_invite_once(void **state)
{
    (void)state;
    struct key invite = {{1}};
    struct key other = {{2}};
    struct key first = {{3}};
    struct key second = {{4}};
    assert_int_equal(journal_invite_used(journal, &invite, &first, &note), ERR_OK);
    assert_int_equal(journal_invite_used(journal, &invite, &first, &note), ERR_OK);
    assert_int_equal(journal_invite_used(journal, &invite, &second, &note), ERR_OK);
    assert_int_equal(journal_invite_used(journal, &other, &first, &note), ERR_OK);
    reopen();
    bool by_subject;
    assert_int_equal(journal_invite_uses(journal, &by_subject, &invite, &second), 2);
    assert_true(by_subject);
    assert_int_equal(journal_invite_uses(journal, &by_subject, &other, &second), 1);
    assert_false(by_subject);
}

static void after_an_error_it_goes_on_with_what_is_kept(void **state)
{
    (void)state;
    assert_int_equal(keep(0), ERR_OK);
    file_memory_fail(files, FILE_MEMORY_SYNC, 1, ERR_IO);
    assert_int_equal(keep(1), ERR_IO);
    assert_int_equal(journal_own_count(journal), 1);
    /* As long as nothing can be written it refuses. */
    file_memory_fail(files, FILE_MEMORY_APPEND, 1, ERR_NO_SPACE);
    assert_int_equal(journal_recover(journal, &note), ERR_NO_SPACE);
    file_memory_fail(files, FILE_MEMORY_RENAME, 1, ERR_NO_SPACE);
    assert_int_equal(journal_generation(journal, 1, &note), ERR_NO_SPACE);
    assert_int_equal(keep(2), ERR_OK);
    assert_int_equal(journal_generation(journal, 1, &note), ERR_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(journal_own_count(journal), 2);
        assert_true(journal_is_own(journal, &posts.ids[0]));
        assert_false(journal_is_own(journal, &posts.ids[1]));
        assert_true(journal_is_own(journal, &posts.ids[2]));
        reopen();
    }
}

static void damage_found_after_an_error_refuses(void **state)
{
    (void)state;
    assert_int_equal(keep(0), ERR_OK);
    file_memory_fail(files, FILE_MEMORY_SYNC, 1, ERR_IO);
    assert_int_equal(keep(1), ERR_IO);
    file_memory_flip(files, SEGMENT, 50, 1);
    assert_int_equal(keep(1), ERR_DAMAGED);
    assert_int_equal(journal_generation(journal, 1, &note), ERR_DAMAGED);
    assert_int_equal(journal_recover(journal, &note), ERR_DAMAGED);
}

static void any_flipped_octet_of_a_closed_journal_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(keep(i), ERR_OK);
    }
    assert_int_equal(journal_generation(journal, 2, &note), ERR_OK);
    reopen();
    static const char *const paths[] = {SEGMENT, "journal/manifest"};
    for (size_t p = 0; p < 2; p++) {
        size_t len = file_memory_len(files, paths[p]);
        /* The segment's first four octets are a hint; without it nothing is lost. */
        for (size_t i = p == 0 ? 4 : 0; i < len; i++) {
            struct files *copy = file_memory_copy(files);
            struct journal *damaged = NULL;
            file_memory_flip(copy, paths[p], i, 0x04);
            assert_int_equal(journal_open(&damaged, copy, key, &note), ERR_DAMAGED);
            file_memory_free(copy);
        }
    }
}

static void a_journal_cut_short_after_closing_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(keep(0), ERR_OK);
    assert_int_equal(keep(1), ERR_OK);
    journal_close(journal);
    journal = NULL;
    file_memory_cut(files, SEGMENT, file_memory_len(files, SEGMENT) / 2);
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_DAMAGED);
    assert_int_equal(files->rename(files, SEGMENT, "aside", &note), ERR_OK);
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_ROLLBACK);
}

/* Keep posts until something fails; how many were acknowledged. */
static size_t keep_until_crash(void)
{
    struct journal *opened = NULL;
    size_t kept = 0;
    if (journal_open(&opened, files, key, &note) != ERR_OK) {
        return 0;
    }
    while (kept < posts.count &&
           journal_own_post(opened, &posts.ids[kept], posts.wires[kept], &note) == ERR_OK) {
        kept++;
    }
    journal_close(opened);
    return kept;
}

static void what_was_acknowledged_survives_a_crash_at_any_call(void **state)
{
    (void)state;
    journal_close(journal);
    journal = NULL;
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (int outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR + 5; outcome++) {
            file_memory_free(files);
            files = file_memory_new(nth * 100 + (uint64_t)outcome);
            file_memory_crash_at(files, nth);
            size_t kept = keep_until_crash();
            crashed = file_memory_crashed(files);
            file_memory_restart(files, outcome > FILE_MEMORY_TEAR
                                           ? FILE_MEMORY_TEAR
                                           : (enum file_memory_outcome)outcome);
            reopen();
            for (size_t i = 0; i < kept; i++) {
                assert_true(journal_is_own(journal, &posts.ids[i]));
            }
            for (size_t i = kept; i < posts.count; i++) {
                assert_int_equal(keep(i), ERR_OK);
            }
            reopen();
            assert_int_equal(journal_own_count(journal), posts.count);
            journal_close(journal);
            journal = NULL;
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(own_posts_are_kept_in_order),
        TEST(adopted_posts_are_own_posts),
        TEST(how_many_have_a_post_is_kept),
        TEST(the_latest_generation_is_kept),
        TEST(changes_of_blocks_are_told_in_order),
        TEST(each_subject_uses_an_invite_once),
        TEST(after_an_error_it_goes_on_with_what_is_kept),
        TEST(damage_found_after_an_error_refuses),
        TEST(any_flipped_octet_of_a_closed_journal_is_noticed),
        TEST(a_journal_cut_short_after_closing_is_noticed),
        TEST(what_was_acknowledged_survives_a_crash_at_any_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
