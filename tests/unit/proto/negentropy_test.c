#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/negentropy_peer.h"
#include "tests/support/negentropy_sets.h"

#define SPACING_S 7 /* a million posts in 81 days */

/* Two sets and the two sides that reconcile them: A initiates. */
struct talk {
    struct sorted_set a_set;
    struct sorted_set b_set;
    struct negentropy_peer *a;
    struct negentropy_peer *b;
    size_t octets_count; /* both ways */
    size_t longest_len;
    size_t rounds_count;
};

static void talk_open(struct talk *talk, const struct negentropy_sets_shape *shape,
                      size_t frame_max, size_t items_cap)
{
    *talk = (struct talk){.octets_count = 0};
    sorted_set_init(&talk->a_set);
    sorted_set_init(&talk->b_set);
    negentropy_sets_make(&talk->a_set, &talk->b_set, shape);
    talk->a = negentropy_peer_new(&talk->a_set, NEGENTROPY_INITIATOR, frame_max, items_cap);
    talk->b = negentropy_peer_new(&talk->b_set, NEGENTROPY_RESPONDER, frame_max, items_cap);
}

static void talk_close(struct talk *talk)
{
    negentropy_peer_free(talk->a);
    negentropy_peer_free(talk->b);
    sorted_set_close(&talk->a_set);
    sorted_set_close(&talk->b_set);
}

static void count(struct talk *talk, struct octets message)
{
    talk->octets_count += message.len;
    talk->longest_len = message.len > talk->longest_len ? message.len : talk->longest_len;
}

static struct octets reply_of(const struct negentropy_peer *peer)
{
    return octets_of(peer->reply.at, peer->reply.len);
}

static void talk_to_the_end(struct talk *talk)
{
    struct octets message = negentropy_peer_initiate(talk->a);
    do {
        assert_true(talk->rounds_count++ < 1000);
        count(talk, message);
        assert_int_equal(negentropy_peer_receive(talk->b, message), ERR_OK);
        assert_int_equal(talk->b->step.next, NEGENTROPY_SEND);
        count(talk, reply_of(talk->b));
        assert_int_equal(negentropy_peer_receive(talk->a, reply_of(talk->b)), ERR_OK);
        message = reply_of(talk->a);
    } while (talk->a->step.next == NEGENTROPY_SEND);
    assert_int_equal(talk->a->step.next, NEGENTROPY_DONE);
}

static int compare_ids(const void *a, const void *b)
{
    return post_id_compare((const struct post_id *)a, (const struct post_id *)b);
}

/* Where a frame was full, what lies behind is gone through again. */
static void drop_repeated(struct negentropy_found *found)
{
    size_t kept_count = 0;
    if (found->count > 0) {
        qsort(found->at, found->count, sizeof *found->at, compare_ids);
    }
    for (size_t i = 0; i < found->count; i++) {
        if (i == 0 || !post_id_equal(&found->at[i], &found->at[i - 1])) {
            found->at[kept_count++] = found->at[i];
        }
    }
    found->count = kept_count;
}

static void assert_found(struct negentropy_found *found, const struct negentropy_sets_shape *shape,
                         size_t first, size_t expected_count)
{
    if (expected_count == 0) {
        assert_int_equal(found->count, 0);
        return;
    }
    struct post_id *expected = calloc(expected_count, sizeof *expected);
    assert_non_null(expected);
    for (size_t i = 0; i < expected_count; i++) {
        expected[i] = negentropy_sets_id(shape, first + i);
    }
    qsort(expected, expected_count, sizeof *expected, compare_ids);
    drop_repeated(found);
    assert_int_equal(found->count, expected_count);
    assert_memory_equal(found->at, expected, expected_count * sizeof *expected);
    free(expected);
}

static void assert_exact(const struct negentropy_sets_shape *shape, size_t frame_max,
                         size_t items_cap)
{
    struct talk talk;
    talk_open(&talk, shape, frame_max, items_cap);
    talk_to_the_end(&talk);
    assert_found(&talk.a->have, shape, 0, shape->only_a);
    assert_found(&talk.a->need, shape, shape->only_a, shape->only_b);
    assert_int_equal(talk.b->have.count + talk.b->need.count, 0);
    assert_true(talk.longest_len <= frame_max);
    talk_close(&talk);
}

static const struct negentropy_sets_shape shapes[] = {
    {"nothing", 0, 0, 0, 1, 1, 0},           {"a-empty", 0, 0, 700, 7, 1000, 0},
    {"b-empty", 0, 700, 0, 7, 1000, 0},      {"disjoint", 0, 400, 500, 7, 1000, 0},
    {"equal", 2000, 0, 0, 7, 100000, 0},     {"one-second", 900, 30, 40, 1, 1, 0},
    {"close-ids", 900, 30, 40, 1, 2, 28},    {"scattered", 5000, 100, 100, 7919, 1000000, 0},
    {"dense", 200, 900, 900, 7919, 3000, 0}, {"split-at-32", 32, 1, 0, 1, 100, 0},
    {"list-at-31", 31, 0, 0, 1, 100, 0},
};

#define SHAPES_COUNT (sizeof shapes / sizeof shapes[0])

static void every_difference_is_found_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES_COUNT; i++) {
        assert_exact(&shapes[i], NEGENTROPY_MESSAGE_MAX, NEGENTROPY_IDS_MAX);
    }
}

static void answers_in_small_parts_find_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES_COUNT; i++) {
        assert_exact(&shapes[i], NEGENTROPY_MESSAGE_MAX, NEGENTROPY_SPLIT_MIN);
        assert_exact(&shapes[i], NEGENTROPY_FRAME_MIN, NEGENTROPY_SPLIT_MIN + 3);
    }
}

static void small_frames_are_kept_and_find_the_same(void **state)
{
    (void)state;
    static const size_t frames[] = {NEGENTROPY_FRAME_MIN, NEGENTROPY_FRAME_MIN + 37, 6000};
    for (size_t i = 0; i < SHAPES_COUNT; i++) {
        for (size_t k = 0; k < sizeof frames / sizeof frames[0]; k++) {
            assert_exact(&shapes[i], frames[k], NEGENTROPY_IDS_MAX);
        }
    }
}

/* Ids need not be hashes for this; making a million of those would take its time. */
static void fill_million(struct sorted_set *set)
{
    for (uint64_t i = 0; i < 1000000; i++) {
        struct post_id id = {{0}};
        octets_put_u64be(id.octets, i * 0x9e3779b97f4a7c15U);
        sorted_set_add(set, 1700000000U + i * SPACING_S, &id);
    }
    sorted_set_seal(set);
}

static void equal_sets_of_a_million_take_one_round_trip_of_340_octets(void **state)
{
    (void)state;
    struct talk talk = {.octets_count = 0};
    sorted_set_init(&talk.a_set);
    fill_million(&talk.a_set);
    talk.a = negentropy_peer_new(&talk.a_set, NEGENTROPY_INITIATOR, NEGENTROPY_MESSAGE_MAX, 1024);
    talk.b = negentropy_peer_new(&talk.a_set, NEGENTROPY_RESPONDER, NEGENTROPY_MESSAGE_MAX, 1024);
    talk_to_the_end(&talk);
    assert_int_equal(talk.rounds_count, 1);
    assert_true(talk.octets_count <= 340);
    assert_int_equal(talk.a->have.count + talk.a->need.count, 0);
    assert_int_equal(talk.b->batches_count, 1);
    talk_close(&talk);
}

/* The responder's answer to message, over 100 posts. */
static enum err_code receive(enum negentropy_role role, const uint8_t *octets, size_t len)
{
    static const struct negentropy_sets_shape shape = {"hundred", 100, 0, 0, 7, 1000, 0};
    struct talk talk;
    talk_open(&talk, &shape, NEGENTROPY_FRAME_MIN, 1024);
    struct negentropy_peer *peer = role == NEGENTROPY_INITIATOR ? talk.a : talk.b;
    /* Exactly as long as said, so that a sanitizer sees one octet read too many. */
    uint8_t *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, octets, len);
    enum err_code rc = negentropy_peer_receive(peer, octets_of(copy, len));
    free(copy);
    talk_close(&talk);
    return rc;
}

static enum err_code respond(const uint8_t *octets, size_t len)
{
    return receive(NEGENTROPY_RESPONDER, octets, len);
}

struct bad_message {
    const char *why;
    size_t len;
    enum err_code rc;
    uint8_t octets[48];
};

static const struct bad_message bad_messages[] = {
    {"no version", 0, ERR_TRUNCATED, {0}},
    {"version below all", 1, ERR_MALFORMED, {0x5f}},
    {"version above all", 1, ERR_MALFORMED, {0x70}},
    {"a bound and nothing", 3, ERR_TRUNCATED, {0x61, 0x00, 0x00}},
    {"a number without end", 3, ERR_TRUNCATED, {0x61, 0x81, 0x81}},
    {"a time with a leading zero digit", 5, ERR_MALFORMED, {0x61, 0x80, 0x05, 0x00, 0x00}},
    {"a prefix length with a leading zero", 5, ERR_MALFORMED, {0x61, 0x05, 0x80, 0x00, 0x00}},
    {"a mode with a leading zero digit", 5, ERR_MALFORMED, {0x61, 0x05, 0x00, 0x80, 0x00}},
    {"a number above 64 bits",
     13,
     ERR_MALFORMED,
     {0x61, 0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x00}},
    {"infinity spelled out as a time",
     16,
     ERR_MALFORMED,
     {0x61, 0x02, 0x00, 0x00, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00,
      0x00}},
    {"a sum of times beyond infinity",
     16,
     ERR_MALFORMED,
     {0x61, 0x03, 0x00, 0x00, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00,
      0x00}},
    {"a time after infinity", 7, ERR_MALFORMED, {0x61, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00}},
    {"infinity with a prefix", 5, ERR_MALFORMED, {0x61, 0x00, 0x01, 0xaa, 0x00}},
    {"a prefix of 33 octets", 48, ERR_MALFORMED, {0x61, 0x02, 33}},
    {"a prefix cut short", 4, ERR_TRUNCATED, {0x61, 0x02, 0x02, 0xaa}},
    {"ids going backwards",
     9,
     ERR_MALFORMED,
     {0x61, 0x02, 0x01, 0xbb, 0x00, 0x01, 0x01, 0xaa, 0x00}},
    {"a mode nobody knows", 4, ERR_MALFORMED, {0x61, 0x00, 0x00, 0x03}},
    {"a fingerprint cut short", 19, ERR_TRUNCATED, {0x61, 0x00, 0x00, 0x01}},
    {"more ids than octets", 36, ERR_TRUNCATED, {0x61, 0x00, 0x00, 0x02, 0x02}},
    {"a count of ids that would overflow",
     14,
     ERR_TRUNCATED,
     {0x61, 0x00, 0x00, 0x02, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
    {"octets left over", 5, ERR_TRUNCATED, {0x61, 0x00, 0x00, 0x00, 0x00}},
};

static void malformed_messages_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_messages / sizeof bad_messages[0]; i++) {
        const struct bad_message *bad = &bad_messages[i];
        if (respond(bad->octets, bad->len) != bad->rc) {
            fail_msg("%s: %s, not %s", bad->why, err_name(respond(bad->octets, bad->len)),
                     err_name(bad->rc));
        }
    }
}

/* A message of the three modes; a cut between ranges leaves a shorter valid one. */
static const uint8_t three_ranges[] = {0x61, 0x05, 0x01, 0xaa, 0x00, /* skip */
                                       0x01, 0x01, 0xbb, 0x01, 1,    2,  3,  4,  5,  6,  7,  8,
                                       9,    10,   11,   12,   13,   14, 15, 16, /* print */
                                       0x00, 0x00, 0x02, 0x01, 1,    2,  3,  4,  5,  6,  7,  8,
                                       9,    10,   11,   12,   13,   14, 15, 16, 17, 18, 19, 20,
                                       21,   22,   23,   24,   25,   26, 27, 28, 29, 30, 31, 32};

static void a_message_cut_anywhere_is_truncated_or_shorter(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof three_ranges; len++) {
        bool whole = len == 1 || len == 5 || len == 25 || len == sizeof three_ranges;
        assert_int_equal(respond(three_ranges, len), whole ? ERR_OK : ERR_TRUNCATED);
    }
}

static void a_message_above_the_limit_is_too_large(void **state)
{
    (void)state;
    uint8_t *octets = calloc(1, NEGENTROPY_MESSAGE_MAX + 1);
    assert_non_null(octets);
    octets[0] = NEGENTROPY_VERSION;
    assert_int_equal(respond(octets, NEGENTROPY_MESSAGE_MAX + 1), ERR_TOO_LARGE);

    /* All zeros are skips to infinity, three octets each. */
    assert_int_equal(respond(octets, 1 + 3 * (size_t)NEGENTROPY_RANGES_MAX), ERR_OK);
    assert_int_equal(respond(octets, 1 + 3 * ((size_t)NEGENTROPY_RANGES_MAX + 1)), ERR_TOO_LARGE);
    free(octets);
}

static void a_responder_answers_another_version_with_its_own(void **state)
{
    (void)state;
    static const struct negentropy_sets_shape shape = {"version", 10, 0, 0, 1, 100, 0};
    static const uint8_t other[] = {0x62, 0xff, 0xff};
    struct talk talk;
    talk_open(&talk, &shape, NEGENTROPY_FRAME_MIN, 1024);
    assert_int_equal(negentropy_peer_receive(talk.b, octets_of(other, sizeof other)), ERR_OK);
    assert_int_equal(talk.b->step.next, NEGENTROPY_SEND);
    assert_int_equal(talk.b->reply.len, 1);
    assert_int_equal(talk.b->reply.at[0], NEGENTROPY_VERSION);
    /* and it can go on from there */
    assert_int_equal(negentropy_peer_receive(talk.b, negentropy_peer_initiate(talk.a)), ERR_OK);
    assert_int_equal(talk.b->reply.len, 1 + 2 + 1 + 1 + 10 * POST_ID_LEN);
    talk_close(&talk);
}

static void an_initiator_refuses_another_version(void **state)
{
    (void)state;
    static const uint8_t other[] = {0x60};
    assert_int_equal(receive(NEGENTROPY_INITIATOR, other, sizeof other), ERR_VERSION);
}

static void an_id_listed_twice_is_needed_once(void **state)
{
    (void)state;
    static const struct negentropy_sets_shape shape = {"twice", 0, 0, 0, 1, 1, 0};
    uint8_t message[5 + 3 * POST_ID_LEN] = {NEGENTROPY_VERSION, 0x00, 0x00, 0x02, 0x03};
    memset(message + 5, 0xaa, POST_ID_LEN);
    memset(message + 5 + POST_ID_LEN, 0x11, POST_ID_LEN);
    memset(message + 5 + 2 * (size_t)POST_ID_LEN, 0xaa, POST_ID_LEN);
    struct talk talk;
    talk_open(&talk, &shape, NEGENTROPY_FRAME_MIN, 1024);
    (void)negentropy_peer_initiate(talk.a);
    assert_int_equal(negentropy_peer_receive(talk.a, octets_of(message, sizeof message)), ERR_OK);
    assert_int_equal(talk.a->step.next, NEGENTROPY_DONE);
    assert_int_equal(talk.a->need.count, 2);
    talk_close(&talk);
}

/* Write into out the range up to `code` (a time's difference, as sent) with this fingerprint. */
static size_t put_print(uint8_t *out, struct octets code, const struct fingerprint *print)
{
    memcpy(out, code.at, code.len);
    out[code.len] = 0;
    out[code.len + 1] = 1;
    memcpy(out + code.len + 2, print->octets, FINGERPRINT_LEN);
    return code.len + 2 + FINGERPRINT_LEN;
}

/* The one place where the reference can lose posts: it folds the rest from the end of the range
 * that did not fit, and a peer with nothing from there on finds that equal. */
static void a_range_that_does_not_fit_is_not_lost_on_a_peer_without_it(void **state)
{
    (void)state;
    static const struct negentropy_sets_shape shape = {"rest", 0, 400, 0, 1, 1000, 0};
    static const uint8_t first[] = {0x86, 0xaa, 0xcf, 0xe2, 0x15}; /* 1700000020 + 1 */
    static const uint8_t twenty[] = {21};
    static const uint8_t infinity[] = {0};
    const struct fold empty = {.count = 0};
    struct fingerprint nothing;
    fingerprint_of(&nothing, &empty);

    /* Six times nothing in 20 seconds, whose lists just fit, and nothing ever after. */
    uint8_t message[256] = {NEGENTROPY_VERSION};
    size_t len = 1 + put_print(message + 1, octets_of(first, sizeof first), &nothing);
    for (int i = 0; i < 5; i++) {
        len += put_print(message + len, octets_of(twenty, sizeof twenty), &nothing);
    }
    len += put_print(message + len, octets_of(infinity, sizeof infinity), &nothing);

    struct talk talk;
    talk_open(&talk, &shape, NEGENTROPY_FRAME_MIN, 1024);
    (void)negentropy_peer_initiate(talk.a);
    assert_int_equal(negentropy_peer_receive(talk.a, octets_of(message, len)), ERR_OK);
    assert_int_equal(talk.a->step.next, NEGENTROPY_SEND);

    struct fold rest = talk.a_set.running[400];
    fold_subtract(&rest, &talk.a_set.running[120]);
    struct fingerprint expected;
    fingerprint_of(&expected, &rest);
    struct octets reply = reply_of(talk.a);
    assert_memory_equal(reply.at + reply.len - FINGERPRINT_LEN, expected.octets, FINGERPRINT_LEN);
    talk_close(&talk);
}

/* The place behind an id of all ones is at the next second. */
static void a_list_goes_on_behind_the_highest_id(void **state)
{
    (void)state;
    static const uint8_t nothing_here[] = {NEGENTROPY_VERSION, 0x00, 0x00, 0x02, 0x00};
    struct post_id highest;
    memset(highest.octets, 0xff, POST_ID_LEN);
    struct talk talk = {.octets_count = 0};
    sorted_set_init(&talk.a_set);
    for (uint64_t created_s = 1; created_s <= 100; created_s++) {
        sorted_set_add(&talk.a_set, created_s, &highest);
    }
    sorted_set_seal(&talk.a_set);
    talk.a = negentropy_peer_new(&talk.a_set, NEGENTROPY_INITIATOR, NEGENTROPY_FRAME_MIN,
                                 NEGENTROPY_SPLIT_MIN);
    (void)negentropy_peer_initiate(talk.a);
    size_t before_count = talk.a->batches_count;
    assert_int_equal(negentropy_peer_receive(talk.a, octets_of(nothing_here, sizeof nothing_here)),
                     ERR_OK);
    assert_int_equal(talk.a->have.count, 100);
    assert_int_equal(talk.a->batches_count - before_count, 4);
    assert_int_equal(talk.a->step.next, NEGENTROPY_DONE);
    talk_close(&talk);
}

/* Everything from the floor on that only one side holds is found, and next to nothing below. */
static void assert_found_above(const struct talk *talk, uint64_t floor_s)
{
    const struct sorted_set *sets[2] = {&talk->a_set, &talk->b_set};
    const struct negentropy_found *founds[2] = {&talk->a->have, &talk->a->need};
    for (size_t side = 0; side < 2; side++) {
        size_t above_count = 0;
        for (size_t i = 0; i < sets[side]->items_count; i++) {
            const struct negentropy_item *item = &sets[side]->items[i];
            if (item->created_s < floor_s || sorted_set_has(sets[1 - side], item)) {
                continue;
            }
            above_count++;
            bool is_found = false;
            for (size_t k = 0; k < founds[side]->count && !is_found; k++) {
                is_found = post_id_equal(&founds[side]->at[k], &item->id);
            }
            assert_true(is_found);
        }
        assert_in_range(founds[side]->count, above_count, above_count + NEGENTROPY_SPLIT_MIN);
    }
}

static void nothing_is_said_of_what_is_below_a_floor(void **state)
{
    (void)state;
    const struct negentropy_sets_shape shape = {.seed = "floor",
                                                .shared = 2000,
                                                .only_a = 300,
                                                .only_b = 200,
                                                .step = 7919,
                                                .span = 100000};
    static const uint64_t floors[][2] = {{0, 50001},     {50001, 0},     {50001, 50001},
                                         {20000, 80000}, {80000, 20000}, {0, 100000},
                                         {100000, 0},    {1, 1}};
    static const size_t frames[] = {NEGENTROPY_FRAME_MIN, NEGENTROPY_MESSAGE_MAX};
    for (size_t i = 0; i < 2 * sizeof floors / sizeof floors[0]; i++) {
        struct talk talk;
        talk_open(&talk, &shape, frames[i % 2], 64);
        uint64_t highest_s = 0;
        struct negentropy_peer *peers[2] = {talk.a, talk.b};
        for (size_t side = 0; side < 2; side++) {
            uint64_t floor_s = 1700000000 + floors[i / 2][side];
            floor_s = floors[i / 2][side] == 0 ? 0 : floor_s;
            negentropy_set_floor(&peers[side]->machine, floor_s);
            highest_s = floor_s > highest_s ? floor_s : highest_s;
        }
        talk_to_the_end(&talk);
        drop_repeated(&talk.a->have);
        drop_repeated(&talk.a->need);
        assert_found_above(&talk, highest_s);
        talk_close(&talk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_difference_is_found_and_no_other),
        cmocka_unit_test(answers_in_small_parts_find_the_same),
        cmocka_unit_test(small_frames_are_kept_and_find_the_same),
        cmocka_unit_test(equal_sets_of_a_million_take_one_round_trip_of_340_octets),
        cmocka_unit_test(malformed_messages_are_refused),
        cmocka_unit_test(a_message_cut_anywhere_is_truncated_or_shorter),
        cmocka_unit_test(a_message_above_the_limit_is_too_large),
        cmocka_unit_test(a_responder_answers_another_version_with_its_own),
        cmocka_unit_test(an_initiator_refuses_another_version),
        cmocka_unit_test(an_id_listed_twice_is_needed_once),
        cmocka_unit_test(a_range_that_does_not_fit_is_not_lost_on_a_peer_without_it),
        cmocka_unit_test(a_list_goes_on_behind_the_highest_id),
        cmocka_unit_test(nothing_is_said_of_what_is_below_a_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
