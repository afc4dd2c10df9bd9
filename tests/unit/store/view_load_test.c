/* Nothing is shown without a block list. */
#include "tests/unit/store/view_test.h"

static void before_a_list_is_loaded_every_query_refuses(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id own = says(s, "bea", "me too", "metoo");
    struct view *view;
    assert_int_equal(view_new(&view, s->store, &s->her.key, NULL), ERR_OK);
    size_t taken_count;
    assert_int_equal(view_catch_up(view, &taken_count, NULL), ERR_OK);
    assert_int_equal(taken_count, 1);

    uint64_t now_s = s->now_s;
    struct view_page page;
    struct octets tag = octets_of_text("metoo");
    for (int what = VIEW_TIMELINE; what <= VIEW_OWN; what++) {
        struct view_query query = {.what = (enum view_what)what,
                                   .id = own,
                                   .tag = tag,
                                   .words = tag,
                                   .limit = 10,
                                   .now_s = now_s};
        struct err_note note = {.text = ""};
        assert_int_equal(view_query(view, &page, &query, &note), ERR_DAMAGED);
        assert_true(strlen(note.text) > 0);
    }
    size_t count;
    uint64_t mark = 0;
    const struct post_id *ids;
    const struct view_tag *tags;
    const struct view_person *people;
    struct view_person person;
    struct view_profile profile;
    struct post_id id;
    struct view_tally tally;
    struct view_stats stats;
    struct view_target target;
    struct view_wanted wanted = {.what = VIEW_WANT_EITHER, .now_s = now_s};
    struct view_export walk = {.reach = VIEW_STRANGERS};
    struct octets wire;
    enum view_reach all = VIEW_STRANGERS;
    assert_false(view_visible(view, &own, all, now_s));
    assert_int_equal(view_distance(view, &s->her.key, now_s), VIEW_STRANGER);
    assert_int_equal(view_news(view, &ids, &count, &mark, all, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_tags(view, &tags, &count, 10, all, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_people(view, &people, &count, 10, all, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_person(view, &person, &s->her.key, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_own_profile(view, &profile, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_own_vouch(view, &id, &s->her.key, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_tally(view, &tally, tag, VIEW_WEB, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_stats(view, &stats, all, now_s, NULL), ERR_DAMAGED);
    assert_int_equal(view_resolve(view, &target, NULL, octets_of_text("ab"), &wanted), ERR_DAMAGED);
    assert_int_equal(view_export_next(view, &wire, &walk, now_s, NULL), ERR_DAMAGED);

    assert_int_equal(view_load(view, &s->vault, NULL), ERR_OK);
    assert_true(view_visible(view, &own, VIEW_WEB, now_s));
    view_free(view);
    view_free(NULL);
    scenario_free(s);
}

static void after_a_list_that_cannot_be_used_nothing_is_shown_any_more(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id own = says(s, "bea", "me too", NULL);
    assert_true(sees(s, own));
    s->vault.tags_count = 1;
    s->tags[0].tag_len = POST_TAG_MAX + 1;
    assert_int_equal(view_load(s->view, &s->vault, NULL), ERR_DAMAGED);
    assert_false(sees(s, own));
    s->vault.tags_count = 0;
    s->vault.petnames_count = 1;
    memset(s->petnames[0].name, 'x', sizeof s->petnames[0].name);
    assert_int_equal(view_load(s->view, &s->vault, NULL), ERR_DAMAGED);
    assert_false(sees(s, own));
    s->vault.petnames_count = 0;
    reloads(s);
    assert_true(sees(s, own));
    scenario_free(s);
}

static bool knows_nothing(void *context, const struct post_id *id)
{
    (void)id;
    return context == NULL;
}

static bool accounts_for_nothing(void *context, const struct post *post, struct octets wire)
{
    (void)post;
    (void)wire;
    return context == NULL;
}

static enum err_code count_one(void *context, const struct post *post, struct octets wire)
{
    assert_int_equal(post->kind, POST_TEXT);
    assert_true(wire.len > 0);
    (*(size_t *)context)++;
    return ERR_OK;
}

static enum err_code give_up(void *context, const struct post *post, struct octets wire)
{
    (void)context;
    (void)post;
    (void)wire;
    return ERR_NO_SPACE;
}

/* SPEC 10.11: whatever is loaded, a view that is shut shows nothing. */
static void a_shut_view_shows_nothing(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id own = says(s, "bea", "me too", "metoo");
    struct view_guard guard = {
        .context = s, .knows = knows_nothing, .accounts = accounts_for_nothing};
    struct view_query query = {.what = VIEW_MINE, .limit = 10, .now_s = s->now_s};
    struct view_page page;
    size_t unknown_count = 0;
    assert_true(sees(s, own));
    assert_int_equal(view_guard_set(s->view, &guard, NULL), ERR_OK);
    assert_true(view_is_shut(s->view));
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_ROLLBACK);
    assert_false(view_visible(s->view, &own, VIEW_ALL, s->now_s));
    assert_int_equal(view_load(s->view, &s->vault, NULL), ERR_OK);
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_ROLLBACK);
    assert_int_equal(view_unknown_own(s->view, count_one, &unknown_count, NULL), ERR_OK);
    assert_int_equal(unknown_count, 1);
    assert_int_equal(view_unknown_own(s->view, give_up, NULL, NULL), ERR_NO_SPACE);
    view_open_again(s->view);
    assert_true(sees(s, own));
    view_shut(s->view);
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_ROLLBACK);
    scenario_free(s);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id unknown = {{1, 2, 3}};
    struct view_page page;
    struct view_query query = {.what = VIEW_SHOW, .id = unknown, .limit = 1, .now_s = s->now_s};
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_NOT_FOUND);
    query.what = VIEW_THREAD;
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_NOT_FOUND);
    query = (struct view_query){.what = VIEW_TIMELINE,
                                .limit = 1,
                                .has_before = true,
                                .before = unknown,
                                .now_s = s->now_s};
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_NOT_FOUND);
    query = (struct view_query){
        .what = VIEW_TAG, .tag = octets_of_text("nothing"), .limit = 1, .now_s = s->now_s};
    assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_OK);
    assert_int_equal(page.count, 0);
    struct view_profile profile;
    assert_int_equal(view_own_profile(s->view, &profile, s->now_s, NULL), ERR_NOT_FOUND);
    scenario_free(s);
}

static void her_profile_is_the_latest_that_lives(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    (void)names_self(s, "bea", "Bea", "first");
    struct post_id second = names_self(s, "bea", "B.", "second");
    struct view_profile profile;
    assert_int_equal(view_own_profile(s->view, &profile, s->now_s, NULL), ERR_OK);
    assert_true(octets_equal(profile.name, octets_of_text("B.")));
    assert_true(octets_equal(profile.bio, octets_of_text("second")));
    (void)retracts(s, "bea", second);
    assert_int_equal(view_own_profile(s->view, &profile, s->now_s, NULL), ERR_OK);
    assert_true(octets_equal(profile.name, octets_of_text("Bea")));
    scenario_free(s);
}

static void a_post_that_comes_twice_is_one_post(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id own = says(s, "bea", "me too", "metoo");
    arrives(s, own);
    struct view_tally tally;
    assert_int_equal(view_tally(s->view, &tally, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(tally.posts, 1);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_a_list_is_loaded_every_query_refuses),
        cmocka_unit_test(after_a_list_that_cannot_be_used_nothing_is_shown_any_more),
        cmocka_unit_test(a_shut_view_shows_nothing),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(her_profile_is_the_latest_that_lives),
        cmocka_unit_test(a_post_that_comes_twice_is_one_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
