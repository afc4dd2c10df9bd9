/* A disk without room: what is there is served, nothing is acknowledged, and it goes on by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/index_table.h"
#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define TABLE     16
#define NOW_S     5000
#define HELD_MAX  8 /* tables that may wait in memory, as store/index_inner.h says */
#define POSTS_MAX 400

static const uint8_t key[32] = {7};
static struct posts posts;
static struct files *files;
static struct err_note note;

static enum err_code open_store(struct store **store)
{
    note = (struct err_note){{0}};
    return store_open_with(store, files, key,
                           &(struct store_options){.kind = STORE_READ, .table_max = TABLE}, &note);
}

static struct store *must_open(void)
{
    struct store *store = NULL;
    enum err_code rc = open_store(&store);
    if (rc != ERR_OK) {
        print_error("%s\n", note.text);
    }
    assert_int_equal(rc, ERR_OK);
    return store;
}

static enum err_code put(struct store *store, size_t from, size_t end, uint64_t now_s)
{
    enum store_put_result result;
    enum err_code rc = ERR_OK;
    for (size_t i = from; i < end && rc == ERR_OK; i++) {
        struct post post = posts_decoded(&posts, i);
        rc = store_put(store, &result, &post, &posts.wires[i], 1, now_s, &note);
    }
    return rc;
}

/* Everything is found by its id, by its word and in order, but for what was taken back. */
static void assert_whole(struct store *store, size_t count, size_t gone)
{
    uint8_t *room = malloc(POST_WIRE_MAX);
    struct octets_room wire = {.at = room, .cap = POST_WIRE_MAX};
    assert_non_null(room);
    uint64_t at;
    uint64_t position = 0;
    size_t met = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(store_body(store, &wire, &posts.ids[i], &note),
                         i == gone ? ERR_NOT_FOUND : ERR_OK);
    }
    while (store_next(store, &wire, &at, &position, &note) == ERR_OK) {
        assert_true(octets_equal(octets_of(wire.at, wire.len), posts.wires[at]));
        met++;
    }
    assert_int_equal(met, count - (gone < count));
    assert_int_equal(store_stats(store).posts_count, met);
    struct found found = {0};
    assert_int_equal(store_search(store, &found, STORE_ALL_WORDS, octets_of_text("word7"), &note),
                     ERR_OK);
    assert_true(found_has(&found, 7));
    assert_false(found_has(&found, 8));
    found_close(&found);
    free(room);
}

static void tend(struct store *store, uint64_t now_s)
{
    bool more = true;
    while (more) {
        assert_int_equal(store_tend(store, &more, now_s, &note), ERR_OK);
    }
}

static int make_files(void **state)
{
    (void)state;
    files = file_memory_new(3);
    return 0;
}

static int drop_files(void **state)
{
    (void)state;
    file_memory_free(files);
    return 0;
}

/* Kill -9 with as many tables waiting as a running node lets wait. */
static void a_store_opens_on_a_full_disk_with_tables_waiting(void **state)
{
    (void)state;
    struct store *store = must_open();
    file_memory_full(files, false);
    assert_int_equal(put(store, 0, 3 * TABLE + 5, NOW_S), ERR_OK);
    struct files *alive = files;
    files = file_memory_after_kill(alive, 1);
    file_memory_full(files, true);
    struct store *again = must_open();
    assert_whole(again, 3 * TABLE + 5, SIZE_MAX);
    size_t more = 3 * TABLE + 5;
    assert_int_equal(put(again, more, more + 1, NOW_S), ERR_NO_SPACE);
    assert_whole(again, more, SIZE_MAX);
    file_memory_full(files, false);
    assert_int_equal(put(again, more, more + TABLE, NOW_S + STORE_RETRY_S), ERR_OK);
    tend(again, NOW_S);
    assert_whole(again, more + TABLE, SIZE_MAX);
    store_close(again);
    again = must_open();
    assert_whole(again, more + TABLE, SIZE_MAX);
    store_close(again);
    file_memory_free(files);
    files = alive;
    store_close(store);
}

static const char *taken; /* a run that a test takes away */
static char taken_path[64];

static void on_path(void *context, const char *path)
{
    size_t *skip = context;
    if (strncmp(path, "index/", 6) == 0 && strstr(path, ".run") != NULL) {
        if (*skip == 0 && taken == NULL) {
            (void)snprintf(taken_path, sizeof taken_path, "%s", path);
            taken = taken_path;
        }
        *skip -= *skip > 0;
    }
}

static void take_away_run(size_t skip)
{
    taken = NULL;
    file_memory_each(files, on_path, &skip);
    assert_non_null(taken);
    file_memory_take_away(files, taken);
}

/* A post and its retract, tables behind them as runs; the run of the post is lost on a full disk.
 */
static void runs_that_are_lost_on_a_full_disk_stand_in_memory_meanwhile(void **state)
{
    (void)state;
    struct store *store = must_open();
    size_t end = 5 * TABLE;
    assert_int_equal(put(store, 0, end, NOW_S), ERR_OK);
    tend(store, NOW_S);
    struct person ana = person_of("ana");
    size_t retract = posts.count;
    (void)person_retract(&posts, &ana, NOW_S, posts.ids[20]);
    assert_int_equal(put(store, retract, retract + 1, NOW_S), ERR_OK);
    store_close(store);
    take_away_run(1);
    take_away_run(1);
    for (unsigned round = 0; round < 2; round++) {
        file_memory_full(files, true);
        store = must_open();
        assert_int_equal(store_stats(store).posts_count, end);
        uint8_t *room = malloc(POST_WIRE_MAX);
        struct octets_room wire = {.at = room, .cap = POST_WIRE_MAX};
        for (size_t i = 0; i < end; i++) {
            assert_int_equal(store_body(store, &wire, &posts.ids[i], &note),
                             i == 20 ? ERR_NOT_FOUND : ERR_OK);
        }
        free(room);
        bool more = true;
        enum err_code rc = ERR_OK;
        while (more && rc == ERR_OK) {
            rc = store_tend(store, &more, NOW_S, &note);
        }
        assert_int_equal(rc, ERR_NO_SPACE);
        file_memory_full(files, false);
        if (round == 1) {
            tend(store, NOW_S);
        } else {
            /* One of the two is written, and the manifest says that the other has no file. */
            assert_int_equal(store_tend(store, &more, NOW_S, &note), ERR_OK);
            assert_int_equal(put(store, end, end + 1, NOW_S), ERR_OK);
            end++;
        }
        store_close(store);
    }
    store = must_open();
    assert_int_equal(store_stats(store).posts_count, end);
    store_close(store);
}

/* An index that is gone altogether is held as far as that is bounded, and then said plainly. */
static void more_than_memory_may_hold_is_refused_plainly(void **state)
{
    (void)state;
    struct store *store = must_open();
    assert_int_equal(put(store, 0, (HELD_MAX + 4) * TABLE, NOW_S), ERR_OK);
    tend(store, NOW_S);
    store_close(store);
    file_memory_take_away(files, "index/runs");
    file_memory_full(files, true);
    store = NULL;
    assert_int_equal(open_store(&store), ERR_NO_SPACE);
    assert_non_null(strstr(note.text, "make room"));
    file_memory_full(files, false);
    store = must_open();
    assert_whole(store, (HELD_MAX + 4) * TABLE, SIZE_MAX);
    store_close(store);
}

static int make_posts(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    for (size_t i = 0; i < POSTS_MAX; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "word%zu", i);
        (void)person_text(&posts, &ana, 1000 + i, text, "metoo");
    }
    return 0;
}

static int drop_posts(void **state)
{
    (void)state;
    posts_free(&posts);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_opens_on_a_full_disk_with_tables_waiting,
                                        make_files, drop_files),
        cmocka_unit_test_setup_teardown(runs_that_are_lost_on_a_full_disk_stand_in_memory_meanwhile,
                                        make_files, drop_files),
        cmocka_unit_test_setup_teardown(more_than_memory_may_hold_is_refused_plainly, make_files,
                                        drop_files),
    };
    return cmocka_run_group_tests(tests, make_posts, drop_posts);
}
