#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "store/store.h"
#include "tests/support/posts.h"

#define POSTS_COUNT   600
#define BATCH_COUNT   20
#define READERS_COUNT 3
#define TABLE_MAX     40 /* posts in memory: most lie in runs */

static char root[32];
static struct files *files;
static struct store *store;
static struct posts posts;
static struct post decoded[POSTS_COUNT];

struct reader {
    pthread_t thread;
    size_t wrong_count; /* anything but the octets that were put */
    size_t walked_count;
};

static bool fold_whole(uint64_t *count)
{
    struct negentropy_batch *batch = calloc(1, sizeof *batch);
    struct negentropy_results *answers = calloc(1, sizeof *answers);
    struct negentropy_item items[32];
    struct err_note note = {{0}};
    if (batch == NULL || answers == NULL) {
        free(batch);
        free(answers);
        return false;
    }
    batch->queries_count = 1;
    batch->queries[0].kind = NEGENTROPY_SPLIT;
    batch->queries[0].lower = negentropy_bound_zero();
    batch->queries[0].upper = negentropy_bound_infinity();
    answers->items = items;
    answers->items_cap = 32;
    enum err_code rc = store_answer(store, answers, batch, &note);
    *count = answers->answers[0].fold.count;
    free(batch);
    free(answers);
    return rc == ERR_OK;
}

/* Every post has the word; of those that came by already none may be missing. */
static bool word_found(size_t walked_count)
{
    struct found found = {.bits = NULL};
    bool there =
        store_search(store, &found, STORE_ALL_WORDS, octets_of_text("too me"), NULL) == ERR_OK;
    for (size_t at = 0; at < walked_count; at++) {
        there = there && found_has(&found, at);
    }
    found_close(&found);
    return there;
}

/* Walk behind the writer until everything came by, in order and as it was put. */
static void *read_everything(void *context)
{
    struct reader *reader = context;
    struct err_note note = {{0}};
    uint8_t *octets = malloc(POST_WIRE_MAX);
    struct octets_room wire = {.at = octets, .cap = POST_WIRE_MAX};
    uint64_t position = 0;
    uint64_t at = 0;
    uint64_t count_before = 0;
    while (octets != NULL && reader->walked_count < POSTS_COUNT) {
        enum err_code rc = store_next(store, &wire, &at, &position, &note);
        if (rc == ERR_OK) {
            bool same =
                octets_equal(octets_of(wire.at, wire.len), posts.wires[reader->walked_count]);
            bool known = false;
            rc = store_known(store, &known, &posts.ids[reader->walked_count], 1, &note);
            reader->wrong_count += same && known && rc == ERR_OK ? 0 : 1;
            reader->walked_count++;
            continue;
        }
        uint64_t count = 0;
        if (rc != ERR_NOT_FOUND || !fold_whole(&count) || count < count_before ||
            !word_found(reader->walked_count)) {
            reader->wrong_count++;
            break;
        }
        count_before = count;
        (void)store_stats(store);
    }
    free(octets);
    return NULL;
}

static atomic_bool all_read;

static int set_up(void **state)
{
    (void)state;
    struct err_note note = {{0}};
    (void)snprintf(root, sizeof root, "/tmp/kith-threads-test-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(file_posix_new(&files, root, &note), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    file_posix_free(files);
    posts_free(&posts);
    char command[80];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static void open_store(uint32_t table_max)
{
    static const uint8_t key[32] = {1};
    struct err_note note = {{0}};
    struct store_options options = {.kind = STORE_READ, .table_max = table_max};
    assert_int_equal(store_open_with(&store, files, key, &options, &note), ERR_OK);
}

/* Tables become runs, and runs become one, while others read them. */
static void *keep(void *context)
{
    size_t *wrong_count = context;
    while (!atomic_load(&all_read)) {
        bool more = false;
        if (store_tend(store, &more, 5000, NULL) != ERR_OK) {
            (*wrong_count)++;
        }
    }
    return NULL;
}

static void readers_follow_the_writer(void **state)
{
    (void)state;
    struct err_note note = {{0}};
    static enum store_put_result results[BATCH_COUNT];
    struct reader readers[READERS_COUNT] = {{0}};
    struct person ana = person_of("ana");
    for (uint64_t i = 0; i < POSTS_COUNT; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "me too %u", (unsigned)i);
        person_text(&posts, &ana, 1000 + (i * 37) % 400, text, NULL);
    }
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        decoded[i] = posts_decoded(&posts, i);
    }
    open_store(TABLE_MAX);
    pthread_t keeper;
    size_t kept_wrong_count = 0;
    atomic_store(&all_read, false);
    assert_int_equal(pthread_create(&keeper, NULL, keep, &kept_wrong_count), 0);
    for (size_t i = 0; i < READERS_COUNT; i++) {
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_everything, &readers[i]), 0);
    }
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < POSTS_COUNT && rc == ERR_OK; i += BATCH_COUNT) {
        rc = store_put(store, results, decoded + i, posts.wires + i, BATCH_COUNT, 5000, &note);
    }
    for (size_t i = 0; i < READERS_COUNT; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
    }
    atomic_store(&all_read, true);
    assert_int_equal(pthread_join(keeper, NULL), 0);
    assert_int_equal(kept_wrong_count, 0);
    assert_int_equal(rc, ERR_OK);
    for (size_t i = 0; i < READERS_COUNT; i++) {
        assert_int_equal(readers[i].walked_count, POSTS_COUNT);
        assert_int_equal(readers[i].wrong_count, 0);
    }
}

#define TENDERS_COUNT 3
#define ROUNDS_COUNT  25

struct tender {
    pthread_t thread;
    size_t wrong_count;
};

static void *tend_idle(void *context)
{
    struct tender *tender = context;
    while (!atomic_load(&all_read)) {
        bool more = false;
        enum err_code rc = store_tend(store, &more, 5000 + STORE_IDLE_S, NULL);
        tender->wrong_count += rc == ERR_OK ? 0 : 1;
    }
    return NULL;
}

/* An import tends after each batch, beside the keeper. */
static void several_who_tend_take_turns(void **state)
{
    (void)state;
    struct err_note note = {{0}};
    struct person ben = person_of("ben");
    struct tender tenders[TENDERS_COUNT] = {{0}};
    for (uint64_t i = 0; i < ROUNDS_COUNT; i++) {
        struct post_id id = person_text(&posts, &ben, 1000 + i, "taken back", NULL);
        (void)person_retract(&posts, &ben, 2000 + i, id);
    }
    open_store(4);
    atomic_store(&all_read, false);
    for (size_t i = 0; i < TENDERS_COUNT; i++) {
        assert_int_equal(pthread_create(&tenders[i].thread, NULL, tend_idle, &tenders[i]), 0);
    }
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < posts.count && rc == ERR_OK; i++) {
        enum store_put_result result;
        struct post post = posts_decoded(&posts, i);
        rc = store_put(store, &result, &post, &posts.wires[i], 1, 5000, &note);
    }
    atomic_store(&all_read, true);
    for (size_t i = 0; i < TENDERS_COUNT; i++) {
        assert_int_equal(pthread_join(tenders[i].thread, NULL), 0);
        assert_int_equal(tenders[i].wrong_count, 0);
    }
    assert_int_equal(rc, ERR_OK);
    assert_int_equal(store_stats(store).posts_count, ROUNDS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_follow_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_who_tend_take_turns, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
