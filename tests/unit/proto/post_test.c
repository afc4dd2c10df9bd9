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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_post_comes_back_as_it_was_written),
        cmocka_unit_test(every_kind_of_post_verifies),
        cmocka_unit_test(a_name_written_in_the_text_is_a_mention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
