#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/frame.h"

static uint8_t wire[FRAME_HEADER_LEN + FRAME_MAX];

static enum err_code next(struct frame *frame, size_t *used_len, size_t wire_len)
{
    return frame_next(frame, used_len, octets_of(wire, wire_len));
}

static void a_frame_comes_back_uncopied(void **state)
{
    (void)state;
    struct frame frame;
    size_t used_len = 0;
    frame_put_header(wire, FRAME_POSTS, 3);
    memset(wire + FRAME_HEADER_LEN, 7, 4);
    assert_memory_equal(wire, "\x02\0\0\0\x03", FRAME_HEADER_LEN);

    assert_int_equal(next(&frame, &used_len, FRAME_HEADER_LEN + 4), ERR_OK);
    assert_int_equal(frame.type, FRAME_POSTS);
    assert_ptr_equal(frame.payload.at, wire + FRAME_HEADER_LEN);
    assert_int_equal(frame.payload.len, 3);
    assert_int_equal(used_len, FRAME_HEADER_LEN + 3);
    assert_false(frame_is_extension(&frame));
}

static void every_length_comes_back_and_one_more_is_too_large(void **state)
{
    (void)state;
    static const uint8_t one_more[] = {FRAME_WANT, 0, 4, 0, 1};
    static const uint8_t longest[] = {FRAME_WANT, 0, 0xff, 0xff, 0xff};
    static const size_t lens[] = {0, 1, 255, 256, 65535, 65536, FRAME_MAX};
    struct frame frame;
    size_t used_len = 0;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        frame_put_header(wire, FRAME_WANT, lens[i]);
        assert_int_equal(next(&frame, &used_len, FRAME_HEADER_LEN + lens[i]), ERR_OK);
        assert_int_equal(frame.payload.len, lens[i]);
    }
    memcpy(wire, one_more, FRAME_HEADER_LEN);
    assert_int_equal(next(&frame, &used_len, FRAME_HEADER_LEN), ERR_TOO_LARGE);
    memcpy(wire, longest, FRAME_HEADER_LEN);
    assert_int_equal(next(&frame, &used_len, sizeof wire), ERR_TOO_LARGE);
}

static void a_frame_cut_anywhere_is_truncated_and_writes_nothing(void **state)
{
    (void)state;
    struct frame frame = {.type = 99};
    size_t used_len = 77;
    frame_put_header(wire, FRAME_RECON, 300);
    for (size_t len = 0; len < FRAME_HEADER_LEN + 300; len++) {
        assert_int_equal(next(&frame, &used_len, len), ERR_TRUNCATED);
    }
    assert_int_equal(frame.type, 99);
    assert_int_equal(used_len, 77);
}

static void every_type_is_known_skipped_or_malformed(void **state)
{
    (void)state;
    struct frame frame;
    size_t used_len = 0;
    for (int type = 0; type < 256; type++) {
        memset(wire, 0, FRAME_HEADER_LEN);
        wire[0] = (uint8_t)type;
        bool known = type >= FRAME_HELLO && type < FRAME_TYPES_END;
        bool extension = type >= 64;
        enum err_code expected = known || extension ? ERR_OK : ERR_MALFORMED;
        assert_int_equal(next(&frame, &used_len, FRAME_HEADER_LEN), expected);
        if (expected == ERR_OK) {
            assert_int_equal(frame_is_extension(&frame), extension);
        } else {
            assert_int_equal(next(&frame, &used_len, 1), ERR_MALFORMED);
        }
    }
}

static void any_flag_is_malformed(void **state)
{
    (void)state;
    struct frame frame;
    size_t used_len = 0;
    for (int bit = 0; bit < 8; bit++) {
        frame_put_header(wire, FRAME_HELLO, 0);
        wire[1] = (uint8_t)(1 << bit);
        assert_int_equal(next(&frame, &used_len, FRAME_HEADER_LEN), ERR_MALFORMED);
        assert_int_equal(next(&frame, &used_len, 2), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_back_uncopied),
        cmocka_unit_test(every_length_comes_back_and_one_more_is_too_large),
        cmocka_unit_test(a_frame_cut_anywhere_is_truncated_and_writes_nothing),
        cmocka_unit_test(every_type_is_known_skipped_or_malformed),
        cmocka_unit_test(any_flag_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
