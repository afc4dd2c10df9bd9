#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/segment_table.h"

#define ENTRIES_MAX 3000

static struct segment_table table;

/* What was added, kept apart. */
struct entry {
    enum segment_kind kind;
    uint64_t offset;
    size_t plain_len;
};

static struct entry entries[ENTRIES_MAX];
static size_t entries_count;
static uint64_t end;
static uint32_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static int set_up(void **unused)
{
    (void)unused;
    table = (struct segment_table){0};
    entries_count = 0;
    end = 0;
    state = 7;
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    segment_table_close(&table);
    return 0;
}

static void add_record(uint64_t skipped_len, size_t plain_len)
{
    uint64_t offset = segment_place(end + skipped_len, plain_len + SEGMENT_OVERHEAD);
    assert_int_equal(segment_table_record(&table, offset, plain_len), ERR_OK);
    entries[entries_count++] = (struct entry){SEGMENT_RECORD, offset, plain_len};
    end = offset + plain_len + SEGMENT_OVERHEAD;
}

static void add_run(enum segment_kind kind, size_t count, bool written)
{
    assert_int_equal(segment_table_run(&table, kind, count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        entries[entries_count++] = (struct entry){.kind = kind};
    }
    end = written ? segment_place(end, SEGMENT_RUN_LEN) + SEGMENT_RUN_LEN : end;
}

static void assert_finds_all(const struct segment_table *found_in)
{
    assert_int_equal(found_in->lens_count, entries_count);
    for (size_t i = 0; i < entries_count; i++) {
        uint64_t offset = 0;
        size_t plain_len = 0;
        enum err_code rc = segment_table_find(found_in, &offset, &plain_len, i);
        if (entries[i].kind != SEGMENT_RECORD) {
            assert_int_equal(rc, entries[i].kind == SEGMENT_PURGED ? ERR_NOT_FOUND : ERR_DAMAGED);
            continue;
        }
        assert_int_equal(rc, ERR_OK);
        assert_int_equal(offset, entries[i].offset);
        assert_int_equal(plain_len, entries[i].plain_len);
    }
}

/* Encoded and decoded it finds the same. */
static void assert_keeps_all(void)
{
    uint8_t *octets = NULL;
    size_t len = 0;
    struct segment_table decoded = {0};
    assert_finds_all(&table);
    assert_int_equal(segment_table_encode(&table, &octets, &len), ERR_OK);
    assert_int_equal(segment_table_decode(&decoded, octets_of(octets, len)), ERR_OK);
    free(octets);
    assert_finds_all(&decoded);
    segment_table_close(&decoded);
}

static void records_lie_where_they_were_written(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2000; i++) {
        add_record(0, draw(10) == 0 ? draw(30000) : draw(600));
    }
    assert_keeps_all();
    assert_true(table.anchors_count <= 2000 / 64 + 1);
}

static void a_table_takes_little_more_than_two_octets_a_record(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 3000; i++) {
        add_record(0, 430);
    }
    segment_table_trim(&table);
    size_t len = table.lens_cap * sizeof *table.lens + table.anchors_cap * sizeof *table.anchors;
    assert_true(len * 10 <= 3000 * 22);
}

static void whatever_is_missing_the_others_are_found(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 200; round++) {
        segment_table_close(&table);
        entries_count = 0;
        end = 0;
        while (entries_count + 100 < 400) {
            switch (draw(6)) {
            case 0:
                add_run(SEGMENT_PURGED, 1 + draw(90), true);
                break;
            case 1:
                add_run(SEGMENT_LOST, 1 + draw(3), true);
                break;
            case 2: /* damage: how long it was is not known */
                add_run(SEGMENT_LOST, 1 + draw(4), false);
                end += draw(2000);
                break;
            default:
                for (uint32_t i = draw(30); i > 0; i--) {
                    add_record(0, draw(500));
                }
            }
        }
        assert_keeps_all();
    }
}

static void what_is_no_table_is_malformed(void **unused)
{
    (void)unused;
    uint8_t *octets = NULL;
    size_t len = 0;
    struct segment_table decoded = {0};
    add_record(0, 10);
    add_run(SEGMENT_LOST, 1, false);
    add_record(100, 10);
    assert_int_equal(segment_table_encode(&table, &octets, &len), ERR_OK);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(segment_table_decode(&decoded, octets_of(octets, cut)), ERR_MALFORMED);
    }
    static const size_t vital[] = {0, 7, 8, 11, 18, 21, 22, 25, 26};
    for (size_t i = 0; i < sizeof vital / sizeof vital[0]; i++) {
        octets[vital[i]] ^= 0x55;
        assert_int_equal(segment_table_decode(&decoded, octets_of(octets, len)), ERR_MALFORMED);
        octets[vital[i]] ^= 0x55;
    }
    assert_int_equal(segment_table_decode(&decoded, octets_of(octets, len)), ERR_OK);
    segment_table_close(&decoded);
    free(octets);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_lie_where_they_were_written),
        TEST(a_table_takes_little_more_than_two_octets_a_record),
        TEST(whatever_is_missing_the_others_are_found),
        TEST(what_is_no_table_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
