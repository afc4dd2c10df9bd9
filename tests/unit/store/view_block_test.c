/* Blocking, surface by surface: Bea has blocked Carl; Fay, whom she follows, has not. */
#include "tests/unit/store/view_test.h"

static struct scenario *story(void)
{
    struct scenario *s = scenario_new("bea");
    follows(s, "fay");
    follows_tag(s, "metoo");
    follows(s, "carl"); /* before she knew him */
    return s;
}

static void ends(struct scenario *s)
{
    leaves_no_trace(s, "carl");
    scenario_free(s);
}

static void a_blocked_persons_posts_are_absent_from_timeline_tag_and_watch(void **state)
{
    (void)state;
    struct scenario *s = story();
    uint64_t mark = view_mark(s->view);
    struct post_id his = says(s, "carl", "hello", "metoo");
    assert_true(shows(s, VIEW_TIMELINE, his));
    blocks(s, "carl");
    struct post_id later = says(s, "carl", "hello again", "metoo");
    const struct post_id *ids;
    size_t count;
    assert_int_equal(view_news(s->view, &ids, &count, &mark, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 0);
    assert_false(shows(s, VIEW_TIMELINE, his));
    assert_false(sees_strangers(s, later));
    assert_int_equal(distance_of(s, "carl"), VIEW_STRANGER);
    ends(s);
}

static void a_friends_echo_of_a_blocked_post_is_absent_and_her_other_posts_stay(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id his = says(s, "carl", "look at me", NULL);
    struct post_id echo = echoes(s, "fay", his, "my own words");
    struct post_id other = says(s, "fay", "something else", NULL);
    assert_true(sees(s, echo));
    blocks(s, "carl");
    assert_false(sees_strangers(s, echo));
    assert_true(sees(s, other));
    ends(s);
}

static void a_reply_to_a_blocked_post_is_absent_with_its_whole_subtree(void **state)
{
    (void)state;
    struct scenario *s = story();
    follows(s, "gil");
    struct post_id his = says(s, "carl", "root", NULL);
    struct post_id reply = replies(s, "fay", his, "no");
    struct post_id below = replies(s, "gil", reply, "agreed");
    assert_true(sees(s, below));
    blocks(s, "carl");
    assert_false(sees_strangers(s, reply));
    assert_false(sees_strangers(s, below));
    ends(s);
}

static void a_blocked_reply_is_absent_and_the_others_replies_stay(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id root = says(s, "bea", "me too", "metoo");
    struct post_id hers = replies(s, "fay", root, "I believe you");
    struct post_id his = replies(s, "carl", root, "support");
    assert_int_equal(shown(s, root)->replies_count, 2);
    blocks(s, "carl");
    assert_true(shows(s, VIEW_THREAD, root));
    assert_true(sees(s, hers));
    assert_false(sees_strangers(s, his));
    assert_int_equal(shown(s, root)->replies_count, 1);
    assert_false(shows(s, VIEW_INBOX, his));
    assert_true(shows(s, VIEW_INBOX, hers));
    ends(s);
}

static void her_own_posts_stay_in_mine_whatever_they_answer(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id his = says(s, "carl", "root", NULL);
    struct post_id reply = replies(s, "bea", his, "stop");
    struct post_id echo = echoes(s, "bea", his, "see this");
    struct post_id reaction = reacts(s, "bea", his, POST_ANGRY);
    struct post_id named = mentions(s, "bea", "carl", "it was him");
    blocks(s, "carl");
    struct post_id own[] = {reply, echo, reaction, named};
    for (size_t i = 0; i < 4; i++) {
        assert_true(shows(s, VIEW_MINE, own[i]));
        assert_false(sees_strangers(s, own[i]));
    }
    ends(s);
}

static void a_blocked_reaction_is_not_counted(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id root = says(s, "bea", "me too", "metoo");
    (void)reacts(s, "fay", root, POST_WITH);
    struct post_id his = reacts(s, "carl", root, POST_WITH);
    assert_int_equal(shown(s, root)->reactions[POST_WITH], 2);
    blocks(s, "carl");
    assert_int_equal(shown(s, root)->reactions[POST_WITH], 1);
    assert_false(shows(s, VIEW_INBOX, his));
    ends(s);
}

static void a_friends_reaction_to_a_blocked_post_is_absent(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id his = says(s, "carl", "root", NULL);
    struct post_id reaction = reacts(s, "fay", his, POST_HEART);
    assert_true(sees(s, reaction));
    blocks(s, "carl");
    assert_false(sees_strangers(s, reaction));
    ends(s);
}

static void tags_counts_and_tallies_do_not_know_a_blocked_person(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)says(s, "fay", "", "metoo");
    (void)says(s, "carl", "", "metoo");
    (void)says(s, "carl", "a tag to insult with", "carl");
    blocks(s, "carl");
    struct view_tally tally;
    assert_int_equal(view_tally(s->view, &tally, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(tally.identities, 1);
    const struct view_tag *tags;
    size_t count;
    assert_int_equal(view_tags(s->view, &tags, &count, 10, VIEW_STRANGERS, s->now_s, NULL), ERR_OK);
    assert_int_equal(count, 1);
    ends(s);
}

static void a_blocked_persons_name_is_never_shown(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)names_self(s, "carl", "Bea is a liar", "");
    blocks(s, "carl");
    (void)names_self(s, "carl", "Bea is a fool", "");
    struct view_person person;
    struct key carl = person_of("carl").key;
    assert_int_equal(view_person(s->view, &person, &carl, s->now_s, NULL), ERR_OK);
    assert_int_equal(person.name.len, 0);
    ends(s);
}

static void a_post_that_mentions_a_blocked_key_is_absent(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id in_list = mentions(s, "fay", "carl", "ask him");
    char bech[NAME32_BECH_LEN + 1];
    struct key carl = person_of("carl").key;
    name32_bech(bech, carl.octets);
    struct post_id in_text = says(s, "fay", bech, NULL);
    struct post_id in_note =
        drafts(s, "fay", (struct post_draft){.kind = POST_TEXT, .note = octets_of_text(bech)});
    struct post_id in_bio = names_self(s, "fay", "Fay", bech);
    struct post_id answer = replies(s, "fay", in_list, "below it");
    blocks(s, "carl");
    struct post_id ids[] = {in_list, in_text, in_note, in_bio, answer};
    for (size_t i = 0; i < 5; i++) {
        assert_false(sees_strangers(s, ids[i]));
    }
    ends(s);
}

static void a_mention_of_somebody_who_is_not_blocked_hides_nothing(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id post = mentions(s, "fay", "a-stranger", "meet them");
    assert_true(sees(s, post));
    ends(s);
}

static void whoever_only_a_blocked_person_introduced_is_a_stranger(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)vouches(s, "carl", "dan");
    struct post_id words = says(s, "dan", "hi", NULL);
    assert_int_equal(distance_of(s, "dan"), 2);
    blocks(s, "carl");
    assert_int_equal(distance_of(s, "dan"), VIEW_STRANGER);
    assert_false(sees(s, words));
    assert_true(sees_strangers(s, words));
    ends(s);
}

static void a_vouch_whose_inviter_is_blocked_does_not_exist(void **state)
{
    (void)state;
    struct scenario *s = story();
    follows(s, "relay");
    struct post_id admitted = admits(s, "relay", "dan", "carl");
    (void)admits(s, "relay", "eva", "fay");
    assert_int_equal(distance_of(s, "dan"), 2);
    blocks(s, "carl");
    assert_int_equal(distance_of(s, "dan"), VIEW_STRANGER);
    assert_int_equal(distance_of(s, "eva"), 2);
    assert_false(sees_strangers(s, admitted));
    ends(s);
}

static void a_vouch_for_a_blocked_key_is_absent_and_leads_nowhere(void **state)
{
    (void)state;
    struct scenario *s = story();
    unfollows(s, "carl");
    struct post_id vouch = vouches(s, "fay", "carl");
    (void)vouches(s, "carl", "dan");
    assert_int_equal(distance_of(s, "dan"), 3);
    blocks(s, "carl");
    assert_false(sees_strangers(s, vouch));
    assert_int_equal(distance_of(s, "carl"), VIEW_STRANGER);
    assert_int_equal(distance_of(s, "dan"), VIEW_STRANGER);
    ends(s);
}

static void a_blocked_persons_vouches_do_not_let_anybody_reply(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)vouches(s, "fay", "carl");
    (void)vouches(s, "carl", "dan");
    follows(s, "dan");
    struct post_id root =
        drafts(s, "fay", (struct post_draft){.kind = POST_TEXT, .replies = POST_REPLIES_VOUCHED});
    struct post_id reply = replies(s, "dan", root, "friend of a friend");
    assert_true(sees(s, reply));
    blocks(s, "carl");
    assert_false(sees_strangers(s, reply));
    ends(s);
}

static void what_comes_late_or_backdated_is_absent(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id old = says(s, "carl", "from before", "metoo");
    struct post_id reply = replies(s, "fay", old, "to that");
    s->holding = false;
    blocks(s, "carl");
    arrives(s, reply);
    arrives(s, old);
    assert_false(sees_strangers(s, old));
    assert_false(sees_strangers(s, reply));
    ends(s);
}

static void after_unblocking_what_arrived_or_is_dated_in_between_stays_hidden(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id before = says(s, "carl", "before", NULL);
    s->holding = true;
    struct post_id late = says(s, "carl", "written before, held back", NULL);
    s->holding = false;
    s->now_s++;
    blocks(s, "carl");
    struct post_id during = says(s, "carl", "during", NULL);
    arrives(s, late);
    s->holding = true;
    struct post_id dated = says(s, "carl", "dated during, arrives after", NULL);
    s->holding = false;
    unblocks(s, "carl");
    s->now_s++;
    arrives(s, dated);
    struct post_id after = says(s, "carl", "after", NULL);
    assert_true(sees(s, before));
    assert_false(sees_strangers(s, during));
    assert_false(sees_strangers(s, late));
    assert_false(sees_strangers(s, dated));
    assert_true(sees(s, after));
    assert_int_equal(distance_of(s, "carl"), 1);
    scenario_free(s);
}

static void a_block_by_key_alone_works_before_ever_meeting(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows_tag(s, "metoo");
    blocks(s, "carl");
    struct post_id his = says(s, "carl", "hello", "metoo");
    assert_false(sees_strangers(s, his));
    ends(s);
}

static void her_vouch_for_somebody_blocked_can_still_be_found_to_take_it_back(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id vouch = vouches(s, "bea", "carl");
    blocks(s, "carl");
    struct post_id found;
    struct key carl = person_of("carl").key;
    assert_int_equal(view_own_vouch(s->view, &found, &carl, s->now_s, NULL), ERR_OK);
    assert_true(post_id_equal(&found, &vouch));
    (void)retracts(s, "bea", vouch);
    assert_int_equal(view_own_vouch(s->view, &found, &carl, s->now_s, NULL), ERR_NOT_FOUND);
    ends(s);
}

static void she_cannot_hide_herself(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id own = says(s, "bea", "me too", "metoo");
    blocks(s, "bea");
    assert_true(sees(s, own));
    ends(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocked_persons_posts_are_absent_from_timeline_tag_and_watch),
        cmocka_unit_test(a_friends_echo_of_a_blocked_post_is_absent_and_her_other_posts_stay),
        cmocka_unit_test(a_reply_to_a_blocked_post_is_absent_with_its_whole_subtree),
        cmocka_unit_test(a_blocked_reply_is_absent_and_the_others_replies_stay),
        cmocka_unit_test(her_own_posts_stay_in_mine_whatever_they_answer),
        cmocka_unit_test(a_blocked_reaction_is_not_counted),
        cmocka_unit_test(a_friends_reaction_to_a_blocked_post_is_absent),
        cmocka_unit_test(tags_counts_and_tallies_do_not_know_a_blocked_person),
        cmocka_unit_test(a_blocked_persons_name_is_never_shown),
        cmocka_unit_test(a_post_that_mentions_a_blocked_key_is_absent),
        cmocka_unit_test(a_mention_of_somebody_who_is_not_blocked_hides_nothing),
        cmocka_unit_test(whoever_only_a_blocked_person_introduced_is_a_stranger),
        cmocka_unit_test(a_vouch_whose_inviter_is_blocked_does_not_exist),
        cmocka_unit_test(a_vouch_for_a_blocked_key_is_absent_and_leads_nowhere),
        cmocka_unit_test(a_blocked_persons_vouches_do_not_let_anybody_reply),
        cmocka_unit_test(what_comes_late_or_backdated_is_absent),
        cmocka_unit_test(after_unblocking_what_arrived_or_is_dated_in_between_stays_hidden),
        cmocka_unit_test(a_block_by_key_alone_works_before_ever_meeting),
        cmocka_unit_test(her_vouch_for_somebody_blocked_can_still_be_found_to_take_it_back),
        cmocka_unit_test(she_cannot_hide_herself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
