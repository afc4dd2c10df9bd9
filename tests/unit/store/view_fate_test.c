/* What stands on something missing, taken back, expired, misplaced or not allowed is not shown. */
#include "tests/unit/store/view_test.h"

static struct scenario *story(void)
{
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    follows(s, "fay");
    return s;
}

static void a_reply_waits_for_what_it_answers(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id root = says(s, "ana", "root", NULL);
    struct post_id reply = replies(s, "fay", root, "reply");
    struct post_id below = replies(s, "ana", reply, "thanks");
    s->holding = false;
    arrives(s, below);
    assert_false(sees_strangers(s, below));
    arrives(s, reply);
    assert_false(sees_strangers(s, reply));
    arrives(s, root);
    assert_true(sees(s, root));
    assert_true(sees(s, reply));
    assert_true(sees(s, below));
    scenario_free(s);
}

static void echoes_and_reactions_wait_too(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id first = says(s, "ana", "first", NULL);
    s->holding = false;
    struct post_id echo = echoes(s, "fay", first, "words");
    struct post_id reaction = reacts(s, "fay", first, POST_HEART);
    assert_false(sees_strangers(s, echo));
    assert_false(sees_strangers(s, reaction));
    arrives(s, first);
    assert_true(sees(s, echo));
    assert_true(sees(s, reaction));
    scenario_free(s);
}

static void what_its_author_takes_back_is_gone_with_what_stands_on_it(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id first = says(s, "ana", "first", NULL);
    struct post_id reply = replies(s, "fay", first, "reply");
    struct post_id own = replies(s, "bea", first, "own");
    (void)retracts(s, "ana", first);
    assert_false(sees_strangers(s, first));
    assert_false(sees_strangers(s, reply));
    assert_false(sees_strangers(s, own));
    assert_true(shows(s, VIEW_MINE, own));
    (void)retracts(s, "bea", own);
    assert_false(shows(s, VIEW_MINE, own));
    scenario_free(s);
}

static void nobody_takes_back_what_another_wrote(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id first = says(s, "ana", "first", NULL);
    struct post_id retract = retracts(s, "fay", first);
    assert_true(sees(s, first));
    assert_false(sees_strangers(s, retract));
    scenario_free(s);
}

static void a_retract_that_comes_first_still_counts(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id first = says(s, "ana", "first", NULL);
    struct post_id second = says(s, "ana", "second", NULL);
    s->holding = false;
    (void)retracts(s, "ana", first);
    (void)retracts(s, "fay", second);
    arrives(s, first);
    arrives(s, second);
    assert_false(sees_strangers(s, first));
    assert_true(sees(s, second));
    scenario_free(s);
}

static void an_expired_post_is_gone_that_second_with_what_stands_on_it(void **state)
{
    (void)state;
    struct scenario *s = story();
    uint64_t expires_s = s->now_s + 100;
    struct post_id first =
        drafts(s, "ana", (struct post_draft){.kind = POST_TEXT, .expires_s = expires_s});
    struct post_id reply = replies(s, "fay", first, "reply");
    s->now_s = expires_s - 1;
    assert_true(sees(s, first));
    assert_true(sees(s, reply));
    s->now_s = expires_s;
    assert_false(sees_strangers(s, first));
    assert_false(sees_strangers(s, reply));
    s->now_s = expires_s - 1; /* a clock that was wrong and is set right */
    assert_true(sees(s, reply));
    scenario_free(s);
}

static void a_reply_stands_only_in_its_parents_thread(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id one = says(s, "ana", "one", NULL);
    struct post_id two = says(s, "ana", "two", NULL);
    struct post_id under_one = replies(s, "ana", one, "under one");
    struct post_ref refs[2] = {{POST_ROOT, two}, {POST_PARENT, under_one}};
    struct post_id lost =
        drafts(s, "fay", (struct post_draft){.kind = POST_TEXT, .refs = refs, .refs_count = 2});
    struct post_ref deep[2] = {{POST_ROOT, under_one}, {POST_PARENT, under_one}};
    struct post_id half =
        drafts(s, "fay", (struct post_draft){.kind = POST_TEXT, .refs = deep, .refs_count = 2});
    assert_false(sees_strangers(s, lost));
    assert_false(sees_strangers(s, half));
    assert_true(sees(s, replies(s, "fay", under_one, "where it belongs")));
    scenario_free(s);
}

static void only_texts_are_answered_echoed_and_reacted_to(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id profile = names_self(s, "ana", "Ana", "");
    assert_false(sees_strangers(s, reacts(s, "fay", profile, POST_HEART)));
    assert_false(sees_strangers(s, echoes(s, "fay", profile, "")));
    assert_false(sees_strangers(s, replies(s, "fay", profile, "")));
    scenario_free(s);
}

static struct post_id asks(struct scenario *s, enum post_replies policy)
{
    return drafts(s, "ana", (struct post_draft){.kind = POST_TEXT, .replies = policy});
}

static void the_roots_author_says_who_may_reply(void **state)
{
    (void)state;
    struct scenario *s = story();
    follows(s, "gil");
    follows(s, "hal");
    (void)vouches(s, "ana", "fay");
    (void)vouches(s, "fay", "gil");
    (void)vouches(s, "gil", "hal");
    struct post_id everyone = asks(s, POST_REPLIES_EVERYONE);
    struct post_id vouched = asks(s, POST_REPLIES_VOUCHED);
    struct post_id nobody = asks(s, POST_REPLIES_NOBODY);
    assert_true(sees(s, replies(s, "hal", everyone, "")));
    assert_true(sees(s, replies(s, "fay", vouched, "")));
    assert_true(sees(s, replies(s, "gil", vouched, "")));
    assert_false(sees_strangers(s, replies(s, "hal", vouched, "")));
    assert_true(sees(s, replies(s, "ana", vouched, "")));
    assert_false(sees_strangers(s, replies(s, "fay", nobody, "")));
    assert_true(sees(s, replies(s, "ana", nobody, "")));
    scenario_free(s);
}

static void the_policy_holds_deep_in_the_thread_and_follows_vouches(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id root = asks(s, POST_REPLIES_VOUCHED);
    struct post_id answer = replies(s, "ana", root, "more");
    struct post_id deep = replies(s, "fay", answer, "deep");
    assert_false(sees_strangers(s, deep));
    struct post_id vouch = vouches(s, "ana", "fay");
    assert_true(sees(s, deep));
    (void)retracts(s, "ana", vouch);
    assert_false(sees_strangers(s, deep));
    scenario_free(s);
}

static void strangers_show_only_when_asked_for_and_so_does_what_stands_on_them(void **state)
{
    (void)state;
    struct scenario *s = story();
    follows_tag(s, "metoo");
    struct post_id far = says(s, "zoe", "me too", "metoo");
    struct post_id reply = replies(s, "ana", far, "with you");
    struct post_id own = replies(s, "bea", far, "with you too");
    assert_false(sees(s, far));
    assert_false(sees(s, reply));
    assert_false(sees(s, own));
    assert_true(sees_strangers(s, far));
    assert_true(sees_strangers(s, reply));
    assert_true(sees_strangers(s, own));
    assert_true(shows(s, VIEW_MINE, own));
    scenario_free(s);
}

static void an_unknown_kind_is_shown_nowhere_and_nothing_stands_on_it(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct person ana = person_of("ana");
    uint8_t body[256];
    uint8_t wire[512];
    struct canon_writer w = canon_writer_of(body, sizeof body);
    canon_write_array(&w, 8);
    canon_write_uint(&w, 1);
    canon_write_uint(&w, POST_PLEDGE);
    canon_write_bin(&w, octets_of(ana.key.octets, KEY_LEN));
    canon_write_uint(&w, s->now_s);
    canon_write_uint(&w, 0);
    canon_write_array(&w, 0);
    canon_write_array(&w, 0);
    canon_write_array(&w, 0);
    size_t wire_len = person_sign_body(wire, sizeof wire, &ana, canon_written(&w));
    struct post post;
    assert_int_equal(post_decode(&post, octets_of(wire, wire_len)), ERR_OK);
    posts_add(&s->posts, octets_of(wire, wire_len), post.id);
    arrives(s, post.id);
    assert_false(sees_strangers(s, post.id));
    assert_false(sees_strangers(s, echoes(s, "fay", post.id, "what is it")));
    struct view_export walk = {.reach = VIEW_STRANGERS};
    struct octets exported;
    assert_int_equal(view_export_next(s->view, &exported, &walk, s->now_s, NULL), ERR_NOT_FOUND);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_waits_for_what_it_answers),
        cmocka_unit_test(echoes_and_reactions_wait_too),
        cmocka_unit_test(what_its_author_takes_back_is_gone_with_what_stands_on_it),
        cmocka_unit_test(nobody_takes_back_what_another_wrote),
        cmocka_unit_test(a_retract_that_comes_first_still_counts),
        cmocka_unit_test(an_expired_post_is_gone_that_second_with_what_stands_on_it),
        cmocka_unit_test(a_reply_stands_only_in_its_parents_thread),
        cmocka_unit_test(only_texts_are_answered_echoed_and_reacted_to),
        cmocka_unit_test(the_roots_author_says_who_may_reply),
        cmocka_unit_test(the_policy_holds_deep_in_the_thread_and_follows_vouches),
        cmocka_unit_test(strangers_show_only_when_asked_for_and_so_does_what_stands_on_them),
        cmocka_unit_test(an_unknown_kind_is_shown_nowhere_and_nothing_stands_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
