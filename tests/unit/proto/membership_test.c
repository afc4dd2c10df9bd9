#include "proto/membership.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_MS 100000

static struct membership_output out;

/* Names that are public, keys that begin with the number. */
static struct address relay(uint32_t n)
{
    struct address address = {.port = 1};
    (void)snprintf(address.host, sizeof address.host, "r%u.example.org", n);
    octets_put_u32be(address.static_key.octets, n * 0x01000000U + n);
    return address;
}

static struct membership *views(void)
{
    struct membership *m;
    struct membership_config config = {.self = relay(100), .seed = {3}};
    assert_int_equal(membership_new(&m, &config, NOW_MS), ERR_OK);
    return m;
}

static const struct membership_action *did(enum membership_do what, uint32_t link)
{
    for (size_t i = 0; i < out.actions_count; i++) {
        if (out.actions[i].what == what &&
            (what == MEMBERSHIP_DIAL || out.actions[i].links[0] == link)) {
            return &out.actions[i];
        }
    }
    return NULL;
}

static bool sent(uint32_t link, enum frame_type frame)
{
    for (size_t i = 0; i < out.actions_count; i++) {
        for (size_t l = 0; out.actions[i].what == MEMBERSHIP_SEND && l < out.actions[i].links_count;
             l++) {
            if (out.actions[i].links[l] == link && out.actions[i].frame == frame) {
                return true;
            }
        }
    }
    return false;
}

static void up(struct membership *m, uint32_t n, enum membership_side side, uint32_t place)
{
    struct membership_up at = {
        .link = n, .side = side, .place = place, .static_key = relay(n).static_key};
    membership_on_up(m, &out, &at, NOW_MS);
    membership_check(m);
}

static enum err_code hears(struct membership *m, uint32_t link, enum frame_type type,
                           const uint8_t *payload, size_t len, uint64_t now_ms)
{
    struct frame frame = {.type = (uint8_t)type, .payload = octets_of(payload, len)};
    enum err_code rc = membership_on_frame(m, &out, link, &frame, now_ms);
    membership_check(m);
    return rc;
}

static enum err_code asks_over(struct membership *m, uint32_t link, uint32_t n,
                               enum message_ask ask, uint64_t now_ms)
{
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    struct message_neighbour neighbour = {.ask = ask, .contact = relay(n)};
    return hears(m, link, FRAME_NEIGHBOUR, wire, message_neighbour_encode(wire, &neighbour),
                 now_ms);
}

static enum err_code asks(struct membership *m, uint32_t n, enum message_ask ask, uint64_t now_ms)
{
    return asks_over(m, n, n, ask, now_ms);
}

static void tells(struct membership *m, uint32_t n, enum frame_type type, uint32_t first,
                  uint64_t now_ms)
{
    uint8_t wire[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.ttl = 1, .count = MESSAGE_CONTACTS_MAX};
    for (uint32_t i = 0; i < MESSAGE_CONTACTS_MAX; i++) {
        contacts.at[i] = relay(first + i);
    }
    assert_int_equal(
        hears(m, n, type, wire, message_contacts_encode(wire, type, &contacts), now_ms), ERR_OK);
}

static void neighbour_in(struct membership *m, uint32_t n)
{
    up(m, n, MEMBERSHIP_INBOUND, 0);
    assert_int_equal(asks(m, n, MESSAGE_ASK_LOW, NOW_MS), ERR_OK);
}

static void being_neighbours_is_agreed_on(void **state)
{
    (void)state;
    struct membership *m = views();
    up(m, 1, MEMBERSHIP_NAMED, 0);
    assert_int_equal(did(MEMBERSHIP_SEND, 1)->as.neighbour.ask, MESSAGE_ASK_JOIN);
    assert_int_equal(membership_active_count(m), 0);
    assert_int_equal(asks(m, 1, MESSAGE_ASK_YES, NOW_MS), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 1));
    up(m, 2, MEMBERSHIP_NAMED, 0);
    assert_int_equal(did(MEMBERSHIP_SEND, 2)->as.neighbour.ask, MESSAGE_ASK_LOW);
    tells(m, 2, FRAME_PASSIVE, 20, NOW_MS);
    assert_null(did(MEMBERSHIP_JOINED, 2));
    assert_non_null(did(MEMBERSHIP_SETTLED, 2)); /* named: it stays */
    assert_int_equal(membership_passive_count(m), 8);
    tells(m, 1, FRAME_PASSIVE, 20, NOW_MS);
    assert_non_null(did(MEMBERSHIP_LEFT, 1));
    membership_free(m);
}

static void a_relay_names_itself_by_its_own_key_alone(void **state)
{
    (void)state;
    struct membership *m = views();
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    struct message_neighbour other = {.ask = MESSAGE_ASK_LOW, .contact = relay(2)};
    up(m, 1, MEMBERSHIP_INBOUND, 0);
    assert_int_equal(
        hears(m, 1, FRAME_NEIGHBOUR, wire, message_neighbour_encode(wire, &other), NOW_MS),
        ERR_PROOF);
    assert_int_equal(hears(m, 1, FRAME_NEIGHBOUR, wire, 2, NOW_MS), ERR_TRUNCATED);
    wire[0] = 0x93;
    assert_int_equal(hears(m, 1, FRAME_FORWARD, wire, 50, NOW_MS), ERR_MALFORMED);
    membership_free(m);
}

static void those_who_connect_take_nine_places_and_no_more(void **state)
{
    (void)state;
    struct membership *m = views();
    for (uint32_t n = 1; n <= 9; n++) {
        neighbour_in(m, n);
        assert_non_null(did(MEMBERSHIP_JOINED, n));
    }
    neighbour_in(m, 10);
    assert_null(did(MEMBERSHIP_JOINED, 10));
    assert_true(sent(10, FRAME_PASSIVE));

    /* Who has nobody else is let in for another, once in a while. */
    assert_int_equal(asks(m, 10, MESSAGE_ASK_HIGH, NOW_MS), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 10));
    assert_int_equal(membership_active_count(m), 9);
    up(m, 11, MEMBERSHIP_INBOUND, 0);
    assert_int_equal(asks(m, 11, MESSAGE_ASK_HIGH, NOW_MS + 100), ERR_OK);
    assert_null(did(MEMBERSHIP_JOINED, 11));
    assert_int_equal(asks(m, 11, MESSAGE_ASK_HIGH, NOW_MS + MEMBERSHIP_EVICT_EVERY_MS), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 11));
    membership_free(m);
}

static void who_was_dialled_is_given_up_for_nobody(void **state)
{
    (void)state;
    struct membership *m = views();
    up(m, 50, MEMBERSHIP_NAMED, 0);
    assert_int_equal(asks(m, 50, MESSAGE_ASK_YES, NOW_MS), ERR_OK);
    for (uint32_t n = 1; n <= 9; n++) {
        neighbour_in(m, n);
    }
    for (uint32_t n = 10; n < 40; n++) {
        up(m, n, MEMBERSHIP_INBOUND, 0);
        assert_int_equal(asks(m, n, MESSAGE_ASK_HIGH, NOW_MS + n * MEMBERSHIP_EVICT_EVERY_MS),
                         ERR_OK);
        assert_null(did(MEMBERSHIP_LEFT, 50));
        assert_non_null(did(MEMBERSHIP_JOINED, n));
    }
    membership_free(m);
}

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

static void one_neighbour_cannot_fill_the_passive_view(void **state)
{
    (void)state;
    struct membership *m = views();
    neighbour_in(m, 1);
    neighbour_in(m, 2);
    for (uint32_t i = 0; i < 20; i++) {
        tells(m, 1, FRAME_SHUFFLE, 20 + 8 * i % 60, NOW_MS + i * MEMBERSHIP_PERIOD_MS);
    }
    assert_int_equal(membership_passive_count(m), MEMBERSHIP_TELLER_MAX);
    tells(m, 2, FRAME_SHUFFLE, 90, NOW_MS);
    assert_true(membership_passive_count(m) > MEMBERSHIP_TELLER_MAX);
    assert_true(membership_passive_count(m) <= 2 * MEMBERSHIP_TELLER_MAX);
    membership_free(m);
}

static void walks_of_one_neighbour_are_bounded(void **state)
{
    (void)state;
    struct membership *m = views();
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    size_t passed = 0;
    neighbour_in(m, 1);
    neighbour_in(m, 2);
    for (uint32_t i = 0; i < 100; i++) {
        struct message_forward forward = {.ttl = 6, .contact = relay(20)};
        assert_int_equal(
            hears(m, 1, FRAME_FORWARD, wire, message_forward_encode(wire, &forward), NOW_MS),
            ERR_OK);
        passed += sent(2, FRAME_FORWARD);
    }
    assert_int_equal(passed, MEMBERSHIP_PERIOD_MAX);
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

static void who_parts_over_and_over_is_no_neighbour_again_at_once(void **state)
{
    (void)state;
    struct membership *m = views();
    uint32_t granted_count = 0;
    up(m, 1, MEMBERSHIP_INBOUND, 0);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(asks(m, 1, MESSAGE_ASK_LOW, NOW_MS + i), ERR_OK);
        granted_count += did(MEMBERSHIP_JOINED, 1) != NULL;
        tells(m, 1, FRAME_PASSIVE, 20, NOW_MS + i);
    }
    assert_int_equal(granted_count, MEMBERSHIP_PERIOD_ASKS);
    assert_int_equal(asks(m, 1, MESSAGE_ASK_LOW, NOW_MS + MEMBERSHIP_PERIOD_MS), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 1));
    membership_free(m);
}

static void a_silent_neighbour_is_closed_and_one_that_says_anything_is_not(void **state)
{
    (void)state;
    struct membership *m = views();
    neighbour_in(m, 1);
    neighbour_in(m, 2);
    uint64_t kept_ms = NOW_MS + MEMBERSHIP_KEEP_EVERY_MS;
    membership_on_time(m, &out, kept_ms);
    assert_true(sent(1, FRAME_NEIGHBOUR) && sent(2, FRAME_NEIGHBOUR));
    membership_on_heard(m, 2, kept_ms + 50);
    membership_on_time(m, &out, kept_ms + MEMBERSHIP_SILENCE_MS);
    assert_int_equal(did(MEMBERSHIP_CLOSE, 1)->reason, ERR_TIMEOUT);
    assert_non_null(did(MEMBERSHIP_LEFT, 1));
    assert_null(did(MEMBERSHIP_CLOSE, 2));
    membership_free(m);
}

static void an_answer_to_keep_measures_the_round_trip(void **state)
{
    (void)state;
    struct membership *m = views();
    neighbour_in(m, 1);
    membership_on_time(m, &out, NOW_MS + MEMBERSHIP_KEEP_EVERY_MS);
    assert_int_equal(asks(m, 1, MESSAGE_ASK_YES, NOW_MS + MEMBERSHIP_KEEP_EVERY_MS + 80), ERR_OK);
    assert_int_equal(out.rtt_link, 1);
    assert_in_range(out.rtt_ms, 80, 81);
    membership_free(m);
}

static void of_two_connections_to_one_relay_one_counts(void **state)
{
    (void)state;
    struct membership *m = views(); /* its key is 100: larger than 1's, smaller than 101's */
    neighbour_in(m, 1);
    struct membership_up again = {
        .link = 60, .side = MEMBERSHIP_NAMED, .static_key = relay(1).static_key};
    membership_on_up(m, &out, &again, NOW_MS);
    assert_null(did(MEMBERSHIP_LEFT, 1)); /* the smaller key dialled link 1 */
    assert_false(sent(60, FRAME_NEIGHBOUR));

    neighbour_in(m, 101);
    again = (struct membership_up){
        .link = 61, .side = MEMBERSHIP_NAMED, .static_key = relay(101).static_key};
    membership_on_up(m, &out, &again, NOW_MS);
    assert_non_null(did(MEMBERSHIP_LEFT, 101));
    assert_true(sent(61, FRAME_NEIGHBOUR));

    membership_on_down(m, &out, 1, NOW_MS); /* the other takes its place */
    assert_true(sent(60, FRAME_NEIGHBOUR));
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

/* Which happens where the other one is given up or dies and not where it is closed from outside. */
static void what_did_not_count_does_once_the_other_is_given_up_or_silent(void **state)
{
    (void)state;
    struct membership *m = views(); /* its key is smaller than 101's: what it dialled counts */
    struct address met = relay(101);
    membership_learn(m, &met, NOW_MS);
    membership_on_time(m, &out, NOW_MS);
    assert_non_null(did(MEMBERSHIP_DIAL, 0));
    up(m, 101, MEMBERSHIP_LEARNT, did(MEMBERSHIP_DIAL, 0)->place);
    assert_int_equal(asks(m, 101, MESSAGE_ASK_YES, NOW_MS), ERR_OK);
    struct membership_up other = {
        .link = 60, .side = MEMBERSHIP_INBOUND, .static_key = relay(101).static_key};
    membership_on_up(m, &out, &other, NOW_MS);
    assert_int_equal(asks_over(m, 60, 101, MESSAGE_ASK_LOW, NOW_MS), ERR_OK);
    assert_null(did(MEMBERSHIP_JOINED, 60));
    tells(m, 101, FRAME_PASSIVE, 20, NOW_MS); /* it gives this relay up, which hangs up */
    assert_non_null(did(MEMBERSHIP_CLOSE, 101));
    assert_int_equal(asks_over(m, 60, 101, MESSAGE_ASK_LOW, NOW_MS), ERR_OK);
    assert_non_null(did(MEMBERSHIP_JOINED, 60));

    neighbour_in(m, 1); /* whose key is smaller */
    other = (struct membership_up){
        .link = 61, .side = MEMBERSHIP_NAMED, .static_key = relay(1).static_key};
    membership_on_up(m, &out, &other, NOW_MS);
    assert_false(sent(61, FRAME_NEIGHBOUR));
    bool asked = false;
    for (uint64_t at_ms = NOW_MS; at_ms < NOW_MS + 60000 && !asked; at_ms += 1000) {
        membership_on_heard(m, 60, at_ms);
        membership_on_time(m, &out, at_ms);
        asked = sent(61, FRAME_NEIGHBOUR) && did(MEMBERSHIP_CLOSE, 1) != NULL;
    }
    assert_true(asked);
    membership_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(being_neighbours_is_agreed_on),
        cmocka_unit_test(a_relay_names_itself_by_its_own_key_alone),
        cmocka_unit_test(those_who_connect_take_nine_places_and_no_more),
        cmocka_unit_test(who_was_dialled_is_given_up_for_nobody),
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
        cmocka_unit_test(one_neighbour_cannot_fill_the_passive_view),
        cmocka_unit_test(walks_of_one_neighbour_are_bounded),
        cmocka_unit_test(a_newcomer_is_told_of_and_met_at_the_end_of_the_walk),
        cmocka_unit_test(where_nobody_answered_nobody_is_dialled_under_another_key),
        cmocka_unit_test(nobody_makes_a_relay_dial_as_often_as_they_like),
        cmocka_unit_test(who_parts_over_and_over_is_no_neighbour_again_at_once),
        cmocka_unit_test(a_silent_neighbour_is_closed_and_one_that_says_anything_is_not),
        cmocka_unit_test(an_answer_to_keep_measures_the_round_trip),
        cmocka_unit_test(of_two_connections_to_one_relay_one_counts),
        cmocka_unit_test(what_did_not_count_does_once_the_other_is_given_up_or_silent),
        cmocka_unit_test(contacts_of_one_machine_and_oneself_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
