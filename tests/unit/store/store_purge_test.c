#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S     1000000
#define LATER_S   (NOW_S + 60) /* a minute of idle time */
#define DAY_S     86400
#define POSTS_MAX 64

static const uint8_t key[32] = {1, 2, 3};
static struct err_note note;
static struct person ana, bea;
static struct files *files;
static struct store *store;
static struct posts posts;
static enum store_put_result results[POSTS_MAX];

static enum err_code open_store(void)
{
    return store_open(&store, files, key, STORE_READ, &note);
}

static int set_up(void **state)
{
    (void)state;
    ana = person_of("ana");
    bea = person_of("bea");
    posts = (struct posts){0};
    files = file_memory_new(1);
    assert_int_equal(open_store(), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    posts_free(&posts);
    file_memory_free(files);
    return 0;
}

static enum err_code try_put(size_t first, size_t count, uint64_t now_s)
{
    struct post decoded[POSTS_MAX];
    for (size_t i = 0; i < count; i++) {
        decoded[i] = posts_decoded(&posts, first + i);
    }
    return store_put(store, results, decoded, posts.wires + first, count, now_s, &note);
}

static void put(size_t first, size_t count)
{
    assert_int_equal(try_put(first, count, NOW_S), ERR_OK);
}

static enum err_code tend(uint64_t now_s)
{
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = store_tend(store, &more, now_s, &note);
    }
    return rc;
}

static enum err_code body_of(size_t i)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    enum err_code rc = store_body(store, &wire, &posts.ids[i], &note);
    assert_true(rc != ERR_OK || octets_equal(octets_of(wire.at, wire.len), posts.wires[i]));
    return rc;
}

static bool known(size_t i)
{
    bool is_known;
    assert_int_equal(store_known(store, &is_known, &posts.ids[i], 1, &note), ERR_OK);
    return is_known;
}

static bool refuses(size_t i)
{
    bool refused;
    assert_int_equal(store_refuses(store, &refused, posts.wires[i], &posts.ids[i], NOW_S, &note),
                     ERR_OK);
    return refused;
}

static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_int_equal(open_store(), ERR_OK);
}

/* Twenty posts of Ana, of which she takes back the first two. */
static void put_and_take_back(void)
{
    for (uint64_t i = 0; i < 20; i++) {
        person_text(&posts, &ana, 1000 + i, "what I said and wish to take back now", "metoo");
    }
    put(0, 20);
    person_retract(&posts, &ana, 2000, posts.ids[0]);
    person_retract(&posts, &ana, 2001, posts.ids[1]);
    put(20, 2);
}

static void what_is_taken_back_is_out_of_the_files_within_a_minute(void **state)
{
    (void)state;
    put_and_take_back();
    size_t before = file_memory_len(files, "log/00000000.0");
    assert_int_equal(tend(NOW_S + 1), ERR_OK); /* posts still arrive */
    assert_true(file_exists(files, "log/00000000.0"));
    assert_int_equal(tend(LATER_S), ERR_OK);
    assert_false(file_exists(files, "log/00000000.0"));
    assert_true(file_exists(files, "log/00000000.1"));
    assert_true(file_memory_len(files, "log/00000000.1") + posts.wires[0].len < before);
    for (unsigned times = 0; times < 3; times++) {
        for (size_t i = 0; i < 22; i++) {
            assert_int_equal(body_of(i), i < 2 ? ERR_NOT_FOUND : ERR_OK);
            assert_true(known(i));
        }
        assert_int_equal(store_stats(store).posts_count, 20);
        assert_int_equal(store_stats(store).quarantined_count, 0);
        reopen();
    }
    put(0, 1);
    assert_int_equal(results[0], STORE_REFUSED);
    /* Nothing is left to do. */
    assert_int_equal(tend(LATER_S), ERR_OK);
    uint64_t calls = file_memory_calls(files, FILE_MEMORY_ANY);
    assert_int_equal(tend(LATER_S), ERR_OK);
    assert_int_equal(file_memory_calls(files, FILE_MEMORY_ANY), calls);
}

/* The first copy, which does not read, and the one that was fetched again. */
static void what_was_damaged_and_fetched_again_is_taken_back_from_both_places(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20; i++) {
        person_text(&posts, &ana, 1000 + i, "what I said and wish to take back now", "metoo");
    }
    put(0, 20);
    size_t at = file_memory_len(files, "log/00000000.0") / 2;
    uint8_t rest[24];
    file_memory_flip(files, "log/00000000.0", at, 1);
    memcpy(rest, file_memory_octets(files, "log/00000000.0").at + at - 12, sizeof rest);
    size_t damaged = 0;
    while (damaged < 20 && body_of(damaged) == ERR_OK) {
        damaged++;
    }
    assert_true(damaged < 20);
    assert_false(known(damaged));
    assert_int_equal(tend(LATER_S), ERR_OK);
    assert_false(file_memory_contains(files, rest, sizeof rest));
    put(damaged, 1);
    assert_int_equal(results[0], STORE_NEW);
    person_retract(&posts, &ana, 2000, posts.ids[damaged]);
    put(20, 1);
    assert_int_equal(tend(LATER_S), ERR_OK);
    for (unsigned times = 0; times < 2; times++) {
        for (size_t i = 0; i < 21; i++) {
            assert_int_equal(body_of(i), i == damaged ? ERR_NOT_FOUND : ERR_OK);
        }
        reopen();
    }
}

/* A relay whose community never sleeps. */
static void where_posts_never_cease_to_arrive_it_is_out_within_an_hour(void **state)
{
    (void)state;
    put_and_take_back();
    assert_int_equal(tend(NOW_S + 1), ERR_OK);
    person_text(&posts, &bea, 3000, "meanwhile", NULL);
    person_text(&posts, &bea, 3001, "and again", NULL);
    assert_int_equal(try_put(22, 1, NOW_S + 3590), ERR_OK);
    assert_int_equal(tend(NOW_S + 3591), ERR_OK);
    assert_true(file_exists(files, "log/00000000.0"));
    assert_int_equal(try_put(23, 1, NOW_S + 3601), ERR_OK);
    assert_int_equal(tend(NOW_S + 3602), ERR_OK);
    assert_false(file_exists(files, "log/00000000.0"));
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(body_of(i), i < 2 ? ERR_NOT_FOUND : ERR_OK);
    }
}

static void a_clock_that_was_set_back_keeps_nothing_in_the_files(void **state)
{
    (void)state;
    put_and_take_back();
    assert_int_equal(tend(NOW_S - DAY_S), ERR_OK);
    assert_false(file_exists(files, "log/00000000.0"));
}

static void what_expired_is_out_of_the_files(void **state)
{
    (void)state;
    person_text(&posts, &ana, 1000, "me too", "metoo");
    struct post_draft draft = {.kind = POST_TEXT,
                               .created_s = 1001,
                               .expires_s = NOW_S + 100,
                               .text = octets_of_text("for a while")};
    person_draft(&posts, &ana, &draft);
    put(0, 2);
    assert_int_equal(results[1], STORE_NEW);
    assert_int_equal(tend(LATER_S), ERR_OK);
    assert_true(file_exists(files, "log/00000000.0"));
    assert_int_equal(tend(NOW_S + 2 * DAY_S), ERR_OK);
    assert_false(file_exists(files, "log/00000000.0"));
    assert_int_equal(body_of(0), ERR_OK);
    assert_int_equal(body_of(1), ERR_NOT_FOUND);
    reopen();
    assert_int_equal(body_of(0), ERR_OK);
    assert_int_equal(body_of(1), ERR_NOT_FOUND);
}

static void posts_arrive_while_it_is_purged(void **state)
{
    (void)state;
    put_and_take_back();
    bool more = true;
    assert_int_equal(store_tend(store, &more, LATER_S, &note), ERR_OK);
    person_text(&posts, &bea, 3000, "meanwhile", NULL);
    put(22, 1);
    assert_int_equal(tend(LATER_S + 60), ERR_OK);
    for (unsigned times = 0; times < 2; times++) {
        for (size_t i = 2; i < 23; i++) {
            assert_int_equal(body_of(i), ERR_OK);
        }
        assert_int_equal(body_of(0), ERR_NOT_FOUND);
        reopen();
    }
}

static void a_crash_while_purging_loses_nothing_and_it_is_done_later(void **state)
{
    (void)state;
    put_and_take_back();
    store_close(store);
    store = NULL;
    struct files *whole = files;
    for (unsigned outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
        bool ended = false;
        for (uint64_t at = 1; !ended; at++) {
            files = file_memory_copy(whole);
            file_memory_crash_at(files, at);
            if (open_store() == ERR_OK) {
                (void)tend(LATER_S);
            }
            ended = !file_memory_crashed(files);
            store_close(store);
            store = NULL;
            file_memory_crash(files);
            file_memory_restart(files, (enum file_memory_outcome)outcome);
            assert_int_equal(open_store(), ERR_OK);
            assert_int_equal(tend(LATER_S), ERR_OK);
            for (size_t i = 0; i < 22; i++) {
                assert_int_equal(body_of(i), i < 2 ? ERR_NOT_FOUND : ERR_OK);
            }
            assert_false(file_exists(files, "log/00000000.0"));
            assert_int_equal(store_stats(store).quarantined_count, 0);
            store_close(store);
            store = NULL;
            file_memory_free(files);
        }
    }
    files = whole;
}

static void after_an_error_puts_are_refused_and_then_go_on(void **state)
{
    (void)state;
    static const enum err_code codes[] = {ERR_NO_SPACE, ERR_IO};
    static const enum file_memory_call calls[] = {FILE_MEMORY_APPEND, FILE_MEMORY_SYNC};
    uint64_t now_s = NOW_S;
    for (size_t i = 0; i < 8; i++) {
        person_text(&posts, &ana, 1000 + i, "me too", "metoo");
    }
    size_t kept = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(try_put(2 * i, 1, now_s), ERR_OK);
        file_memory_fail(files, calls[i / 2], 1, codes[i % 2]);
        assert_int_equal(try_put(2 * i + 1, 1, now_s), codes[i % 2]);
        assert_int_equal(try_put(2 * i + 1, 1, now_s + 1), codes[i % 2]);
        assert_false(known(2 * i + 1));
        now_s += 60;
        kept++;
    }
    assert_int_equal(try_put(1, 1, now_s), ERR_OK);
    assert_int_equal(results[0], STORE_NEW);
    for (unsigned times = 0; times < 2; times++) {
        for (size_t i = 0; i < 8; i++) {
            assert_int_equal(body_of(i), i % 2 == 0 || i == 1 ? ERR_OK : ERR_NOT_FOUND);
        }
        assert_int_equal(store_stats(store).posts_count, kept + 1);
        reopen();
    }
}

static void a_disk_that_stays_full_is_asked_again_now_and_then(void **state)
{
    (void)state;
    uint64_t now_s = NOW_S;
    person_text(&posts, &ana, 1000, "me too", "metoo");
    person_text(&posts, &ana, 1001, "me too", "metoo");
    put(0, 1);
    for (size_t i = 0; i < 10; i++) {
        file_memory_fail(files, FILE_MEMORY_APPEND, 1, ERR_NO_SPACE);
        assert_int_equal(try_put(1, 1, now_s), ERR_NO_SPACE);
        uint64_t calls = file_memory_calls(files, FILE_MEMORY_ANY);
        assert_int_equal(try_put(1, 1, now_s + 1), ERR_NO_SPACE);
        assert_int_equal(file_memory_calls(files, FILE_MEMORY_ANY), calls);
        now_s += STORE_RETRY_S;
    }
    assert_int_equal(try_put(1, 1, now_s), ERR_OK);
    assert_int_equal(body_of(0), ERR_OK);
    assert_int_equal(body_of(1), ERR_OK);
}

/* Asked before a post is checked and forwarded. */
static void what_is_above_a_quota_is_refused_before_it_is_put(void **state)
{
    (void)state;
    struct quota_limits limits = {.day_posts = 100, .standing_posts = 2};
    struct person relay = person_of("relay");
    bool refused = true;
    for (size_t i = 0; i < 4; i++) {
        struct key subject = {{(uint8_t)(i + 1)}};
        person_vouch(&posts, i < 3 ? &ana : &relay, 1000 + i * DAY_S, &subject, NULL);
    }
    assert_false(refuses(2)); /* a person's store has no quotas */
    assert_int_equal(store_limit(store, &limits, &relay.key, &note), ERR_OK);
    put(0, 2);
    assert_true(refuses(2));
    assert_true(known(2));
    assert_false(refuses(3));
    assert_int_equal(
        store_refuses(store, &refused, octets_of(NULL, 0), &posts.ids[3], NOW_S, &note), ERR_OK);
    assert_false(refused);
    put(2, 2);
    assert_int_equal(results[0], STORE_REFUSED);
    assert_int_equal(results[1], STORE_NEW);
}

static void nobody_takes_more_than_a_quota_and_nobody_else_pays_for_it(void **state)
{
    (void)state;
    struct quota_limits limits = {.day_posts = 10, .all_octets = 3000};
    struct person relay = person_of("relay");
    for (size_t i = 0; i < 15; i++) {
        person_text(&posts, &ana, 1000 + i, "me too", "metoo");
    }
    person_text(&posts, &bea, 1000, "me too", "metoo");
    for (size_t i = 0; i < 15; i++) {
        person_text(&posts, &relay, 1000 + i, "welcome", NULL);
    }
    assert_int_equal(store_limit(store, &limits, &relay.key, &note), ERR_OK);
    put(0, posts.count);
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(results[i], i < 10 || i >= 15 ? STORE_NEW : STORE_REFUSED);
        assert_true(known(i));
    }
    reopen();
    assert_int_equal(store_limit(store, &limits, &relay.key, &note), ERR_OK);
    put(10, 1);
    assert_int_equal(results[0], STORE_REFUSED);
    /* In all: octets of other days. */
    size_t before = posts.count;
    for (size_t i = 0; i < 20; i++) {
        person_text(&posts, &ana, (i + 2) * DAY_S / 2, "a text of a certain length, no more", NULL);
    }
    put(before, 20);
    size_t len = 0;
    size_t kept = 0;
    for (size_t i = 0; i < 10; i++) {
        len += posts.wires[i].len;
    }
    for (size_t i = 0; i < 20; i++) {
        bool fits = len + posts.wires[before + i].len <= 3000;
        assert_int_equal(results[i], fits ? STORE_NEW : STORE_REFUSED);
        len += fits ? posts.wires[before + i].len : 0;
        kept += fits ? 1 : 0;
    }
    assert_in_range(kept, 2, 18);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_taken_back_is_out_of_the_files_within_a_minute),
        TEST(what_was_damaged_and_fetched_again_is_taken_back_from_both_places),
        TEST(where_posts_never_cease_to_arrive_it_is_out_within_an_hour),
        TEST(a_clock_that_was_set_back_keeps_nothing_in_the_files),
        TEST(what_expired_is_out_of_the_files),
        TEST(posts_arrive_while_it_is_purged),
        TEST(a_crash_while_purging_loses_nothing_and_it_is_done_later),
        TEST(after_an_error_puts_are_refused_and_then_go_on),
        TEST(what_is_above_a_quota_is_refused_before_it_is_put),
        TEST(nobody_takes_more_than_a_quota_and_nobody_else_pays_for_it),
        TEST(a_disk_that_stays_full_is_asked_again_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
