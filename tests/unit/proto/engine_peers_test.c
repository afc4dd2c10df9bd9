#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/rig.h"

static void a_peer_is_greeted_and_ready_once_it_greets(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_up(rig, 3, ENGINE_NO_ADDRESS);
    assert_int_equal(rig_sent_count(rig, 3, FRAME_HELLO), 1);
    assert_int_equal(rig->ready_count, 0);
    rig_hello(rig, 3);
    assert_int_equal(rig->ready_count, 1);
    assert_int_equal(engine_stats(rig->engine).ready_count, 1);
    rig_free(rig);
}

static void anything_before_hello_is_unexpected(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_up(rig, 0, ENGINE_NO_ADDRESS);
    rig_frame(rig, 0, FRAME_WANT, "", 0);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_BYE), 1);
    rig_free(rig);
}

static void a_second_hello_is_unexpected(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_hello(rig, 0);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    rig_free(rig);
}

static void a_peer_that_never_greets_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_up(rig, 0, ENGINE_NO_ADDRESS);
    rig_waits(rig, 9999);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_waits(rig, 1);
    assert_int_equal(rig->closed[0], ERR_TIMEOUT);
    rig_free(rig);
}

static void hello_of(struct rig *rig, uint32_t peer, const struct message_hello *hello)
{
    uint8_t out[MESSAGE_HELLO_CAP];
    size_t len = message_hello_encode(out, hello);
    rig_frame(rig, peer, FRAME_HELLO, out, len);
}

static void a_relay_proves_its_identity_for_its_own_key_alone(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct person relay = person_of("a relay");
    struct message_hello hello = {.role = MESSAGE_RELAY};
    message_hello_sign(&hello, &(struct key){.octets = {1, 0}}, relay.seed);
    rig_up(rig, 0, ENGINE_NO_ADDRESS);
    rig_up(rig, 1, ENGINE_NO_ADDRESS);
    hello_of(rig, 0, &hello);
    assert_int_equal(rig->closed[0], RIG_NOT);
    assert_int_equal(rig->ready_count, 1);
    hello_of(rig, 1, &hello); /* somebody else repeats it */
    assert_int_equal(rig->closed[1], ERR_PROOF);
    rig_free(rig);
}

static void a_closed_peer_is_heard_no_more(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_frame(rig, 0, FRAME_POSTS, "\xc0", 1);
    assert_int_equal(rig->closed[0], ERR_MALFORMED);
    rig->closed[0] = RIG_NOT;
    rig_hello(rig, 0);
    rig_frame(rig, 0, FRAME_POSTS, "\xc0", 1);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_down(rig, 0);
    rig_peer(rig, 0);
    assert_int_equal(engine_stats(rig->engine).ready_count, 1);
    rig_free(rig);
}

static void extensions_are_skipped_and_what_the_session_handles_is_unexpected(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_frame(rig, 0, (enum frame_type)FRAME_EXTENSION_FIRST, "?", 1);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_frame(rig, 0, FRAME_PING, "", 0);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    rig_free(rig);
}

static void a_peer_that_leaves_is_not_blamed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    uint8_t out[MESSAGE_CODE_CAP];
    size_t len = message_bye_encode(out, ERR_OK);
    rig_frame(rig, 0, FRAME_BYE, out, len);
    assert_int_equal(rig->closed[0], ERR_OK);
    rig_free(rig);
}

static void a_node_that_comes_back_replaces_its_older_connection(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_UP,
                                        .as.up = {.peer = 1,
                                                  .address = ENGINE_NO_ADDRESS,
                                                  .static_key = {.octets = {1, 0}}}});
    assert_int_equal(rig->closed[0], ERR_CANCELLED);
    assert_int_equal(rig->closed[1], RIG_NOT);
    rig_free(rig);
}

static void a_peer_that_reads_nothing_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 0});
    rig_waits(rig, 60000);
    assert_int_equal(rig->closed[0], ERR_TIMEOUT);
    rig_free(rig);
}

static void a_wanted_address_is_dialled_again_and_again_ever_less_often(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 5});
    assert_int_equal(rig->dials_count, 1);
    uint64_t waited_ms = 0;
    for (size_t dials = 1; dials < 12; dials++) {
        rig_step(rig, (struct engine_input){.type = ENGINE_DIAL_FAILED, .as.address = 5});
        uint64_t before_ms = rig->now_ms;
        while (rig->dials_count == dials) {
            rig_waits(rig, 10);
        }
        waited_ms = rig->now_ms - before_ms;
        assert_in_range(waited_ms, dials == 1 ? 200 : 400, 60010);
    }
    assert_in_range(waited_ms, 30000, 60010);
    rig_free(rig);
}

static void a_lost_connection_is_dialled_again_until_it_is_not_wanted(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 2);
    rig_down(rig, 2);
    rig_waits(rig, 1000);
    assert_int_equal(rig->dials_count, 2);
    rig_up(rig, 2, 2);
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_REMOVE, .as.address = 2});
    assert_int_equal(rig->closed[2], ERR_OK);
    rig_down(rig, 2);
    rig_waits(rig, 100000);
    assert_int_equal(rig->dials_count, 2);
    rig_free(rig);
}

static void an_address_removed_while_it_is_dialled_is_not_kept(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 1});
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_REMOVE, .as.address = 1});
    rig_up(rig, 0, 1);
    assert_int_equal(rig->closed[0], ERR_OK);
    rig_free(rig);
}

static void a_relay_holds_a_thousand_peers(void **state)
{
    (void)state;
    struct engine *engine;
    struct engine_config config = {.limits = engine_limits_relay()};
    struct engine_output out;
    message_hello_sign(&config.hello, &(struct key){.octets = {1}}, person_of("relay").seed);
    assert_int_equal(engine_new(&engine, &config), ERR_OK);
    uint8_t hello[MESSAGE_HELLO_CAP];
    size_t hello_len = message_hello_encode(hello, &(struct message_hello){0});
    for (uint32_t p = 0; p < 1024; p++) {
        struct engine_input up = {
            .type = ENGINE_PEER_UP,
            .as.up = {.peer = p,
                      .address = ENGINE_NO_ADDRESS,
                      .static_key = {.octets = {(uint8_t)p, (uint8_t)(p >> 8)}}}};
        engine_step(engine, &out, &up);
        struct engine_input frame = {
            .type = ENGINE_FRAME,
            .as.frame = {.peer = p, .type = FRAME_HELLO, .payload = octets_of(hello, hello_len)}};
        engine_step(engine, &out, &frame);
    }
    assert_int_equal(engine_stats(engine).ready_count, 1024);

    struct posts posts = {.wires = NULL};
    struct person ana = person_of("ana");
    person_text(&posts, &ana, 100, "me too", NULL);
    engine_step(engine, &out,
                &(struct engine_input){.type = ENGINE_PUBLISH,
                                       .now_s = 100,
                                       .as.publish = {.token = 1, .wire = posts.wires[0]}});
    assert_int_equal(out.effects[0].type, ENGINE_STORE);
    enum engine_put put = ENGINE_PUT_NEW;
    engine_step(engine, &out,
                &(struct engine_input){
                    .type = ENGINE_STORED,
                    .as.stored = {.token = out.effects[0].as.posts.token, .results = &put}});
    size_t sends_count = 0;
    for (size_t i = 0; i < out.effects_count; i++) {
        if (out.effects[i].type == ENGINE_SEND) {
            sends_count++;
            assert_int_equal(out.effects[i].as.send.peers_count, 1024);
        }
    }
    assert_int_equal(sends_count, 1); /* one payload for all of them */
    posts_free(&posts);
    engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_greeted_and_ready_once_it_greets),
        cmocka_unit_test(anything_before_hello_is_unexpected),
        cmocka_unit_test(a_second_hello_is_unexpected),
        cmocka_unit_test(a_peer_that_never_greets_is_closed),
        cmocka_unit_test(a_relay_proves_its_identity_for_its_own_key_alone),
        cmocka_unit_test(a_closed_peer_is_heard_no_more),
        cmocka_unit_test(extensions_are_skipped_and_what_the_session_handles_is_unexpected),
        cmocka_unit_test(a_peer_that_leaves_is_not_blamed),
        cmocka_unit_test(a_node_that_comes_back_replaces_its_older_connection),
        cmocka_unit_test(a_peer_that_reads_nothing_is_closed),
        cmocka_unit_test(a_wanted_address_is_dialled_again_and_again_ever_less_often),
        cmocka_unit_test(a_lost_connection_is_dialled_again_until_it_is_not_wanted),
        cmocka_unit_test(an_address_removed_while_it_is_dialled_is_not_kept),
        cmocka_unit_test(a_relay_holds_a_thousand_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
