/* The octets of the newest posts at hand for who reads them next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/post.h"
#include "store/store_recent.h"

#define LEN 5000

static uint8_t octets[LEN];

static struct octets wire_of(uint64_t position)
{
    memset(octets, (int)(position % 251), sizeof octets);
    return octets_of(octets, 1 + (size_t)(position * 7 % LEN));
}

static struct post_id id_of(uint64_t position)
{
    struct post_id id = {{0}};
    octets_put_u64be(id.octets, position);
    return id;
}

static bool gives(struct store_recent *recent, uint64_t position)
{
    static uint8_t at[POST_WIRE_MAX];
    struct octets_room room = {.at = at, .cap = sizeof at};
    struct post_id id = id_of(position);
    bool given = store_recent_get(recent, &room, position, &id);
    assert_true(!given || octets_equal(octets_of(at, room.len), wire_of(position)));
    return given;
}

static void what_it_gives_is_what_was_put_and_the_newest_are_there(void **state)
{
    (void)state;
    struct store_recent recent;
    assert_int_equal(store_recent_init(&recent, true), ERR_OK);
    assert_false(gives(&recent, 0));
    for (uint64_t position = 0; position < 10000; position++) {
        struct post_id id = id_of(position);
        struct post_id found;
        assert_false(store_recent_id(&recent, &found, position));
        store_recent_add(&recent, position, &id, wire_of(position));
        assert_true(store_recent_id(&recent, &found, position));
        assert_true(post_id_equal(&found, &id));
        for (uint64_t back = 0; back < 8 && back <= position; back++) {
            assert_true(gives(&recent, position - back));
        }
        (void)gives(&recent, position / 2);
        (void)gives(&recent, position - (position < 300 ? position : 300));
    }
    assert_false(gives(&recent, 10));
    assert_false(gives(&recent, 10000));
    store_recent_drop(&recent);
    assert_false(gives(&recent, 9999));
    store_recent_close(&recent);
}

static void another_post_than_the_one_that_is_asked_for_is_not_given(void **state)
{
    (void)state;
    uint8_t at[16];
    struct octets_room room = {.at = at, .cap = sizeof at};
    struct post_id id = id_of(1);
    struct post_id other = id_of(2);
    struct store_recent recent;
    assert_int_equal(store_recent_init(&recent, true), ERR_OK);
    store_recent_add(&recent, 1, &id, octets_of("seventeen octets.", 17));
    assert_false(store_recent_get(&recent, &room, 1, &id)); /* too long */
    store_recent_add(&recent, 1, &id, octets_of("fits", 4));
    assert_false(store_recent_get(&recent, &room, 1, &other));
    assert_true(store_recent_get(&recent, &room, 1, &id));
    assert_int_equal(room.len, 4);
    store_recent_close(&recent);
}

static void a_store_without_a_reader_keeps_nothing(void **state)
{
    (void)state;
    struct store_recent recent;
    struct post_id id = id_of(1);
    assert_int_equal(store_recent_init(&recent, false), ERR_OK);
    store_recent_add(&recent, 1, &id, wire_of(1));
    assert_false(gives(&recent, 1));
    assert_null(recent.held);
    store_recent_close(&recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_gives_is_what_was_put_and_the_newest_are_there),
        cmocka_unit_test(another_post_than_the_one_that_is_asked_for_is_not_given),
        cmocka_unit_test(a_store_without_a_reader_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
