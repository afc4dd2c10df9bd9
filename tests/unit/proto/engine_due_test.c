#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/message_overlay.h"
#include "proto/negentropy_wire.h"
#include "tests/support/rig.h"

#define FLOOR_S    864000 /* there are two sets to be reconciled with everybody */
#define ANSWER_CAP 100
#define FULL       8 /* peers that take all places of a relay, two each */

static struct rig *relay_with_a_floor(void)
{
    struct rig *rig = rig_new(RIG_RELAY);
    rig->floor_s = FLOOR_S;
    rig_step(rig, (struct engine_input){.type = ENGINE_TICK});
    return rig;
}

static void give_recon(struct rig *rig, uint32_t peer, const struct message_recon *recon)
{
    uint8_t out[MESSAGE_RECON_HEAD + ANSWER_CAP];
    rig_frame(rig, peer, FRAME_RECON, out, message_recon_encode(out, recon));
}

/* An answer that says that the rest differs; finding: and that there is one post besides. */
static size_t answer_of(uint8_t *message, bool finding)
{
    static uint64_t posts_count;
    struct negentropy_bound bound = negentropy_bound_infinity();
    uint64_t last_s = 0;
    size_t len = 0;
    message[len++] = 0x61;
    if (finding) {
        struct negentropy_bound above = {.created_s = FLOOR_S + 10};
        len += negentropy_put_bound(message + len, &last_s, &above);
        message[len++] = NEGENTROPY_MODE_IDS;
        message[len++] = 1;
        memset(message + len, 7, POST_ID_LEN);
        octets_put_u64be(message + len, ++posts_count);
        len += POST_ID_LEN;
    }
    len += negentropy_put_bound(message + len, &last_s, &bound);
    message[len++] = NEGENTROPY_MODE_FINGERPRINT;
    memset(message + len, 7, FINGERPRINT_LEN);
    return len + FINGERPRINT_LEN;
}

/* All below peers_count whom this node asked since the last time answer; those below finding_count
 * have something. */
static void all_answer(struct rig *rig, uint32_t peers_count, uint32_t finding_count)
{
    uint8_t message[ANSWER_CAP];
    struct message_recon asked[4 * FULL];
    uint32_t peers[4 * FULL];
    size_t count = 0;
    for (size_t i = 0; i < rig->sent_count; i++) {
        const struct rig_sent *sent = &rig->sent[i];
        if (sent->type == FRAME_RECON && sent->peer < peers_count) {
            peers[count] = sent->peer;
            assert_int_equal(
                message_recon_decode(&asked[count++], octets_of(sent->payload, sent->len)), ERR_OK);
        }
    }
    rig_forget(rig);
    for (size_t i = 0; i < count; i++) {
        asked[i].message = octets_of(message, answer_of(message, peers[i] < finding_count));
        give_recon(rig, peers[i], &asked[i]);
    }
    rig_answers_all(rig);
}

/* Each peer has forgotten what it listed: it is asked by id.  But of peer 0's session it says
 * nothing. */
static void all_have_forgotten(struct rig *rig, uint32_t peers_count, uint32_t session)
{
    for (size_t i = 0; i < rig->sent_count; i++) {
        const struct rig_sent sent = rig->sent[i];
        struct message_want_at want;
        if (sent.type == FRAME_WANT_AT && sent.peer < peers_count) {
            assert_int_equal(message_want_at_decode(&want, octets_of(sent.payload, sent.len)),
                             ERR_OK);
            if (sent.peer != 0 || want.session != session) {
                rig_frame(rig, sent.peer, FRAME_WANT_AT, sent.payload, sent.len);
            }
        }
    }
}

/* And has none of it. */
static void all_have_none_but(struct rig *rig, uint32_t peers_count, uint32_t session)
{
    all_have_forgotten(rig, peers_count, session);
    for (size_t i = 0; i < rig->sent_count; i++) {
        const struct rig_sent sent = rig->sent[i];
        if (sent.type == FRAME_WANT && sent.peer < peers_count) {
            rig_frame(rig, sent.peer, FRAME_NONE_YET, sent.payload, sent.len);
        }
    }
    rig_answers_all(rig);
}

static void all_have_none(struct rig *rig, uint32_t peers_count)
{
    all_have_none_but(rig, peers_count, 0);
}

static struct rig *full_of_those_it_dialled(void)
{
    struct rig *rig = relay_with_a_floor();
    for (uint32_t p = 0; p < FULL; p++) {
        rig_dialled(rig, p);
    }
    rig_answers_all(rig);
    assert_int_equal(engine_stats(rig->engine).recons_count, 2 * FULL);
    assert_int_equal(engine_limits_relay().initiators_max, 2 * FULL);
    return rig;
}

/* ---- Whom it chose ------------------------------------------------------------------------- */

static void neighbour_says(struct rig *rig, uint32_t peer, enum message_ask ask)
{
    uint8_t out[MESSAGE_NEIGHBOUR_CAP];
    struct message_neighbour neighbour = {.ask = ask};
    rig_frame(rig, peer, FRAME_NEIGHBOUR, out, message_neighbour_encode(out, &neighbour));
}

/* A neighbour tells of relays, each of which this node dials; they come up as first and on. */
static uint32_t friends_of(struct rig *rig, uint32_t peer, uint32_t first)
{
    uint32_t next = first;
    for (uint8_t i = 0; i < 40 && next < first + FULL; i++) {
        uint8_t out[MESSAGE_NEIGHBOUR_CAP];
        struct message_forward forward = {.ttl = 1, .contact = {.port = 7117}};
        (void)snprintf(forward.contact.host, sizeof forward.contact.host, "81.%d.0.1", 10 + i);
        forward.contact.static_key.octets[0] = (uint8_t)(100 + i);
        forward.contact.static_key.octets[1] = 7;
        rig_frame(rig, peer, FRAME_FORWARD, out, message_forward_encode(out, &forward));
        rig_waits(rig, 1000);
        while (next < first + FULL && rig_contact_answers(rig, next)) {
            next++;
        }
        rig_answers_all(rig);
        for (uint32_t p = peer; p < next; p++) {
            neighbour_says(rig, p, MESSAGE_ASK_YES);
        }
    }
    return next - first;
}

static void who_has_it_dial_its_friends_leaves_room_for_those_it_chose(void **state)
{
    (void)state;
    struct address_book *book;
    struct peer_scores *scores;
    assert_int_equal(address_book_new(&book, (const uint8_t *)"sixteen octets.."), ERR_OK);
    assert_int_equal(peer_scores_new(&scores), ERR_OK);
    struct rig *rig = rig_new_booked(book, scores);
    rig->floor_s = FLOOR_S;
    rig_step(rig, (struct engine_input){.type = ENGINE_TICK});
    rig_up(rig, 0, ENGINE_NO_ADDRESS);
    rig_hello_relay(rig, 0);
    neighbour_says(rig, 0, MESSAGE_ASK_LOW);
    assert_true(friends_of(rig, 0, 1) > 4);
    assert_int_equal(engine_stats(rig->engine).recons_count, FULL);

    rig_dialled(rig, 20); /* whom the operator named */
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 20, FRAME_RECON), 2);
    rig_free(rig);
    address_book_free(book);
    peer_scores_free(scores);
}

/* ---- Taking turns -------------------------------------------------------------------------- */

/* Gives which session it was. */
static uint32_t ends(struct rig *rig, uint32_t peer)
{
    uint8_t out[MESSAGE_CODE_CAP];
    struct rig_sent *sent = NULL;
    struct message_recon recon;
    for (size_t i = 0; i < rig->sent_count; i++) {
        bool is = rig->sent[i].peer == peer && rig->sent[i].type == FRAME_RECON;
        sent = is && sent == NULL ? &rig->sent[i] : sent;
    }
    assert_non_null(sent);
    assert_int_equal(message_recon_decode(&recon, octets_of(sent->payload, sent->len)), ERR_OK);
    uint32_t session = recon.session;
    sent->peer = RIG_PEERS_MAX; /* no answer follows */
    rig_frame(rig, peer, FRAME_RECON_END, out, message_recon_end_encode(out, session));
    rig_waits(rig, 1);
    rig_answers_all(rig);
    return session;
}

static void nobody_has_a_second_one_while_somebody_has_none(void **state)
{
    (void)state;
    struct rig *rig = full_of_those_it_dialled();
    rig_dialled(rig, FULL);
    rig_waits(rig, 1000);
    rig_dialled(rig, FULL + 1);
    rig_answers_all(rig);
    assert_null(rig_last(rig, FULL, FRAME_RECON));
    (void)ends(rig, 0);
    assert_int_equal(rig_sent_count(rig, FULL, FRAME_RECON), 1);
    (void)ends(rig, 1);
    assert_int_equal(rig_sent_count(rig, FULL + 1, FRAME_RECON), 1);
    (void)ends(rig, 4);
    assert_int_equal(rig_sent_count(rig, FULL, FRAME_RECON), 2);
    rig_waits(rig, 1000);
    rig_dialled(rig, FULL + 2);
    rig_answers_all(rig);
    (void)ends(rig, 2);
    assert_int_equal(rig_sent_count(rig, FULL + 2, FRAME_RECON), 1);
    (void)ends(rig, 3);
    assert_int_equal(rig_sent_count(rig, FULL + 1, FRAME_RECON), 2);
    rig_free(rig);
}

static void one_that_finds_nothing_gives_way_to_who_waits(void **state)
{
    (void)state;
    struct rig *rig = full_of_those_it_dialled();
    rig_peer(rig, FULL + 1);            /* to whom it is to begin */
    for (int s = 0; s < 300; s += 10) { /* nobody waits */
        all_answer(rig, FULL, 0);
        rig_waits(rig, 10000);
        for (uint32_t p = 0; p < FULL; p++) {
            assert_int_equal(rig_sent_count(rig, p, FRAME_RECON_END), 0);
        }
    }
    all_answer(rig, FULL, 0);
    rig_dialled(rig, FULL);
    rig_waits(rig, 1);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, FULL, FRAME_RECON), 1);
    size_t ended_count = 0;
    for (uint32_t p = 0; p < FULL; p++) {
        ended_count += rig_sent_count(rig, p, FRAME_RECON_END);
        assert_int_equal(rig->closed[p], RIG_NOT);
    }
    assert_int_equal(ended_count, 1);
    all_answer(rig, FULL, 0); /* the answer to the one that was ended was on its way */
    for (uint32_t p = 0; p < FULL; p++) {
        assert_int_equal(rig->closed[p], RIG_NOT);
    }
    rig_free(rig);
}

static void who_gave_way_is_behind_who_waits(void **state)
{
    (void)state;
    struct rig *rig = full_of_those_it_dialled();
    rig_dialled(rig, FULL);
    (void)ends(rig, 0);
    rig_waits(rig, 1000);
    rig_dialled(rig, FULL + 1);
    for (int s = 0; s < 80 && rig_sent_count(rig, FULL, FRAME_RECON_END) == 0; s += 10) {
        all_answer(rig, FULL + 1, FULL);
        all_have_none(rig, FULL);
        rig_waits(rig, 10000);
        rig_answers_all(rig);
    }
    assert_int_equal(rig_sent_count(rig, FULL, FRAME_RECON_END), 1);
    rig_waits(rig, 1);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, FULL + 1, FRAME_RECON), 1);
    rig_free(rig);
}

/* An answer that says that nothing differs, to each question sent to this peer. */
static size_t answer_equal(struct rig *rig, uint32_t peer)
{
    static const uint8_t equal[] = {0x61};
    struct message_recon asked[2];
    size_t count = 0;
    for (size_t i = 0; i < rig->sent_count; i++) {
        const struct rig_sent *sent = &rig->sent[i];
        if (sent->type == FRAME_RECON && sent->peer == peer) {
            assert_in_range(count, 0, 1);
            assert_int_equal(
                message_recon_decode(&asked[count++], octets_of(sent->payload, sent->len)), ERR_OK);
        }
    }
    for (size_t i = 0; i < count; i++) {
        asked[i].message = octets_of(equal, sizeof equal);
        give_recon(rig, peer, &asked[i]);
    }
    return count;
}

/* It needs a second for each of a hundred sets; a minute of that, and who waits goes before. */
static void who_waited_goes_on_with_its_round_when_it_has_a_place(void **state)
{
    (void)state;
    enum { OTHERS = 24, SETS = 96, EACH_MS = 1000 };
    struct set_choice sets = {.buckets = true};
    memset(sets.tags, 0xff, SETS / 8);
    struct rig *rig = rig_new_wanting(RIG_RELAY, &sets);
    for (uint32_t p = 0; p <= OTHERS; p++) {
        rig_dialled(rig, p);
    }
    rig_answers_all(rig);
    size_t answered_count = 0;
    uint64_t waited_ms = 0;
    for (; waited_ms < 3600000 && answered_count < SETS; waited_ms += EACH_MS) {
        answered_count += answer_equal(rig, OTHERS);
        all_answer(rig, OTHERS, 0);
        rig_waits(rig, EACH_MS);
        rig_answers_all(rig);
    }
    assert_in_range(waited_ms, SETS * EACH_MS / 2, 600000);
    rig_free(rig);
}

static void one_that_finds_something_new_gives_way_after_ten_minutes(void **state)
{
    (void)state;
    struct rig *rig = full_of_those_it_dialled();
    rig_dialled(rig, FULL);
    int waited_s = 0;
    for (; waited_s < 1000 && rig_sent_count(rig, FULL, FRAME_RECON) == 0; waited_s += 20) {
        all_answer(rig, FULL, FULL);
        all_have_none(rig, FULL);
        rig_waits(rig, 20000);
        rig_answers_all(rig);
    }
    assert_in_range(waited_s, 581, 640);
    rig_free(rig);
}

static void for_one_that_is_still_owed_posts_another_gives_way(void **state)
{
    (void)state;
    struct rig *rig = full_of_those_it_dialled();
    all_answer(rig, FULL, FULL);
    uint32_t owed = ends(rig, 0);
    all_have_none_but(rig, FULL, owed);
    rig_dialled(rig, FULL);
    int waited_s = 0;
    for (; waited_s < 1000 && rig_sent_count(rig, FULL, FRAME_RECON) == 0; waited_s += 20) {
        all_answer(rig, FULL, FULL);
        all_have_none_but(rig, FULL, owed);
        rig_waits(rig, 20000);
        rig_answers_all(rig);
    }
    assert_in_range(waited_s, 641, 700);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_free(rig);
}

static void an_answer_that_crosses_the_end_is_no_fault(void **state)
{
    (void)state;
    struct rig *rig = full_of_those_it_dialled();
    rig_dialled(rig, FULL);
    for (int s = 0; s < 580; s += 20) {
        all_answer(rig, FULL, FULL);
        all_have_none(rig, FULL);
        rig_waits(rig, 20000);
        rig_answers_all(rig);
    }
    all_answer(rig, FULL, FULL);
    rig_waits(rig, 25000); /* they still owe a post each, and one has given way */
    all_answer(rig, FULL, FULL);
    for (uint32_t p = 0; p < FULL; p++) {
        assert_int_equal(rig->closed[p], RIG_NOT);
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_it_dial_its_friends_leaves_room_for_those_it_chose),
        cmocka_unit_test(nobody_has_a_second_one_while_somebody_has_none),
        cmocka_unit_test(one_that_finds_nothing_gives_way_to_who_waits),
        cmocka_unit_test(who_gave_way_is_behind_who_waits),
        cmocka_unit_test(who_waited_goes_on_with_its_round_when_it_has_a_place),
        cmocka_unit_test(one_that_finds_something_new_gives_way_after_ten_minutes),
        cmocka_unit_test(for_one_that_is_still_owed_posts_another_gives_way),
        cmocka_unit_test(an_answer_that_crosses_the_end_is_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
