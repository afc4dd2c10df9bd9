#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "proto/negentropy.h"
#include "proto/negentropy_wire.h"
#include "tests/support/rig.h"

#define RANGES      400
#define RANGE_POSTS 40 /* each is split */
#define FIRST_S     (RIG_NOW_S - 1000 - RANGES * RANGE_POSTS)
#define GROUP_A     7
#define GROUP_B     8

struct scene {
    struct rig *rig;
    struct sorted_set set;
    uint8_t question[NEGENTROPY_MESSAGE_MAX]; /* ranges whose fingerprints fit nothing */
    size_t question_len;
    uint32_t session[RIG_PEERS_MAX];
};

static struct scene *scene_of(enum rig_role role)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->rig = rig_new(role);
    sorted_set_init(&scene->set);
    for (uint64_t i = 0; i < (uint64_t)RANGES * RANGE_POSTS; i++) {
        struct post_id id = {.octets = {1}};
        octets_put_u64be(id.octets + 8, i * UINT64_C(0x9e3779b97f4a7c15));
        sorted_set_add(&scene->set, FIRST_S + i, &id);
    }
    sorted_set_seal(&scene->set);
    scene->rig->set = &scene->set;

    uint64_t last_s = 0;
    scene->question[scene->question_len++] = 0x61;
    for (uint64_t r = 1; r <= RANGES; r++) {
        struct negentropy_bound upper = {.created_s = FIRST_S + r * RANGE_POSTS};
        scene->question_len +=
            negentropy_put_bound(scene->question + scene->question_len, &last_s, &upper);
        scene->question[scene->question_len++] = NEGENTROPY_MODE_FINGERPRINT;
        memset(scene->question + scene->question_len, 7, FINGERPRINT_LEN);
        scene->question_len += FINGERPRINT_LEN;
    }
    return scene;
}

static void scene_close(struct scene *scene)
{
    sorted_set_close(&scene->set);
    rig_free(scene->rig);
    free(scene);
}

/* A peer that dialled us from there. */
static void comes(struct scene *scene, uint32_t peer, uint64_t group)
{
    scene->rig->closed[peer] = RIG_NOT;
    scene->session[peer] = 1;
    rig_step(scene->rig, (struct engine_input){.type = ENGINE_PEER_UP,
                                               .as.up = {.peer = peer,
                                                         .address = ENGINE_NO_ADDRESS,
                                                         .group = group,
                                                         .static_key = {{1, (uint8_t)peer}}}});
    rig_hello(scene->rig, peer);
}

static void asks_in(struct scene *scene, uint32_t peer, uint32_t session)
{
    uint8_t *out = malloc(MESSAGE_RECON_HEAD + scene->question_len);
    assert_non_null(out);
    struct message_recon recon = {.session = session,
                                  .set = SET_ALL,
                                  .message = octets_of(scene->question, scene->question_len)};
    rig_frame(scene->rig, peer, FRAME_RECON, out, message_recon_encode(out, &recon));
    free(out);
}

/* Whether it is answered, and not paused. */
static bool is_answered(struct scene *scene, uint32_t peer)
{
    rig_forget(scene->rig);
    asks_in(scene, peer, scene->session[peer]);
    rig_answers_all(scene->rig);
    assert_int_equal(scene->rig->closed[peer], RIG_NOT);
    return rig_sent_count(scene->rig, peer, FRAME_RECON) == 1;
}

static size_t asks_until_paused(struct scene *scene, uint32_t peer)
{
    size_t count = 0;
    while (count < 1000 && is_answered(scene, peer)) {
        count++;
    }
    assert_true(scene->rig->paused[peer]);
    return count;
}

static void who_makes_it_look_up_much_waits_and_nobody_else(void **state)
{
    (void)state;
    struct scene *scene = scene_of(RIG_PERSONAL);
    comes(scene, 0, GROUP_A);
    comes(scene, 1, GROUP_A);
    comes(scene, 2, GROUP_B);
    /* 400 ranges of 16 buckets, in 13 batches: 6852 steps, of two million. */
    assert_int_equal(asks_until_paused(scene, 0), 2000000 / 6852 + 1);
    assert_true(is_answered(scene, 1));
    assert_true(is_answered(scene, 2));
    rig_step(scene->rig, (struct engine_input){.type = ENGINE_PEER_FULL, .as.peer = 1});
    rig_step(scene->rig, (struct engine_input){.type = ENGINE_PEER_DRAINED, .as.peer = 1});
    rig_waits(scene->rig, 10); /* its debt is not paid yet */
    assert_true(scene->rig->paused[0]);
    rig_waits(scene->rig, 1000);
    assert_false(scene->rig->paused[0]);
    assert_in_range(asks_until_paused(scene, 0), 1, 2);
    scene_close(scene);
}

static void those_of_a_group_pay_together_and_coming_again_pays_nothing(void **state)
{
    (void)state;
    struct scene *scene = scene_of(RIG_PERSONAL);
    for (uint32_t peer = 0; peer < 3; peer++) {
        comes(scene, peer, GROUP_A);
    }
    comes(scene, 3, GROUP_B);
    (void)asks_until_paused(scene, 0);
    (void)asks_until_paused(scene, 1);
    assert_in_range(asks_until_paused(scene, 2), 0, 2);
    rig_down(scene->rig, 2);
    comes(scene, 2, GROUP_A);
    scene->rig->paused[2] = false;
    assert_false(is_answered(scene, 2));
    assert_true(is_answered(scene, 3));
    scene_close(scene);
}

static void what_was_read_for_one_that_is_gone_is_paid_by_its_group(void **state)
{
    (void)state;
    struct scene *scene = scene_of(RIG_PERSONAL);
    comes(scene, 1, GROUP_A);
    for (int times = 0; times < 10000 && !scene->rig->paused[1]; times++) {
        comes(scene, 0, GROUP_A);
        asks_in(scene, 0, 1);
        rig_down(scene->rig, 0); /* while it is read */
        rig_answers_all(scene->rig);
        if (times % 100 == 0) {
            (void)is_answered(scene, 1);
        }
        rig_forget(scene->rig);
    }
    assert_true(scene->rig->paused[1]);
    scene_close(scene);
}

static void a_message_is_answered(struct rig *rig)
{
    rig_forget(rig);
    for (size_t sent_count = 0; sent_count == 0;) {
        struct engine_effect read = rig_takes(rig, ENGINE_READ, ENGINE_READ_RECON);
        rig_answers_one(rig, &read, NULL);
        for (size_t i = 0; i < rig->sent_count; i++) {
            sent_count += rig->sent[i].type == FRAME_RECON;
        }
    }
}

static void a_group_has_one_place_while_others_wait(void **state)
{
    (void)state;
    struct scene *scene = scene_of(RIG_PERSONAL);
    struct rig *rig = scene->rig;
    uint32_t places = engine_limits_personal().responders_max;
    assert_int_equal(places, 4);
    for (uint32_t peer = 0; peer < 8; peer++) {
        comes(scene, peer, GROUP_A);
        asks_in(scene, peer, 1);
        assert_int_equal(rig->paused[peer], peer >= places);
    }
    comes(scene, 8, GROUP_B);
    comes(scene, 9, GROUP_B + 1);
    asks_in(scene, 8, 1);
    asks_in(scene, 9, 1);
    assert_true(rig->paused[8] && rig->paused[9]);
    for (uint32_t i = 0; i < 2; i++) {
        a_message_is_answered(rig);
        assert_false(rig->paused[8 + i]);
        asks_in(scene, 8 + i, 1); /* the message that was kept */
        for (uint32_t peer = places; peer < 8; peer++) {
            assert_true(rig->paused[peer]);
        }
    }
    a_message_is_answered(rig); /* and now nobody else waits */
    assert_false(rig->paused[places]);
    scene_close(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_makes_it_look_up_much_waits_and_nobody_else),
        cmocka_unit_test(those_of_a_group_pay_together_and_coming_again_pays_nothing),
        cmocka_unit_test(what_was_read_for_one_that_is_gone_is_paid_by_its_group),
        cmocka_unit_test(a_group_has_one_place_while_others_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
