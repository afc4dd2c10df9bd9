#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json.h"
#include "proto/canon.h"

static uint8_t room[4096];

static enum err_code print(char **printed, struct octets item)
{
    size_t len = 0;
    FILE *out = open_memstream(printed, &len);
    enum err_code rc = json_print(out, item);
    (void)fclose(out);
    return rc;
}

static void expect(const struct canon_writer *w, const char *shown)
{
    char *printed = NULL;
    assert_int_equal(print(&printed, canon_written(w)), ERR_OK);
    assert_string_equal(printed, shown);
    free(printed);
}

static struct canon_writer one_text(const char *text)
{
    struct canon_writer w = canon_writer_of(room, sizeof room);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("text"));
    canon_write_str(&w, octets_of_text(text));
    return w;
}

static void every_type_has_its_form_in_the_order_written(void **state)
{
    (void)state;
    struct canon_writer w = canon_writer_of(room, sizeof room);
    canon_write_map(&w, 7);
    canon_write_str(&w, octets_of_text("id"));
    canon_write_bin(&w, octets_of("\x00\xab\xff", 3));
    canon_write_str(&w, octets_of_text("created_s"));
    canon_write_uint(&w, UINT64_MAX);
    canon_write_str(&w, octets_of_text("voice"));
    canon_write_bool(&w, true);
    canon_write_str(&w, octets_of_text("tags"));
    canon_write_array(&w, 2);
    canon_write_str(&w, octets_of_text("metoo"));
    canon_write_str(&w, octets_of_text("work"));
    canon_write_str(&w, octets_of_text("none"));
    canon_write_array(&w, 0);
    canon_write_str(&w, octets_of_text("reactions"));
    canon_write_map(&w, 2);
    canon_write_str(&w, octets_of_text("heart"));
    canon_write_uint(&w, 2);
    canon_write_str(&w, octets_of_text("with"));
    canon_write_uint(&w, 1);
    canon_write_str(&w, octets_of_text("empty"));
    canon_write_map(&w, 0);
    expect(&w, "{\"id\":\"00abff\",\"created_s\":18446744073709551615,\"voice\":true,"
               "\"tags\":[\"metoo\",\"work\"],\"none\":[],\"reactions\":{\"heart\":2,\"with\":1},"
               "\"empty\":{}}\n");
}

static void what_is_for_people_only_is_left_out(void **state)
{
    (void)state;
    struct canon_writer w = canon_writer_of(room, sizeof room);
    canon_write_map(&w, 3);
    canon_write_str(&w, octets_of_text("_short"));
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("x"));
    canon_write_uint(&w, 1);
    canon_write_str(&w, octets_of_text("kind"));
    canon_write_str(&w, octets_of_text("text"));
    canon_write_str(&w, octets_of_text("_name"));
    canon_write_str(&w, octets_of_text("@carl"));
    expect(&w, "{\"kind\":\"text\"}\n");
}

static void control_and_invisible_characters_are_escaped(void **state)
{
    (void)state;
    struct canon_writer w = one_text("\"\\\n\r\t\x1b\x7f\xc2\x9b");
    expect(&w, "{\"text\":\"\\\"\\\\\\n\\r\\t\\u001b\\u007f\\u009b\"}\n");
    w = one_text("a\xe2\x80\xae\xe2\x80\xac\xe2\x80\xa8\xe2\x80\x8b\xef\xbb\xbf");
    expect(&w, "{\"text\":\"a\\u202e\\u202c\\u2028\\u200b\\ufeff\"}\n");
    w = one_text("\xe6\x88\x91 \xf0\x9f\x92\x94 \xc3\xa9");
    expect(&w, "{\"text\":\"\xe6\x88\x91 \xf0\x9f\x92\x94 \xc3\xa9\"}\n");
}

static void what_is_not_a_canonical_map_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t octets[8];
        size_t len;
        enum err_code rc;
    } cases[] = {
        {{0x90}, 1, ERR_MALFORMED},             /* an array */
        {{0x81, 0x01, 0x01}, 3, ERR_MALFORMED}, /* a number for a name */
        {{0x81, 0xa1, 'a'}, 3, ERR_TRUNCATED},
        {{0x81, 0xa1, 'a', 0xc0}, 4, ERR_MALFORMED}, /* nil */
        {{0}, 0, ERR_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *printed = NULL;
        assert_int_equal(print(&printed, octets_of(cases[i].octets, cases[i].len)), cases[i].rc);
        free(printed);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    struct canon_writer w = canon_writer_of(room, sizeof room);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("a"));
    for (int i = 0; i < CANON_DEPTH_MAX; i++) {
        canon_write_array(&w, 1);
    }
    canon_write_uint(&w, 1);
    expect(&w, "{\"a\":[[[[[[[[1]]]]]]]]}\n");

    w = canon_writer_of(room, sizeof room);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("a"));
    for (int i = 0; i <= CANON_DEPTH_MAX; i++) {
        canon_write_array(&w, 1);
    }
    canon_write_uint(&w, 1);
    char *printed = NULL;
    assert_int_equal(print(&printed, canon_written(&w)), ERR_MALFORMED);
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_its_form_in_the_order_written),
        cmocka_unit_test(what_is_for_people_only_is_left_out),
        cmocka_unit_test(control_and_invisible_characters_are_escaped),
        cmocka_unit_test(what_is_not_a_canonical_map_is_refused),
        cmocka_unit_test(nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
