/* Known addresses and scores at an engine: asking, telling, dialling, turning away (SPEC 8.5, 8.6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/address_group.h"
#include "proto/engine.h"
#include "proto/message_addresses.h"
#include "proto/message_overlay.h"
#include "tests/support/posts.h"

#define NOW_S     UINT64_C(1800000000)
#define PEERS_MAX 16
#define DIALS_MAX 64
#define NOT       (-1)

enum role { LEAF, LEAF_OF_NAMED, RELAY, RELAY_OF_NAMED };

struct bench {
    struct engine *engine;
    struct address_book *book;
    struct peer_scores *scores;
    struct engine_output out;
    uint64_t now_ms;
    uint32_t addresses_max;
    struct {
        uint32_t number;
        struct address contact;
    } dials[DIALS_MAX];
    size_t dials_count;
    int closed[PEERS_MAX];
    size_t asked[PEERS_MAX];    /* ADDRESSES_WANTED sent to it */
    size_t answered[PEERS_MAX]; /* ADDRESSES sent to it */
    struct address told[MESSAGE_ADDRESSES_MAX];
    size_t told_count;
};

static struct bench *bench;

static struct address somewhere(unsigned group, unsigned host)
{
    struct address address = {.port = 7117};
    (void)snprintf(address.host, sizeof address.host, "81.%u.0.%u", group, host);
    address.static_key.octets[0] = (uint8_t)group;
    address.static_key.octets[1] = (uint8_t)host;
    address.static_key.octets[2] = 0x77;
    return address;
}

static struct bench *bench_new(enum role role)
{
    static const struct key static_key = {.octets = {9}};
    struct bench *made = calloc(1, sizeof *made);
    struct person relay = person_of("relay");
    assert_non_null(made);
    assert_int_equal(address_book_new(&made->book, (const uint8_t *)"sixteen octets.."), ERR_OK);
    assert_int_equal(peer_scores_new(&made->scores), ERR_OK);
    made->now_ms = 1000;
    struct engine_config config = {.limits = engine_limits_personal(),
                                   .book = made->book,
                                   .scores = made->scores,
                                   .only_named = role == LEAF_OF_NAMED || role == RELAY_OF_NAMED,
                                   .seed = "another sixteen",
                                   .now_ms = made->now_ms};
    if (role == RELAY || role == RELAY_OF_NAMED) {
        config.limits = engine_limits_relay();
        config.self = (struct address){.host = "80.1.1.1", .port = 7117, .static_key = static_key};
        message_hello_sign(&config.hello, &static_key, relay.seed);
    }
    made->addresses_max = config.limits.addresses_max;
    assert_int_equal(engine_new(&made->engine, &config), ERR_OK);
    for (int p = 0; p < PEERS_MAX; p++) {
        made->closed[p] = NOT;
    }
    return made;
}

static void begin(enum role role)
{
    bench = bench_new(role);
}

static int teardown(void **state)
{
    (void)state;
    engine_free(bench->engine);
    address_book_check(bench->book);
    address_book_free(bench->book);
    peer_scores_free(bench->scores);
    free(bench);
    return 0;
}

static void keep(const struct engine_effect *effect)
{
    if (effect->type == ENGINE_DIAL && effect->as.dial.contact != NULL) {
        assert_true(bench->dials_count < DIALS_MAX);
        bench->dials[bench->dials_count].number = effect->as.dial.address;
        bench->dials[bench->dials_count++].contact = *effect->as.dial.contact;
    } else if (effect->type == ENGINE_CLOSE) {
        bench->closed[effect->as.close.peer] = (int)effect->as.close.reason;
    } else if (effect->type == ENGINE_SEND && effect->as.send.type == FRAME_ADDRESSES_WANTED) {
        bench->asked[effect->as.send.peers[0]]++;
        assert_int_equal(effect->as.send.payload.len, 0);
    } else if (effect->type == ENGINE_SEND && effect->as.send.type == FRAME_ADDRESSES) {
        bench->answered[effect->as.send.peers[0]]++;
        assert_int_equal(
            message_addresses_decode(bench->told, &bench->told_count, effect->as.send.payload),
            ERR_OK);
    }
}

static void step(struct engine_input in)
{
    in.now_ms = bench->now_ms;
    in.now_s = NOW_S + bench->now_ms / 1000;
    engine_step(bench->engine, &bench->out, &in);
    for (size_t i = 0; i < bench->out.effects_count; i++) {
        keep(&bench->out.effects[i]);
    }
}

static void waits(uint64_t for_ms)
{
    uint64_t until_ms = bench->now_ms + for_ms;
    while (bench->now_ms < until_ms) {
        uint64_t next_ms = bench->out.tick_at_ms;
        next_ms = next_ms > bench->now_ms ? next_ms : bench->now_ms + 1;
        bench->now_ms = next_ms < until_ms ? next_ms : until_ms;
        step((struct engine_input){.type = ENGINE_TICK});
    }
}

static void frame(uint32_t peer, enum frame_type type, const void *payload, size_t len)
{
    step((struct engine_input){
        .type = ENGINE_FRAME,
        .as.frame = {.peer = peer, .type = (uint8_t)type, .payload = octets_of(payload, len)}});
}

static void comes_up(uint32_t peer, uint32_t number, const struct address *address)
{
    bench->closed[peer] = NOT;
    step((struct engine_input){.type = ENGINE_PEER_UP,
                               .as.up = {.peer = peer,
                                         .address = number,
                                         .static_key = address->static_key,
                                         .group = address_group(address->host)}});
}

static void says_hello(uint32_t peer, const struct address *address, enum message_role role)
{
    uint8_t out[MESSAGE_HELLO_CAP];
    struct message_hello hello = {.role = role};
    struct person relay = person_of("other");
    if (role == MESSAGE_RELAY) {
        message_hello_sign(&hello, &address->static_key, relay.seed);
    }
    frame(peer, FRAME_HELLO, out, message_hello_encode(out, &hello));
}

static void is_relay(uint32_t peer, uint32_t number, const struct address *address)
{
    comes_up(peer, number, address);
    says_hello(peer, address, MESSAGE_RELAY);
}

static void goes(uint32_t peer)
{
    step((struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = peer});
}

static void named(uint32_t peer)
{
    struct address address = somewhere(200 + peer, 1);
    step((struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = peer});
    is_relay(peer, peer, &address);
}

static void knows(unsigned groups_count)
{
    for (unsigned g = 0; g < groups_count; g++) {
        struct address address = somewhere(g, 1);
        (void)address_book_add(bench->book, &address, address_group(address.host), NOW_S);
    }
}

static struct address_book_stats stats(void)
{
    return address_book_stats(bench->book);
}

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

/* ---- Dialling ---- */

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
            teardown(NULL);
        }
    }
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

/* ---- Anchors ---- */

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

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_relay_that_was_dialled_is_asked_once_a_day),
        TEST(who_dialled_and_who_is_no_relay_is_not_asked),
        TEST(what_was_asked_for_goes_into_the_book_and_nothing_else),
        TEST(addresses_of_ones_own_machine_are_dropped),
        TEST(an_answer_that_is_malformed_closes),
        TEST(a_relay_tells_everybody_the_same_all_day),
        TEST(who_asks_too_often_is_closed),
        TEST(a_question_with_something_in_it_closes),
        TEST(a_persons_node_tells_nobody_whom_it_knows),
        TEST(a_leaf_with_few_relays_dials_others_one_of_each_group),
        TEST(who_is_connected_is_not_dialled_once_more),
        TEST(a_leaf_with_relays_enough_dials_no_other),
        TEST(relays_that_call_a_leaf_are_not_those_it_wants),
        TEST(feelers_are_more_often_while_few_are_tried),
        TEST(whom_a_neighbour_had_dialled_is_neither_tried_nor_an_anchor),
        TEST(all_who_call_are_one_teller_together),
        TEST(each_that_was_drawn_is_given_up_for_another_after_half_a_day_or_so),
        TEST(a_leaf_stays_with_who_turns_out_to_be_a_relay_and_replaces_who_goes),
        TEST(whoever_dials_only_the_named_neither_asks_nor_dials),
        TEST(so_does_a_relay_though_others_tell_it_of_more),
        TEST(a_relay_alone_finds_others_from_its_book),
        TEST(a_relay_dials_one_of_a_group_though_its_views_hold_more),
        TEST(what_goes_past_in_views_is_remembered),
        TEST(who_tells_without_end_is_heard_as_much_as_others),
        TEST(a_feeler_hangs_up_once_it_saw_a_relay),
        TEST(anchors_are_the_oldest_that_were_drawn_and_none_twice),
        TEST(who_behaved_badly_is_turned_away_until_it_has_faded),
        TEST(whom_somebody_named_is_not_turned_away),
        TEST(who_has_a_low_score_is_not_dialled),
        TEST(what_a_peer_does_not_have_after_all_counts),
    };
    return cmocka_run_group_tests_name("proto/engine_book", tests, NULL, NULL);
}
