#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/session.h"
#include "tests/support/session_pair.h"

#define WIRE_MAX 256

static uint8_t wire[WIRE_MAX];

/* Everything a session has to write, into wire[]. */
static size_t drain(struct session *s)
{
    size_t len = 0;
    struct octets octets = session_output(s);
    while (octets.len > 0) {
        assert_true(octets.len <= WIRE_MAX - len);
        memcpy(wire + len, octets.at, octets.len);
        len += octets.len;
        session_written(s, octets.len);
        octets = session_output(s);
    }
    return len;
}

static enum err_code give(struct session *s, struct session_seen *seen, size_t wire_len)
{
    return session_give(s, seen, octets_of(wire, wire_len), SIZE_MAX);
}

static void the_handshake_proves_both_keys(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    assert_memory_equal(session_remote_public(pair.initiator), pair.responder_key.public,
                        NOISE_KEY_LEN);
    assert_memory_equal(session_remote_public(pair.responder), pair.initiator_key.public,
                        NOISE_KEY_LEN);
    assert_memory_equal(session_handshake_hash(pair.initiator),
                        session_handshake_hash(pair.responder), NOISE_HASH_LEN);
    session_pair_close(&pair);
}

static void established_is_told_once_and_before_any_frame(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    enum session_event event;
    struct frame frame;
    session_pair_open(&pair);
    assert_int_equal(session_steps(pair.initiator), ERR_OK);
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_carry(pair.responder, pair.initiator, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_send(pair.initiator, FRAME_HELLO, octets_of("hi", 2)), ERR_OK);

    struct octets octets = session_output(pair.initiator); /* message 3, then HELLO */
    assert_int_equal(session_feed(pair.responder, octets, 0), octets.len);
    session_written(pair.initiator, octets.len);
    octets = session_output(pair.initiator);
    assert_int_equal(session_feed(pair.responder, octets, 0), octets.len);
    static const enum session_event expected[] = {SESSION_HANDSHAKE_STEP, SESSION_ESTABLISHED,
                                                  SESSION_FRAME, SESSION_WAITING};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(session_next(pair.responder, &event, &frame), ERR_OK);
        assert_int_equal(event, expected[i]);
        if (event == SESSION_HANDSHAKE_STEP) {
            assert_int_equal(session_handshake_step(pair.responder), ERR_OK);
        } else if (event == SESSION_FRAME) {
            assert_int_equal(frame.type, FRAME_HELLO);
            assert_memory_equal(frame.payload.at, "hi", 2);
        }
    }
    session_pair_close(&pair);
}

static void a_wrong_static_key_ends_the_handshake(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_open(&pair);
    struct session *lost = session_alone(NOISE_INITIATOR, pair.initiator_key.public);
    assert_int_equal(session_steps(lost), ERR_OK);
    assert_int_equal(session_carry(lost, pair.responder, &seen, SIZE_MAX), ERR_HANDSHAKE);
    assert_int_equal(session_output(pair.responder).len, 0);
    assert_false(session_is_established(pair.responder));
    session_free(lost);
    session_pair_close(&pair);
}

static void a_key_of_small_order_is_not_dialled(void **state)
{
    (void)state;
    static const uint8_t zeros[NOISE_KEY_LEN];
    struct session *s = session_alone(NOISE_INITIATOR, zeros);
    assert_int_equal(session_steps(s), ERR_HANDSHAKE);
    session_free(s);
}

/* Each of the three messages, with one bit flipped at every octet of it. */
static void a_flipped_bit_in_any_handshake_message_ends_it(void **state)
{
    (void)state;
    static const size_t lens[] = {50, 50, 66};
    for (size_t message = 0; message < 3; message++) {
        for (size_t at = 0; at < lens[message]; at += 3) {
            struct session_pair pair;
            struct session_seen seen = {0};
            session_pair_open(&pair);
            struct session *sides[2] = {pair.initiator, pair.responder};
            assert_int_equal(session_steps(pair.initiator), ERR_OK);
            for (size_t i = 0; i < message; i++) {
                assert_int_equal(session_carry(sides[i % 2], sides[1 - i % 2], &seen, SIZE_MAX),
                                 ERR_OK);
            }
            assert_int_equal(drain(sides[message % 2]), lens[message]);
            wire[at] ^= 0x10;
            assert_int_equal(give(sides[1 - message % 2], &seen, lens[message]), ERR_HANDSHAKE);
            session_pair_close(&pair);
        }
    }
}

/* What a responder says to message 1 of somebody who knows its key. */
static enum err_code answer_to_message_1(const char *prologue, const char *payload)
{
    static const uint8_t ephemeral_secret[NOISE_KEY_LEN] = {42};
    struct session_pair pair;
    struct session_seen seen = {0};
    struct noise_handshake h;
    struct octets_room message = {.at = wire + 2, .cap = WIRE_MAX - 2};
    session_pair_open(&pair);
    struct noise_handshake_config config = {
        .protocol_name = "Noise_XK_25519_ChaChaPoly_BLAKE2b",
        .role = NOISE_INITIATOR,
        .prologue = octets_of_text(prologue),
        .local = &pair.initiator_key,
        .ephemeral_secret = ephemeral_secret,
        .remote_public = pair.responder_key.public,
    };
    assert_int_equal(noise_handshake_init(&h, &config), ERR_OK);
    assert_int_equal(noise_handshake_write(&h, &message, octets_of_text(payload)), ERR_OK);
    octets_put_u16be(wire, (uint16_t)message.len);
    enum err_code rc = give(pair.responder, &seen, 2 + message.len);
    session_pair_close(&pair);
    return rc;
}

static void a_payload_in_the_handshake_is_refused(void **state)
{
    (void)state;
    assert_int_equal(answer_to_message_1("kith/1", ""), ERR_OK);
    assert_int_equal(answer_to_message_1("kith/1", "x"), ERR_HANDSHAKE);
}

static void another_protocol_version_ends_the_handshake(void **state)
{
    (void)state;
    assert_int_equal(answer_to_message_1("kith/2", ""), ERR_HANDSHAKE);
    assert_int_equal(answer_to_message_1("", ""), ERR_HANDSHAKE);
}

static void a_wrong_length_is_refused_before_the_message_comes(void **state)
{
    (void)state;
    static const uint8_t lengths[][2] = {{0, 0}, {0, 47}, {0, 49}, {0xff, 0xff}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct session *s = session_alone(NOISE_RESPONDER, NULL);
        struct session_seen seen = {0};
        assert_int_equal(session_give(s, &seen, octets_of(lengths[i], 2), SIZE_MAX), ERR_HANDSHAKE);
        session_free(s);
    }
}

static void nobody_fills_the_input_before_proving_a_key(void **state)
{
    (void)state;
    struct session *s = session_alone(NOISE_RESPONDER, NULL);
    assert_true(session_room(s).cap <= 4096);
    session_free(s);
}

static void an_endless_handshake_times_out(void **state)
{
    (void)state;
    static const uint8_t octets[50] = {0, 48};
    struct session *s = session_alone(NOISE_RESPONDER, NULL);
    struct session_seen seen = {0};
    assert_int_equal(session_deadline_ms(s), 10000);
    for (size_t i = 0; i < 40; i++) { /* an octet now and then does not help */
        seen.now_ms = i * 250;
        assert_int_equal(session_give(s, &seen, octets_of(octets + i, 1), 1), ERR_OK);
        assert_int_equal(session_tick(s, seen.now_ms), ERR_OK);
    }
    assert_int_equal(session_tick(s, 9999), ERR_OK);
    assert_int_equal(session_tick(s, 10000), ERR_TIMEOUT);
    assert_int_equal(session_give(s, &seen, octets_of(octets, 1), 1), ERR_TIMEOUT);
    assert_int_equal(session_handshake_step(s), ERR_TIMEOUT);
    session_free(s);
}

static void a_handshake_that_gets_stuck_halfway_times_out(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {.now_ms = 9000};
    session_pair_open(&pair);
    assert_int_equal(session_steps(pair.initiator), ERR_OK);
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_tick(pair.responder, 10000), ERR_TIMEOUT);
    assert_int_equal(session_tick(pair.initiator, 10000), ERR_TIMEOUT);
    session_pair_close(&pair);
}

static void the_idle_timer_starts_when_the_handshake_ends(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {.now_ms = 5000};
    session_pair_open(&pair);
    assert_int_equal(session_steps(pair.initiator), ERR_OK);
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_carry(pair.responder, pair.initiator, &seen, SIZE_MAX), ERR_OK);
    assert_true(session_is_established(pair.initiator));
    assert_false(session_is_established(pair.responder));
    assert_int_equal(session_deadline_ms(pair.initiator), 5000 + 60000);
    assert_int_equal(session_deadline_ms(pair.responder), 10000);
    session_pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_proves_both_keys),
        cmocka_unit_test(established_is_told_once_and_before_any_frame),
        cmocka_unit_test(a_wrong_static_key_ends_the_handshake),
        cmocka_unit_test(a_key_of_small_order_is_not_dialled),
        cmocka_unit_test(a_flipped_bit_in_any_handshake_message_ends_it),
        cmocka_unit_test(a_payload_in_the_handshake_is_refused),
        cmocka_unit_test(another_protocol_version_ends_the_handshake),
        cmocka_unit_test(a_wrong_length_is_refused_before_the_message_comes),
        cmocka_unit_test(nobody_fills_the_input_before_proving_a_key),
        cmocka_unit_test(an_endless_handshake_times_out),
        cmocka_unit_test(a_handshake_that_gets_stuck_halfway_times_out),
        cmocka_unit_test(the_idle_timer_starts_when_the_handshake_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
