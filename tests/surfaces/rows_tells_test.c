/* How a block becomes visible to him or to others elsewhere: what leaves her node, with and without
 * the block, frame by frame.
 *
 * Some stories are told twice, each from its seed: she blocks him, unblocks him and blocks him
 * again, or she does not (unseen.h).  Each tell compares its own frames, and says that there were
 * some. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "proto/frame.h"
#include "proto/message.h"
#include "proto/post.h"
#include "tests/interference/unseen.h"
#include "tests/surfaces/rows.h"

#define SEEDS      8
#define FRAMES_MAX 20000
#define ANYBODY    UINT32_MAX

struct sent {
    uint64_t at_ms;
    uint32_t to;
    uint8_t type;
    uint8_t hash[32];               /* of the payload */
    unsigned his_count, hers_count; /* posts of his, of hers in it */
};

struct told {
    struct sent frames[FRAMES_MAX];
    size_t count;
    struct key his, hers;
};

static struct told blocking;
static struct told plain;
static bool are_told;

static void count_posts(const struct told *told, struct sent *sent, struct octets payload)
{
    struct message_posts posts;
    struct post post;
    struct octets wire;
    assert_int_equal(message_posts_begin(&posts, payload), ERR_OK);
    while (posts.left_count > 0) {
        assert_int_equal(message_posts_next(&posts, &post, &wire), ERR_OK);
        sent->his_count += key_equal(&post.author, &told->his);
        sent->hers_count += key_equal(&post.author, &told->hers);
    }
}

static void on_frame(void *context, const struct cluster_frame *frame)
{
    struct told *told = context;
    if (frame->from != HER_NODE) {
        return;
    }
    assert_true(told->count < FRAMES_MAX);
    struct sent *sent = &told->frames[told->count++];
    *sent = (struct sent){.at_ms = frame->at_ms, .to = frame->to, .type = frame->type};
    (void)crypto_generichash(sent->hash, sizeof sent->hash, frame->payload.at, frame->payload.len,
                             NULL, 0);
    if (frame->type == FRAME_POSTS) {
        count_posts(told, sent, frame->payload);
    }
}

static void tell(struct told *told, uint64_t seed, bool blocks)
{
    struct her her;
    her_begin(&her, seed, blocks);
    told->his = cluster_key(her.cluster, HIS_NODE);
    told->hers = world_owner(her.world).key;
    cluster_listens(her.cluster, on_frame, told);
    her_runs(&her);
    her_end(&her);
}

static void both_are_told(void)
{
    for (uint64_t seed = 1; seed <= SEEDS && !are_told; seed++) {
        tell(&blocking, seed, true);
        tell(&plain, seed, false);
    }
    are_told = true;
}

/* Frames of these types (a bit each) to somebody: the same in both, one after another.  Returns how
 * many. */
static size_t same_frames(uint32_t types, uint32_t to)
{
    both_are_told();
    size_t count = 0;
    size_t j = 0;
    for (size_t i = 0; i <= blocking.count; i++) {
        const struct sent *a = &blocking.frames[i];
        if (i < blocking.count && ((types >> a->type & 1) == 0 || (to != ANYBODY && to != a->to))) {
            continue;
        }
        while (j < plain.count && ((types >> plain.frames[j].type & 1) == 0 ||
                                   (to != ANYBODY && to != plain.frames[j].to))) {
            j++;
        }
        if (i == blocking.count) {
            assert_int_equal(j, plain.count); /* and no more in the other */
            return count;
        }
        assert_true(j < plain.count);
        assert_int_equal(a->at_ms, plain.frames[j].at_ms);
        assert_int_equal(a->to, plain.frames[j].to);
        assert_int_equal(a->type, plain.frames[j].type);
        assert_memory_equal(a->hash, plain.frames[j].hash, sizeof a->hash);
        j++;
        count++;
    }
    return count;
}

#define TYPE(t)   (UINT32_C(1) << FRAME_##t)
#define ALL_TYPES UINT32_MAX

static void tell_a_no_vault_list_and_no_message_about_one_leaves_the_node(void **state)
{
    (void)state;
    assert_true(same_frames(ALL_TYPES, ANYBODY) > 100);
}

static void tell_b_the_blocked_connect_and_are_greeted_as_before(void **state)
{
    (void)state;
    /* Connections are broken during the story, his among them, and made again. */
    assert_true(same_frames(TYPE(HELLO) | TYPE(BYE), HIS_NODE) > 0);
    assert_true(same_frames(TYPE(HELLO) | TYPE(BYE), ANYBODY) > 0);
}

static void tell_c_her_node_asks_for_what_it_always_asked_for(void **state)
{
    (void)state;
    assert_true(same_frames(TYPE(WANT) | TYPE(WANT_AT) | TYPE(NONE_YET), ANYBODY) > 0);
}

static void tell_d_reconciliation_covers_the_posts_of_the_blocked(void **state)
{
    (void)state;
    assert_true(same_frames(TYPE(RECON) | TYPE(RECON_END), ANYBODY) > 0);
    assert_true(same_frames(TYPE(RECON) | TYPE(RECON_END), HIS_NODE) > 0);
}

static void tell_e_posts_of_the_blocked_are_passed_on_as_before(void **state)
{
    (void)state;
    size_t his_count = 0;
    assert_true(same_frames(TYPE(POSTS), ANYBODY) > 0);
    for (size_t i = 0; i < blocking.count; i++) {
        his_count += blocking.frames[i].his_count;
    }
    assert_true(his_count > 0);
}

/* Reading what came, by whomever, sends nothing. */
static void tell_f_nothing_is_sent_when_she_reads(void **state)
{
    (void)state;
    static struct told reading;
    static struct told silent;
    struct told *both[] = {&reading, &silent};
    for (size_t i = 0; i < 2; i++) {
        struct her her;
        her_begin(&her, 1, false);
        cluster_listens(her.cluster, on_frame, both[i]);
        (void)cluster_publishes(her.cluster, HIS_NODE, "his words");
        cluster_run(her.cluster, 2000);
        if (i == 0) {
            her_asks(&her, "timeline", "--strangers", NULL);
            her_asks(&her, "inbox", "--strangers", NULL);
            her_asks(&her, "search", "words", "--strangers");
            her_asks(&her, "export", "-", "--strangers");
            assert_int_equal(her.done_count, 4);
        }
        cluster_run(her.cluster, 2000);
        her_end(&her);
    }
    assert_int_equal(reading.count, silent.count);
    assert_memory_equal(reading.frames, silent.frames, sizeof reading.frames);
}

static void tell_g_the_blocked_are_given_her_posts_as_everybody_is(void **state)
{
    (void)state;
    size_t hers_count = 0;
    assert_true(same_frames(TYPE(POSTS), HIS_NODE) > 0);
    for (size_t i = 0; i < blocking.count; i++) {
        hers_count += blocking.frames[i].to == HIS_NODE ? blocking.frames[i].hers_count : 0;
    }
    assert_true(hers_count > 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tell_a_no_vault_list_and_no_message_about_one_leaves_the_node),
    cmocka_unit_test(tell_b_the_blocked_connect_and_are_greeted_as_before),
    cmocka_unit_test(tell_c_her_node_asks_for_what_it_always_asked_for),
    cmocka_unit_test(tell_d_reconciliation_covers_the_posts_of_the_blocked),
    cmocka_unit_test(tell_e_posts_of_the_blocked_are_passed_on_as_before),
    cmocka_unit_test(tell_f_nothing_is_sent_when_she_reads),
    cmocka_unit_test(tell_g_the_blocked_are_given_her_posts_as_everybody_is),
};
ROWS(rows_tells);
