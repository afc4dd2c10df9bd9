#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/posts.h"

static enum err_code decode_hello(struct octets payload)
{
    struct message_hello hello;
    return message_hello_decode(&hello, payload);
}

static enum err_code decode_ids(struct octets payload)
{
    const struct post_id *ids;
    size_t count;
    return message_ids_decode(&ids, &count, payload);
}

static enum err_code decode_recon(struct octets payload)
{
    struct message_recon recon;
    return message_recon_decode(&recon, payload);
}

static enum err_code decode_want_at(struct octets payload)
{
    struct message_want_at want;
    return message_want_at_decode(&want, payload);
}

static enum err_code decode_recon_end(struct octets payload)
{
    uint32_t session;
    return message_recon_end_decode(&session, payload);
}

static enum err_code decode_joined(struct octets payload)
{
    enum err_code status;
    struct octets text;
    return message_joined_decode(&status, &text, payload);
}

static enum err_code decode_bye(struct octets payload)
{
    enum err_code reason;
    return message_bye_decode(&reason, payload);
}

static enum err_code decode_posts(struct octets payload)
{
    struct message_posts posts;
    enum err_code rc = message_posts_begin(&posts, payload);
    while (rc == ERR_OK && posts.left_count > 0) {
        struct post post;
        struct octets wire;
        rc = message_posts_next(&posts, &post, &wire);
    }
    return rc;
}

/* Whatever stops early is truncated, and one octet more is malformed. */
static void assert_no_less_no_more(enum err_code (*decode_one)(struct octets payload),
                                   const uint8_t *payload, size_t len)
{
    uint8_t longer[1024] = {0};
    assert_true(len < sizeof longer);
    memcpy(longer, payload, len);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(decode_one(octets_of(longer, cut)), ERR_TRUNCATED);
    }
    assert_int_equal(decode_one(octets_of(longer, len)), ERR_OK);
    assert_int_equal(decode_one(octets_of(longer, len + 1)), ERR_MALFORMED);
}

static void assert_malformed(enum err_code (*decode_one)(struct octets payload),
                             const char *payload, size_t len)
{
    assert_int_equal(decode_one(octets_of(payload, len)), ERR_MALFORMED);
}

static void a_personal_node_says_only_that_it_is_one(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_HELLO_CAP];
    size_t len = message_hello_encode(out, &(struct message_hello){.role = MESSAGE_PERSONAL});
    assert_int_equal(len, 8);
    assert_memory_equal(out, "\x95\x01\x00\xc4\x00\xc4\x00\x00", 8);
    assert_no_less_no_more(decode_hello, out, len);
}

static void a_relay_proves_who_it_is(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_HELLO_CAP];
    struct key static_key = {.octets = {5}};
    struct message_hello hello = {.role = MESSAGE_PERSONAL, .floor_day = 20000};
    struct message_hello read;
    message_hello_sign(&hello, &static_key, person_of("relay").seed);
    size_t len = message_hello_encode(out, &hello);
    assert_no_less_no_more(decode_hello, out, len);
    assert_int_equal(message_hello_decode(&read, octets_of(out, len)), ERR_OK);
    assert_int_equal(read.role, MESSAGE_RELAY);
    assert_true(key_equal(&read.identity, &hello.identity));
    assert_int_equal(read.floor_day, 20000);
    assert_int_equal(message_hello_verify(&read, &static_key), ERR_OK);
    static_key.octets[0] = 6;
    assert_int_equal(message_hello_verify(&read, &static_key), ERR_PROOF);
}

static void a_hello_tells_the_sets_where_not_all_are_wanted(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_HELLO_CAP];
    struct message_hello hello = {.role = MESSAGE_PERSONAL, .sets = {.buckets = true}};
    struct message_hello read;
    hello.sets.authors[0] = 0x01;
    hello.sets.tags[SET_BUCKETS / 8 - 1] = 0x80;
    size_t len = message_hello_encode(out, &hello);
    assert_no_less_no_more(decode_hello, out, len);
    assert_int_equal(message_hello_decode(&read, octets_of(out, len)), ERR_OK);
    assert_int_equal(set_next_chosen(&read.sets, SET_STANDING + 1), SET_AUTHORS);
    assert_int_equal(set_next_chosen(&read.sets, SET_AUTHORS + 1), SETS_END - 1);
    assert_malformed(decode_hello, "\x96\x01\x00\xc4\x00\xc4\x00\x00\xc4\x00", 10); /* no sets */

    len = message_hello_encode(out, &(struct message_hello){.role = MESSAGE_PERSONAL});
    assert_int_equal(message_hello_decode(&read, octets_of(out, len)), ERR_OK);
    assert_false(read.sets.buckets);
}

static void a_hello_of_another_version_or_shape_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_hello(octets_of("\x95\x02\x00\xc4\x00\xc4\x00\x00", 8)), ERR_VERSION);
    assert_int_equal(decode_hello(octets_of("\x92\x02\x00", 3)), ERR_VERSION); /* of other fields */
    assert_malformed(decode_hello, "\x90", 1);
    assert_malformed(decode_hello, "\x95\x01\x02\xc4\x00\xc4\x00\x00", 8);     /* a third role */
    assert_malformed(decode_hello, "\x95\x01\x01\xc4\x00\xc4\x00\x00", 8);     /* unproven */
    assert_malformed(decode_hello, "\x95\x01\x00\xc4\x01\x00\xc4\x00\x00", 9); /* too proud */
    assert_malformed(decode_hello, "\x94\x01\x00\xc4\x00\xc4\x00", 7);
    assert_malformed(decode_hello, "\x95\xcc\x01\x00\xc4\x00\xc4\x00\x00", 9); /* not shortest */
}

static void posts_come_one_after_another_as_they_were(void **state)
{
    (void)state;
    struct posts said = {.wires = NULL};
    struct person ana = person_of("ana");
    uint8_t frame[1024];
    person_text(&said, &ana, 100, "me too", "metoo");
    person_text(&said, &ana, 101, "and me", NULL);
    size_t len = message_posts_head(frame, 2);
    for (size_t i = 0; i < 2; i++) {
        memcpy(frame + len, said.wires[i].at, said.wires[i].len);
        len += said.wires[i].len;
    }
    struct message_posts posts;
    assert_int_equal(message_posts_begin(&posts, octets_of(frame, len)), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        struct post post;
        struct octets wire;
        assert_int_equal(message_posts_next(&posts, &post, &wire), ERR_OK);
        assert_true(octets_equal(wire, said.wires[i]));
        assert_true(post_id_equal(&post.id, &said.ids[i]));
    }
    assert_int_equal(posts.left_count, 0);
    assert_no_less_no_more(decode_posts, frame, len);
    posts_free(&said);
}

static void new_posts_say_how_far_they_have_come(void **state)
{
    (void)state;
    struct posts said = {.wires = NULL};
    struct person ana = person_of("ana");
    uint8_t frame[MESSAGE_NEW_HEAD + 1024];
    person_text(&said, &ana, 100, "me too", "metoo");
    person_text(&said, &ana, 101, "and me", NULL);
    const uint8_t hops[2] = {0, MESSAGE_HOPS_MAX};
    size_t len = message_new_head(frame, hops, 2);
    for (size_t i = 0; i < 2; i++) {
        memcpy(frame + len, said.wires[i].at, said.wires[i].len);
        len += said.wires[i].len;
    }
    assert_no_less_no_more(decode_posts, frame, len);
    struct message_posts posts;
    assert_int_equal(message_posts_begin(&posts, octets_of(frame, len)), ERR_OK);
    assert_int_equal(posts.left_count, 2);
    assert_true(octets_equal(posts.hops, octets_of(hops, 2)));

    frame[4] = MESSAGE_HOPS_OLD;
    assert_int_equal(decode_posts(octets_of(frame, len)), ERR_MALFORMED);
    assert_malformed(decode_posts, "\x93\xc4\x01\x00\x90\x90", 6); /* one for two posts */
    assert_malformed(decode_posts, "\x91\xc4\x00", 3);             /* and no post */
    posts_free(&said);
}

static void a_frame_of_no_posts_or_too_many_is_malformed(void **state)
{
    (void)state;
    static uint8_t many[2000] = {0xdc, 0x04, 0x01}; /* 1025 */
    assert_malformed(decode_posts, "\x90", 1);
    assert_malformed(decode_posts, (const char *)many, sizeof many);
    assert_malformed(decode_posts, "\x91\x92\x00\x00", 4);
}

static void ids_are_borrowed_in_their_order(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_IDS_CAP];
    struct post_id ids[3] = {{.octets = {3}}, {.octets = {1}}, {.octets = {2}}};
    const struct post_id *read;
    size_t count;
    size_t len = message_ids_encode(out, ids, 3);
    assert_int_equal(message_ids_decode(&read, &count, octets_of(out, len)), ERR_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(read, ids, sizeof ids);
    assert_no_less_no_more(decode_ids, out, len);
}

static void ids_are_whole_at_least_one_and_not_too_many(void **state)
{
    (void)state;
    static uint8_t out[3 + (MESSAGE_IDS_MAX + 1) * POST_ID_LEN] = {0xc5, 0x40, 0x20};
    struct post_id ids[MESSAGE_IDS_MAX] = {0};
    assert_malformed(decode_ids, "\xc4\x00", 2);
    assert_malformed(decode_ids, "\xc4\x01\x00", 3);
    assert_malformed(decode_ids, (const char *)out, sizeof out);
    size_t len = message_ids_encode(out, ids, MESSAGE_IDS_MAX);
    assert_int_equal(decode_ids(octets_of(out, len)), ERR_OK);
}

static void a_reconciliation_names_its_session_and_its_set(void **state)
{
    (void)state;
    uint8_t out[64];
    uint32_t session;
    struct message_recon read;
    struct message_recon recon = {
        .session = UINT32_MAX, .set = 0x2ff, .message = octets_of_text("message")};
    size_t len = message_recon_encode(out, &recon);
    assert_int_equal(message_recon_decode(&read, octets_of(out, len)), ERR_OK);
    assert_int_equal(read.session, UINT32_MAX);
    assert_int_equal(read.set, 0x2ff);
    assert_true(octets_equal(read.message, octets_of_text("message")));
    assert_no_less_no_more(decode_recon, out, len);
    assert_malformed(decode_recon, "\x93\x01\xce\x00\x01\x00\x00\xc4\x00", 9); /* a set of 2^16 */

    len = message_recon_end_encode(out, 7);
    assert_int_equal(message_recon_end_decode(&session, octets_of(out, len)), ERR_OK);
    assert_int_equal(session, 7);
    assert_no_less_no_more(decode_recon_end, out, len);
    assert_malformed(decode_recon_end, "\x91\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 10);
}

static void posts_are_wanted_by_their_places(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_PLACES_CAP];
    static const uint8_t places[] = {0x81, 0x00, 0x10};
    struct message_want_at read;
    struct message_want_at want = {
        .session = 5, .number = 300, .places = octets_of(places, sizeof places)};
    size_t len = message_want_at_encode(out, &want);
    assert_int_equal(message_want_at_decode(&read, octets_of(out, len)), ERR_OK);
    assert_int_equal(read.session, 5);
    assert_int_equal(read.number, 300);
    assert_true(octets_equal(read.places, want.places));
    assert_no_less_no_more(decode_want_at, out, len);
    assert_malformed(decode_want_at, "\x93\x05\x01\xc4\x00", 5);         /* none */
    assert_malformed(decode_want_at, "\x93\x05\x01\xc4\x02\x01\x00", 7); /* not the shortest */
    static uint8_t large[MESSAGE_PLACES_MAX + 8] = {0x93, 5, 1, 0xc5, 2, 1};
    memset(large + 6, 1, MESSAGE_PLACES_MAX + 1);
    assert_int_equal(decode_want_at(octets_of(large, 6 + MESSAGE_PLACES_MAX + 1)), ERR_MALFORMED);
}

static void the_longest_message_fits_a_frame(void **state)
{
    (void)state;
    static uint8_t message[MESSAGE_RECON_MAX];
    static uint8_t out[FRAME_MAX];
    struct message_recon recon = {
        .session = UINT32_MAX, .set = UINT16_MAX, .message = octets_of(message, sizeof message)};
    size_t len = message_recon_encode(out, &recon);
    assert_true(len <= FRAME_MAX);
    assert_true(len <= sizeof message + MESSAGE_RECON_HEAD);
}

static void joined_brings_a_status_and_words(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_JOINED_CAP];
    enum err_code status;
    struct octets text;
    size_t len = message_joined_encode(out, ERR_REFUSED, octets_of_text("used up"));
    assert_int_equal(message_joined_decode(&status, &text, octets_of(out, len)), ERR_OK);
    assert_int_equal(status, ERR_REFUSED);
    assert_true(octets_equal(text, octets_of_text("used up")));
    assert_no_less_no_more(decode_joined, out, len);
    assert_malformed(decode_joined, "\x92\x00\xa1\xff", 4); /* not UTF-8 */

    /* A later version's status. */
    assert_int_equal(message_joined_decode(&status, &text, octets_of("\x92\xcd\x01\x00\xa0", 5)),
                     ERR_OK);
    assert_int_equal(status, ERR_REFUSED);
}

static void bye_brings_a_reason(void **state)
{
    (void)state;
    uint8_t out[MESSAGE_CODE_CAP];
    enum err_code reason;
    size_t len = message_bye_encode(out, ERR_FLOOD);
    assert_int_equal(message_bye_decode(&reason, octets_of(out, len)), ERR_OK);
    assert_int_equal(reason, ERR_FLOOD);
    assert_no_less_no_more(decode_bye, out, len);
    assert_int_equal(message_bye_decode(&reason, octets_of("\x91\x7f", 2)), ERR_OK);
    assert_int_equal(reason, ERR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_personal_node_says_only_that_it_is_one),
        cmocka_unit_test(a_relay_proves_who_it_is),
        cmocka_unit_test(a_hello_tells_the_sets_where_not_all_are_wanted),
        cmocka_unit_test(a_hello_of_another_version_or_shape_is_refused),
        cmocka_unit_test(posts_come_one_after_another_as_they_were),
        cmocka_unit_test(new_posts_say_how_far_they_have_come),
        cmocka_unit_test(a_frame_of_no_posts_or_too_many_is_malformed),
        cmocka_unit_test(ids_are_borrowed_in_their_order),
        cmocka_unit_test(ids_are_whole_at_least_one_and_not_too_many),
        cmocka_unit_test(a_reconciliation_names_its_session_and_its_set),
        cmocka_unit_test(posts_are_wanted_by_their_places),
        cmocka_unit_test(the_longest_message_fits_a_frame),
        cmocka_unit_test(joined_brings_a_status_and_words),
        cmocka_unit_test(bye_brings_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
