/* What leaves the store, and then the archive, and when: floors, retracts, expiry, errors, crashes
 * (SPEC 7.6). */
#include "tests/unit/store/keep_scene.h"

#define FLOOR_S ((TODAY - KEEP_DAYS) * (uint64_t)DAY_S)

/* ---- What goes all the same ------------------------------------------------------------------ */

static void what_its_author_takes_back_leaves_the_archive(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id kept = person_text(&s->posts, &s->ana, OLD_S, "a word nobody else says", NULL);
    struct post_id other = person_text(&s->posts, &s->ana, OLD_S + 1, "quiet", NULL);
    aged(s);
    assert_int_equal(found_count(s, "nobody"), 1);
    person_retract(&s->posts, &s->ana, NOW_S, kept);
    person_retract(&s->posts, &s->cem, NOW_S, other); /* not hers to take back */
    put_new(s);
    assert_false(view_visible(s->home.view, &kept, VIEW_ALL, s->now_s)); /* at once */
    reopen(s); /* the archive was not told yet */
    assert_false(view_visible(s->home.view, &kept, VIEW_ALL, s->now_s));
    s->now_s += STORE_IDLE_S + 1;
    assert_int_equal(age(s), ERR_OK);
    assert_false(in_archive(s, &kept));
    expect(s, &kept, false);
    expect(s, &other, true);
    assert_int_equal(found_count(s, "nobody"), 0);
}

static struct post_id says_for_three_days(struct keep_scene *s, const struct person *person)
{
    struct post_draft draft = {
        .kind = POST_TEXT, .created_s = OLD_S, .expires_s = NOW_S + 3 * (uint64_t)DAY_S};
    draft.text = octets_of_text("for a while");
    return person_draft(&s->posts, person, &draft);
}

static void what_expires_leaves_the_archive(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id kept = says_for_three_days(s, &s->ana);
    aged(s);
    expect(s, &kept, true);
    s->now_s += 3 * (uint64_t)DAY_S;
    assert_false(view_visible(s->home.view, &kept, VIEW_ALL, s->now_s));
    s->now_s += DAY_S;
    assert_int_equal(age(s), ERR_OK);
    assert_false(in_archive(s, &kept));
}

static void what_a_wrong_clock_takes_for_expired_is_kept(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id kept = says_for_three_days(s, &s->ana);
    put_new(s);
    store_settle(s->home.store, NOW_S);
    store_settle(archive_store(s->home.archive), NOW_S);
    s->now_s += 10 * (uint64_t)DAY_S;
    assert_int_equal(age(s), ERR_OK);
    assert_int_equal(store_floor(s->home.store), FLOOR_S);
    assert_false(seen(s, &kept));
    s->now_s = NOW_S;
    expect(s, &kept, true);
}

/* ---- Reading both ---------------------------------------------------------------------------- */

static void search_and_export_find_both(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    person_text(&s->posts, &s->ana, OLD_S, "the harbour at night", NULL);
    person_text(&s->posts, &s->ana, NOW_S - 7, "the harbour by day", NULL);
    aged(s);
    assert_int_equal(found_count(s, "harbour"), 2);
    assert_int_equal(found_count(s, "night"), 1);
    reopen(s);
    assert_int_equal(found_count(s, "harbour"), 2);
    struct view_export walk = {.reach = VIEW_ALL};
    struct octets wire;
    size_t count = 0;
    while (view_export_next(s->home.view, &wire, &walk, s->now_s, &s->note) == ERR_OK) {
        count++;
    }
    assert_int_equal(count, 2);
}

static void a_post_dated_before_the_floor_comes_no_more(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    person_text(&s->posts, &s->ana, OLD_S, "in time", NULL);
    aged(s);
    person_text(&s->posts, &s->ana, OLD_S + 1, "too late", NULL);
    assert_int_equal(put(s, 1), STORE_REFUSED);
}

static void tend(struct keep_scene *s)
{
    for (bool more = true; more;) {
        assert_int_equal(store_tend(s->home.store, &more, s->now_s, &s->note), ERR_OK);
    }
}

static void nothing_leaves_before_what_is_kept_is_safe(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id kept = person_text(&s->posts, &s->ana, OLD_S, "hold on", NULL);
    put_new(s);
    tend(s);
    assert_int_equal(store_floor(s->home.store), FLOOR_S);
    assert_int_equal(store_left(s->home.store).floor_s, 0);
    file_memory_full(s->home.files, true);
    assert_int_not_equal(age(s), ERR_OK);
    assert_int_equal(store_left(s->home.store).floor_s, 0);
    assert_true(in_store(s, &kept) && seen(s, &kept));
    file_memory_full(s->home.files, false);
    s->now_s += STORE_RETRY_S + 1;
    aged(s);
    expect(s, &kept, true);
}

/* As if what is put from now on had been on its way when the store's floor rose. */
static struct view_keep *keep_begun(struct keep_scene *s)
{
    struct view_keep *keep = NULL;
    put_new(s);
    assert_int_equal(
        view_keep_begin(&keep, s->home.view, s->home.archive, FLOOR_S, s->now_s, &s->note), ERR_OK);
    return keep;
}

/* True when the floor is there. */
static bool steps(struct keep_scene *s, struct view_keep *keep, unsigned count)
{
    bool done = false;
    for (unsigned i = 0; i < count && !done; i++) {
        assert_int_equal(view_keep_step(keep, &done, s->now_s, &s->note), ERR_OK);
    }
    return done;
}

/* The archive is told of a retract between two steps, too. */
static void what_came_for_anothers_sake_is_kept_itself_once_its_author_is_followed(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
    (void)person_echo(&s->posts, &s->ana, OLD_S + 1, root, "look");
    struct post_id gone = person_text(&s->posts, &s->ana, OLD_S + 2, "no longer", NULL);
    struct view_keep *keep = keep_begun(s);
    assert_false(steps(s, keep, 2)); /* one for each reason */
    view_keep_free(keep);
    assert_true(in_archive(s, &root) && in_archive(s, &gone));
    follow(s, &s->cem);
    keep = keep_begun(s);
    (void)person_retract(&s->posts, &s->ana, NOW_S, gone);
    put_new(s);
    bool more = false;
    assert_int_equal(view_keep_retracts(s->home.view, s->home.archive, &more, s->now_s, &s->note),
                     ERR_OK);
    assert_true(steps(s, keep, 2));
    view_keep_free(keep);
    block(s, &s->ana);
    expect(s, &root, true);
}

static void what_comes_late_and_concerns_nobody_holds_up_no_floor(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    struct post_id kept = person_text(&s->posts, &s->ana, OLD_S, "hold on", NULL);
    struct view_keep *keep = keep_begun(s);
    bool done = false;
    for (uint64_t i = 0; i < 10 && !done; i++) {
        (void)person_text(&s->posts, &s->eli, OLD_S + 1 + i, "no concern", NULL);
        put_new(s);
        done = steps(s, keep, 1);
    }
    view_keep_free(keep);
    assert_true(done);
    expect(s, &kept, true);
}

/* A peer that goes on sending what is old and concerns her would fill the disk else. */
static void what_never_ceases_to_come_late_holds_up_the_floor_for_a_while(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    (void)person_text(&s->posts, &s->ana, OLD_S, "hold on", NULL);
    struct view_keep *keep = keep_begun(s);
    bool done = false;
    uint64_t came = 0;
    for (; came < 100 && !done; came++) {
        (void)person_text(&s->posts, &s->ana, OLD_S + 1 + came, "and on", NULL);
        put_new(s);
        done = steps(s, keep, 1);
    }
    view_keep_free(keep);
    assert_true(done);
    assert_in_range(came, 10, 99); /* what comes late by chance is kept */
    struct store_left kept = archive_state(s->home.archive);
    store_release(s->home.store, &kept);
    struct post_id first_late = s->posts.ids[1];
    struct post_id last = s->posts.ids[s->posts.count - 1];
    aged(s);
    expect(s, &first_late, true);
    expect(s, &last, false);
}

/* The process ended between the two, and the store takes it no more. */
static void an_own_post_that_came_to_no_store_goes_into_the_archive(void **state)
{
    struct keep_scene *s = *state;
    bool kept = true;
    (void)person_text(&s->posts, &s->bea, OLD_S, "hold on", NULL);
    struct octets wire = s->posts.wires[0];
    assert_int_equal(view_keep_own(s->home.view, s->home.archive, &kept, wire, &s->note), ERR_OK);
    assert_false(kept); /* above the floor: it is published */
    assert_int_equal(store_age(s->home.store, s->now_s, &s->note), ERR_OK);
    assert_int_equal(put(s, 0), STORE_REFUSED);
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(archive_floor(s->home.archive), 0); /* nothing was copied yet */
        assert_int_equal(view_keep_own(s->home.view, s->home.archive, &kept, wire, &s->note),
                         ERR_OK);
        assert_true(kept);
        assert_true(in_archive(s, &s->posts.ids[0]));
        expect(s, &s->posts.ids[0], true);
    }
    s->put_count = s->posts.count;
    aged(s);
    expect(s, &s->posts.ids[0], true);
}

static void a_shut_view_chooses_nothing(void **state)
{
    struct keep_scene *s = *state;
    person_text(&s->posts, &s->ana, OLD_S, "hold on", NULL);
    put_new(s);
    view_shut(s->home.view);
    assert_int_equal(age(s), ERR_ROLLBACK);
    assert_int_equal(store_floor(s->home.store), FLOOR_S); /* as of any other home */
    assert_int_equal(store_left(s->home.store).floor_s, 0);
    assert_true(in_store(s, &s->posts.ids[0]));
    view_open_again(s->home.view);
    aged(s);
    assert_false(in_store(s, &s->posts.ids[0]));
}

static void the_archive_opens_under_its_own_key_alone(void **state)
{
    struct keep_scene *s = *state;
    follow(s, &s->ana);
    person_text(&s->posts, &s->ana, OLD_S, "sealed", NULL);
    aged(s);
    bare_home_close(&s->home);
    static const uint8_t another_key[ARCHIVE_KEY_LEN] = {1, 2, 3};
    struct archive *other = NULL;
    assert_int_equal(archive_open(&other, s->home.files, another_key, &s->bea.key, &s->note),
                     ERR_DAMAGED);
    assert_int_equal(s->home.files->remove(s->home.files, "archive/kept", &s->note), ERR_OK);
    assert_int_equal(archive_open(&other, s->home.files, keep_archive_key, &s->bea.key, &s->note),
                     ERR_DAMAGED);
}

/* ---- Crashes --------------------------------------------------------------------------------- */

static void a_crash_at_any_call_loses_nothing_that_is_kept(void **state)
{
    for (enum file_memory_outcome outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR;
         outcome++) {
        bool crashed = true;
        for (uint64_t nth = 1; crashed; nth++) {
            (void)keep_tear_down(state);
            (void)keep_set_up(state);
            struct keep_scene *s = *state;
            follow(s, &s->ana);
            struct post_id root = person_text(&s->posts, &s->cem, OLD_S, "said long ago", NULL);
            struct post_id friend = person_text(&s->posts, &s->ana, OLD_S + 1, "from ana", NULL);
            struct post_id reply =
                person_reply(&s->posts, &s->dana, OLD_S + 2, friend, friend, "yes");
            struct post_id echo = person_echo(&s->posts, &s->ana, NOW_S - 5, root, "look");
            struct post_id other = person_text(&s->posts, &s->eli, OLD_S + 3, "no concern", NULL);
            put_new(s);
            file_memory_crash_at(s->home.files, nth);
            (void)age(s);
            crashed = file_memory_crashed(s->home.files);
            file_memory_crash(s->home.files);
            bare_home_close(&s->home);
            file_memory_restart(s->home.files, outcome);
            assert_int_equal(keep_open(s), ERR_OK);
            assert_true(seen(s, &root) && seen(s, &friend) && seen(s, &reply) && seen(s, &echo));
            assert_int_equal(age(s), ERR_OK);
            assert_true(seen(s, &root) && seen(s, &friend) && seen(s, &reply) && seen(s, &echo));
            assert_false(seen(s, &other));
            assert_true(store_floor(s->home.store) > 0 && !in_store(s, &friend) &&
                        in_archive(s, &friend));
            block(s, &s->ana);
            assert_false(seen(s, &root));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keep_set_up, keep_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_its_author_takes_back_leaves_the_archive),
        TEST(what_expires_leaves_the_archive),
        TEST(what_a_wrong_clock_takes_for_expired_is_kept),
        TEST(search_and_export_find_both),
        TEST(a_post_dated_before_the_floor_comes_no_more),
        TEST(nothing_leaves_before_what_is_kept_is_safe),
        TEST(what_came_for_anothers_sake_is_kept_itself_once_its_author_is_followed),
        TEST(what_comes_late_and_concerns_nobody_holds_up_no_floor),
        TEST(what_never_ceases_to_come_late_holds_up_the_floor_for_a_while),
        TEST(an_own_post_that_came_to_no_store_goes_into_the_archive),
        TEST(a_shut_view_chooses_nothing),
        TEST(the_archive_opens_under_its_own_key_alone),
        TEST(a_crash_at_any_call_loses_nothing_that_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
