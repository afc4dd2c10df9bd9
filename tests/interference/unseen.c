#include "tests/interference/unseen.h"

#include <stdio.h>

#include <sodium.h>

#include "store/store.h"

#define ACTIONS   120
#define HEX_MAX   65
#define DAY_S     86400
#define EVENING_S 12 /* so long before midnight they begin */
#define KEEP_S    3

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
static void begin(struct her *her, const struct cluster_plan *plan)
{
    struct cluster *c = cluster_new_planned(plan);
    her->cluster = c;
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

void her_begin(struct her *her, uint64_t seed, bool blocks)
{
    struct cluster_plan plan = {.seed = seed, .nodes_count = NODES};
    *her = (struct her){.blocks = blocks};
    begin(her, &plan);
}

void her_begin_at_night(struct her *her, uint64_t seed, bool blocks, bool archives)
{
    struct cluster_plan plan = {.seed = seed,
                                .nodes_count = NODES,
                                .start_s = (CLUSTER_START_S / DAY_S + 1) * DAY_S - EVENING_S};
    *her = (struct her){.blocks = blocks, .ages = true, .archives = archives};
    begin(her, &plan);
    store_retain(cluster_store(her->cluster, HER_NODE),
                 &(struct store_retention_rules){.keep_s = KEEP_S, .held = true});
}

void her_end(struct her *her)
{
    world_free(her->world);
    cluster_free(her->cluster);
}

/* In virtual time a command may take a few milliseconds: both runs must spend the same. */
void her_asks(struct her *her, const char *first, const char *second, const char *third)
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
        her_asks(her, "block", hex, NULL);
    } else if (action == 50) {
        her_asks(her, "unblock", hex, NULL);
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
        her_asks(her, "post", text, "--tag=metoo");
        break;
    case 1:
        her_asks(her, "vouch", hex, NULL);
        break;
    case 2:
        her_asks(her, "follow", hex, NULL);
        break;
    case 3:
        her_asks(her, "timeline", "--strangers", "--json");
        break;
    case 4:
        her_asks(her, "search", "too", NULL);
        break;
    default:
        her_asks(her, "profile", "--name", text);
        break;
    }
}

void her_runs(struct her *her)
{
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
        if (her->ages) {
            world_grows_older(her->world, her->archives);
        }
        cluster_run(c, 1 + cluster_random(c, 400));
    }
    cluster_run(c, 20000);
}
