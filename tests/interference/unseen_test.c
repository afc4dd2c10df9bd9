/* Promise 3: nothing that leaves a node depends on whom its person has blocked, nor on how far her
 * archive has come.
 *
 * The same world runs twice from one seed: nine nodes around two relays, one of them hers, with the
 * person she blocks among her peers.  Once she blocks, unblocks and blocks again, once she does
 * not; all else she does is the same.  Every frame between any two nodes, and its moment, must be
 * too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/store.h"
#include "tests/interference/unseen.h"

#define SEEDS  20
#define NIGHTS 8

static void what_leaves_a_node_does_not_depend_on_blocks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct her with;
        struct her without;
        uint8_t traces[2][CLUSTER_TRACE_LEN];
        her_begin(&with, seed, true);
        her_runs(&with);
        her_begin(&without, seed, false);
        her_runs(&without);
        cluster_trace(with.cluster, traces[0]);
        cluster_trace(without.cluster, traces[1]);
        assert_int_equal(with.done_count, without.done_count + 3); /* the blocks did happen */
        assert_true(without.done_count > 10);
        assert_memory_equal(traces[0], traces[1], CLUSTER_TRACE_LEN);
        her_end(&with);
        her_end(&without);
    }
}

/* Her floor passes by what is from before midnight.  Once her archive takes what she keeps of it
 * and the rest leaves her files, once nothing of that goes on; and once she blocks meanwhile. */
static void nor_on_what_her_archive_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= NIGHTS; seed++) {
        struct her with;
        struct her without;
        uint8_t traces[2][CLUSTER_TRACE_LEN];
        her_begin_at_night(&with, seed, true, true);
        her_runs(&with);
        her_begin_at_night(&without, seed, false, false);
        her_runs(&without);
        struct store *gone = cluster_store(with.cluster, HER_NODE);
        struct store *waits = cluster_store(without.cluster, HER_NODE);
        assert_true(store_floor(gone) > 0);
        assert_int_equal(store_floor(gone), store_floor(waits));
        assert_int_equal(store_left(gone).floor_s, store_floor(gone));
        assert_int_equal(store_left(waits).floor_s, 0);
        assert_true(store_stats(gone).posts_count + 5 < store_stats(waits).posts_count);
        cluster_trace(with.cluster, traces[0]);
        cluster_trace(without.cluster, traces[1]);
        assert_int_equal(with.done_count, without.done_count + 3);
        assert_memory_equal(traces[0], traces[1], CLUSTER_TRACE_LEN);
        her_end(&with);
        her_end(&without);
    }
}

/* The comparison is worth something only if it sees what a person visibly does. */
static void one_more_post_would_be_seen(void **state)
{
    (void)state;
    struct her more;
    struct her plain;
    uint8_t traces[2][CLUSTER_TRACE_LEN];
    her_begin(&more, 1, false);
    her_begin(&plain, 1, false);
    her_asks(&more, "post", "one more", NULL);
    cluster_run(more.cluster, 1000);
    cluster_run(plain.cluster, 1000);
    cluster_trace(more.cluster, traces[0]);
    cluster_trace(plain.cluster, traces[1]);
    assert_memory_not_equal(traces[0], traces[1], CLUSTER_TRACE_LEN);
    her_end(&more);
    her_end(&plain);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leaves_a_node_does_not_depend_on_blocks),
        cmocka_unit_test(nor_on_what_her_archive_does),
        cmocka_unit_test(one_more_post_would_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
