#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/canon.h"

#define OCTETS(...)                                                                                \
    octets_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static enum err_code skip_of(struct octets octets)
{
    struct canon_reader r = canon_reader_of(octets);
    enum err_code rc = canon_skip(&r, NULL);
    assert_int_equal(r.left, rc == ERR_OK ? 0 : octets.len);
    return rc;
}

static void every_integer_has_one_encoding(void **state)
{
    (void)state;
    const uint64_t values[] = {0,     1,     127,        128,         255,       256,
                               65535, 65536, 0xffffffff, 0x100000000, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t buffer[16];
        struct canon_writer w = canon_writer_of(buffer, sizeof buffer);
        canon_write_uint(&w, values[i]);
        struct octets written = canon_written(&w);
        struct canon_reader r = canon_reader_of(written);
        uint64_t read = 0;
        assert_int_equal(canon_read_uint(&r, &read, UINT64_MAX), ERR_OK);
        assert_true(read == values[i]);
        assert_int_equal(canon_end(&r), ERR_OK);
        for (size_t cut = 0; cut < written.len; cut++) {
            assert_int_equal(skip_of(octets_of(buffer, cut)), ERR_TRUNCATED);
        }
    }
}

static void longer_forms_are_refused(void **state)
{
    (void)state;
    assert_int_equal(skip_of(OCTETS(0xcc, 0x7f)), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xcd, 0, 0xff)), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xce, 0, 0, 0xff, 0xff)), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xd9, 1, 'a')), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xda, 0, 1, 'a')), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xc5, 0, 1, 'a')), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xc6, 0, 0, 0, 1, 'a')), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xdc, 0, 1, 1)), ERR_MALFORMED);
    assert_int_equal(skip_of(OCTETS(0xde, 0, 1, 1, 1)), ERR_MALFORMED);
}

static void types_outside_the_subset_are_refused(void **state)
{
    (void)state;
    const uint8_t firsts[] = {0xc0, 0xc1, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xd0, 0xd1,
                              0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xe0, 0xff};
    for (size_t i = 0; i < sizeof firsts; i++) {
        uint8_t octets[20] = {firsts[i]};
        assert_int_equal(skip_of(octets_of(octets, sizeof octets)), ERR_MALFORMED);
    }
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    static uint8_t buffer[200000];
    static uint8_t blob[70000];
    const size_t lens[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    memset(blob, 'x', sizeof blob);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct canon_writer w = canon_writer_of(buffer, sizeof buffer);
        canon_write_str(&w, octets_of(blob, lens[i]));
        canon_write_bin(&w, octets_of(blob, lens[i]));
        canon_write_bin_head(&w, (uint32_t)lens[i]);
        canon_write_bool(&w, true);
        struct canon_reader r = canon_reader_of(canon_written(&w));
        struct octets text;
        struct octets bin;
        uint32_t head_len;
        bool truth = false;
        assert_int_equal(canon_read_str(&r, &text, lens[i]), ERR_OK);
        assert_int_equal(canon_read_bin(&r, &bin, lens[i]), ERR_OK);
        assert_int_equal(canon_read_bin_head(&r, &head_len), ERR_OK);
        assert_int_equal(canon_read_bool(&r, &truth), ERR_OK);
        assert_int_equal(canon_end(&r), ERR_OK);
        assert_int_equal(text.len, lens[i]);
        assert_int_equal(bin.len, lens[i]);
        assert_int_equal(head_len, lens[i]);
        assert_true(truth);
    }
}

static void counts_of_every_size_read_back(void **state)
{
    (void)state;
    static uint8_t buffer[200000];
    const uint32_t counts[] = {0, 1, 15, 16, 65535, 65536};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct canon_writer w = canon_writer_of(buffer, sizeof buffer);
        canon_write_array(&w, counts[i]);
        for (uint32_t j = 0; j < counts[i]; j++) {
            canon_write_uint(&w, j & 1U);
        }
        assert_int_equal(skip_of(canon_written(&w)), ERR_OK);
        w = canon_writer_of(buffer, sizeof buffer);
        canon_write_map(&w, counts[i]);
        for (uint32_t j = 0; j < 2 * counts[i]; j++) {
            canon_write_uint(&w, j & 1U);
        }
        struct canon_reader r = canon_reader_of(canon_written(&w));
        uint32_t pairs_count = 99;
        assert_int_equal(canon_read_map(&r, &pairs_count, counts[i]), ERR_OK);
        assert_int_equal(pairs_count, counts[i]);
        assert_int_equal(skip_of(canon_written(&w)), ERR_OK);
    }
}

static void a_declared_count_never_exceeds_what_was_received(void **state)
{
    (void)state;
    uint32_t count = 7;
    struct canon_reader r = canon_reader_of(OCTETS(0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2, 3));
    assert_int_equal(canon_read_array(&r, &count, UINT32_MAX), ERR_TRUNCATED);
    r = canon_reader_of(OCTETS(0xdf, 0xff, 0xff, 0xff, 0xff, 1, 2, 3));
    assert_int_equal(canon_read_map(&r, &count, UINT32_MAX), ERR_TRUNCATED);
    assert_int_equal(count, 7);
}

static void a_failed_read_changes_nothing(void **state)
{
    (void)state;
    struct canon_reader r = canon_reader_of(OCTETS(0x05, 0xa1, 'a'));
    struct canon_reader before = r;
    uint64_t value = 77;
    struct octets text = octets_of(NULL, 0);
    uint8_t exact[1] = {9};
    assert_int_equal(canon_read_uint(&r, &value, 4), ERR_MALFORMED);
    assert_int_equal(canon_read_str(&r, &text, 9), ERR_MALFORMED);
    assert_int_equal(canon_read_bin_exact(&r, exact, 1), ERR_MALFORMED);
    assert_true(value == 77 && text.at == NULL && exact[0] == 9);
    assert_true(r.at == before.at && r.left == before.left);
    assert_int_equal(canon_end(&r), ERR_MALFORMED);
}

static void nesting_stops_at_the_bound(void **state)
{
    (void)state;
    uint8_t octets[64];
    memset(octets, 0x91, sizeof octets);
    octets[CANON_DEPTH_MAX] = 0x00;
    assert_int_equal(skip_of(octets_of(octets, CANON_DEPTH_MAX + 1)), ERR_OK);
    octets[CANON_DEPTH_MAX] = 0x90;
    assert_int_equal(skip_of(octets_of(octets, CANON_DEPTH_MAX + 1)), ERR_MALFORMED);
}

static void maps_are_refused_where_posts_hold_none(void **state)
{
    (void)state;
    struct canon_reader r = canon_reader_of(OCTETS(0x92, 1, 0x81, 1, 1));
    struct octets whole;
    assert_int_equal(canon_skip_mapless(&r, &whole), ERR_MALFORMED);
    assert_int_equal(canon_skip(&r, &whole), ERR_OK);
    assert_int_equal(whole.len, 5);
}

static void overflow_is_remembered(void **state)
{
    (void)state;
    uint8_t buffer[4];
    struct canon_writer w = canon_writer_of(buffer, sizeof buffer);
    canon_write_str(&w, octets_of_text("abcd"));
    assert_true(w.overflow);
    size_t len = w.room.len;
    canon_write_uint(&w, 1);
    assert_true(w.overflow);
    assert_int_equal(w.room.len, len);
}

static void canonical_octets_go_in_as_they_are(void **state)
{
    (void)state;
    uint8_t buffer[8];
    struct canon_writer w = canon_writer_of(buffer, sizeof buffer);
    canon_write_array(&w, 2);
    canon_write_raw(&w, OCTETS(0xa1, 'a'));
    canon_write_raw(&w, octets_of(NULL, 0));
    canon_write_bool(&w, false);
    assert_true(octets_equal(canon_written(&w), OCTETS(0x92, 0xa1, 'a', 0xc2)));
    canon_write_raw(&w, OCTETS(1, 2, 3, 4, 5));
    assert_true(w.overflow);
}

static void only_well_formed_utf8_is_text(void **state)
{
    (void)state;
    const char *good[] = {"",
                          "plain ascii text",
                          "\xc2\x80",
                          "\xe0\xa0\x80",
                          "\xed\x9f\xbf",
                          "\xee\x80\x80",
                          "\xf0\x90\x80\x80",
                          "\xf4\x8f\xbf\xbf"};
    const char *bad[] = {"\x80",
                         "\xc0\xaf",
                         "\xc1\xbf",
                         "\xc3",
                         "\xe0\x9f\xbf",
                         "\xed\xa0\x80",
                         "\xf0\x8f\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xf5\x80\x80\x80",
                         "\xff",
                         "1234567\xc3",
                         "12345678\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(canon_utf8_valid(octets_of_text(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(canon_utf8_valid(octets_of_text(bad[i])));
    }
    assert_int_equal(skip_of(OCTETS(0xa1, 0x80)), ERR_MALFORMED);
}

static void peeking_tells_the_type(void **state)
{
    (void)state;
    const uint8_t firsts[] = {0x00, 0xa0, 0xc4, 0xc2, 0x90, 0x80};
    const enum canon_type types[] = {CANON_UINT, CANON_STR,   CANON_BIN,
                                     CANON_BOOL, CANON_ARRAY, CANON_MAP};
    for (size_t i = 0; i < sizeof firsts; i++) {
        const uint8_t octets[2] = {firsts[i], 0};
        struct canon_reader r = canon_reader_of(octets_of(octets, 2));
        enum canon_type type;
        assert_int_equal(canon_peek(&r, &type), ERR_OK);
        assert_int_equal(type, types[i]);
        assert_int_equal(r.left, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_integer_has_one_encoding),
        cmocka_unit_test(longer_forms_are_refused),
        cmocka_unit_test(types_outside_the_subset_are_refused),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(counts_of_every_size_read_back),
        cmocka_unit_test(a_declared_count_never_exceeds_what_was_received),
        cmocka_unit_test(a_failed_read_changes_nothing),
        cmocka_unit_test(nesting_stops_at_the_bound),
        cmocka_unit_test(maps_are_refused_where_posts_hold_none),
        cmocka_unit_test(overflow_is_remembered),
        cmocka_unit_test(canonical_octets_go_in_as_they_are),
        cmocka_unit_test(only_well_formed_utf8_is_text),
        cmocka_unit_test(peeking_tells_the_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
