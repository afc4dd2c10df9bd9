#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/message_overlay.h"
#include "tests/support/rig.h"

static void grafts(struct rig *rig, uint32_t peer, const struct post_id *ids, size_t count)
{
    uint8_t out[MESSAGE_GRAFT_CAP];
    struct message_graft graft = {.push = false, .ids = ids, .count = count};
    rig_frame(rig, peer, FRAME_GRAFT, out, message_graft_encode(out, &graft));
}

static struct posts said(void)
{
    struct posts posts = {.wires = NULL};
    struct person person = person_of("bea");
    person_text(&posts, &person, RIG_NOW_S - 1000, "me too", "metoo");
    return posts;
}

/* Whoever is slow to answer must not blame those who ask again. */
static void what_is_asked_for_beyond_the_bound_is_passed_over(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    struct post_id ids[MESSAGE_IDS_MAX];
    for (uint32_t i = 0; i < MESSAGE_IDS_MAX; i++) {
        ids[i] = (struct post_id){.octets = {1}};
        octets_put_u32be(ids[i].octets + 4, i);
    }
    rig_peer(rig, 0);
    grafts(rig, 0, ids, MESSAGE_IDS_MAX);
    grafts(rig, 0, ids, MESSAGE_IDS_MAX);
    assert_int_equal(rig->closed[0], RIG_NOT);
    struct engine_effect asked = rig_takes(rig, ENGINE_READ, ENGINE_READ_BODIES);
    assert_int_equal(asked.as.read.ids_count, MESSAGE_IDS_MAX);
    rig_says_read_failed(rig, asked.as.read.token);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_NONE_YET), 1);
    assert_false(rig_is_asked(rig, ENGINE_READ)); /* one read for whatever was asked meanwhile */
    rig_free(rig);
}

static void who_does_not_read_gets_nothing_that_is_in_flight(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    struct posts posts = said();
    rig_peer(rig, 0);
    rig_peer(rig, 1);
    rig_gives(rig, 0, &posts, 0, 1);
    struct engine_effect asked = rig_takes(rig, ENGINE_READ, ENGINE_READ_KNOWN);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 1});
    rig_says_known(rig, asked.as.read.token, false);
    asked = rig_takes(rig, ENGINE_VERIFY, 0);
    rig_says_verified(rig, asked.as.posts.token, true);
    for (int i = 0; i < 100; i++) {
        grafts(rig, 1, posts.ids, 1);
    }
    assert_int_equal(rig_posts_sent(rig, 1), 0);
    rig_answers_all(rig);
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_DRAINED, .as.peer = 1});
    assert_true(rig_is_asked(rig, ENGINE_READ));
    posts_free(&posts);
    rig_free(rig);
}

static void what_is_read_for_a_peer_that_is_gone_takes_nothing_from_the_next_one(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_RELAY);
    struct posts posts = said();
    struct post_id other = {.octets = {9}};
    rig_peer(rig, 0);
    grafts(rig, 0, &other, 1);
    struct engine_effect asked = rig_takes(rig, ENGINE_READ, ENGINE_READ_BODIES);
    rig_down(rig, 0);
    rig_peer(rig, 0);
    grafts(rig, 0, &other, 1);
    rig_down(rig, 0);
    rig_peer(rig, 0);
    grafts(rig, 0, posts.ids, 1);
    rig_answers_one(rig, &asked, &posts);
    assert_int_equal(rig_sent_count(rig, 0, FRAME_NONE_YET), 0);
    asked = rig_takes(rig, ENGINE_READ, ENGINE_READ_BODIES);
    assert_int_equal(asked.as.read.ids_count, 1);
    rig_answers_one(rig, &asked, &posts);
    assert_int_equal(rig_posts_sent(rig, 0), 1);
    posts_free(&posts);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_beyond_the_bound_is_passed_over),
        cmocka_unit_test(who_does_not_read_gets_nothing_that_is_in_flight),
        cmocka_unit_test(what_is_read_for_a_peer_that_is_gone_takes_nothing_from_the_next_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
