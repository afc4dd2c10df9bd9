#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proto/set.h"

static bool is_among(const uint32_t *sets, size_t count, uint32_t set)
{
    for (size_t i = 0; i < count; i++) {
        if (sets[i] == set) {
            return true;
        }
    }
    return false;
}

static struct key key_of(uint8_t octet)
{
    struct key key;
    memset(key.octets, octet, sizeof key.octets);
    return key;
}

/* BLAKE2b-256 as Python's hashlib has it: everybody must put an author into the same bucket. */
static void buckets_are_the_same_everywhere(void **state)
{
    (void)state;
    struct key zeros = key_of(0);
    struct key aas = key_of(0xaa);
    assert_int_equal(set_of_author(&zeros), SET_AUTHORS + 38);
    assert_int_equal(set_of_author(&aas), SET_AUTHORS + 45);
    assert_int_equal(set_of_tag(octets_of_text("metoo")), SET_TAGS + 40);
    assert_int_equal(set_of_tag(octets_of_text("timesup")), SET_TAGS + 66);
}

static void a_post_is_in_each_of_its_sets_once(void **state)
{
    (void)state;
    uint32_t sets[SET_OF_POST_MAX];
    struct post post = {.kind = POST_TEXT, .author = key_of(1), .tags_count = 2};
    post.tags[0] = octets_of_text("metoo");
    post.tags[1] = octets_of_text("metoo");
    size_t count = set_of_post(sets, &post);
    assert_int_equal(count, 3);
    assert_int_equal(sets[0], SET_ALL);
    assert_true(is_among(sets, count, set_of_author(&post.author)));
    assert_true(is_among(sets, count, set_of_tag(octets_of_text("metoo"))));
}

static void what_stands_is_in_standing(void **state)
{
    (void)state;
    static const enum post_kind standing[] = {POST_PROFILE, POST_VOUCH, POST_RETRACT, POST_VOICE};
    static const enum post_kind passing[] = {POST_TEXT, POST_REACT};
    uint32_t sets[SET_OF_POST_MAX];
    for (size_t i = 0; i < 4; i++) {
        struct post post = {.kind = standing[i]};
        assert_true(is_among(sets, set_of_post(sets, &post), SET_STANDING));
    }
    for (size_t i = 0; i < 2; i++) {
        struct post post = {.kind = passing[i]};
        assert_false(is_among(sets, set_of_post(sets, &post), SET_STANDING));
    }
}

static void without_a_choice_everything_is_wanted(void **state)
{
    (void)state;
    struct set_choice everything = {.buckets = false};
    struct post post = {.kind = POST_TEXT};
    assert_int_equal(set_next_chosen(&everything, 0), SET_ALL);
    assert_int_equal(set_next_chosen(&everything, SET_ALL + 1), SET_STANDING);
    assert_int_equal(set_next_chosen(&everything, SET_STANDING + 1), SETS_END);
    assert_true(set_post_is_chosen(&everything, &post));
}

static void buckets_that_were_chosen_and_what_stands_are_wanted(void **state)
{
    (void)state;
    struct post hers = {.kind = POST_TEXT, .author = key_of(1)};
    struct post his = {.kind = POST_TEXT, .author = key_of(2)};
    struct post tagged = {.kind = POST_TEXT, .author = key_of(2), .tags_count = 1};
    struct post named = {.kind = POST_PROFILE, .author = key_of(2)};
    tagged.tags[0] = octets_of_text("metoo");
    uint32_t author = set_of_author(&hers.author);
    uint32_t tag = set_of_tag(octets_of_text("metoo"));
    assert_int_not_equal(author, set_of_author(&his.author));
    struct set_choice choice = {.buckets = true};
    choice.authors[(author - SET_AUTHORS) / 8] = (uint8_t)(1U << (author % 8));
    choice.tags[(tag - SET_TAGS) / 8] = (uint8_t)(1U << (tag % 8));

    assert_int_equal(set_next_chosen(&choice, 0), SET_STANDING);
    assert_int_equal(set_next_chosen(&choice, SET_STANDING + 1), author);
    assert_int_equal(set_next_chosen(&choice, author + 1), tag);
    assert_int_equal(set_next_chosen(&choice, tag + 1), SETS_END);
    assert_true(set_post_is_chosen(&choice, &hers));
    assert_true(set_post_is_chosen(&choice, &tagged));
    assert_true(set_post_is_chosen(&choice, &named));
    assert_false(set_post_is_chosen(&choice, &his));
}

static void an_author_is_among_those_chosen(void **state)
{
    (void)state;
    struct post hers = {.kind = POST_TEXT, .author = key_of(1)};
    struct post his = {.kind = POST_TEXT, .author = key_of(2)};
    struct set_choice standing = {.buckets = true};
    assert_false(set_post_is_chosen(&standing, &hers));
    set_choose_author(&standing, &hers.author);
    assert_true(set_post_is_chosen(&standing, &hers));
    assert_false(set_post_is_chosen(&standing, &his));

    struct set_choice everything = {.buckets = false};
    set_choose_author(&everything, &hers.author);
    assert_int_equal(set_next_chosen(&everything, SET_STANDING + 1), SETS_END);
}

static void other_numbers_are_no_sets(void **state)
{
    (void)state;
    static const uint32_t known[] = {0, 1, 0x100, 0x1ff, 0x200, 0x2ff};
    static const uint32_t unknown[] = {2, 0xff, 0x300, 0xffff};
    for (size_t i = 0; i < 6; i++) {
        assert_true(set_is_known(known[i]));
    }
    for (size_t i = 0; i < 4; i++) {
        assert_false(set_is_known(unknown[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_the_same_everywhere),
        cmocka_unit_test(a_post_is_in_each_of_its_sets_once),
        cmocka_unit_test(what_stands_is_in_standing),
        cmocka_unit_test(without_a_choice_everything_is_wanted),
        cmocka_unit_test(buckets_that_were_chosen_and_what_stands_are_wanted),
        cmocka_unit_test(an_author_is_among_those_chosen),
        cmocka_unit_test(other_numbers_are_no_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
