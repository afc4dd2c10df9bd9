#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/post.h"
#include "tests/support/vectors_json.h"

static struct octets wire_of(uint8_t storage[POST_WIRE_MAX], const struct json_value *item)
{
    return octets_of(storage, json_hex(storage, POST_WIRE_MAX, json_member(item, "wire")));
}

static void expect_octets(const struct json_value *item, const char *name, struct octets octets)
{
    static uint8_t expected[POST_WIRE_MAX];
    size_t len = json_hex(expected, sizeof expected, json_member(item, name));
    assert_true(octets_equal(octets, octets_of(expected, len)));
}

static void expect_text(const struct json_value *item, const char *name, struct octets text)
{
    assert_true(octets_equal(text, octets_of_text(json_string(json_member(item, name)))));
}

static void expect_lists(const struct json_value *item, const struct post *post)
{
    const struct json_value *tags = json_member(item, "tags");
    assert_int_equal(post->tags_count, json_count(tags));
    const struct json_value *at = json_first(tags);
    for (size_t i = 0; at != NULL; at = json_next(at), i++) {
        assert_true(octets_equal(post->tags[i], octets_of_text(json_string(at))));
    }
    const struct json_value *refs = json_member(item, "refs");
    assert_int_equal(post->refs_count, json_count(refs));
    at = json_first(refs);
    for (size_t i = 0; at != NULL; at = json_next(at), i++) {
        assert_int_equal(post->refs[i].relation, json_number(json_member(at, "relation")));
        expect_octets(at, "id", octets_of(post->refs[i].id.octets, POST_ID_LEN));
    }
}

static void expect_words(const struct json_value *item, const struct post_text *text)
{
    static const char *const replies[] = {"everyone", "vouched", "nobody"};
    expect_text(item, "text", text->text);
    expect_text(item, "note", text->note);
    assert_string_equal(json_string(json_member(item, "replies")), replies[text->replies]);
    const struct json_value *mentions = json_member(item, "mentions");
    assert_int_equal(text->mentions_count, json_count(mentions));
    const struct json_value *at = json_first(mentions);
    for (size_t i = 0; at != NULL; at = json_next(at), i++) {
        uint8_t key[KEY_LEN];
        json_hex_exactly(key, KEY_LEN, at);
        assert_memory_equal(text->mentions[i].octets, key, KEY_LEN);
    }
}

static void expect_content(const struct json_value *item, const struct post *post)
{
    static const char *const reactions[] = {"heart", "sad", "angry", "with"};
    switch (post->kind) {
    case POST_PROFILE:
        expect_text(item, "name", post->as.profile.name);
        expect_text(item, "bio", post->as.profile.bio);
        expect_octets(item, "card", post->as.profile.card);
        break;
    case POST_TEXT:
        expect_words(item, &post->as.text);
        break;
    case POST_REACT:
        assert_string_equal(json_string(json_member(item, "reaction")),
                            reactions[post->as.reaction]);
        break;
    case POST_VOUCH:
        expect_octets(item, "subject", octets_of(post->as.vouch.subject.octets, KEY_LEN));
        assert_int_equal(post->as.vouch.has_inviter, json_find(item, "inviter") != NULL);
        if (post->as.vouch.has_inviter) {
            expect_octets(item, "inviter", octets_of(post->as.vouch.inviter.octets, KEY_LEN));
        }
        break;
    default:
        break;
    }
}

static void posts_say_what_their_vectors_say(void **state)
{
    (void)state;
    static uint8_t storage[POST_WIRE_MAX];
    struct json_file *file = json_open(JSON_VECTORS("post.json"));
    const struct json_value *item = json_first(json_member(json_root(file), "accept"));
    for (; item != NULL; item = json_next(item)) {
        struct post post;
        enum err_code rc = post_decode(&post, wire_of(storage, item));
        if (rc != ERR_OK) {
            fail_msg("%s: %s", json_string(json_member(item, "case")), err_name(rc));
        }
        assert_int_equal(post_verify(&post), ERR_OK);
        expect_octets(item, "id", octets_of(post.id.octets, POST_ID_LEN));
        expect_octets(item, "author", octets_of(post.author.octets, KEY_LEN));
        assert_int_equal(post.kind, json_number(json_member(item, "kind")));
        assert_int_equal(post.created_s, json_number(json_member(item, "created_s")));
        assert_int_equal(post.expires_s, json_number(json_member(item, "expires_s")));
        assert_int_equal(post.known, json_bool(json_member(item, "known")));
        expect_lists(item, &post);
        if (post.known) {
            expect_content(item, &post);
        }
    }
    json_free(file);
}

static void what_is_not_a_post_is_refused(void **state)
{
    (void)state;
    static uint8_t storage[POST_WIRE_MAX];
    struct json_file *file = json_open(JSON_VECTORS("post.json"));
    const struct json_value *item = json_first(json_member(json_root(file), "reject"));
    for (; item != NULL; item = json_next(item)) {
        struct post post;
        enum err_code rc = post_decode(&post, wire_of(storage, item));
        rc = rc == ERR_OK ? post_verify(&post) : rc;
        const char *expected = json_string(json_member(item, "error"));
        if (strcmp(err_name(rc), expected) != 0) {
            fail_msg("%s: %s", json_string(json_member(item, "case")), err_name(rc));
        }
    }
    json_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_say_what_their_vectors_say),
        cmocka_unit_test(what_is_not_a_post_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
