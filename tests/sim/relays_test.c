/* Relays among strangers: who keeps but a part is in nobody's way, and who lost all it was told of
 * finds others again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "tests/support/cluster.h"

/* ---- Relays that keep a part -------------------------------------------------------------- */

/* Relays 0 to WHOLE_RELAYS - 1 keep everything, those above a part. */
#define WHOLE_RELAYS 6
#define RELAYS       16

struct seen {
    const struct cluster *c;
    size_t to_part;   /* frames of new posts that relays which keep a part were sent, */
    size_t from_part; /* and that they sent */
    size_t as_view;   /* frames of the views to them, from them, or that name them */
};

static bool names(struct octets payload, const struct key *key)
{
    for (size_t at = 0; at + KEY_LEN <= payload.len; at++) {
        if (memcmp(payload.at + at, key->octets, KEY_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_part(const struct cluster *c, struct octets payload)
{
    for (uint32_t n = WHOLE_RELAYS; n < RELAYS; n++) {
        struct key key = cluster_key(c, n); /* its node's key is the same here */
        if (names(payload, &key)) {
            return true;
        }
    }
    return false;
}

/* What reconciliation brings is none. */
static bool is_new(const struct cluster_frame *frame)
{
    struct message_posts posts;
    return frame->type == FRAME_POSTS && message_posts_begin(&posts, frame->payload) == ERR_OK &&
           posts.hops.len > 0;
}

static void on_sent(void *context, const struct cluster_frame *frame)
{
    struct seen *seen = context;
    bool to_part = frame->to >= WHOLE_RELAYS;
    bool from_part = frame->from >= WHOLE_RELAYS;
    bool of_views = frame->type >= FRAME_SHUFFLE && frame->type <= FRAME_PASSIVE;
    seen->to_part += is_new(frame) && to_part;
    seen->from_part += is_new(frame) && from_part;
    seen->as_view += of_views && (to_part || from_part || names_part(seen->c, frame->payload));
}

static struct cluster *relays_of_which_some_keep_a_part(void)
{
    const struct set_choice standing = {.buckets = true};
    struct cluster *c = cluster_new_planned(
        &(struct cluster_plan){.seed = 21, .nodes_count = RELAYS, .relays_count = RELAYS});
    for (uint32_t n = 1; n < RELAYS; n++) {
        cluster_dials(c, n, n < WHOLE_RELAYS ? n - 1 : n % WHOLE_RELAYS);
        if (n >= WHOLE_RELAYS) {
            cluster_dials(c, n, (n + 1) % WHOLE_RELAYS);
            cluster_chooses(c, n, &standing);
            cluster_crashes(c, n);
            cluster_restarts(c, n);
        }
    }
    return c;
}

/* As their neighbours, or as links of the tree, they would bring what they keep by ways on which
 * the rest does not come. */
static void relays_that_keep_a_part_cut_nobody_off_and_are_not_sent_the_rest(void **state)
{
    (void)state;
    struct cluster *c = relays_of_which_some_keep_a_part();
    struct seen seen = {.c = c};
    cluster_listens(c, on_sent, &seen);
    cluster_run(c, 60000);
    for (uint32_t i = 0; i < 40; i++) {
        struct post_draft vouch = {.kind = POST_VOUCH, .subject = cluster_key(c, i % RELAYS)};
        size_t theirs = cluster_says(c, WHOLE_RELAYS + i % 2, &vouch);
        cluster_run(c, 2000);
        size_t from_part = seen.from_part;
        size_t kept = cluster_says(c, i % WHOLE_RELAYS, &vouch);
        cluster_run(c, 2000);
        seen.to_part = 0;
        size_t post = cluster_publishes(c, i % WHOLE_RELAYS, "me too");
        cluster_run(c, 500); /* sooner than anybody asks for what was announced and did not come */
        for (uint32_t n = 0; n < RELAYS; n++) {
            assert_true(cluster_has(c, n, kept) && cluster_has(c, n, theirs));
            assert_int_equal(cluster_has(c, n, post), n < WHOLE_RELAYS);
        }
        cluster_run(c, 1500);
        assert_int_equal(seen.to_part, 0);
        assert_int_equal(seen.from_part, from_part);
    }
    assert_int_equal(seen.as_view, 0);
    cluster_free(c);
}

/* ---- Known addresses ---------------------------------------------------------------------- */

#define FIRST  0 /* the only relay that the others' operators, and the person, named */
#define PERSON 9 /* whose node may dial relays it is told of */
#define HONEST 10
#define LIARS  3
#define MINUTE 60000

/* Those who lie call everybody, name themselves, each other and nobody, and never go away. */
static struct cluster *relays_and_a_person_who_were_told_of_one(void)
{
    struct cluster *c = cluster_new_planned(&(struct cluster_plan){
        .seed = 22, .nodes_count = HONEST + LIARS, .relays_count = PERSON, .books = true});
    for (uint32_t n = FIRST + 1; n < HONEST; n++) {
        cluster_dials(c, n, FIRST);
    }
    for (uint32_t n = HONEST; n < HONEST + LIARS; n++) {
        for (uint32_t other = 0; other < HONEST; other++) {
            cluster_dials(c, n, other);
        }
        cluster_corrupts(c, n, CLUSTER_RECRUITS);
    }
    return c;
}

static void who_lost_the_one_relay_they_were_told_of_find_others_again(void **state)
{
    (void)state;
    struct cluster *c = relays_and_a_person_who_were_told_of_one();
    cluster_crashes(c, PERSON);
    cluster_run(c, 5 * MINUTE);
    cluster_restarts(c, PERSON); /* once relays know each other */
    cluster_run(c, 5 * MINUTE);
    for (uint32_t n = 0; n < HONEST; n++) { /* nothing is left but what each wrote down */
        cluster_loses_power(c, n);
    }
    for (uint32_t n = FIRST + 1; n < HONEST; n++) {
        cluster_restarts(c, n);
    }
    cluster_run(c, 3 * MINUTE);
    for (uint32_t n = FIRST + 1; n < HONEST; n++) {
        size_t post = cluster_publishes(c, n, "still here");
        cluster_run(c, MINUTE / 6);
        assert_true(cluster_acknowledged(c, post) && cluster_converged(c));
    }
    assert_int_equal(cluster_wronged_count(c), 0);
    cluster_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relays_that_keep_a_part_cut_nobody_off_and_are_not_sent_the_rest),
        cmocka_unit_test(who_lost_the_one_relay_they_were_told_of_find_others_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
