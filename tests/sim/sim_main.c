/* sim - random histories of many nodes, each from a seed.  See usage(). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/story.h"

#define SEED_MAX_S 300 /* a history that takes longer hangs */
#define JOBS_MAX   64

struct options {
    struct story story;
    uint64_t seeds_count; /* 0: one history, told */
    uint32_t jobs;
};

static uint64_t seed_now;

static void usage(void)
{
    (void)fputs(
        "sim [--seed N] [--nodes N] [--actions N] [--peaceful]\n"
        "    one history from a seed: nodes meet, speak, crash, are cut off and lied to; then\n"
        "    faults stop, and all honest nodes must have the same posts.  With KITH_SIM_TRACE "
        "set,\n"
        "    everything that happens goes to stderr.\n"
        "sim --seeds COUNT [--seed FIRST] [--jobs N] [--nodes N] [--actions N] [--peaceful]\n"
        "    many of them, on all cores; prints each seed that failed and how to repeat it\n"
        "\n"
        "for example:  sim --seed 7 --nodes 20      sim --seeds 1000 --seed 5000\n",
        stderr);
}

static bool take_number(uint64_t *number, const char *text, uint64_t min, uint64_t max)
{
    char *end;
    unsigned long long value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || *text == '\0' || *end != '\0' || value < min || value > max) {
        return false;
    }
    *number = value;
    return true;
}

/* Takes one option and its value; gives how many arguments that were, 0 if it is none. */
static int take_option(struct options *options, const char *name, const char *value)
{
    uint64_t number;
    if (strcmp(name, "--peaceful") == 0) {
        options->story.peaceful = true;
        return 1;
    }
    if (strcmp(name, "--seed") == 0 && take_number(&number, value, 0, UINT32_MAX)) {
        options->story.seed = number;
    } else if (strcmp(name, "--nodes") == 0 && take_number(&number, value, 2, 50)) {
        options->story.nodes_count = (uint32_t)number;
    } else if (strcmp(name, "--actions") == 0 && take_number(&number, value, 1, UINT32_MAX)) {
        options->story.actions_count = (uint32_t)number;
    } else if (strcmp(name, "--seeds") == 0 && take_number(&number, value, 1, UINT32_MAX)) {
        options->seeds_count = number;
    } else if (strcmp(name, "--jobs") == 0 && take_number(&number, value, 1, JOBS_MAX)) {
        options->jobs = (uint32_t)number;
    } else {
        return 0;
    }
    return 2;
}

static bool parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        int taken = take_option(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (taken == 0) {
            return false;
        }
        i += taken;
    }
    return true;
}

static const char *says(bool good)
{
    return good ? "yes" : "NO";
}

static void print_end(const struct story_end *end)
{
    (void)printf("posts %zu, acknowledged %zu, handed over %zu times, hostile nodes %zu\n",
                 end->posts_count, end->acknowledged_count, end->handed_count, end->hostile_count);
    (void)printf("converged %s (after %" PRIu64
                 " s), same sets %s, promises kept %s, once %s, quiet %s, "
                 "reading %s, answered %s, put again %zu, wronged %zu, suspected %zu\ntrace ",
                 says(end->converged), end->settled_ms / 1000, says(end->same_sets),
                 says(end->promises_kept), says(end->once), says(end->quiet), says(end->reading),
                 says(end->answered), end->there_count, end->wronged_count, end->suspected_count);
    for (size_t i = 0; i < CLUSTER_TRACE_LEN; i++) {
        (void)printf("%02x", end->trace[i]);
    }
    (void)printf("\n");
}

/* ---- Many seeds --------------------------------------------------------------------------- */

static void print_repeat(const struct options *options, uint64_t seed)
{
    (void)printf("seed %" PRIu64 " failed; again: ./dev sim --seed %" PRIu64, seed, seed);
    if (options->story.nodes_count > 0) {
        (void)printf(" --nodes %" PRIu32, options->story.nodes_count);
    }
    if (options->story.actions_count > 0) {
        (void)printf(" --actions %" PRIu32, options->story.actions_count);
    }
    (void)printf("%s\n", options->story.peaceful ? " --peaceful" : "");
    (void)fflush(stdout);
}

static void on_violation(void)
{
    (void)fprintf(stderr, "seed %" PRIu64 "\n", seed_now);
}

static int tell_quietly(const struct options *options, uint64_t seed)
{
    struct story story = options->story;
    story.seed = seed;
    seed_now = seed;
    (void)alarm(SEED_MAX_S);
    struct story_end end = story_tell(&story);
    if (!story_ended_well(&end)) {
        print_end(&end);
        return 1;
    }
    return 0;
}

/* Each in a process of its own: an assertion in one ends no other. */
static int run_seeds(const struct options *options)
{
    uint64_t first = options->story.seed;
    uint64_t begun = 0;
    uint64_t failed_count = 0;
    struct child {
        pid_t pid;
        uint64_t seed;
    } children[JOBS_MAX] = {{0}};
    uint32_t running = 0;
    time_t start_s = time(NULL);
    while (begun < options->seeds_count || running > 0) {
        if (running < options->jobs && begun < options->seeds_count) {
            uint32_t at = 0;
            while (children[at].pid != 0) {
                at++;
            }
            children[at].seed = first + begun++;
            (void)fflush(stdout);
            children[at].pid = fork();
            if (children[at].pid < 0) {
                perror("sim: cannot make a process");
                return 1;
            }
            if (children[at].pid == 0) {
                exit(tell_quietly(options, children[at].seed));
            }
            running++;
            continue;
        }
        int status;
        pid_t pid = wait(&status);
        for (uint32_t at = 0; at < options->jobs; at++) {
            if (pid > 0 && children[at].pid == pid) {
                children[at].pid = 0;
                running--;
                if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                    failed_count++;
                    print_repeat(options, children[at].seed);
                }
            }
        }
    }
    (void)printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " failed, %ld s\n",
                 options->seeds_count, first, failed_count, (long)(time(NULL) - start_s));
    return failed_count == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct options options = {.story = {.seed = 1},
                              .jobs = cores < 1          ? 1
                                      : cores > JOBS_MAX ? JOBS_MAX
                                                         : (uint32_t)cores};
    if (!parse(&options, argc, argv)) {
        usage();
        return 2;
    }
    cluster_on_violation(on_violation);
    if (options.seeds_count > 0) {
        return run_seeds(&options);
    }
    seed_now = options.story.seed;
    (void)printf("seed %" PRIu64 "\n", seed_now);
    (void)fflush(stdout);
    struct story_end end = story_tell(&options.story);
    print_end(&end);
    return story_ended_well(&end) ? 0 : 1;
}
