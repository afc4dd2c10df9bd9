/* What is below the archive's bound goes into no backup and comes back with none (SPEC 7.6, 10.10).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/view_check.h"
#include "tests/support/backup_trip.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S     86400
#define NOW_S     (UINT64_C(19000) * DAY_S + 3600)
#define KEEP_S    (90 * (uint64_t)DAY_S)
#define ARCHIVE_S (120 * (uint64_t)DAY_S)
#define OLD_S     (NOW_S - 150 * (uint64_t)DAY_S)
#define YOUNGER_S (NOW_S - 110 * (uint64_t)DAY_S)

static struct err_note note;
static struct bare_home home, back;
static struct files *outside;
static struct posts posts;
static struct person her, ana, cem;
static struct post_id hers, anas, context, answer, younger;

static void open_place(struct bare_home *place)
{
    assert_int_equal(bare_home_open(place, &note), ERR_OK);
    assert_int_equal(bare_home_open_store(place, STORE_READ, &note), ERR_OK);
    assert_int_equal(bare_home_open_archive(place, &note), ERR_OK);
}

static void show_place(struct bare_home *place)
{
    assert_int_equal(bare_home_show(place, &her.key, vault_contents(place->vault), KEEP_S, &note),
                     ERR_OK);
}

static void put_all(void)
{
    for (size_t i = 0; i < posts.count; i++) {
        struct post post = posts_decoded(&posts, i);
        enum store_put_result result;
        assert_int_equal(store_put(home.store, &result, &post, &posts.wires[i], 1, NOW_S, &note),
                         ERR_OK);
    }
    assert_int_equal(view_catch_up(home.view, NULL, &note), ERR_OK);
}

/* Everything but what is younger than it left the store, and nothing left the archive. */
static int set_up(void **state)
{
    (void)state;
    bool changed = false;
    note = (struct err_note){{0}};
    ana = person_of("ana");
    cem = person_of("cem");
    outside = file_memory_new(9);
    bare_home_make(&home, bare_home_seed);
    open_place(&home);
    memcpy(her.seed, vault_identity_seed(home.vault), 32);
    her.key = vault_identity(home.vault);
    assert_int_equal(vault_follow(home.vault, &changed, &ana.key), ERR_OK);
    assert_int_equal(vault_commit(home.vault, &note), ERR_OK);
    show_place(&home);
    hers = person_text(&posts, &her, OLD_S, "mine", NULL);
    assert_int_equal(journal_own_post(home.journal, &hers, posts.wires[0], &note), ERR_OK);
    context = person_text(&posts, &cem, OLD_S + 1, "said long ago", NULL);
    anas = person_echo(&posts, &ana, OLD_S + 2, context, "look");
    answer = person_reply(&posts, &cem, OLD_S + 3, anas, anas, "an answer");
    younger = person_text(&posts, &ana, YOUNGER_S, "said since", NULL);
    put_all();
    assert_int_equal(bare_home_age(&home, NOW_S, &note), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bare_home_free(&home);
    bare_home_free(&back);
    file_memory_free(outside);
    posts_free(&posts);
    posts = (struct posts){.count = 0};
    return 0;
}

static bool is_archived(struct bare_home *place, const struct post_id *id)
{
    uint64_t at;
    return store_position(archive_store(place->archive), &at, id, &note) == ERR_OK;
}

static bool is_seen(struct bare_home *place, const struct post_id *id)
{
    return view_visible(place->view, id, VIEW_ALL, NOW_S);
}

/* And what is below it stands in the files still. */
static void raise_bound(struct bare_home *place)
{
    struct store *archive = archive_store(place->archive);
    bool more = true;
    store_retain(archive, &(struct store_retention_rules){.keep_s = ARCHIVE_S, .capped = true});
    for (unsigned i = 0; i < 100 && archive_bound(place->archive) == 0; i++) {
        assert_int_equal(store_tend(archive, &more, NOW_S, &note), ERR_OK);
        archive_release(place->archive);
    }
    assert_int_equal(archive_bound(place->archive), (NOW_S - ARCHIVE_S) / DAY_S * DAY_S);
}

static void backs_up(void)
{
    struct backup_head head = {.made_s = NOW_S, .all = true};
    assert_int_equal(trip_leaves(outside, &home, &head, true, &note), ERR_OK);
}

/* Whether the old ones of others are shown in a home where the others are. */
static void expect_old(struct bare_home *place, bool there)
{
    const struct post_id *old[] = {&anas, &context, &answer};
    assert_true(is_archived(place, &hers) && is_seen(place, &hers));
    assert_true(is_archived(place, &younger) && is_seen(place, &younger));
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        assert_int_equal(is_archived(place, old[i]), there);
        assert_int_equal(is_seen(place, old[i]), there);
    }
    assert_int_equal(view_check(place->view, NOW_S, &note), ERR_OK);
}

static void what_is_about_to_leave_goes_into_no_backup(void **state)
{
    (void)state;
    expect_old(&home, true);
    raise_bound(&home);
    assert_true(is_archived(&home, &anas) && is_archived(&home, &context));
    backs_up();
    bare_home_make(&back, bare_home_seed);
    open_place(&back);
    assert_int_equal(trip_returns(&back, outside, NOW_S, &note), ERR_OK);
    show_place(&back);
    expect_old(&back, false);
    assert_int_equal(archive_bound(back.archive), 0); /* nothing but the backup kept it out */
}

static void what_left_comes_back_with_no_backup(void **state)
{
    (void)state;
    backs_up();
    raise_bound(&home);
    assert_int_equal(bare_home_age(&home, NOW_S, &note), ERR_OK);
    expect_old(&home, false);
    assert_int_equal(trip_returns(&home, outside, NOW_S, &note), ERR_OK);
    assert_int_equal(view_catch_up(home.view, NULL, &note), ERR_OK);
    expect_old(&home, false);
}

/* A new home goes by the same rule as soon as it is tended. */
static void what_a_backup_is_older_than_leaves_the_home_it_makes(void **state)
{
    (void)state;
    backs_up();
    bare_home_make(&back, bare_home_seed);
    open_place(&back);
    assert_int_equal(trip_returns(&back, outside, NOW_S, &note), ERR_OK);
    show_place(&back);
    expect_old(&back, true);
    raise_bound(&back);
    assert_false(is_seen(&back, &anas));
    assert_int_equal(bare_home_age(&back, NOW_S, &note), ERR_OK);
    expect_old(&back, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_about_to_leave_goes_into_no_backup),
        TEST(what_left_comes_back_with_no_backup),
        TEST(what_a_backup_is_older_than_leaves_the_home_it_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
