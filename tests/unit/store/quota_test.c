#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/octets.h"
#include "store/quota.h"

#define DAY_S    86400
#define NOW_S    (100 * DAY_S + 1000)
#define KEPT_MAX 20000

static struct err_note note;
static struct quota *quota;
/* What is kept, as the store would say. */
static struct quota_post kept[KEPT_MAX];
static size_t kept_count;
static size_t questions_count;
static enum err_code answer;

static bool is_in(const struct quota_post *post, const struct quota_span *span)
{
    return key_equal(&post->author, &span->author) && post->created_s >= span->from_s &&
           post->created_s < span->until_s;
}

static enum err_code posts(void *context, uint64_t *count, const struct quota_span *span,
                           struct err_note *unused)
{
    (void)context;
    (void)unused;
    questions_count++;
    *count = 0;
    for (size_t i = 0; i < kept_count; i++) {
        *count += is_in(&kept[i], span) && (kept[i].stands || !span->standing) ? 1 : 0;
    }
    return answer;
}

static enum err_code octets(void *context, uint64_t *len, const struct quota_span *span,
                            struct err_note *unused)
{
    (void)context;
    (void)unused;
    questions_count++;
    *len = 0;
    for (size_t i = 0; i < kept_count; i++) {
        *len += is_in(&kept[i], span) ? kept[i].wire_len : 0;
    }
    return answer;
}

static void begin(const struct quota_limits *limits)
{
    struct quota_source source = {.posts = posts, .octets = octets};
    quota_free(quota);
    assert_int_equal(quota_new(&quota, limits, &source), ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    kept_count = 0;
    questions_count = 0;
    answer = ERR_OK;
    quota = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    quota_free(quota);
    return 0;
}

static struct quota_post post_of(uint32_t author, uint64_t created_s, size_t wire_len)
{
    struct quota_post post = {.created_s = created_s, .wire_len = wire_len};
    octets_put_u32be(post.author.octets, author);
    return post;
}

static bool take_at(const struct quota_post *post, uint64_t now_s)
{
    bool allowed = false;
    assert_int_equal(quota_take(quota, &allowed, post, now_s, &note), ERR_OK);
    if (allowed) {
        kept[kept_count++] = *post;
        quota_kept(quota);
    }
    return allowed;
}

static bool take(uint32_t author, uint64_t created_s, size_t wire_len)
{
    struct quota_post post = post_of(author, created_s, wire_len);
    return take_at(&post, NOW_S);
}

static void so_many_posts_a_day(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 3});
    for (size_t i = 0; i < 3; i++) {
        assert_true(take(1, NOW_S, 400));
    }
    assert_false(take(1, NOW_S, 400));
    assert_true(take(1, NOW_S - DAY_S, 400)); /* another day */
    assert_true(take(2, NOW_S, 400));         /* another author */
}

static void so_many_in_all(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.all_posts = 5, .day_posts = 3});
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(take(1, i * DAY_S, 400));
    }
    assert_false(take(1, 50 * DAY_S, 400));
    assert_true(take(2, 50 * DAY_S, 400));
}

/* What stands never leaves by itself: there is less of it in all. */
static void so_many_that_stand(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.all_posts = 100, .standing_posts = 3});
    struct quota_post vouch = post_of(1, NOW_S, 200);
    vouch.stands = true;
    struct quota_post retract = vouch;
    retract.takes_back = true;
    for (uint64_t i = 0; i < 3; i++) {
        vouch.created_s = i * DAY_S;
        assert_true(take_at(&vouch, NOW_S));
    }
    vouch.created_s = 7 * DAY_S;
    assert_false(take_at(&vouch, NOW_S));
    assert_true(take(1, NOW_S, 400)); /* what can leave */
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(take_at(&retract, NOW_S));
    }
    assert_false(take_at(&retract, NOW_S));
    vouch.author.octets[0] = 9;
    assert_true(take_at(&vouch, NOW_S));
}

static bool allows(uint32_t author, uint64_t now_s)
{
    struct quota_post post = post_of(author, NOW_S, 400);
    bool allowed = false;
    assert_int_equal(quota_allows(quota, &allowed, &post, now_s, &note), ERR_OK);
    return allowed;
}

static void asking_counts_nothing(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 2});
    for (size_t i = 0; i < 5; i++) {
        assert_true(allows(1, NOW_S));
    }
    assert_true(take(1, NOW_S, 400));
    assert_true(allows(1, NOW_S));
    assert_true(take(1, NOW_S, 400));
    assert_false(allows(1, NOW_S));
    assert_true(allows(2, NOW_S));
    kept_count = 0; /* all of it left */
    assert_false(allows(1, NOW_S + 1));
    assert_true(allows(1, NOW_S + 60));
    answer = ERR_IO;
    struct quota_post post = post_of(3, NOW_S, 400);
    bool allowed = true;
    assert_int_equal(quota_allows(quota, &allowed, &post, NOW_S, &note), ERR_IO);
}

/* The source may count what is just being stored, or not. */
static void while_something_is_taken_nobody_is_counted(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 1});
    struct quota_post post = post_of(1, NOW_S, 400);
    bool allowed = false;
    assert_int_equal(quota_take(quota, &allowed, &post, NOW_S, &note), ERR_OK);
    assert_true(allowed);
    size_t before = questions_count;
    assert_true(allows(2, NOW_S));
    assert_false(allows(1, NOW_S + 100));
    assert_int_equal(questions_count, before);
    quota_forget(quota);
    assert_true(allows(1, NOW_S));
    assert_true(questions_count > before);
}

static void so_many_octets(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_octets = 1000, .all_octets = 2500});
    assert_true(take(1, NOW_S, 600));
    assert_false(take(1, NOW_S, 401));
    assert_true(take(1, NOW_S, 400));
    assert_true(take(1, NOW_S - DAY_S, 1000));
    assert_false(take(1, NOW_S - 2 * DAY_S, 600));
    assert_true(take(1, NOW_S - 2 * DAY_S, 500));
    assert_true(take(2, NOW_S, 1000));
}

static void a_restart_gives_nothing_for_free(void **state)
{
    (void)state;
    struct quota_limits limits = {.day_posts = 4, .day_octets = 1500};
    begin(&limits);
    assert_true(take(1, NOW_S, 700));
    assert_true(take(1, NOW_S, 700));
    for (size_t i = 0; i < 3; i++) {
        begin(&limits);
        assert_false(take(1, NOW_S, 700));
    }
    assert_true(take(1, NOW_S, 100));
    begin(&limits);
    assert_false(take(1, NOW_S, 1));
}

static void taking_back_stays_possible(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 2});
    assert_true(take(1, NOW_S, 400));
    assert_true(take(1, NOW_S, 400));
    struct quota_post retract = post_of(1, NOW_S, 200);
    retract.takes_back = true;
    assert_true(take_at(&retract, NOW_S));
    assert_true(take_at(&retract, NOW_S));
    assert_false(take_at(&retract, NOW_S)); /* but not without end */
}

static void what_left_makes_room_again(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 2});
    assert_true(take(1, NOW_S, 400));
    assert_true(take(1, NOW_S, 400));
    kept_count--; /* retracted, say */
    struct quota_post post = post_of(1, NOW_S, 400);
    assert_false(take_at(&post, NOW_S + 1));
    assert_true(take_at(&post, NOW_S + 60));
}

static void what_was_not_kept_after_all_does_not_count(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 2});
    assert_true(take(1, NOW_S, 400));
    assert_true(take(1, NOW_S, 400));
    kept_count = 1; /* the batch failed */
    assert_false(take(1, NOW_S, 400));
    quota_forget(quota);
    assert_true(take(1, NOW_S, 400));
}

static void what_the_source_does_not_count_yet_counts(void **state)
{
    (void)state;
    bool allowed = false;
    begin(&(struct quota_limits){.day_posts = 4, .day_octets = 1500});
    assert_true(take(1, NOW_S, 500));
    begin(&(struct quota_limits){.day_posts = 4, .day_octets = 1500});
    struct quota_post post = post_of(1, NOW_S, 500);
    for (size_t i = 0; i < 3; i++) { /* one batch */
        assert_int_equal(quota_take(quota, &allowed, &post, NOW_S + 100 * i, &note), ERR_OK);
        assert_int_equal(allowed, i < 2);
    }
}

static void any_number_of_authors_is_counted_right(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 2});
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t author = 0; author < 6000; author++) {
            if (kept_count > 0 && author % 10 != 0) {
                continue; /* counting is slow here */
            }
            assert_int_equal(take(author, NOW_S, 10), round < 2);
        }
    }
}

static void somebody_who_is_remembered_is_not_counted_again(void **state)
{
    (void)state;
    begin(&(struct quota_limits){.day_posts = 100, .all_posts = 1000, .day_octets = 50000000});
    for (size_t i = 0; i < 100; i++) {
        assert_true(take(1, NOW_S, 400));
    }
    assert_int_equal(questions_count, 2);
}

static void an_error_in_counting_is_passed_on(void **state)
{
    (void)state;
    bool allowed = true;
    begin(&(struct quota_limits){.day_posts = 2});
    answer = ERR_IO;
    struct quota_post post = post_of(1, NOW_S, 400);
    assert_int_equal(quota_take(quota, &allowed, &post, NOW_S, &note), ERR_IO);
    answer = ERR_OK;
    assert_true(take(1, NOW_S, 400));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(so_many_posts_a_day),
        TEST(so_many_that_stand),
        TEST(asking_counts_nothing),
        TEST(while_something_is_taken_nobody_is_counted),
        TEST(so_many_in_all),
        TEST(so_many_octets),
        TEST(a_restart_gives_nothing_for_free),
        TEST(taking_back_stays_possible),
        TEST(what_left_makes_room_again),
        TEST(what_was_not_kept_after_all_does_not_count),
        TEST(what_the_source_does_not_count_yet_counts),
        TEST(any_number_of_authors_is_counted_right),
        TEST(somebody_who_is_remembered_is_not_counted_again),
        TEST(an_error_in_counting_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
