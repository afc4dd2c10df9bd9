/* Promise 3: nothing that leaves a node depends on whom its person has blocked.
 *
 * The same world runs twice from one seed: nine nodes around two relays, one of them hers, with the
 * person she blocks among her peers.  Once she blocks, unblocks and blocks again, once she does
 * not; all else she does is the same.  Every frame between any two nodes, and its moment, must be
 * too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/interference/world.h"
#include "tests/support/cluster.h"

#define NODES    9
#define HER_NODE 2
#define HIS_NODE 3 /* dials her directly */
#define ACTIONS  120
#define SEEDS    20
#define HEX_MAX  65

struct her {
    struct cluster *cluster;
    struct world *world;
    struct world_node node;
    struct cluster_inhabitant inhabitant;
    bool blocks;
    size_t done_count; /* her commands that succeeded */
};

static uint64_t now_s(void *context)
{
    return cluster_now_s(((struct her *)context)->cluster);
}

static void publish(void *context, uint64_t token, struct octets wire)
{
    cluster_publishes_wire(((struct her *)context)->cluster, HER_NODE, token, wire);
}

static void wait(void *context)
{
    cluster_run(((struct her *)context)->cluster, 5);
}

static void on_published(void *context, uint64_t token, enum err_code status, uint32_t sent_to)
{
    world_on_published(((struct her *)context)->world, token, status, sent_to);
}

static void on_accepted(void *context)
{
    world_on_accepted(((struct her *)context)->world);
}

/* Two relays; everybody else dials one or both, and he dials her as well. */
static void begin(struct her *her, uint64_t seed, bool blocks)
{
    struct cluster *c = cluster_new(seed, NODES);
    *her = (struct her){.cluster = c, .blocks = blocks};
    her->node = (struct world_node){.context = her,
                                    .store = cluster_store(c, HER_NODE),
                                    .now_s = now_s,
                                    .publish = publish,
                                    .wait = wait};
    her->inhabitant = (struct cluster_inhabitant){
        .context = her, .on_published = on_published, .on_accepted = on_accepted};
    her->world = world_new_at(&her->node);
    cluster_inhabit(c, HER_NODE, &her->inhabitant);
    cluster_dials(c, 0, 1);
    for (uint32_t n = 2; n < NODES; n++) {
        cluster_dials(c, n, n % 2);
        if (n % 3 == 0) {
            cluster_dials(c, n, (n + 1) % 2);
        }
    }
    cluster_dials(c, HIS_NODE, HER_NODE);
    cluster_run(c, 500);
}

static void end(struct her *her)
{
    world_free(her->world);
    cluster_free(her->cluster);
}

/* In virtual time a command may take a few milliseconds: both runs must spend the same. */
static void she(struct her *her, const char *first, const char *second, const char *third)
{
    const char *words[] = {first, second, third};
    size_t count = third != NULL ? 3 : second != NULL ? 2 : 1;
    struct answer answer = world_ask(her->world, count, words);
    her->done_count += answer.status == 0;
    answer_free(&answer);
}

static void blocks_and_unblocks(struct her *her, int action)
{
    struct key key = cluster_key(her->cluster, HIS_NODE);
    char hex[HEX_MAX];
    (void)sodium_bin2hex(hex, sizeof hex, key.octets, KEY_LEN);
    if (!her->blocks) {
        return;
    }
    if (action == 20 || action == 70) {
        she(her, "block", hex, NULL);
    } else if (action == 50) {
        she(her, "unblock", hex, NULL);
    }
}

/* What she does by the dice, the same in both runs: she answers only herself, since what she sees
 * of others differs. */
static void does_something(struct her *her, uint64_t dice, int action)
{
    char text[32];
    struct key key = cluster_key(her->cluster, (uint32_t)(3 + dice % (NODES - 3)));
    char hex[HEX_MAX];
    (void)sodium_bin2hex(hex, sizeof hex, key.octets, KEY_LEN);
    (void)snprintf(text, sizeof text, "me too, %d", action);
    switch (dice % 6) {
    case 0:
        she(her, "post", text, "--tag=metoo");
        break;
    case 1:
        she(her, "vouch", hex, NULL);
        break;
    case 2:
        she(her, "follow", hex, NULL);
        break;
    case 3:
        she(her, "timeline", "--strangers", "--json");
        break;
    case 4:
        she(her, "search", "too", NULL);
        break;
    default:
        she(her, "profile", "--name", text);
        break;
    }
}

static void run(struct her *her, uint64_t seed, bool blocks)
{
    begin(her, seed, blocks);
    struct cluster *c = her->cluster;
    for (int action = 0; action < ACTIONS; action++) {
        uint64_t dice = cluster_random(c, 1000);
        uint32_t who = (uint32_t)cluster_random(c, NODES);
        if (dice < 300) {
            does_something(her, dice, action);
        } else if (who != HER_NODE && cluster_is_up(c, who)) {
            (void)cluster_publishes(c, dice < 500 ? HIS_NODE : who, "support");
        }
        if (dice >= 960) {
            cluster_breaks(c, HER_NODE, dice < 980 ? HIS_NODE : HER_NODE % 2);
        }
        blocks_and_unblocks(her, action);
        cluster_run(c, 1 + cluster_random(c, 400));
    }
    cluster_run(c, 20000);
}

static void what_leaves_a_node_does_not_depend_on_blocks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct her with;
        struct her without;
        uint8_t traces[2][CLUSTER_TRACE_LEN];
        run(&with, seed, true);
        run(&without, seed, false);
        cluster_trace(with.cluster, traces[0]);
        cluster_trace(without.cluster, traces[1]);
        assert_int_equal(with.done_count, without.done_count + 3); /* the blocks did happen */
        assert_true(without.done_count > 10);
        assert_memory_equal(traces[0], traces[1], CLUSTER_TRACE_LEN);
        end(&with);
        end(&without);
    }
}

/* The comparison is worth something only if it sees what a person visibly does. */
static void one_more_post_would_be_seen(void **state)
{
    (void)state;
    struct her more;
    struct her plain;
    uint8_t traces[2][CLUSTER_TRACE_LEN];
    begin(&more, 1, false);
    begin(&plain, 1, false);
    she(&more, "post", "one more", NULL);
    cluster_run(more.cluster, 1000);
    cluster_run(plain.cluster, 1000);
    cluster_trace(more.cluster, traces[0]);
    cluster_trace(plain.cluster, traces[1]);
    assert_memory_not_equal(traces[0], traces[1], CLUSTER_TRACE_LEN);
    end(&more);
    end(&plain);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_leaves_a_node_does_not_depend_on_blocks),
        cmocka_unit_test(one_more_post_would_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
