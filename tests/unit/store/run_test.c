#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/run_merge.h"
#include "store/run_set.h"
#include "tests/support/file_memory.h"
#include "tests/support/run_model.h"

#define POSTS_COUNT 700
#define FIRST       900
#define BLOCK_LEN   4096u
#define FLIP_STEP   61

static struct err_note note;
static struct run_model model;
static struct files *files;
static struct block_cache *cache;
static struct run_name name;

static int set_up(void **state)
{
    (void)state;
    files = file_memory_new(5);
    run_model_init(&model, 5, FIRST, POSTS_COUNT);
    name = run_model_name("run", 12);
    return block_cache_new(&cache, 16) == ERR_OK &&
                   run_model_build(&model, files, &name, FIRST, POSTS_COUNT, &note) == ERR_OK
               ? 0
               : 1;
}

static int tear_down(void **state)
{
    (void)state;
    block_cache_free(cache);
    run_model_close(&model);
    file_memory_free(files);
    return 0;
}

static struct run *opened(struct files *in)
{
    struct run *run = NULL;
    assert_int_equal(run_open(&run, in, cache, &name, &note), ERR_OK);
    return run;
}

/* Reads every block of data once. */
static enum err_code merge_alone(struct files *in, struct run *run, const struct run_name *into)
{
    struct run_merge *merge = NULL;
    struct run_filter filter = {0};
    enum err_code rc = run_merge_new(&merge, in, into, &run, 1, &filter, &note);
    bool done = false;
    while (rc == ERR_OK && !done) {
        rc = run_merge_step(merge, &done, 5000, &note);
    }
    run_merge_free(merge);
    return rc;
}

static enum err_code open_and_read(struct files *in)
{
    struct run *run = NULL;
    enum err_code rc = run_open(&run, in, cache, &name, &note);
    if (rc == ERR_OK) {
        struct run_name into = run_model_name("into", 99);
        rc = merge_alone(in, run, &into);
        if (rc == ERR_OK) {
            rc = in->remove(in, into.path, &note);
        }
        run_free(run);
    }
    return rc;
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct run *run = NULL;
    struct run_name other = run_model_name("other", 12);
    assert_int_equal(run_open(&run, files, cache, &other, &note), ERR_NOT_FOUND);
    assert_null(run);
}

static void another_key_or_number_does_not_open(void **state)
{
    (void)state;
    struct run *run = NULL;
    struct run_name other = name;
    other.key[31] ^= 1;
    assert_int_equal(run_open(&run, files, cache, &other, &note), ERR_DAMAGED);
    other = name;
    other.number++;
    assert_int_equal(run_open(&run, files, cache, &other, &note), ERR_DAMAGED);
    assert_null(run);
}

static void what_a_run_says_of_itself_is_what_was_put_in(void **state)
{
    (void)state;
    struct run *run = opened(files);
    struct run_stats stats = run_stats(run);
    uint32_t counts[3] = {0};
    uint32_t expiries = 0;
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        counts[model.posts[i].record.state]++;
        bool expires = model.posts[i].record.state == RUN_KEPT && model.posts[i].expires_s != 0;
        expiries += expires ? 1 : 0;
    }
    assert_int_equal(run_first(run), FIRST);
    assert_int_equal(run_end(run), FIRST + POSTS_COUNT);
    assert_int_equal(run_number(run), 12);
    assert_int_equal(stats.hole_count, counts[RUN_HOLE]);
    assert_int_equal(stats.kept_count, counts[RUN_KEPT]);
    assert_int_equal(stats.gone_count, counts[RUN_GONE]);
    assert_int_equal(stats.expiries_count, expiries);
    assert_int_equal(stats.disk_len, file_memory_len(files, "run"));
    assert_true(stats.memory_len < stats.disk_len);
    run_free(run);
}

static void several_records_at_once_are_the_same_ones(void **state)
{
    (void)state;
    struct run *run = opened(files);
    static struct run_record records[POSTS_COUNT];
    assert_int_equal(run_records(run, records, FIRST + 3, POSTS_COUNT - 3, &note), ERR_OK);
    for (size_t i = 0; i + 3 < POSTS_COUNT; i++) {
        const struct run_record *wanted = &model.posts[i + 3].record;
        assert_memory_equal(&records[i].id, &wanted->id, sizeof wanted->id);
        assert_int_equal(records[i].created_s, wanted->created_s);
        assert_int_equal(records[i].state, wanted->state);
    }
    run_free(run);
}

static void a_run_cut_short_or_grown_is_damaged(void **state)
{
    (void)state;
    size_t len = file_memory_len(files, "run");
    for (size_t cut = 0; cut < len; cut += cut % BLOCK_LEN == 0 ? BLOCK_LEN - 1 : 1) {
        struct files *copy = file_memory_copy(files);
        file_memory_cut(copy, "run", cut);
        assert_int_equal(open_and_read(copy), ERR_DAMAGED);
        file_memory_free(copy);
    }
    struct file *file = NULL;
    uint8_t more[BLOCK_LEN] = {0};
    assert_int_equal(files->open(files, &file, "run", FILE_APPEND, &note), ERR_OK);
    assert_int_equal(files->append(files, file, octets_of(more, sizeof more), &note), ERR_OK);
    files->close(files, file);
    assert_int_equal(open_and_read(files), ERR_DAMAGED);
}

static void any_flipped_octet_is_noticed(void **state)
{
    (void)state;
    size_t len = file_memory_len(files, "run");
    size_t count = 0;
    for (size_t at = 0; at < len; at += FLIP_STEP) {
        uint8_t mask = (uint8_t)(1u << (at % 8));
        file_memory_flip(files, "run", at, mask);
        assert_int_equal(open_and_read(files), ERR_DAMAGED);
        file_memory_flip(files, "run", at, mask);
        count++;
    }
    assert_true(count > 500);
    assert_int_equal(open_and_read(files), ERR_OK);
}

/* With a part of it damaged a run says so, or tells the truth. */
static void no_flip_makes_a_run_lie(void **state)
{
    (void)state;
    size_t len = file_memory_len(files, "run");
    struct run_set_name all = run_set_of(&model.hash, SET_ALL);
    struct negentropy_bound infinity = negentropy_bound_infinity();
    struct fold whole;
    struct run *run = opened(files);
    assert_int_equal(run_set_fold_below(run, &whole, &all, &infinity, &note), ERR_OK);
    run_free(run);
    for (size_t block = 0; block * BLOCK_LEN < len; block++) {
        file_memory_flip(files, "run", block * BLOCK_LEN + 17, 0x10);
        if (run_open(&run, files, cache, &name, &note) == ERR_OK) {
            for (uint32_t i = 0; i < POSTS_COUNT; i += 7) {
                struct run_record record;
                enum err_code rc = run_record(run, &record, FIRST + i, &note);
                assert_true(rc == ERR_DAMAGED ||
                            post_id_equal(&record.id, &model.posts[i].record.id));
            }
            struct fold fold;
            enum err_code rc = run_set_fold_below(run, &fold, &all, &infinity, &note);
            assert_true(rc == ERR_DAMAGED || memcmp(&fold, &whole, sizeof fold) == 0);
            run_free(run);
        }
        file_memory_flip(files, "run", block * BLOCK_LEN + 17, 0x10);
    }
}

static void write_copy(const char *path, const uint8_t *octets, size_t len)
{
    struct file *file = NULL;
    assert_int_equal(files->remove(files, path, &note), ERR_OK);
    assert_int_equal(files->open(files, &file, path, FILE_CREATE, &note), ERR_OK);
    assert_int_equal(files->append(files, file, octets_of(octets, len), &note), ERR_OK);
    files->close(files, file);
}

static void blocks_that_change_places_are_noticed(void **state)
{
    (void)state;
    uint8_t *octets = NULL;
    size_t len = 0;
    assert_int_equal(file_read_all(files, &octets, &len, "run", SIZE_MAX / 2, &note), ERR_OK);
    for (size_t at = 0; at + 2 * BLOCK_LEN <= len; at += BLOCK_LEN) {
        uint8_t kept[BLOCK_LEN];
        memcpy(kept, octets + at, BLOCK_LEN);
        memcpy(octets + at, octets + at + BLOCK_LEN, BLOCK_LEN);
        memcpy(octets + at + BLOCK_LEN, kept, BLOCK_LEN);
        write_copy("run", octets, len);
        assert_int_equal(open_and_read(files), ERR_DAMAGED);
        memcpy(octets + at + BLOCK_LEN, octets + at, BLOCK_LEN);
        memcpy(octets + at, kept, BLOCK_LEN);
    }
    free(octets);
}

static void what_reading_gives_is_handed_on(void **state)
{
    (void)state;
    struct run *run = NULL;
    file_memory_fail(files, FILE_MEMORY_READ_AT, 1, ERR_IO);
    assert_int_equal(run_open(&run, files, cache, &name, &note), ERR_IO);
    run = opened(files);
    struct run_record record;
    file_memory_fail(files, FILE_MEMORY_READ_AT, 1, ERR_IO);
    assert_int_equal(run_record(run, &record, FIRST, &note), ERR_IO);
    assert_int_equal(run_record(run, &record, FIRST, &note), ERR_OK);
    run_free(run);
}

static void a_run_is_not_written_over_another(void **state)
{
    (void)state;
    assert_int_not_equal(run_model_build(&model, files, &name, FIRST, POSTS_COUNT, &note), ERR_OK);
    assert_int_equal(open_and_read(files), ERR_OK);
    struct run *run = opened(files);
    assert_int_not_equal(merge_alone(files, run, &name), ERR_OK);
    run_free(run);
    assert_int_equal(open_and_read(files), ERR_OK);
}

static void what_could_not_be_written_leaves_nothing_behind(void **state)
{
    (void)state;
    static const struct {
        enum file_memory_call call;
        enum err_code rc;
    } faults[] = {
        {FILE_MEMORY_CREATE, ERR_PERMISSION},
        {FILE_MEMORY_APPEND, ERR_NO_SPACE},
        {FILE_MEMORY_SYNC, ERR_IO},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct run_name other = run_model_name("other", 13);
        file_memory_fail(files, faults[i].call, 1, faults[i].rc);
        assert_int_equal(run_model_build(&model, files, &other, FIRST, POSTS_COUNT, &note),
                         faults[i].rc);
        assert_false(file_exists(files, "other"));
        struct run *run = opened(files);
        file_memory_fail(files, faults[i].call, 1, faults[i].rc);
        assert_int_equal(merge_alone(files, run, &other), faults[i].rc);
        assert_false(file_exists(files, "other"));
        run_free(run);
    }
}

static void a_merge_given_up_leaves_nothing_behind(void **state)
{
    (void)state;
    struct run *run = opened(files);
    struct run_merge *merge = NULL;
    struct run_filter filter = {0};
    struct run_name other = run_model_name("other", 13);
    bool done = true;
    assert_int_equal(run_merge_new(&merge, files, &other, &run, 1, &filter, &note), ERR_OK);
    assert_int_equal(run_merge_step(merge, &done, 1, &note), ERR_OK);
    assert_false(done);
    assert_true(file_exists(files, "other"));
    run_merge_free(merge);
    assert_false(file_exists(files, "other"));
    run_free(run);
}

static void a_merge_says_which_run_is_damaged(void **state)
{
    (void)state;
    struct run *runs[3] = {NULL};
    static const char *const paths[3] = {"a", "b", "c"};
    for (uint32_t i = 0; i < 3; i++) {
        struct run_name part = run_model_name(paths[i], 20 + i);
        assert_int_equal(run_model_build(&model, files, &part, FIRST + i * 200, 200, &note),
                         ERR_OK);
        assert_int_equal(run_open(&runs[i], files, cache, &part, &note), ERR_OK);
    }
    struct run_filter filter = {0};
    struct run_name into = run_model_name("into", 30);
    for (size_t bad = 0; bad < 3; bad++) {
        file_memory_flip(files, paths[bad], 100, 1);
        struct run_merge *merge = NULL;
        assert_int_equal(run_merge_new(&merge, files, &into, runs, 3, &filter, &note), ERR_OK);
        bool done = false;
        assert_int_equal(run_merge_step(merge, &done, SIZE_MAX, &note), ERR_DAMAGED);
        assert_int_equal(run_merge_culprit(merge), bad);
        run_merge_free(merge);
        file_memory_flip(files, paths[bad], 100, 1);
    }
    for (size_t i = 0; i < 3; i++) {
        run_free(runs[i]);
    }
}

static void assert_same_octets(const char *a, const char *b)
{
    uint8_t *left = NULL;
    uint8_t *right = NULL;
    size_t left_len = 0;
    size_t right_len = 0;
    assert_int_equal(file_read_all(files, &left, &left_len, a, SIZE_MAX / 2, &note), ERR_OK);
    assert_int_equal(file_read_all(files, &right, &right_len, b, SIZE_MAX / 2, &note), ERR_OK);
    assert_int_equal(left_len, right_len);
    assert_memory_equal(left, right, left_len);
    free(left);
    free(right);
}

/* So what lies on disk tells accepted posts and keys, and not how busy the node was. */
static void the_octets_depend_on_posts_and_keys_alone(void **state)
{
    (void)state;
    struct run_name again = name;
    again.path = "again";
    assert_int_equal(run_model_build(&model, files, &again, FIRST, POSTS_COUNT, &note), ERR_OK);
    assert_same_octets("run", "again");

    struct run *run = opened(files);
    struct run_filter filter = {0};
    static const size_t budgets[2] = {1, SIZE_MAX};
    static const char *const paths[2] = {"small", "large"};
    for (size_t i = 0; i < 2; i++) {
        struct run_merge *merge = NULL;
        again.path = paths[i];
        assert_int_equal(run_merge_new(&merge, files, &again, &run, 1, &filter, &note), ERR_OK);
        for (bool done = false; !done;) {
            assert_int_equal(run_merge_step(merge, &done, budgets[i], &note), ERR_OK);
        }
        run_merge_free(merge);
    }
    assert_same_octets("small", "large");
    run_free(run);
}

/* The octets of a run and of a merge, as SPEC 10.13 has them: another digest is another format, and
 * needs another version in the tail. */
static void the_format_is_the_one_that_was_written_down(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *digest;
    } wanted[] = {
        {"run", "84b7f52849b9e54ef64838437eab4c76"},
        {"into", "102b81cdb734481cf779c698726aebca"},
    };
    struct run *run = opened(files);
    struct run_name into = run_model_name("into", 13);
    assert_int_equal(merge_alone(files, run, &into), ERR_OK);
    run_free(run);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        uint8_t *octets = NULL;
        size_t len = 0;
        uint8_t digest[16];
        char hex[2 * sizeof digest + 1];
        assert_int_equal(file_read_all(files, &octets, &len, wanted[i].path, SIZE_MAX / 2, &note),
                         ERR_OK);
        (void)crypto_generichash(digest, sizeof digest, octets, len, NULL, 0);
        (void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
        assert_string_equal(hex, wanted[i].digest);
        free(octets);
    }
}

static void nothing_stands_in_the_clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        const struct run_model_post *post = &model.posts[i];
        if (post->record.state != RUN_HOLE) {
            assert_false(file_memory_contains(files, post->record.id.octets, 8));
            struct run_set_name author = run_model_author(&model, post->author);
            assert_false(file_memory_contains(files, author.octets, 8));
        }
    }
}

static void names_of_sets_are_told_apart_by_kind_and_key(void **state)
{
    (void)state;
    struct key key;
    memset(key.octets, 'a', sizeof key.octets);
    struct run_set_name names[4] = {
        run_set_of(&model.hash, SET_ALL),
        run_set_author(&model.hash, &key),
        run_set_profiles(&model.hash, &key),
    };
    static const uint8_t other_key[SEAL_KEY_LEN] = {9};
    struct run_hash other;
    run_hash_init(&other, other_key);
    names[3] = run_set_of(&other, SET_ALL);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(&names[i], &names[j], sizeof names[i]);
        }
    }
    struct post_id id = {{1}};
    struct octets octets = octets_of(id.octets, sizeof id.octets);
    assert_true(run_hash_id(&other, &id) != run_hash_id(&model.hash, &id));
    assert_true(run_hash_word(&other, octets) != run_hash_word(&model.hash, octets));
    assert_true(run_hash_word(&model.hash, octets) != run_hash_id(&model.hash, &id));
    run_hash_close(&other);
}

/* Sets are dealt out by how their names begin before each is put in order. */
static void sets_whose_names_begin_alike_stay_apart(void **state)
{
    (void)state;
    enum { POSTS = 80 };
    struct run_record records[POSTS];
    struct run_set_row sets[POSTS];
    struct run_set_name names[2] = {{{1}}, {{1}}};
    names[1].octets[RUN_SET_NAME_LEN - 1] = 1;
    for (uint32_t i = 0; i < POSTS; i++) {
        records[i] =
            (struct run_record){.id = {{(uint8_t)i, 1}}, .created_s = 5000 - i, .state = RUN_KEPT};
        sets[i] = (struct run_set_row){.set = names[i % 2], .position = FIRST + i};
    }
    struct run_rows rows = {.first = FIRST,
                            .records_count = POSTS,
                            .records = records,
                            .sets = sets,
                            .sets_count = POSTS};
    name = run_model_name("alike", 13);
    assert_int_equal(run_build(files, &name, &model.hash, &rows, &note), ERR_OK);
    struct run *run = opened(files);
    for (uint32_t set = 0; set < 2; set++) {
        uint64_t count;
        assert_int_equal(run_set_count(run, &count, &names[set], &note), ERR_OK);
        assert_int_equal(count, POSTS / 2);
        for (uint32_t i = 0; i < count; i++) {
            struct run_set_entry entry;
            assert_int_equal(run_set_at(run, &entry, &names[set], i, &note), ERR_OK);
            assert_int_equal(entry.position, FIRST + POSTS - 2 + set - 2 * i);
        }
    }
    run_free(run);
}

#define TEST(what) cmocka_unit_test_setup_teardown(what, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_is_not_there_is_not_found),
        TEST(another_key_or_number_does_not_open),
        TEST(what_a_run_says_of_itself_is_what_was_put_in),
        TEST(several_records_at_once_are_the_same_ones),
        TEST(a_run_cut_short_or_grown_is_damaged),
        TEST(any_flipped_octet_is_noticed),
        TEST(no_flip_makes_a_run_lie),
        TEST(blocks_that_change_places_are_noticed),
        TEST(what_reading_gives_is_handed_on),
        TEST(a_run_is_not_written_over_another),
        TEST(what_could_not_be_written_leaves_nothing_behind),
        TEST(a_merge_given_up_leaves_nothing_behind),
        TEST(a_merge_says_which_run_is_damaged),
        TEST(the_octets_depend_on_posts_and_keys_alone),
        TEST(the_format_is_the_one_that_was_written_down),
        TEST(nothing_stands_in_the_clear),
        TEST(names_of_sets_are_told_apart_by_kind_and_key),
        TEST(sets_whose_names_begin_alike_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
