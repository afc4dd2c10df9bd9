#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/proto/engine_recon_scene.h"

static void promised_and_never_delivered_is_closed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    struct posts carls = said("carl", 1);
    other_with(&other, 3, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_peer(rig, 1);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);
    rig_waits(rig, 29000);
    rig_gives(rig, 0, &other.posts, 0, 1); /* one of three */
    rig_answers_all(rig);
    rig_waits(rig, 29000);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_gives(rig, 1, &carls, 0, 1);
    rig_answers_all(rig);
    rig_waits(rig, 1000);
    assert_int_equal(rig->closed[0], ERR_UNDELIVERED);
    assert_int_equal(rig->closed[1], RIG_NOT);
    posts_free(&carls);
    other_close(&other);
    rig_free(rig);
}

static void a_peer_that_says_none_is_not_blamed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    other_with(&other, 3, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);
    uint8_t none[MESSAGE_IDS_CAP];
    assert_int_equal(wants_sent(rig, 0), 1);
    rig_frame(rig, 0, FRAME_NONE_YET, none, message_ids_encode(none, other.posts.ids, 3));
    rig_waits(rig, 100000);
    assert_int_equal(rig->closed[0], RIG_NOT);
    other_close(&other);
    rig_free(rig);
}

static void what_a_peer_listed_and_does_not_have_is_asked_for_ever_less_often(void **state)
{
    (void)state;
    enum { IDS = 3, ROUNDS = 30 };
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    size_t asked_count = 0;
    size_t last_asked = 0;
    rig_dialled(rig, 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        other_with(&other, IDS, NEGENTROPY_RESPONDER);
        rig_forget(rig);
        rig_waits(rig, 301000); /* the time of a reconciliation has come */
        rig_answers_all(rig);
        other_replies(&other, rig, 0);
        rig_answers_all(rig);
        if (wants_sent(rig, 0) > 0) {
            uint8_t none[MESSAGE_IDS_CAP];
            rig_frame(rig, 0, FRAME_NONE_YET, none, message_ids_encode(none, other.posts.ids, IDS));
            asked_count++;
            last_asked = round;
        }
        assert_true(round > 1 || asked_count == round + 1); /* once may be a read that failed */
        assert_int_equal(rig->closed[0], RIG_NOT);
        other_close(&other);
    }
    assert_in_range(asked_count, 4, 7); /* after 8, 16, 32 and 64 minutes */
    assert_true(last_asked > ROUNDS / 2);

    rig_down(rig, 0); /* in another connection it is asked at once */
    other_with(&other, IDS, NEGENTROPY_RESPONDER);
    rig_forget(rig);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);
    assert_int_equal(wants_sent(rig, 0), 1);
    other_close(&other);
    rig_free(rig);
}

static void what_is_known_here_is_not_asked_for(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    other_with(&other, 5, NEGENTROPY_RESPONDER);
    memcpy(rig->known, other.posts.ids, 5 * sizeof rig->known[0]); /* say, retracted */
    rig->known_count = 5;
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);
    assert_int_equal(wants_sent(rig, 0), 0);
    assert_int_equal(engine_stats(rig->engine).recons_count, 0);
    other_close(&other);
    rig_free(rig);
}

static void two_peers_with_the_same_posts_are_not_both_asked(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other bea;
    struct other carl;
    other_with(&bea, 10, NEGENTROPY_RESPONDER);
    other_with(&carl, 10, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_dialled(rig, 1);
    rig_answers_all(rig);
    other_replies(&bea, rig, 0);
    other_replies(&carl, rig, 1);
    rig_answers_all(rig);
    assert_int_equal(wants_sent(rig, 0) + wants_sent(rig, 1), 1);

    /* The one that was asked brings nothing; then the other is asked. */
    uint32_t asked = wants_sent(rig, 0) > 0 ? 0 : 1;
    rig_down(rig, asked);
    for (int i = 0; i < 10; i++) {
        rig_waits(rig, 1000);
        rig_answers_all(rig);
    }
    assert_int_equal(rig_sent_count(rig, 1 - asked, FRAME_RECON), 2);
    other_close(&bea);
    other_close(&carl);
    rig_free(rig);
}

static void where_nobody_is_heard_nobody_is_blamed(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    other_with(&other, 3, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);
    rig_waits(rig, 29000);
    assert_int_equal(rig->closed[0], RIG_NOT);
    rig_waits(rig, 1000);
    assert_int_equal(rig->closed[0], ERR_TIMEOUT);
    other_close(&other);
    rig_free(rig);
}

/* What a peer was asked for, as the places in its only answer, in that order. */
struct asked {
    size_t places[2048];
    size_t count;
    size_t given;
};

static void listen(struct asked *asked, const struct rig *rig, uint32_t peer)
{
    for (size_t i = 0; i < rig->sent_count; i++) {
        const struct rig_sent *sent = &rig->sent[i];
        struct message_want_at want;
        if (sent->peer != peer || sent->type != FRAME_WANT_AT) {
            continue;
        }
        assert_int_equal(message_want_at_decode(&want, octets_of(sent->payload, sent->len)),
                         ERR_OK);
        for (size_t k = 0; k < want.places.len * 8; k++) {
            if (((want.places.at[k / 8] >> (k % 8)) & 1) != 0) {
                assert_in_range(asked->count, 0, 2047);
                asked->places[asked->count++] = k;
            }
        }
    }
}

/* Four WANTs are open, so that the last one brings nothing for most of it. */
static void a_slow_line_is_not_blamed_while_anything_comes(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other other;
    struct asked *asked = calloc(1, sizeof *asked);
    assert_non_null(asked);
    other_with(&other, 900, NEGENTROPY_RESPONDER);
    rig_dialled(rig, 0);
    rig_answers_all(rig);
    other_replies(&other, rig, 0);
    rig_answers_all(rig);
    for (uint32_t second = 0; second < 900 && rig->closed[0] == RIG_NOT; second++) {
        listen(asked, rig, 0);
        rig_forget(rig);
        if (asked->given < asked->count) {
            rig_gives(rig, 0, &other.posts, asked->places[asked->given++], 1);
        }
        rig_answers_all(rig);
        rig_waits(rig, 1000);
        rig_answers_all(rig);
    }
    assert_int_equal(rig->closed[0], RIG_NOT);
    assert_int_equal(rig->accepted_count, 900);
    free(asked);
    other_close(&other);
    rig_free(rig);
}

/* Two liars list bea's posts, give one now and then, and never the last of them. */
static void who_gives_ever_so_slowly_does_not_keep_a_post_from_here(void **state)
{
    (void)state;
    struct rig *rig = rig_new(RIG_PERSONAL);
    struct other peers[3];
    for (uint32_t p = 0; p < 3; p++) {
        other_with(&peers[p], 26, NEGENTROPY_RESPONDER);
        rig_dialled(rig, p);
    }
    uint32_t second = 0;
    for (size_t given = 0; second < 300 && wants_sent(rig, 2) == 0; second++) {
        rig_answers_all(rig);
        for (uint32_t p = 0; p < 3; p++) {
            if (rig_last(rig, p, FRAME_RECON) != NULL) {
                negentropy_peer_free(peers[p].peer);
                peers[p].peer = negentropy_peer_new(&peers[p].set, NEGENTROPY_RESPONDER,
                                                    NEGENTROPY_MESSAGE_MAX, 4096);
                other_replies(&peers[p], rig, p);
                rig_answers_all(rig);
            }
        }
        if (wants_sent(rig, 2) > 0) {
            break;
        }
        rig_forget(rig);
        if (second % 29 == 28 && given < 24) {
            rig_gives(rig, 0, &peers[0].posts, given++, 1);
            rig_gives(rig, 1, &peers[0].posts, given++, 1);
            rig_answers_all(rig);
        }
        rig_waits(rig, 1000);
    }
    assert_in_range(second, 0, 180);
    for (uint32_t p = 0; p < 3; p++) {
        assert_int_equal(rig->closed[p], RIG_NOT);
        other_close(&peers[p]);
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promised_and_never_delivered_is_closed),
        cmocka_unit_test(a_peer_that_says_none_is_not_blamed),
        cmocka_unit_test(what_a_peer_listed_and_does_not_have_is_asked_for_ever_less_often),
        cmocka_unit_test(what_is_known_here_is_not_asked_for),
        cmocka_unit_test(two_peers_with_the_same_posts_are_not_both_asked),
        cmocka_unit_test(where_nobody_is_heard_nobody_is_blamed),
        cmocka_unit_test(a_slow_line_is_not_blamed_while_anything_comes),
        cmocka_unit_test(who_gives_ever_so_slowly_does_not_keep_a_post_from_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
