#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "store/run_merge.h"
#include "tests/support/run_model.h"

#define THREADS_COUNT 3
#define POSTS_COUNT   1500
#define CACHE_MAX     8 /* blocks: far fewer than the run has */
#define LOOKS         2

static struct err_note note;

struct reader {
    struct run_model model;
    const struct run *run;
    pthread_t thread;
};

static void *read_it(void *context)
{
    struct reader *reader = context;
    run_model_check(&reader->model, reader->run, LOOKS);
    return NULL;
}

static void merge_it(struct files *files, struct run *run)
{
    struct run_merge *merge = NULL;
    struct run_filter filter = {0};
    struct run_name into = run_model_name("into", 2);
    assert_int_equal(run_merge_new(&merge, files, &into, &run, 1, &filter, &note), ERR_OK);
    for (bool done = false; !done;) {
        assert_int_equal(run_merge_step(merge, &done, 1000, &note), ERR_OK);
    }
    run_merge_free(merge);
}

static void many_threads_read_a_run_while_it_is_merged(void **state)
{
    (void)state;
    char root[] = "/tmp/kith-run-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    struct files *files = NULL;
    assert_int_equal(file_posix_new(&files, root, &note), ERR_OK);
    struct block_cache *cache = NULL;
    assert_int_equal(block_cache_new(&cache, CACHE_MAX), ERR_OK);
    struct run_model model;
    run_model_init(&model, 4, 10, POSTS_COUNT);
    struct run_name name = run_model_name("run", 1);
    struct run *run = NULL;
    assert_int_equal(run_model_build(&model, files, &name, 10, POSTS_COUNT, &note), ERR_OK);
    assert_int_equal(run_open(&run, files, cache, &name, &note), ERR_OK);

    struct reader readers[THREADS_COUNT];
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        readers[i] = (struct reader){.model = model, .run = run};
        readers[i].model.random += i;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_it, &readers[i]), 0);
    }
    merge_it(files, run);
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
    }

    run_free(run);
    run_model_close(&model);
    block_cache_free(cache);
    file_posix_free(files);
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads_read_a_run_while_it_is_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
