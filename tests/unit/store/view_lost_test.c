/* What the view shows when the store loses or forgets, which only the one in memory does here. */
#include "tests/unit/store/view_test.h"

static struct scenario *story(void)
{
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    follows(s, "fay");
    return s;
}

static void a_retract_that_comes_first_counts_even_where_the_store_forgot_it(void **state)
{
    (void)state;
    struct scenario *s = story();
    scenario_store_careless(s->store);
    s->holding = true;
    struct post_id first = says(s, "ana", "first", NULL);
    s->holding = false;
    (void)retracts(s, "ana", first);
    assert_false(sees_strangers(s, first));
    arrives(s, first);
    assert_false(sees_strangers(s, first));
    assert_false(shows(s, VIEW_TIMELINE, first));
    scenario_free(s);
}

static void what_the_store_lost_is_gone_until_it_comes_again(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id first = says(s, "ana", "first", NULL);
    struct post_id reply = replies(s, "fay", first, "reply");
    scenario_store_lose(s->store, 0);
    assert_false(shows(s, VIEW_TIMELINE, first));
    assert_false(shows(s, VIEW_TIMELINE, reply));
    arrives(s, first);
    assert_true(shows(s, VIEW_TIMELINE, first));
    assert_true(shows(s, VIEW_TIMELINE, reply));
    scenario_free(s);
}

/* A peer asked for it first, so that the store found out and got it again elsewhere. */
static void what_was_lost_and_came_again_unnoticed_is_still_shown(void **state)
{
    (void)state;
    struct scenario *s = story();
    struct post_id first = says(s, "ana", "first", NULL);
    struct post_id reply = replies(s, "fay", first, "reply");
    assert_true(shows(s, VIEW_TIMELINE, reply));
    scenario_store_lose(s->store, 0);
    arrives(s, first);
    assert_true(shows(s, VIEW_TIMELINE, first));
    assert_true(shows(s, VIEW_TIMELINE, reply));
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retract_that_comes_first_counts_even_where_the_store_forgot_it),
        cmocka_unit_test(what_the_store_lost_is_gone_until_it_comes_again),
        cmocka_unit_test(what_was_lost_and_came_again_unnoticed_is_still_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
