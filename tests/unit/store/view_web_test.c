/* The web of introductions, and who is in it. */
#include "tests/unit/store/view_test.h"

static void steps_are_counted_from_her_own_follows_and_vouches(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    (void)vouches(s, "bea", "fay");
    (void)vouches(s, "ana", "gil");
    (void)vouches(s, "gil", "hal");
    (void)vouches(s, "hal", "ida");
    (void)vouches(s, "ida", "jon");
    assert_int_equal(distance_of(s, "bea"), 0);
    assert_int_equal(distance_of(s, "ana"), 1);
    assert_int_equal(distance_of(s, "fay"), 1);
    assert_int_equal(distance_of(s, "gil"), 2);
    assert_int_equal(distance_of(s, "hal"), 3);
    assert_int_equal(distance_of(s, "ida"), 4);
    assert_int_equal(distance_of(s, "jon"), VIEW_STRANGER);
    assert_int_equal(distance_of(s, "never-met"), VIEW_STRANGER);
    scenario_free(s);
}

static void the_shortest_way_counts_whatever_the_order_of_arrival(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    (void)vouches(s, "gil", "hal");
    (void)vouches(s, "ana", "gil");
    (void)vouches(s, "ana", "hal");
    follows(s, "ana");
    assert_int_equal(distance_of(s, "gil"), 2);
    assert_int_equal(distance_of(s, "hal"), 2);
    scenario_free(s);
}

static void a_vouch_that_is_taken_back_or_expires_leads_nowhere(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    struct post_id vouch = vouches(s, "ana", "gil");
    uint64_t expires_s = s->now_s + 50;
    (void)drafts(s, "ana",
                 (struct post_draft){
                     .kind = POST_VOUCH, .expires_s = expires_s, .subject = person_of("hal").key});
    assert_int_equal(distance_of(s, "gil"), 2);
    assert_int_equal(distance_of(s, "hal"), 2);
    (void)retracts(s, "ana", vouch);
    assert_int_equal(distance_of(s, "gil"), VIEW_STRANGER);
    s->now_s = expires_s;
    assert_int_equal(distance_of(s, "hal"), VIEW_STRANGER);
    scenario_free(s);
}

static void a_blocked_person_is_no_path_but_another_way_round_is(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    follows(s, "fay");
    (void)vouches(s, "ana", "carl");
    (void)vouches(s, "carl", "dan");
    (void)vouches(s, "fay", "gil");
    (void)vouches(s, "gil", "dan");
    blocks(s, "carl");
    assert_int_equal(distance_of(s, "carl"), VIEW_STRANGER);
    assert_int_equal(distance_of(s, "dan"), 3);
    leaves_no_trace(s, "carl");
    blocks(s, "gil");
    assert_int_equal(distance_of(s, "dan"), VIEW_STRANGER);
    unblocks(s, "gil");
    leaves_no_trace(s, "carl");
    scenario_free(s);
}

static void a_follow_outlives_nothing_but_itself(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id post = says(s, "ana", "hello", NULL);
    assert_false(sees(s, post));
    follows(s, "ana");
    assert_true(shows(s, VIEW_TIMELINE, post));
    unfollows(s, "ana");
    assert_false(sees(s, post));
    scenario_free(s);
}

static void people_are_those_of_the_web_and_those_she_named(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    calls(s, "ana", "sister");
    calls(s, "far", "far away");
    follows(s, "carl");
    calls(s, "carl", "him");
    blocks(s, "carl");
    (void)names_self(s, "ana", "Ana", "");
    (void)says(s, "zoe", "a stranger", NULL);
    const struct view_person *people;
    size_t count;
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_WEB, s->now_s, NULL), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(octets_equal(people[0].petname, octets_of_text("sister")));
    assert_true(octets_equal(people[0].name, octets_of_text("Ana")));
    assert_true(people[0].follow);
    assert_int_equal(people[1].distance, VIEW_STRANGER);
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(view_people(s->view, &people, &count, 1, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 1);
    leaves_no_trace(s, "carl");
    scenario_free(s);
}

static void
a_stranger_with_a_petname_keeps_the_name_they_give_themselves_to_themselves(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    calls(s, "far", "far away");
    (void)names_self(s, "far", "Far", "");
    const struct view_person *people;
    size_t count;
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_WEB, s->now_s, NULL), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(people[0].name.len, 0);
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_true(octets_equal(people[0].name, octets_of_text("Far")));
    scenario_free(s);
}

static void a_stranger_whose_only_post_is_hidden_is_not_listed(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct post_id his = says(s, "carl", "root", NULL);
    (void)replies(s, "dan", his, "yes");
    const struct view_person *people;
    size_t count;
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 2);
    blocks(s, "carl");
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 0);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_counted_from_her_own_follows_and_vouches),
        cmocka_unit_test(the_shortest_way_counts_whatever_the_order_of_arrival),
        cmocka_unit_test(a_vouch_that_is_taken_back_or_expires_leads_nowhere),
        cmocka_unit_test(a_blocked_person_is_no_path_but_another_way_round_is),
        cmocka_unit_test(a_follow_outlives_nothing_but_itself),
        cmocka_unit_test(
            a_stranger_with_a_petname_keeps_the_name_they_give_themselves_to_themselves),
        cmocka_unit_test(a_stranger_whose_only_post_is_hidden_is_not_listed),
        cmocka_unit_test(people_are_those_of_the_web_and_those_she_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
