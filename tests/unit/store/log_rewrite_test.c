#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/log_rewrite.h"
#include "tests/support/file_memory.h"

#define RECORDS_MAX 400
#define SLICE       3000

static const uint8_t key[32] = {4};
static struct err_note note;
static struct files *files;
static struct log *record_log;
static uint64_t damaged_count;

/* What stands where, told apart from the log. */
enum state { ABSENT, THERE, GONE, LOST };

static enum state states[RECORDS_MAX];
static bool to_purge[RECORDS_MAX];
static bool replayed[RECORDS_MAX];
static uint64_t end;

static size_t plain_of(uint8_t out[600], uint64_t number)
{
    size_t len = 40 + (size_t)(number * 37) % 500;
    memset(out, (int)number, len);
    (void)snprintf((char *)out, 40, "record %llu", (unsigned long long)number);
    return len;
}

static enum err_code on_record(void *context, const struct segment_record *record)
{
    (void)context;
    uint8_t plain[600];
    size_t len = plain_of(plain, record->number);
    assert_true(octets_equal(record->plain, octets_of(plain, len)));
    assert_true(record->number < RECORDS_MAX && !replayed[record->number]);
    replayed[record->number] = true;
    return ERR_OK;
}

static enum err_code open_log(void)
{
    struct log_replay replay = {.on_record = on_record};
    memset(replayed, 0, sizeof replayed);
    return log_open(&record_log, &damaged_count, files, "log", key, &replay, &note);
}

static int set_up(void **state)
{
    (void)state;
    files = file_memory_new(2);
    memset(states, 0, sizeof states);
    memset(to_purge, 0, sizeof to_purge);
    end = 0;
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

static enum err_code try_add(size_t count)
{
    uint8_t plain[600];
    uint64_t number = 0;
    enum err_code rc = log_begin(record_log, count * 600, &note);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        size_t len = plain_of(plain, end + i);
        rc = log_add(record_log, &number, octets_of(plain, len), &note);
        assert_true(rc != ERR_OK || number == end + i);
    }
    return rc == ERR_OK ? log_commit(record_log, &note) : rc;
}

static void add(size_t count)
{
    assert_int_equal(try_add(count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        states[end++] = THERE;
    }
}

static bool purges(void *context, uint64_t number)
{
    (void)context;
    assert_true(number < end);
    return to_purge[number];
}

static const struct log_purge purge = {.purges = purges};

static enum err_code run(struct log_rewrite *rewrite, struct log_rewritten *result)
{
    bool done = false;
    enum err_code rc = ERR_OK;
    while (!done && rc == ERR_OK) {
        rc = log_rewrite_step(rewrite, &done, result, SLICE, &note);
    }
    log_rewrite_free(rewrite);
    return rc;
}

static enum err_code try_rewrite(uint64_t first, size_t segments_count,
                                 struct log_rewritten *result)
{
    struct log_rewrite *rewrite = NULL;
    struct log_span span = {.first = first, .segments_count = segments_count};
    enum err_code rc = log_rewrite_begin(&rewrite, record_log, &span, &purge, &note);
    return rc == ERR_OK ? run(rewrite, result) : rc;
}

static struct log_rewritten rewrite(uint64_t first, size_t segments_count)
{
    struct log_rewritten result = {0};
    assert_int_equal(try_rewrite(first, segments_count, &result), ERR_OK);
    for (uint64_t i = first; i < end; i++) {
        states[i] = to_purge[i] && states[i] == THERE ? GONE : states[i];
    }
    return result;
}

static void assert_reads(uint64_t number)
{
    uint8_t plain[600];
    uint8_t expected[600];
    struct octets_room room = {.at = plain, .cap = sizeof plain};
    enum err_code rc = log_read(record_log, &room, number, &note);
    if (states[number] == THERE) {
        size_t len = plain_of(expected, number);
        assert_int_equal(rc, ERR_OK);
        assert_true(octets_equal(octets_of(plain, room.len), octets_of(expected, len)));
    } else {
        assert_int_equal(rc, states[number] == LOST ? ERR_DAMAGED : ERR_NOT_FOUND);
    }
}

static void assert_all_stand(void)
{
    assert_int_equal(log_end(record_log), end);
    for (uint64_t i = 0; i < end; i++) {
        assert_reads(i);
    }
}

/* In memory, and as it is found again. */
static void assert_kept(void)
{
    assert_all_stand();
    reopen();
    assert_int_equal(damaged_count, 0);
    for (uint64_t i = 0; i < end; i++) {
        assert_int_equal(replayed[i], states[i] == THERE);
    }
    assert_all_stand();
}

static void count_path(void *context, const char *path)
{
    (void)path;
    (*(size_t *)context)++;
}

static size_t files_count(void)
{
    size_t count = 0;
    file_memory_each(files, count_path, &count);
    return count;
}

static void purged_records_are_gone_and_the_others_stay(void **state)
{
    (void)state;
    add(50);
    add(50);
    reopen();
    for (size_t i = 0; i < 100; i++) {
        to_purge[i] = i % 3 == 0 || (i > 40 && i < 70);
    }
    struct log_rewritten result = rewrite(0, 1);
    assert_int_equal(result.purged_count, 53);
    assert_int_equal(result.lost_count, 0);
    assert_true(result.len_after < result.len_before * 6 / 10);
    assert_int_equal(log_disk_len(record_log), result.len_after);
    assert_false(file_exists(files, "log/00000000.0"));
    assert_true(file_exists(files, "log/00000000.1"));
    assert_kept();
    add(10);
    assert_kept();
    assert_int_equal(files_count(), 3);
}

/* Whoever does the last slice waits for little. */
static void a_long_segment_is_synced_as_it_is_written(void **state)
{
    (void)state;
    static uint8_t plain[32768];
    struct log_span span;
    struct log_rewrite *rewrite = NULL;
    struct log_rewritten result;
    uint64_t number;
    uint64_t len = 0;
    while (len < (uint64_t)12 * 1024 * 1024) {
        assert_int_equal(log_begin(record_log, sizeof plain, &note), ERR_OK);
        assert_int_equal(log_add(record_log, &number, octets_of(plain, sizeof plain), &note),
                         ERR_OK);
        assert_int_equal(log_commit(record_log, &note), ERR_OK);
        len += sizeof plain;
    }
    end = number + 1;
    assert_true(end <= RECORDS_MAX);
    assert_int_equal(log_roll(record_log, &note), ERR_OK);
    assert_int_equal(log_span_of(record_log, &span, 0), ERR_OK);
    assert_int_equal(log_rewrite_begin(&rewrite, record_log, &span, &purge, &note), ERR_OK);
    uint64_t syncs = 0;
    for (bool done = false; !done;) {
        uint64_t before = file_memory_calls(files, FILE_MEMORY_SYNC);
        assert_int_equal(log_rewrite_step(rewrite, &done, &result, 1024 * 1024, &note), ERR_OK);
        syncs += done ? 0 : file_memory_calls(files, FILE_MEMORY_SYNC) - before;
    }
    log_rewrite_free(rewrite);
    assert_true(syncs >= 2);
}

static void a_segment_is_rewritten_again_and_again(void **state)
{
    (void)state;
    uint8_t id[LOG_ID_LEN];
    log_id(record_log, id);
    add(120);
    reopen();
    for (size_t round = 0; round < 6; round++) {
        for (size_t i = round; i < 120; i += 7) {
            to_purge[i] = true;
        }
        (void)rewrite(0, 1);
        assert_kept();
    }
    assert_true(file_exists(files, "log/00000000.6"));
    assert_int_equal(files_count(), 2);
    reopen();
    uint8_t after[LOG_ID_LEN];
    log_id(record_log, after);
    assert_memory_equal(after, id, LOG_ID_LEN);
}

static void of_a_segment_without_records_nothing_is_left(void **state)
{
    (void)state;
    add(20);
    reopen();
    add(20);
    reopen();
    memset(to_purge + 20, true, 20);
    struct log_rewritten result = rewrite(20, 1);
    assert_int_equal(result.len_after, 0);
    assert_int_equal(files_count(), 2);
    assert_kept();
    add(5); /* numbers go on behind what is gone */
    assert_kept();
    memset(to_purge, true, RECORDS_MAX);
    assert_int_equal(log_roll(record_log, &note), ERR_OK);
    (void)rewrite(0, 2);
    assert_int_equal(files_count(), 1);
    assert_kept();
    assert_int_equal(end, 45);
    add(1);
    assert_kept();
}

static void segments_that_follow_each_other_become_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        add(10);
        reopen();
    }
    memset(to_purge + 30, true, 12);
    (void)rewrite(30, 1); /* a gap between two segments */
    struct log_span span;
    assert_int_equal(log_span_short(record_log, &span), ERR_OK);
    assert_int_equal(span.first, 0);
    assert_int_equal(span.segments_count, 8);
    struct log_rewritten result = rewrite(span.first, span.segments_count);
    assert_int_equal(result.lost_count, 0);
    struct log_segment segment;
    assert_int_equal(log_segment_at(record_log, &segment, 0), ERR_OK);
    assert_int_equal(segment.first, 0);
    assert_int_equal(segment.records_count, 90);
    assert_true(segment.closed);
    assert_int_equal(log_segment_at(record_log, &segment, 1), ERR_NOT_FOUND);
    assert_int_equal(log_span_short(record_log, &span), ERR_NOT_FOUND);
    assert_kept();
}

static void only_what_is_closed_is_rewritten(void **state)
{
    (void)state;
    struct log_span span;
    struct log_rewritten result;
    assert_int_equal(log_span_of(record_log, &span, 0), ERR_NOT_FOUND);
    add(30);
    reopen();
    add(30);
    assert_int_equal(log_span_of(record_log, &span, 10), ERR_OK);
    assert_int_equal(span.first, 0);
    assert_int_equal(span.segments_count, 1);
    assert_int_equal(log_span_of(record_log, &span, 45), ERR_REFUSED);
    assert_int_equal(try_rewrite(30, 1, &result), ERR_REFUSED);
    assert_int_equal(log_roll(record_log, &note), ERR_OK);
    assert_int_equal(log_span_of(record_log, &span, 45), ERR_OK);
    assert_int_equal(span.first, 30);
    to_purge[45] = true;
    (void)rewrite(30, 1);
    assert_int_equal(log_span_of(record_log, &span, 45), ERR_NOT_FOUND);
    add(3);
    assert_kept();
}

static void one_log_is_rewritten_once_at_a_time(void **state)
{
    (void)state;
    add(30);
    reopen();
    struct log_rewrite *first = NULL;
    struct log_rewrite *second = NULL;
    struct log_span span = {.first = 0, .segments_count = 1};
    bool done = false;
    struct log_rewritten result;
    to_purge[3] = true;
    assert_int_equal(log_rewrite_begin(&first, record_log, &span, &purge, &note), ERR_OK);
    assert_int_equal(log_rewrite_begin(&second, record_log, &span, &purge, &note), ERR_IN_USE);
    assert_int_equal(log_rewrite_step(first, &done, &result, SLICE, &note), ERR_OK);
    assert_false(done);
    add(10); /* meanwhile */
    assert_all_stand();
    log_rewrite_free(first);
    assert_all_stand();
    (void)rewrite(0, 1);
    assert_kept();
}

static void what_is_not_there_cannot_be_rewritten(void **state)
{
    (void)state;
    struct log_rewritten result;
    assert_int_equal(try_rewrite(0, 1, &result), ERR_NOT_FOUND);
    add(10);
    reopen();
    assert_int_equal(try_rewrite(3, 1, &result), ERR_NOT_FOUND);
    assert_int_equal(try_rewrite(0, 0, &result), ERR_NOT_FOUND);
    assert_int_equal(try_rewrite(0, 2, &result), ERR_NOT_FOUND);
    assert_int_equal(try_rewrite(0, 1, &result), ERR_OK);
}

static void damaged_records_are_counted_and_never_carried_over(void **state)
{
    (void)state;
    add(60);
    reopen();
    for (size_t at = 2000; at < 2600; at++) {
        file_memory_flip(files, "log/00000000.0", at, 0xff);
    }
    size_t lost_count = 0;
    for (uint64_t i = 0; i < end; i++) {
        uint8_t plain[600];
        struct octets_room room = {.at = plain, .cap = sizeof plain};
        if (log_read(record_log, &room, i, &note) != ERR_OK) {
            states[i] = LOST;
            lost_count++;
        }
    }
    assert_true(lost_count >= 2);
    to_purge[50] = true;
    assert_int_equal(rewrite(0, 1).lost_count, lost_count);
    assert_kept();
    assert_int_equal(rewrite(0, 1).lost_count, 0); /* they are known by now */
    assert_kept();
}

static void what_a_crash_tore_is_not_counted_as_lost(void **state)
{
    (void)state;
    add(20);
    log_close(record_log);
    record_log = NULL;
    /* As if the process had not closed it, and the last batch had a hole. */
    assert_int_equal(open_log(), ERR_OK);
    add(20);
    file_memory_crash(files);
    log_close(record_log);
    record_log = NULL;
    file_memory_restart(files, FILE_MEMORY_KEEP);
    file_memory_flip(files, "log/00000001.0", 300, 1);
    assert_int_equal(open_log(), ERR_OK);
    assert_int_equal(damaged_count, 0);
    struct log_rewritten result = {0};
    assert_int_equal(try_rewrite(20, 1, &result), ERR_OK);
    assert_int_equal(result.lost_count, 0);
}

/* The workload of the crash test; whether it came to its end. */
static bool live(void)
{
    struct log_rewritten result;
    if (open_log() != ERR_OK) {
        return false;
    }
    to_purge[2] = to_purge[3] = to_purge[11] = to_purge[19] = true;
    to_purge[20] = to_purge[21] = to_purge[22] = true;
    if (try_rewrite(0, 1, &result) != ERR_OK || try_rewrite(20, 1, &result) != ERR_OK) {
        return false;
    }
    if (try_add(2) != ERR_OK || log_roll(record_log, &note) != ERR_OK) {
        return false;
    }
    states[23] = states[24] = THERE;
    end = 25;
    to_purge[24] = true;
    return try_rewrite(0, 2, &result) == ERR_OK;
}

static void prepare(struct files *whole)
{
    files = whole;
    memset(states, 0, sizeof states);
    memset(to_purge, 0, sizeof to_purge);
    end = 0;
    assert_int_equal(open_log(), ERR_OK);
    add(20);
    reopen();
    add(3);
    log_close(record_log);
    record_log = NULL;
}

/* Whatever was to be purged is there or gone, everything else is there, and no file is left over
 * that nothing names. */
static void assert_whole_after_crash(void)
{
    assert_int_equal(open_log(), ERR_OK);
    assert_int_equal(damaged_count, 0);
    assert_true(log_end(record_log) >= end);
    uint8_t plain[600];
    for (uint64_t i = 0; i < end; i++) {
        struct octets_room room = {.at = plain, .cap = sizeof plain};
        enum err_code rc = log_read(record_log, &room, i, &note);
        assert_int_equal(rc == ERR_OK, replayed[i]);
        assert_true(rc == ERR_OK || (to_purge[i] && rc == ERR_NOT_FOUND));
    }
    size_t segments_count = 0;
    struct log_segment segment;
    while (log_segment_at(record_log, &segment, segments_count) == ERR_OK) {
        segments_count++;
    }
    assert_int_equal(files_count(), 1 + segments_count);
}

static void a_crash_at_any_call_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    struct files *whole = file_memory_new(9);
    prepare(whole);
    size_t points = 0;
    for (unsigned outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
        bool ended = false;
        for (uint64_t at = 1; !ended; at++) {
            files = file_memory_copy(whole);
            end = 23;
            memset(to_purge, 0, sizeof to_purge);
            file_memory_crash_at(files, at);
            (void)live();
            ended = !file_memory_crashed(files);
            log_close(record_log);
            record_log = NULL;
            file_memory_crash(files);
            file_memory_restart(files, (enum file_memory_outcome)outcome);
            assert_whole_after_crash();
            log_close(record_log);
            record_log = NULL;
            file_memory_free(files);
            points++;
        }
    }
    assert_true(points > 3 * 40);
    file_memory_free(whole);
    files = NULL;
}

static void a_failing_call_leaves_everything_usable(void **state)
{
    (void)state;
    static const enum err_code codes[] = {ERR_IO, ERR_NO_SPACE};
    struct files *whole = file_memory_new(9);
    prepare(whole);
    for (unsigned i = 0; i < 2; i++) {
        bool ended = false;
        for (uint64_t at = 1; !ended; at++) {
            files = file_memory_copy(whole);
            end = 23;
            memset(to_purge, 0, sizeof to_purge);
            uint64_t calls_before = file_memory_calls(files, FILE_MEMORY_ANY);
            file_memory_fail(files, FILE_MEMORY_ANY, at, codes[i]);
            (void)live();
            ended = file_memory_calls(files, FILE_MEMORY_ANY) < calls_before + at;
            file_memory_fail(files, FILE_MEMORY_ANY, UINT32_MAX, ERR_IO); /* no more of them */
            if (record_log != NULL && log_failure(record_log) == ERR_OK) {
                /* Tried again it succeeds. */
                struct log_rewritten result;
                assert_int_equal(try_rewrite(0, 1, &result), ERR_OK);
                for (uint64_t k = 0; k < 20; k++) {
                    states[k] = to_purge[k] ? GONE : THERE;
                    assert_reads(k);
                }
            }
            log_close(record_log);
            record_log = NULL;
            assert_whole_after_crash();
            log_close(record_log);
            record_log = NULL;
            file_memory_free(files);
        }
    }
    file_memory_free(whole);
    files = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(purged_records_are_gone_and_the_others_stay),
        TEST(a_long_segment_is_synced_as_it_is_written),
        TEST(a_segment_is_rewritten_again_and_again),
        TEST(of_a_segment_without_records_nothing_is_left),
        TEST(segments_that_follow_each_other_become_one),
        TEST(only_what_is_closed_is_rewritten),
        TEST(one_log_is_rewritten_once_at_a_time),
        TEST(what_is_not_there_cannot_be_rewritten),
        TEST(damaged_records_are_counted_and_never_carried_over),
        TEST(what_a_crash_tore_is_not_counted_as_lost),
        cmocka_unit_test(a_crash_at_any_call_leaves_the_old_or_the_new),
        cmocka_unit_test(a_failing_call_leaves_everything_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
