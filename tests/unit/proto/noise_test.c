#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/noise.h"
#include "tests/support/vectors_json.h"

#define VECTORS_COUNT 59
#define XK            "Noise_XK_25519_ChaChaPoly_BLAKE2b"

/* One side of a vector: what its handshake starts from, and its two directions later. */
struct side {
    struct noise_handshake handshake;
    struct noise_cipher send;
    struct noise_cipher receive;
};

static const struct json_value *side_member(const struct json_value *vector, const char *side,
                                            const char *name)
{
    char joined[64];
    (void)snprintf(joined, sizeof joined, "%s_%s", side, name);
    return json_find(vector, joined);
}

/* A key if the vector has it; returns key or NULL. */
static uint8_t *side_key(uint8_t key[NOISE_KEY_LEN], const struct json_value *vector,
                         const char *side, const char *name)
{
    const struct json_value *value = side_member(vector, side, name);
    if (value == NULL) {
        return NULL;
    }
    json_hex_exactly(key, NOISE_KEY_LEN, value);
    return key;
}

static void start_side(struct side *s, const struct json_value *vector, enum noise_role role)
{
    const char *name = role == NOISE_INITIATOR ? "init" : "resp";
    uint8_t prologue[64];
    uint8_t keys[3][NOISE_KEY_LEN];
    uint8_t psks[NOISE_PSKS_MAX][NOISE_KEY_LEN];
    struct noise_keypair local;
    struct noise_handshake_config config = {
        .protocol_name = json_string(json_member(vector, "protocol_name")),
        .role = role,
        .ephemeral_secret = side_key(keys[0], vector, name, "ephemeral"),
        .remote_public = side_key(keys[1], vector, name, "remote_static"),
        .psks = (const uint8_t(*)[NOISE_KEY_LEN])psks,
    };
    config.prologue = octets_of(
        prologue, json_hex(prologue, sizeof prologue, side_member(vector, name, "prologue")));
    if (side_key(keys[2], vector, name, "static") != NULL) {
        noise_keypair_from_secret(&local, keys[2]);
        config.local = &local;
    }
    const struct json_value *list = side_member(vector, name, "psks");
    for (const struct json_value *v = list != NULL ? json_first(list) : NULL; v != NULL;
         v = json_next(v)) {
        json_hex_exactly(psks[config.psks_count++], NOISE_KEY_LEN, v);
    }
    assert_int_equal(noise_handshake_init(&s->handshake, &config), ERR_OK);
}

static void handshake_message(struct side *from, struct side *to, struct octets payload,
                              struct octets expected)
{
    uint8_t wire[1024];
    uint8_t got[1024];
    struct octets_room message = {.at = wire, .cap = sizeof wire};
    struct octets_room read = {.at = got, .cap = sizeof got};
    assert_true(noise_handshake_is_our_turn(&from->handshake));
    assert_false(noise_handshake_is_our_turn(&to->handshake));
    size_t bare_len = noise_handshake_message_len(&from->handshake);

    assert_int_equal(noise_handshake_write(&from->handshake, &message, payload), ERR_OK);
    assert_int_equal(message.len, bare_len + payload.len);
    assert_int_equal(message.len, expected.len);
    assert_memory_equal(wire, expected.at, expected.len);

    assert_int_equal(noise_handshake_read(&to->handshake, &read, expected), ERR_OK);
    assert_int_equal(read.len, payload.len);
    assert_memory_equal(got, payload.at, payload.len);
}

static void transport_message(struct side *from, struct side *to, struct octets payload,
                              struct octets expected)
{
    uint8_t wire[1024];
    assert_int_equal(payload.len + NOISE_TAG_LEN, expected.len);
    assert_int_equal(noise_cipher_seal(&from->send, wire, octets_of(NULL, 0), payload), ERR_OK);
    assert_memory_equal(wire, expected.at, expected.len);
    assert_int_equal(
        noise_cipher_open(&to->receive, wire, octets_of(NULL, 0), octets_of(wire, expected.len)),
        ERR_OK);
    assert_memory_equal(wire, payload.at, payload.len);
}

/* Both sides are done: same hash, as the vector says, and each knows the other's static key. */
static void finish_sides(struct side sides[2], const struct json_value *vector)
{
    uint8_t hash[NOISE_HASH_LEN];
    json_hex_exactly(hash, sizeof hash, json_member(vector, "handshake_hash"));
    for (int i = 0; i < 2; i++) {
        const struct side *other = &sides[1 - i];
        assert_true(noise_handshake_is_done(&sides[i].handshake));
        assert_memory_equal(sides[i].handshake.symmetric.hash, hash, sizeof hash);
        if (sides[i].handshake.has_remote_static) {
            assert_memory_equal(sides[i].handshake.remote_static, other->handshake.local.public,
                                NOISE_KEY_LEN);
        }
        noise_handshake_split(&sides[i].handshake, &sides[i].send, &sides[i].receive);
    }
}

static void check_vector(const struct json_value *vector)
{
    struct side sides[2];
    start_side(&sides[0], vector, NOISE_INITIATOR);
    start_side(&sides[1], vector, NOISE_RESPONDER);
    bool one_way = sides[0].handshake.pattern.messages_count == 1;
    bool done = false;
    size_t i = 0;
    for (const struct json_value *m = json_first(json_member(vector, "messages")); m != NULL;
         m = json_next(m), i++) {
        uint8_t plain[256];
        uint8_t sealed[512];
        struct octets payload =
            octets_of(plain, json_hex(plain, sizeof plain, json_member(m, "payload")));
        struct octets expected =
            octets_of(sealed, json_hex(sealed, sizeof sealed, json_member(m, "ciphertext")));
        struct side *from = &sides[one_way ? 0 : i % 2];
        struct side *to = &sides[one_way ? 1 : 1 - i % 2];
        if (done) {
            transport_message(from, to, payload, expected);
            continue;
        }
        handshake_message(from, to, payload, expected);
        done = noise_handshake_is_done(&from->handshake);
        if (done) {
            finish_sides(sides, vector);
        }
    }
    assert_true(done);
    assert_true(i > sides[0].handshake.pattern.messages_count);
}

static void all_59_published_vectors_pass(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("noise_25519_chachapoly_blake2b.json"));
    int checked_count = 0;
    for (const struct json_value *v = json_first(json_member(json_root(file), "vectors"));
         v != NULL; v = json_next(v)) {
        check_vector(v);
        checked_count++;
    }
    json_free(file);
    assert_int_equal(checked_count, VECTORS_COUNT);
}

static void a_pattern_that_is_not_in_the_table_is_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "Noise_",
        "Noise_XK",
        "Noise_XKX_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk4_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk0+_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk0psk1_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKpsk0+psk0_25519_ChaChaPoly_BLAKE2b",
        "Noise_XKfallback_25519_ChaChaPoly_BLAKE2b",
        "Noise_XK_448_ChaChaPoly_BLAKE2b",
        "Noise_XK_25519_AESGCM_BLAKE2b",
        "Noise_XK_25519_ChaChaPoly_BLAKE2s",
        "Noise_XK_25519_ChaChaPoly_BLAKE2b2",
    };
    struct noise_pattern pattern;
    struct noise_handshake h;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct noise_handshake_config config = {.protocol_name = names[i]};
        assert_int_equal(noise_pattern_find(&pattern, names[i]), ERR_NOT_FOUND);
        assert_int_equal(noise_handshake_init(&h, &config), ERR_NOT_FOUND);
    }
    assert_int_equal(noise_pattern_find(&pattern, "Noise_XKpsk0+psk3_25519_ChaChaPoly_BLAKE2b"),
                     ERR_OK);
    assert_int_equal(pattern.psk_marks, 1 | 8);
}

static struct noise_keypair pair_of(uint8_t fill)
{
    uint8_t secret[NOISE_KEY_LEN];
    struct noise_keypair pair;
    memset(secret, fill, sizeof secret);
    noise_keypair_from_secret(&pair, secret);
    return pair;
}

/* An XK pair before its first message; the initiator dials the key in dialled. */
static void start_xk(struct noise_handshake sides[2], const uint8_t *dialled)
{
    struct noise_keypair initiator = pair_of(1);
    struct noise_keypair responder = pair_of(2);
    struct noise_keypair ephemerals[2] = {pair_of(3), pair_of(4)};
    struct noise_handshake_config config = {
        .protocol_name = XK,
        .role = NOISE_INITIATOR,
        .local = &initiator,
        .ephemeral_secret = ephemerals[0].secret,
        .remote_public = dialled != NULL ? dialled : responder.public,
    };
    assert_int_equal(noise_handshake_init(&sides[0], &config), ERR_OK);
    config.role = NOISE_RESPONDER;
    config.local = &responder;
    config.ephemeral_secret = ephemerals[1].secret;
    config.remote_public = NULL;
    assert_int_equal(noise_handshake_init(&sides[1], &config), ERR_OK);
}

static uint8_t wire[NOISE_MESSAGE_MAX];
static uint8_t plain[NOISE_MESSAGE_MAX];

static void a_flipped_bit_anywhere_fails_the_handshake_for_good(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < (size_t)48 * 8; bit += 7) {
        struct noise_handshake sides[2];
        struct octets_room message = {.at = wire, .cap = sizeof wire};
        struct octets_room payload = {.at = plain, .cap = sizeof plain};
        start_xk(sides, NULL);
        assert_int_equal(noise_handshake_write(&sides[0], &message, octets_of(NULL, 0)), ERR_OK);
        assert_int_equal(message.len, 48);
        wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct octets flipped = octets_of(wire, message.len);
        assert_int_equal(noise_handshake_read(&sides[1], &payload, flipped), ERR_HANDSHAKE);
        wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(noise_handshake_read(&sides[1], &payload, flipped), ERR_HANDSHAKE);
        assert_int_equal(payload.len, 0);
        assert_int_equal(sides[1].messages_done, 0);
    }
}

static void a_message_cut_anywhere_fails_the_handshake(void **state)
{
    (void)state;
    for (size_t len = 0; len < 48; len++) {
        struct noise_handshake sides[2];
        struct octets_room message = {.at = wire, .cap = sizeof wire};
        struct octets_room payload = {.at = plain, .cap = sizeof plain};
        start_xk(sides, NULL);
        assert_int_equal(noise_handshake_write(&sides[0], &message, octets_of(NULL, 0)), ERR_OK);
        assert_int_equal(noise_handshake_read(&sides[1], &payload, octets_of(wire, len)),
                         ERR_HANDSHAKE);
        assert_int_equal(noise_handshake_read(&sides[1], &payload, octets_of(wire, 48)),
                         ERR_HANDSHAKE); /* the whole message comes too late */
    }
}

static void a_static_key_of_small_order_is_not_dialled(void **state)
{
    (void)state;
    static const uint8_t small_order[][NOISE_KEY_LEN] = {{0}, {1}};
    for (size_t i = 0; i < 2; i++) {
        struct noise_handshake sides[2];
        struct octets_room message = {.at = wire, .cap = sizeof wire};
        start_xk(sides, small_order[i]);
        for (int attempt = 0; attempt < 2; attempt++) {
            assert_int_equal(noise_handshake_write(&sides[0], &message, octets_of(NULL, 0)),
                             ERR_HANDSHAKE);
            assert_int_equal(message.len, 0);
        }
    }
}

/* Message 1 of somebody who sends an ephemeral key of small order, so that es is all zero, and who
 * does everything else right. */
static void write_small_order_message(const struct noise_handshake *responder)
{
    static const uint8_t zeros[NOISE_KEY_LEN];
    struct noise_symmetric s = responder->symmetric;
    memset(wire, 0, NOISE_KEY_LEN);
    noise_symmetric_mix_hash(&s, octets_of(wire, NOISE_KEY_LEN));
    noise_symmetric_mix_key(&s, octets_of(zeros, sizeof zeros));
    assert_int_equal(noise_symmetric_seal(&s, wire + NOISE_KEY_LEN, octets_of(NULL, 0)), ERR_OK);
}

static void an_ephemeral_key_of_small_order_is_refused(void **state)
{
    (void)state;
    struct noise_handshake sides[2];
    struct octets_room payload = {.at = plain, .cap = sizeof plain};
    start_xk(sides, NULL);
    write_small_order_message(&sides[1]);
    assert_int_equal(noise_handshake_read(&sides[1], &payload, octets_of(wire, 48)), ERR_HANDSHAKE);
}

static void a_payload_without_room_is_too_large_and_changes_nothing(void **state)
{
    (void)state;
    struct noise_handshake sides[2];
    struct octets_room message = {.at = wire, .cap = sizeof wire};
    struct octets_room payload = {.at = plain, .cap = 2};
    start_xk(sides, NULL);
    assert_int_equal(
        noise_handshake_write(&sides[0], &message, octets_of(plain, NOISE_MESSAGE_MAX - 47)),
        ERR_TOO_LARGE);
    message.cap = 50;
    assert_int_equal(noise_handshake_write(&sides[0], &message, octets_of("abc", 3)),
                     ERR_TOO_LARGE);
    message.cap = 51;
    assert_int_equal(noise_handshake_write(&sides[0], &message, octets_of("abc", 3)), ERR_OK);

    struct octets got = octets_of(wire, message.len);
    assert_int_equal(noise_handshake_read(&sides[1], &payload, got), ERR_TOO_LARGE);
    payload.cap = 3;
    assert_int_equal(noise_handshake_read(&sides[1], &payload, got), ERR_OK);
    assert_memory_equal(plain, "abc", 3);
}

static void the_last_nonce_is_never_used(void **state)
{
    (void)state;
    struct noise_cipher c;
    uint8_t sealed[3 + NOISE_TAG_LEN];
    noise_cipher_init(&c, pair_of(9).secret);
    c.nonce = UINT64_MAX - 1;
    assert_int_equal(noise_cipher_seal(&c, sealed, octets_of(NULL, 0), octets_of("abc", 3)),
                     ERR_OK);
    assert_int_equal(noise_cipher_seal(&c, sealed, octets_of(NULL, 0), octets_of("abc", 3)),
                     ERR_FLOOD);
    assert_int_equal(
        noise_cipher_open(&c, sealed, octets_of(NULL, 0), octets_of(sealed, sizeof sealed)),
        ERR_FLOOD);
}

static void a_damaged_message_leaves_the_nonce_as_it_was(void **state)
{
    (void)state;
    struct noise_cipher send;
    struct noise_cipher receive;
    uint8_t sealed[3 + NOISE_TAG_LEN];
    uint8_t opened[3];
    noise_cipher_init(&send, pair_of(9).secret);
    noise_cipher_init(&receive, pair_of(9).secret);
    assert_int_equal(noise_cipher_seal(&send, sealed, octets_of("ad", 2), octets_of("abc", 3)),
                     ERR_OK);
    struct octets whole = octets_of(sealed, sizeof sealed);
    assert_int_equal(noise_cipher_open(&receive, opened, octets_of("xx", 2), whole), ERR_DECRYPT);
    assert_int_equal(noise_cipher_open(&receive, opened, octets_of("ad", 2), octets_of(sealed, 15)),
                     ERR_DECRYPT);
    assert_int_equal(receive.nonce, 0);
    assert_int_equal(noise_cipher_open(&receive, opened, octets_of("ad", 2), whole), ERR_OK);
    assert_memory_equal(opened, "abc", 3);
    assert_int_equal(receive.nonce, 1);
}

static void both_sides_rekey_to_the_same_new_key(void **state)
{
    (void)state;
    struct noise_cipher send;
    struct noise_cipher receive;
    uint8_t sealed[3 + NOISE_TAG_LEN];
    noise_cipher_init(&send, pair_of(9).secret);
    noise_cipher_init(&receive, pair_of(9).secret);
    noise_cipher_rekey(&send);
    assert_memory_not_equal(send.key, receive.key, NOISE_KEY_LEN);
    assert_int_equal(noise_cipher_seal(&send, sealed, octets_of(NULL, 0), octets_of("abc", 3)),
                     ERR_OK);
    noise_cipher_rekey(&receive);
    assert_int_equal(
        noise_cipher_open(&receive, sealed, octets_of(NULL, 0), octets_of(sealed, sizeof sealed)),
        ERR_OK);
}

static void a_name_longer_than_a_hash_is_hashed(void **state)
{
    (void)state;
    static const char longer[] =
        "Noise_NNpsk0+psk1+psk2_25519_ChaChaPoly_BLAKE2b, and then some more";
    struct noise_symmetric s;
    uint8_t hash[NOISE_HASH_LEN];
    (void)crypto_generichash(hash, sizeof hash, (const uint8_t *)longer, strlen(longer), NULL, 0);
    noise_symmetric_init(&s, longer);
    assert_memory_equal(s.hash, hash, sizeof hash);
    noise_symmetric_init(&s, XK);
    assert_string_equal((const char *)s.hash, XK);
}

static void closing_wipes(void **state)
{
    (void)state;
    static const struct noise_handshake wiped;
    struct noise_handshake sides[2];
    start_xk(sides, NULL);
    noise_symmetric_close(&sides[1].symmetric);
    assert_memory_equal(&sides[1].symmetric, &wiped.symmetric, sizeof wiped.symmetric);
    noise_handshake_close(&sides[0]);
    assert_memory_equal(&sides[0], &wiped, sizeof wiped);

    struct noise_cipher c;
    noise_cipher_init(&c, pair_of(9).secret);
    noise_cipher_close(&c);
    assert_memory_equal(&c, &wiped.symmetric.cipher, sizeof c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_59_published_vectors_pass),
        cmocka_unit_test(a_pattern_that_is_not_in_the_table_is_not_found),
        cmocka_unit_test(a_flipped_bit_anywhere_fails_the_handshake_for_good),
        cmocka_unit_test(a_message_cut_anywhere_fails_the_handshake),
        cmocka_unit_test(a_static_key_of_small_order_is_not_dialled),
        cmocka_unit_test(an_ephemeral_key_of_small_order_is_refused),
        cmocka_unit_test(a_payload_without_room_is_too_large_and_changes_nothing),
        cmocka_unit_test(the_last_nonce_is_never_used),
        cmocka_unit_test(a_damaged_message_leaves_the_nonce_as_it_was),
        cmocka_unit_test(both_sides_rekey_to_the_same_new_key),
        cmocka_unit_test(a_name_longer_than_a_hash_is_hashed),
        cmocka_unit_test(closing_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
