#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/log.h"
#include "tests/support/file_memory.h"

#define BIG_LEN   60000
#define BIG_COUNT 1200 /* more than a segment holds */

static const uint8_t key[32] = {4};
static struct err_note note;
static struct files *files;
static struct log *record_log;
static uint64_t damaged_count;
static uint64_t replayed_count;
static uint64_t replay_from;
static enum err_code replay_answer;
static uint8_t big[BIG_LEN];

static enum err_code on_record(void *context, const struct segment_record *record)
{
    (void)context;
    assert_int_equal(record->number, replay_from + replayed_count);
    replayed_count++;
    return replay_answer;
}

static enum err_code open_log(void)
{
    struct log_replay replay = {.on_record = on_record, .from = replay_from};
    replayed_count = 0;
    return log_open(&record_log, &damaged_count, files, "log", key, &replay, &note);
}

static int set_up(void **state)
{
    (void)state;
    files = file_memory_new(2);
    replay_answer = ERR_OK;
    replay_from = 0;
    assert_int_equal(open_log(), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_close(record_log);
    record_log = NULL;
    file_memory_free(files);
    return 0;
}

static void reopen(void)
{
    log_close(record_log);
    record_log = NULL;
    assert_int_equal(open_log(), ERR_OK);
}

static uint64_t add(struct octets plain)
{
    uint64_t number = 0;
    assert_int_equal(log_begin(record_log, plain.len, &note), ERR_OK);
    assert_int_equal(log_add(record_log, &number, plain, &note), ERR_OK);
    assert_int_equal(log_commit(record_log, &note), ERR_OK);
    return number;
}

static void a_full_segment_is_followed_by_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < BIG_COUNT; i++) {
        memcpy(big, &i, sizeof i);
        assert_int_equal(add(octets_of(big, BIG_LEN)), i);
    }
    assert_true(file_memory_len(files, "log/00000000.0") <= SEGMENT_LEN_MAX);
    assert_true(file_memory_len(files, "log/00000001.0") > 0);
    reopen();
    assert_int_equal(replayed_count, BIG_COUNT);
    assert_int_equal(damaged_count, 0);
    for (size_t i = 0; i < BIG_COUNT; i += 37) {
        struct octets_room room = {.at = big, .cap = BIG_LEN};
        assert_int_equal(log_read(record_log, &room, i, &note), ERR_OK);
        assert_memory_equal(big, &i, sizeof i);
    }
}

static void each_process_has_its_own_segment_however_many(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 255; i++) {
        assert_int_equal(add(octets_of(&i, 1)), i);
        reopen();
        assert_int_equal(replayed_count, i + 1);
    }
    for (uint8_t i = 0; i < 40; i++) {
        assert_int_equal(add(octets_of(&i, 1)), 255 + i);
        reopen();
    }
    assert_int_equal(damaged_count, 0);
    for (size_t i = 0; i < 295; i++) {
        struct octets_room room = {.at = big, .cap = BIG_LEN};
        assert_int_equal(log_read(record_log, &room, i, &note), ERR_OK);
        assert_int_equal(big[0], i < 255 ? i : i - 255);
    }
}

static void opening_alone_makes_no_segment(void **state)
{
    (void)state;
    reopen();
    reopen();
    assert_false(file_exists(files, "log/00000000.0"));
    assert_int_equal(log_end(record_log), 0);
    assert_int_equal(log_disk_len(record_log), 0);
}

static void an_error_in_replaying_ends_the_opening(void **state)
{
    (void)state;
    (void)add(octets_of("x", 1));
    log_close(record_log);
    record_log = NULL;
    replay_answer = ERR_NO_MEMORY;
    assert_int_equal(open_log(), ERR_NO_MEMORY);
    assert_null(record_log);
}

static void an_error_in_reading_is_not_damage(void **state)
{
    (void)state;
    uint64_t number = add(octets_of("x", 1));
    struct octets_room room = {.at = big, .cap = BIG_LEN};
    file_memory_fail(files, FILE_MEMORY_READ_AT, 1, ERR_IO);
    assert_int_equal(log_read(record_log, &room, number, &note), ERR_IO);
    assert_int_equal(log_read(record_log, &room, number, &note), ERR_OK);
    log_close(record_log);
    record_log = NULL;
    file_memory_fail(files, FILE_MEMORY_READ_AT, 2, ERR_IO);
    assert_int_equal(open_log(), ERR_IO);
}

static void a_batch_counts_once_it_is_committed(void **state)
{
    (void)state;
    uint64_t number;
    assert_int_equal(log_begin(record_log, 1, &note), ERR_OK);
    assert_int_equal(log_add(record_log, &number, octets_of("x", 1), &note), ERR_OK);
    assert_int_equal(log_end(record_log), 0);
    file_memory_fail(files, FILE_MEMORY_SYNC, 1, ERR_IO);
    assert_int_equal(log_commit(record_log, &note), ERR_IO);
    assert_int_equal(log_end(record_log), 0);
    assert_int_equal(log_failure(record_log), ERR_IO);
    assert_int_equal(log_begin(record_log, 1, &note), ERR_IO);
    assert_int_equal(log_add(record_log, &number, octets_of("x", 1), &note), ERR_IO);
    assert_int_equal(log_commit(record_log, &note), ERR_IO);
}

static void assert_reads(uint64_t number)
{
    struct octets_room room = {.at = big, .cap = BIG_LEN};
    assert_int_equal(log_read(record_log, &room, number, &note), ERR_OK);
    assert_memory_equal(big, &number, sizeof number);
}

/* Two processes' segments, long enough to keep the lengths of their records beside them. */
static void fill_two_segments(void)
{
    for (uint64_t i = 0; i < 40; i++) {
        memcpy(big, &i, sizeof i);
        assert_int_equal(add(octets_of(big, 20000 + 100 * (size_t)i)), i);
        if (i == 19) {
            reopen();
        }
    }
    reopen();
}

static void what_is_not_asked_for_is_not_read(void **state)
{
    (void)state;
    fill_two_segments();
    uint64_t before = file_memory_calls(files, FILE_MEMORY_READ_AT);
    reopen();
    uint64_t whole = file_memory_calls(files, FILE_MEMORY_READ_AT) - before;
    replay_from = 20;
    before = file_memory_calls(files, FILE_MEMORY_READ_AT);
    reopen();
    assert_int_equal(replayed_count, 20);
    assert_true(file_memory_calls(files, FILE_MEMORY_READ_AT) - before < whole);
    replay_from = 40;
    reopen();
    assert_int_equal(replayed_count, 0);
    for (uint64_t i = 0; i < 40; i++) {
        assert_reads(i);
    }
    replay_from = 33; /* inside a segment */
    reopen();
    assert_int_equal(replayed_count, 7);
}

static void lengths_that_are_damaged_or_missing_are_found_again(void **state)
{
    (void)state;
    fill_two_segments();
    replay_from = 40;
    for (size_t at = 0; at < file_memory_len(files, "log/00000000.0.lengths"); at++) {
        file_memory_flip(files, "log/00000000.0.lengths", at, 0x10);
        reopen();
        assert_int_equal(damaged_count, 0);
        assert_reads(19);
        /* and stand there again */
        uint64_t before = file_memory_calls(files, FILE_MEMORY_READ_AT);
        reopen();
        assert_true(file_memory_calls(files, FILE_MEMORY_READ_AT) - before <= 4);
    }
    assert_int_equal(files->remove(files, "log/00000001.0.lengths", &note), ERR_OK);
    reopen();
    assert_reads(25);
    assert_true(file_exists(files, "log/00000001.0.lengths"));
}

static void a_segment_that_was_cut_is_read_and_counted(void **state)
{
    (void)state;
    fill_two_segments();
    replay_from = 40;
    log_close(record_log);
    record_log = NULL;
    file_memory_cut(files, "log/00000000.0", 200000);
    assert_int_equal(open_log(), ERR_OK);
    assert_true(damaged_count > 5 && damaged_count < 15);
    assert_reads(3);
    struct octets_room room = {.at = big, .cap = BIG_LEN};
    assert_int_equal(log_read(record_log, &room, 19, &note), ERR_DAMAGED);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct octets_room room = {.at = big, .cap = 2};
    size_t len = 0;
    assert_int_equal(log_read(record_log, &room, 0, &note), ERR_NOT_FOUND);
    uint64_t number = add(octets_of("abc", 3));
    assert_int_equal(log_read(record_log, &room, number, &note), ERR_TOO_LARGE);
    assert_int_equal(log_read(record_log, &room, number + 1, &note), ERR_NOT_FOUND);
    assert_int_equal(log_len(record_log, &len, number), ERR_OK);
    assert_int_equal(len, 3);
    assert_int_equal(log_len(record_log, &len, number + 1), ERR_NOT_FOUND);
}

static void an_older_manifest_is_noticed(void **state)
{
    (void)state;
    (void)add(octets_of("a", 1));
    reopen();
    uint8_t *old = NULL;
    size_t old_len = 0;
    assert_int_equal(file_read_all(files, &old, &old_len, "log/manifest", 4096, &note), ERR_OK);
    (void)add(octets_of("b", 1));
    log_close(record_log);
    record_log = NULL;
    assert_int_equal(file_replace(files, "log/manifest", octets_of(old, old_len), &note), ERR_OK);
    free(old);
    assert_int_equal(open_log(), ERR_ROLLBACK);
}

static void a_log_has_an_id_that_no_other_has(void **state)
{
    (void)state;
    uint8_t id[LOG_ID_LEN];
    uint8_t later[LOG_ID_LEN];
    log_id(record_log, id);
    (void)add(octets_of_text("a record"));
    reopen();
    log_id(record_log, later);
    assert_memory_equal(later, id, LOG_ID_LEN);
    struct files *first = files;
    log_close(record_log);
    files = file_memory_new(2);
    assert_int_equal(open_log(), ERR_OK);
    log_id(record_log, later);
    assert_memory_not_equal(later, id, LOG_ID_LEN);
    file_memory_free(first);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_segment_is_followed_by_another),
        TEST(each_process_has_its_own_segment_however_many),
        TEST(opening_alone_makes_no_segment),
        TEST(an_error_in_replaying_ends_the_opening),
        TEST(an_error_in_reading_is_not_damage),
        TEST(a_batch_counts_once_it_is_committed),
        TEST(what_is_not_asked_for_is_not_read),
        TEST(lengths_that_are_damaged_or_missing_are_found_again),
        TEST(a_segment_that_was_cut_is_read_and_counted),
        TEST(what_is_not_there_is_not_found),
        TEST(an_older_manifest_is_noticed),
        TEST(a_log_has_an_id_that_no_other_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
