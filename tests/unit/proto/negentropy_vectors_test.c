#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/negentropy_peer.h"
#include "tests/support/negentropy_sets.h"
#include "tests/support/vectors_json.h"

static struct json_file *vectors;

static size_t size_in(const struct json_value *session, const char *name)
{
    return (size_t)json_number(json_member(session, name));
}

static void assert_says(struct octets said, const struct json_value *message)
{
    static uint8_t expected[NEGENTROPY_MESSAGE_MAX];
    size_t len = json_hex(expected, sizeof expected, message);
    assert_int_equal(said.len, len);
    assert_memory_equal(said.at, expected, len);
}

static struct octets reply_to(struct negentropy_peer *peer, struct octets message)
{
    assert_int_equal(negentropy_peer_receive(peer, message), ERR_OK);
    return octets_of(peer->reply.at, peer->reply.len);
}

static void replay(const struct json_value *session, struct negentropy_peer *a,
                   struct negentropy_peer *b)
{
    struct octets said = negentropy_peer_initiate(a);
    bool initiators = true;
    for (const struct json_value *message = json_first(json_member(session, "messages"));
         message != NULL; message = json_next(message), initiators = !initiators) {
        assert_says(said, message);
        said = reply_to(initiators ? b : a, said);
    }
    assert_true(initiators); /* the last word was the responder's, and then all is known */
    assert_int_equal(a->step.next, NEGENTROPY_DONE);
}

static void every_recorded_session_is_said_again_octet_for_octet(void **state)
{
    (void)state;
    size_t sessions_count = 0;
    for (const struct json_value *session = json_first(json_member(json_root(vectors), "sessions"));
         session != NULL; session = json_next(session), sessions_count++) {
        const struct negentropy_sets_shape shape = {
            .seed = json_string(json_member(session, "seed")),
            .shared = size_in(session, "shared"),
            .only_a = size_in(session, "onlyA"),
            .only_b = size_in(session, "onlyB"),
            .step = size_in(session, "step"),
            .span = size_in(session, "span"),
            .zeros = size_in(session, "zeros"),
        };
        struct sorted_set a_set;
        struct sorted_set b_set;
        sorted_set_init(&a_set);
        sorted_set_init(&b_set);
        negentropy_sets_make(&a_set, &b_set, &shape);
        size_t frame_max = size_in(session, "frameMax");
        struct negentropy_peer *a =
            negentropy_peer_new(&a_set, NEGENTROPY_INITIATOR, frame_max, 1024);
        struct negentropy_peer *b =
            negentropy_peer_new(&b_set, NEGENTROPY_RESPONDER, frame_max, 1024);
        replay(session, a, b);
        negentropy_peer_free(a);
        negentropy_peer_free(b);
        sorted_set_close(&a_set);
        sorted_set_close(&b_set);
    }
    assert_true(sessions_count >= 10);
}

static void every_rejected_message_is_refused_with_its_error(void **state)
{
    (void)state;
    struct sorted_set set;
    sorted_set_init(&set);
    sorted_set_seal(&set);
    struct negentropy_peer *peer =
        negentropy_peer_new(&set, NEGENTROPY_RESPONDER, NEGENTROPY_FRAME_MIN, 1024);
    size_t rejected_count = 0;
    for (const struct json_value *row = json_first(json_member(json_root(vectors), "rejected"));
         row != NULL; row = json_next(row), rejected_count++) {
        uint8_t message[64];
        size_t len = json_hex(message, sizeof message, json_member(row, "message"));
        enum err_code rc = negentropy_peer_receive(peer, octets_of(message, len));
        assert_string_equal(err_name(rc), json_string(json_member(row, "error")));
    }
    assert_true(rejected_count >= 10);
    negentropy_peer_free(peer);
    sorted_set_close(&set);
}

static int open_vectors(void **state)
{
    (void)state;
    vectors = json_open(JSON_VECTORS("negentropy.json"));
    return 0;
}

static int close_vectors(void **state)
{
    (void)state;
    json_free(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_session_is_said_again_octet_for_octet),
        cmocka_unit_test(every_rejected_message_is_refused_with_its_error),
    };
    return cmocka_run_group_tests(tests, open_vectors, close_vectors);
}
