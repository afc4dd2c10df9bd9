#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "proto/message_overlay.h"
#include "tests/support/rig.h"

#define ROUNDS 20 /* more than the promises that a peer may break */

/* Posts whose ids shape the tree (SPEC 6.6), however many there were lately. */
static struct posts said(const char *name, size_t count)
{
    struct posts posts = {.wires = NULL};
    struct person person = person_of(name);
    for (int i = 0; posts.count < count; i++) {
        char text[32];
        struct posts one = {.wires = NULL};
        (void)snprintf(text, sizeof text, "me too %d", i);
        person_text(&one, &person, RIG_NOW_S, text, "metoo");
        if (octets_get_u32be(one.ids[0].octets + 4) < UINT32_MAX / 20) {
            posts_add(&posts, one.wires[0], one.ids[0]);
        }
        posts_free(&one);
    }
    return posts;
}

/* A node that peers 0 to peers_count - 1 have dialled. */
static struct rig *rig_met(enum rig_role role, uint32_t peers_count)
{
    struct rig *rig = rig_new(role);
    for (uint32_t p = 0; p < peers_count; p++) {
        rig_peer(rig, p);
    }
    return rig;
}

/* Relays 0 to peers_count - 1 dial it. */
static void relay_peers(struct rig *rig, uint32_t peers_count)
{
    for (uint32_t p = 0; p < peers_count; p++) {
        rig_peer_saying(rig, p, (struct message_hello){.role = MESSAGE_RELAY});
    }
}

/* A peer pushes a post, and the store answers whatever is asked about it. */
static void brings(struct rig *rig, uint32_t peer, const struct posts *posts, size_t post)
{
    rig_gives(rig, peer, posts, post, 1);
    rig_answers_all(rig);
}

static void announces(struct rig *rig, uint32_t peer, const struct post_id *id)
{
    static uint8_t out[MESSAGE_IHAVE_CAP];
    const uint8_t hops = 0;
    struct message_ihave ihave = {.hops = &hops, .ids = id, .count = 1};
    rig_frame(rig, peer, FRAME_IHAVE, out, message_ihave_encode(out, &ihave));
}

static void grafts(struct rig *rig, uint32_t peer, bool push, const struct post_id *ids,
                   size_t count)
{
    static uint8_t out[MESSAGE_GRAFT_CAP];
    struct message_graft graft = {.push = push, .ids = ids, .count = count};
    rig_frame(rig, peer, FRAME_GRAFT, out, message_graft_encode(out, &graft));
}

static void says_none(struct rig *rig, uint32_t peer, const struct post_id *id)
{
    static uint8_t out[MESSAGE_IDS_CAP];
    rig_frame(rig, peer, FRAME_NONE_YET, out, message_ids_encode(out, id, 1));
}

/* The last GRAFT to peer asks for this one id, and for pushing. */
static void assert_grafted(const struct rig *rig, uint32_t peer, const struct post_id *id)
{
    const struct rig_sent *sent = rig_last(rig, peer, FRAME_GRAFT);
    struct message_graft graft;
    assert_non_null(sent);
    assert_int_equal(message_graft_decode(&graft, octets_of(sent->payload, sent->len)), ERR_OK);
    assert_true(graft.push);
    assert_int_equal(graft.count, 1);
    assert_true(post_id_equal(&graft.ids[0], id));
}

/* The last IHAVE to peer names this one id. */
static void assert_announced(const struct rig *rig, uint32_t peer, const struct post_id *id)
{
    const struct rig_sent *sent = rig_last(rig, peer, FRAME_IHAVE);
    struct message_ihave ihave;
    assert_non_null(sent);
    assert_int_equal(message_ihave_decode(&ihave, octets_of(sent->payload, sent->len)), ERR_OK);
    assert_int_equal(ihave.count, 1);
    assert_true(post_id_equal(&ihave.ids[0], id));
}

/* Time passes until a GRAFT may be due, every question answered on the way. */
static void waits_and_answers(struct rig *rig, uint64_t for_ms)
{
    for (uint64_t ms = 0; ms < for_ms; ms += 50) {
        rig_waits(rig, 50);
        rig_answers_all(rig);
    }
}

/* ---- What is announced and does not come --------------------------------------------------- */

static void a_post_announced_and_not_pushed_is_grafted_after_the_timer(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 1);
    struct posts posts = said("ana", 1);
    announces(rig, 0, &posts.ids[0]);
    waits_and_answers(rig, 450);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 0);
    waits_and_answers(rig, 600);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 1);
    assert_grafted(rig, 0, &posts.ids[0]);
    rig_gives(rig, 0, &posts, 0, 1);
    waits_and_answers(rig, 5000);
    assert_int_equal(rig->accepted_count, 1);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 1);
    posts_free(&posts);
    rig_free(rig);
}

static void what_comes_in_time_or_is_here_is_not_grafted(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 2);
    struct posts posts = said("ana", 2);
    announces(rig, 0, &posts.ids[0]);
    rig_waits(rig, 300);
    rig_gives(rig, 1, &posts, 0, 1);
    waits_and_answers(rig, 3000);

    rig->known[rig->known_count++] = posts.ids[1]; /* by reconciliation, say */
    announces(rig, 0, &posts.ids[1]);
    waits_and_answers(rig, 3000);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 0);
    posts_free(&posts);
    rig_free(rig);
}

static void a_promise_not_kept_is_asked_of_the_next(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said("ana", 1);
    for (uint32_t p = 0; p < 3; p++) {
        rig_peer(rig, p);
        announces(rig, p, &posts.ids[0]);
    }
    waits_and_answers(rig, 1050);
    assert_grafted(rig, 0, &posts.ids[0]);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_GRAFT), 0);
    waits_and_answers(rig, 600); /* nothing comes */
    assert_grafted(rig, 1, &posts.ids[0]);
    assert_int_equal(rig_sent_count(rig, 2, FRAME_GRAFT), 0);
    says_none(rig, 1, &posts.ids[0]);
    assert_grafted(rig, 2, &posts.ids[0]);
    posts_free(&posts);
    rig_free(rig);
}

static void who_keeps_no_promise_is_not_listened_to(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 1);
    struct posts posts = said("ana", ROUNDS);
    for (size_t i = 0; i < ROUNDS; i++) {
        announces(rig, 0, &posts.ids[i]);
        waits_and_answers(rig, 1100);
        waits_and_answers(rig, 600); /* nothing comes */
    }
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), 17);
    posts_free(&posts);
    rig_free(rig);
}

/* They may have expired, or been taken back, when they were asked for. */
static void who_says_that_it_has_not_is_listened_to(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 1);
    struct posts posts = said("ana", ROUNDS);
    for (size_t i = 0; i < ROUNDS; i++) {
        announces(rig, 0, &posts.ids[i]);
        waits_and_answers(rig, 1100);
        says_none(rig, 0, &posts.ids[i]);
    }
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), ROUNDS);
    posts_free(&posts);
    rig_free(rig);
}

static void what_is_not_wanted_here_keeps_its_promise_and_is_asked_for_once(void **state)
{
    (void)state;
    struct set_choice standing = {.buckets = true};
    struct rig *rig = rig_new_wanting(RIG_RELAY, &standing);
    struct posts posts = said("ana", ROUNDS);
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    for (size_t i = 0; i < ROUNDS; i++) {
        announces(rig, 0, &posts.ids[i]);
        announces(rig, 1, &posts.ids[i]);
        waits_and_answers(rig, 1100);
        rig_gives(rig, 0, &posts, i, 1);
        waits_and_answers(rig, 1100);
    }
    assert_int_equal(rig_sent_count(rig, 0, FRAME_GRAFT), ROUNDS);
    announces(rig, 1, &posts.ids[ROUNDS - 1]);
    waits_and_answers(rig, 1100);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_GRAFT), 0);
    assert_int_equal(rig->accepted_count, 0);
    posts_free(&posts);
    rig_free(rig);
}

/* ---- Pruning and grafting ------------------------------------------------------------------ */

static void a_duplicate_prunes_the_link_it_came_on(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 2);
    struct posts posts = said("ana", 2);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_gives(rig, 1, &posts, 0, 1);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_PRUNE), 0); /* its proof may not hold */
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_PRUNE), 1);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_PRUNE), 0);

    brings(rig, 0, &posts, 1);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_IHAVE), 0);
    rig_waits(rig, 100);
    assert_announced(rig, 1, &posts.ids[1]);
    posts_free(&posts);
    rig_free(rig);
}

static void what_comes_while_an_earlier_duplicate_is_looked_up_prunes_its_link_too(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 3);
    struct posts posts = said("ana", 1);
    brings(rig, 0, &posts, 0);
    rig_waits(rig, 1000); /* it is done with */
    rig_gives(rig, 1, &posts, 0, 1);
    rig_gives(rig, 2, &posts, 0, 1);
    rig_answers_all(rig);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_PRUNE), 1);
    assert_int_equal(rig_sent_count(rig, 2, FRAME_PRUNE), 1);
    posts_free(&posts);
    rig_free(rig);
}

static void the_same_peer_twice_prunes_nothing(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 1);
    struct posts posts = said("ana", 1);
    rig_gives(rig, 0, &posts, 0, 1);
    brings(rig, 0, &posts, 0);
    brings(rig, 0, &posts, 0);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_PRUNE), 0);
    posts_free(&posts);
    rig_free(rig);
}

static void who_prunes_is_told_and_who_grafts_is_given(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_RELAY, 2);
    struct posts posts = said("ana", 2);
    rig_frame(rig, 1, FRAME_PRUNE, "", 0);
    brings(rig, 0, &posts, 0);
    rig_waits(rig, 100);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_announced(rig, 1, &posts.ids[0]);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_IHAVE), 0); /* it brought it */

    const struct post_id asked[] = {posts.ids[0], {.octets = {7}}};
    grafts(rig, 1, true, asked, 2);
    rig_answers(rig, &posts);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_NONE_YET), 1);
    brings(rig, 0, &posts, 1);
    assert_int_equal(rig_posts_sent(rig, 1), 2);
    posts_free(&posts);
    rig_free(rig);
}

static void who_asks_while_a_post_is_stored_gets_it_once(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_RELAY, 2);
    struct posts posts = said("ana", 1);
    rig_frame(rig, 1, FRAME_PRUNE, "", 0);
    rig_gives(rig, 0, &posts, 0, 1);
    rig_says_known(rig, rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN).as.read.token, false);
    rig_says_verified(rig, rig_takes(rig, ENGINE_VERIFY, 0).as.posts.token, true);
    grafts(rig, 1, true, posts.ids, 1);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    rig_answers_all(rig);
    rig_waits(rig, 200);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_IHAVE), 0);
    posts_free(&posts);
    rig_free(rig);
}

static void who_only_asks_for_posts_is_not_pushed_to(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_RELAY, 2);
    struct posts posts = said("ana", 2);
    rig_frame(rig, 1, FRAME_PRUNE, "", 0);
    brings(rig, 0, &posts, 0);
    grafts(rig, 1, false, posts.ids, 1);
    rig_answers(rig, &posts);
    brings(rig, 0, &posts, 1);
    assert_int_equal(rig_posts_sent(rig, 1), 1);
    posts_free(&posts);
    rig_free(rig);
}

static void what_is_malformed_closes(void **state)
{
    (void)state;
    const enum frame_type types[] = {FRAME_IHAVE, FRAME_GRAFT, FRAME_PRUNE};
    struct rig *rig = rig_new(RIG_PERSONAL);
    for (uint32_t p = 0; p < 3; p++) {
        rig_peer(rig, p);
        rig_frame(rig, p, types[p], "\xc0", 1);
        assert_int_equal(rig->closed[p], ERR_MALFORMED);
    }
    rig_free(rig);
}

static void more_grafts_than_can_be_answered_are_passed_over(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    static struct post_id ids[MESSAGE_IDS_MAX];
    for (size_t i = 0; i < MESSAGE_IDS_MAX; i++) {
        octets_put_u32be(ids[i].octets, (uint32_t)i + 1);
    }
    rig_peer(rig, 0);
    grafts(rig, 0, false, ids, MESSAGE_IDS_MAX);
    assert_int_equal(rig->closed[0], RIG_NOT);
    grafts(rig, 0, false, ids, 1);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_free(rig);
}

static void who_announced_a_post_is_not_sent_it(void **state)
{
    (void)state;
    struct rig *rig = rig_met(RIG_PERSONAL, 3);
    struct posts posts = said("ana", 1);
    announces(rig, 1, &posts.ids[0]);
    brings(rig, 0, &posts, 0);
    rig_waits(rig, 200);
    assert_int_equal(rig_posts_sent(rig, 2), 1);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_IHAVE), 0);
    posts_free(&posts);
    rig_free(rig);
}

/* Peer 0 brings a post that came so far; how far does peer 1 hear it came? */
static uint8_t hops_after(enum rig_role role, uint8_t hops)
{
    static uint8_t frame[POST_WIRE_MAX + MESSAGE_NEW_HEAD];
    struct rig *rig = rig_met(role, 2);
    struct posts posts = said("ana", 1);
    size_t len = message_new_head(frame, &hops, 1);
    memcpy(frame + len, posts.wires[0].at, posts.wires[0].len);
    rig_frame(rig, 0, FRAME_POSTS, frame, len + posts.wires[0].len);
    rig_answers_all(rig);
    const struct rig_sent *sent = rig_last(rig, 1, FRAME_POSTS);
    struct message_posts told;
    assert_non_null(sent);
    assert_int_equal(message_posts_begin(&told, octets_of(sent->payload, sent->len)), ERR_OK);
    assert_int_equal(told.hops.len, 1);
    uint8_t after = told.hops.at[0];
    posts_free(&posts);
    rig_free(rig);
    return after;
}

static void a_relay_counts_hops_and_a_personal_node_never_says_any(void **state)
{
    (void)state;
    assert_int_equal(hops_after(RIG_RELAY, 0), 1);
    assert_int_equal(hops_after(RIG_RELAY, 7), 8);
    assert_int_equal(hops_after(RIG_RELAY, MESSAGE_HOPS_MAX), MESSAGE_HOPS_MAX);
    assert_int_equal(hops_after(RIG_PERSONAL, 0), 0);
    assert_int_equal(hops_after(RIG_PERSONAL, 7), 0);
}

/* ---- Leaves -------------------------------------------------------------------------------- */

static void a_leaf_has_two_parents_and_a_third_when_one_is_lost(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    relay_peers(rig, 3);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_PRUNE), 0);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_PRUNE), 0);
    assert_int_equal(rig_sent_count(rig, 2, FRAME_PRUNE), 1);
    rig_down(rig, 0);
    const struct rig_sent *sent = rig_last(rig, 2, FRAME_GRAFT);
    struct message_graft graft;
    assert_non_null(sent);
    assert_int_equal(message_graft_decode(&graft, octets_of(sent->payload, sent->len)), ERR_OK);
    assert_true(graft.push);
    assert_int_equal(graft.count, 0);
    rig_free(rig);
}

static void both_parents_may_push_the_same(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said("ana", 1);
    relay_peers(rig, 2);
    brings(rig, 0, &posts, 0);
    brings(rig, 1, &posts, 0);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_PRUNE), 0);
    assert_int_equal(rig_sent_count(rig, 1, FRAME_PRUNE), 0);
    posts_free(&posts);
    rig_free(rig);
}

static void an_own_post_goes_whole_to_one_parent_and_is_announced_to_the_others(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct posts posts = said("ana", 2);
    relay_peers(rig, 3);
    rig_publishes(rig, 1, posts.wires[0]);
    rig_answers_all(rig);
    rig_waits(rig, 100);
    assert_int_equal(rig_posts_sent(rig, 0), 1);
    assert_int_equal(rig_posts_sent(rig, 1) + rig_posts_sent(rig, 2), 0);
    assert_announced(rig, 1, &posts.ids[0]);
    assert_announced(rig, 2, &posts.ids[0]);

    brings(rig, 0, &posts, 1); /* somebody else's: announced to relays, never pushed */
    rig_waits(rig, 100);
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    assert_announced(rig, 1, &posts.ids[1]);
    posts_free(&posts);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_announced_and_not_pushed_is_grafted_after_the_timer),
        cmocka_unit_test(what_comes_in_time_or_is_here_is_not_grafted),
        cmocka_unit_test(a_promise_not_kept_is_asked_of_the_next),
        cmocka_unit_test(who_keeps_no_promise_is_not_listened_to),
        cmocka_unit_test(who_says_that_it_has_not_is_listened_to),
        cmocka_unit_test(what_is_not_wanted_here_keeps_its_promise_and_is_asked_for_once),
        cmocka_unit_test(a_duplicate_prunes_the_link_it_came_on),
        cmocka_unit_test(what_comes_while_an_earlier_duplicate_is_looked_up_prunes_its_link_too),
        cmocka_unit_test(the_same_peer_twice_prunes_nothing),
        cmocka_unit_test(who_prunes_is_told_and_who_grafts_is_given),
        cmocka_unit_test(who_asks_while_a_post_is_stored_gets_it_once),
        cmocka_unit_test(who_only_asks_for_posts_is_not_pushed_to),
        cmocka_unit_test(who_announced_a_post_is_not_sent_it),
        cmocka_unit_test(a_relay_counts_hops_and_a_personal_node_never_says_any),
        cmocka_unit_test(what_is_malformed_closes),
        cmocka_unit_test(more_grafts_than_can_be_answered_are_passed_over),
        cmocka_unit_test(a_leaf_has_two_parents_and_a_third_when_one_is_lost),
        cmocka_unit_test(both_parents_may_push_the_same),
        cmocka_unit_test(an_own_post_goes_whole_to_one_parent_and_is_announced_to_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
