#include "tests/support/membership_rig.h"

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
        cmocka_unit_test(one_neighbour_cannot_fill_the_passive_view),
        cmocka_unit_test(walks_of_one_neighbour_are_bounded),
        cmocka_unit_test(who_parts_over_and_over_is_no_neighbour_again_at_once),
        cmocka_unit_test(a_silent_neighbour_is_closed_and_one_that_says_anything_is_not),
        cmocka_unit_test(an_answer_to_keep_measures_the_round_trip),
        cmocka_unit_test(of_two_connections_to_one_relay_one_counts),
        cmocka_unit_test(what_did_not_count_does_once_the_other_is_given_up_or_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
