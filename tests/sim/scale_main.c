/* scale - thousands of nodes with light stores and signatures by a stand-in: how far and how often
 * new posts travel, who misses them, and what a node costs.  See usage(). */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/message.h"
#include "tests/support/cluster.h"

#define SEEDS_MAX                                                                                  \
    3 /* relays that a relay knows to begin with, at least one; all others it                      \
       * hears of */
#define PARENTS_EACH      2 /* relays that a leaf calls */
#define CONNECT_MS        90000
#define EVERY_MS          200 /* a post is said somewhere */
#define LIVE_MS           10000
#define AFTER_KILL_MS     30000
#define RECONCILED_MS     900000
#define NOT_HERE          UINT8_MAX
#define IDLE_MAX_OCTETS   ((size_t)256 * 1024)
#define BROADCAST_RMR_MAX 0.10
#define BROADCAST_HOP_MAX 15

struct options {
    uint64_t seed;
    uint32_t relays_count;
    uint32_t leaves_each;
    uint32_t warm_count; /* posts before those that are measured */
    uint32_t posts_count;
    uint32_t killed; /* percent; 0: none */
    bool idle;       /* only what an idle node costs */
};

struct world {
    struct cluster *c;
    const struct options *options;
    uint32_t nodes_count;
    size_t first_post; /* before it: to warm up */
    uint8_t *hops;     /* of each post measured and node: how far it came; NOT_HERE: it did not */
    struct post_id *ids;
    uint64_t copies_count; /* of those posts, from relay to relay */
    double start_s;
};

static void usage(void)
{
    (void)fputs(
        "scale [--relays N] [--leaves N] [--warm N] [--posts N] [--seed N] [--killed PERCENT] "
        "[--idle]\n"
        "    1,000 simulated relays, links of 10 to 100 ms: what broadcasting posts costs;\n"
        "    with --leaves so many people at each relay; with --killed so many relays end at\n"
        "    one moment, and what is said from 30 s after it is counted; with --idle only what\n"
        "    a node costs that has nothing to do\n"
        "\n"
        "for example:  scale --relays 1000 --killed 50\n",
        stderr);
}

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "scale: %s\n", what);
        exit(1);
    }
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* ---- A world ------------------------------------------------------------------------------ */

static void connect_all(struct world *world)
{
    const struct options *options = world->options;
    for (uint32_t n = 1; n < options->relays_count; n++) {
        uint64_t seeds_count = 1 + cluster_random(world->c, SEEDS_MAX);
        for (uint64_t k = 0; k < seeds_count; k++) {
            cluster_dials(world->c, n, (uint32_t)cluster_random(world->c, n));
        }
    }
    for (uint32_t n = options->relays_count; n < world->nodes_count; n++) {
        cluster_hides(world->c, n);
        for (uint32_t k = 0; k < PARENTS_EACH; k++) {
            cluster_dials(world->c, n, (uint32_t)cluster_random(world->c, options->relays_count));
        }
    }
}

static void world_begin(struct world *world, const struct options *options)
{
    uint32_t leaves_count = options->relays_count * options->leaves_each;
    *world = (struct world){.options = options,
                            .nodes_count = options->relays_count + leaves_count,
                            .start_s = seconds()};
    struct cluster_plan plan = {.seed = options->seed,
                                .nodes_count = world->nodes_count,
                                .relays_count = options->relays_count,
                                .stores = CLUSTER_STORES_LIGHT};
    world->c = cluster_new_planned(&plan);
    cluster_set_weather(world->c, &(struct cluster_weather){
                                      .delay_min_ms = 10, .delay_max_ms = 100, .jitter_ms = 2});
    world->hops = malloc((size_t)world->nodes_count * options->posts_count + 1);
    world->ids = calloc(options->posts_count + 1, sizeof *world->ids);
    must(world->hops != NULL && world->ids != NULL, "no memory");
    memset(world->hops, NOT_HERE, (size_t)world->nodes_count * options->posts_count);
    connect_all(world);
    cluster_run(world->c, CONNECT_MS);
}

static void world_end(struct world *world)
{
    cluster_free(world->c);
    free(world->hops);
    free(world->ids);
}

static uint8_t *hops_of(struct world *world, size_t post, uint32_t node)
{
    return &world->hops[(post - world->first_post) * world->nodes_count + node];
}

static uint32_t any_relay_up(struct world *world)
{
    uint32_t node;
    do {
        node = (uint32_t)cluster_random(world->c, world->options->relays_count);
    } while (!cluster_is_up(world->c, node));
    return node;
}

static void say(struct world *world, uint32_t count, bool measured)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = any_relay_up(world);
        size_t post = cluster_posts_count(world->c);
        if (measured) {
            *hops_of(world, post, node) = 0;
        }
        (void)cluster_publishes(world->c, node, "me too");
        if (measured) {
            world->ids[post - world->first_post] = cluster_post_id(world->c, post);
        }
        cluster_run(world->c, EVERY_MS);
    }
}

/* ---- What is measured --------------------------------------------------------------------- */

/* The number of a measured post; SIZE_MAX: it is none.  The newest are asked about. */
static size_t find(const struct world *world, const struct post_id *id)
{
    for (size_t i = cluster_posts_count(world->c); i > world->first_post; i--) {
        if (post_id_equal(&world->ids[i - 1 - world->first_post], id)) {
            return i - 1;
        }
    }
    return SIZE_MAX;
}

static void on_arrival(void *context, const struct cluster_frame *frame)
{
    struct world *world = context;
    struct message_posts posts;
    if (frame->type != FRAME_POSTS || message_posts_begin(&posts, frame->payload) != ERR_OK) {
        return;
    }
    while (posts.left_count > 0) {
        struct post post;
        struct octets wire;
        must(message_posts_next(&posts, &post, &wire) == ERR_OK, "a post is malformed");
        size_t number = find(world, &post.id);
        if (number != SIZE_MAX) {
            uint32_t relays_count = world->options->relays_count;
            world->copies_count += frame->from < relays_count && frame->to < relays_count;
            uint8_t *to = hops_of(world, number, frame->to);
            uint8_t from = *hops_of(world, number, frame->from);
            *to = *to == NOT_HERE && from < NOT_HERE - 1 ? (uint8_t)(from + 1) : *to;
        }
    }
}

struct result {
    uint64_t owed;   /* deliveries to those who are up, beside the author's */
    uint64_t missed; /* of them */
    unsigned last_hop;
    double mean_last_hop;
};

static struct result count(struct world *world)
{
    struct result result = {.owed = 0};
    size_t end = world->first_post + world->options->posts_count;
    for (size_t post = world->first_post; post < end; post++) {
        unsigned last = 0;
        for (uint32_t n = 0; n < world->nodes_count; n++) {
            if (!cluster_is_up(world->c, n)) {
                continue;
            }
            uint8_t hops = *hops_of(world, post, n);
            result.owed += hops != 0;
            result.missed += !cluster_has(world->c, n, post);
            last = hops != NOT_HERE && hops > last ? hops : last;
        }
        result.last_hop = last > result.last_hop ? last : result.last_hop;
        result.mean_last_hop += (double)last / world->options->posts_count;
    }
    return result;
}

static void print_figure(const struct world *world, const char *bench, const char *what,
                         double value, const char *unit)
{
    const struct options *options = world->options;
    (void)printf(
        "{\"bench\":\"%s\",\"what\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"relays\":%" PRIu32
        ",\"leaves\":%" PRIu32 ",\"killed\":%" PRIu32 "}\n",
        bench, what, value, unit, options->relays_count,
        options->relays_count * options->leaves_each, options->killed);
}

static void print_cost(const struct world *world, const char *bench)
{
    print_figure(world, bench, "time", seconds() - world->start_s, "s");
    print_figure(world, bench, "memory", (double)memory_in_use() / 1024 / world->nodes_count,
                 "KiB a node");
}

/* Of the relays that are up: who has how many neighbours. */
static void print_views(const struct world *world, const char *bench)
{
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    uint64_t sum = 0;
    uint32_t up_count = 0;
    for (uint32_t n = 0; n < world->options->relays_count; n++) {
        if (cluster_is_up(world->c, n)) {
            uint32_t count = cluster_stats(world->c, n).neighbours_count;
            least = count < least ? count : least;
            most = count > most ? count : most;
            sum += count;
            up_count++;
        }
    }
    print_figure(world, bench, "neighbours, least", least, "relays");
    print_figure(world, bench, "neighbours, mean", (double)sum / up_count, "relays");
    print_figure(world, bench, "neighbours, most", most, "relays");
}

static bool broadcast(struct world *world)
{
    say(world, world->options->warm_count, false);
    cluster_run(world->c, LIVE_MS);
    world->first_post = cluster_posts_count(world->c);
    print_views(world, "broadcast");
    cluster_listens_at_ends(world->c, on_arrival, world);
    uint64_t octets = cluster_octets_sent(world->c);
    say(world, world->options->posts_count, true);
    cluster_run(world->c, LIVE_MS);
    struct result result = count(world);
    double needed = (double)world->options->posts_count * (world->options->relays_count - 1);
    double rmr = (double)world->copies_count / needed - 1;
    octets = cluster_octets_sent(world->c) - octets;
    print_figure(world, "broadcast", "redundancy among relays", rmr, "ratio");
    print_figure(world, "broadcast", "last hop", result.last_hop, "hops");
    print_figure(world, "broadcast", "last hop, mean", result.mean_last_hop, "hops");
    print_figure(world, "broadcast", "missed", (double)result.missed, "deliveries");
    print_figure(world, "broadcast", "sent", (double)octets / (double)result.owed,
                 "octets a delivery");
    print_cost(world, "broadcast");
    return rmr <= BROADCAST_RMR_MAX && result.last_hop <= BROADCAST_HOP_MAX && result.missed == 0;
}

static void kill_some(struct world *world)
{
    uint32_t count =
        (uint32_t)((uint64_t)world->options->relays_count * world->options->killed / 100);
    for (uint32_t i = 0; i < count; i++) {
        cluster_crashes(world->c, any_relay_up(world));
    }
}

static bool broadcast_faults(struct world *world)
{
    say(world, world->options->warm_count, false);
    cluster_run(world->c, LIVE_MS);
    kill_some(world);
    cluster_run(world->c, AFTER_KILL_MS);
    print_views(world, "broadcast-faults");
    world->first_post = cluster_posts_count(world->c);
    cluster_listens_at_ends(world->c, on_arrival, world);
    say(world, world->options->posts_count, true);
    cluster_run(world->c, LIVE_MS);
    struct result live = count(world);
    cluster_run(world->c, RECONCILED_MS);
    struct result all = count(world);
    double live_share = 1 - (double)live.missed / (double)live.owed;
    double all_share = 1 - (double)all.missed / (double)all.owed;
    print_figure(world, "broadcast-faults", "delivered live", live_share, "share");
    print_figure(world, "broadcast-faults", "delivered after reconciliation", all_share, "share");
    print_cost(world, "broadcast-faults");
    return live_share >= 0.99 && all.missed == 0;
}

static bool idle(struct world *world, size_t before)
{
    cluster_run(world->c, CONNECT_MS);
    size_t each = (memory_in_use() - before) / world->nodes_count;
    print_figure(world, "sim-idle", "memory", (double)each / 1024, "KiB a node");
    return each <= IDLE_MAX_OCTETS;
}

/* ---- Options ------------------------------------------------------------------------------ */

static bool take_number(uint32_t *number, const char *text, uint32_t min, uint32_t max)
{
    char *end;
    unsigned long long value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || *text == '\0' || *end != '\0' || value < min || value > max) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

static bool parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint32_t seed = 0;
        if (strcmp(argv[i], "--idle") == 0) {
            options->idle = true;
            i--;
        } else if (strcmp(argv[i], "--seed") == 0 && take_number(&seed, value, 0, UINT32_MAX)) {
            options->seed = seed;
        } else if (!(strcmp(argv[i], "--relays") == 0 &&
                     take_number(&options->relays_count, value, 2, CLUSTER_NODES_MAX)) &&
                   !(strcmp(argv[i], "--leaves") == 0 &&
                     take_number(&options->leaves_each, value, 0, 1000)) &&
                   !(strcmp(argv[i], "--warm") == 0 &&
                     take_number(&options->warm_count, value, 0, 10000)) &&
                   !(strcmp(argv[i], "--posts") == 0 &&
                     take_number(&options->posts_count, value, 1, 10000)) &&
                   !(strcmp(argv[i], "--killed") == 0 &&
                     take_number(&options->killed, value, 1, 99))) {
            return false;
        }
    }
    return options->relays_count * (1 + (uint64_t)options->leaves_each) <= CLUSTER_NODES_MAX;
}

int main(int argc, char **argv)
{
    struct options options = {
        .seed = 1, .relays_count = 1000, .warm_count = 100, .posts_count = 100};
    if (!parse(&options, argc, argv)) {
        usage();
        return 2;
    }
    size_t before = memory_in_use();
    struct world world;
    world_begin(&world, &options);
    bool good = options.idle         ? idle(&world, before)
                : options.killed > 0 ? broadcast_faults(&world)
                                     : broadcast(&world);
    world_end(&world);
    return good ? 0 : 1;
}
