#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S     1000000
#define POSTS_MAX 60
#define SEGMENT   "log/00000000.0"
#define TEARS     6

static const uint8_t key[32] = {1, 2, 3};
static struct err_note note;
static struct posts posts;
static struct post decoded[POSTS_MAX];
static struct files *files;
static struct store *store;
static enum store_put_result results[POSTS_MAX];

static int set_up_posts(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    posts = (struct posts){0};
    char text[600];
    for (uint64_t i = 0; i < POSTS_MAX; i++) {
        memset(text, 'a', sizeof text);
        text[(i * 97) % (sizeof text - 1)] = '\0';
        text[sizeof text - 1] = '\0';
        person_text(&posts, &ana, 1000 + i, text, NULL);
    }
    for (size_t i = 0; i < POSTS_MAX; i++) {
        decoded[i] = posts_decoded(&posts, i);
    }
    return 0;
}

static int free_posts(void **state)
{
    (void)state;
    posts_free(&posts);
    return 0;
}

static uint32_t table_max;

static enum err_code open_store(void)
{
    struct store_options options = {.kind = STORE_READ, .table_max = table_max};
    return store_open_with(&store, files, key, &options, &note);
}

static enum err_code tend(void)
{
    enum err_code rc = ERR_OK;
    for (bool more = true; more && rc == ERR_OK;) {
        rc = store_tend(store, &more, NOW_S, &note);
    }
    return rc;
}

static enum err_code put(size_t first, size_t count)
{
    enum err_code rc =
        store_put(store, results, decoded + first, posts.wires + first, count, NOW_S, &note);
    /* An error there costs nothing that was acknowledged. */
    return rc == ERR_OK && tend() != ERR_OK ? ERR_OK : rc;
}

static bool is_known(size_t i)
{
    bool known;
    assert_int_equal(store_known(store, &known, &posts.ids[i], 1, &note), ERR_OK);
    return known;
}

/* A known post is handed out as it was put, or not at all. */
static bool is_whole(size_t i)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    return store_body(store, &wire, &posts.ids[i], &note) == ERR_OK &&
           octets_equal(octets_of(wire.at, wire.len), posts.wires[i]);
}

/* Batches of growing size until one fails, with a restart of the process in between; how many
 * posts were acknowledged. */
static size_t put_until_crash(void)
{
    size_t done = 0;
    for (size_t batch = 1; done < POSTS_MAX; batch++) {
        if (batch % 4 == 1) {
            store_close(store);
            store = NULL;
            if (open_store() != ERR_OK) {
                return done;
            }
        }
        size_t count = batch < POSTS_MAX - done ? batch : POSTS_MAX - done;
        if (put(done, count) != ERR_OK) {
            return done;
        }
        done += count;
    }
    return done;
}

static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_int_equal(open_store(), ERR_OK);
}

static void crash_and_check(uint64_t nth, unsigned outcome, bool *crashed)
{
    files = file_memory_new(nth * 1000 + outcome);
    file_memory_crash_at(files, nth);
    size_t done = put_until_crash();
    *crashed = file_memory_crashed(files);
    file_memory_restart(files, outcome > FILE_MEMORY_TEAR ? FILE_MEMORY_TEAR
                                                          : (enum file_memory_outcome)outcome);
    reopen();
    for (size_t i = 0; i < POSTS_MAX; i++) {
        assert_true(i >= done || is_known(i));
        assert_true(!is_known(i) || is_whole(i));
    }
    assert_int_equal(store_stats(store).quarantined_count, 0);
    assert_int_equal(put(0, POSTS_MAX), ERR_OK);
    reopen();
    for (size_t i = 0; i < POSTS_MAX; i++) {
        assert_true(is_whole(i));
    }
    assert_int_equal(store_stats(store).posts_count, POSTS_MAX);
    assert_int_equal(store_stats(store).quarantined_count, 0);
    store_close(store);
    store = NULL;
    file_memory_free(files);
}

/* Small tables, so that most of what is put comes to lie in runs, which are merged. */
static void what_was_acknowledged_survives_a_crash_at_any_call(void **state)
{
    (void)state;
    bool crashed = true;
    table_max = 4;
    for (uint64_t nth = 1; crashed; nth++) {
        for (unsigned outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR + TEARS; outcome++) {
            crash_and_check(nth, outcome, &crashed);
        }
    }
    table_max = 0;
}

static void make_log(size_t batch_count)
{
    files = file_memory_new(5);
    reopen();
    for (size_t i = 0; i < POSTS_MAX; i += batch_count) {
        assert_int_equal(put(i, batch_count), ERR_OK);
    }
    store_close(store);
    store = NULL;
}

static void a_flipped_octet_costs_at_most_the_record_it_is_in(void **state)
{
    (void)state;
    make_log(10);
    struct files *whole = files;
    size_t len = file_memory_len(whole, SEGMENT);
    for (size_t at = 0; at < len; at += 1 + at % 9) {
        files = file_memory_copy(whole);
        file_memory_flip(files, SEGMENT, at, (uint8_t)(1u << (at % 8)));
        reopen();
        size_t lost_count = 0;
        for (size_t i = 0; i < POSTS_MAX; i++) {
            lost_count += is_known(i) ? 0 : 1;
            assert_true(!is_known(i) || is_whole(i));
        }
        assert_true(lost_count <= 1);
        assert_int_equal(lost_count, store_stats(store).quarantined_count);
        assert_true(at < 4 || lost_count == 1);
        store_close(store);
        store = NULL;
        file_memory_free(files);
    }
    file_memory_free(whole);
}

static void a_flipped_octet_of_the_manifest_is_noticed(void **state)
{
    (void)state;
    make_log(30);
    struct files *whole = files;
    size_t len = file_memory_len(whole, "log/manifest");
    for (size_t at = 0; at < len; at++) {
        files = file_memory_copy(whole);
        file_memory_flip(files, "log/manifest", at, 0x40);
        assert_int_equal(open_store(), ERR_DAMAGED);
        file_memory_free(files);
    }
    file_memory_free(whole);
}

static void a_segment_cut_short_keeps_what_is_left(void **state)
{
    (void)state;
    make_log(10);
    struct files *whole = files;
    size_t len = file_memory_len(whole, SEGMENT);
    for (size_t cut = 0; cut < len; cut += 61) {
        files = file_memory_copy(whole);
        file_memory_cut(files, SEGMENT, cut);
        reopen();
        struct store_stats stats = store_stats(store);
        assert_int_equal(stats.posts_count + stats.quarantined_count, POSTS_MAX);
        assert_int_equal(put(0, POSTS_MAX), ERR_OK);
        reopen();
        assert_int_equal(store_stats(store).posts_count, POSTS_MAX);
        store_close(store);
        store = NULL;
        file_memory_free(files);
    }
    file_memory_free(whole);
}

static void the_log_adds_few_octets_to_a_post(void **state)
{
    (void)state;
    files = file_memory_new(5);
    reopen();
    uint64_t wires_len = 0;
    for (size_t i = 0; i < POSTS_MAX; i++) {
        assert_int_equal(put(i, 1), ERR_OK);
        wires_len += posts.wires[i].len;
    }
    assert_true(store_stats(store).disk_len <= wires_len + 22 * POSTS_MAX);
    store_close(store);
    store = NULL;
    file_memory_free(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_survives_a_crash_at_any_call),
        cmocka_unit_test(a_flipped_octet_costs_at_most_the_record_it_is_in),
        cmocka_unit_test(a_flipped_octet_of_the_manifest_is_noticed),
        cmocka_unit_test(a_segment_cut_short_keeps_what_is_left),
        cmocka_unit_test(the_log_adds_few_octets_to_a_post),
    };
    return cmocka_run_group_tests(tests, set_up_posts, free_posts);
}
