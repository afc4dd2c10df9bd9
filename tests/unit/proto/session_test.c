#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/padding.h"
#include "proto/session.h"
#include "tests/support/session_pair.h"

#define WIRE_MAX       ((size_t)2 * 1024 * 1024)
#define HALF           ((size_t)SESSION_OUTPUT_MAX / 2)
#define THREE_QUARTERS (HALF + HALF / 2)
#define WANT_WIRE_LEN  ((size_t)PADDING_FLOOR) /* of a small frame */

static uint8_t big[FRAME_MAX + 1];
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

static void fill_big(void)
{
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 31 + (i >> 8));
    }
}

/* One whole conversation whose octets arrive split: the first `at` of each stretch, then the rest.
 */
static void converse_split_at(size_t at)
{
    struct session_pair pair;
    struct session_seen seen[2] = {{0}, {0}};
    session_pair_open(&pair);
    struct session *sides[2] = {pair.initiator, pair.responder};
    assert_int_equal(session_steps(pair.initiator), ERR_OK);
    for (int turn = 0; turn < 6; turn++) {
        struct session *from = sides[turn % 2];
        struct session *to = sides[1 - turn % 2];
        if (session_is_established(from)) {
            assert_int_equal(session_send(from, FRAME_WANT, octets_of(big, 40)), ERR_OK);
            assert_int_equal(session_send(from, FRAME_BYE, octets_of(NULL, 0)), ERR_OK);
        }
        size_t len = drain(from);
        size_t first_len = at < len ? at : len;
        struct session_seen *by_to = &seen[1 - turn % 2];
        assert_int_equal(session_give(to, by_to, octets_of(wire, first_len), SIZE_MAX), ERR_OK);
        assert_int_equal(
            session_give(to, by_to, octets_of(wire + first_len, len - first_len), SIZE_MAX),
            ERR_OK);
    }
    assert_int_equal(seen[0].frames_count, 4); /* turns 3 and 5 */
    assert_int_equal(seen[1].frames_count, 4); /* turns 2 (with message 3) and 4 */
    assert_int_equal(seen[1].payload_len, 80);
    assert_int_equal(seen[1].last.type, FRAME_BYE);
    session_pair_close(&pair);
}

static void octets_may_be_split_at_every_boundary(void **state)
{
    (void)state;
    /* The longest turn: message 3 (2 + 64), then the frames (2 + 5 + 40 + 5 + 16). */
    for (size_t at = 0; at <= 66 + 68; at++) {
        converse_split_at(at);
    }
}

static void octets_may_come_one_by_one(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(session_send(pair.responder, FRAME_POSTS, octets_of(big, 3000)), ERR_OK);
    }
    assert_int_equal(session_carry(pair.responder, pair.initiator, &seen, 1), ERR_OK);
    assert_int_equal(seen.frames_count, 20);
    assert_int_equal(seen.payload_len, 60000);
    session_pair_close(&pair);
}

static void look_for_big(void *context, const struct frame *frame)
{
    (void)context;
    assert_int_equal(frame->type, FRAME_POSTS);
    assert_memory_equal(frame->payload.at, big, frame->payload.len);
}

static void frames_of_every_size_arrive_whole(void **state)
{
    (void)state;
    static const size_t lens[] = {0,     1,     65513, 65514,  65515,         65519,
                                  65520, 65535, 65536, 200000, FRAME_MAX - 1, FRAME_MAX};
    static const size_t parts[] = {777, 65537, SIZE_MAX};
    struct session_pair pair;
    struct session_seen seen = {.look = look_for_big};
    fill_big();
    session_pair_establish(&pair);
    size_t sent_count = 0;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++) {
            assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, 2)), ERR_OK);
            assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, lens[i])),
                             ERR_OK);
            assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, parts[j]),
                             ERR_OK);
            sent_count += 2;
            assert_int_equal(seen.frames_count, sent_count);
            assert_int_equal(seen.last.payload.len, lens[i]);
        }
    }
    session_pair_close(&pair);
}

struct order {
    uint32_t next;
};

static void look_for_order(void *context, const struct frame *frame)
{
    struct order *order = context;
    assert_int_equal(octets_get_u32be(frame->payload.at), order->next);
    order->next++;
}

/* The output is written in uneven pieces while more is sent, so that it goes round many times. */
static void many_small_frames_keep_their_order_while_the_output_goes_round(void **state)
{
    (void)state;
    struct session_pair pair;
    struct order order = {0};
    struct session_seen seen = {.look = look_for_order, .context = &order};
    session_pair_establish(&pair);
    uint32_t sent_count = 0;
    size_t taken_len = 0;
    while (taken_len < (size_t)8 * 1024 * 1024) {
        uint8_t payload[900] = {0};
        octets_put_u32be(payload, sent_count);
        enum err_code rc = session_send(pair.initiator, FRAME_POSTS,
                                        octets_of(payload, 4 + sent_count * 37 % 896));
        assert_true(rc == ERR_OK || rc == ERR_FLOOD);
        sent_count += rc == ERR_OK;
        assert_true(session_output_pending(pair.initiator) <= SESSION_OUTPUT_MAX);
        if (rc == ERR_FLOOD || sent_count % 700 == 0) {
            struct octets octets = session_output(pair.initiator);
            size_t len = octets.len < 300007 ? octets.len : 300007;
            assert_int_equal(
                session_give(pair.responder, &seen, octets_of(octets.at, len), SIZE_MAX), ERR_OK);
            session_written(pair.initiator, len);
            taken_len += len;
            struct session_seen back = {0};
            assert_int_equal(session_carry(pair.responder, pair.initiator, &back, SIZE_MAX),
                             ERR_OK);
        }
    }
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(order.next, sent_count);
    assert_int_equal(session_output_pending(pair.initiator), 0);
    session_pair_close(&pair);
}

static void small_frames_share_one_message(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(session_send(pair.initiator, FRAME_WANT, octets_of("abc", 3)), ERR_OK);
    }
    assert_int_equal(session_output_pending(pair.initiator), 2 + 8000 + NOISE_TAG_LEN);
    assert_int_equal(drain(pair.initiator), padding_flush_len(2 + 8000 + NOISE_TAG_LEN));
    assert_int_equal(octets_get_u16be(wire) + 2, padding_flush_len(2 + 8000 + NOISE_TAG_LEN));
    session_pair_close(&pair);
}

static void frames_sent_during_a_write_share_one_message(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    assert_int_equal(session_send(pair.initiator, FRAME_WANT, octets_of("abc", 3)), ERR_OK);
    struct octets octets = session_output(pair.initiator);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(session_send(pair.initiator, FRAME_WANT, octets_of("abc", 3)), ERR_OK);
        assert_int_equal(session_output(pair.initiator).len, octets.len);
    }
    session_written(pair.initiator, octets.len);
    assert_int_equal(session_output_pending(pair.initiator), 2 + 80 + NOISE_TAG_LEN);
    assert_int_equal(session_output(pair.initiator).len, PADDING_FLOOR);
    session_pair_close(&pair);
}

static void what_is_to_be_written_stays_in_place_while_more_is_sent(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, 1000)), ERR_OK);
    struct octets before = session_output(pair.initiator);
    memcpy(wire, before.at, before.len);
    assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, FRAME_MAX)), ERR_OK);
    struct octets after = session_output(pair.initiator);
    assert_ptr_equal(after.at, before.at);
    assert_true(after.len >= before.len);
    assert_memory_equal(wire, before.at, before.len);
    session_pair_close(&pair);
}

static void any_damage_to_the_stream_is_noticed(void **state)
{
    (void)state;
    size_t len = WANT_WIRE_LEN;
    for (size_t at = 2; at < len; at += at < 40 ? 1 : 59) {
        struct session_pair pair;
        struct session_seen seen = {0};
        session_pair_establish(&pair);
        assert_int_equal(session_send(pair.initiator, FRAME_WANT, octets_of("abc", 3)), ERR_OK);
        assert_int_equal(drain(pair.initiator), len);
        wire[at] ^= 1;
        assert_int_equal(give(pair.responder, &seen, len), ERR_DECRYPT);
        assert_int_equal(seen.frames_count, 0);
        wire[at] ^= 1;
        assert_int_equal(give(pair.responder, &seen, len), ERR_DECRYPT); /* for good */
        assert_int_equal(session_send(pair.responder, FRAME_BYE, octets_of(NULL, 0)), ERR_DECRYPT);
        assert_int_equal(session_tick(pair.responder, 1), ERR_DECRYPT);
        assert_int_equal(session_deadline_ms(pair.responder), UINT64_MAX);
        assert_false(session_is_established(pair.responder));
        session_pair_close(&pair);
    }
}

/* One WANT of three octets, sealed, into wire[]. */
static void drain_want(struct session *s)
{
    assert_int_equal(session_send(s, FRAME_WANT, octets_of("abc", 3)), ERR_OK);
    assert_int_equal(drain(s), WANT_WIRE_LEN);
}

static void a_repeated_message_is_noticed(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    drain_want(pair.initiator);
    assert_int_equal(give(pair.responder, &seen, WANT_WIRE_LEN), ERR_OK);
    assert_int_equal(give(pair.responder, &seen, WANT_WIRE_LEN), ERR_DECRYPT);
    assert_int_equal(seen.frames_count, 1);
    session_pair_close(&pair);
}

static void a_missing_message_is_noticed(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    drain_want(pair.initiator);
    drain_want(pair.initiator);
    assert_int_equal(give(pair.responder, &seen, WANT_WIRE_LEN), ERR_DECRYPT);
    session_pair_close(&pair);
}

static void a_message_cut_short_is_noticed(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    drain_want(pair.initiator);
    wire[1]--; /* the length agrees with the cut */
    assert_int_equal(give(pair.responder, &seen, WANT_WIRE_LEN - 1), ERR_DECRYPT);
    session_pair_close(&pair);
}

static void a_message_sent_back_to_its_author_is_noticed(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    drain_want(pair.initiator);
    assert_int_equal(give(pair.initiator, &seen, WANT_WIRE_LEN), ERR_DECRYPT);
    session_pair_close(&pair);
}

static void a_message_too_short_to_hold_anything_is_malformed(void **state)
{
    (void)state;
    for (size_t len = 0; len <= NOISE_TAG_LEN; len++) {
        struct session_pair pair;
        struct session_seen seen = {0};
        session_pair_establish(&pair);
        octets_put_u16be(wire, (uint16_t)len);
        assert_int_equal(give(pair.responder, &seen, 2), ERR_MALFORMED);
        session_pair_close(&pair);
    }
}

/* What a responder says to plain text that no honest session would send: a pair of ciphers taken
 * from a second handshake with the same keys, which therefore has the same secrets. */
static enum err_code answer_to(struct octets stream, struct session_seen *seen)
{
    struct session_pair pair;
    struct noise_keypair ephemerals[2];
    struct noise_handshake h[2];
    struct noise_cipher send;
    struct noise_cipher receive;
    uint8_t secret[NOISE_KEY_LEN];
    session_pair_establish(&pair);
    for (int i = 0; i < 2; i++) {
        memset(secret, 3 + i, sizeof secret);
        noise_keypair_from_secret(&ephemerals[i], secret);
        struct noise_handshake_config config = {
            .protocol_name = "Noise_XK_25519_ChaChaPoly_BLAKE2b",
            .role = i == 0 ? NOISE_INITIATOR : NOISE_RESPONDER,
            .prologue = octets_of_text("kith/1"),
            .local = i == 0 ? &pair.initiator_key : &pair.responder_key,
            .ephemeral_secret = ephemerals[i].secret,
            .remote_public = i == 0 ? pair.responder_key.public : NULL,
        };
        assert_int_equal(noise_handshake_init(&h[i], &config), ERR_OK);
    }
    for (int i = 0; i < 3; i++) {
        struct octets_room message = {.at = wire, .cap = 100};
        struct octets_room payload = {.at = wire + 100, .cap = 0};
        assert_int_equal(noise_handshake_write(&h[i % 2], &message, octets_of(NULL, 0)), ERR_OK);
        assert_int_equal(
            noise_handshake_read(&h[1 - i % 2], &payload, octets_of(wire, message.len)), ERR_OK);
    }
    noise_handshake_split(&h[0], &send, &receive);
    octets_put_u16be(wire, (uint16_t)(stream.len + NOISE_TAG_LEN));
    assert_int_equal(noise_cipher_seal(&send, wire + 2, octets_of(NULL, 0), stream), ERR_OK);
    enum err_code rc = give(pair.responder, seen, 2 + stream.len + NOISE_TAG_LEN);
    session_pair_close(&pair);
    return rc;
}

static void frames_that_are_not_allowed_close_the_session(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
        enum err_code expected;
    } rows[] = {
        {"\x01\0\0\0\0", 5, ERR_OK},
        {"\x01\x01\0\0\0", 5, ERR_MALFORMED},             /* a flag */
        {"\0\0\0\0\0", 5, ERR_MALFORMED},                 /* no type */
        {"\x3f\0\0\0\0", 5, ERR_MALFORMED},               /* an unknown type below 64 */
        {"\x02\0\x04\0\x01", 5, ERR_TOO_LARGE},           /* one octet above FRAME_MAX */
        {"\x08\0\0\0\x01x", 6, ERR_MALFORMED},            /* a PING with a payload */
        {"\x09\0\0\0\x01x", 6, ERR_MALFORMED},            /* a PONG with a payload */
        {"\x16\0\0\0\x03xyz", 8, ERR_MALFORMED},          /* a CREDIT of three octets */
        {"\x16\0\0\0\x05vwxyz", 10, ERR_MALFORMED},       /* and of five */
        {"\x16\0\0\0\x04\0\0\0\0", 9, ERR_MALFORMED},     /* a CREDIT of nothing */
        {"\x16\0\0\0\x04\x7f\xf0\0\0", 9, ERR_MALFORMED}, /* one too many with what there is */
        {"\x16\0\0\0\x04\x7f\xef\xff\xff\x01\0\0\0\0", 14, ERR_OK},
        {"\x15\0\0\0\x02xy\x01\0\0\0\0", 12, ERR_OK}, /* a PAD, then HELLO */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session_seen seen = {0};
        assert_int_equal(answer_to(octets_of(rows[i].octets, rows[i].len), &seen),
                         rows[i].expected);
        assert_int_equal(seen.frames_count, rows[i].expected == ERR_OK);
    }
}

static void extensions_are_skipped(void **state)
{
    (void)state;
    struct session_seen seen = {0};
    assert_int_equal(answer_to(octets_of("\x40\0\0\0\x02xy\xff\0\0\0\0\x03\0\0\0\x03"
                                         "abc",
                                         20),
                               &seen),
                     ERR_OK);
    assert_int_equal(seen.frames_count, 1);
    assert_int_equal(seen.last.type, FRAME_WANT);
}

static void octets_that_nobody_takes_fill_the_input_and_no_more(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    size_t fed_len = 0;
    size_t part_len = 0;
    do {
        part_len = session_feed(pair.responder, octets_of(big, 60000), 0);
        fed_len += part_len;
    } while (part_len > 0);
    assert_true(fed_len >= FRAME_MAX);
    assert_true(fed_len <= FRAME_HEADER_LEN + FRAME_MAX + 2 + NOISE_MESSAGE_MAX);
    assert_int_equal(session_room(pair.responder).cap, 0);
    session_pair_close(&pair);
}

static void sending_too_much_is_refused_and_harmless(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_open(&pair);
    assert_int_equal(session_send(pair.initiator, FRAME_BYE, octets_of(NULL, 0)), ERR_UNEXPECTED);
    session_pair_close(&pair);

    session_pair_establish(&pair);
    assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, FRAME_MAX + 1)),
                     ERR_TOO_LARGE);
    assert_int_equal(session_output_pending(pair.initiator), 0);
    size_t sent_count = 0;
    while (session_send(pair.initiator, FRAME_POSTS, octets_of(big, 1000)) == ERR_OK) {
        sent_count++;
    }
    assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, 1000)), ERR_FLOOD);
    assert_true(session_output_pending(pair.initiator) <= SESSION_OUTPUT_MAX);
    assert_true(sent_count > 1000);
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(seen.frames_count, sent_count);
    session_pair_close(&pair);
}

static void pausing_starts_above_three_quarters_and_ends_below_half(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    while (!session_wants_pause(pair.initiator)) {
        assert_true(session_output_pending(pair.initiator) <= THREE_QUARTERS);
        assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, 5000)), ERR_OK);
    }
    assert_true(session_output_pending(pair.initiator) > THREE_QUARTERS);
    while (session_wants_pause(pair.initiator)) {
        assert_true(session_output_pending(pair.initiator) >= HALF);
        struct octets octets = session_output(pair.initiator);
        session_written(pair.initiator, octets.len < 7000 ? octets.len : 7000);
    }
    assert_true(session_output_pending(pair.initiator) < HALF);
    session_pair_close(&pair);
}

static void a_quiet_line_is_pinged_and_the_answer_keeps_it_open(void **state)
{
    (void)state;
    struct session_pair pair;
    session_pair_establish(&pair);
    assert_int_equal(session_deadline_ms(pair.initiator), 60000);
    assert_int_equal(session_tick(pair.initiator, 59999), ERR_OK);
    assert_int_equal(session_output_pending(pair.initiator), 0);
    assert_int_equal(session_tick(pair.initiator, 60000), ERR_OK);
    assert_int_equal(session_tick(pair.initiator, 61000), ERR_OK); /* only one */
    assert_int_equal(session_output_pending(pair.initiator), 2 + 5 + NOISE_TAG_LEN);
    assert_int_equal(session_deadline_ms(pair.initiator), 120000);

    struct session_seen seen = {.now_ms = 62000};
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_carry(pair.responder, pair.initiator, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(seen.frames_count, 0); /* neither side hands them out */
    assert_int_equal(session_deadline_ms(pair.initiator), 62000 + 60000);
    assert_int_equal(session_deadline_ms(pair.responder), 62000 + 60000);
    assert_int_equal(session_output_pending(pair.initiator), 0);
    session_pair_close(&pair);
}

static void a_silent_peer_times_out_and_any_frame_restarts_the_timer(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {.now_ms = 50000};
    session_pair_establish(&pair);
    assert_int_equal(session_send(pair.responder, FRAME_WANT, octets_of("abc", 3)), ERR_OK);
    assert_int_equal(session_carry(pair.responder, pair.initiator, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_tick(pair.initiator, 169999), ERR_OK);
    assert_int_equal(session_tick(pair.initiator, 170000), ERR_TIMEOUT);
    assert_int_equal(session_tick(pair.initiator, 170001), ERR_TIMEOUT);
    session_pair_close(&pair);
}

static void half_a_frame_does_not_keep_the_line_open(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {.now_ms = 119000};
    session_pair_establish(&pair);
    assert_int_equal(session_send(pair.initiator, FRAME_POSTS, octets_of(big, 100000)), ERR_OK);
    (void)drain(pair.initiator);
    assert_int_equal(give(pair.responder, &seen, 70000),
                     ERR_OK); /* a whole message, half a frame */
    assert_int_equal(session_tick(pair.responder, 120000), ERR_TIMEOUT);
    session_pair_close(&pair);
}

static void a_flood_of_pings_gets_one_pong(void **state)
{
    (void)state;
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_establish(&pair);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(session_send(pair.initiator, FRAME_PING, octets_of(NULL, 0)), ERR_OK);
    }
    assert_int_equal(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), ERR_OK);
    assert_int_equal(session_output_pending(pair.responder), 2 + 5 + NOISE_TAG_LEN);
    session_pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_may_be_split_at_every_boundary),
        cmocka_unit_test(octets_may_come_one_by_one),
        cmocka_unit_test(frames_of_every_size_arrive_whole),
        cmocka_unit_test(many_small_frames_keep_their_order_while_the_output_goes_round),
        cmocka_unit_test(small_frames_share_one_message),
        cmocka_unit_test(frames_sent_during_a_write_share_one_message),
        cmocka_unit_test(what_is_to_be_written_stays_in_place_while_more_is_sent),
        cmocka_unit_test(any_damage_to_the_stream_is_noticed),
        cmocka_unit_test(a_repeated_message_is_noticed),
        cmocka_unit_test(a_missing_message_is_noticed),
        cmocka_unit_test(a_message_cut_short_is_noticed),
        cmocka_unit_test(a_message_sent_back_to_its_author_is_noticed),
        cmocka_unit_test(a_message_too_short_to_hold_anything_is_malformed),
        cmocka_unit_test(frames_that_are_not_allowed_close_the_session),
        cmocka_unit_test(extensions_are_skipped),
        cmocka_unit_test(octets_that_nobody_takes_fill_the_input_and_no_more),
        cmocka_unit_test(sending_too_much_is_refused_and_harmless),
        cmocka_unit_test(pausing_starts_above_three_quarters_and_ends_below_half),
        cmocka_unit_test(a_quiet_line_is_pinged_and_the_answer_keeps_it_open),
        cmocka_unit_test(a_silent_peer_times_out_and_any_frame_restarts_the_timer),
        cmocka_unit_test(half_a_frame_does_not_keep_the_line_open),
        cmocka_unit_test(a_flood_of_pings_gets_one_pong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
