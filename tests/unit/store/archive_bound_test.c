/* What others wrote leaves the archive too, by its date and its author alone; what is hers stays
 * (SPEC 7.6, 10.15). */
#include <stdio.h>

#include "tests/unit/store/keep_scene.h"

#define BOUND_DAYS    200
#define LATER_DAYS    120 /* then what was OLD_S is older than the archive keeps */
#define FIRST_BOUND_S ((TODAY - BOUND_DAYS) * (uint64_t)DAY_S)
#define BOUND_S       ((TODAY + LATER_DAYS - BOUND_DAYS) * (uint64_t)DAY_S)
#define MANY          400
#define SENTENCE      "a sentence of some length, which somebody she follows has said often: "

static void keeps_for(struct keep_scene *s, uint64_t days)
{
    s->archive_days = days;
    reopen(s);
}

static void goes_by(struct keep_scene *s, uint64_t days)
{
    s->now_s += days * DAY_S;
    aged(s);
}

static uint64_t bound(struct keep_scene *s)
{
    return archive_bound(s->home.archive);
}

static bool is_hers(struct keep_scene *s, const struct post_id *id)
{
    struct view_query query = {
        .what = VIEW_OWN, .reach = VIEW_ALL, .id = *id, .limit = 1, .now_s = s->now_s};
    struct view_page page;
    return view_query(s->home.view, &page, &query, &s->note) == ERR_OK;
}

static size_t thread_count(struct keep_scene *s, const struct post_id *id)
{
    struct view_query query = {
        .what = VIEW_THREAD, .reach = VIEW_ALL, .id = *id, .limit = 100, .now_s = s->now_s};
    struct view_page page;
    return view_query(s->home.view, &page, &query, &s->note) == ERR_OK ? page.count : 0;
}

static uint32_t tallied(struct keep_scene *s, const char *tag)
{
    struct view_tally tally;
    assert_int_equal(
        view_tally(s->home.view, &tally, octets_of_text(tag), VIEW_ALL, s->now_s, &s->note),
        ERR_OK);
    return tally.posts;
}

static uint64_t counted(struct keep_scene *s)
{
    struct view_stats stats;
    assert_int_equal(view_stats(s->home.view, &stats, VIEW_ALL, s->now_s, &s->note), ERR_OK);
    return stats.posts_count;
}

/* ---- What leaves ----------------------------------------------------------------------------- */

static void what_others_wrote_leaves_and_what_is_hers_stays(void **state)
{
    struct keep_scene *s = *state;
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    follow_tag(s, "metoo");
    struct post_id own = person_text(&s->posts, &s->bea, OLD_S, "mine alone", "metoo");
    struct post_id friend = person_text(&s->posts, &s->ana, OLD_S + 1, "alone with ana", NULL);
    struct post_id tagged = person_text(&s->posts, &s->cem, OLD_S + 2, "left alone", "metoo");
    struct post_id answer = person_reply(&s->posts, &s->dana, OLD_S + 3, own, own, "not alone");
    struct post_id quoted = person_text(&s->posts, &s->eli, OLD_S + 4, "said alone", NULL);
    struct post_id echo = person_echo(&s->posts, &s->ana, OLD_S + 5, quoted, "look");
    struct post_id young = person_text(&s->posts, &s->ana, NOW_S - 5, "alone today", NULL);
    aged(s);
    assert_int_equal(bound(s), FIRST_BOUND_S);
    const struct post_id others[] = {friend, tagged, answer, quoted, echo};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(in_archive(s, &others[i]));
        expect(s, &others[i], true);
    }
    assert_int_equal(found_count(s, "alone"), 6);
    assert_int_equal(tallied(s, "metoo"), 2);
    assert_int_equal(thread_count(s, &own), 2);
    goes_by(s, LATER_DAYS);
    assert_int_equal(bound(s), BOUND_S);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(in_archive(s, &others[i]));
        assert_false(seen(s, &others[i]));
    }
    assert_true(in_archive(s, &own));
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        expect(s, &others[i], false);
    }
    expect(s, &own, true);
    expect(s, &young, true);
    assert_true(is_hers(s, &own));
    assert_int_equal(found_count(s, "alone"), 2);
    assert_int_equal(tallied(s, "metoo"), 1);
    assert_int_equal(thread_count(s, &own), 1);
    assert_int_equal(counted(s), 2);
}

/* The day of the bound is kept, the day before is not. */
static void the_bound_is_a_midnight(void **state)
{
    struct keep_scene *s = *state;
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    struct post_id before = person_text(&s->posts, &s->ana, BOUND_S - 1, "the day before", NULL);
    struct post_id from = person_text(&s->posts, &s->ana, BOUND_S, "from that day", NULL);
    put_new(s);
    goes_by(s, LATER_DAYS);
    expect(s, &before, false);
    expect(s, &from, true);
}

/* However new what refers to it is. */
static void what_it_is_referred_by_holds_nothing(void **state)
{
    struct keep_scene *s = *state;
    keeps_for(s, BOUND_DAYS);
    struct post_id root = person_text(&s->posts, &s->ana, OLD_S, "a thread", NULL);
    struct post_id own = person_reply(&s->posts, &s->bea, OLD_S + 1, root, root, "my answer");
    put_new(s);
    aged(s);
    struct post_id heart = person_react(&s->posts, &s->bea, NOW_S, root, POST_HEART);
    put_new(s);
    expect(s, &root, true);
    expect(s, &own, true);
    goes_by(s, LATER_DAYS);
    expect(s, &root, false);
    expect(s, &own, false); /* as in a thread that never came */
    assert_true(is_hers(s, &own) && is_hers(s, &heart));
    assert_true(in_archive(s, &own) && in_archive(s, &heart));
}

static void the_store_keeps_what_its_own_floor_lets_it(void **state)
{
    struct keep_scene *s = *state;
    keeps_for(s, 30); /* shorter than the store's */
    follow(s, &s->ana);
    struct post_id gone = person_text(&s->posts, &s->ana, OLD_S, "older than both", NULL);
    struct post_id stored =
        person_text(&s->posts, &s->ana, NOW_S - 40 * (uint64_t)DAY_S, "in the store still", NULL);
    struct post_id led_to = person_text(&s->posts, &s->cem, OLD_S + 1, "said before", NULL);
    struct post_id echo =
        person_echo(&s->posts, &s->ana, NOW_S - 40 * (uint64_t)DAY_S, led_to, "look");
    aged(s);
    assert_int_equal(bound(s), store_floor(s->home.store));
    assert_true(in_archive(s, &echo)); /* it says why, as long as it is in the store */
    expect(s, &stored, true);
    expect(s, &gone, false);
    expect(s, &led_to, false);
    goes_by(s, 60);
    assert_false(in_archive(s, &stored));
    expect(s, &stored, false);
}

static void without_a_time_all_of_it_stays(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id friend = person_text(&s->posts, &s->ana, OLD_S, "for ever", NULL);
    put_new(s);
    goes_by(s, 20000);
    assert_int_equal(bound(s), 0);
    expect(s, &friend, true);
}

/* ---- When ------------------------------------------------------------------------------------ */

static void what_left_does_not_come_back(void **state)
{
    struct keep_scene *s = *state;
    const struct shelf_since since = {.kept = SHELF_ITSELF, .day = 3};
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    struct post_id left = person_text(&s->posts, &s->ana, OLD_S, "it was here", NULL);
    struct post_id never = person_text(&s->posts, &s->ana, OLD_S + 1, "it was not", NULL);
    struct post_id hers = person_text(&s->posts, &s->bea, OLD_S + 2, "hers", NULL);
    assert_int_equal(put(s, 0), STORE_NEW);
    s->put_count = s->posts.count;
    goes_by(s, LATER_DAYS);
    keeps_for(s, 0); /* whatever is said from now on */
    assert_int_equal(age(s), ERR_OK);
    assert_int_equal(bound(s), BOUND_S);
    for (size_t i = 0; i < 3; i++) {
        struct post post = posts_decoded(&s->posts, i);
        assert_int_equal(
            archive_put(s->home.archive, &post, &s->posts.wires[i], 1, &since, s->now_s, &s->note),
            ERR_OK);
    }
    assert_int_equal(view_catch_up(s->home.view, NULL, &s->note), ERR_OK);
    assert_false(in_archive(s, &left) || in_archive(s, &never));
    assert_true(in_archive(s, &hers));
    expect(s, &left, false);
    expect(s, &never, false);
    expect(s, &hers, true);
}

static void nothing_leaves_by_a_clock_that_is_not_settled(void **state)
{
    struct keep_scene *s = *state;
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    struct post_id friend = person_text(&s->posts, &s->ana, OLD_S, "hold on", NULL);
    aged(s);
    store_settle(archive_store(s->home.archive), s->now_s);
    goes_by(s, LATER_DAYS);
    assert_int_equal(bound(s), FIRST_BOUND_S);
    assert_true(seen(s, &friend));
    s->now_s = NOW_S;
    expect(s, &friend, true);
}

/* The view goes by the bound as soon as that is durable, and whatever is under way then. */
static void what_is_below_the_bound_is_gone_before_it_is_taken_out(void **state)
{
    struct keep_scene *s = *state;
    bool more = false;
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    struct post_id friend = person_text(&s->posts, &s->ana, OLD_S, "on its way out", NULL);
    aged(s);
    s->now_s += LATER_DAYS * (uint64_t)DAY_S;
    struct store *archive = archive_store(s->home.archive);
    for (unsigned i = 0; i < 100 && bound(s) == FIRST_BOUND_S; i++) {
        assert_int_equal(archive_floor_set(s->home.archive, BOUND_S + DAY_S, &s->note), ERR_OK);
        archive_release(s->home.archive);
        assert_int_equal(store_tend(archive, &more, s->now_s, &s->note), ERR_OK);
    }
    assert_int_equal(bound(s), BOUND_S);
    assert_true(more && in_archive(s, &friend));
    assert_false(seen(s, &friend));
    assert_int_equal(found_count(s, "way"), 0);
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
    reopen(s);
    assert_true(in_archive(s, &friend));
    assert_false(seen(s, &friend));
    assert_int_equal(found_count(s, "way"), 0);
    assert_int_equal(age(s), ERR_OK);
    assert_false(in_archive(s, &friend));
}

/* ---- What is left on the disk ---------------------------------------------------------------- */

static void the_space_is_given_back(void **state)
{
    struct keep_scene *s = *state;
    char text[512];
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    for (uint64_t i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof text, SENTENCE SENTENCE SENTENCE "%u", (unsigned)i);
        (void)person_text(&s->posts, &s->ana, OLD_S + i, text, NULL);
    }
    (void)person_text(&s->posts, &s->bea, OLD_S, "what she said herself", NULL);
    aged(s);
    reopen(s);
    assert_int_equal(age(s), ERR_OK);
    struct store_stats before = store_stats(archive_store(s->home.archive));
    assert_int_equal(before.posts_count, MANY + 1);
    goes_by(s, LATER_DAYS);
    struct store_stats after = store_stats(archive_store(s->home.archive));
    assert_int_equal(after.posts_count, 1);
    assert_true(after.disk_len < before.disk_len / 3);
}

/* A retract can bear any date: it takes its subject along whenever it comes, and then leaves as
 * everything else. */
static void what_is_taken_back_by_an_old_retract_is_gone_for_good(void **state)
{
    struct keep_scene *s = *state;
    keeps_for(s, BOUND_DAYS);
    follow(s, &s->ana);
    struct post_id said = person_text(&s->posts, &s->ana, OLD_S + 5 * DAY_S, "regretted", NULL);
    struct post_id other = person_text(&s->posts, &s->ana, OLD_S + 5 * DAY_S, "not so", NULL);
    aged(s);
    goes_by(s, BOUND_DAYS - 98);
    assert_true(bound(s) > OLD_S && bound(s) < OLD_S + 5 * DAY_S);
    expect(s, &said, true);
    struct post_id retract = person_retract(&s->posts, &s->ana, OLD_S, said);
    put_new(s);
    assert_int_equal(age(s), ERR_OK);
    assert_false(in_archive(s, &said));
    goes_by(s, 1);
    assert_false(in_archive(s, &retract));
    assert_true(in_store(s, &retract));
    expect(s, &said, false);
    expect(s, &other, true);
    assert_false(in_archive(s, &said));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, keep_set_up, keep_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_others_wrote_leaves_and_what_is_hers_stays),
        TEST(the_bound_is_a_midnight),
        TEST(what_it_is_referred_by_holds_nothing),
        TEST(the_store_keeps_what_its_own_floor_lets_it),
        TEST(without_a_time_all_of_it_stays),
        TEST(what_left_does_not_come_back),
        TEST(nothing_leaves_by_a_clock_that_is_not_settled),
        TEST(what_is_below_the_bound_is_gone_before_it_is_taken_out),
        TEST(the_space_is_given_back),
        TEST(what_is_taken_back_by_an_old_retract_is_gone_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
