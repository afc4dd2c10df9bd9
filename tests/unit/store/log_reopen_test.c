#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/log.h"
#include "store/log_rewrite.h"
#include "tests/support/file_memory.h"

#define BATCHES_COUNT 8
#define BATCH_LEN     3
#define RECORDS_MAX   200

static const uint8_t key[32] = {4};
static struct err_note note;
static struct files *files;
static struct log *record_log;
static uint64_t damaged_count;
/* What was acknowledged, by number; 0: nothing. */
static uint32_t acknowledged[RECORDS_MAX];
static uint64_t end;
static uint32_t written; /* values handed to the log so far: none is used twice */

static enum err_code on_record(void *context, const struct segment_record *record)
{
    (void)context;
    assert_int_equal(record->plain.len, 4);
    return ERR_OK;
}

static void open_log(void)
{
    struct log_replay replay = {.on_record = on_record};
    assert_int_equal(log_open(&record_log, &damaged_count, files, "log", key, &replay, &note),
                     ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    files = file_memory_new(2);
    memset(acknowledged, 0, sizeof acknowledged);
    end = 0;
    written = 0;
    open_log();
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

static enum err_code add(void)
{
    uint64_t numbers[BATCH_LEN];
    uint32_t first = written + 1;
    enum err_code rc = log_begin(record_log, (size_t)4 * BATCH_LEN, &note);
    for (size_t i = 0; i < BATCH_LEN && rc == ERR_OK; i++) {
        uint8_t plain[4];
        written++;
        octets_put_u32be(plain, written);
        rc = log_add(record_log, &numbers[i], octets_of(plain, sizeof plain), &note);
    }
    if (rc == ERR_OK) {
        rc = log_commit(record_log, &note);
    }
    for (size_t i = 0; i < BATCH_LEN && rc == ERR_OK; i++) {
        assert_int_equal(numbers[i], end);
        acknowledged[end++] = first + (uint32_t)i;
    }
    return rc;
}

/* Exactly what was acknowledged is there, as long as the process lives. */
static void assert_exact(void)
{
    uint8_t plain[8];
    assert_int_equal(log_end(record_log), end);
    for (uint64_t i = 0; i < end; i++) {
        struct octets_room room = {.at = plain, .cap = sizeof plain};
        assert_int_equal(log_read(record_log, &room, i, &note), ERR_OK);
        assert_int_equal(octets_get_u32be(plain), acknowledged[i]);
    }
    struct octets_room room = {.at = plain, .cap = sizeof plain};
    assert_int_equal(log_read(record_log, &room, end, &note), ERR_NOT_FOUND);
}

static void close_log(void)
{
    log_close(record_log);
    record_log = NULL;
}

static void run_with_fault(enum file_memory_call call, uint64_t nth, enum err_code code)
{
    bool failed = false;
    file_memory_fail(files, call, nth, code);
    for (size_t i = 0; i < BATCHES_COUNT; i++) {
        enum err_code rc = add();
        if (rc != ERR_OK) {
            assert_int_equal(rc, code);
            assert_int_equal(log_failure(record_log), code);
            assert_int_equal(add(), code);
            assert_exact();
            assert_int_equal(log_reopen(record_log, &damaged_count, &note), ERR_OK);
            assert_int_equal(damaged_count, 0);
            assert_int_equal(log_failure(record_log), ERR_OK);
            assert_exact();
            failed = true;
        }
    }
    assert_true(failed);
    assert_exact();
}

static const struct {
    enum file_memory_call call;
    enum err_code code;
    uint64_t nth_max;
} faults[] = {
    {FILE_MEMORY_APPEND, ERR_NO_SPACE, 7},   {FILE_MEMORY_APPEND, ERR_IO, 7},
    {FILE_MEMORY_SYNC, ERR_IO, 7},           {FILE_MEMORY_SYNC, ERR_NO_SPACE, 7},
    {FILE_MEMORY_CREATE, ERR_NO_SPACE, 2},   {FILE_MEMORY_RENAME, ERR_IO, 1},
    {FILE_MEMORY_SYNC_DIR, ERR_NO_SPACE, 2},
};

static void after_any_failing_write_it_goes_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (uint64_t nth = 1; nth <= faults[i].nth_max; nth++) {
            for (unsigned ending = 0; ending < 4; ending++) {
                (void)tear_down(NULL);
                (void)set_up(NULL);
                run_with_fault(faults[i].call, nth, faults[i].code);
                if (ending < 3) {
                    file_memory_crash(files);
                }
                close_log();
                if (ending < 3) {
                    file_memory_restart(files, (enum file_memory_outcome)ending);
                }
                open_log();
                assert_int_equal(damaged_count, 0);
                assert_exact();
            }
        }
    }
}

static void count_path(void *context, const char *path)
{
    (void)path;
    (*(size_t *)context)++;
}

static void a_full_disk_is_waited_for(void **state)
{
    (void)state;
    assert_int_equal(add(), ERR_OK);
    for (size_t i = 0; i < 20; i++) {
        file_memory_fail(files, FILE_MEMORY_APPEND, 1, ERR_NO_SPACE);
        assert_int_equal(add(), ERR_NO_SPACE);
        /* Not even the manifest fits. */
        file_memory_fail(files, FILE_MEMORY_APPEND, 1, ERR_NO_SPACE);
        assert_int_equal(log_reopen(record_log, &damaged_count, &note), ERR_NO_SPACE);
        assert_int_equal(log_failure(record_log), ERR_NO_SPACE);
        assert_int_equal(log_reopen(record_log, &damaged_count, &note), ERR_OK);
        /* A segment is begun, and then there is no room for what goes there. */
        file_memory_fail(files, FILE_MEMORY_APPEND, 2, ERR_NO_SPACE);
        assert_int_equal(add(), ERR_NO_SPACE);
        assert_int_equal(log_reopen(record_log, &damaged_count, &note), ERR_OK);
        assert_exact();
    }
    size_t files_count = 0;
    file_memory_each(files, count_path, &files_count);
    assert_int_equal(files_count, 2); /* attempts leave nothing behind */
    assert_int_equal(add(), ERR_OK);
    assert_exact();
    close_log();
    open_log();
    assert_exact();
}

static void damage_found_then_is_told(void **state)
{
    (void)state;
    assert_int_equal(add(), ERR_OK);
    assert_int_equal(add(), ERR_OK);
    file_memory_fail(files, FILE_MEMORY_SYNC, 1, ERR_IO);
    assert_int_equal(add(), ERR_IO);
    file_memory_flip(files, "log/00000000.0", 4 + 23 + 23 + 8, 1);
    assert_int_equal(log_reopen(record_log, &damaged_count, &note), ERR_OK);
    assert_int_equal(damaged_count, 1);
    uint8_t plain[8];
    struct octets_room room = {.at = plain, .cap = sizeof plain};
    assert_int_equal(log_read(record_log, &room, 2, &note), ERR_DAMAGED);
    assert_int_equal(log_read(record_log, &room, 3, &note), ERR_OK);
    assert_int_equal(log_end(record_log), 6);
}

static void where_nothing_failed_nothing_is_done(void **state)
{
    (void)state;
    assert_int_equal(add(), ERR_OK);
    uint64_t calls = file_memory_calls(files, FILE_MEMORY_ANY);
    assert_int_equal(log_reopen(record_log, &damaged_count, &note), ERR_OK);
    assert_int_equal(file_memory_calls(files, FILE_MEMORY_ANY), calls);
    assert_int_equal(add(), ERR_OK);
    assert_false(file_exists(files, "log/00000001.0"));
}

/* The manifest may tell of the end although closing the segment failed. */
static void what_is_added_after_a_segment_could_not_be_closed_is_there(void **state)
{
    static const enum file_memory_call calls[] = {FILE_MEMORY_SYNC_DIR, FILE_MEMORY_RENAME,
                                                  FILE_MEMORY_SYNC, FILE_MEMORY_APPEND};
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (unsigned outcome = 0; outcome <= FILE_MEMORY_TEAR; outcome++) {
            (void)tear_down(NULL);
            (void)set_up(NULL);
            assert_int_equal(add(), ERR_OK);
            file_memory_fail(files, calls[i], 1, ERR_IO);
            assert_int_equal(log_roll(record_log, &note), ERR_IO);
            assert_exact();
            assert_int_equal(add(), ERR_OK);
            assert_exact();
            file_memory_crash(files);
            close_log();
            file_memory_restart(files, (enum file_memory_outcome)outcome);
            open_log();
            assert_int_equal(damaged_count, 0);
            assert_exact();
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_any_failing_write_it_goes_on),
        TEST(a_full_disk_is_waited_for),
        TEST(damage_found_then_is_told),
        TEST(where_nothing_failed_nothing_is_done),
        TEST(what_is_added_after_a_segment_could_not_be_closed_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
