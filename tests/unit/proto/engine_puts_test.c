#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/rig.h"

/* Posts 0 .. count - 1 by ana, all different. */
static struct posts said(size_t count)
{
    return posts_said("ana", count, RIG_NOW_S, 0);
}

static void a_put_that_fails_is_looked_up_and_tried_again(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_IO, 0);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    assert_false(rig_is_asked(rig, ENGINE_STORE)); /* not at once */
    rig_waits(rig, 1000);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 1);
    posts_free(&posts);
    rig_free(rig);
}

/* The store may refuse it for its author's quota, but not what was forwarded already. */
static void a_post_is_shown_to_the_store_before_it_is_checked_and_forwarded(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(2);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 0, 1);
    struct engine_read read = rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read;
    assert_true(octets_equal(read.wires[0], posts.wires[0]));
    rig_says_known(rig, read.token, true);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_false(rig_is_asked(rig, ENGINE_VERIFY));

    rig_gives(rig, 0, &posts, 1, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_IO, 0);
    read = rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read;
    assert_int_equal(read.wires[0].len, 0);
    rig_says_known(rig, read.token, true);
    posts_free(&posts);
    rig_free(rig);
}

static void a_put_that_failed_and_was_done_is_found(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_publishes(rig, 7, posts.wires[0]);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_IO, 0);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, true);
    assert_int_equal(rig->published_count, 1);
    assert_int_equal(rig->published.status, ERR_OK);
    assert_int_equal(rig->accepted_count, 1);
    posts_free(&posts);
    rig_free(rig);
}

static void
a_put_that_failed_and_was_done_is_told_when_it_is_found_by_putting_it_again(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_IO, 0);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    assert_int_equal(rig->accepted_count, 0);
    rig_waits(rig, 1000);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_OK, ENGINE_PUT_THERE);
    assert_int_equal(rig->accepted_count, 1);
    assert_int_equal(engine_stats(rig->engine).posts_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

static void where_nobody_can_tell_whether_a_put_was_done_the_view_looks(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_publishes(rig, 7, posts.wires[0]);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_IO, 0);
    rig_says_read_failed(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token);
    assert_int_equal(rig->published.status, ERR_IO);
    assert_int_equal(rig->accepted_count, 1);
    posts_free(&posts);
    rig_free(rig);
}

static void a_put_that_keeps_failing_is_given_up(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    for (int i = 0; i < 5; i++) {
        rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_NO_SPACE, 0);
        rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
        rig_waits(rig, 40000);
    }
    assert_int_equal(rig->asked_count, 0);
    assert_int_equal(engine_stats(rig->engine).posts_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_that_fails_is_looked_up_and_tried_again),
        cmocka_unit_test(a_post_is_shown_to_the_store_before_it_is_checked_and_forwarded),
        cmocka_unit_test(a_put_that_failed_and_was_done_is_found),
        cmocka_unit_test(
            a_put_that_failed_and_was_done_is_told_when_it_is_found_by_putting_it_again),
        cmocka_unit_test(where_nobody_can_tell_whether_a_put_was_done_the_view_looks),
        cmocka_unit_test(a_put_that_keeps_failing_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
