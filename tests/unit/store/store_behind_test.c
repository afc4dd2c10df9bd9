#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define TABLE       16
#define POSTS_COUNT 70
#define NOW_S       5000

static const uint8_t key[32] = {7};
static struct posts posts;
static struct files *files;
static struct store *store;
static struct err_note note;

static void opens(void)
{
    struct store_options options = {.kind = STORE_READ, .table_max = TABLE};
    assert_int_equal(store_open_with(&store, files, key, &options, &note), ERR_OK);
}

static void closes(void)
{
    store_close(store);
    store = NULL;
}

static void put(size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        struct post post = posts_decoded(&posts, i);
        enum store_put_result result;
        bool more;
        assert_int_equal(store_put(store, &result, &post, &posts.wires[i], 1, NOW_S, &note),
                         ERR_OK);
        assert_int_equal(store_tend(store, &more, NOW_S, &note), ERR_OK);
    }
}

static size_t known_count(void)
{
    bool known[POSTS_COUNT];
    size_t count = 0;
    assert_int_equal(store_known(store, known, posts.ids, POSTS_COUNT, &note), ERR_OK);
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        count += known[i] ? 1 : 0;
    }
    return count;
}

static int make_posts(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    posts = (struct posts){0};
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        struct post_draft draft = {
            .kind = POST_TEXT, .created_s = 1000 + i, .text = octets_of_text("one of them")};
        (void)person_draft(&posts, &ana, &draft);
    }
    files = file_memory_new(1);
    opens();
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    closes();
    file_memory_free(files);
    posts_free(&posts);
    return 0;
}

static void take_away_the_log(void *context, const char *path)
{
    if (strncmp(path, "log/", 4) == 0) {
        file_memory_take_away(context, path);
    }
}

static void put_the_log(void *context, const char *path)
{
    if (strncmp(path, "log/", 4) == 0) {
        file_memory_put(files, path, file_memory_octets(context, path));
    }
}

/* Of from's files the log alone, in the place of what is here. */
static void log_as_in(struct files *from)
{
    struct files *now = file_memory_copy(files);
    file_memory_each(now, take_away_the_log, files);
    file_memory_each(from, put_the_log, from);
    file_memory_free(now);
}

static void a_log_that_was_set_back_is_told_once_and_fills_again(void **state)
{
    (void)state;
    put(0, 20);
    closes();
    struct files *older = file_memory_copy(files);
    opens();
    assert_false(store_stats(store).is_behind);
    put(20, POSTS_COUNT);
    closes();
    log_as_in(older);
    opens();
    assert_true(store_stats(store).is_behind);
    assert_int_equal(known_count(), 20);
    put(20, POSTS_COUNT);
    assert_int_equal(known_count(), POSTS_COUNT);
    closes();
    opens();
    assert_false(store_stats(store).is_behind);
    file_memory_free(older);
}

static void a_log_that_is_another_is_told(void **state)
{
    (void)state;
    put(0, 40);
    closes();
    struct files *mine = files;
    files = file_memory_new(2);
    opens();
    for (size_t i = POSTS_COUNT; i > 0; i--) {
        put(i - 1, i);
    }
    closes();
    struct files *theirs = files;
    files = mine;
    log_as_in(theirs);
    opens();
    assert_true(store_stats(store).is_behind);
    assert_int_equal(known_count(), POSTS_COUNT);
    file_memory_free(theirs);
}

static void without_an_index_nothing_is_missing(void **state)
{
    (void)state;
    put(0, POSTS_COUNT);
    closes();
    file_memory_take_away(files, "index/runs");
    opens();
    assert_false(store_stats(store).is_behind);
    assert_int_equal(known_count(), POSTS_COUNT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_posts, free_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_that_was_set_back_is_told_once_and_fills_again),
        TEST(a_log_that_is_another_is_told),
        TEST(without_an_index_nothing_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
