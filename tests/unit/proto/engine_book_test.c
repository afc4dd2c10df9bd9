/* Known addresses and scores at an engine: asking, telling, hearing, turning away (SPEC 8.5, 8.6).
 */
#include "tests/unit/proto/engine_book_scene.h"

/* ---- Asking ---- */

static void a_relay_that_was_dialled_is_asked_once_a_day(void **state)
{
    (void)state;
    begin(LEAF);
    named(0);
    assert_int_equal(bench->asked[0], 1);
    waits(86000000);
    assert_int_equal(bench->asked[0], 1);
    waits(500000);
    assert_int_equal(bench->asked[0], 2);
}

static void who_dialled_and_who_is_no_relay_is_not_asked(void **state)
{
    (void)state;
    begin(RELAY);
    struct address address = somewhere(1, 1);
    is_relay(0, ENGINE_NO_ADDRESS, &address);
    assert_int_equal(bench->asked[0], 0);
    struct address friend = somewhere(2, 1);
    step((struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 1});
    comes_up(1, 1, &friend);
    says_hello(1, &friend, MESSAGE_PERSONAL);
    assert_int_equal(bench->asked[1], 0);
}

static void tells(uint32_t peer, unsigned first, size_t count)
{
    uint8_t out[MESSAGE_ADDRESSES_CAP];
    struct address addresses[MESSAGE_ADDRESSES_MAX];
    for (size_t i = 0; i < count; i++) {
        addresses[i] = somewhere(first + (unsigned)i, 1);
    }
    frame(peer, FRAME_ADDRESSES, out, message_addresses_encode(out, addresses, count));
}

static void a_relay_that_knew_nobody_is_asked_again_after_an_hour(void **state)
{
    (void)state;
    begin(LEAF);
    named(0);
    tells(0, 10, 0);
    waits(3500000);
    assert_int_equal(bench->asked[0], 1);
    waits(200000);
    assert_int_equal(bench->asked[0], 2);
    tells(0, 10, 1);
    waits(3700000);
    assert_int_equal(bench->asked[0], 2);
}

static void what_was_asked_for_goes_into_the_book_and_nothing_else(void **state)
{
    (void)state;
    begin(LEAF);
    named(0);
    tells(0, 10, 20);
    assert_in_range(stats().new_count, 15, 20);
    tells(0, 40, 1);
    assert_int_equal(bench->closed[0], ERR_UNEXPECTED);
    assert_in_range(stats().new_count, 15, 20);
}

static void addresses_of_ones_own_machine_are_dropped(void **state)
{
    (void)state;
    begin(LEAF);
    named(0);
    uint8_t out[MESSAGE_ADDRESSES_CAP];
    struct address inside = {.host = "127.0.0.1", .port = 22, .static_key = {{5}}};
    frame(0, FRAME_ADDRESSES, out, message_addresses_encode(out, &inside, 1));
    assert_int_equal(bench->closed[0], NOT);
    assert_int_equal(stats().new_count, 0);
}

static void an_answer_that_is_malformed_closes(void **state)
{
    (void)state;
    begin(LEAF);
    named(0);
    frame(0, FRAME_ADDRESSES, "\x91", 1);
    assert_int_equal(bench->closed[0], ERR_TRUNCATED);
    assert_true(engine_peer_score(bench->engine, 0) < 0);
}

/* ---- Telling ---- */

static void a_relay_tells_everybody_the_same_all_day(void **state)
{
    (void)state;
    begin(RELAY);
    knows(160);
    struct address one = somewhere(201, 1);
    struct address two = somewhere(202, 1);
    is_relay(0, ENGINE_NO_ADDRESS, &one);
    comes_up(1, ENGINE_NO_ADDRESS, &two);
    says_hello(1, &two, MESSAGE_PERSONAL);
    frame(0, FRAME_ADDRESSES_WANTED, NULL, 0);
    assert_int_equal(bench->answered[0], 1);
    struct address first[MESSAGE_ADDRESSES_MAX];
    size_t first_count = bench->told_count;
    memcpy(first, bench->told, sizeof first);
    assert_in_range(first_count, 7, 10);
    frame(1, FRAME_ADDRESSES_WANTED, NULL, 0);
    assert_int_equal(bench->told_count, first_count);
    for (size_t i = 0; i < first_count; i++) {
        assert_true(address_equal(&first[i], &bench->told[i]));
    }
}

static void who_asks_too_often_is_closed(void **state)
{
    (void)state;
    begin(RELAY);
    struct address one = somewhere(201, 1);
    is_relay(0, ENGINE_NO_ADDRESS, &one);
    frame(0, FRAME_ADDRESSES_WANTED, NULL, 0);
    bench->now_ms += 600000;
    frame(0, FRAME_ADDRESSES_WANTED, NULL, 0);
    assert_int_equal(bench->answered[0], 2);
    bench->now_ms += 599999;
    frame(0, FRAME_ADDRESSES_WANTED, NULL, 0);
    assert_int_equal(bench->closed[0], ERR_FLOOD);
    assert_int_equal(bench->answered[0], 2);
}

static void a_question_with_something_in_it_closes(void **state)
{
    (void)state;
    begin(RELAY);
    struct address one = somewhere(201, 1);
    is_relay(0, ENGINE_NO_ADDRESS, &one);
    frame(0, FRAME_ADDRESSES_WANTED, "\x90", 1);
    assert_int_equal(bench->closed[0], ERR_MALFORMED);
}

static void a_persons_node_tells_nobody_whom_it_knows(void **state)
{
    (void)state;
    begin(LEAF);
    knows(160);
    named(0);
    frame(0, FRAME_ADDRESSES_WANTED, NULL, 0);
    assert_int_equal(bench->answered[0], 1);
    assert_int_equal(bench->told_count, 0);
}

/* ---- Hearing, in views ---- */

static void what_goes_past_in_views_is_remembered(void **state)
{
    (void)state;
    begin(RELAY);
    named(0);
    uint8_t out[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.count = 3};
    for (unsigned i = 0; i < 3; i++) {
        contacts.at[i] = somewhere(i, 1);
    }
    frame(0, FRAME_PASSIVE, out, message_contacts_encode(out, FRAME_PASSIVE, &contacts));
    struct message_neighbour neighbour = {.ask = MESSAGE_ASK_LOW, .contact = somewhere(200, 1)};
    frame(0, FRAME_NEIGHBOUR, out, message_neighbour_encode(out, &neighbour));
    assert_int_equal(bench->closed[0], NOT);
    assert_int_equal(stats().new_count, 4);
}

static size_t told_by(uint32_t peer, unsigned first, unsigned frames_count)
{
    uint8_t out[MESSAGE_CONTACTS_CAP];
    size_t before = stats().new_count;
    for (unsigned f = 0; f < frames_count; f++) {
        struct message_contacts contacts = {.count = 8};
        for (unsigned i = 0; i < 8; i++) {
            contacts.at[i] = somewhere((first + 8 * f + i) % 200, 1 + (first + 8 * f + i) / 200);
        }
        frame(peer, FRAME_PASSIVE, out, message_contacts_encode(out, FRAME_PASSIVE, &contacts));
    }
    return stats().new_count - before;
}

static void who_tells_without_end_is_heard_as_much_as_others(void **state)
{
    (void)state;
    begin(RELAY);
    named(0);
    assert_in_range(told_by(0, 0, 100), 20, 32);
    waits(10000);
    assert_in_range(told_by(0, 1000, 100), 16, 32);
}

/* Sixteen networks that call are one teller: they fill what one can. */
static void all_who_call_are_one_teller_together(void **state)
{
    (void)state;
    begin(RELAY);
    for (uint32_t p = 0; p < PEERS_MAX; p++) {
        struct address caller = somewhere(200 + p, 1);
        is_relay(p, ENGINE_NO_ADDRESS, &caller);
    }
    for (unsigned i = 0; i < 40; i++) {
        for (uint32_t p = 0; p < PEERS_MAX; p++) {
            (void)told_by(p, 32 * (16 * i + p), 4);
        }
        waits(10000);
    }
    assert_in_range(stats().new_count, 64, ADDRESS_BOOK_SOURCE_BUCKETS * ADDRESS_BOOK_NEW_SLOTS);
}

/* ---- Scores ---- */

static void who_behaved_badly_is_turned_away_until_it_has_faded(void **state)
{
    (void)state;
    begin(RELAY);
    struct address bad = somewhere(1, 1);
    is_relay(0, ENGINE_NO_ADDRESS, &bad);
    frame(0, FRAME_POSTS, "\xc1", 1);
    assert_int_equal(bench->closed[0], ERR_MALFORMED);
    goes(0);
    is_relay(0, ENGINE_NO_ADDRESS, &bad);
    assert_int_equal(bench->closed[0], NOT);                    /* once is not enough */
    assert_int_equal(engine_peer_score(bench->engine, 0), -28); /* and its group */
    frame(0, FRAME_POSTS, "\xc1", 1);
    goes(0);
    comes_up(0, ENGINE_NO_ADDRESS, &bad);
    assert_int_equal(bench->closed[0], ERR_REFUSED);
    goes(0);
    waits((uint64_t)PEER_SCORE_HALF_LIFE_S * 1000);
    is_relay(0, ENGINE_NO_ADDRESS, &bad);
    assert_int_equal(bench->closed[0], NOT);
}

static void whom_somebody_named_is_not_turned_away(void **state)
{
    (void)state;
    begin(RELAY);
    struct address friend = somewhere(200, 1);
    for (int i = 0; i < 4; i++) {
        peer_score_note(bench->scores, &friend.static_key, 0, PEER_INVALID, NOW_S);
    }
    named(0);
    assert_int_equal(bench->closed[0], NOT);
}

static void what_a_peer_does_not_have_after_all_counts(void **state)
{
    (void)state;
    begin(RELAY);
    named(0);
    uint8_t out[MESSAGE_IDS_CAP];
    struct post_id id = {{1}};
    frame(0, FRAME_NONE_YET, out, message_ids_encode(out, &id, 1));
    assert_int_equal(engine_peer_score(bench->engine, 0), -2);
}

#define TEST(name) cmocka_unit_test_teardown(name, engine_book_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_relay_that_was_dialled_is_asked_once_a_day),
        TEST(a_relay_that_knew_nobody_is_asked_again_after_an_hour),
        TEST(who_dialled_and_who_is_no_relay_is_not_asked),
        TEST(what_was_asked_for_goes_into_the_book_and_nothing_else),
        TEST(addresses_of_ones_own_machine_are_dropped),
        TEST(an_answer_that_is_malformed_closes),
        TEST(a_relay_tells_everybody_the_same_all_day),
        TEST(who_asks_too_often_is_closed),
        TEST(a_question_with_something_in_it_closes),
        TEST(a_persons_node_tells_nobody_whom_it_knows),
        TEST(what_goes_past_in_views_is_remembered),
        TEST(who_tells_without_end_is_heard_as_much_as_others),
        TEST(all_who_call_are_one_teller_together),
        TEST(who_behaved_badly_is_turned_away_until_it_has_faded),
        TEST(whom_somebody_named_is_not_turned_away),
        TEST(what_a_peer_does_not_have_after_all_counts),
    };
    return cmocka_run_group_tests_name("proto/engine_book", tests, NULL, NULL);
}
