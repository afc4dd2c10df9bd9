/* When memory runs out, whichever allocation fails, a run is refused whole: nothing stays behind,
 * and with memory again the same call succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/run_merge.h"
#include "tests/support/run_model.h"

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
void *__real_aligned_alloc(size_t alignment, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);
void *__wrap_aligned_alloc(size_t alignment, size_t len);

#define ENOUGH      UINT32_MAX
#define POSTS_COUNT 1200
#define FIRST       5

static uint32_t left = ENOUGH; /* allocations that still succeed */

static bool fails(void)
{
    if (left == ENOUGH) {
        return false;
    }
    left -= left > 0 ? 1 : 0;
    return left == 0;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *at, size_t len)
{
    return fails() ? NULL : __real_realloc(at, len);
}

void *__wrap_aligned_alloc(size_t alignment, size_t len)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, len);
}

static struct err_note note;
static char root[64];
static struct run_model model;
static struct files *files;
static struct block_cache *cache;
static struct run_name name;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/kith-run-test-XXXXXX");
    assert_non_null(mkdtemp(root));
    run_model_init(&model, 9, FIRST, POSTS_COUNT);
    name = run_model_name("run", 3);
    return file_posix_new(&files, root, &note) == ERR_OK && block_cache_new(&cache, 4) == ERR_OK
               ? 0
               : 1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    run_model_close(&model);
    block_cache_free(cache);
    file_posix_free(files);
    return system(command);
}

static enum err_code build(struct run_rows *rows, uint32_t allocations)
{
    left = allocations;
    enum err_code rc = run_build(files, &name, &model.hash, rows, &note);
    left = ENOUGH;
    return rc;
}

/* How many allocations it takes, having failed at each. */
static uint32_t build_at_last(void)
{
    struct run_model_rows made = run_model_rows(&model, FIRST, POSTS_COUNT);
    uint32_t allocations = 1;
    enum err_code rc = build(&made.rows, allocations);
    while (rc == ERR_NO_MEMORY) {
        assert_false(file_exists(files, "run"));
        rc = build(&made.rows, ++allocations);
    }
    assert_int_equal(rc, ERR_OK);
    run_model_rows_close(&made);
    return allocations;
}

static struct run *open_at_last(uint32_t *allocations)
{
    struct run *run = NULL;
    enum err_code rc = ERR_NO_MEMORY;
    for (*allocations = 0; rc == ERR_NO_MEMORY;) {
        left = ++*allocations;
        rc = run_open(&run, files, cache, &name, &note);
        left = ENOUGH;
    }
    assert_int_equal(rc, ERR_OK);
    return run;
}

static void a_run_is_built_and_opened_once_there_is_memory(void **state)
{
    (void)state;
    assert_true(build_at_last() > 10);
    uint32_t allocations;
    struct run *run = open_at_last(&allocations);
    assert_true(allocations > 5);
    run_model_check(&model, run, 1);
    run_free(run);
}

static enum err_code merge_short(struct run *run, const struct run_name *into, uint32_t allocations)
{
    struct run_merge *merge = NULL;
    struct run_filter filter = {0};
    left = allocations;
    enum err_code rc = run_merge_new(&merge, files, into, &run, 1, &filter, &note);
    for (bool done = false; rc == ERR_OK && !done;) {
        rc = run_merge_step(merge, &done, 100000, &note);
    }
    left = ENOUGH;
    run_merge_free(merge);
    return rc;
}

static void runs_are_merged_once_there_is_memory(void **state)
{
    (void)state;
    uint32_t allocations;
    (void)build_at_last();
    struct run *run = open_at_last(&allocations);
    struct run_name into = run_model_name("into", 4);
    enum err_code rc = ERR_NO_MEMORY;
    for (allocations = 0; rc == ERR_NO_MEMORY;) {
        assert_false(file_exists(files, "into"));
        rc = merge_short(run, &into, ++allocations);
    }
    assert_int_equal(rc, ERR_OK);
    assert_true(allocations > 10);
    run_free(run);
    assert_int_equal(run_open(&run, files, cache, &into, &note), ERR_OK);
    run_model_check(&model, run, 1);
    run_free(run);
}

static void reading_needs_no_memory(void **state)
{
    (void)state;
    uint32_t allocations;
    (void)build_at_last();
    struct run *run = open_at_last(&allocations);
    struct run_record record;
    left = 1;
    assert_int_equal(run_record(run, &record, FIRST, &note), ERR_OK);
    left = ENOUGH;
    assert_memory_equal(&record.id, &model.posts[0].record.id, sizeof record.id);
    run_free(run);
}

static void a_cache_needs_memory_to_begin(void **state)
{
    (void)state;
    struct block_cache *other = NULL;
    left = 1;
    enum err_code rc = block_cache_new(&other, 4);
    left = ENOUGH;
    assert_int_equal(rc, ERR_NO_MEMORY);
    assert_null(other);
}

#define TEST(what) cmocka_unit_test_setup_teardown(what, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_built_and_opened_once_there_is_memory),
        TEST(runs_are_merged_once_there_is_memory),
        TEST(reading_needs_no_memory),
        TEST(a_cache_needs_memory_to_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
