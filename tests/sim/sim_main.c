/* sim [--seed N] [--nodes N] [--actions N] - tell one story and print how it ended.  With
 * KITH_SIM_TRACE set, everything that happens goes to stderr. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/story.h"

static bool take_number(uint64_t *number, const char *text, uint64_t max)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value > max) {
        return false;
    }
    *number = value;
    return true;
}

static bool parse(struct story *story, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        uint64_t number;
        if (i + 1 == argc || !take_number(&number, argv[i + 1], UINT32_MAX)) {
            return false;
        }
        if (strcmp(argv[i], "--seed") == 0) {
            story->seed = number;
        } else if (strcmp(argv[i], "--nodes") == 0 && number >= 2 && number <= CLUSTER_NODES_MAX) {
            story->nodes_count = (uint32_t)number;
        } else if (strcmp(argv[i], "--actions") == 0) {
            story->actions_count = (uint32_t)number;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct story story = {.seed = 1, .nodes_count = 20, .actions_count = 200};
    if (!parse(&story, argc, argv)) {
        (void)fprintf(stderr, "usage: sim [--seed N] [--nodes 2..%d] [--actions N]\n",
                      CLUSTER_NODES_MAX);
        return 2;
    }
    (void)printf("seed %llu\n", (unsigned long long)story.seed);
    (void)fflush(stdout);
    struct story_end end = story_tell(&story);
    (void)printf("posts %zu, acknowledged %zu, handed over %zu times\n", end.posts_count,
                 end.acknowledged_count, end.handed_count);
    (void)printf("converged %s, promises %s, blamed %zu\ntrace ", end.converged ? "yes" : "NO",
                 end.promises_kept ? "kept" : "BROKEN", end.blames_count);
    for (size_t i = 0; i < CLUSTER_TRACE_LEN; i++) {
        (void)printf("%02x", end.trace[i]);
    }
    (void)printf("\n");
    return end.converged && end.promises_kept && end.blames_count == 0 ? 0 : 1;
}
