/* Coming back: reconcile, go live, and nothing is missing or comes twice (SPEC 6.4, 7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"
#include "proto/message.h"
#include "store/store.h"
#include "tests/support/cluster.h"
#include "tests/support/posts.h"

#define IDS_MAX 4096
#define DAY_S   UINT64_C(86400)

/* What one node is given: which posts, and how far its reconciliations have come. */
struct door {
    uint32_t node;
    struct post_id ids[IDS_MAX];
    size_t ids_count;
    size_t answers_count; /* RECONs that came */
    size_t by_id_count;   /* WANTs that left: what was listed is asked for by its places */
    size_t asked_count;   /* and left: at the other end */
};

static void on_frame(void *context, const struct cluster_frame *frame)
{
    struct door *door = context;
    struct message_posts posts;
    if (frame->from == door->node && frame->type == FRAME_RECON) {
        door->asked_count++;
    }
    door->by_id_count += frame->from == door->node && frame->type == FRAME_WANT;
    if (frame->to != door->node) {
        return;
    }
    door->answers_count += frame->type == FRAME_RECON;
    if (frame->type != FRAME_POSTS) {
        return;
    }
    assert_int_equal(message_posts_begin(&posts, frame->payload), ERR_OK);
    while (posts.left_count > 0) {
        struct post post;
        struct octets wire;
        assert_int_equal(message_posts_next(&posts, &post, &wire), ERR_OK);
        assert_true(door->ids_count < IDS_MAX);
        door->ids[door->ids_count++] = post.id;
    }
}

static struct door *door_of(struct cluster *c, uint32_t node)
{
    struct door *door = calloc(1, sizeof *door);
    assert_non_null(door);
    door->node = node;
    cluster_listens_at_ends(c, on_frame, door);
    return door;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, POST_ID_LEN);
}

static bool came_once_each(struct door *door)
{
    qsort(door->ids, door->ids_count, sizeof door->ids[0], compare_ids);
    for (size_t i = 1; i < door->ids_count; i++) {
        if (post_id_equal(&door->ids[i - 1], &door->ids[i])) {
            return false;
        }
    }
    return true;
}

static void says(struct cluster *c, uint32_t node, size_t count, uint64_t every_ms)
{
    for (size_t i = 0; i < count; i++) {
        (void)cluster_publishes(c, node, "me too");
        cluster_run(c, every_ms);
    }
}

enum { ANA, BEA, RELAY };

/* Bea was away while Ana said so much; both know one relay. */
static struct cluster *ana_goes_on_without_bea(uint64_t seed, size_t posts_count)
{
    struct cluster *c = cluster_new(seed, 3);
    cluster_dials(c, ANA, RELAY);
    cluster_run(c, 1000);
    says(c, ANA, posts_count, 5);
    cluster_run(c, 1000);
    return c;
}

static void who_comes_back_gets_each_post_once_and_is_live(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct cluster *c = ana_goes_on_without_bea(seed, 300);
        struct door *door = door_of(c, BEA);
        cluster_dials(c, BEA, RELAY);
        says(c, ANA, 100, 7); /* while Bea catches up, and after */
        cluster_run(c, 2000);

        assert_true(cluster_converged(c));
        assert_int_equal(door->ids_count, 400);
        assert_true(came_once_each(door));
        size_t live = cluster_publishes(c, ANA, "now");
        cluster_run(c, 1000);
        assert_true(cluster_has(c, BEA, live));
        assert_int_equal(cluster_blames_count(c), 0);
        cluster_free(c);
        free(door);
    }
}

/* A post comes at each moment there is: before the first message arrives, before its answer does,
 * and so on. */
static void a_post_that_comes_in_the_middle_comes_once(void **state)
{
    (void)state;
    const struct cluster_faults slow = {.answer_max_ms = 40};
    for (uint64_t moment = 0; moment < 48; moment++) {
        struct cluster *c = ana_goes_on_without_bea(30 + moment / 24, 200);
        struct door *door = door_of(c, BEA);
        cluster_set_faults(c, &slow);
        cluster_dials(c, BEA, RELAY);
        while (door->asked_count == 0) {
            cluster_run(c, 1);
        }
        cluster_run(c, moment % 24 * 10);
        size_t middle = cluster_publishes(c, ANA, "in the middle");
        cluster_run(c, 3000);

        assert_true(cluster_has(c, BEA, middle));
        assert_true(cluster_converged(c));
        assert_int_equal(door->ids_count, 201);
        assert_true(came_once_each(door));
        cluster_free(c);
        free(door);
    }
}

static void who_was_away_asks_for_what_she_lacks_by_its_places(void **state)
{
    (void)state;
    struct cluster *c = ana_goes_on_without_bea(37, 900);
    cluster_dials(c, BEA, RELAY);
    cluster_run(c, 3000);
    assert_true(cluster_converged(c));
    cluster_crashes(c, BEA);
    says(c, ANA, 300, 5);
    cluster_run(c, 1000);
    struct door *door = door_of(c, BEA);
    cluster_restarts(c, BEA);
    cluster_run(c, 5000);
    assert_true(cluster_converged(c));
    assert_true(door->answers_count > 1); /* what she lacks was not in the first */
    assert_int_equal(door->ids_count, 300);
    assert_int_equal(door->by_id_count, 0);
    cluster_free(c);
    free(door);
}

/* What Bea says herself while she catches up reaches the others likewise. */
static void who_speaks_while_catching_up_is_heard_once(void **state)
{
    (void)state;
    struct cluster *c = ana_goes_on_without_bea(31, 300);
    struct door *door = door_of(c, ANA);
    cluster_dials(c, BEA, RELAY);
    says(c, BEA, 60, 10);
    cluster_run(c, 2000);
    assert_true(cluster_converged(c));
    assert_int_equal(door->ids_count, 60);
    assert_true(came_once_each(door));
    cluster_free(c);
    free(door);
}

static void a_connection_that_breaks_in_the_middle_is_gone_on_with(void **state)
{
    (void)state;
    struct cluster *c = ana_goes_on_without_bea(32, 1500);
    struct door *door = door_of(c, BEA);
    cluster_dials(c, BEA, RELAY);
    for (unsigned times = 0; times < 3; times++) {
        size_t before = door->answers_count;
        while (door->answers_count == before) {
            cluster_run(c, 1);
        }
        cluster_breaks(c, BEA, RELAY);
    }
    cluster_run(c, 20000);
    assert_true(cluster_converged(c));
    assert_int_equal(cluster_blames_count(c), 0);
    cluster_free(c);
    free(door);
}

static void a_relay_that_was_down_is_found_again_within_a_minute(void **state)
{
    (void)state;
    struct cluster *c = ana_goes_on_without_bea(33, 10);
    cluster_dials(c, BEA, RELAY);
    cluster_run(c, 2000);
    cluster_crashes(c, RELAY);
    cluster_run(c, 1000);
    says(c, ANA, 20, 10);
    cluster_run(c, 3600000); /* an hour, however many attempts that were */
    cluster_restarts(c, RELAY);
    cluster_run(c, 65000);
    assert_int_equal(cluster_stats(c, RELAY).ready_count, 2);
    assert_true(cluster_converged(c));
    cluster_free(c);
}

/* One relay of three has nothing for anybody; asking several makes up for it. */
static void a_relay_that_omits_everything_keeps_nothing_from_anybody(void **state)
{
    (void)state;
    enum { CARL = 2, LIAR = 3, FIRST = 4, SECOND = 5 };
    struct cluster *c = cluster_new(34, 6);
    cluster_corrupts(c, LIAR, CLUSTER_OMITS);
    cluster_dials(c, ANA, LIAR);
    cluster_dials(c, ANA, FIRST);
    cluster_dials(c, CARL, LIAR);
    cluster_dials(c, CARL, SECOND);
    cluster_dials(c, FIRST, SECOND);
    cluster_run(c, 2000);
    says(c, ANA, 150, 10);
    says(c, CARL, 150, 10);
    cluster_run(c, 1000);
    cluster_dials(c, BEA, LIAR); /* whom she asks first */
    cluster_run(c, 3000);
    cluster_dials(c, BEA, SECOND);
    cluster_run(c, 5000);
    assert_true(cluster_converged(c));
    assert_true(cluster_has(c, BEA, 0));
    assert_true(cluster_has(c, BEA, 299));
    cluster_free(c);
}

static void two_friends_need_no_relay(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(35, 2);
    says(c, ANA, 200, 10);
    says(c, BEA, 200, 10);
    struct door *door = door_of(c, BEA);
    cluster_dials(c, BEA, ANA);
    cluster_run(c, 3000);
    assert_true(cluster_converged(c));
    size_t hers = cluster_publishes(c, ANA, "live");
    size_t back = cluster_publishes(c, BEA, "and back");
    cluster_run(c, 1000);
    assert_true(cluster_has(c, BEA, hers));
    assert_true(cluster_has(c, ANA, back));
    assert_int_equal(door->ids_count, 201);
    assert_true(came_once_each(door));
    cluster_free(c);
    free(door);
}

static bool keeps(struct cluster *c, uint32_t node, const struct post_id *id)
{
    static uint8_t room[POST_WIRE_MAX];
    struct octets_room wire = {.at = room, .cap = sizeof room};
    return store_body(cluster_store(c, node), &wire, id, NULL) == ERR_OK;
}

static void no_answer(void *context, uint64_t token, enum err_code status, uint32_t sent_to)
{
    (void)context;
    (void)token;
    (void)sent_to;
    assert_int_equal(status, ERR_OK);
}

static void nothing(void *context)
{
    (void)context;
}

/* The relay keeps what is new, and names and introductions for ever; Bea, who comes new, learns
 * those too, whoever of the two dials. */
static void who_is_new_learns_names_older_than_the_floor(void **state)
{
    (void)state;
    const struct cluster_inhabitant somebody = {.on_published = no_answer, .on_accepted = nothing};
    for (unsigned dials = 0; dials < 2; dials++) {
        struct cluster *c = cluster_new(36 + dials, 3);
        struct person carl = person_of("carl");
        struct posts posts = {.wires = NULL};
        person_profile(&posts, &carl, 5 * DAY_S, "Carl", "");
        person_vouch(&posts, &carl, 5 * DAY_S, &carl.key, NULL);
        person_text(&posts, &carl, 5 * DAY_S, "long ago", NULL);
        person_profile(&posts, &carl, 11 * DAY_S + 1, "Carl, since yesterday", "");
        cluster_inhabit(c, RELAY, &somebody);
        for (size_t i = 0; i < posts.count; i++) {
            cluster_publishes_wire(c, RELAY, 1000 + i, posts.wires[i]);
        }
        cluster_run(c, 1000);
        cluster_raises_floor(c, RELAY, 11 * DAY_S);
        struct door *door = door_of(c, BEA);
        cluster_dials(c, dials == 0 ? BEA : RELAY, dials == 0 ? RELAY : BEA);
        cluster_run(c, 5000);

        assert_true(keeps(c, BEA, &posts.ids[0]));
        assert_true(keeps(c, BEA, &posts.ids[1]));
        assert_false(keeps(c, BEA, &posts.ids[2]));
        assert_true(keeps(c, BEA, &posts.ids[3]));
        assert_int_equal(door->ids_count, 3);
        posts_free(&posts);
        cluster_free(c);
        free(door);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_back_gets_each_post_once_and_is_live),
        cmocka_unit_test(a_post_that_comes_in_the_middle_comes_once),
        cmocka_unit_test(who_was_away_asks_for_what_she_lacks_by_its_places),
        cmocka_unit_test(who_speaks_while_catching_up_is_heard_once),
        cmocka_unit_test(a_connection_that_breaks_in_the_middle_is_gone_on_with),
        cmocka_unit_test(a_relay_that_was_down_is_found_again_within_a_minute),
        cmocka_unit_test(a_relay_that_omits_everything_keeps_nothing_from_anybody),
        cmocka_unit_test(two_friends_need_no_relay),
        cmocka_unit_test(who_is_new_learns_names_older_than_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
