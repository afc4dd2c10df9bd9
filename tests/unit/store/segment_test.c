#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/segment.h"
#include "tests/support/file_memory.h"

#define RECORDS_COUNT 120
#define BATCH_COUNT   5
#define FIRST         1000
#define ROOM_LEN      (512u * 1024)

static struct err_note note;
static struct manifest_segment segment = {.number = 3, .first = FIRST, .key = {1, 2}};
static uint8_t plain[RECORDS_COUNT][4000];
static size_t plain_len[RECORDS_COUNT];
static uint64_t offsets[RECORDS_COUNT];
static uint8_t *octets;
static size_t octets_len;
static struct files *files;

static int set_up(void **state)
{
    (void)state;
    octets = malloc(ROOM_LEN);
    assert_non_null(octets);
    struct octets_room room = {.at = octets, .cap = ROOM_LEN};
    struct segment_writer writer = {.segment = &segment, .number = FIRST};
    for (size_t i = 0; i < RECORDS_COUNT; i++) {
        plain_len[i] = (i * 1237) % sizeof plain[0];
        memset(plain[i], (int)i, plain_len[i]);
        segment_write(&writer, &offsets[i], &room, octets_of(plain[i], plain_len[i]),
                      i % BATCH_COUNT == 0);
    }
    octets_len = room.len;
    assert_int_equal(writer.offset, octets_len);
    assert_true(octets_len > 3 * SEGMENT_FRAME_LEN);
    files = file_memory_new(1);
    assert_int_equal(file_replace(files, "s", octets_of(octets, octets_len), &note), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(octets);
    file_memory_free(files);
    return 0;
}

struct seen {
    size_t count;
    uint64_t damaged_count;
    uint64_t unsure_count;
};

/* Every record that opens is the one that was written under its number. */
static struct seen scan(void)
{
    struct file *file = NULL;
    struct segment_scan s = {0};
    struct segment_record record;
    struct seen seen = {0};
    enum err_code rc;
    uint64_t next = FIRST;
    assert_int_equal(files->open(files, &file, "s", FILE_READ, &note), ERR_OK);
    assert_int_equal(segment_scan_open(&s, files, file, &segment, &note), ERR_OK);
    while ((rc = segment_scan_next(&s, &record, &note)) == ERR_OK) {
        assert_in_range(record.number, next, FIRST + RECORDS_COUNT - 1);
        next = record.number + 1;
        size_t i = (size_t)(record.number - FIRST);
        assert_int_equal(record.offset, offsets[i]);
        assert_true(octets_equal(record.plain, octets_of(plain[i], plain_len[i])));
        seen.count++;
    }
    assert_int_equal(rc, ERR_NOT_FOUND);
    seen.damaged_count = s.damaged_count;
    seen.unsure_count = s.unsure_count;
    segment_scan_close(&s);
    files->close(files, file);
    return seen;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct seen seen = scan();
    assert_int_equal(seen.count, RECORDS_COUNT);
    assert_int_equal(seen.damaged_count + seen.unsure_count, 0);
}

static void a_record_straddles_no_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECORDS_COUNT; i++) {
        uint64_t end = offsets[i] + plain_len[i] + SEGMENT_OVERHEAD - 1;
        assert_int_equal(offsets[i] / SEGMENT_FRAME_LEN, end / SEGMENT_FRAME_LEN);
    }
}

static void one_flip_costs_one_record(void **state)
{
    (void)state;
    for (size_t at = 0; at < octets_len; at += 211) {
        /* More often where frames meet. */
        size_t in_frame = at % SEGMENT_FRAME_LEN;
        at -= in_frame < 211 ? in_frame : 0;
        size_t spots_count = in_frame < 211 ? 40 : 1;
        for (size_t i = 0; i < spots_count; i++) {
            file_memory_flip(files, "s", at + i, 0x81);
            struct seen seen = scan();
            uint64_t lost = RECORDS_COUNT - seen.count;
            assert_true(lost <= 1);
            assert_true(seen.damaged_count + seen.unsure_count <= lost);
            file_memory_flip(files, "s", at + i, 0x81);
        }
    }
}

static void a_lost_frame_costs_only_its_records(void **state)
{
    (void)state;
    size_t in_frame = 0;
    for (size_t i = 0; i < RECORDS_COUNT; i++) {
        in_frame += offsets[i] / SEGMENT_FRAME_LEN == 1 ? 1 : 0;
    }
    for (size_t at = SEGMENT_FRAME_LEN; at < 2 * SEGMENT_FRAME_LEN; at++) {
        file_memory_flip(files, "s", at, octets[at]);
    }
    struct seen seen = scan();
    assert_int_equal(seen.count, RECORDS_COUNT - in_frame);
    assert_int_equal(seen.damaged_count, in_frame);
}

static void a_torn_end_is_not_damage(void **state)
{
    (void)state;
    /* The last batch is torn: nothing behind it says that it was synced. */
    size_t torn = RECORDS_COUNT - 2;
    file_memory_cut(files, "s", (size_t)offsets[torn] + 5);
    struct seen seen = scan();
    assert_int_equal(seen.count, torn);
    assert_int_equal(seen.damaged_count, 0);
}

static void a_hole_in_the_last_batch_is_not_damage(void **state)
{
    (void)state;
    size_t hole = RECORDS_COUNT - 3;
    file_memory_flip(files, "s", (size_t)offsets[hole] + 8, 1);
    struct seen seen = scan();
    assert_int_equal(seen.count, RECORDS_COUNT - 1);
    assert_int_equal(seen.damaged_count, 0);
    assert_int_equal(seen.unsure_count, 1);
}

static void a_record_opens_only_as_what_it_is(void **state)
{
    (void)state;
    uint8_t room_octets[4000];
    struct octets_room room = {.at = room_octets, .cap = sizeof room_octets};
    struct octets record = octets_of(octets + offsets[1], plain_len[1] + SEGMENT_OVERHEAD);
    assert_int_equal(segment_unseal(&room, &segment, FIRST + 1, record), ERR_OK);
    assert_int_equal(segment_unseal(&room, &segment, FIRST + 2, record), ERR_DAMAGED);
    struct manifest_segment other = segment;
    other.generation = 1;
    assert_int_equal(segment_unseal(&room, &other, FIRST + 1, record), ERR_DAMAGED);
    other = segment;
    other.number = 4;
    assert_int_equal(segment_unseal(&room, &other, FIRST + 1, record), ERR_DAMAGED);
    record.len--;
    assert_int_equal(segment_unseal(&room, &segment, FIRST + 1, record), ERR_DAMAGED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read),          TEST(a_record_straddles_no_frame),
        TEST(one_flip_costs_one_record),         TEST(a_lost_frame_costs_only_its_records),
        TEST(a_torn_end_is_not_damage),          TEST(a_hole_in_the_last_batch_is_not_damage),
        TEST(a_record_opens_only_as_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
