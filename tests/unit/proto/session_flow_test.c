/* What a session does with lengths, credit, keys and memory (SPEC 6.1, 6.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/padding.h"
#include "proto/session.h"
#include "proto/session_output.h"
#include "tests/support/session_pair.h"

#define OVERHEAD_LEN ((size_t)2 + NOISE_TAG_LEN)

static uint8_t big[FRAME_MAX];

static void send_posts(struct session *s, size_t payload_len, enum err_code expected)
{
    assert_int_equal(session_send(s, FRAME_POSTS, octets_of(big, payload_len)), expected);
}

/* Everything that is to be written now, given to to; how many octets that were. */
static size_t flush_to(struct session *from, struct session *to, struct session_seen *seen)
{
    size_t len = 0;
    for (struct octets part = session_output(from); part.len > 0; part = session_output(from)) {
        assert_int_equal(session_give(to, seen, part, SIZE_MAX), ERR_OK);
        len += part.len;
        session_written(from, part.len);
    }
    return len;
}

static size_t sealed_len(size_t plain_len)
{
    size_t most = NOISE_MESSAGE_MAX - NOISE_TAG_LEN;
    return plain_len + (plain_len + most - 1) / most * OVERHEAD_LEN;
}

/* ---- Padding ---- */

static void what_is_written_at_a_time_has_the_length_that_padding_allows(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    for (size_t len = 0; len < FRAME_MAX; len += len < 1200 || len % 65519 > 65400 ? 1 : 89) {
        send_posts(pair.initiator, len, ERR_OK);
        size_t flush_len = flush_to(pair.initiator, pair.responder, &seen);
        size_t least_len = padding_flush_len(sealed_len(FRAME_HEADER_LEN + len));
        assert_true(flush_len == least_len ||
                    flush_len == padding_flush_len(least_len + 1)); /* no PAD is that short */
        assert_int_equal(padding_flush_len(flush_len), flush_len);
        assert_int_equal(session_carry(pair.responder, pair.initiator, &seen, SIZE_MAX), ERR_OK);
    }
    session_pair_close(&pair);
}

/* However frames are gathered and wherever in the buffer a flush lies. */
static void flushes_are_padded_all_around_the_buffer(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    size_t frames_count = 0;
    for (int turn = 0; turn < 60; turn++) {
        for (int i = 0; i <= turn % 5; i++) {
            size_t len = (size_t)(turn * 7919 + i * 104729) % 150000;
            send_posts(pair.initiator, len, ERR_OK);
            frames_count++;
        }
        size_t len = flush_to(pair.initiator, pair.responder, &seen);
        assert_int_equal(padding_flush_len(len), len);
        struct session_seen back = {0};
        assert_int_equal(session_carry(pair.responder, pair.initiator, &back, SIZE_MAX), ERR_OK);
        assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    }
    assert_int_equal(seen.frames_count, frames_count);
    session_pair_close(&pair);
}

static void frames_of_any_length_below_the_floor_look_alike(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    for (size_t len = 0; len < PADDING_FLOOR - OVERHEAD_LEN - 2 * FRAME_HEADER_LEN; len += 7) {
        send_posts(pair.initiator, len, ERR_OK);
        struct octets octets = session_output(pair.initiator);
        assert_int_equal(octets.len, PADDING_FLOOR);
        assert_int_equal(octets_get_u16be(octets.at), PADDING_FLOOR - 2); /* one message */
        session_written(pair.initiator, octets.len);
    }
    (void)seen;
    session_pair_close(&pair);
}

/* ---- Credit ---- */

static void without_credit_frames_wait_and_what_is_free_overtakes_them(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    size_t frame_len = 100000;
    size_t covered_count = SESSION_CREDIT_START / (FRAME_HEADER_LEN + frame_len);
    for (size_t i = 0; i < covered_count; i++) {
        send_posts(pair.initiator, frame_len, ERR_OK);
        (void)flush_to(pair.initiator, pair.responder, &seen);
    }
    assert_int_equal(session_output_pending(pair.initiator), 0);
    for (size_t i = 0; i < 3; i++) {
        send_posts(pair.initiator, frame_len, ERR_OK);
    }
    assert_int_equal(session_output(pair.initiator).len, 0);
    assert_int_equal(session_output_pending(pair.initiator), 3 * (FRAME_HEADER_LEN + frame_len));
    assert_int_equal(session_send(pair.initiator, FRAME_BYE, octets_of("x", 1)), ERR_OK);
    assert_int_equal(flush_to(pair.initiator, pair.responder, &seen), PADDING_FLOOR);
    assert_int_equal(seen.last.type, FRAME_BYE);
    assert_int_equal(seen.frames_count, covered_count + 1);

    struct session_seen back = {0};
    assert_int_equal(flush_to(pair.responder, pair.initiator, &back) % PADDING_FLOOR, 0);
    assert_int_equal(back.frames_count, 0); /* credit is not handed out */
    (void)flush_to(pair.initiator, pair.responder, &seen);
    assert_int_equal(seen.frames_count, covered_count + 1 + 3);
    assert_int_equal(session_output_pending(pair.initiator), 0);
    session_pair_close(&pair);
}

static void what_waits_is_bounded_with_what_is_queued(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    size_t sent_count = 0;
    size_t max_len = 0;
    for (int round = 0; round < 3; round++) { /* the first two are written, but never taken */
        while (session_send(pair.initiator, FRAME_POSTS, octets_of(big, 777)) == ERR_OK) {
            sent_count++;
        }
        size_t pending_len = session_output_pending(pair.initiator);
        max_len = pending_len > max_len ? pending_len : max_len;
        for (struct octets part = session_output(pair.initiator); part.len > 0 && round < 2;
             part = session_output(pair.initiator)) {
            assert_int_equal(session_give(pair.responder, &seen, part, SIZE_MAX), ERR_OK);
            session_written(pair.initiator, part.len);
        }
    }
    assert_true(max_len <= SESSION_OUTPUT_MAX && max_len > SESSION_OUTPUT_MAX - 2000);
    assert_true(session_wants_pause(pair.initiator));
    assert_int_equal(session_send(pair.initiator, FRAME_BYE, octets_of("x", 1)), ERR_OK);
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(seen.frames_count, sent_count + 1);
    session_pair_close(&pair);
}

/* Both send more than there is credit for before either listens. */
static void two_that_both_send_all_they_can_do_not_wait_for_each_other(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    struct session *sides[2] = {pair.initiator, pair.responder};
    struct session_seen seen[2] = {{0}, {0}};
    size_t sent_count[2] = {0, 0};
    for (int turn = 0; turn < 40; turn++) {
        for (int i = 0; i < 2; i++) {
            while (session_send(sides[i], FRAME_POSTS, octets_of(big, 5000)) == ERR_OK) {
                sent_count[i]++;
            }
        }
        for (int i = 0; i < 2; i++) {
            (void)flush_to(sides[i], sides[1 - i], &seen[1 - i]);
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_true(sent_count[i] > 40 * 200 / 4); /* it went on: many times what one credit is */
        assert_true(seen[1 - i].frames_count * 5005 > 8 * (size_t)SESSION_CREDIT_START);
    }
    session_pair_close(&pair);
}

static void a_frame_that_is_not_done_with_gives_no_credit(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    size_t len = SESSION_CREDIT_STEP - FRAME_HEADER_LEN;
    send_posts(pair.initiator, len, ERR_OK);
    struct octets octets = session_output(pair.initiator);
    enum session_event event = SESSION_WAITING;
    struct frame frame = {0};
    while (event != SESSION_FRAME) {
        size_t fed_len = session_feed(pair.responder, octets, 0);
        session_written(pair.initiator, fed_len);
        octets = session_output(pair.initiator);
        assert_int_equal(session_next(pair.responder, &event, &frame), ERR_OK);
    }
    assert_int_equal(session_output_pending(pair.responder), 0);
    assert_int_equal(session_give(pair.responder, &seen, octets_of(NULL, 0), SIZE_MAX), ERR_OK);
    assert_int_equal(session_output_pending(pair.responder), 2 + 9 + NOISE_TAG_LEN);
    session_pair_close(&pair);
}

/* ---- A sender that keeps to the keys and to nothing else ---- */

struct raw {
    struct session_pair pair;
    struct noise_cipher send;
    uint8_t wire[2 + NOISE_MESSAGE_MAX];
};

/* The ciphers of a second handshake with the same keys, which has the same secrets. */
static void raw_open(struct raw *raw)
{
    struct noise_handshake h[2];
    struct noise_cipher receive;
    uint8_t secrets[2][NOISE_KEY_LEN];
    session_pair_establish(&raw->pair);
    for (int i = 0; i < 2; i++) {
        memset(secrets[i], 3 + i, NOISE_KEY_LEN);
        struct noise_handshake_config config = {
            .protocol_name = "Noise_XK_25519_ChaChaPoly_BLAKE2b",
            .role = i == 0 ? NOISE_INITIATOR : NOISE_RESPONDER,
            .prologue = octets_of_text("kith/1"),
            .local = i == 0 ? &raw->pair.initiator_key : &raw->pair.responder_key,
            .ephemeral_secret = secrets[i],
            .remote_public = i == 0 ? raw->pair.responder_key.public : NULL,
        };
        assert_int_equal(noise_handshake_init(&h[i], &config), ERR_OK);
    }
    for (int i = 0; i < 3; i++) {
        struct octets_room message = {.at = raw->wire, .cap = 100};
        struct octets_room payload = {.at = raw->wire + 100, .cap = 0};
        assert_int_equal(noise_handshake_write(&h[i % 2], &message, octets_of(NULL, 0)), ERR_OK);
        assert_int_equal(
            noise_handshake_read(&h[1 - i % 2], &payload, octets_of(raw->wire, message.len)),
            ERR_OK);
    }
    noise_handshake_split(&h[0], &raw->send, &receive);
}

static enum err_code raw_say(struct raw *raw, struct octets plain)
{
    struct session_seen seen = {0};
    octets_put_u16be(raw->wire, (uint16_t)(plain.len + NOISE_TAG_LEN));
    assert_int_equal(noise_cipher_seal(&raw->send, raw->wire + 2, octets_of(NULL, 0), plain),
                     ERR_OK);
    struct octets wire = octets_of(raw->wire, plain.len + OVERHEAD_LEN);
    return session_give(raw->pair.responder, &seen, wire, SIZE_MAX);
}

/* The responder's CREDIT comes after each quarter; whoever does not wait for it is found out. */
static void whoever_sends_without_credit_is_closed(void **state)
{
    (void)state;
    struct raw *raw = calloc(1, sizeof *raw);
    raw_open(raw);
    uint8_t frame[FRAME_HEADER_LEN + 60000] = {0};
    frame_put_header(frame, FRAME_POSTS, 60000);
    size_t sent_len = 0;
    /* Its answers fill until no CREDIT can be said any more. */
    while (session_send(raw->pair.responder, FRAME_PING, octets_of(NULL, 0)) == ERR_OK) {
    }
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && sent_len < 4 * (size_t)SESSION_CREDIT_START) {
        rc = raw_say(raw, octets_of(frame, sizeof frame));
        sent_len += sizeof frame;
    }
    assert_int_equal(rc, ERR_FLOOD);
    assert_true(sent_len > SESSION_CREDIT_START && sent_len <= SESSION_CREDIT_START + sizeof frame);
    session_pair_close(&raw->pair);
    free(raw);
}

/* ---- New keys ---- */

static void long_sessions_replace_their_keys_in_both_directions(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    struct session *sides[2] = {pair.initiator, pair.responder};
    struct session_seen seen[2] = {{0}, {0}};
    for (size_t i = 0; i < 3 * SESSION_REKEY_MESSAGES + 5; i++) {
        for (size_t side = 0; side < 2; side++) {
            if (side == 1 && i % 3 != 0) {
                continue; /* they need not go at the same pace */
            }
            send_posts(sides[side], 10, ERR_OK);
            (void)flush_to(sides[side], sides[1 - side], &seen[1 - side]);
        }
    }
    assert_int_equal(seen[1].frames_count, 3 * SESSION_REKEY_MESSAGES + 5);
    assert_true(seen[0].frames_count > SESSION_REKEY_MESSAGES);
    session_pair_close(&pair);
}

static void whoever_keeps_the_old_key_is_not_understood(void **state)
{
    (void)state;
    static const uint8_t frame[] = {FRAME_BYE, 0, 0, 0, 0};
    struct raw *raw = calloc(1, sizeof *raw);
    raw_open(raw);
    for (size_t i = 0; i < 1024; i++) { /* SPEC 6.1: not this implementation's to choose */
        assert_int_equal(raw_say(raw, octets_of(frame, sizeof frame)), ERR_OK);
    }
    struct noise_cipher old = raw->send;
    noise_cipher_rekey(&raw->send);
    assert_int_equal(raw_say(raw, octets_of(frame, sizeof frame)), ERR_OK);
    old.nonce++;
    raw->send = old;
    assert_int_equal(raw_say(raw, octets_of(frame, sizeof frame)), ERR_DECRYPT);
    assert_false(session_is_established(raw->pair.responder));
    session_pair_close(&raw->pair);
    free(raw);
}

/* ---- Memory ---- */

static struct session *pooled(enum noise_role role, struct session_pool *pool,
                              const struct session_pair *keys)
{
    uint8_t ephemeral[NOISE_KEY_LEN];
    memset(ephemeral, role == NOISE_INITIATOR ? 7 : 8, sizeof ephemeral);
    struct session_config config = {
        .role = role,
        .local = role == NOISE_INITIATOR ? &keys->initiator_key : &keys->responder_key,
        .ephemeral_secret = ephemeral,
        .remote_public = role == NOISE_INITIATOR ? keys->responder_key.public : NULL,
        .pool = pool};
    struct session *s = NULL;
    assert_int_equal(session_new(&s, &config), ERR_OK);
    return s;
}

static void a_session_at_rest_holds_no_buffer_and_the_pool_keeps_a_few(void **state)
{
    (void)state;
    struct session_pool pool = {.kept_max = 400000};
    struct session_pair keys;
    session_pair_open(&keys);
    struct session *ana = pooled(NOISE_INITIATOR, &pool, &keys);
    struct session *bea = pooled(NOISE_RESPONDER, &pool, &keys);
    struct session_seen seen = {0};
    assert_int_equal(pool.lent_len, 0);
    assert_int_equal(session_steps(ana), ERR_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(session_carry(ana, bea, &seen, SIZE_MAX), ERR_OK);
        assert_int_equal(session_carry(bea, ana, &seen, SIZE_MAX), ERR_OK);
    }
    assert_true(session_is_established(ana) && session_is_established(bea));
    assert_int_equal(pool.lent_len, 0);

    send_posts(ana, 200000, ERR_OK);
    assert_true(pool.lent_len > 200000);
    assert_int_equal(session_held_len(ana), pool.lent_len);
    struct octets octets = session_output(ana);
    size_t half_len = octets.len / 2;
    assert_int_equal(session_give(bea, &seen, octets_of(octets.at, half_len), SIZE_MAX), ERR_OK);
    session_written(ana, half_len);
    assert_true(session_held_len(bea) >= half_len);
    assert_int_equal(session_held_len(ana) + session_held_len(bea), pool.lent_len);
    assert_int_equal(session_carry(ana, bea, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(seen.frames_count, 1);
    assert_int_equal(pool.lent_len, 0);
    assert_true(pool.kept_len > 0 && pool.kept_len <= pool.kept_max);

    send_posts(ana, 1000, ERR_OK); /* half done when it ends */
    session_free(ana);
    session_free(bea);
    session_pair_close(&keys);
    session_pool_close(&pool);
    assert_int_equal(pool.kept_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_at_a_time_has_the_length_that_padding_allows),
        cmocka_unit_test(flushes_are_padded_all_around_the_buffer),
        cmocka_unit_test(frames_of_any_length_below_the_floor_look_alike),
        cmocka_unit_test(without_credit_frames_wait_and_what_is_free_overtakes_them),
        cmocka_unit_test(what_waits_is_bounded_with_what_is_queued),
        cmocka_unit_test(two_that_both_send_all_they_can_do_not_wait_for_each_other),
        cmocka_unit_test(a_frame_that_is_not_done_with_gives_no_credit),
        cmocka_unit_test(whoever_sends_without_credit_is_closed),
        cmocka_unit_test(long_sessions_replace_their_keys_in_both_directions),
        cmocka_unit_test(whoever_keeps_the_old_key_is_not_understood),
        cmocka_unit_test(a_session_at_rest_holds_no_buffer_and_the_pool_keeps_a_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
