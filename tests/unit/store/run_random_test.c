#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/run_merge.h"
#include "tests/support/file_memory.h"
#include "tests/support/run_model.h"

#define LOOKS     6
#define CACHE_MAX 40
#define RUNS_MAX  8
#define ROUNDS    6
#define POSTS_MAX 4000

static struct err_note note;

static struct run *opened(struct files *files, struct block_cache *cache,
                          const struct run_name *name)
{
    struct run *run = NULL;
    assert_int_equal(run_open(&run, files, cache, name, &note), ERR_OK);
    return run;
}

static void a_run_answers_as_its_posts_do(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 31, 32, 33, 64, 107, 108, 700, 5000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct files *files = file_memory_new(1);
        struct block_cache *cache = NULL;
        assert_int_equal(block_cache_new(&cache, CACHE_MAX), ERR_OK);
        struct run_model model;
        run_model_init(&model, i, (uint32_t)(i * 1000), counts[i]);
        struct run_name name = run_model_name("run", i);
        assert_int_equal(run_model_build(&model, files, &name, model.first, model.count, &note),
                         ERR_OK);
        struct run *run = opened(files, cache, &name);
        run_model_check(&model, run, LOOKS);
        run_free(run);
        run_model_close(&model);
        block_cache_free(cache);
        file_memory_free(files);
    }
}

static void posts_of_one_second_are_told_apart_by_their_ids(void **state)
{
    (void)state;
    struct files *files = file_memory_new(1);
    struct block_cache *cache = NULL;
    assert_int_equal(block_cache_new(&cache, CACHE_MAX), ERR_OK);
    struct run_model model;
    run_model_init(&model, 3, 0, POSTS_MAX);
    for (size_t i = 0; i < POSTS_MAX; i++) {
        model.posts[i].record.created_s = model.posts[i].record.state == RUN_HOLE ? 0 : 5555;
    }
    struct run_name name = run_model_name("run", 1);
    assert_int_equal(run_model_build(&model, files, &name, 0, POSTS_MAX, &note), ERR_OK);
    struct run *run = opened(files, cache, &name);
    run_model_check(&model, run, LOOKS * 4);
    run_free(run);
    run_model_close(&model);
    block_cache_free(cache);
    file_memory_free(files);
}

/* Loses some posts, and says so to a merge and to the model alike. */
static enum run_fate lose_some(void *context, uint32_t position)
{
    struct run_model *model = context;
    struct run_model_post *post = &model->posts[position - model->first];
    assert_int_not_equal(post->record.state, RUN_HOLE);
    uint64_t kind = run_model_random(model, 12);
    if (kind == 0) {
        post->record = (struct run_record){.state = RUN_HOLE};
        return RUN_FATE_ERASE;
    }
    if (kind == 1) {
        post->record.state = RUN_GONE;
        return RUN_FATE_GONE;
    }
    return RUN_FATE_KEEP;
}

struct rig {
    struct files *files;
    struct block_cache *cache;
    struct run_model model;
    struct run *runs[RUNS_MAX];
    size_t runs_count;
    uint64_t names_count;
};

static struct run_name fresh_name(struct rig *rig, char path[16])
{
    (void)snprintf(path, 16, "run%u", (unsigned)rig->names_count);
    return run_model_name(path, rig->names_count++);
}

static void build_all(struct rig *rig)
{
    struct run_model *model = &rig->model;
    uint32_t at = model->first;
    for (uint32_t behind = RUNS_MAX; behind-- > 0;) {
        uint32_t left = model->first + model->count - at - behind;
        uint32_t count = (uint32_t)(1 + run_model_random(model, left / (behind + 1)));
        count = behind == 0 ? left : count;
        char path[16];
        struct run_name name = fresh_name(rig, path);
        assert_int_equal(run_model_build(model, rig->files, &name, at, count, &note), ERR_OK);
        rig->runs[rig->runs_count++] = opened(rig->files, rig->cache, &name);
        at += count;
    }
}

static void merge_some(struct rig *rig)
{
    struct run_model *model = &rig->model;
    size_t first = run_model_random(model, rig->runs_count);
    size_t count = 1 + run_model_random(model, rig->runs_count - first);
    struct run_filter filter = {lose_some, model};
    char path[16];
    struct run_name name = fresh_name(rig, path);
    struct run_merge *merge = NULL;
    assert_int_equal(
        run_merge_new(&merge, rig->files, &name, rig->runs + first, count, &filter, &note), ERR_OK);
    bool done = false;
    while (!done) {
        size_t budget = run_model_random(model, 30000);
        assert_int_equal(run_merge_step(merge, &done, budget, &note), ERR_OK);
    }
    run_merge_free(merge);
    for (size_t i = 0; i < count; i++) {
        run_free(rig->runs[first + i]);
    }
    rig->runs[first] = opened(rig->files, rig->cache, &name);
    for (size_t i = first + 1; i + count - 1 < rig->runs_count; i++) {
        rig->runs[i] = rig->runs[i + count - 1];
    }
    rig->runs_count -= count - 1;
}

static void merges_answer_as_the_posts_that_are_left_do(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct rig rig = {.files = file_memory_new(seed)};
        assert_int_equal(block_cache_new(&rig.cache, CACHE_MAX), ERR_OK);
        run_model_init(&rig.model, seed, 77, POSTS_MAX);
        build_all(&rig);
        for (size_t round = 0; round < ROUNDS; round++) {
            merge_some(&rig);
            for (size_t i = 0; i < rig.runs_count; i++) {
                run_model_check(&rig.model, rig.runs[i], 3);
            }
        }
        for (size_t i = 0; i < rig.runs_count; i++) {
            run_free(rig.runs[i]);
        }
        run_model_close(&rig.model);
        block_cache_free(rig.cache);
        file_memory_free(rig.files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_answers_as_its_posts_do),
        cmocka_unit_test(posts_of_one_second_are_told_apart_by_their_ids),
        cmocka_unit_test(merges_answer_as_the_posts_that_are_left_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
