/* Pages: what stands on them, in which order, with which names and counts. */
#include "tests/unit/store/view_test.h"

static struct scenario *story(void)
{
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    follows(s, "fay");
    return s;
}

static struct view_page page_of(struct scenario *s, struct view_query query)
{
    struct view_page page;
    query.now_s = s->now_s;
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_OK);
    return page;
}

static void a_page_holds_the_newest_last_and_before_goes_on_behind_it(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id ids[5];
    for (size_t i = 0; i < 5; i++) {
        ids[i] = says(s, "ana", "post", NULL);
        (void)says(s, "zoe", "stranger", NULL);
    }
    struct view_page page = page_of(s, (struct view_query){.what = VIEW_TIMELINE, .limit = 2});
    assert_int_equal(page.count, 2);
    assert_true(post_id_equal(&page.posts[0].id, &ids[3]));
    assert_true(post_id_equal(&page.posts[1].id, &ids[4]));
    page = page_of(s, (struct view_query){
                          .what = VIEW_TIMELINE, .limit = 4, .has_before = true, .before = ids[3]});
    assert_int_equal(page.count, 3);
    assert_true(post_id_equal(&page.posts[2].id, &ids[2]));
    scenario_free(s);
}

static void order_is_by_date_whatever_came_first(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id ids[20];
    for (size_t i = 0; i < 20; i++) {
        ids[i] = says(s, "ana", "post", "metoo");
    }
    for (size_t i = 0; i < 20; i++) {
        arrives(s, ids[(i * 7 + 3) % 20]);
        if (i == 9) {
            (void)page_of(s, (struct view_query){.what = VIEW_TIMELINE, .limit = 2});
        }
    }
    static const enum view_what whats[] = {VIEW_TIMELINE, VIEW_TAG};
    for (size_t w = 0; w < 2; w++) {
        struct view_page page = page_of(
            s, (struct view_query){.what = whats[w], .tag = octets_of_text("metoo"), .limit = 50});
        assert_int_equal(page.count, 20);
        for (size_t i = 0; i < 20; i++) {
            assert_true(post_id_equal(&page.posts[i].id, &ids[i]));
        }
    }
    scenario_free(s);
}

static void posts_of_one_second_stand_in_order_of_their_ids(void **state)
{
    (void)state;
    struct scenario *s = story();
    for (size_t i = 0; i < 20; i++) {
        char text[2] = {(char)('a' + i), 0};
        (void)says(s, "ana", text, NULL);
        s->now_s--;
    }
    struct view_page page = page_of(s, (struct view_query){.what = VIEW_TIMELINE, .limit = 50});
    assert_int_equal(page.count, 20);
    for (size_t i = 1; i < 20; i++) {
        assert_true(post_id_compare(&page.posts[i - 1].id, &page.posts[i].id) < 0);
    }
    scenario_free(s);
}

static void the_timeline_is_hers_of_whom_she_follows_and_of_followed_tags(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)vouches(s, "ana", "gil");
    follows_tag(s, "metoo");
    struct post_id own = says(s, "bea", "own", NULL);
    struct post_id followed = says(s, "ana", "followed", NULL);
    struct post_id tagged = says(s, "gil", "tagged", "metoo");
    struct post_id other = says(s, "gil", "other", "work");
    struct post_id far = says(s, "zoe", "stranger", "metoo");
    assert_true(shows(s, VIEW_TIMELINE, own));
    assert_true(shows(s, VIEW_TIMELINE, followed));
    assert_true(shows(s, VIEW_TIMELINE, tagged));
    assert_false(shows(s, VIEW_TIMELINE, other));
    assert_false(shows(s, VIEW_TIMELINE, far));
    assert_true(sees(s, other));
    assert_int_equal(
        page_of(s, (struct view_query){.what = VIEW_TIMELINE, .reach = VIEW_STRANGERS, .limit = 50})
            .count,
        4);
    scenario_free(s);
}

static void a_thread_is_the_same_from_each_of_its_posts(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id root = says(s, "ana", "root", NULL);
    struct post_id reply = replies(s, "fay", root, "reply");
    struct post_id deep = replies(s, "ana", reply, "deep");
    (void)echoes(s, "fay", root, "not in the thread");
    (void)replies(s, "zoe", root, "a stranger");
    struct post_id from[] = {root, reply, deep};
    for (size_t i = 0; i < 3; i++) {
        struct view_page page =
            page_of(s, (struct view_query){.what = VIEW_THREAD, .id = from[i], .limit = 50});
        assert_int_equal(page.count, 3);
        assert_true(post_id_equal(&page.posts[0].id, &root));
        assert_true(post_id_equal(&page.posts[2].id, &deep));
    }
    scenario_free(s);
}

static void the_inbox_holds_what_concerns_her_and_nothing_of_her_own(void **state)
{
    (void)state;
    struct scenario *s = story();
    follows(s, "relay");
    struct post_id own = says(s, "bea", "me too", NULL);
    struct post_id self = replies(s, "bea", own, "and more");
    struct post_id reply = replies(s, "ana", own, "with you");
    struct post_id aside = replies(s, "fay", reply, "not to her");
    struct post_id named = mentions(s, "fay", "bea", "ask bea");
    struct post_id heart = reacts(s, "fay", own, POST_HEART);
    struct post_id with = reacts(s, "fay", own, POST_WITH);
    struct post_id joined = admits(s, "relay", "gil", "bea");
    struct post_id other = admits(s, "relay", "hal", "ana");
    assert_true(shows(s, VIEW_INBOX, reply));
    assert_true(shows(s, VIEW_INBOX, named));
    assert_true(shows(s, VIEW_INBOX, with));
    assert_true(shows(s, VIEW_INBOX, joined));
    assert_false(shows(s, VIEW_INBOX, replies(s, "zoe", own, "a stranger")));
    assert_false(shows(s, VIEW_INBOX, heart)); /* the same person felt otherwise later */
    assert_false(shows(s, VIEW_INBOX, self));
    assert_false(shows(s, VIEW_INBOX, aside));
    assert_false(shows(s, VIEW_INBOX, other));
    struct post_id claimed = admits(s, "gil", "ira", "bea");
    assert_false(shows(s, VIEW_INBOX, claimed)); /* in her web, but no relay she follows */
    follows(s, "gil");
    assert_true(shows(s, VIEW_INBOX, claimed));
    scenario_free(s);
}

static void the_inbox_holds_the_latest_reaction_of_each_person_to_each_post(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id one = says(s, "bea", "one", NULL);
    struct post_id two = says(s, "bea", "two", NULL);
    struct post_id fay_before = reacts(s, "fay", one, POST_SAD);
    struct post_id ana_one = reacts(s, "ana", one, POST_SAD);
    struct post_id fay_two = reacts(s, "fay", two, POST_HEART);
    struct post_id fay_one = reacts(s, "fay", one, POST_WITH);
    struct post_id ana_two = reacts(s, "ana", two, POST_HEART);
    struct post_id fay_after = reacts(s, "fay", one, POST_HEART);
    (void)retracts(s, "fay", fay_after);
    assert_true(shows(s, VIEW_INBOX, fay_one));
    assert_true(shows(s, VIEW_INBOX, fay_two));
    assert_true(shows(s, VIEW_INBOX, ana_one));
    assert_true(shows(s, VIEW_INBOX, ana_two));
    assert_false(shows(s, VIEW_INBOX, fay_before));
    assert_false(shows(s, VIEW_INBOX, fay_after));
    blocks(s, "fay");
    assert_false(shows(s, VIEW_INBOX, fay_one));
    assert_true(shows(s, VIEW_INBOX, ana_one));
    scenario_free(s);
}

static void one_reaction_counts_for_each_person(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id post = says(s, "ana", "post", NULL);
    (void)reacts(s, "fay", post, POST_HEART);
    (void)reacts(s, "bea", post, POST_HEART);
    (void)reacts(s, "fay", post, POST_SAD);
    struct post_id last = reacts(s, "bea", post, POST_ANGRY);
    assert_int_equal(shown(s, post)->reactions[POST_HEART], 0);
    assert_int_equal(shown(s, post)->reactions[POST_SAD], 1);
    assert_int_equal(shown(s, post)->reactions[POST_ANGRY], 1);
    (void)retracts(s, "bea", last);
    assert_int_equal(shown(s, post)->reactions[POST_HEART], 1);
    scenario_free(s);
}

static void a_petname_outranks_the_latest_visible_profile(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id post = says(s, "ana", "post", NULL);
    assert_int_equal(shown(s, post)->name.len, 0);
    (void)names_self(s, "ana", "Ana", "");
    struct post_id renamed = names_self(s, "ana", "Anna", "");
    assert_true(octets_equal(shown(s, post)->name, octets_of_text("Anna")));
    assert_false(shown(s, post)->name_is_petname);
    (void)retracts(s, "ana", renamed);
    assert_true(octets_equal(shown(s, post)->name, octets_of_text("Ana")));
    calls(s, "ana", "sister");
    assert_true(octets_equal(shown(s, post)->name, octets_of_text("sister")));
    assert_true(shown(s, post)->name_is_petname);
    scenario_free(s);
}

static void search_finds_whole_words_in_any_case_in_text_note_and_tags(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct octets tag = octets_of_text("metoo");
    struct post_id post = drafts(s, "ana",
                                 (struct post_draft){.kind = POST_TEXT,
                                                     .text = octets_of_text("Die STRASSE, nachts."),
                                                     .note = octets_of_text("violence"),
                                                     .tags = &tag,
                                                     .tags_count = 1});
    assert_true(finds(s,
                      "stra\xc3\x9f"
                      "e",
                      post));
    assert_true(finds(s, "Nachts die", post));
    assert_true(finds(s, "violence #MeToo", post));
    assert_false(finds(s, "nacht", post));
    assert_false(finds(s, "die tags", post));
    assert_false(finds(s, "...", post));
    assert_false(finds(s, "", post));
    assert_false(finds(s, "\xff", post));
    scenario_free(s);
}

static void a_tally_counts_people_posts_and_reactions(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)vouches(s, "bea", "gil");
    struct post_id first = says(s, "ana", "", "metoo");
    (void)says(s, "ana", "again", "metoo");
    s->now_s += 86400;
    (void)says(s, "gil", "", "metoo");
    (void)says(s, "bea", "", "metoo");
    (void)says(s, "zoe", "", "metoo");
    (void)says(s, "fay", "", "work");
    (void)reacts(s, "fay", first, POST_WITH);
    (void)reacts(s, "fay", first, POST_HEART);
    struct view_tally t;
    assert_int_equal(view_tally(s->view, &t, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(t.identities, 4);
    assert_int_equal(t.voices, 0);
    assert_int_equal(t.people_min, 4);
    assert_int_equal(t.people_max, 4);
    assert_int_equal(t.posts, 5);
    assert_int_equal(t.reactions, 1);
    assert_int_equal(t.friends, 2);
    assert_int_equal(t.following, 1);
    assert_int_equal(t.strangers, 1);
    assert_int_equal(t.by_distance[0], 1);
    assert_int_equal(t.by_distance[1], 2);
    assert_int_equal(t.by_day_count, 2);
    assert_int_equal(t.by_day[0].posts_count, 2);
    assert_int_equal(t.by_day[0].people_count, 1);
    assert_int_equal(t.by_day[1].people_count, 3);
    scenario_free(s);
}

static void asking_once_more_leaves_what_was_handed_out_alone(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id post = says(s, "ana", "a text to keep", NULL);
    const struct view_post *row = shown(s, post);
    assert_true(sees(s, post));
    assert_int_equal(distance_of(s, "ana"), 1);
    assert_true(octets_equal(row->text, octets_of_text("a text to keep")));
    scenario_free(s);
}

static void news_are_what_arrivals_made_visible_in_the_timeline(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id root = says(s, "ana", "root", NULL);
    s->holding = false;
    struct post_id reply = replies(s, "fay", root, "reply");
    uint64_t mark = view_mark(s->view);
    follows_tag(s, "metoo");
    (void)says(s, "zoe", "stranger", "metoo");
    arrives(s, root);
    const struct post_id *ids;
    size_t count;
    assert_int_equal(view_news(s->view, &ids, &count, &mark, VIEW_WEB, s->now_s, NULL), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(post_id_equal(&ids[0], &root));
    assert_true(post_id_equal(&ids[1], &reply));
    assert_int_equal(view_news(s->view, &ids, &count, &mark, VIEW_WEB, s->now_s, NULL), ERR_OK);
    assert_int_equal(count, 0);
    scenario_free(s);
}

static void an_export_holds_all_she_may_see_of_every_kind_and_all_her_own(void **state)
{
    (void)state;
    struct scenario *s = story();
    (void)says(s, "zoe", "stranger", NULL);
    struct post_id kept[5] = {
        names_self(s, "ana", "Ana", ""),
        says(s, "ana", "post", NULL),
        vouches(s, "ana", "gil"),
    };
    kept[3] = reacts(s, "fay", kept[1], POST_HEART);
    struct post_id taken_back = says(s, "bea", "no", NULL);
    kept[4] = retracts(s, "bea", taken_back);
    (void)retracts(s, "fay", kept[1]);
    struct view_export walk = {.reach = VIEW_WEB};
    struct octets wire;
    for (size_t i = 0; i < 5; i++) {
        struct post post;
        assert_int_equal(view_export_next(s->view, &wire, &walk, s->now_s, NULL), ERR_OK);
        assert_int_equal(post_decode(&post, wire), ERR_OK);
        assert_true(post_id_equal(&post.id, &kept[i]));
    }
    assert_int_equal(view_export_next(s->view, &wire, &walk, s->now_s, NULL), ERR_NOT_FOUND);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_holds_the_newest_last_and_before_goes_on_behind_it),
        cmocka_unit_test(order_is_by_date_whatever_came_first),
        cmocka_unit_test(posts_of_one_second_stand_in_order_of_their_ids),
        cmocka_unit_test(the_timeline_is_hers_of_whom_she_follows_and_of_followed_tags),
        cmocka_unit_test(a_thread_is_the_same_from_each_of_its_posts),
        cmocka_unit_test(the_inbox_holds_what_concerns_her_and_nothing_of_her_own),
        cmocka_unit_test(the_inbox_holds_the_latest_reaction_of_each_person_to_each_post),
        cmocka_unit_test(one_reaction_counts_for_each_person),
        cmocka_unit_test(a_petname_outranks_the_latest_visible_profile),
        cmocka_unit_test(search_finds_whole_words_in_any_case_in_text_note_and_tags),
        cmocka_unit_test(a_tally_counts_people_posts_and_reactions),
        cmocka_unit_test(asking_once_more_leaves_what_was_handed_out_alone),
        cmocka_unit_test(news_are_what_arrivals_made_visible_in_the_timeline),
        cmocka_unit_test(an_export_holds_all_she_may_see_of_every_kind_and_all_her_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
