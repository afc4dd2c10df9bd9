/* What a person keeps of the posts that leave her store by age (SPEC 7.6): the view over store and
 * archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/view_check.h"
#include "store/view_keep.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S  86400
#define TODAY  1000
#define NOW_S  ((uint64_t)TODAY * DAY_S + 3600)
#define OLD_S  (NOW_S - 100 * (uint64_t)DAY_S)
#define KEEP_S (90 * (uint64_t)DAY_S)
#define MANY   8

static const uint8_t store_key[32] = {1, 2, 3};
static const uint8_t archive_key_of[32] = {4, 5, 6};
static struct err_note note;
static struct person bea, ana, cem, dana, eli;
static struct files *files;
static struct store *store;
static struct archive *archive;
static struct view *view;
static struct posts posts;
static uint64_t now_s;

static struct key follows[MANY];
static struct vault_followed_tag tags[MANY];
static struct vault_block blocks[MANY];
static struct vault_contents contents;

static void load(void)
{
    contents.follows = follows;
    contents.tags = tags;
    contents.blocks = blocks;
    assert_int_equal(view_load(view, &contents, &note), ERR_OK);
}

static enum err_code open_all(void)
{
    enum err_code rc = store_open(&store, files, store_key, STORE_READ, &note);
    if (rc == ERR_OK) {
        store_retain(store, &(struct store_retention_rules){.keep_s = KEEP_S, .held = true});
        rc = archive_open(&archive, files, archive_key_of, &note);
    }
    if (rc == ERR_OK) {
        store_release(store, archive_floor(archive));
        rc = view_new(&view, store, &bea.key, &note);
    }
    if (rc == ERR_OK) {
        struct shelf shelf = archive_shelf(archive);
        view_shelf_set(view, &shelf);
        rc = view_catch_up(view, NULL, &note);
    }
    if (rc == ERR_OK) {
        contents.follows = follows;
        contents.tags = tags;
        contents.blocks = blocks;
        rc = view_load(view, &contents, &note);
    }
    return rc;
}

static void close_all(void)
{
    view_free(view);
    archive_close(archive);
    store_close(store);
    view = NULL;
    archive = NULL;
    store = NULL;
}

static int set_up(void **state)
{
    (void)state;
    bea = person_of("bea");
    ana = person_of("ana");
    cem = person_of("cem");
    dana = person_of("dana");
    eli = person_of("eli");
    posts = (struct posts){0};
    contents = (struct vault_contents){.kind = VAULT_PERSONAL};
    now_s = NOW_S;
    files = file_memory_new(1);
    assert_int_equal(open_all(), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_all();
    posts_free(&posts);
    file_memory_free(files);
    return 0;
}

static void follow(const struct person *person)
{
    follows[contents.follows_count++] = person->key;
    load();
}

static void follow_tag(const char *tag)
{
    struct vault_followed_tag *followed = &tags[contents.tags_count++];
    followed->tag_len = (uint8_t)strlen(tag);
    memcpy(followed->tag, tag, followed->tag_len);
    load();
}

static void block(const struct person *person)
{
    blocks[contents.blocks_count++] = (struct vault_block){
        .key = person->key, .since_s = now_s, .since_position = store_end(store), .in_force = true};
    load();
}

static void unblock(void)
{
    struct vault_block *last = &blocks[contents.blocks_count - 1];
    last->in_force = false;
    last->until_s = now_s;
    last->until_position = store_end(store);
    load();
}

static enum store_put_result put(size_t i)
{
    struct post post = posts_decoded(&posts, i);
    enum store_put_result result;
    assert_int_equal(store_put(store, &result, &post, &posts.wires[i], 1, now_s, &note), ERR_OK);
    assert_int_equal(view_catch_up(view, NULL, &note), ERR_OK);
    return result;
}

static size_t put_count;

static void put_new(void)
{
    for (; put_count < posts.count; put_count++) {
        assert_int_equal(put(put_count), STORE_NEW);
    }
}

static enum err_code tend(struct store *which, uint64_t clock_s)
{
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = store_tend(which, &more, clock_s, &note);
    }
    return rc;
}

/* As a node does. */
static enum err_code age(void)
{
    bool more = true;
    enum err_code rc = tend(store, now_s);
    while (rc == ERR_OK && more) {
        rc = view_keep_retracts(view, archive, &more, now_s, &note);
    }
    uint64_t floor_s = store_floor_due(store);
    if (rc == ERR_OK && floor_s > archive_floor(archive)) {
        struct view_keep *keep = NULL;
        rc = view_keep_begin(&keep, view, archive, floor_s, now_s, &note);
        for (bool done = false; rc == ERR_OK && !done;) {
            rc = view_keep_step(keep, &done, now_s, &note);
        }
        view_keep_free(keep);
        store_release(store, archive_floor(archive));
    }
    rc = rc == ERR_OK ? tend(store, now_s) : rc;
    return rc == ERR_OK ? tend(archive_store(archive), now_s) : rc;
}

static void aged(void)
{
    put_new();
    assert_int_equal(age(), ERR_OK);
    assert_true(store_floor(store) > 0);
    assert_int_equal(store_floor(store), archive_floor(archive));
    assert_int_equal(view_check(view, now_s, &note), ERR_OK);
}

static void reopen(void)
{
    close_all();
    assert_int_equal(open_all(), ERR_OK);
}

static bool in_store(const struct post_id *id)
{
    uint64_t at;
    return store_position(store, &at, id, &note) == ERR_OK;
}

static bool in_archive(const struct post_id *id)
{
    uint64_t at;
    return store_position(archive_store(archive), &at, id, &note) == ERR_OK;
}

/* Visible now, and with its text; the same after the home was opened again. */
static bool seen(const struct post_id *id)
{
    struct view_query query = {
        .what = VIEW_SHOW, .reach = VIEW_ALL, .id = *id, .limit = 1, .now_s = now_s};
    struct view_page page;
    bool visible = view_visible(view, id, VIEW_ALL, now_s);
    enum err_code rc = view_query(view, &page, &query, &note);
    assert_int_equal(rc, visible ? ERR_OK : ERR_NOT_FOUND);
    return visible;
}

static void expect(const struct post_id *id, bool visible)
{
    assert_int_equal(seen(id), visible);
    reopen();
    assert_int_equal(seen(id), visible);
}

static size_t found_count(const char *words)
{
    struct view_query query = {.what = VIEW_SEARCH,
                               .reach = VIEW_ALL,
                               .words = octets_of_text(words),
                               .limit = 100,
                               .now_s = now_s};
    struct view_page page;
    assert_int_equal(view_query(view, &page, &query, &note), ERR_OK);
    return page.count;
}

/* --- what is kept -------------------------------------------------------------------------------
 */

static void what_the_timeline_lists_outlives_the_store(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    follow_tag("metoo");
    struct post_id own = person_text(&posts, &bea, OLD_S, "mine alone", NULL);
    struct post_id friend = person_text(&posts, &ana, OLD_S + 1, "from ana", NULL);
    struct post_id tagged = person_text(&posts, &cem, OLD_S + 2, "under a tag", "metoo");
    struct post_id other = person_text(&posts, &dana, OLD_S + 3, "of no concern", "cats");
    struct post_id young = person_text(&posts, &dana, NOW_S - 10, "of today", "cats");
    aged();
    assert_false(in_store(&own));
    assert_true(in_archive(&own));
    assert_true(in_store(&young));
    assert_false(in_archive(&young));
    assert_false(in_archive(&other));
    expect(&own, true);
    expect(&friend, true);
    expect(&tagged, true);
    expect(&other, false);
    expect(&young, true);
}

static void what_names_her_and_what_answers_is_kept(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_draft draft = {.kind = POST_TEXT, .created_s = OLD_S};
    draft.text = octets_of_text("bea, look");
    draft.mentions = &bea.key;
    draft.mentions_count = 1;
    struct post_id naming = person_draft(&posts, &cem, &draft);
    struct post_id root = person_text(&posts, &ana, OLD_S + 1, "a thread", NULL);
    struct post_id reply = person_reply(&posts, &dana, OLD_S + 2, root, root, "an answer");
    struct post_id below = person_reply(&posts, &eli, OLD_S + 3, root, reply, "and another");
    struct post_id heart = person_react(&posts, &eli, OLD_S + 4, below, POST_HEART);
    aged();
    expect(&naming, true);
    expect(&reply, true);
    expect(&below, true);
    expect(&heart, true);
}

static void what_a_friend_answers_or_echoes_is_kept_with_it(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
    struct post_id middle = person_reply(&posts, &dana, OLD_S + 1, root, root, "between");
    struct post_id aside = person_reply(&posts, &eli, OLD_S + 2, root, root, "aside");
    struct post_id echo = person_echo(&posts, &ana, NOW_S - 5, middle, "look");
    aged();
    assert_true(in_archive(&root));
    assert_true(in_archive(&echo)); /* new as it is: it says why the others are there */
    assert_true(in_store(&echo));
    expect(&root, true);
    expect(&middle, true);
    expect(&echo, true);
    expect(&aside, false);
}

/* --- and for whom -------------------------------------------------------------------------------
 */

static void what_only_a_blocked_friend_led_to_is_gone_with_the_friend(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
    struct post_id echo = person_echo(&posts, &ana, OLD_S + 1, root, "look");
    aged();
    struct post_id later = person_reply(&posts, &dana, NOW_S, root, root, "today");
    put_new();
    expect(&later, true);
    block(&ana);
    assert_int_equal(view_check(view, now_s, &note), ERR_OK);
    expect(&echo, false);
    expect(&root, false); /* as if the echo had never come */
    expect(&later, false);
    unblock();
    assert_int_equal(view_check(view, now_s, &note), ERR_OK);
    expect(&root, true);
    expect(&later, true);
}

static struct vault_shield shield = {
    .kind = VAULT_SHIELD_WORD, .text_len = 4, .text = {'h', 'a', 'r', 'm'}};

static void what_only_a_shielded_post_led_to_is_shielded(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
    struct post_id other = person_text(&posts, &cem, OLD_S + 1, "said later", NULL);
    person_echo(&posts, &ana, OLD_S + 2, root, "harm in it");
    person_echo(&posts, &ana, OLD_S + 3, other, "harm in this too");
    person_echo(&posts, &ana, OLD_S + 4, other, "look");
    aged();
    contents.shields = &shield;
    contents.shields_count = 1;
    load();
    assert_int_equal(view_check(view, now_s, &note), ERR_OK);
    assert_false(view_visible(view, &root, VIEW_STRANGERS, now_s));
    assert_true(view_visible(view, &other, VIEW_STRANGERS, now_s));
    expect(&root, true); /* to whoever asks for the shielded */
    contents.shields_count = 0;
    load();
    assert_true(view_visible(view, &root, VIEW_STRANGERS, now_s));
}

static void expect_name(const struct person *whose, const char *name)
{
    struct view_person person;
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(view_person(view, &person, &whose->key, now_s, &note), ERR_OK);
        assert_true(octets_equal(person.name, octets_of_text(name)));
        reopen();
    }
}

static void a_name_in_a_shielded_profile_takes_the_place_of_none(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    follow(&cem);
    struct post_id ana_before = person_profile(&posts, &ana, OLD_S, "Ana", "");
    person_profile(&posts, &ana, OLD_S + 1, "Ana, harm", "");
    person_profile(&posts, &cem, OLD_S + 1, "Cem", "harm");
    aged();
    assert_true(in_store(&ana_before));
    person_profile(&posts, &cem, OLD_S, "Cem before", ""); /* it comes when a later one is there */
    put_new();
    expect_name(&ana, "Ana, harm");
    expect_name(&cem, "Cem");
    contents.shields = &shield;
    contents.shields_count = 1;
    load();
    assert_int_equal(view_check(view, now_s, &note), ERR_OK);
    expect_name(&ana, "Ana");
    expect_name(&cem, "Cem before");
    contents.shields_count = 0;
    load();
    expect_name(&ana, "Ana, harm");
    expect_name(&cem, "Cem");
}

static void whoever_is_followed_later_does_not_bring_back_what_left(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
    person_echo(&posts, &ana, OLD_S + 1, root, "look");
    person_echo(&posts, &dana, NOW_S - 40 * (uint64_t)DAY_S, root, "look here too");
    aged();
    follow(&dana);
    now_s += 60 * (uint64_t)DAY_S;
    aged(); /* dana's echo is kept too, but the root had left by then */
    expect(&root, true);
    block(&ana);
    expect(&root, false);
}

static void one_friend_is_enough(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    follow(&dana);
    struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
    person_echo(&posts, &ana, OLD_S + 1, root, "look");
    struct post_id echo = person_echo(&posts, &dana, NOW_S - 40 * (uint64_t)DAY_S, root, "here");
    aged();
    block(&ana);
    expect(&root, true);
    now_s += 60 * (uint64_t)DAY_S;
    aged();
    expect(&root, true);
    expect(&echo, true);
}

static void unfollowing_loses_nothing_that_is_kept(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id friend = person_text(&posts, &ana, OLD_S, "from ana", NULL);
    struct post_id later = person_text(&posts, &ana, NOW_S, "from ana again", NULL);
    aged();
    contents.follows_count = 0;
    load();
    now_s += 100 * (uint64_t)DAY_S;
    aged();
    expect(&friend, true);
    expect(&later, false);
}

static void what_was_kept_before_a_block_is_back_after_it(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id before = person_text(&posts, &ana, OLD_S, "before", NULL);
    put_new();
    block(&ana);
    struct post_id during = person_text(&posts, &ana, OLD_S + 1, "during", NULL);
    aged();
    assert_true(in_archive(&before));
    assert_false(in_archive(&during)); /* nobody would ever be shown it */
    expect(&before, false);
    unblock();
    expect(&before, true);
    expect(&during, false);
}

/* --- what goes all the same ---------------------------------------------------------------------
 */

static void what_its_author_takes_back_leaves_the_archive(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id kept = person_text(&posts, &ana, OLD_S, "a word nobody else says", NULL);
    struct post_id other = person_text(&posts, &ana, OLD_S + 1, "quiet", NULL);
    aged();
    assert_int_equal(found_count("nobody"), 1);
    person_retract(&posts, &ana, NOW_S, kept);
    person_retract(&posts, &cem, NOW_S, other); /* not hers to take back */
    put_new();
    assert_false(view_visible(view, &kept, VIEW_ALL, now_s)); /* at once */
    reopen();                                                 /* the archive was not told yet */
    assert_false(view_visible(view, &kept, VIEW_ALL, now_s));
    now_s += STORE_IDLE_S + 1;
    assert_int_equal(age(), ERR_OK);
    assert_false(in_archive(&kept));
    expect(&kept, false);
    expect(&other, true);
    assert_int_equal(found_count("nobody"), 0);
}

static void what_expires_leaves_the_archive(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_draft draft = {
        .kind = POST_TEXT, .created_s = OLD_S, .expires_s = NOW_S + 3 * (uint64_t)DAY_S};
    draft.text = octets_of_text("for a while");
    struct post_id kept = person_draft(&posts, &ana, &draft);
    aged();
    expect(&kept, true);
    now_s += 3 * (uint64_t)DAY_S;
    assert_false(view_visible(view, &kept, VIEW_ALL, now_s));
    now_s += DAY_S;
    assert_int_equal(age(), ERR_OK);
    assert_false(in_archive(&kept));
}

static void what_a_wrong_clock_takes_for_expired_is_kept(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_draft draft = {
        .kind = POST_TEXT, .created_s = OLD_S, .expires_s = NOW_S + 3 * (uint64_t)DAY_S};
    draft.text = octets_of_text("for a while");
    struct post_id kept = person_draft(&posts, &ana, &draft);
    put_new();
    store_settle(store, NOW_S);
    store_settle(archive_store(archive), NOW_S);
    now_s += 10 * (uint64_t)DAY_S;
    assert_int_equal(age(), ERR_OK);
    assert_int_equal(store_floor(store), (TODAY - 90) * (uint64_t)DAY_S);
    assert_false(seen(&kept));
    now_s = NOW_S;
    expect(&kept, true);
}

/* --- reading both -------------------------------------------------------------------------------
 */

static void search_and_export_find_both(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    person_text(&posts, &ana, OLD_S, "the harbour at night", NULL);
    person_text(&posts, &ana, NOW_S - 7, "the harbour by day", NULL);
    aged();
    assert_int_equal(found_count("harbour"), 2);
    assert_int_equal(found_count("night"), 1);
    reopen();
    assert_int_equal(found_count("harbour"), 2);
    struct view_export walk = {.reach = VIEW_ALL};
    struct octets wire;
    size_t count = 0;
    while (view_export_next(view, &wire, &walk, now_s, &note) == ERR_OK) {
        count++;
    }
    assert_int_equal(count, 2);
}

static void a_post_dated_before_the_floor_comes_no_more(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    person_text(&posts, &ana, OLD_S, "in time", NULL);
    aged();
    person_text(&posts, &ana, OLD_S + 1, "too late", NULL);
    assert_int_equal(put(1), STORE_REFUSED);
}

static void the_floor_waits_until_what_is_kept_is_safe(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id kept = person_text(&posts, &ana, OLD_S, "hold on", NULL);
    put_new();
    assert_int_equal(tend(store, now_s), ERR_OK);
    assert_int_equal(store_floor(store), 0);
    assert_int_equal(store_floor_due(store), (TODAY - 90) * (uint64_t)DAY_S);
    file_memory_full(files, true);
    assert_int_not_equal(age(), ERR_OK);
    assert_int_equal(store_floor(store), 0);
    assert_true(seen(&kept));
    file_memory_full(files, false);
    now_s += STORE_RETRY_S + 1;
    aged();
    expect(&kept, true);
}

static struct view_keep *keep_begun(void)
{
    struct view_keep *keep = NULL;
    put_new();
    assert_int_equal(tend(store, now_s), ERR_OK);
    assert_int_equal(view_keep_begin(&keep, view, archive, store_floor_due(store), now_s, &note),
                     ERR_OK);
    return keep;
}

/* True when the floor is there. */
static bool steps(struct view_keep *keep, unsigned count)
{
    bool done = false;
    for (unsigned i = 0; i < count && !done; i++) {
        assert_int_equal(view_keep_step(keep, &done, now_s, &note), ERR_OK);
    }
    return done;
}

/* The archive is told of a retract between two steps, too. */
static void what_came_for_anothers_sake_is_kept_itself_once_its_author_is_followed(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
    (void)person_echo(&posts, &ana, OLD_S + 1, root, "look");
    struct post_id gone = person_text(&posts, &ana, OLD_S + 2, "no longer", NULL);
    struct view_keep *keep = keep_begun();
    assert_false(steps(keep, 2)); /* one for each reason */
    view_keep_free(keep);
    assert_true(in_archive(&root) && in_archive(&gone));
    follow(&cem);
    keep = keep_begun();
    (void)person_retract(&posts, &ana, NOW_S, gone);
    put_new();
    bool more = false;
    assert_int_equal(view_keep_retracts(view, archive, &more, now_s, &note), ERR_OK);
    assert_true(steps(keep, 2));
    view_keep_free(keep);
    block(&ana);
    expect(&root, true);
}

static void what_comes_late_and_concerns_nobody_holds_up_no_floor(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    struct post_id kept = person_text(&posts, &ana, OLD_S, "hold on", NULL);
    struct view_keep *keep = keep_begun();
    bool done = false;
    for (uint64_t i = 0; i < 10 && !done; i++) {
        (void)person_text(&posts, &eli, OLD_S + 1 + i, "no concern", NULL);
        put_new();
        done = steps(keep, 1);
    }
    view_keep_free(keep);
    assert_true(done);
    expect(&kept, true);
}

static void a_shut_view_chooses_nothing(void **state)
{
    (void)state;
    put_count = 0;
    person_text(&posts, &ana, OLD_S, "hold on", NULL);
    put_new();
    view_shut(view);
    assert_int_equal(age(), ERR_ROLLBACK);
    assert_int_equal(store_floor(store), 0);
    view_open_again(view);
    aged();
}

static void the_archive_opens_under_its_own_key_alone(void **state)
{
    (void)state;
    put_count = 0;
    follow(&ana);
    person_text(&posts, &ana, OLD_S, "sealed", NULL);
    aged();
    archive_close(archive);
    archive = NULL;
    view_free(view);
    view = NULL;
    struct archive *other = NULL;
    assert_int_equal(archive_open(&other, files, store_key, &note), ERR_DAMAGED);
    assert_int_equal(files->remove(files, "archive/kept", &note), ERR_OK);
    assert_int_equal(archive_open(&other, files, archive_key_of, &note), ERR_DAMAGED);
}

/* --- crashes ------------------------------------------------------------------------------------
 */

static void a_crash_at_any_call_loses_nothing_that_is_kept(void **state)
{
    (void)state;
    for (enum file_memory_outcome outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR;
         outcome++) {
        bool crashed = true;
        for (uint64_t nth = 1; crashed; nth++) {
            (void)tear_down(state);
            (void)set_up(state);
            put_count = 0;
            follow(&ana);
            struct post_id root = person_text(&posts, &cem, OLD_S, "said long ago", NULL);
            struct post_id friend = person_text(&posts, &ana, OLD_S + 1, "from ana", NULL);
            struct post_id reply = person_reply(&posts, &dana, OLD_S + 2, friend, friend, "yes");
            struct post_id echo = person_echo(&posts, &ana, NOW_S - 5, root, "look");
            struct post_id other = person_text(&posts, &eli, OLD_S + 3, "no concern", NULL);
            put_new();
            file_memory_crash_at(files, nth);
            (void)age();
            crashed = file_memory_crashed(files);
            file_memory_crash(files);
            close_all();
            file_memory_restart(files, outcome);
            assert_int_equal(open_all(), ERR_OK);
            assert_true(seen(&root) && seen(&friend) && seen(&reply) && seen(&echo));
            assert_int_equal(age(), ERR_OK);
            assert_true(seen(&root) && seen(&friend) && seen(&reply) && seen(&echo));
            assert_false(seen(&other));
            assert_true(store_floor(store) > 0 && !in_store(&friend) && in_archive(&friend));
            block(&ana);
            assert_false(seen(&root));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_timeline_lists_outlives_the_store, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_names_her_and_what_answers_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_friend_answers_or_echoes_is_kept_with_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_only_a_blocked_friend_led_to_is_gone_with_the_friend,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_in_a_shielded_profile_takes_the_place_of_none,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_only_a_shielded_post_led_to_is_shielded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(whoever_is_followed_later_does_not_bring_back_what_left,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_friend_is_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unfollowing_loses_nothing_that_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_kept_before_a_block_is_back_after_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_its_author_takes_back_leaves_the_archive, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_expires_leaves_the_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_wrong_clock_takes_for_expired_is_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(search_and_export_find_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_post_dated_before_the_floor_comes_no_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_floor_waits_until_what_is_kept_is_safe, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            what_came_for_anothers_sake_is_kept_itself_once_its_author_is_followed, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(what_comes_late_and_concerns_nobody_holds_up_no_floor,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shut_view_chooses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_archive_opens_under_its_own_key_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_crash_at_any_call_loses_nothing_that_is_kept, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
