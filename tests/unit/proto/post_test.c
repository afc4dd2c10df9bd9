#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/name32.h"
#include "proto/post.h"
#include "tests/support/posts.h"

static void a_text_post_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct posts posts = {0};
    struct post_id id = person_text(&posts, &ana, 1000, "", "#MeToo");
    struct post post = posts_decoded(&posts, 0);

    assert_true(post_id_equal(&post.id, &id));
    assert_true(key_equal(&post.author, &ana.key));
    assert_true(post.known);
    assert_int_equal(post.kind, POST_TEXT);
    assert_int_equal(post.created_s, 1000);
    assert_int_equal(post.tags_count, 1);
    assert_true(octets_equal(post.tags[0], octets_of_text("metoo")));
    assert_int_equal(post.as.text.text.len, 0);
    assert_int_equal(post_verify(&post), ERR_OK);
    posts_free(&posts);
}

static void every_kind_of_post_verifies(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct posts posts = {0};
    struct post_id first = person_text(&posts, &ana, 1000, "me too", "metoo");
    (void)person_reply(&posts, &bea, 1001, first, first, "I believe you");
    (void)person_echo(&posts, &bea, 1002, first, "");
    (void)person_react(&posts, &bea, 1003, first, POST_WITH);
    (void)person_vouch(&posts, &bea, 1004, &ana.key, NULL);
    (void)person_vouch(&posts, &bea, 1004, &ana.key, &bea.key);
    (void)person_retract(&posts, &ana, 1005, first);
    (void)person_profile(&posts, &ana, 1006, "Ana", "nurse");
    (void)person_text_by_device(&posts, &ana, &bea, 1007, 1000, 2000, "from my phone");
    for (size_t i = 0; i < posts.count; i++) {
        struct post post = posts_decoded(&posts, i);
        assert_true(post.known);
        assert_int_equal(post_verify(&post), ERR_OK);
    }
    posts_free(&posts);
}

static void decoding_again_needs_no_hash_and_says_the_same(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct posts posts = {0};
    struct post_id id = person_text(&posts, &ana, 1000, "me too", "metoo");
    struct octets wire = posts.wires[0];
    struct post post = {.kind = 99};
    assert_int_equal(post_decode_again(&post, octets_of(wire.at, wire.len - 1), &id),
                     ERR_TRUNCATED);
    uint8_t longer[POST_WIRE_MAX];
    memcpy(longer, wire.at, wire.len);
    longer[wire.len] = 0;
    assert_int_equal(post_decode_again(&post, octets_of(longer, wire.len + 1), &id), ERR_MALFORMED);
    assert_int_equal(post.kind, 99);
    assert_int_equal(post_decode_again(&post, wire, &id), ERR_OK);
    assert_true(post_id_equal(&post.id, &id));
    assert_true(octets_equal(post.as.text.text, octets_of_text("me too")));
    assert_int_equal(post_verify(&post), ERR_OK);
    posts_free(&posts);
}

static void a_name_written_in_the_text_is_a_mention(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    char name[NAME32_BECH_LEN + 1];
    name32_bech(name, bea.key.octets);
    char text[200] = "with ";
    strcat(text, name);
    struct posts posts = {0};
    (void)person_text(&posts, &ana, 1000, text, NULL);
    struct post post = posts_decoded(&posts, 0);
    assert_int_equal(post.as.text.mentions_count, 1);
    assert_true(key_equal(&post.as.text.mentions[0], &bea.key));
    posts_free(&posts);
}

static struct post_draft text_draft(const char *text)
{
    return (struct post_draft){.kind = POST_TEXT, .created_s = 1000, .text = octets_of_text(text)};
}

static enum err_code sign_of(const struct post_draft *draft)
{
    static uint8_t wire[POST_WIRE_MAX];
    size_t wire_len = 77;
    struct post_id id = {{1, 2, 3}};
    const struct post_id before = id;
    enum err_code rc = post_sign(wire, &wire_len, &id, draft, person_of("ana").seed);
    if (rc != ERR_OK) {
        assert_int_equal(wire_len, 77);
        assert_true(post_id_equal(&id, &before));
    }
    return rc;
}

static void a_draft_out_of_range_is_refused(void **state)
{
    (void)state;
    const struct octets twice[2] = {octets_of_text("metoo"), octets_of_text("metoo")};
    const struct octets shout[1] = {octets_of_text("MeToo")};
    const struct octets not_text[1] = {octets_of_text("\xff")};
    struct post_draft draft = text_draft("\xff");
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft = text_draft("hello");
    draft.note = octets_of_text("\xff");
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft = text_draft("hello");
    draft.tags = twice;
    draft.tags_count = 2;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft.tags_count = 1;
    assert_int_equal(sign_of(&draft), ERR_OK);
    draft.tags = shout;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft.tags = not_text;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft.tags_count = POST_TAGS_MAX + 1;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft = text_draft("hello");
    draft.created_s = POST_TIME_MAX + 1;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft = text_draft("hello");
    draft.expires_s = draft.created_s;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft = text_draft("hello");
    draft.kind = POST_VOICE;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    draft.kind = POST_RETRACT; /* of nothing */
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
}

static void the_largest_body_is_signed_and_no_larger_one(void **state)
{
    (void)state;
    static char text[POST_BODY_MAX + 1];
    memset(text, 'x', sizeof text - 1);
    size_t most = 0;
    struct post_draft draft = text_draft("");
    for (size_t len = POST_BODY_MAX - 60; len <= POST_BODY_MAX; len++) {
        draft.text = octets_of(text, len);
        enum err_code rc = sign_of(&draft);
        assert_true(rc == ERR_OK || rc == ERR_TOO_LARGE);
        assert_true(rc == ERR_TOO_LARGE || most == len - 1 || most == 0); /* no gap */
        most = rc == ERR_OK ? len : most;
    }
    assert_true(most > POST_BODY_MAX - 60 && most < POST_BODY_MAX);
}

static void mentions_of_a_draft_stand_in_the_post(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    const struct key mentions[2] = {person_of("bea").key, person_of("carl").key};
    struct post_draft draft = text_draft("with you both");
    draft.mentions = mentions;
    draft.mentions_count = 2;
    draft.note = octets_of_text("grief");
    draft.replies = POST_REPLIES_NOBODY;
    struct posts posts = {0};
    (void)person_draft(&posts, &ana, &draft);
    struct post post = posts_decoded(&posts, 0);
    assert_int_equal(post.as.text.mentions_count, 2);
    assert_memory_equal(post.as.text.mentions, mentions, sizeof mentions);
    assert_true(octets_equal(post.as.text.note, octets_of_text("grief")));
    assert_int_equal(post.as.text.replies, POST_REPLIES_NOBODY);
    draft.mentions_count = POST_MENTIONS_MAX + 1;
    assert_int_equal(sign_of(&draft), ERR_MALFORMED);
    posts_free(&posts);
}

static void a_post_without_a_proof_does_not_verify(void **state)
{
    (void)state;
    const struct post post = {.kind = POST_TEXT, .proof = {NULL, 0}};
    assert_int_equal(post_verify(&post), ERR_PROOF);
}

static void a_short_body_is_signed_too(void **state)
{
    (void)state;
    struct post_draft draft = text_draft("");
    for (size_t len = 0; len < 300; len++) {
        char text[300];
        memset(text, 'x', sizeof text);
        draft.text = octets_of(text, len);
        assert_int_equal(sign_of(&draft), ERR_OK);
    }
}

static void a_reply_names_its_root_and_parent(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct posts posts = {0};
    struct post_id root = person_text(&posts, &ana, 1000, "me too", "metoo");
    struct post_id parent = person_reply(&posts, &ana, 1001, root, root, "yes");
    (void)person_reply(&posts, &ana, 1002, root, parent, "and");
    struct post post = posts_decoded(&posts, 2);
    assert_true(post_id_equal(post_ref_of(&post, POST_ROOT), &root));
    assert_true(post_id_equal(post_ref_of(&post, POST_PARENT), &parent));
    assert_null(post_ref_of(&post, POST_ECHO));
    posts_free(&posts);
}

static void a_stream_of_posts_comes_apart_at_the_seams(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct posts posts = {0};
    uint8_t stream[4096];
    size_t stream_len = 0;
    for (uint64_t i = 0; i < 5; i++) {
        (void)person_text(&posts, &ana, 1000 + i, "again", NULL);
        memcpy(stream + stream_len, posts.wires[i].at, posts.wires[i].len);
        stream_len += posts.wires[i].len;
    }
    size_t at = 0;
    for (size_t i = 0; i < 5; i++) {
        struct post post;
        size_t wire_len;
        struct octets rest = octets_of(stream + at, stream_len - at);
        assert_int_equal(post_decode_prefix(&post, &wire_len, rest), ERR_OK);
        assert_true(post_id_equal(&post.id, &posts.ids[i]));
        assert_int_equal(wire_len, posts.wires[i].len);
        at += wire_len;
    }
    assert_int_equal(at, stream_len);
    posts_free(&posts);
}

static void every_shorter_piece_is_truncated(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct posts posts = {0};
    (void)person_text(&posts, &ana, 1000, "hello", "metoo");
    (void)person_text_by_device(&posts, &ana, &bea, 1007, 1000, 2000, "hello");
    for (size_t i = 0; i < posts.count; i++) {
        for (size_t cut = 0; cut < posts.wires[i].len; cut++) {
            struct post post = {.kind = 99};
            size_t wire_len = 77;
            struct octets piece = octets_of(posts.wires[i].at, cut);
            assert_int_equal(post_decode(&post, piece), ERR_TRUNCATED);
            assert_int_equal(post_decode_prefix(&post, &wire_len, piece), ERR_TRUNCATED);
            assert_true(post.kind == 99 && wire_len == 77); /* written only on success */
        }
    }
    posts_free(&posts);
}

static void no_bit_can_be_changed(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct posts posts = {0};
    (void)person_text_by_device(&posts, &ana, &bea, 1007, 1000, 2000, "from my phone");
    uint8_t wire[POST_PROOF_MAX + 512];
    size_t wire_len = posts.wires[0].len;
    assert_true(wire_len <= sizeof wire);
    memcpy(wire, posts.wires[0].at, wire_len);
    for (size_t bit = 0; bit < 8 * wire_len; bit++) {
        wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct post post;
        enum err_code rc = post_decode(&post, octets_of(wire, wire_len));
        assert_true(rc != ERR_OK || post_verify(&post) == ERR_PROOF);
        wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    posts_free(&posts);
}

static void the_clock_allows_ten_minutes_ahead(void **state)
{
    (void)state;
    const struct post post = {.created_s = 10000, .expires_s = 20000};
    assert_int_equal(post_check_clock(&post, 10000 - POST_AHEAD_MAX_S), ERR_OK);
    assert_int_equal(post_check_clock(&post, 10000 - POST_AHEAD_MAX_S - 1), ERR_FUTURE);
    assert_int_equal(post_check_clock(&post, 0), ERR_FUTURE);
    assert_int_equal(post_check_clock(&post, 19999), ERR_OK);
    assert_int_equal(post_check_clock(&post, 20000), ERR_EXPIRED);
    const struct post forever = {.created_s = 10000, .expires_s = 0};
    assert_int_equal(post_check_clock(&forever, UINT64_MAX), ERR_OK);
}

static void another_valid_proof_is_the_same_post(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct posts posts = {0};
    struct post_id by_hand = person_text(&posts, &ana, 1007, "hello", NULL);
    struct post_id by_device = person_text_by_device(&posts, &ana, &bea, 1007, 1000, 2000, "hello");
    struct post first = posts_decoded(&posts, 0);
    struct post second = posts_decoded(&posts, 1);
    assert_true(post_id_equal(&by_hand, &by_device));
    assert_true(post_id_equal(&first.id, &second.id));
    assert_false(octets_equal(first.proof, second.proof));
    assert_int_equal(post_verify(&second), ERR_OK);
    posts_free(&posts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_post_comes_back_as_it_was_written),
        cmocka_unit_test(every_kind_of_post_verifies),
        cmocka_unit_test(decoding_again_needs_no_hash_and_says_the_same),
        cmocka_unit_test(a_name_written_in_the_text_is_a_mention),
        cmocka_unit_test(a_draft_out_of_range_is_refused),
        cmocka_unit_test(the_largest_body_is_signed_and_no_larger_one),
        cmocka_unit_test(mentions_of_a_draft_stand_in_the_post),
        cmocka_unit_test(a_post_without_a_proof_does_not_verify),
        cmocka_unit_test(a_short_body_is_signed_too),
        cmocka_unit_test(a_reply_names_its_root_and_parent),
        cmocka_unit_test(a_stream_of_posts_comes_apart_at_the_seams),
        cmocka_unit_test(every_shorter_piece_is_truncated),
        cmocka_unit_test(no_bit_can_be_changed),
        cmocka_unit_test(the_clock_allows_ten_minutes_ahead),
        cmocka_unit_test(another_valid_proof_is_the_same_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
