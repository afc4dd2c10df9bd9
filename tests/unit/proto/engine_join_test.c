#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/invite.h"
#include "tests/support/rig.h"

static void send_claim(struct rig *rig, uint64_t token, uint32_t address)
{
    rig_step(rig, (struct engine_input){.type = ENGINE_JOIN_SEND,
                                        .as.join_send = {.token = token,
                                                         .address = address,
                                                         .claim = octets_of_text("claim")}});
}

static void give_joined(struct rig *rig, uint32_t peer, enum err_code status, const char *text)
{
    uint8_t out[MESSAGE_JOINED_CAP];
    size_t len = message_joined_encode(out, status, octets_of_text(text));
    rig_frame(rig, peer, FRAME_JOINED, out, len);
}

static void a_claim_waits_for_its_relay_and_brings_back_the_answer(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 0});
    send_claim(rig, 8, 0);
    rig_up(rig, 0, 0);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_JOIN), 0);
    rig_hello(rig, 0);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_JOIN), 1);
    assert_memory_equal(rig_last(rig, 0, FRAME_JOIN)->payload, "claim", 5);
    give_joined(rig, 0, ERR_REFUSED, "used up");
    assert_int_equal(rig->joined.token, 8);
    assert_int_equal(rig->joined.status, ERR_REFUSED);
    rig_free(rig);
}

static void a_claim_is_sent_again_on_the_next_connection(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    send_claim(rig, 1, 0);
    rig_down(rig, 0);
    rig_up(rig, 0, 0);
    rig_hello(rig, 0);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_JOIN), 2);
    give_joined(rig, 0, ERR_OK, "");
    assert_int_equal(rig->joined_count, 1);
    assert_int_equal(rig->joined.status, ERR_OK);
    rig_free(rig);
}

static void a_claim_that_nobody_answers_times_out(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 1});
    send_claim(rig, 1, 1);
    rig_waits(rig, 30000);
    assert_int_equal(rig->joined.status, ERR_NETWORK);
    rig_dialled(rig, 0);
    send_claim(rig, 2, 0);
    rig_waits(rig, 30000);
    assert_int_equal(rig->joined.token, 2);
    assert_int_equal(rig->joined.status, ERR_TIMEOUT);
    rig_free(rig);
}

static void too_many_claims_at_a_time_are_refused(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    for (uint64_t token = 0; token <= engine_limits_personal().joins_max; token++) {
        send_claim(rig, token, 0);
    }
    assert_int_equal(rig->joined.token, engine_limits_personal().joins_max);
    assert_int_equal(rig->joined.status, ERR_FLOOD);
    rig_free(rig);
}

static void an_answer_to_no_claim_is_unexpected(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    give_joined(rig, 0, ERR_OK, "");
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    rig_free(rig);
}

static void only_a_relay_can_be_joined(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_peer(rig, 0);
    rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    assert_int_equal(rig->join_count, 0);
    rig_free(rig);
}

static void say_result(struct rig *rig, uint64_t token, enum err_code status)
{
    rig_step(rig, (struct engine_input){.type = ENGINE_JOIN_RESULT,
                                        .as.join_result = {.token = token, .status = status}});
}

static void a_relay_passes_a_claim_on_and_its_answer_back(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    rig_peer(rig, 0);
    rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
    assert_int_equal(rig->join_count, 1);
    say_result(rig, rig->join.token, ERR_OK);
    say_result(rig, rig->join.token, ERR_REFUSED); /* comes twice */
    assert_int_equal(rig_sent_count(rig, 0, FRAME_JOINED), 1);
    rig_free(rig);
}

static void a_second_claim_before_the_answer_or_a_large_one_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    static const uint8_t large[CLAIM_WIRE_MAX + 1];
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
    uint64_t late = rig->join.token;
    rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
    assert_int_equal(rig->closed[0], ERR_UNEXPECTED);
    rig_frame(rig, 1, FRAME_JOIN, large, sizeof large);
    assert_int_equal(rig->closed[1], ERR_TOO_LARGE);
    rig_down(rig, 0);
    rig_peer(rig, 0);
    say_result(rig, late, ERR_OK); /* not for the one who is there now */
    assert_int_equal(rig_sent_count(rig, 0, FRAME_JOINED), 0);
    rig_free(rig);
}

static void a_connection_brings_only_so_many_claims(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    rig_peer(rig, 0);
    for (size_t i = 0; i < 8; i++) {
        rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
        assert_int_equal(rig->join_count, i + 1);
        say_result(rig, rig->join.token, ERR_REFUSED);
    }
    rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
    assert_int_equal(rig->closed[0], ERR_FLOOD);
    assert_int_equal(rig->join_count, 8);
    rig_down(rig, 0);
    rig_peer(rig, 0);
    rig_frame(rig, 0, FRAME_JOIN, "claim", 5);
    assert_int_equal(rig->join_count, 9);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_waits_for_its_relay_and_brings_back_the_answer),
        cmocka_unit_test(a_claim_is_sent_again_on_the_next_connection),
        cmocka_unit_test(a_claim_that_nobody_answers_times_out),
        cmocka_unit_test(too_many_claims_at_a_time_are_refused),
        cmocka_unit_test(an_answer_to_no_claim_is_unexpected),
        cmocka_unit_test(only_a_relay_can_be_joined),
        cmocka_unit_test(a_relay_passes_a_claim_on_and_its_answer_back),
        cmocka_unit_test(a_second_claim_before_the_answer_or_a_large_one_is_closed),
        cmocka_unit_test(a_connection_brings_only_so_many_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
