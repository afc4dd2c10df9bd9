#include "tests/sim/story.h"

#define RELAYS_COUNT 3
#define DIALS_EACH   2
#define SETTLE_MS    900000 /* every pair reconciles at least twice */

/* The first nodes are dialled by everybody, and each dials the next one. */
static void connect_all(struct cluster *c, uint32_t nodes_count)
{
    uint32_t relays_count = nodes_count < RELAYS_COUNT ? 1 : RELAYS_COUNT;
    for (uint32_t n = 1; n < nodes_count; n++) {
        if (n < relays_count) {
            cluster_dials(c, n, n - 1);
            continue;
        }
        for (uint32_t k = 0; k < DIALS_EACH && k < relays_count; k++) {
            cluster_dials(c, n, (n + k) % relays_count);
        }
    }
}

static void act(struct cluster *c, uint32_t nodes_count)
{
    uint32_t node = (uint32_t)cluster_random(c, nodes_count);
    uint64_t what = cluster_random(c, 100);
    if (!cluster_is_up(c, node)) {
        cluster_restarts(c, node);
    } else if (what < 80) {
        (void)cluster_publishes(c, node, "me too");
    } else if (what < 92) {
        cluster_breaks_any(c);
    } else {
        cluster_crashes(c, node);
    }
}

struct story_end story_tell(const struct story *story)
{
    struct story_end end = {.promises_kept = true};
    struct cluster *c = cluster_new(story->seed, story->nodes_count);
    connect_all(c, story->nodes_count);
    cluster_run(c, 500);
    cluster_set_faults(
        c, &(struct cluster_faults){
               .read_fails = 20, .store_fails = 20, .answers_twice = 50, .answer_max_ms = 200});
    for (uint32_t i = 0; i < story->actions_count; i++) {
        act(c, story->nodes_count);
        cluster_run(c, cluster_random(c, 400));
        end.promises_kept = end.promises_kept && cluster_kept_promises(c);
    }

    cluster_set_faults(c, &(struct cluster_faults){.answer_max_ms = 5});
    for (uint32_t n = 0; n < story->nodes_count; n++) {
        if (!cluster_is_up(c, n)) {
            cluster_restarts(c, n);
        }
    }
    cluster_run(c, SETTLE_MS);
    end.converged = cluster_converged(c);
    end.promises_kept = end.promises_kept && cluster_kept_promises(c);
    end.blames_count = cluster_blames_count(c);
    end.posts_count = cluster_posts_count(c);
    end.handed_count = cluster_handed_count(c);
    for (size_t post = 0; post < end.posts_count; post++) {
        end.acknowledged_count += cluster_acknowledged(c, post);
    }
    cluster_trace(c, end.trace);
    cluster_free(c);
    return end;
}
