#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/proto/engine_recon_scene.h"

static void what_a_peer_has_is_wanted_and_taken(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    other_with(&other, 20, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);

    const struct rig_sent *sent = rig_last(rig, 0, FRAME_WANT_AT);
    struct message_want_at want;
    assert_non_null(sent);
    assert_int_equal(message_want_at_decode(&want, octets_of(sent->payload, sent->len)), ERR_OK);
    assert_int_equal(want.number, 1);
    assert_true(octets_equal(want.places, octets_of("\xff\xff\x0f", 3)));
    rig_gives(rig, 0, &other.posts, 0, 20);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 20);
    rig_waits(rig, 170000); /* long after every deadline */
    assert_int_equal(rig->closed[0], RIG_NOT);
    assert_int_equal(engine_stats(rig->engine).recons_count, 0);
    other_close(&other);
    rig_free(rig);
}

static void what_a_peer_lacks_is_pushed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts mine = said("ana", 100);
    struct sorted_set set;
    other_fill(&set, &mine);
    rig->set = &set;
    struct other other;
    other_with(&other, 0, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_answers(rig, &mine);
    while (rig_last(rig, 0, FRAME_RECON) != NULL && rig_sent_count(rig, 0, FRAME_RECON_END) == 0) {
        other_replies(&other, rig, 0);
        rig_answers(rig, &mine);
    }
    assert_int_equal(rig_posts_sent(rig, 0), 100);
    sorted_set_close(&set);
    posts_free(&mine);
    other_close(&other);
    rig_free(rig);
}

static void a_peer_that_never_answers_a_reconciliation_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 1);
    rig_waits(rig, 60000);
    assert_int_equal(rig->closed[0], ERR_TIMEOUT);
    rig_free(rig);
}

static void a_peer_that_begins_is_answered(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts mine = said("ana", 40);
    struct sorted_set set;
    other_fill(&set, &mine);
    rig->set = &set;
    struct other other;
    other_with(&other, 0, NEGENTROPY_INITIATOR);
    rig_peer(rig, 0);
    give_recon(rig, 0, 3, negentropy_peer_initiate(other.peer));
    rig_answers(rig, &mine);
    while (other.peer->need.count < 40) {
        uint32_t session;
        assert_int_equal(negentropy_peer_receive(other.peer, recon_sent(rig, 0, &session)), ERR_OK);
        assert_int_equal(session, 3);
        if (other.peer->step.next == NEGENTROPY_SEND) {
            give_recon(rig, 0, 3, octets_of(other.peer->reply.at, other.peer->reply.len));
            rig_answers(rig, &mine);
        }
    }

    uint8_t out[MESSAGE_IDS_CAP];
    size_t len = message_ids_encode(out, other.peer->need.at, 40);
    rig_frame(rig, 0, FRAME_WANT, out, len);
    rig_answers(rig, &mine);
    assert_int_equal(rig_posts_sent(rig, 0), 40);
    sorted_set_close(&set);
    posts_free(&mine);
    other_close(&other);
    rig_free(rig);
}

static void a_message_before_the_last_was_answered_is_unexpected(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    other_with(&other, 0, NEGENTROPY_INITIATOR);
    rig_peer(rig, 0);
    struct octets message = negentropy_peer_initiate(other.peer);
    give_recon(rig, 0, 1, message);
    give_recon(rig, 0, 1, message);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    uint64_t late = rig_takes(rig, ENGINE_READ, ENGINE_READ_RECON).as.read.token;
    rig_down(rig, 0);
    rig_says_read_failed(rig, late);
    other_close(&other);
    rig_free(rig);
}

static void a_message_that_is_not_negentropy_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_peer(rig, 2);
    give_recon(rig, 0, 1, octets_of("", 0));
    assert_int_equal(rig->closed[0], ERR_TRUNCATED);
    give_recon(rig, 1, 1, octets_of("\x61\x00\x00\x07", 4));
    assert_int_equal(rig->closed[1], ERR_MALFORMED);
    static uint8_t large[NEGENTROPY_MESSAGE_MAX + 1];
    give_recon(rig, 2, 1, octets_of(large, sizeof large));
    assert_int_equal(rig->closed[2], ERR_TOO_LARGE);
    rig_free(rig);
}

static void a_reconciliation_that_never_ends_is_closed(void **state)
{
    (void)state;
    /* Everything, under a fingerprint that fits nothing, again and again. */
    static const uint8_t endless[] = {0x61, 0x00, 0x00, 0x01, 1,  2,  3,  4,  5,  6,
                                      7,    8,    9,    10,   11, 12, 13, 14, 15, 16};
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    uint32_t session;
    (void)recon_sent(rig, 0, &session);
    for (int i = 0; i < 2048; i++) {
        give_recon(rig, 0, session, octets_of(endless, sizeof endless));
        rig_answers_all(rig);
        rig_forget(rig);
    }
    assert_int_equal(rig->closed[0], RIG_NOT);
    give_recon(rig, 0, session, octets_of(endless, sizeof endless));
    assert_int_equal(rig->closed[0], ERR_FLOOD);
    rig_free(rig);
}

static void more_beginners_than_places_wait_their_turn(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    other_with(&other, 0, NEGENTROPY_INITIATOR);
    struct octets message = negentropy_peer_initiate(other.peer);
    uint32_t places = engine_limits_personal().responders_max;
    for (uint32_t p = 0; p <= places; p++) {
        rig_peer(rig, p);
        give_recon(rig, p, 1, message);
    }
    assert_true(rig->paused[places]);
    rig_answers_all(rig);
    assert_false(rig->paused[places]);
    give_recon(rig, places, 1, message);
    rig_answers_all(rig);
    for (uint32_t p = 0; p <= places; p++) {
        assert_int_equal(rig_sent_count(rig, p, FRAME_RECON), 1);
    }
    other_close(&other);
    rig_free(rig);
}

static void a_read_that_fails_ends_the_reconciliation_and_it_is_tried_again(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    rig_says_read_failed(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_RECON).as.read.token);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON_END), 1);
    rig_waits(rig, 5000);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 1);
    rig_free(rig);
}

static void what_is_wanted_and_not_here_is_said_so(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts mine = said("ana", 2);
    uint8_t out[MESSAGE_IDS_CAP];
    struct post_id ids[3] = {mine.ids[0], {.octets = {1}}, mine.ids[1]};
    rig_peer(rig, 0);
    size_t len = message_ids_encode(out, ids, 3);
    rig_frame(rig, 0, FRAME_WANT, out, len);
    rig_answers(rig, &mine);
    assert_int_equal(rig_posts_sent(rig, 0), 2);
    const struct rig_sent *none = rig_last(rig, 0, FRAME_NONE_YET);
    const struct post_id *missing;
    size_t count;
    assert_non_null(none);
    assert_int_equal(message_ids_decode(&missing, &count, octets_of(none->payload, none->len)),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_true(post_id_equal(missing, &ids[1]));

    rig_frame(rig, 0, FRAME_WANT, out, len); /* and when nothing can be read */
    rig_says_read_failed(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_BODIES).as.read.token);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_NONE_YET), 2);
    posts_free(&mine);
    rig_free(rig);
}

static void who_wants_more_than_is_allowed_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct post_id id = {.octets = {1}};
    uint8_t out[MESSAGE_IDS_CAP];
    size_t len = message_ids_encode(out, &id, 1);
    rig_peer(rig, 0);
    for (int i = 0; i < 4; i++) {
        rig_frame(rig, 0, FRAME_WANT, out, len);
    }
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_frame(rig, 0, FRAME_WANT, out, len);
    assert_int_equal(rig->closed[0], ERR_FLOOD);
    rig_free(rig);
}

static void a_read_for_a_peer_that_is_gone_does_not_reach_the_next_one(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts mine = said("ana", 1);
    uint8_t out[MESSAGE_IDS_CAP];
    size_t len = message_ids_encode(out, mine.ids, 1);
    rig_peer(rig, 0);
    rig_frame(rig, 0, FRAME_WANT, out, len);
    struct engine_effect late = rig_takes(rig, ENGINE_READ, ENGINE_READ_BODIES);
    rig_down(rig, 0);
    rig_peer(rig, 0);
    rig_frame(rig, 0, FRAME_WANT, out, len);
    assert_int_equal(rig->asked_count, 0);
    rig_answers_one(rig, &late, &mine);
    assert_int_equal(rig_posts_sent(rig, 0), 0);
    rig_answers(rig, &mine);
    assert_int_equal(rig_posts_sent(rig, 0), 1);
    posts_free(&mine);
    rig_free(rig);
}

static void a_full_peer_is_served_once_it_drains(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts mine = said("ana", 1);
    uint8_t out[MESSAGE_IDS_CAP];
    size_t len = message_ids_encode(out, mine.ids, 1);
    rig_peer(rig, 0);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 0});
    rig_frame(rig, 0, FRAME_WANT, out, len);
    assert_int_equal(rig->asked_count, 0);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_DRAINED, .as.peer = 0});
    rig_answers(rig, &mine);
    assert_int_equal(rig_posts_sent(rig, 0), 1);
    posts_free(&mine);
    rig_free(rig);
}

static void asks(struct rig *rig, uint32_t peer, uint32_t session)
{
    struct other other;
    other_with(&other, 5, NEGENTROPY_INITIATOR);
    give_recon(rig, peer, session, negentropy_peer_initiate(other.peer));
    other_close(&other);
}

static void who_asks_and_does_not_read_keeps_nobody_from_an_answer(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 0});
    for (uint32_t session = 1; session <= 7; session += 2) {
        asks(rig, 0, session);
    }
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON_END), 0); /* nobody else waits */

    asks(rig, 1, 1);
    rig_waits(rig, 1);
    assert_false(rig->paused[1]);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON_END), 1);
    asks(rig, 1, 1);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_RECON), 1);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 0);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_DRAINED, .as.peer = 0});
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 3);
    rig_free(rig);
}

static void those_who_connected_leave_room_for_those_whom_this_node_chose(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said("bea", 1);
    enum { INBOUND = 12 };
    for (uint32_t p = 0; p < INBOUND; p++) {
        rig_peer(rig, p);
        rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = p});
    }
    rig_publishes(rig, 1, posts.wires[0]);
    rig_answers_all(rig); /* they are passed by, and are to be reconciled with */
    for (uint32_t p = 0; p < INBOUND; p++) {
        rig_step(rig, (struct engine_input){.type = ENGINE_PEER_DRAINED, .as.peer = p});
    }
    rig_waits(rig, 6000);
    rig_answers_all(rig);
    uint32_t half = engine_limits_personal().initiators_max / 2;
    assert_int_equal(engine_stats(rig->engine).recons_count, half);
    rig_dialled(rig, INBOUND);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, INBOUND, FRAME_RECON), 1);
    posts_free(&posts);
    rig_free(rig);
}

/* ---- Room for what follows ------------------------------------------------------------------ */

/* Posts so long that what five peers are sent of five of them, four each, and a sixth of all leaves
 * hardly any room for payloads in a step. */
#define LONG_COUNT    11
#define LONG_WIRE_LEN 31130

static void say_long(struct posts *posts)
{
    static char text[LONG_WIRE_LEN];
    struct person bea = person_of("bea");
    struct posts measure = {.wires = NULL};
    memset(text, 'b', sizeof text - 1);
    text[30000] = '\0';
    person_text(&measure, &bea, RIG_NOW_S, text, "metoo");
    text[30000] = 'b';
    text[30000 + LONG_WIRE_LEN - measure.wires[0].len] = '\0';
    for (uint64_t i = 0; i < LONG_COUNT; i++) {
        person_text(posts, &bea, RIG_NOW_S - i, text, "metoo");
        assert_int_equal(posts->wires[i].len, LONG_WIRE_LEN);
    }
    posts_free(&measure);
}

/* A relay that this one dialled at two addresses. */
static void dials_twice(struct rig *rig, uint32_t first)
{
    struct message_hello hello = {.role = MESSAGE_RELAY};
    struct key key = {.octets = {77}};
    uint8_t out[MESSAGE_HELLO_CAP];
    message_hello_sign(&hello, &key, person_of("a relay").seed);
    size_t len = message_hello_encode(out, &hello);
    for (uint32_t peer = first; peer < first + 2; peer++) {
        rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = peer});
        rig_step(rig, (struct engine_input){
                          .type = ENGINE_PEER_UP,
                          .as.up = {.peer = peer, .address = peer, .static_key = key}});
        rig_frame(rig, peer, FRAME_HELLO, out, len);
    }
}

/* All but the first are stored at a time. */
static uint64_t is_storing(struct rig *rig, uint32_t giver, const struct posts *posts)
{
    for (uint32_t i = 0; i < posts->count; i++) {
        rig_gives(rig, giver, posts, i, 1);
        rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
        rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    }
    uint64_t first = rig_takes(rig, ENGINE_STORE, 0).as.posts.token;
    rig_says_stored(rig, first, ERR_OK, ENGINE_PUT_NEW);
    struct engine_effect rest = rig_takes(rig, ENGINE_STORE, 0);
    assert_int_equal(rest.as.posts.count, posts->count - 1);
    return rest.as.posts.token;
}

static void who_is_closed_while_much_is_sent_leaves_room_for_what_follows(void **state)
{
    (void)state;
    enum { HALF = (LONG_COUNT - 1) / 2, GIVER = HALF + 1, RELAY };
    struct rig *rig = rig_new(RIG_RELAY);
    struct posts posts = {.wires = NULL};
    say_long(&posts);
    dials_twice(rig, RELAY);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, RELAY + 1, FRAME_NEIGHBOUR), 0); /* one of them counts */
    rig_peer(rig, GIVER);
    uint64_t storing = is_storing(rig, GIVER, &posts);
    for (uint32_t peer = 0; peer <= HALF; peer++) {
        rig_peer(rig, peer);
    }
    for (uint32_t i = 1; i < LONG_COUNT; i++) {
        rig_gives(rig, (i - 1) % HALF, &posts, i, 1);
    }
    rig_says_stored(rig, storing, ERR_OK, ENGINE_PUT_NEW);
    assert_int_equal(rig_posts_sent(rig, 0), HALF - 1); /* the others come in the next step */
    static const uint8_t stops_short[] = {0x61, 0x00};
    give_recon(rig, RELAY, 2, octets_of(stops_short, sizeof stops_short));
    assert_int_equal(rig->closed[RELAY], ERR_TRUNCATED);
    assert_int_equal(rig_sent_count(rig, RELAY + 1, FRAME_NEIGHBOUR), 1); /* now the other counts */
    posts_free(&posts);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_peer_has_is_wanted_and_taken),
        cmocka_unit_test(what_a_peer_lacks_is_pushed),
        cmocka_unit_test(a_peer_that_never_answers_a_reconciliation_is_closed),
        cmocka_unit_test(a_peer_that_begins_is_answered),
        cmocka_unit_test(a_message_before_the_last_was_answered_is_unexpected),
        cmocka_unit_test(a_message_that_is_not_negentropy_is_closed),
        cmocka_unit_test(a_reconciliation_that_never_ends_is_closed),
        cmocka_unit_test(more_beginners_than_places_wait_their_turn),
        cmocka_unit_test(a_read_that_fails_ends_the_reconciliation_and_it_is_tried_again),
        cmocka_unit_test(what_is_wanted_and_not_here_is_said_so),
        cmocka_unit_test(who_wants_more_than_is_allowed_is_closed),
        cmocka_unit_test(a_read_for_a_peer_that_is_gone_does_not_reach_the_next_one),
        cmocka_unit_test(a_full_peer_is_served_once_it_drains),
        cmocka_unit_test(who_asks_and_does_not_read_keeps_nobody_from_an_answer),
        cmocka_unit_test(those_who_connected_leave_room_for_those_whom_this_node_chose),
        cmocka_unit_test(who_is_closed_while_much_is_sent_leaves_room_for_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
