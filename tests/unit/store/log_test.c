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
static enum err_code replay_answer;
static uint8_t big[BIG_LEN];

static enum err_code on_record(void *context, const struct segment_record *record)
{
    (void)context;
    assert_int_equal(record->number, replayed_count);
    replayed_count++;
    return replay_answer;
}

static enum err_code open_log(void)
{
    struct log_replay replay = {.on_record = on_record};
    replayed_count = 0;
    return log_open(&record_log, &damaged_count, files, "log", key, &replay, &note);
}

static int set_up(void **state)
{
    (void)state;
    files = file_memory_new(2);
    replay_answer = ERR_OK;
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

static uint64_t add(struct octets plain, uint64_t *offset)
{
    uint64_t number = 0;
    assert_int_equal(log_begin(record_log, plain.len, &note), ERR_OK);
    assert_int_equal(log_add(record_log, &number, offset, plain, &note), ERR_OK);
    assert_int_equal(log_commit(record_log, &note), ERR_OK);
    return number;
}

static void a_full_segment_is_followed_by_another(void **state)
{
    (void)state;
    static uint64_t offsets[BIG_COUNT];
    for (size_t i = 0; i < BIG_COUNT; i++) {
        memcpy(big, &i, sizeof i);
        assert_int_equal(add(octets_of(big, BIG_LEN), &offsets[i]), i);
    }
    assert_true(file_memory_len(files, "log/00000000.0") <= SEGMENT_LEN_MAX);
    assert_true(file_memory_len(files, "log/00000001.0") > 0);
    reopen();
    assert_int_equal(replayed_count, BIG_COUNT);
    assert_int_equal(damaged_count, 0);
    for (size_t i = 0; i < BIG_COUNT; i += 37) {
        struct octets_room room = {.at = big, .cap = BIG_LEN};
        assert_int_equal(log_read(record_log, &room, i, offsets[i], BIG_LEN, &note), ERR_OK);
        assert_memory_equal(big, &i, sizeof i);
    }
}

static void each_process_has_its_own_segment_however_many(void **state)
{
    (void)state;
    static uint64_t offsets[300];
    for (uint8_t i = 0; i < 255; i++) {
        assert_int_equal(add(octets_of(&i, 1), &offsets[i]), i);
        reopen();
        assert_int_equal(replayed_count, i + 1);
    }
    for (uint8_t i = 0; i < 40; i++) {
        assert_int_equal(add(octets_of(&i, 1), &offsets[255 + i]), 255 + i);
        reopen();
    }
    assert_int_equal(damaged_count, 0);
    for (size_t i = 0; i < 295; i++) {
        struct octets_room room = {.at = big, .cap = BIG_LEN};
        assert_int_equal(log_read(record_log, &room, i, offsets[i], 1, &note), ERR_OK);
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
    uint64_t offset;
    (void)add(octets_of("x", 1), &offset);
    log_close(record_log);
    record_log = NULL;
    replay_answer = ERR_NO_MEMORY;
    assert_int_equal(open_log(), ERR_NO_MEMORY);
    assert_null(record_log);
}

static void an_error_in_reading_is_not_damage(void **state)
{
    (void)state;
    uint64_t offset;
    uint64_t number = add(octets_of("x", 1), &offset);
    struct octets_room room = {.at = big, .cap = BIG_LEN};
    file_memory_fail(files, FILE_MEMORY_READ_AT, 1, ERR_IO);
    assert_int_equal(log_read(record_log, &room, number, offset, 1, &note), ERR_IO);
    assert_int_equal(log_read(record_log, &room, number, offset, 1, &note), ERR_OK);
    log_close(record_log);
    record_log = NULL;
    file_memory_fail(files, FILE_MEMORY_READ_AT, 2, ERR_IO);
    assert_int_equal(open_log(), ERR_IO);
}

static void a_batch_counts_once_it_is_committed(void **state)
{
    (void)state;
    uint64_t number;
    uint64_t offset;
    assert_int_equal(log_begin(record_log, 1, &note), ERR_OK);
    assert_int_equal(log_add(record_log, &number, &offset, octets_of("x", 1), &note), ERR_OK);
    assert_int_equal(log_end(record_log), 0);
    file_memory_fail(files, FILE_MEMORY_SYNC, 1, ERR_IO);
    assert_int_equal(log_commit(record_log, &note), ERR_IO);
    assert_int_equal(log_end(record_log), 0);
    assert_int_equal(log_failure(record_log), ERR_IO);
    assert_int_equal(log_begin(record_log, 1, &note), ERR_IO);
    assert_int_equal(log_add(record_log, &number, &offset, octets_of("x", 1), &note), ERR_IO);
    assert_int_equal(log_commit(record_log, &note), ERR_IO);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
