#include "tests/unit/store/view_test.h"

#define MANY 1100 /* more than one arrival looks at */

static struct scenario *story(void)
{
    struct scenario *s = scenario_new("her");
    follows(s, "ana");
    return s;
}

static uint32_t reactions(struct scenario *s)
{
    struct view_tally t;
    judged_as_anew(s);
    assert_int_equal(view_tally(s->view, &t, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    return t.reactions;
}

static void a_person_counts_once_for_each_post_they_react_to(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id first = says(s, "ana", "", "metoo");
    struct post_id second = says(s, "ana", "again", "metoo");
    struct post_id elsewhere = says(s, "ana", "", "work");
    struct post_id early = reacts(s, "fay", first, POST_WITH);
    struct post_id late = reacts(s, "fay", first, POST_HEART);
    (void)reacts(s, "gil", first, POST_HEART);
    (void)reacts(s, "fay", second, POST_HEART);
    (void)reacts(s, "fay", elsewhere, POST_HEART);
    assert_int_equal(reactions(s), 3);
    (void)retracts(s, "fay", late);
    assert_int_equal(reactions(s), 3);
    (void)retracts(s, "fay", early);
    assert_int_equal(reactions(s), 2);
    blocks(s, "gil");
    assert_int_equal(reactions(s), 1);
    scenario_free(s);
}

static void reactions_count_that_came_before_their_post(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id first = says(s, "ana", "", "metoo");
    s->holding = false;
    (void)reacts(s, "fay", first, POST_WITH);
    (void)reacts(s, "fay", first, POST_HEART);
    (void)reacts(s, "gil", first, POST_HEART);
    assert_int_equal(reactions(s), 0);
    arrives(s, first);
    assert_int_equal(reactions(s), 2);
    scenario_free(s);
}

/* Her first reaction lies deeper, among hers and among those to the post, than is looked for. */
static void who_reacts_much_to_what_many_react_to_counts_once(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id first = says(s, "ana", "", "metoo");
    (void)reacts(s, "fay", first, POST_WITH);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "one%d", i);
        (void)reacts(s, name, first, POST_WITH);
        (void)says(s, "fay", name, "work");
    }
    assert_int_equal(reactions(s), MANY + 1);
    (void)reacts(s, "fay", first, POST_HEART);
    assert_int_equal(reactions(s), MANY + 1);
    (void)reacts(s, "fay", first, POST_SAD);
    assert_int_equal(reactions(s), MANY + 1);
    scenario_free(s);
}

static void days_are_counted_whatever_the_order_of_arrival(void **state)
{
    (void)state;
    struct scenario *s = story();
    s->holding = true;
    struct post_id early = says(s, "ana", "early", "metoo");
    s->holding = false;
    s->now_s += 86400;
    (void)says(s, "ana", "late", "metoo");
    (void)says(s, "bea", "late", "metoo");
    arrives(s, early);
    struct view_tally t;
    assert_int_equal(view_tally(s->view, &t, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(t.by_day_count, 2);
    assert_int_equal(t.by_day[0].posts_count, 1);
    assert_int_equal(t.by_day[1].posts_count, 2);
    assert_int_equal(t.by_day[1].people_count, 2);
    assert_int_equal(t.by_day[1].day, t.by_day[0].day + 1);
    assert_int_equal(t.identities, 2);
    scenario_free(s);
}

static void the_latest_days_are_told_and_all_are_counted(void **state)
{
    (void)state;
    struct scenario *s = story();
    for (int i = 0; i < VIEW_DAYS_MAX + 2; i++) {
        (void)says(s, i == 0 ? "fay" : "ana", "day after day", "metoo");
        s->now_s += 86400;
    }
    struct view_tally t;
    assert_int_equal(view_tally(s->view, &t, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(t.posts, VIEW_DAYS_MAX + 2);
    assert_int_equal(t.identities, 2);
    assert_int_equal(t.by_day_count, VIEW_DAYS_MAX);
    assert_int_equal(t.by_day[0].people_count, 1);
    assert_true(t.by_day[VIEW_DAYS_MAX - 1].day >= t.by_day[0].day + VIEW_DAYS_MAX - 1);
    scenario_free(s);
}

static void nothing_under_a_tag_is_nothing_counted(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct view_tally t;
    assert_int_equal(view_tally(s->view, &t, octets_of_text("nobody"), VIEW_WEB, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(t.posts, 0);
    assert_int_equal(t.by_day_count, 0);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_counts_once_for_each_post_they_react_to),
        cmocka_unit_test(reactions_count_that_came_before_their_post),
        cmocka_unit_test(who_reacts_much_to_what_many_react_to_counts_once),
        cmocka_unit_test(days_are_counted_whatever_the_order_of_arrival),
        cmocka_unit_test(the_latest_days_are_told_and_all_are_counted),
        cmocka_unit_test(nothing_under_a_tag_is_nothing_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
