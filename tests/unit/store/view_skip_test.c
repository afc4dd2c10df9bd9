/* A page passes stretches by in which nothing may be shown: until something there may. */
#include "tests/unit/store/view_test.h"

#include "store/view_skip.h"

#define CROWD_COUNT ((size_t)4 * VIEW_STRETCH_LEN)

/* Far behind many posts of a stranger lies one of interest; the pages have been looked at. */
struct depth {
    struct scenario *s;
    struct post_id deep;
};

static void looks(struct scenario *s)
{
    static const enum view_what whats[] = {VIEW_TIMELINE, VIEW_INBOX, VIEW_MINE};
    for (size_t i = 0; i < sizeof whats / sizeof whats[0]; i++) {
        struct view_page page;
        struct view_query query = {.what = whats[i], .limit = 50, .now_s = s->now_s};
        assert_int_equal(view_query(s->view, &page, &query, NULL), ERR_OK);
    }
    judged_as_anew(s);
}

static void crowd_speaks(struct scenario *s)
{
    for (size_t i = 0; i < CROWD_COUNT; i++) {
        (void)says(s, "zoe", "stranger", "metoo");
    }
}

static struct depth depth_of(struct post_draft draft)
{
    struct depth d = {.s = scenario_new("bea")};
    follows_tag(d.s, "metoo");
    crowd_speaks(d.s);
    d.deep = drafts(d.s, "ana", draft);
    crowd_speaks(d.s);
    looks(d.s);
    return d;
}

static struct depth a_deep_text(void)
{
    static const struct octets tag = {.at = (const uint8_t *)"metoo", .len = 5};
    return depth_of((struct post_draft){
        .kind = POST_TEXT, .text = octets_of_text("deep"), .tags = &tag, .tags_count = 1});
}

static void a_follow_brings_up_what_was_passed_by(void **state)
{
    (void)state;
    struct depth d = a_deep_text();
    assert_false(shows(d.s, VIEW_TIMELINE, d.deep));
    follows(d.s, "ana");
    looks(d.s);
    assert_true(shows(d.s, VIEW_TIMELINE, d.deep));
    scenario_free(d.s);
}

static void a_vouch_that_comes_brings_up_what_was_passed_by(void **state)
{
    (void)state;
    struct depth d = a_deep_text();
    (void)vouches(d.s, "bea", "ana");
    assert_true(shows(d.s, VIEW_TIMELINE, d.deep));
    looks(d.s);
    scenario_free(d.s);
}

static void a_block_that_ends_brings_up_what_was_passed_by(void **state)
{
    (void)state;
    struct depth d = a_deep_text();
    follows(d.s, "ana");
    follows(d.s, "fay");
    struct post_id mention = mentions(d.s, "fay", "ana", "ask them");
    crowd_speaks(d.s);
    blocks(d.s, "ana");
    looks(d.s);
    assert_false(shows(d.s, VIEW_TIMELINE, d.deep));
    assert_false(shows(d.s, VIEW_TIMELINE, mention));
    unblocks(d.s, "ana");
    looks(d.s);
    assert_true(shows(d.s, VIEW_TIMELINE, mention));
    scenario_free(d.s);
}

static void an_awaited_post_brings_up_what_was_passed_by(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    s->holding = true;
    struct post_id root = says(s, "ana", "root", NULL);
    s->holding = false;
    struct post_id reply = replies(s, "ana", root, "reply");
    crowd_speaks(s);
    looks(s);
    assert_false(shows(s, VIEW_TIMELINE, reply));
    arrives(s, root);
    looks(s);
    assert_true(shows(s, VIEW_TIMELINE, reply));
    assert_true(shows(s, VIEW_TIMELINE, root));
    scenario_free(s);
}

static void a_late_post_is_found_among_what_was_passed_by(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    crowd_speaks(s);
    s->holding = true;
    struct post_id late = says(s, "ana", "late", NULL);
    s->holding = false;
    crowd_speaks(s);
    looks(s);
    arrives(s, late);
    assert_true(shows(s, VIEW_TIMELINE, late));
    looks(s);
    scenario_free(s);
}

static void a_clock_that_goes_back_brings_up_what_had_expired(void **state)
{
    (void)state;
    struct depth d = a_deep_text();
    follows(d.s, "ana");
    struct post_id brief = drafts(d.s, "ana",
                                  (struct post_draft){.kind = POST_TEXT,
                                                      .text = octets_of_text("brief"),
                                                      .expires_s = d.s->now_s + 2000});
    crowd_speaks(d.s);
    d.s->now_s += 2000;
    looks(d.s);
    assert_false(shows(d.s, VIEW_TIMELINE, brief));
    d.s->now_s -= 1000;
    looks(d.s);
    assert_true(shows(d.s, VIEW_TIMELINE, brief));
    scenario_free(d.s);
}

static void what_was_taken_back_below_is_passed_by(void **state)
{
    (void)state;
    struct depth d = a_deep_text();
    follows(d.s, "ana");
    looks(d.s);
    assert_true(shows(d.s, VIEW_TIMELINE, d.deep));
    (void)retracts(d.s, "ana", d.deep);
    assert_false(shows(d.s, VIEW_TIMELINE, d.deep));
    looks(d.s);
    scenario_free(d.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follow_brings_up_what_was_passed_by),
        cmocka_unit_test(a_vouch_that_comes_brings_up_what_was_passed_by),
        cmocka_unit_test(a_block_that_ends_brings_up_what_was_passed_by),
        cmocka_unit_test(an_awaited_post_brings_up_what_was_passed_by),
        cmocka_unit_test(a_late_post_is_found_among_what_was_passed_by),
        cmocka_unit_test(a_clock_that_goes_back_brings_up_what_had_expired),
        cmocka_unit_test(what_was_taken_back_below_is_passed_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
