/* Known addresses at an engine: whom it dials, keeps and gives up (SPEC 8.5). */
#include "tests/unit/proto/engine_book_scene.h"

/* ---- A few relays, one of each group ---- */

static void a_leaf_with_few_relays_dials_others_one_of_each_group(void **state)
{
    (void)state;
    begin(LEAF);
    knows(5);
    for (unsigned h = 2; h < 12; h++) {
        struct address crowd = somewhere(3, h);
        (void)address_book_add(bench->book, &crowd, address_group(crowd.host) + 0x10000 * h, NOW_S);
    }
    waits(4000);
    assert_int_equal(bench->dials_count, 0); /* what is named comes first */
    waits(4000);
    assert_int_equal(bench->dials_count, ENGINE_LEAF_RELAYS);
    for (size_t i = 0; i < bench->dials_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(address_group(bench->dials[i].contact.host) !=
                        address_group(bench->dials[j].contact.host));
        }
    }
}

static void who_is_connected_is_not_dialled_once_more(void **state)
{
    (void)state;
    begin(LEAF);
    knows(1);
    struct address known = somewhere(0, 1);
    step((struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 0});
    is_relay(0, 0, &known);
    waits(30000);
    assert_int_equal(bench->dials_count, 0);
    goes(0);
    waits(30000);
    assert_int_equal(bench->dials_count, 1);
}

static void a_leaf_with_relays_enough_dials_no_other(void **state)
{
    (void)state;
    begin(LEAF);
    knows(20);
    named(0);
    named(1);
    waits(8000);
    assert_int_equal(bench->dials_count, ENGINE_LEAF_RELAYS - 2);
}

/* Else an attacker who calls it would be all it has. */
static void relays_that_call_a_leaf_are_not_those_it_wants(void **state)
{
    (void)state;
    begin(LEAF);
    knows(20);
    for (uint32_t i = 0; i < 6; i++) {
        struct address caller = somewhere(100 + i, 1);
        is_relay(5 + i, ENGINE_NO_ADDRESS, &caller);
    }
    waits(8000);
    assert_int_equal(bench->dials_count, ENGINE_LEAF_RELAYS);
}

static void a_leaf_stays_with_who_turns_out_to_be_a_relay_and_replaces_who_goes(void **state)
{
    (void)state;
    begin(LEAF);
    knows(20);
    waits(8000);
    is_relay(3, bench->dials[0].number, &bench->dials[0].contact);
    assert_int_equal(bench->closed[3], NOT);
    assert_int_equal(bench->asked[3], 1);
    assert_int_equal(stats().tried_count, 1);
    comes_up(4, bench->dials[1].number, &bench->dials[1].contact);
    says_hello(4, &bench->dials[1].contact, MESSAGE_PERSONAL);
    assert_int_equal(bench->closed[4], ERR_REFUSED);
    goes(4);
    assert_int_equal(engine_peer_score(bench->engine, 4), 0);
    step((struct engine_input){.type = ENGINE_DIAL_FAILED, .as.address = bench->dials[2].number});
    waits(6000);
    assert_int_equal(bench->dials_count, ENGINE_LEAF_RELAYS + 2);
    assert_int_equal(stats().tried_count, 1);
}

static void whoever_dials_only_the_named_neither_asks_nor_dials(void **state)
{
    (void)state;
    begin(LEAF_OF_NAMED);
    knows(20);
    named(0);
    waits(400000);
    assert_int_equal(bench->asked[0], 0);
    assert_int_equal(bench->dials_count, 0);
}

static void so_does_a_relay_though_others_tell_it_of_more(void **state)
{
    (void)state;
    begin(RELAY_OF_NAMED);
    named(0);
    uint8_t out[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.count = 4};
    for (unsigned i = 0; i < 4; i++) {
        contacts.at[i] = somewhere(i, 1);
    }
    frame(0, FRAME_PASSIVE, out, message_contacts_encode(out, FRAME_PASSIVE, &contacts));
    assert_int_equal(bench->closed[0], NOT);
    waits(100000);
    assert_int_equal(bench->dials_count, 0);
    assert_int_equal(stats().new_count, 0);
}

static void a_relay_alone_finds_others_from_its_book(void **state)
{
    (void)state;
    begin(RELAY);
    knows(20);
    waits(30000);
    assert_true(bench->dials_count >= 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(bench->dials[i].number >= bench->addresses_max);
        for (size_t j = 0; j < i; j++) {
            assert_true(address_group(bench->dials[i].contact.host) !=
                        address_group(bench->dials[j].contact.host));
        }
    }
}

static void a_relay_dials_one_of_a_group_though_its_views_hold_more(void **state)
{
    (void)state;
    begin(RELAY);
    named(0);
    uint8_t out[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.count = 8};
    for (unsigned i = 0; i < 8; i++) {
        contacts.at[i] = somewhere(7, 1 + i);
    }
    frame(0, FRAME_PASSIVE, out, message_contacts_encode(out, FRAME_PASSIVE, &contacts));
    waits(30000);
    assert_int_equal(bench->dials_count, 1);
}

/* ---- Feelers ---- */

static void a_feeler_hangs_up_once_it_saw_a_relay(void **state)
{
    (void)state;
    begin(LEAF);
    named(0);
    named(1);
    named(2);
    named(3);
    named(4);
    knows(20);
    waits(200000);
    assert_int_equal(bench->dials_count, 1); /* relays enough: this is to see who answers */
    is_relay(5, bench->dials[0].number, &bench->dials[0].contact);
    assert_int_equal(bench->closed[5], ERR_OK);
    assert_int_equal(stats().tried_count, 1);
    goes(5);
    waits(200000);
    assert_in_range(bench->dials_count, 2, 4);
}

static void feelers_are_more_often_while_few_are_tried(void **state)
{
    (void)state;
    for (int many = 0; many < 2; many++) {
        begin(LEAF);
        for (uint32_t p = 0; p < 5; p++) {
            named(p);
        }
        for (unsigned g = 0; many == 1 && g < 90; g++) {
            struct address address = somewhere(g, 2);
            address_book_good(bench->book, &address, NOW_S);
        }
        knows(150);
        for (int i = 0; i < 60; i++) { /* ten minutes */
            waits(10000);
            if (bench->dials_count > 0) {
                step((struct engine_input){.type = ENGINE_DIAL_FAILED,
                                           .as.address =
                                               bench->dials[bench->dials_count - 1].number});
            }
        }
        assert_in_range(bench->dials_count, many == 1 ? 3 : 13, many == 1 ? 10 : 40);
        if (many == 0) {
            engine_book_tear_down(NULL);
        }
    }
}

/* ---- Over time ---- */

/* An attacker never goes away: without new draws all would be his in time. */
static void each_that_was_drawn_is_given_up_for_another_after_half_a_day_or_so(void **state)
{
    (void)state;
    unsigned closed_count = 0;
    begin(LEAF);
    knows(20);
    waits(8000);
    for (uint32_t i = 0; i < ENGINE_LEAF_RELAYS; i++) {
        is_relay(i + 3, bench->dials[i].number, &bench->dials[i].contact);
    }
    for (unsigned hour = 0; hour < 48; hour++) {
        for (unsigned i = 0; i < 720; i++) {
            bench->now_ms += 5000;
            step((struct engine_input){.type = ENGINE_TICK});
            bench->dials_count = 0;
        }
        if (hour == 0) {
            for (uint32_t i = 0; i < ENGINE_LEAF_RELAYS; i++) {
                closed_count += bench->closed[i + 3] == ERR_OK;
            }
            assert_in_range(closed_count, 0, 2);
        }
    }
    closed_count = 0;
    for (uint32_t i = 0; i < ENGINE_LEAF_RELAYS; i++) {
        closed_count += bench->closed[i + 3] == ERR_OK;
    }
    assert_in_range(closed_count, 3, ENGINE_LEAF_RELAYS);
}

/* He whom nobody chose says where to call: it is done, and proves nothing to the book. */
static void whom_a_neighbour_had_dialled_is_neither_tried_nor_an_anchor(void **state)
{
    (void)state;
    begin(RELAY);
    struct address caller = somewhere(1, 1);
    struct message_forward forward = {.ttl = 1, .contact = somewhere(2, 1)};
    uint8_t out[MESSAGE_CONTACTS_CAP];
    is_relay(0, ENGINE_NO_ADDRESS, &caller);
    struct message_neighbour join = {.ask = MESSAGE_ASK_JOIN, .contact = caller};
    frame(0, FRAME_NEIGHBOUR, out, message_neighbour_encode(out, &join));
    frame(0, FRAME_FORWARD, out, message_forward_encode(out, &forward));
    assert_int_equal(bench->dials_count, 1);
    is_relay(1, bench->dials[0].number, &bench->dials[0].contact);
    struct message_neighbour yes = {.ask = MESSAGE_ASK_YES, .contact = forward.contact};
    frame(1, FRAME_NEIGHBOUR, out, message_neighbour_encode(out, &yes));
    assert_int_equal(bench->closed[1], NOT);
    assert_int_equal(stats().tried_count, 0);
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    engine_note_anchors(bench->engine);
    assert_int_equal(address_book_anchors(bench->book, anchors), 0);
}

static void anchors_are_the_oldest_that_were_drawn_and_none_twice(void **state)
{
    (void)state;
    begin(LEAF);
    knows(20);
    struct address anchor = somewhere(99, 1);
    address_book_set_anchors(bench->book, &anchor, 1);
    waits(8000);
    assert_true(address_equal(&bench->dials[0].contact, &anchor));
    for (uint32_t i = 0; i < 4; i++) {
        is_relay(i + 3, bench->dials[i].number, &bench->dials[i].contact);
        bench->now_ms += 10;
    }
    engine_note_anchors(bench->engine);
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    assert_int_equal(address_book_anchors(bench->book, anchors), 2);
    assert_true(address_equal(&anchors[0], &bench->dials[1].contact));
    assert_true(address_equal(&anchors[1], &bench->dials[2].contact));
}

static void who_has_a_low_score_is_not_dialled(void **state)
{
    (void)state;
    begin(LEAF);
    knows(2);
    struct address bad = somewhere(0, 1);
    peer_score_note(bench->scores, &bad.static_key, 0, PEER_UNRULY, NOW_S);
    waits(30000);
    assert_int_equal(bench->dials_count, 1);
    assert_false(address_equal(&bench->dials[0].contact, &bad));
}

#define TEST(name) cmocka_unit_test_teardown(name, engine_book_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_leaf_with_few_relays_dials_others_one_of_each_group),
        TEST(who_is_connected_is_not_dialled_once_more),
        TEST(a_leaf_with_relays_enough_dials_no_other),
        TEST(relays_that_call_a_leaf_are_not_those_it_wants),
        TEST(a_leaf_stays_with_who_turns_out_to_be_a_relay_and_replaces_who_goes),
        TEST(whoever_dials_only_the_named_neither_asks_nor_dials),
        TEST(so_does_a_relay_though_others_tell_it_of_more),
        TEST(a_relay_alone_finds_others_from_its_book),
        TEST(a_relay_dials_one_of_a_group_though_its_views_hold_more),
        TEST(a_feeler_hangs_up_once_it_saw_a_relay),
        TEST(feelers_are_more_often_while_few_are_tried),
        TEST(each_that_was_drawn_is_given_up_for_another_after_half_a_day_or_so),
        TEST(whom_a_neighbour_had_dialled_is_neither_tried_nor_an_anchor),
        TEST(anchors_are_the_oldest_that_were_drawn_and_none_twice),
        TEST(who_has_a_low_score_is_not_dialled),
    };
    return cmocka_run_group_tests_name("proto/engine_book_dial", tests, NULL, NULL);
}
