/* What a person keeps of the posts that leave her store by age, and for whose sake (SPEC 7.6). */
#include "tests/unit/store/keep_scene.h"

/* ---- What is kept ---------------------------------------------------------------------------- */

static void what_the_timeline_lists_outlives_the_store(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    follow_tag(s, "metoo");
    struct post_id own = person_text(&s->posts, &s->bea, OLD_S, "mine alone", NULL);
    struct post_id friend = person_text(&s->posts, &s->ana, OLD_S + 1, "from ana", NULL);
    struct post_id tagged = person_text(&s->posts, &s->cem, OLD_S + 2, "under a tag", "metoo");
    struct post_id other = person_text(&s->posts, &s->dana, OLD_S + 3, "of no concern", "cats");
    struct post_id young = person_text(&s->posts, &s->dana, NOW_S - 10, "of today", "cats");
    aged(s);
    assert_false(in_store(s, &own));
    assert_true(in_archive(s, &own));
    assert_true(in_store(s, &young));
    assert_false(in_archive(s, &young));
    assert_false(in_archive(s, &other));
    expect(s, &own, true);
    expect(s, &friend, true);
    expect(s, &tagged, true);
    expect(s, &other, false);
    expect(s, &young, true);
}

static void what_names_her_and_what_answers_is_kept(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_draft draft = {.kind = POST_TEXT, .created_s = OLD_S};
    draft.text = octets_of_text("bea, look");
    draft.mentions = &s->bea.key;
    draft.mentions_count = 1;
    struct post_id naming = person_draft(&s->posts, &s->cem, &draft);
    struct post_id root = person_text(&s->posts, &s->ana, OLD_S + 1, "a thread", NULL);
    struct post_id reply = person_reply(&s->posts, &s->dana, OLD_S + 2, root, root, "an answer");
    struct post_id below = person_reply(&s->posts, &s->eli, OLD_S + 3, root, reply, "and another");
    struct post_id heart = person_react(&s->posts, &s->eli, OLD_S + 4, below, POST_HEART);
    aged(s);
    expect(s, &naming, true);
    expect(s, &reply, true);
    expect(s, &below, true);
    expect(s, &heart, true);
}

static void what_a_friend_answers_or_echoes_is_kept_with_it(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
    struct post_id middle = person_reply(&s->posts, &s->dana, OLD_S + 1, root, root, "between");
    struct post_id aside = person_reply(&s->posts, &s->eli, OLD_S + 2, root, root, "aside");
    struct post_id echo = person_echo(&s->posts, &s->ana, NOW_S - 5, middle, "look");
    aged(s);
    assert_true(in_archive(s, &root));
    assert_true(in_archive(s, &echo)); /* new as it is: it says why the others are there */
    assert_true(in_store(s, &echo));
    expect(s, &root, true);
    expect(s, &middle, true);
    expect(s, &echo, true);
    expect(s, &aside, false);
}

/* ---- And for whom ---------------------------------------------------------------------------- */

static void what_only_a_blocked_friend_led_to_is_gone_with_the_friend(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
    struct post_id echo = person_echo(&s->posts, &s->ana, OLD_S + 1, root, "look");
    aged(s);
    struct post_id later = person_reply(&s->posts, &s->dana, NOW_S, root, root, "today");
    put_new(s);
    expect(s, &later, true);
    block(s, &s->ana);
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
    expect(s, &echo, false);
    expect(s, &root, false); /* as if the echo had never come */
    expect(s, &later, false);
    unblock(s);
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
    expect(s, &root, true);
    expect(s, &later, true);
}

static struct vault_shield shield = {
    .kind = VAULT_SHIELD_WORD, .text_len = 4, .text = {'h', 'a', 'r', 'm'}};

static void what_only_a_shielded_post_led_to_is_shielded(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
    struct post_id other = person_text(&s->posts, &s->cem, OLD_S + 1, "said later", NULL);
    person_echo(&s->posts, &s->ana, OLD_S + 2, root, "harm in it");
    person_echo(&s->posts, &s->ana, OLD_S + 3, other, "harm in this too");
    person_echo(&s->posts, &s->ana, OLD_S + 4, other, "look");
    aged(s);
    s->contents.shields = &shield;
    s->contents.shields_count = 1;
    load(s);
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
    assert_false(view_visible(s->home.view, &root, VIEW_STRANGERS, s->now_s));
    assert_true(view_visible(s->home.view, &other, VIEW_STRANGERS, s->now_s));
    expect(s, &root, true); /* to whoever asks for the shielded */
    s->contents.shields_count = 0;
    load(s);
    assert_true(view_visible(s->home.view, &root, VIEW_STRANGERS, s->now_s));
}

static void expect_name(struct keep_scene *s, const struct person *whose, const char *name)
{
    struct view_person person;
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(view_person(s->home.view, &person, &whose->key, s->now_s, &s->note),
                         ERR_OK);
        assert_true(octets_equal(person.name, octets_of_text(name)));
        reopen(s);
    }
}

static void a_name_in_a_shielded_profile_takes_the_place_of_none(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    follow(s, &s->cem);
    struct post_id ana_before = person_profile(&s->posts, &s->ana, OLD_S, "Ana", "");
    person_profile(&s->posts, &s->ana, OLD_S + 1, "Ana, harm", "");
    person_profile(&s->posts, &s->cem, OLD_S + 1, "Cem", "harm");
    aged(s);
    assert_true(in_store(s, &ana_before));
    /* It comes when a later one is there. */
    person_profile(&s->posts, &s->cem, OLD_S, "Cem before", "");
    put_new(s);
    expect_name(s, &s->ana, "Ana, harm");
    expect_name(s, &s->cem, "Cem");
    s->contents.shields = &shield;
    s->contents.shields_count = 1;
    load(s);
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
    expect_name(s, &s->ana, "Ana");
    expect_name(s, &s->cem, "Cem before");
    s->contents.shields_count = 0;
    load(s);
    expect_name(s, &s->ana, "Ana, harm");
    expect_name(s, &s->cem, "Cem");
}

static void whoever_is_followed_later_does_not_bring_back_what_left(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
    person_echo(&s->posts, &s->ana, OLD_S + 1, root, "look");
    person_echo(&s->posts, &s->dana, NOW_S - 40 * (uint64_t)DAY_S, root, "look here too");
    aged(s);
    follow(s, &s->dana);
    s->now_s += 60 * (uint64_t)DAY_S;
    aged(s); /* dana's echo is kept too, but the root had left by then */
    expect(s, &root, true);
    block(s, &s->ana);
    expect(s, &root, false);
}

static void one_friend_is_enough(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    follow(s, &s->dana);
    struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
    person_echo(&s->posts, &s->ana, OLD_S + 1, root, "look");
    struct post_id echo =
        person_echo(&s->posts, &s->dana, NOW_S - 40 * (uint64_t)DAY_S, root, "here");
    aged(s);
    block(s, &s->ana);
    expect(s, &root, true);
    s->now_s += 60 * (uint64_t)DAY_S;
    aged(s);
    expect(s, &root, true);
    expect(s, &echo, true);
}

static void unfollowing_loses_nothing_that_is_kept(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id friend = person_text(&s->posts, &s->ana, OLD_S, "from ana", NULL);
    struct post_id later = person_text(&s->posts, &s->ana, NOW_S, "from ana again", NULL);
    aged(s);
    s->contents.follows_count = 0;
    load(s);
    s->now_s += 100 * (uint64_t)DAY_S;
    aged(s);
    expect(s, &friend, true);
    expect(s, &later, false);
}

static void what_was_kept_before_a_block_is_back_after_it(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id before = person_text(&s->posts, &s->ana, OLD_S, "before", NULL);
    put_new(s);
    block(s, &s->ana);
    struct post_id during = person_text(&s->posts, &s->ana, OLD_S + 1, "during", NULL);
    aged(s);
    assert_true(in_archive(s, &before));
    assert_false(in_archive(s, &during)); /* nobody would ever be shown it */
    expect(s, &before, false);
    unblock(s);
    expect(s, &before, true);
    expect(s, &during, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keep_set_up, keep_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_timeline_lists_outlives_the_store),
        TEST(what_names_her_and_what_answers_is_kept),
        TEST(what_a_friend_answers_or_echoes_is_kept_with_it),
        TEST(what_only_a_blocked_friend_led_to_is_gone_with_the_friend),
        TEST(a_name_in_a_shielded_profile_takes_the_place_of_none),
        TEST(what_only_a_shielded_post_led_to_is_shielded),
        TEST(whoever_is_followed_later_does_not_bring_back_what_left),
        TEST(one_friend_is_enough),
        TEST(unfollowing_loses_nothing_that_is_kept),
        TEST(what_was_kept_before_a_block_is_back_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
