#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/control.h"

static uint8_t room[CONTROL_MESSAGE_MAX + 1024];

static struct octets close_message(struct canon_writer *w)
{
    struct octets message = {0};
    assert_int_equal(control_close(w, &message), ERR_OK);
    return message;
}

static struct octets without_prefix(struct octets message)
{
    size_t len = 0;
    assert_int_equal(control_length(&len, message), ERR_OK);
    assert_int_equal(len, message.len - CONTROL_PREFIX_LEN);
    return octets_of(message.at + CONTROL_PREFIX_LEN, len);
}

static struct octets a_request(struct canon_writer *w)
{
    *w = canon_writer_of(room, sizeof room);
    control_request_begin(w, 7, CONTROL_REPLY);
    canon_write_map(w, 3);
    canon_write_str(w, octets_of_text("id"));
    canon_write_str(w, octets_of_text("a1b2"));
    canon_write_str(w, octets_of_text("text"));
    canon_write_str(w, octets_of_text("me too"));
    canon_write_str(w, octets_of_text("strangers"));
    canon_write_bool(w, true);
    return close_message(w);
}

static void every_command_has_a_name_that_leads_back_to_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTROL_COMMANDS_COUNT; i++) {
        enum control_command back = CONTROL_COMMANDS_COUNT;
        const char *name = control_command_name((enum control_command)i);
        assert_non_null(name);
        assert_int_equal(control_command_of(&back, octets_of_text(name)), ERR_OK);
        assert_int_equal(back, i);
    }
    enum control_command none;
    assert_int_equal(control_command_of(&none, octets_of_text("timelin")), ERR_NOT_FOUND);
}

static void a_request_comes_back_as_it_was_sent(void **state)
{
    (void)state;
    struct canon_writer w;
    struct control_message m;
    assert_int_equal(control_decode(&m, without_prefix(a_request(&w))), ERR_OK);
    assert_int_equal(m.type, CONTROL_REQUEST);
    assert_int_equal(m.request_id, 7);
    assert_int_equal(m.command, CONTROL_REPLY);

    struct octets text = {0};
    assert_int_equal(control_get_str(&text, m.body, "text"), ERR_OK);
    assert_true(octets_equal(text, octets_of_text("me too")));
    bool strangers = false;
    assert_int_equal(control_get_bool(&strangers, m.body, "strangers"), ERR_OK);
    assert_true(strangers);
    uint64_t number = 0;
    struct octets bin = {0};
    assert_int_equal(control_get_str(&text, m.body, "note"), ERR_NOT_FOUND);
    assert_int_equal(control_get_uint(&number, m.body, "text"), ERR_MALFORMED);
    assert_int_equal(control_get_bin(&bin, m.body, "text"), ERR_MALFORMED);
    assert_int_equal(control_get_bool(&strangers, m.body, "text"), ERR_MALFORMED);
}

static void a_map_is_walked_in_the_order_it_was_written(void **state)
{
    (void)state;
    struct canon_writer w;
    struct control_message m;
    assert_int_equal(control_decode(&m, without_prefix(a_request(&w))), ERR_OK);
    static const char *const names[] = {"id", "text", "strangers"};
    struct canon_reader pairs = {0};
    uint32_t pairs_count = 0;
    assert_int_equal(control_map_begin(&pairs, &pairs_count, m.body), ERR_OK);
    assert_int_equal(pairs_count, 3);
    for (uint32_t i = 0; i < pairs_count; i++) {
        struct octets name = {0};
        struct canon_reader value = {0};
        assert_int_equal(control_map_next(&pairs, &name, &value), ERR_OK);
        assert_true(octets_equal(name, octets_of_text(names[i])));
    }
    assert_int_equal(canon_end(&pairs), ERR_OK);
}

static void items_notes_ends_and_cancels_come_back(void **state)
{
    (void)state;
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct control_message m;

    control_item_begin(&w, 9);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("peers"));
    canon_write_uint(&w, 3);
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_OK);
    uint64_t peers = 0;
    assert_int_equal(m.type, CONTROL_ITEM);
    assert_int_equal(control_get_uint(&peers, m.body, "peers"), ERR_OK);
    assert_int_equal(peers, 3);

    control_end(&w, 9, 5, "not yours");
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_OK);
    assert_int_equal(m.type, CONTROL_END);
    assert_int_equal(m.exit_status, 5);
    assert_true(octets_equal(m.text, octets_of_text("not yours")));

    control_note(&w, UINT32_MAX, "kept");
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_OK);
    assert_int_equal(m.type, CONTROL_NOTE);
    assert_int_equal(m.request_id, UINT32_MAX);

    control_cancel(&w, 9);
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_OK);
    assert_int_equal(m.type, CONTROL_CANCEL);
}

static void an_unknown_command_still_says_which_request_it_was(void **state)
{
    (void)state;
    static const uint8_t octets[] = {0x94, 1, 42, 0xa4, 'n', 'o', 'p', 'e', 0x80};
    struct control_message m;
    assert_int_equal(control_decode(&m, octets_of(octets, sizeof octets)), ERR_NOT_FOUND);
    assert_int_equal(m.request_id, 42);
    assert_int_equal(m.command, CONTROL_COMMANDS_COUNT);
}

static void every_cut_of_a_message_is_truncated(void **state)
{
    (void)state;
    struct canon_writer w;
    struct octets whole = without_prefix(a_request(&w));
    for (size_t len = 0; len < whole.len; len++) {
        struct control_message m;
        assert_int_equal(control_decode(&m, octets_of(whole.at, len)), ERR_TRUNCATED);
    }
}

static void what_is_not_a_message_is_malformed(void **state)
{
    (void)state;
    static const struct {
        uint8_t octets[16];
        size_t len;
    } cases[] = {
        {{0x80}, 1},                                           /* a map */
        {{0x92, 0, 1}, 3},                                     /* type 0 */
        {{0x92, 6, 1}, 3},                                     /* type 6 */
        {{0x93, 2, 1, 0x80}, 4},                               /* a cancel with a body */
        {{0x92, 2, 1, 0}, 4},                                  /* octets left over */
        {{0x93, 3, 1, 0x90}, 4},                               /* an array for an item */
        {{0x93, 3, 1, 0x81, 1, 2}, 6},                         /* a number for a name */
        {{0x93, 3, 1, 0x82, 0xa1, 'a', 1, 0xa1, 'a', 2}, 10},  /* a name twice */
        {{0x94, 4, 1, 6, 0xa0}, 5},                            /* exit status 6 */
        {{0x92, 2, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0}, 11},         /* id above 32 bits */
        {{0x92, 0xcc, 2, 1}, 4},                               /* not the shortest */
        {{0x94, 1, 1, 0xa4, 'n', 'o', 'p', 'e', 0x80, 0}, 10}, /* unknown, and more */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct control_message m;
        assert_int_equal(control_decode(&m, octets_of(cases[i].octets, cases[i].len)),
                         ERR_MALFORMED);
    }
}

static void a_map_has_a_bounded_number_of_pairs(void **state)
{
    (void)state;
    struct canon_writer w = canon_writer_of(room, sizeof room);
    control_item_begin(&w, 1);
    canon_write_map(&w, CONTROL_PAIRS_MAX + 1);
    for (uint8_t i = 0; i <= CONTROL_PAIRS_MAX; i++) {
        uint8_t name = (uint8_t)('0' + i);
        canon_write_str(&w, octets_of(&name, 1));
        canon_write_uint(&w, i);
    }
    struct control_message m;
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_MALFORMED);
}

static void lengths_are_bounded_before_anything_is_read(void **state)
{
    (void)state;
    static const uint8_t largest[] = {0, 4, 0, 0};
    static const uint8_t larger[] = {0, 4, 0, 1};
    size_t len = 0;
    assert_int_equal(control_length(&len, octets_of(largest, 4)), ERR_OK);
    assert_int_equal(len, CONTROL_MESSAGE_MAX);
    assert_int_equal(control_length(&len, octets_of(larger, 4)), ERR_TOO_LARGE);
    assert_int_equal(control_length(&len, octets_of(larger, 3)), ERR_TRUNCATED);
}

static void what_does_not_fit_is_refused_on_closing(void **state)
{
    (void)state;
    static const uint8_t much[CONTROL_MESSAGE_MAX] = {0};
    struct octets message = {0};
    struct canon_writer w = canon_writer_of(room, 12);
    control_end(&w, 1, 5, "longer than twelve octets");
    assert_int_equal(control_close(&w, &message), ERR_TOO_LARGE);

    w = canon_writer_of(room, sizeof room);
    control_item_begin(&w, 1);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("wire"));
    canon_write_bin(&w, octets_of(much, sizeof much));
    assert_int_equal(control_close(&w, &message), ERR_TOO_LARGE);
    assert_null(message.at);
}

static void texts_are_cut_between_characters_and_made_utf8(void **state)
{
    (void)state;
    char text[CONTROL_TEXT_MAX + 8];
    memset(text, 'a', sizeof text);
    memcpy(text + CONTROL_TEXT_MAX - 1, "\xc3\xa9", 3);
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct control_message m;
    control_note(&w, 1, text);
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_OK);
    assert_int_equal(m.text.len, CONTROL_TEXT_MAX - 1);

    control_end(&w, 1, 5, "/home/\xff\xfe: no room");
    assert_int_equal(control_decode(&m, without_prefix(close_message(&w))), ERR_OK);
    assert_true(octets_equal(m.text, octets_of_text("/home/??: no room")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_a_name_that_leads_back_to_it),
        cmocka_unit_test(a_request_comes_back_as_it_was_sent),
        cmocka_unit_test(a_map_is_walked_in_the_order_it_was_written),
        cmocka_unit_test(items_notes_ends_and_cancels_come_back),
        cmocka_unit_test(an_unknown_command_still_says_which_request_it_was),
        cmocka_unit_test(every_cut_of_a_message_is_truncated),
        cmocka_unit_test(what_is_not_a_message_is_malformed),
        cmocka_unit_test(a_map_has_a_bounded_number_of_pairs),
        cmocka_unit_test(lengths_are_bounded_before_anything_is_read),
        cmocka_unit_test(what_does_not_fit_is_refused_on_closing),
        cmocka_unit_test(texts_are_cut_between_characters_and_made_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
