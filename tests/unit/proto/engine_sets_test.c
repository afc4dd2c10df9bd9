#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/message_overlay.h"
#include "proto/negentropy_wire.h"
#include "proto/set.h"
#include "tests/support/rig.h"

#define DAY_S 86400

static struct posts said(const char *name, size_t count, uint64_t from_s)
{
    return posts_said(name, count, from_s, 1);
}

static void fill(struct sorted_set *set, const struct posts *posts, uint64_t from_s)
{
    sorted_set_init(set);
    for (size_t i = 0; i < posts->count; i++) {
        sorted_set_add(set, from_s + i, &posts->ids[i]);
    }
    sorted_set_seal(set);
}

static void ask(struct rig *rig, uint32_t peer, uint32_t session, uint32_t set)
{
    static const uint8_t nothing_here[] = {0x61, 0x00, 0x00, 0x02, 0x00};
    uint8_t out[64];
    struct message_recon recon = {
        .session = session, .set = set, .message = octets_of(nothing_here, sizeof nothing_here)};
    rig_frame(rig, peer, FRAME_RECON, out, message_recon_encode(out, &recon));
}

static void end(struct rig *rig, uint32_t peer, uint32_t session)
{
    uint8_t out[MESSAGE_CODE_CAP];
    rig_frame(rig, peer, FRAME_RECON_END, out, message_recon_end_encode(out, session));
}

static void want_at(struct rig *rig, uint32_t peer, uint32_t session, struct octets places)
{
    uint8_t out[MESSAGE_PLACES_CAP];
    struct message_want_at want = {.session = session, .number = 1, .places = places};
    rig_frame(rig, peer, FRAME_WANT_AT, out, message_want_at_encode(out, &want));
}

static struct message_recon recon_of(const struct rig_sent *sent)
{
    struct message_recon recon;
    assert_non_null(sent);
    assert_int_equal(message_recon_decode(&recon, octets_of(sent->payload, sent->len)), ERR_OK);
    return recon;
}

/* The n-th reconciliation begun with the peer. */
static struct message_recon recon_number(const struct rig *rig, uint32_t peer, size_t n)
{
    for (size_t i = 0; i < rig->sent_count; i++) {
        if (rig->sent[i].peer == peer && rig->sent[i].type == FRAME_RECON && n-- == 0) {
            return recon_of(&rig->sent[i]);
        }
    }
    fail_msg("there is no such reconciliation");
    return (struct message_recon){.session = 0};
}

/* ---- Posts by their places ---------------------------------------------------------------- */

struct library {
    struct rig *rig;
    struct posts posts;
    struct sorted_set set;
};

/* 40 posts, all of which were listed to peer 0 in session 3. */
static struct library library_new(void)
{
    struct library l = {.rig = rig_new(RIG_PERSONAL)};
    l.posts = said("ana", 40, RIG_NOW_S - 1000);
    return l;
}

static void lists(struct library *l)
{
    fill(&l->set, &l->posts, RIG_NOW_S - 1000);
    l->rig->set = &l->set;
    rig_peer(l->rig, 0);
    ask(l->rig, 0, 3, SET_ALL);
    rig_answers(l->rig, &l->posts);
    assert_int_equal(rig_sent_count(l->rig, 0, FRAME_RECON), 1);
}

static void library_free(struct library *l)
{
    sorted_set_close(&l->set);
    posts_free(&l->posts);
    rig_free(l->rig);
}

static void posts_are_served_by_their_places_in_a_list(void **state)
{
    (void)state;
    struct library l = library_new();
    lists(&l);
    want_at(l.rig, 0, 3, octets_of("\x05\x00\x00\x00\x80", 5));
    struct engine_effect asked = rig_takes(l.rig, ENGINE_READ, ENGINE_READ_BODIES);
    assert_int_equal(asked.as.read.ids_count, 3);
    assert_true(post_id_equal(&asked.as.read.ids[0], &l.posts.ids[0]));
    assert_true(post_id_equal(&asked.as.read.ids[1], &l.posts.ids[2]));
    assert_true(post_id_equal(&asked.as.read.ids[2], &l.posts.ids[39]));
    rig_answers_one(l.rig, &asked, &l.posts);
    assert_int_equal(rig_posts_sent(l.rig, 0), 3);
    library_free(&l);
}

static void a_place_beyond_the_list_is_malformed(void **state)
{
    (void)state;
    struct library l = library_new();
    lists(&l);
    want_at(l.rig, 0, 3, octets_of("\x00\x00\x00\x00\x00\x01", 6));
    assert_int_equal(l.rig->closed[0], ERR_MALFORMED);
    library_free(&l);
}

static void a_list_that_was_forgotten_is_said_to_be(void **state)
{
    (void)state;
    struct library l = library_new();
    lists(&l);
    want_at(l.rig, 0, 5, octets_of("\x01", 1)); /* never listed */
    assert_int_equal(rig_sent_count(l.rig, 0, FRAME_WANT_AT), 1);
    rig_waits(l.rig, 119000);
    want_at(l.rig, 0, 3, octets_of("\x01", 1));
    assert_int_equal(rig_sent_count(l.rig, 0, FRAME_WANT_AT), 1);
    rig_answers(l.rig, &l.posts);
    rig_waits(l.rig, 121000);
    want_at(l.rig, 0, 3, octets_of("\x01", 1));
    assert_int_equal(rig_sent_count(l.rig, 0, FRAME_WANT_AT), 2);
    assert_int_equal(rig_posts_sent(l.rig, 0), 1);
    assert_int_equal(l.rig->closed[0], RIG_NOT);
    library_free(&l);
}

static void of_many_lists_the_oldest_are_forgotten(void **state)
{
    (void)state;
    struct library l = library_new();
    lists(&l);
    for (uint32_t session = 5; session <= 11; session += 2) {
        end(l.rig, 0, session - 2);
        rig_waits(l.rig, 10);
        ask(l.rig, 0, session, SET_ALL);
        rig_answers(l.rig, &l.posts);
    }
    want_at(l.rig, 0, 3, octets_of("\x01", 1));
    assert_int_equal(rig_sent_count(l.rig, 0, FRAME_WANT_AT), 1);
    want_at(l.rig, 0, 5, octets_of("\x01", 1));
    assert_int_equal(rig_sent_count(l.rig, 0, FRAME_WANT_AT), 1);
    library_free(&l);
}

static void lists_do_not_outlive_their_connection(void **state)
{
    (void)state;
    struct library l = library_new();
    lists(&l);
    rig_down(l.rig, 0);
    rig_peer(l.rig, 0);
    want_at(l.rig, 0, 3, octets_of("\x01", 1));
    assert_int_equal(rig_sent_count(l.rig, 0, FRAME_WANT_AT), 1);
    library_free(&l);
}

static void who_has_forgotten_is_asked_by_id(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts theirs = said("bea", 20, RIG_NOW_S - 1000);
    uint8_t list[6 + 20 * POST_ID_LEN] = {0x61, 0x00, 0x00, 0x02, 20};
    memcpy(list + 5, theirs.ids, (size_t)20 * POST_ID_LEN);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    struct message_recon recon = recon_number(rig, 0, 0);
    recon.message = octets_of(list, 5 + (size_t)20 * POST_ID_LEN);
    uint8_t out[1024];
    rig_frame(rig, 0, FRAME_RECON, out, message_recon_encode(out, &recon));
    rig_answers_all(rig);
    rig_gives(rig, 0, &theirs, 0, 5);
    rig_answers_all(rig);
    const struct rig_sent *sent = rig_last(rig, 0, FRAME_WANT_AT);
    assert_non_null(sent);
    memcpy(out, sent->payload, sent->len);
    rig_frame(rig, 0, FRAME_WANT_AT, out, sent->len);

    const struct post_id *ids;
    size_t count;
    const struct rig_sent *want = rig_last(rig, 0, FRAME_WANT);
    assert_non_null(want);
    assert_int_equal(message_ids_decode(&ids, &count, octets_of(want->payload, want->len)), ERR_OK);
    assert_int_equal(count, 15); /* what did not come meanwhile */
    rig_gives(rig, 0, &theirs, 5, 15);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 20);
    assert_int_equal(engine_stats(rig->engine).recons_count, 0);
    posts_free(&theirs);
    rig_free(rig);
}

/* ---- Several sets ------------------------------------------------------------------------- */

static void four_reconciliations_run_at_a_time_and_no_fifth(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    for (uint32_t session = 1; session <= 7; session += 2) {
        ask(rig, 0, session, SET_AUTHORS + session);
        rig_answers_all(rig);
    }
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 4);
    end(rig, 0, 3);
    ask(rig, 0, 9, SET_ALL);
    rig_answers_all(rig);
    assert_int_equal(rig->closed[0], RIG_NOT);
    ask(rig, 0, 11, SET_ALL);
    assert_int_equal(rig->closed[0], ERR_FLOOD);
    rig_free(rig);
}

static void a_set_that_nobody_knows_is_not_reconciled(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    ask(rig, 0, 1, SETS_END);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON_END), 1);
    assert_int_equal(rig->asked_count, 0);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_free(rig);
}

static void an_answer_about_another_set_is_unexpected(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    uint32_t session = recon_number(rig, 0, 0).session;
    ask(rig, 0, session, SET_STANDING);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    rig_free(rig);
}

static void without_floors_all_is_enough(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 1);
    assert_int_equal(recon_number(rig, 0, 0).set, SET_ALL);
    rig_free(rig);
}

/* The highest bound that a message names. */
static uint64_t ends_at_s(struct octets message)
{
    struct negentropy_range range = {.upper = negentropy_bound_zero()};
    for (size_t at = 1; at < message.len;) {
        struct negentropy_bound lower = range.upper;
        assert_int_equal(negentropy_get_range(&range, &at, message, &lower), ERR_OK);
    }
    return range.upper.created_s;
}

static void what_stands_is_asked_for_below_the_higher_floor(void **state)
{
    (void)state;
    for (uint32_t own_day = 0; own_day <= 8; own_day += 4) {
        struct rig *rig = rig_new(RIG_PERSONAL);
        rig->floor_s = (uint64_t)own_day * DAY_S;
        rig_dialled_floor(rig, 0, 6);
        rig_answers_all(rig);
        assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 2);
        assert_int_equal(recon_number(rig, 0, 0).set, SET_ALL);
        struct message_recon standing = recon_number(rig, 0, 1);
        assert_int_equal(standing.set, SET_STANDING);
        assert_int_equal(ends_at_s(standing.message), (own_day > 6 ? own_day : 6) * DAY_S);
        rig_free(rig);
    }
}

static void a_hello_tells_the_floor(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    rig->floor_s = (uint64_t)5 * DAY_S;
    rig_peer(rig, 0);
    const struct rig_sent *sent = rig_last(rig, 0, FRAME_HELLO);
    struct message_hello hello;
    assert_int_equal(message_hello_decode(&hello, octets_of(sent->payload, sent->len)), ERR_OK);
    assert_int_equal(hello.floor_day, 5);
    rig_free(rig);
}

static void what_stands_is_answered_below_the_floor_and_all_is_not(void **state)
{
    (void)state;
    struct library l = library_new();
    l.rig->floor_s = RIG_NOW_S / DAY_S * DAY_S;
    assert_true(l.rig->floor_s > RIG_NOW_S - 100000);
    posts_free(&l.posts);
    l.posts = said("ana", 40, 1000);
    fill(&l.set, &l.posts, 1000);
    l.rig->set = &l.set; /* the same, whichever is asked for */
    rig_peer(l.rig, 0);
    ask(l.rig, 0, 1, SET_ALL);
    rig_answers_all(l.rig);
    size_t all_len = recon_number(l.rig, 0, 0).message.len;
    ask(l.rig, 0, 3, SET_STANDING);
    assert_int_equal(l.rig->asked[0].as.read.set, SET_STANDING);
    rig_answers_all(l.rig);
    size_t standing_len = recon_number(l.rig, 0, 1).message.len;
    assert_true(all_len < POST_ID_LEN);
    assert_true(standing_len > (size_t)40 * POST_ID_LEN);
    library_free(&l);
}

static void of_chosen_sets_each_is_reconciled_and_the_rest_is_dropped(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    uint32_t hers = set_of_author(&ana.key);
    assert_int_not_equal(hers, set_of_author(&bea.key));
    struct set_choice sets = {.buckets = true};
    sets.authors[(hers - SET_AUTHORS) / 8] = (uint8_t)(1U << (hers % 8));
    struct rig *rig = rig_new_wanting(RIG_RELAY, &sets);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_RECON), 2);
    assert_int_equal(recon_number(rig, 0, 0).set, SET_STANDING);
    assert_int_equal(recon_number(rig, 0, 1).set, hers);

    struct posts posts = {.wires = NULL};
    person_text(&posts, &ana, RIG_NOW_S, "me too", NULL);
    person_text(&posts, &bea, RIG_NOW_S, "me too", NULL);
    person_profile(&posts, &bea, RIG_NOW_S, "Bea", "");
    rig_gives(rig, 0, &posts, 0, 3);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 2);
    posts_free(&posts);
    rig_free(rig);
}

/* ---- What peers say they want -------------------------------------------------------------- */

static const struct set_choice standing_alone = {.buckets = true};

static bool hello_tells_sets(const struct rig *rig, uint32_t peer)
{
    const struct rig_sent *sent = rig_last(rig, peer, FRAME_HELLO);
    struct message_hello hello;
    assert_int_equal(message_hello_decode(&hello, octets_of(sent->payload, sent->len)), ERR_OK);
    return hello.sets.buckets;
}

static void a_hello_tells_sets_to_whom_they_are_told_anyway(void **state)
{
    (void)state;
    struct rig *relay = rig_new_wanting(RIG_RELAY, &standing_alone);
    struct rig *person = rig_new_wanting(RIG_PERSONAL, &standing_alone);
    struct rig *whole = rig_new(RIG_RELAY);
    rig_peer(relay, 0);
    assert_true(hello_tells_sets(relay, 0));
    rig_dialled(person, 0); /* it will ask for them there */
    assert_true(hello_tells_sets(person, 0));
    rig_peer(person, 1);
    assert_false(hello_tells_sets(person, 1));
    rig_peer(whole, 0);
    assert_false(hello_tells_sets(whole, 0));
    rig_free(relay);
    rig_free(person);
    rig_free(whole);
}

static void who_said_what_it_wants_is_neither_pushed_nor_told_of_the_rest(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct posts posts = {.wires = NULL};
    person_text(&posts, &ana, RIG_NOW_S, "me too", NULL);
    person_profile(&posts, &ana, RIG_NOW_S, "Ana", "");
    for (int announcing = 0; announcing <= 1; announcing++) {
        struct rig *rig = rig_new(RIG_RELAY);
        rig_peer(rig, 0);
        rig_peer_saying(rig, 1, (struct message_hello){.sets = standing_alone});
        rig_peer_saying(rig, 2,
                        (struct message_hello){.role = MESSAGE_RELAY, .sets = standing_alone});
        rig_peer(rig, 3);
        for (uint32_t peer = 1; announcing && peer <= 3; peer++) {
            rig_frame(rig, peer, FRAME_PRUNE, NULL, 0);
        }
        rig_gives(rig, 0, &posts, 0, 2);
        rig_answers_all(rig);
        rig_waits(rig, 200);
        for (uint32_t peer = 1; peer <= 3; peer++) {
            size_t wanted = peer == 3 ? 2 : 1;
            if (announcing) {
                const struct rig_sent *sent = rig_last(rig, peer, FRAME_IHAVE);
                struct message_ihave ihave;
                assert_int_equal(message_ihave_decode(&ihave, octets_of(sent->payload, sent->len)),
                                 ERR_OK);
                assert_int_equal(ihave.count, wanted);
            } else {
                assert_int_equal(rig_posts_sent(rig, peer), wanted);
            }
        }
        rig_free(rig);
    }
    posts_free(&posts);
}

/* It would cut the tree and the views for what it drops. */
static void a_relay_that_wants_a_part_is_a_leaf(void **state)
{
    (void)state;
    struct message_hello part = {.role = MESSAGE_RELAY, .sets = standing_alone};
    struct rig *whole = rig_new(RIG_RELAY);
    uint8_t out[MESSAGE_NEIGHBOUR_CAP];
    struct message_neighbour join = {.ask = MESSAGE_ASK_JOIN};
    rig_peer_saying(whole, 0, part);
    rig_frame(whole, 0, FRAME_NEIGHBOUR, out, message_neighbour_encode(out, &join));
    assert_int_equal(whole->closed[0], ERR_UNEXPECTED);
    rig_free(whole);

    /* Of three relays it lets two push, as a person's node does. */
    struct rig *leaf = rig_new_wanting(RIG_RELAY, &standing_alone);
    for (uint32_t peer = 0; peer < 3; peer++) {
        rig_peer_saying(leaf, peer, (struct message_hello){.role = MESSAGE_RELAY});
        assert_int_equal(rig_sent_count(leaf, peer, FRAME_NEIGHBOUR), 0);
    }
    assert_int_equal(rig_sent_count(leaf, 0, FRAME_PRUNE), 0);
    assert_int_equal(rig_sent_count(leaf, 2, FRAME_PRUNE), 1);
    rig_free(leaf);
}

/* ---- What one peer adds below the floor ---------------------------------------------------- */

/* The same vouch again and again with other times in it; nobody gets to look at the proof. */
static void alter(struct posts *posts, size_t i, uint32_t number)
{
    static uint8_t rooms[1024][256];
    struct octets wire = posts->wires[0];
    assert_true(wire.len <= sizeof rooms[0]);
    memcpy(rooms[i], wire.at, wire.len);
    for (size_t at = 0; at + 5 <= wire.len; at++) {
        if (octets_get_u32be(rooms[i] + at + 1) == 500000 && rooms[i][at] == 0xce) {
            octets_put_u32be(rooms[i] + at + 1, 100000 + number);
        }
    }
    posts->wires[i] = octets_of(rooms[i], wire.len);
}

static void a_peer_adds_only_so_much_below_the_floor_in_a_day(void **state)
{
    (void)state;
    enum { FRAME_POSTS_COUNT = 512, ALLOWED = 16384 };
    struct rig *rig = rig_new(RIG_RELAY);
    rig->floor_s = RIG_NOW_S / DAY_S * DAY_S;
    struct person ana = person_of("ana");
    struct posts one = {.wires = NULL};
    person_vouch(&one, &ana, 500000, &ana.key, NULL);
    struct octets wires[FRAME_POSTS_COUNT];
    struct posts many = {.wires = wires, .count = FRAME_POSTS_COUNT};
    rig_peer(rig, 0);
    size_t taken = 0;
    for (uint32_t frame = 0; frame < ALLOWED / FRAME_POSTS_COUNT + 2; frame++) {
        wires[0] = one.wires[0];
        for (size_t i = FRAME_POSTS_COUNT; i-- > 0;) {
            alter(&many, i, frame * FRAME_POSTS_COUNT + (uint32_t)i);
        }
        rig_gives(rig, 0, &many, 0, FRAME_POSTS_COUNT);
        while (rig_is_asked(rig, ENGINE_READ)) {
            struct engine_effect asked = rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN);
            taken += asked.as.read.ids_count;
            rig_says_known(rig, asked.as.read.token, true);
        }
    }
    assert_int_equal(taken, ALLOWED);
    assert_int_equal(rig->closed[0], RIG_NOT);

    rig->now_s += DAY_S;
    wires[0] = one.wires[0];
    alter(&many, 0, 1);
    rig_gives(rig, 0, &many, 0, 1);
    assert_true(rig_is_asked(rig, ENGINE_READ));
    posts_free(&one);
    rig_free(rig);
}

/* Whether a post that stands below the floor is taken from peer 0, under this key. */
static bool adds(struct rig *rig, uint32_t address, uint8_t key, uint32_t number)
{
    struct person ana = person_of("ana");
    struct posts one = {.wires = NULL};
    struct octets wire;
    person_vouch(&one, &ana, 500000, &ana.key, NULL);
    struct posts altered = {.wires = &wire, .count = 1};
    wire = one.wires[0];
    alter(&altered, 0, number);
    rig_step(rig,
             (struct engine_input){
                 .type = ENGINE_PEER_UP,
                 .as.up = {.peer = 0, .address = address, .static_key = {.octets = {2, key}}}});
    rig_hello(rig, 0);
    rig_gives(rig, 0, &altered, 0, 1);
    bool taken = false;
    for (size_t i = 0; i < rig->asked_count; i++) {
        taken = taken || (rig->asked[i].type == ENGINE_READ &&
                          rig->asked[i].as.read.query == ENGINE_READ_KNOWN);
    }
    if (taken) {
        struct engine_effect asked = rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN);
        rig_says_known(rig, asked.as.read.token, true);
    }
    rig_down(rig, 0);
    posts_free(&one);
    return taken;
}

static void who_comes_under_many_keys_leaves_room_for_those_whom_this_node_chose(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig->floor_s = RIG_NOW_S / DAY_S * DAY_S;
    uint32_t taken = 0;
    for (uint32_t key = 0; key < 256; key++) {
        taken += adds(rig, ENGINE_NO_ADDRESS, (uint8_t)key, key);
    }
    assert_int_equal(taken, 192);
    assert_false(adds(rig, ENGINE_NO_ADDRESS, 255, 1000));
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 0});
    assert_true(adds(rig, 0, 254, 1001));
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_are_served_by_their_places_in_a_list),
        cmocka_unit_test(a_place_beyond_the_list_is_malformed),
        cmocka_unit_test(a_list_that_was_forgotten_is_said_to_be),
        cmocka_unit_test(of_many_lists_the_oldest_are_forgotten),
        cmocka_unit_test(lists_do_not_outlive_their_connection),
        cmocka_unit_test(who_has_forgotten_is_asked_by_id),
        cmocka_unit_test(four_reconciliations_run_at_a_time_and_no_fifth),
        cmocka_unit_test(a_set_that_nobody_knows_is_not_reconciled),
        cmocka_unit_test(an_answer_about_another_set_is_unexpected),
        cmocka_unit_test(without_floors_all_is_enough),
        cmocka_unit_test(what_stands_is_asked_for_below_the_higher_floor),
        cmocka_unit_test(a_hello_tells_the_floor),
        cmocka_unit_test(what_stands_is_answered_below_the_floor_and_all_is_not),
        cmocka_unit_test(of_chosen_sets_each_is_reconciled_and_the_rest_is_dropped),
        cmocka_unit_test(a_hello_tells_sets_to_whom_they_are_told_anyway),
        cmocka_unit_test(who_said_what_it_wants_is_neither_pushed_nor_told_of_the_rest),
        cmocka_unit_test(a_relay_that_wants_a_part_is_a_leaf),
        cmocka_unit_test(a_peer_adds_only_so_much_below_the_floor_in_a_day),
        cmocka_unit_test(who_comes_under_many_keys_leaves_room_for_those_whom_this_node_chose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
