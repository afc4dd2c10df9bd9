#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/profile_table.h"
#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S     86400
#define TODAY     1000
#define NOW_S     (TODAY * DAY_S + 3600)
#define BATCH_MAX 64

static const uint8_t key[32] = {1, 2, 3};
static struct err_note note;
static struct person ana, bea;
static struct files *files;
static struct store *store;
static struct posts posts;
static struct store_retention_rules rules;
static enum store_kind kind;

static enum err_code open_store(void)
{
    enum err_code rc = store_open(&store, files, key, kind, &note);
    if (rc == ERR_OK) {
        store_retain(store, &rules);
    }
    return rc;
}

static int set_up(void **state)
{
    (void)state;
    kind = STORE_UNREAD;
    ana = person_of("ana");
    bea = person_of("bea");
    posts = (struct posts){0};
    rules = (struct store_retention_rules){0};
    files = file_memory_new(1);
    assert_int_equal(open_store(), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    posts_free(&posts);
    file_memory_free(files);
    return 0;
}

static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_int_equal(open_store(), ERR_OK);
}

static enum store_put_result put_one(size_t i)
{
    struct post post = posts_decoded(&posts, i);
    enum store_put_result result;
    assert_int_equal(store_put(store, &result, &post, &posts.wires[i], 1, NOW_S, &note), ERR_OK);
    return result;
}

static void put_all(void)
{
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(put_one(i), STORE_NEW);
    }
}

static enum err_code tend(uint64_t now_s)
{
    bool more = true;
    enum err_code rc = ERR_OK;
    for (unsigned slices = 0; more && rc == ERR_OK; slices++) {
        assert_true(slices < 10000);
        rc = store_tend(store, &more, now_s, &note);
    }
    return rc;
}

static bool is_kept(size_t i)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    enum err_code rc = store_body(store, &wire, &posts.ids[i], &note);
    assert_true(rc == ERR_OK || rc == ERR_NOT_FOUND);
    return rc == ERR_OK;
}

/* A post for each of the days before today, from day 0 = today on. */
static void put_days(size_t days_count)
{
    for (size_t i = 0; i < days_count; i++) {
        person_text(&posts, i % 2 == 0 ? &ana : &bea, NOW_S - i * DAY_S, "me too", "metoo");
    }
    put_all();
}

static void without_rules_everything_stays(void **state)
{
    (void)state;
    put_days(30);
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_int_equal(tend(NOW_S + 9000 * (uint64_t)DAY_S), ERR_OK);
    assert_int_equal(store_floor(store), 0);
    assert_int_equal(store_stats(store).posts_count, 30);
    assert_false(file_exists(files, "log/floor"));
}

static void what_is_not_settled_destroys_nothing(void **state)
{
    (void)state;
    rules.keep_s = 90 * DAY_S;
    reopen();
    put_days(30);
    bool any = false;
    assert_int_equal(store_dated(store, &any, NOW_S - DAY_S, NOW_S + 600, &note), ERR_OK);
    assert_true(any);
    assert_int_equal(store_dated(store, &any, NOW_S + 1, NOW_S + 600, &note), ERR_OK);
    assert_false(any);
    store_settle(store, NOW_S);
    assert_int_equal(tend(NOW_S + 9000 * (uint64_t)DAY_S), ERR_OK);
    assert_int_equal(store_stats(store).posts_count, 30);
    assert_int_equal(store_floor(store), (TODAY - 90) * DAY_S);
    store_settle(store, NOW_S + 9000 * (uint64_t)DAY_S);
    assert_int_equal(tend(NOW_S + 9000 * (uint64_t)DAY_S), ERR_OK);
    assert_int_equal(store_stats(store).posts_count, 0);
}

static void what_is_older_leaves_sets_and_files(void **state)
{
    (void)state;
    rules.keep_s = 10 * DAY_S;
    reopen();
    put_days(30);
    size_t before = file_memory_len(files, "log/00000000.0");
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
    for (unsigned times = 0; times < 2; times++) {
        for (size_t i = 0; i < 30; i++) {
            assert_int_equal(is_kept(i), i <= 10);
        }
        assert_int_equal(store_stats(store).posts_count, 11);
        reopen();
    }
    assert_false(file_exists(files, "log/00000000.0"));
    assert_true(file_memory_len(files, "log/00000000.1") < before);
}

static void what_is_below_the_floor_is_refused(void **state)
{
    (void)state;
    rules.keep_s = 10 * DAY_S;
    reopen();
    person_text(&posts, &ana, NOW_S - 20 * DAY_S, "me too", "metoo");
    person_profile(&posts, &ana, NOW_S - 20 * DAY_S, "Ana", "");
    person_text(&posts, &ana, (TODAY - 10) * DAY_S, "on the edge", NULL);
    person_text(&posts, &ana, (TODAY - 10) * DAY_S - 1, "below it", NULL);
    assert_int_equal(tend(NOW_S), ERR_OK);
    assert_int_equal(put_one(0), STORE_REFUSED);
    assert_int_equal(put_one(1), STORE_NEW);
    assert_int_equal(put_one(2), STORE_NEW);
    assert_int_equal(put_one(3), STORE_REFUSED);
    bool known;
    assert_int_equal(store_known(store, &known, &posts.ids[0], 1, &note), ERR_OK);
    assert_true(known); /* not asked for again */
    rules.keep_s = 0;
    reopen(); /* the floor never falls */
    assert_int_equal(put_one(0), STORE_REFUSED);
    assert_int_equal(tend(NOW_S), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
}

static void what_stands_stays(void **state)
{
    (void)state;
    rules.keep_s = 10 * DAY_S;
    reopen();
    uint64_t old_s = NOW_S - 50 * DAY_S;
    person_profile(&posts, &ana, old_s, "A.", "");
    person_profile(&posts, &ana, old_s + 10, "Ana", "");
    person_profile(&posts, &bea, old_s, "Bea", "");
    person_vouch(&posts, &ana, old_s, &bea.key, NULL);
    person_text(&posts, &ana, old_s, "me too", "metoo");
    person_retract(&posts, &ana, old_s + 1, posts.ids[4]);
    put_all();
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    static const bool kept[] = {false, true, true, true, false, true};
    for (unsigned times = 0; times < 3; times++) {
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(is_kept(i), kept[i]);
        }
        reopen();
        assert_int_equal(tend(NOW_S + 60), ERR_OK);
    }
    assert_int_equal(put_one(4), STORE_REFUSED);
}

static void below_the_floor_a_profile_that_was_replaced_is_refused(void **state)
{
    (void)state;
    rules.keep_s = 10 * DAY_S;
    reopen();
    uint64_t old_s = NOW_S - 50 * DAY_S;
    person_profile(&posts, &ana, old_s, "A.", "");
    person_profile(&posts, &ana, old_s + 10, "An", "");
    person_profile(&posts, &ana, NOW_S, "Ana", "");
    person_profile(&posts, &ana, NOW_S - 10, "late", "");
    person_profile(&posts, &bea, old_s, "Bea", "");
    assert_int_equal(tend(NOW_S), ERR_OK); /* raises the floor */
    assert_int_equal(put_one(0), STORE_NEW);
    assert_int_equal(put_one(2), STORE_NEW);
    assert_int_equal(put_one(1), STORE_REFUSED);
    assert_int_equal(put_one(3), STORE_NEW); /* above the floor everything is kept */
    assert_int_equal(put_one(4), STORE_NEW);
}

static void who_reads_keeps_profiles_that_were_replaced(void **state)
{
    (void)state;
    kind = STORE_READ;
    rules.keep_s = 10 * DAY_S;
    reopen();
    uint64_t old_s = NOW_S - 50 * DAY_S;
    person_profile(&posts, &ana, old_s, "A.", "");
    person_profile(&posts, &ana, old_s + 20, "Ana", "");
    person_text(&posts, &ana, old_s, "me too", "metoo");
    put_all();
    person_profile(&posts, &ana, old_s + 10, "An", "");
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_int_equal(put_one(3), STORE_NEW);
    static const bool kept[] = {true, true, false, true};
    for (unsigned times = 0; times < 2; times++) {
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(is_kept(i), kept[i]);
        }
        reopen();
        assert_int_equal(tend(NOW_S + 60), ERR_OK);
    }
}

static void above_its_size_the_oldest_days_leave(void **state)
{
    (void)state;
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 100; i++) {
        person_text(&posts, i % 2 == 0 ? &ana : &bea, NOW_S - i / 2 * DAY_S, text, "metoo");
    }
    put_all();
    uint64_t before = store_stats(store).disk_len;
    rules.keep_octets = before / 2;
    reopen();
    for (unsigned times = 0; times < 3; times++) {
        assert_int_equal(tend(NOW_S + 60), ERR_OK);
    }
    assert_true(store_stats(store).disk_len <= before / 2);
    assert_true(store_stats(store).disk_len >= before / 4);
    uint64_t floor_s = store_floor(store);
    assert_int_equal(floor_s % DAY_S, 0);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(is_kept(i), posts_decoded(&posts, i).created_s >= floor_s);
    }
    /* However little is to be kept, today is. */
    rules.keep_octets = 1;
    reopen();
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_true(is_kept(0));
}

/* A flood of what stands, which a floor cannot make leave, pushes nobody's posts out. */
static void what_stands_does_not_raise_the_floor_for_nothing(void **state)
{
    (void)state;
    enum { TEXTS = 40, FLOOD = 600 };
    for (size_t i = 0; i < TEXTS; i++) {
        person_text(&posts, &ana, NOW_S - i * DAY_S, "me too", "metoo");
    }
    put_all();
    rules.keep_octets = 4 * store_stats(store).disk_len;
    for (size_t i = 0; i < FLOOD; i++) {
        struct key subject = {{(uint8_t)i, (uint8_t)(i >> 8), 7}};
        person_vouch(&posts, &bea, NOW_S - i % 30 * DAY_S, &subject, NULL);
        assert_int_equal(put_one(TEXTS + i), STORE_NEW);
    }
    reopen();
    assert_true(store_stats(store).disk_len > 2 * rules.keep_octets);
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_int_equal(store_floor(store), 0);
    for (size_t i = 0; i < TEXTS; i++) {
        assert_true(is_kept(i));
    }
    /* What can leave is still bound: beside so much that stands, to half the room. */
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    size_t first = posts.count;
    for (size_t i = 0; i < 60; i++) {
        person_text(&posts, &ana, NOW_S - i * DAY_S, text, "metoo");
        assert_int_equal(put_one(first + i), STORE_NEW);
    }
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_true(store_floor(store) > 0);
    assert_true(is_kept(first));
    assert_true(is_kept(TEXTS));
}

static void a_crash_on_the_way_is_made_up_for(void **state)
{
    (void)state;
    put_days(30);
    store_close(store);
    store = NULL;
    rules.keep_s = 10 * DAY_S;
    struct files *whole = files;
    for (unsigned outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
        bool ended = false;
        for (uint64_t at = 1; !ended; at++) {
            files = file_memory_copy(whole);
            file_memory_crash_at(files, at);
            if (open_store() == ERR_OK) {
                (void)tend(NOW_S + 60);
            }
            ended = !file_memory_crashed(files);
            store_close(store);
            store = NULL;
            file_memory_crash(files);
            file_memory_restart(files, (enum file_memory_outcome)outcome);
            assert_int_equal(open_store(), ERR_OK);
            assert_int_equal(tend(NOW_S + 60), ERR_OK);
            assert_int_equal(store_stats(store).posts_count, 11);
            for (size_t i = 0; i < 30; i++) {
                assert_int_equal(is_kept(i), i <= 10);
            }
            store_close(store);
            store = NULL;
            file_memory_free(files);
        }
    }
    files = whole;
}

static void a_damaged_floor_is_raised_again(void **state)
{
    (void)state;
    rules.keep_s = 10 * DAY_S;
    reopen();
    assert_int_equal(tend(NOW_S), ERR_OK);
    for (size_t at = 0; at < file_memory_len(files, "log/floor"); at++) {
        file_memory_flip(files, "log/floor", at, 1);
        reopen();
        assert_int_equal(store_floor(store), 0);
        assert_int_equal(tend(NOW_S), ERR_OK);
        assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
    }
}

/* By date alone; in the files it all is until whoever keeps some of it has that. */
static void a_held_floor_rises_at_once_and_nothing_leaves(void **state)
{
    (void)state;
    rules = (struct store_retention_rules){.keep_s = 10 * DAY_S, .held = true};
    reopen();
    put_days(30);
    const struct store_left kept = {.floor_s = (TODAY - 20) * DAY_S, .generation = 7};
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(tend(NOW_S + 60), ERR_OK);
        assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
        assert_int_equal(store_left(store).floor_s, 0);
        assert_int_equal(store_stats(store).posts_count, 30);
        reopen(); /* in the middle of it */
        assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
    }
    store_release(store, &kept);
    assert_int_equal(store_left(store).generation, 0);
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
        assert_int_equal(store_left(store).floor_s, kept.floor_s);
        assert_int_equal(store_left(store).generation, 7);
        assert_int_equal(store_stats(store).posts_count, 21);
        reopen();
    }
    /* What is kept further on than the floor is lets nothing leave above it. */
    store_release(store, &(struct store_left){.floor_s = TODAY * DAY_S});
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_int_equal(store_left(store).floor_s, (TODAY - 10) * DAY_S);
    assert_int_equal(store_left(store).generation, 7);
    assert_int_equal(store_stats(store).posts_count, 11);
}

/* An import knows no archive: it makes nothing leave that was not released, and what it brings
 * beside that waits for the archive too. */
static void without_rules_nothing_leaves_that_was_held(void **state)
{
    (void)state;
    rules = (struct store_retention_rules){.keep_s = 10 * DAY_S, .held = true};
    reopen();
    put_days(30);
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&store, files, key, kind, &note), ERR_OK);
    assert_int_equal(tend(NOW_S + 9000 * (uint64_t)DAY_S), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
    assert_int_equal(store_stats(store).posts_count, 30);
    person_text(&posts, &ana, NOW_S - 15 * DAY_S, "an older word", NULL);
    assert_int_equal(put_one(0), STORE_THERE);
    assert_int_equal(put_one(30), STORE_NEW);
    reopen();
    assert_int_equal(put_one(29), STORE_REFUSED); /* from a peer */
    store_release(store, &(struct store_left){.floor_s = (TODAY - 12) * DAY_S});
    assert_int_equal(tend(NOW_S + 60), ERR_OK);
    assert_false(is_kept(30));
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&store, files, key, kind, &note), ERR_OK);
    assert_int_equal(put_one(30), STORE_REFUSED);
}

static unsigned kills_count;

/* A process that was killed told peers of it, and so does the next one; then the machine stops. */
static void kill_and_crash(void *context, enum file_memory_call call, const char *path)
{
    const struct files *living = context;
    if (call != FILE_MEMORY_SYNC_DIR || strcmp(path, "log") != 0) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        struct store *opened = NULL;
        struct files *killed = file_memory_after_kill(living, i);
        assert_int_equal(store_open(&opened, killed, key, kind, &note), ERR_OK);
        uint64_t told_s = store_floor(opened);
        store_close(opened);
        struct files *left = file_memory_after_crash(killed, FILE_MEMORY_DROP, i);
        assert_int_equal(store_open(&opened, left, key, kind, &note), ERR_OK);
        assert_int_equal(store_floor(opened), told_s);
        store_close(opened);
        file_memory_free(left);
        file_memory_free(killed);
        kills_count += told_s == (TODAY - 10) * DAY_S ? 1 : 0;
    }
}

static void what_was_told_after_a_kill_holds_after_a_crash(void **state)
{
    (void)state;
    struct file_memory_hook hook = {.context = files, .before = kill_and_crash};
    rules = (struct store_retention_rules){.keep_s = 10 * DAY_S, .held = true};
    reopen();
    file_memory_hook(files, &hook);
    kills_count = 0;
    assert_int_equal(store_age(store, NOW_S, &note), ERR_OK);
    file_memory_hook(files, NULL);
    assert_int_equal(kills_count, 4);
}

static void a_clock_that_is_put_back_lowers_no_floor(void **state)
{
    (void)state;
    rules = (struct store_retention_rules){.keep_s = 10 * DAY_S, .held = true};
    reopen();
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(store_age(store, times == 0 ? NOW_S : NOW_S - 50 * DAY_S, &note), ERR_OK);
        assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
        reopen();
        assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
        rules.keep_s = 20 * DAY_S; /* nor do other rules */
    }
    store_settle(store, NOW_S); /* nor does a clock that runs ahead raise it */
    assert_int_equal(store_age(store, NOW_S + 9000 * (uint64_t)DAY_S, &note), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
    rules.keep_s = 5 * DAY_S;
    reopen();
    assert_int_equal(store_age(store, NOW_S, &note), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 5) * DAY_S);
}

/* Nobody is told of a floor that a crash would take back. */
static void a_floor_that_cannot_be_written_stays_where_it_was(void **state)
{
    (void)state;
    rules = (struct store_retention_rules){.keep_s = 10 * DAY_S, .held = true};
    reopen();
    file_memory_full(files, true);
    assert_int_equal(store_age(store, NOW_S, &note), ERR_NO_SPACE);
    assert_int_equal(store_floor(store), 0);
    assert_int_equal(store_raise(store, TODAY * DAY_S, &note), ERR_NO_SPACE);
    assert_int_equal(store_floor(store), 0);
    file_memory_full(files, false);
    assert_int_equal(store_age(store, NOW_S, &note), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 10) * DAY_S);
    assert_int_equal(store_raise(store, TODAY * DAY_S + 5, &note), ERR_OK);
    assert_int_equal(store_raise(store, DAY_S, &note), ERR_OK);
    reopen();
    assert_int_equal(store_floor(store), TODAY * DAY_S);
}

static void the_last_profile_of_each_is_known(void **state)
{
    (void)state;
    struct profile_table *table = NULL;
    assert_int_equal(profile_table_new(&table), ERR_OK);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            struct key author = {{0}};
            struct post_id id = {{0}};
            struct post_id before = {{0}};
            bool had = true;
            octets_put_u32be(author.octets, i);
            octets_put_u32be(id.octets, 1000 * round + i);
            assert_int_equal(profile_table_put(table, &had, &before, &author, &id), ERR_OK);
            assert_int_equal(had, round > 0);
            assert_int_equal(octets_get_u32be(before.octets), had ? 1000 * (round - 1) + i : 0);
        }
    }
    profile_table_free(table);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_rules_everything_stays),
        TEST(what_is_not_settled_destroys_nothing),
        TEST(what_is_older_leaves_sets_and_files),
        TEST(what_is_below_the_floor_is_refused),
        TEST(what_stands_stays),
        TEST(above_its_size_the_oldest_days_leave),
        TEST(what_stands_does_not_raise_the_floor_for_nothing),
        TEST(a_crash_on_the_way_is_made_up_for),
        TEST(a_damaged_floor_is_raised_again),
        TEST(below_the_floor_a_profile_that_was_replaced_is_refused),
        TEST(who_reads_keeps_profiles_that_were_replaced),
        TEST(a_held_floor_rises_at_once_and_nothing_leaves),
        TEST(without_rules_nothing_leaves_that_was_held),
        TEST(what_was_told_after_a_kill_holds_after_a_crash),
        TEST(a_clock_that_is_put_back_lowers_no_floor),
        TEST(a_floor_that_cannot_be_written_stays_where_it_was),
        TEST(the_last_profile_of_each_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
