#include "tests/support/membership_rig.h"

/* Whether the last stop of a walk dials what it was told. */
static bool walk_ends_in_a_dial(struct membership *m, uint32_t from, const struct address *contact,
                                uint64_t now_ms)
{
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    struct message_forward forward = {.ttl = 1, .contact = *contact};
    assert_int_equal(
        hears(m, from, FRAME_FORWARD, wire, message_forward_encode(wire, &forward), now_ms),
        ERR_OK);
    return did(MEMBERSHIP_DIAL, 0) != NULL;
}

/* What is told goes into the book: whoever tells much is not dialled for it. */
static void nobody_is_dialled_because_a_neighbour_shuffled(void **state)
{
    (void)state;
    struct membership *m = views();
    neighbour_in(m, 1);
    tells(m, 1, FRAME_SHUFFLE, 20, NOW_MS);
    tells(m, 1, FRAME_PASSIVE, 30, NOW_MS);
    assert_true(membership_wants_contacts(m));
    for (uint64_t ms = 1; ms < 100000; ms += 1000) {
        membership_on_time(m, &out, NOW_MS + ms);
        assert_null(did(MEMBERSHIP_DIAL, 0));
    }
    membership_free(m);
}

static void a_lost_neighbour_is_replaced_by_one_that_was_drawn(void **state)
{
    (void)state;
    struct membership *m = views();
    neighbour_in(m, 1);
    tells(m, 1, FRAME_SHUFFLE, 20, NOW_MS);
    assert_int_equal(membership_passive_count(m), 8);
    struct address drawn = relay(21); /* told of as well */
    membership_learn(m, &drawn, NOW_MS);
    membership_on_time(m, &out, NOW_MS + 1);
    const struct membership_action *dial = did(MEMBERSHIP_DIAL, 0);
    assert_non_null(dial);
    assert_true(key_equal(&dial->contact->static_key, &drawn.static_key));
    uint32_t place = dial->place;
    uint32_t n = dial->contact->static_key.octets[0];
    up(m, n, MEMBERSHIP_LEARNT, place);
    assert_true(sent(n, FRAME_NEIGHBOUR));
    assert_int_equal(asks(m, n, MESSAGE_ASK_YES, NOW_MS + 2), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, n));
    assert_int_equal(membership_passive_count(m), 7);

    membership_free(m);
}

/* Link n, dialled because it was drawn. */
static uint32_t drawn_up(struct membership *m, uint32_t n, uint64_t now_ms)
{
    struct address drawn = relay(n);
    membership_learn(m, &drawn, now_ms);
    membership_on_time(m, &out, now_ms);
    const struct membership_action *dial = did(MEMBERSHIP_DIAL, 0);
    assert_non_null(dial);
    uint32_t place = dial->place;
    up(m, n, MEMBERSHIP_LEARNT, place);
    assert_true(sent(n, FRAME_NEIGHBOUR));
    return place;
}

/* Whoever takes all places at honest relays must not leave none but his own to be connected to. */
static void five_that_were_drawn_are_kept_though_they_say_no(void **state)
{
    (void)state;
    struct membership *m = views();
    for (uint32_t n = 1; n <= 6; n++) {
        uint64_t now_ms = NOW_MS + n * MEMBERSHIP_PERIOD_MS;
        (void)drawn_up(m, n, now_ms);
        tells(m, n, FRAME_PASSIVE, 20, now_ms);
        assert_true((did(MEMBERSHIP_CLOSE, n) == NULL) == (n <= MEMBERSHIP_CHOSEN_MIN));
        assert_true((did(MEMBERSHIP_SETTLED, n) != NULL) == (n <= MEMBERSHIP_CHOSEN_MIN));
        membership_on_place_free(m, 15, true, now_ms);
    }
    membership_on_time(m, &out, NOW_MS + 8 * MEMBERSHIP_PERIOD_MS);
    assert_true(sent(1, FRAME_NEIGHBOUR)); /* and are asked again */
    assert_int_equal(asks(m, 1, MESSAGE_ASK_YES, NOW_MS + 8 * MEMBERSHIP_PERIOD_MS), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 1));
    membership_free(m);
}

/* Who has neighbours enough is connected to some more, that are no part of the tree. */
static void with_neighbours_enough_who_is_drawn_is_not_asked_to_be_one(void **state)
{
    (void)state;
    struct membership *m = views();
    for (uint32_t n = 1; n <= 5; n++) {
        neighbour_in(m, 50 + n);
    }
    for (uint32_t n = 1; n <= MEMBERSHIP_CHOSEN_MIN; n++) {
        struct address drawn = relay(n);
        uint64_t now_ms = NOW_MS + n;
        assert_true(membership_wants_contacts(m));
        membership_learn(m, &drawn, now_ms);
        membership_on_time(m, &out, now_ms);
        assert_non_null(did(MEMBERSHIP_DIAL, 0));
        up(m, n, MEMBERSHIP_LEARNT, did(MEMBERSHIP_DIAL, 0)->place);
        assert_true(sent(n, FRAME_NEIGHBOUR) == (n <= MEMBERSHIP_OUTBOUND_MIN));
        assert_true((did(MEMBERSHIP_SETTLED, n) != NULL) == (n > MEMBERSHIP_OUTBOUND_MIN));
        if (n <= MEMBERSHIP_OUTBOUND_MIN) {
            assert_int_equal(asks(m, n, MESSAGE_ASK_YES, now_ms), ERR_OK);
        }
    }
    assert_false(membership_wants_contacts(m));
    membership_on_down(m, &out, 1, NOW_MS + 10); /* and are when one is lost */
    membership_on_time(m, &out, NOW_MS + 10);
    assert_true(sent(3, FRAME_NEIGHBOUR) || sent(4, FRAME_NEIGHBOUR) || sent(5, FRAME_NEIGHBOUR));
    membership_free(m);
}

/* Who is dialled because a neighbour said so is others' choice: he may be given up, and does not
 * stand for one that was drawn. */
static void who_was_told_of_is_no_choice_of_ones_own(void **state)
{
    (void)state;
    struct membership *m = views();
    neighbour_in(m, 1);
    for (uint32_t n = 30; n < 38; n++) {
        struct address contact = relay(n);
        uint64_t now_ms = NOW_MS + n * MEMBERSHIP_PERIOD_MS;
        assert_true(walk_ends_in_a_dial(m, 1, &contact, now_ms));
        assert_true(did(MEMBERSHIP_DIAL, 0)->told);
        up(m, n, MEMBERSHIP_LEARNT, did(MEMBERSHIP_DIAL, 0)->place);
        assert_int_equal(asks(m, n, MESSAGE_ASK_YES, now_ms), ERR_OK);
        assert_non_null(did(MEMBERSHIP_JOINED, n));
    }
    assert_int_equal(membership_active_count(m), MEMBERSHIP_INBOUND_MAX);
    assert_true(membership_wants_contacts(m));
    struct address contact = relay(40);
    uint64_t later_ms = NOW_MS + 50 * MEMBERSHIP_PERIOD_MS;
    assert_false(walk_ends_in_a_dial(m, 1, &contact, later_ms)); /* enough of them */
    up(m, 41, MEMBERSHIP_INBOUND, 0);
    assert_int_equal(asks(m, 41, MESSAGE_ASK_HIGH, later_ms), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 41));
    assert_int_equal(membership_active_count(m), MEMBERSHIP_INBOUND_MAX);
    membership_free(m);
}

static void dials_that_others_wish_leave_room_for_ones_own(void **state)
{
    (void)state;
    struct membership *m = views();
    uint32_t dials_count = 0;
    neighbour_in(m, 1);
    for (uint32_t n = 30; n < 50; n++) {
        struct address contact = relay(n); /* nobody answers, for long */
        dials_count += walk_ends_in_a_dial(m, 1, &contact, NOW_MS);
    }
    assert_int_equal(dials_count, MEMBERSHIP_DIALS_MAX / 2);
    struct address drawn = relay(60);
    assert_true(membership_wants_contacts(m));
    membership_learn(m, &drawn, NOW_MS);
    membership_on_time(m, &out, NOW_MS + 1);
    assert_non_null(did(MEMBERSHIP_DIAL, 0));
    membership_free(m);
}

static void who_is_dialled_as_others_wish_and_never_answers_leaves_places_for_ones_own(void **state)
{
    (void)state;
    struct membership *m = views();
    uint32_t dials_count = 0;
    neighbour_in(m, 1);
    for (uint32_t n = 30; n < 50; n++) {
        struct address contact = relay(n);
        if (walk_ends_in_a_dial(m, 1, &contact, NOW_MS + n * MEMBERSHIP_PERIOD_MS)) {
            up(m, n, MEMBERSHIP_LEARNT, did(MEMBERSHIP_DIAL, 0)->place);
            dials_count++;
        }
    }
    assert_int_equal(dials_count, MEMBERSHIP_PLACES_MAX / 2);
    (void)drawn_up(m, 60, NOW_MS + 60 * MEMBERSHIP_PERIOD_MS);
    membership_free(m);
}

static void ever_so_many_that_connect_leave_room_for_who_was_drawn(void **state)
{
    (void)state;
    struct membership *m = views();
    for (uint32_t n = 100; n < 100 + 2 * MEMBERSHIP_LINKS_MAX; n++) {
        up(m, n, MEMBERSHIP_INBOUND, 0);
    }
    (void)drawn_up(m, 1, NOW_MS + 1);
    assert_int_equal(asks(m, 1, MESSAGE_ASK_YES, NOW_MS + 2), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 1));
    membership_free(m);
}

static void who_was_drawn_and_calls_first_does_not_keep_others_from_being_drawn(void **state)
{
    (void)state;
    struct membership *m = views();
    for (uint32_t n = 1; n <= MEMBERSHIP_DRAWN_MAX; n++) {
        struct address drawn = relay(n);
        membership_learn(m, &drawn, NOW_MS);
    }
    assert_false(membership_wants_contacts(m));
    for (uint32_t n = 1; n <= MEMBERSHIP_DRAWN_MAX; n++) {
        up(m, n, MEMBERSHIP_INBOUND, 0);
    }
    assert_true(membership_wants_contacts(m));
    membership_free(m);
}

/* A neighbour names an honest host under a wrong key, which fails: it is drawn all the same. */
static void what_was_drawn_is_dialled_where_nobody_answered_another_key(void **state)
{
    (void)state;
    struct membership *m = views();
    struct address honest = relay(20);
    struct address wrong = honest;
    wrong.static_key = relay(21).static_key;
    neighbour_in(m, 1);
    assert_true(walk_ends_in_a_dial(m, 1, &wrong, NOW_MS));
    membership_on_place_free(m, did(MEMBERSHIP_DIAL, 0)->place, false, NOW_MS);
    membership_learn(m, &honest, NOW_MS + 1);
    membership_on_time(m, &out, NOW_MS + 1);
    assert_non_null(did(MEMBERSHIP_DIAL, 0));
    membership_free(m);
}

static void a_newcomer_is_told_of_and_met_at_the_end_of_the_walk(void **state)
{
    (void)state;
    struct membership *m = views();
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    neighbour_in(m, 1);
    neighbour_in(m, 2);
    up(m, 3, MEMBERSHIP_INBOUND, 0);
    assert_int_equal(asks(m, 3, MESSAGE_ASK_JOIN, NOW_MS), ERR_OK);
    assert_true(sent(1, FRAME_FORWARD) && sent(2, FRAME_FORWARD) && !sent(3, FRAME_FORWARD));

    struct message_forward forward = {.ttl = 1, .contact = relay(30)};
    assert_int_equal(
        hears(m, 1, FRAME_FORWARD, wire, message_forward_encode(wire, &forward), NOW_MS), ERR_OK);
    assert_true(
        key_equal(&did(MEMBERSHIP_DIAL, 0)->contact->static_key, &forward.contact.static_key));
    membership_free(m);
}

static void where_nobody_answered_nobody_is_dialled_under_another_key(void **state)
{
    (void)state;
    struct membership *m = views();
    struct address victim = relay(20);
    neighbour_in(m, 1);
    assert_true(walk_ends_in_a_dial(m, 1, &victim, NOW_MS));
    uint32_t place = did(MEMBERSHIP_DIAL, 0)->place;
    membership_on_place_free(m, place, false, NOW_MS);

    victim.static_key = relay(21).static_key;
    assert_false(walk_ends_in_a_dial(m, 1, &victim, NOW_MS + 1000));
    struct address elsewhere = victim;
    elsewhere.static_key = relay(22).static_key;
    elsewhere.port++;
    assert_true(walk_ends_in_a_dial(m, 1, &elsewhere, NOW_MS + 1000));
    membership_on_place_free(m, place, true, NOW_MS + 1000);
    assert_true(walk_ends_in_a_dial(m, 1, &victim, NOW_MS + MEMBERSHIP_FAILED_MS));
    membership_free(m);
}

static void nobody_makes_a_relay_dial_as_often_as_they_like(void **state)
{
    (void)state;
    struct membership *m = views();
    uint32_t dials_count = 0;
    neighbour_in(m, 1);
    neighbour_in(m, 2);
    for (uint32_t i = 0; i < 60; i++) {
        struct address contact = relay(100 + i + 1);
        if (walk_ends_in_a_dial(m, 1 + i % 2, &contact, NOW_MS + i)) {
            dials_count++;
            membership_on_place_free(m, did(MEMBERSHIP_DIAL, 0)->place, false, NOW_MS + i);
        }
    }
    assert_int_equal(dials_count, MEMBERSHIP_PERIOD_DIALS / 2); /* the other half is its own */
    struct address contact = relay(90);
    assert_true(walk_ends_in_a_dial(m, 1, &contact, NOW_MS + MEMBERSHIP_PERIOD_MS));
    membership_free(m);
}

static void contacts_of_one_machine_and_oneself_are_dropped(void **state)
{
    (void)state;
    struct membership *m = views();
    struct address home = {.host = "192.168.1.1", .port = 1, .static_key = {.octets = {9}}};
    struct address self = relay(100);
    struct address other = relay(20);
    membership_learn(m, &home, NOW_MS);
    membership_learn(m, &self, NOW_MS);
    assert_int_equal(membership_passive_count(m), 0);
    assert_true(membership_wants_contacts(m));
    membership_learn(m, &other, NOW_MS);
    assert_int_equal(membership_passive_count(m), 1);
    membership_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_dialled_because_a_neighbour_shuffled),
        cmocka_unit_test(a_lost_neighbour_is_replaced_by_one_that_was_drawn),
        cmocka_unit_test(five_that_were_drawn_are_kept_though_they_say_no),
        cmocka_unit_test(with_neighbours_enough_who_is_drawn_is_not_asked_to_be_one),
        cmocka_unit_test(who_was_told_of_is_no_choice_of_ones_own),
        cmocka_unit_test(dials_that_others_wish_leave_room_for_ones_own),
        cmocka_unit_test(
            who_is_dialled_as_others_wish_and_never_answers_leaves_places_for_ones_own),
        cmocka_unit_test(ever_so_many_that_connect_leave_room_for_who_was_drawn),
        cmocka_unit_test(who_was_drawn_and_calls_first_does_not_keep_others_from_being_drawn),
        cmocka_unit_test(what_was_drawn_is_dialled_where_nobody_answered_another_key),
        cmocka_unit_test(a_newcomer_is_told_of_and_met_at_the_end_of_the_walk),
        cmocka_unit_test(where_nobody_answered_nobody_is_dialled_under_another_key),
        cmocka_unit_test(nobody_makes_a_relay_dial_as_often_as_they_like),
        cmocka_unit_test(contacts_of_one_machine_and_oneself_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
