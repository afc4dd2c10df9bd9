#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/rig.h"

/* Posts 0 .. count - 1 by ana, all different. */
static struct posts said(size_t count)
{
    return posts_said("ana", count, RIG_NOW_S, 0);
}

/* The same body under a proof that does not hold, made different by mark. */
static void add_forged(struct posts *posts, size_t of, uint8_t mark)
{
    uint8_t copy[POST_WIRE_MAX];
    size_t len = posts->wires[of].len;
    memcpy(copy, posts->wires[of].at, len);
    copy[len - 1 - mark] ^= 0x55; /* the proof is at the end */
    posts_add(posts, octets_of(copy, len), posts->ids[of]);
}

static void a_new_post_goes_once_to_every_peer_that_has_not_shown_it(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    for (uint32_t p = 0; p < 4; p++) {
        rig_peer(rig, p);
    }
    rig_gives(rig, 0, &posts, 0, 1);
    rig_gives(rig, 1, &posts, 0, 1);
    rig_answers_all(rig);
    rig_gives(rig, 2, &posts, 0, 1);
    rig_answers_all(rig);

    assert_int_equal(rig_posts_sent(rig, 0), 0);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_int_equal(rig_posts_sent(rig, 2), 1);
    assert_int_equal(rig_posts_sent(rig, 3), 1);
    assert_int_equal(rig->accepted_count, 1);
    assert_int_equal(engine_stats(rig->engine).posts_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

static void posts_of_one_step_share_a_frame(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(50);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 0, 50);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_POSTS), 1);
    assert_int_equal(rig_posts_sent(rig, 1), 50);
    posts_free(&posts);
    rig_free(rig);
}

static void others_posts_are_forwarded_before_they_are_stored(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    assert_true(rig_is_asked(rig, ENGINE_STORE));
    posts_free(&posts);
    rig_free(rig);
}

static void a_peer_that_comes_while_a_post_is_stored_gets_it_too(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    rig_peer(rig, 1);
    rig_answers_all(rig);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    posts_free(&posts);
    rig_free(rig);
}

static void a_known_post_is_neither_verified_nor_forwarded(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, true);
    assert_false(rig_is_asked(rig, ENGINE_VERIFY));
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_int_equal(engine_stats(rig->engine).octets_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

static void a_hostile_copy_never_suppresses_the_real_one(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    add_forged(&posts, 0, 0);
    for (uint32_t p = 0; p < 3; p++) {
        rig_peer(rig, p);
    }
    rig_gives(rig, 0, &posts, 1, 1);
    rig_gives(rig, 1, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->closed[0], ERR_PROOF);
    assert_int_equal(rig->closed[1], RIG_NOT);
    assert_int_equal(rig->accepted_count, 1);
    assert_int_equal(rig_posts_sent(rig, 2), 1);
    posts_free(&posts);
    rig_free(rig);
}

static void of_whom_a_proof_is_bad_nothing_more_is_checked(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    struct posts posts = said(4000);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    for (size_t i = 0; i < 4000; i += 500) {
        rig_gives(rig, 0, &posts, i, 500);
    }
    rig_gives(rig, 1, &posts, 3900, 10); /* a copy of some is another's */
    size_t after_count = 0;
    while (rig->asked_count > 0) {
        if (rig_is_asked(rig, ENGINE_VERIFY)) {
            struct engine_effect verify = rig_takes(rig, ENGINE_VERIFY, 0);
            bool closed = rig->closed[0] != RIG_NOT;
            after_count += closed ? verify.as.posts.count : 0;
            rig_says_verified(rig, verify.as.posts.token, closed);
        } else if (rig_is_asked(rig, ENGINE_STORE)) {
            rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_OK,
                            ENGINE_PUT_NEW);
        } else {
            rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token,
                           false);
        }
    }
    assert_int_equal(rig->closed[0], ERR_PROOF);
    assert_in_range(after_count, 10, 31 * ENGINE_VERIFY_MAX + 10); /* with the crew already */
    assert_int_equal(engine_stats(rig->engine).posts_count, 0);
    assert_int_equal(engine_stats(rig->engine).octets_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

static bool is_stored(const struct rig *rig, const struct post_id *id)
{
    size_t i = 0;
    while (i < rig->known_count && !post_id_equal(&rig->known[i], id)) {
        i++;
    }
    return i < rig->known_count;
}

/* Of whoever brings all that is new, and a bad proof with it, the copies that others bring count.
 */
static void who_brings_a_bad_proof_takes_nobody_elses_copies_along(void **state)
{
    (void)state;
    enum { COUNT = 2500 }; /* more than the crew has at a time */
    struct rig *rig = rig_new(RIG_RELAY);
    struct posts posts = said(COUNT);
    add_forged(&posts, 0, 0);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, COUNT, 1);
    for (size_t i = 1; i < COUNT; i += 500) {
        rig_gives(rig, 0, &posts, i, i + 500 < COUNT ? 500 : COUNT - i);
    }
    rig_gives(rig, 1, &posts, COUNT - 1, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->closed[0], ERR_PROOF);
    assert_true(is_stored(rig, &posts.ids[COUNT - 1]));
    assert_false(is_stored(rig, &posts.ids[COUNT - 2]));
    posts_free(&posts);
    rig_free(rig);
}

static void a_bad_proof_is_forgotten_so_that_the_post_may_come_later(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    add_forged(&posts, 0, 0);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 1, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->closed[0], ERR_PROOF);
    assert_int_equal(engine_stats(rig->engine).posts_count, 0);
    rig_gives(rig, 1, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 1);
    posts_free(&posts);
    rig_free(rig);
}

static void the_fifth_proof_of_an_id_waits_until_one_was_judged(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    for (uint8_t k = 0; k < 4; k++) {
        add_forged(&posts, 0, k);
    }
    for (uint32_t p = 0; p < 5; p++) {
        rig_peer(rig, p);
    }
    for (uint32_t p = 0; p < 4; p++) {
        rig_gives(rig, p, &posts, p + 1, 1);
        assert_false(rig->paused[p]);
    }
    rig_gives(rig, 4, &posts, 0, 1);
    assert_true(rig->paused[4]);

    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, false);
    assert_false(rig->paused[4]);
    rig_gives(rig, 4, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 1);
    for (uint32_t p = 0; p < 4; p++) {
        assert_int_equal(rig->closed[p], ERR_PROOF);
    }
    assert_int_equal(rig->closed[4], RIG_NOT);
    posts_free(&posts);
    rig_free(rig);
}

static void a_frame_that_is_not_posts_costs_only_its_sender(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(2);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_frame(rig, 0, FRAME_POSTS, "\x91\xff", 2);
    assert_int_equal(rig->closed[0], ERR_MALFORMED);
    rig_gives(rig, 1, &posts, 0, 2);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 2);
    posts_free(&posts);
    rig_free(rig);
}

static void a_post_dated_ahead_or_expired_is_dropped(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = {.wires = NULL};
    struct person ana = person_of("ana");
    person_text(&posts, &ana, RIG_NOW_S + POST_AHEAD_MAX_S + 1, "ahead", NULL);
    person_draft(&posts, &ana,
                 &(struct post_draft){.kind = POST_TEXT,
                                      .created_s = RIG_NOW_S - 10,
                                      .expires_s = RIG_NOW_S - 5,
                                      .text = octets_of_text("gone")});
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 2);
    assert_int_equal(rig->asked_count, 0);
    assert_int_equal(rig->closed[0], RIG_NOT);
    for (int i = 0; i < 64; i++) {
        rig_gives(rig, 0, &posts, 0, 1);
    }
    assert_int_equal(rig->closed[0], ERR_FUTURE);
    posts_free(&posts);
    rig_free(rig);
}

/* One post that may be taken in so long; its id is such as shape the tree. */
static struct posts said_ahead(uint64_t by_s)
{
    struct person ana = person_of("ana");
    char text[] = "ahead 000";
    for (int n = 0; n < 1000; n++) {
        struct posts posts = {.wires = NULL};
        (void)snprintf(text, sizeof text, "ahead %03d", n);
        person_text(&posts, &ana, RIG_NOW_S + POST_AHEAD_MAX_S + by_s, text, NULL);
        if (octets_get_u32be(posts.ids[0].octets + 4) < UINT32_MAX / 16) {
            return posts;
        }
        posts_free(&posts);
    }
    abort();
}

static void a_post_dated_ahead_comes_when_its_time_has_come(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said_ahead(30);
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_waits(rig, 29999);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 0);
    rig->now_s += 30;
    rig_waits(rig, 1);
    rig_answers_all(rig); /* the store does not know it */
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 1);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 1);
    posts_free(&posts);
    rig_free(rig);
}

/* What came too early is no first copy: whoever brings it in time is not the later one. */
static void a_post_that_came_early_is_new_when_it_comes_in_time(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said_ahead(30);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_peer(rig, 2);
    rig_gives(rig, 0, &posts, 0, 1);
    rig->now_s += 30;
    rig_gives(rig, 1, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 1);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_PRUNE), 0);
    rig_gives(rig, 2, &posts, 0, 1);
    assert_int_equal(rig_sent_count(rig, 2, FRAME_PRUNE), 1); /* this one is */
    posts_free(&posts);
    rig_free(rig);
}

static void a_flood_pauses_its_sender_and_nobody_else(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1200);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    size_t given = 0;
    while (given < 1100 && !rig->paused[0]) {
        rig_gives(rig, 0, &posts, given, 100);
        given += rig->paused[0] ? 0 : 100;
    }
    assert_true(rig->paused[0]);
    assert_int_equal(given, 1000); /* a quarter of the table */
    rig_gives(rig, 1, &posts, 1190, 1);
    assert_false(rig->paused[1]);

    rig_answers_all(rig);
    assert_false(rig->paused[0]);
    rig_gives(rig, 0, &posts, given, 100);
    rig_answers_all(rig);
    assert_int_equal(rig->accepted_count, 1101);
    assert_int_equal(engine_stats(rig->engine).octets_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

static void ones_own_post_is_sent_only_after_it_was_stored(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_publishes(rig, 42, posts.wires[0]);
    assert_int_equal(rig_posts_sent(rig, 0), 0);
    assert_int_equal(rig->published_count, 0);
    assert_false(rig_is_asked(rig, ENGINE_VERIFY));

    rig_answers_all(rig);
    assert_int_equal(rig_posts_sent(rig, 0), 1);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    assert_int_equal(rig->published.token, 42);
    assert_int_equal(rig->published.status, ERR_OK);
    assert_int_equal(rig->published.sent_to, 2);
    posts_free(&posts);
    rig_free(rig);
}

static void a_full_disk_is_told_to_the_person_and_nothing_is_sent(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(2);
    rig_peer(rig, 0);
    rig_publishes(rig, 1, posts.wires[0]);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_NO_SPACE, 0);
    rig_says_read_failed(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token);
    assert_int_equal(rig->published.status, ERR_NO_SPACE);
    assert_int_equal(rig_posts_sent(rig, 0), 0);

    rig_publishes(rig, 2, posts.wires[1]); /* tried at once, whatever failed before */
    rig_answers_all(rig);
    assert_int_equal(rig->published.token, 2);
    assert_int_equal(rig->published.status, ERR_OK);
    posts_free(&posts);
    rig_free(rig);
}

static void what_cannot_be_published_says_why(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_publishes(rig, 1, octets_of("\x92\x00", 2));
    assert_int_equal(rig->published.status, ERR_MALFORMED);
    rig_publishes(rig, 2, posts.wires[0]);
    rig_publishes(rig, 3, posts.wires[0]);
    assert_int_equal(rig->published.token, 3);
    assert_int_equal(rig->published.status, ERR_FLOOD);
    rig_says_stored(rig, rig_takes(rig, ENGINE_STORE, 0).as.posts.token, ERR_OK,
                    ENGINE_PUT_REFUSED);
    assert_int_equal(rig->published.token, 2);
    assert_int_equal(rig->published.status, ERR_REFUSED);
    posts_free(&posts);
    rig_free(rig);
}

static void ones_own_post_that_is_coming_back_is_published_all_the_same(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    add_forged(&posts, 0, 0);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 1, 1);
    rig_publishes(rig, 5, posts.wires[0]);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    assert_int_equal(rig_posts_sent(rig, 1), 0); /* durable first */
    rig_answers_all(rig);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    assert_int_equal(rig->closed[0], ERR_PROOF);
    assert_int_equal(rig->published.token, 5);
    assert_int_equal(rig->published.status, ERR_OK);
    assert_int_equal(rig->accepted_count, 1);
    posts_free(&posts);
    rig_free(rig);
}

static void answers_that_come_twice_or_never_asked_for_are_ignored(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_gives(rig, 0, &posts, 0, 1);
    uint64_t known = rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token;
    rig_says_known(rig, known, false);
    rig_says_known(rig, known, false);
    uint64_t verify = rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token;
    rig_says_verified(rig, verify, true);
    rig_says_verified(rig, verify, false);
    uint64_t stored = rig_takes(rig, ENGINE_STORE, 0).as.posts.token;
    rig_says_stored(rig, stored, ERR_OK, ENGINE_PUT_NEW);
    rig_says_stored(rig, stored, ERR_IO, 0);
    rig_says_read_failed(rig, UINT64_MAX);
    rig_says_verified(rig, UINT64_MAX, true);
    rig_says_stored(rig, UINT64_MAX, ERR_OK, ENGINE_PUT_NEW);
    assert_int_equal(rig->accepted_count, 1);
    assert_int_equal(rig->closed[0], RIG_NOT);
    posts_free(&posts);
    rig_free(rig);
}

static void a_peer_that_does_not_keep_up_is_spared_and_reconciled_later(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said(1);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 1});
    rig_gives(rig, 0, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig_posts_sent(rig, 1), 0);

    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_DRAINED, .as.peer = 1});
    rig_waits(rig, 6000);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_RECON), 1);
    posts_free(&posts);
    rig_free(rig);
}

/* Else a burst of large posts would fill a queue before anybody could say that it is full, and who
 * reads well would be closed for it. */
static void a_burst_reaches_a_peer_in_steps_that_its_queue_can_take(void **state)
{
    (void)state;
    enum { COUNT = 64, PER_FRAME = 8 };
    struct rig *rig = rig_new(RIG_RELAY);
    struct posts posts = {.wires = NULL};
    struct person ana = person_of("ana");
    static char text[30001];
    memset(text, 'a', sizeof text - 1);
    for (size_t i = 0; i < COUNT; i++) {
        person_text(&posts, &ana, RIG_NOW_S + i, text, "metoo");
    }
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_peer(rig, 2);
    for (size_t i = 0; i < COUNT; i += PER_FRAME) {
        rig_gives(rig, 0, &posts, i, PER_FRAME);
    }
    while (rig_is_asked(rig, ENGINE_READ)) {
        rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    }
    size_t most_len = 0;
    while (rig_is_asked(rig, ENGINE_VERIFY) || rig->out.tick_at_ms <= rig->now_ms) {
        size_t before = rig->sent_count;
        size_t len = 0;
        if (rig_is_asked(rig, ENGINE_VERIFY)) {
            rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
            size_t sent_count = rig->sent_count;
            rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 2});
            assert_int_equal(rig->sent_count, sent_count); /* peer 1 may be the next that is full */
        } else {
            rig_step(rig, (struct engine_input){.type = ENGINE_TICK});
        }
        for (size_t i = before; i < rig->sent_count; i++) {
            len += rig->sent[i].peer == 1 ? rig->sent[i].len : 0;
        }
        most_len = len > most_len ? len : most_len;
    }
    assert_true(most_len <= ENGINE_STEP_OCTETS);
    assert_int_equal(rig_posts_sent(rig, 1), COUNT);
    assert_int_equal(rig->closed[1], RIG_NOT);
    posts_free(&posts);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_post_goes_once_to_every_peer_that_has_not_shown_it),
        cmocka_unit_test(posts_of_one_step_share_a_frame),
        cmocka_unit_test(others_posts_are_forwarded_before_they_are_stored),
        cmocka_unit_test(a_peer_that_comes_while_a_post_is_stored_gets_it_too),
        cmocka_unit_test(a_known_post_is_neither_verified_nor_forwarded),
        cmocka_unit_test(a_hostile_copy_never_suppresses_the_real_one),
        cmocka_unit_test(who_brings_a_bad_proof_takes_nobody_elses_copies_along),
        cmocka_unit_test(a_bad_proof_is_forgotten_so_that_the_post_may_come_later),
        cmocka_unit_test(of_whom_a_proof_is_bad_nothing_more_is_checked),
        cmocka_unit_test(the_fifth_proof_of_an_id_waits_until_one_was_judged),
        cmocka_unit_test(a_frame_that_is_not_posts_costs_only_its_sender),
        cmocka_unit_test(a_post_dated_ahead_or_expired_is_dropped),
        cmocka_unit_test(a_post_dated_ahead_comes_when_its_time_has_come),
        cmocka_unit_test(a_post_that_came_early_is_new_when_it_comes_in_time),
        cmocka_unit_test(a_flood_pauses_its_sender_and_nobody_else),
        cmocka_unit_test(ones_own_post_is_sent_only_after_it_was_stored),
        cmocka_unit_test(a_full_disk_is_told_to_the_person_and_nothing_is_sent),
        cmocka_unit_test(what_cannot_be_published_says_why),
        cmocka_unit_test(ones_own_post_that_is_coming_back_is_published_all_the_same),
        cmocka_unit_test(answers_that_come_twice_or_never_asked_for_are_ignored),
        cmocka_unit_test(a_peer_that_does_not_keep_up_is_spared_and_reconciled_later),
        cmocka_unit_test(a_burst_reaches_a_peer_in_steps_that_its_queue_can_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
