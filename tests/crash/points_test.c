/* points_test.c - the machine stops at every file call of a long history (SPEC 10.7).
 *
 *     crash.points [SHARD/SHARDS] [STEPS] [SEED]     crash.points =POINT: all that can be done
 * there
 *
 * The history is lived through once.  Before each changing call of a file, what a restart would
 * find is made as a copy that borrows: nothing, everything, some pages, or as far as a torn sector
 * of what was not synced, and a consistent part of the changes of names.  Each copy is opened and
 * compared with what was acknowledged.  Some go on living, and some of these stop again at every
 * call of their recovery; some are killed instead, so that all was written and nothing synced. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/crash/calls.h"
#include "tests/crash/life.h"

#define STEPS         2100
#define LIVE_ON_EVERY 61   /* points */
#define AGAIN_EVERY   2400 /* points */

static const enum file_memory_outcome outcomes[] = {FILE_MEMORY_DROP, FILE_MEMORY_KEEP,
                                                    FILE_MEMORY_PAGES, FILE_MEMORY_SECTOR};
static const char *const outcome_names[] = {"nothing", "everything", "some pages", "a torn sector"};
#define OUTCOMES_COUNT 4

struct watch {
    struct life *life;
    struct calls calls;
    bool again; /* a recovery is watched: nothing is tried behind its points */
    uint64_t counts[FILE_MEMORY_CHANGES_COUNT];
};

/* Of all watches. */
static uint64_t points_and_outcomes;
static uint64_t recoveries;
static uint64_t lived_on;
static uint64_t second_crashes;
static uint64_t kills;
/* For whoever has to find out: where it was. */
static char where[2][256];

static void failed(const struct life *life, const char *what)
{
    (void)fprintf(stderr, "crash.points: %s\n  %s\n  %s\n  step %" PRIu64 ", %s, %s%s\n", what,
                  where[0], where[1], life->steps_count, life_act_name(life->act), life->note.text,
                  ledger_details());
    (void)fflush(stderr);
    _exit(1);
}

static void check(struct life *life, bool thorough)
{
    const char *why = "";
    if (!ledger_holds(&life->ledger, &life->house, life->now_s, thorough, &why)) {
        failed(life, why);
    }
    if (file_memory_broken_rules(life->house.files) > 0) {
        failed(life, "a file was used after its sync failed, or named before it was synced");
    }
}

static void live_on(struct life *life)
{
    static const enum life_act acts[] = {LIFE_PUT, LIFE_BLOCK, LIFE_OWN, LIFE_REOPEN, LIFE_PUT};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (life_do(life, acts[i]) != ERR_OK) {
            failed(life, "a home that was opened again does not work on");
        }
    }
    check(life, true);
    lived_on++;
}

static void before_call(void *context, enum file_memory_call call, const char *path);

/* Open what is left and see; with on set go on living in it, with again set stop at each call. */
static void visit(const struct life *life, struct files *left, bool on, bool again)
{
    uint64_t random = house_random_at();
    uint32_t pool = pool_count();
    struct life *after = life_copy(life, left);
    struct watch watch = {.life = after, .calls = CALLS_ALL, .again = true};
    struct file_memory_hook hook = {.context = &watch, .before = before_call};
    if (again) {
        file_memory_hook(left, &hook);
    }
    if (life_open(after) != ERR_OK) {
        failed(after, "the home does not open again");
    }
    check(after, on);
    recoveries++;
    if (on) {
        ledger_settle(&after->ledger, &after->house);
        live_on(after);
    }
    file_memory_hook(left, NULL);
    life_free(after);
    file_memory_free(left);
    pool_back(pool);
    house_random_back(random);
}

/* ---- What was gone through ----------------------------------------------------------------- */

static uint64_t *visited; /* open addressing; 0: free */
static size_t visited_cap;
static size_t visited_count;

static bool visited_put(uint64_t what)
{
    size_t at = what % visited_cap;
    while (visited[at] != 0 && visited[at] != what) {
        at = at + 1 < visited_cap ? at + 1 : 0;
    }
    bool is_new = visited[at] == 0;
    visited[at] = what;
    visited_count += is_new ? 1 : 0;
    return is_new;
}

static void visited_grow(void)
{
    uint64_t *before = visited;
    size_t before_cap = visited_cap;
    visited_cap = visited_cap == 0 ? 4096 : visited_cap * 2;
    visited = calloc(visited_cap, sizeof *visited);
    if (visited == NULL) {
        abort();
    }
    visited_count = 0;
    for (size_t i = 0; i < before_cap; i++) {
        if (before[i] != 0) {
            (void)visited_put(before[i]);
        }
    }
    free(before);
}

static uint64_t mix(uint64_t state, uint64_t word)
{
    state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return state ^ (state >> 29);
}

/* What was acknowledged, what is in flight, and when: all that a home is compared with. */
static uint64_t digest_of_told(const struct life *life)
{
    const uint8_t *ledger = (const uint8_t *)&life->ledger;
    uint64_t state = mix(life->now_s, (uint64_t)life->act);
    for (size_t i = 0; i + 8 <= sizeof life->ledger; i += 8) {
        uint64_t word;
        memcpy(&word, ledger + i, sizeof word);
        state = mix(state, word);
    }
    return state;
}

_Static_assert(sizeof(struct ledger) % 8 == 0, "no octet of it is passed over");

/* The same files, to be compared with the same, are opened once. */
static bool is_new(uint64_t files, uint64_t told)
{
    if (visited_count * 2 >= visited_cap) {
        visited_grow();
    }
    return visited_put(mix(files, told) | 1);
}

/* ---- Stopping ------------------------------------------------------------------------------ */

/* What crashes here may leave, of which those that are the same are gone through once. */
static void stop_here(struct watch *watch, bool on)
{
    const struct files *files = watch->life->house.files;
    uint64_t told_is = digest_of_told(watch->life);
    uint64_t seen[OUTCOMES_COUNT];
    char *told = where[watch->again ? 1 : 0];
    size_t told_len = strlen(told);
    for (size_t i = 0; i < OUTCOMES_COUNT; i++) {
        struct files *left =
            file_memory_after_crash(files, outcomes[i], watch->calls.count * 8 + i);
        seen[i] = file_memory_digest(left);
        size_t same = 0;
        while (seen[same] != seen[i]) {
            same++;
        }
        points_and_outcomes++;
        if (same < i || (!is_new(seen[i], told_is) && !on)) {
            file_memory_free(left);
            continue;
        }
        (void)snprintf(told + told_len, sizeof where[0] - told_len, ", leaving %s",
                       outcome_names[i]);
        visit(watch->life, left, on, false);
    }
    told[told_len] = '\0';
}

/* One of them, stopped again at every call of its recovery and of what it does then. */
static void stop_twice(struct watch *watch, size_t outcome)
{
    char *told = where[0];
    size_t told_len = strlen(told);
    (void)snprintf(told + told_len, sizeof where[0] - told_len, ", leaving %s",
                   outcome_names[outcome]);
    visit(watch->life,
          file_memory_after_crash(watch->life->house.files, outcomes[outcome], watch->calls.count),
          true, true);
    told[told_len] = '\0';
}

/* What opening does is stopped at every call, where it has a key to put in order. */
static void stop_opening(struct watch *watch)
{
    char *told = where[0];
    size_t told_len = strlen(told);
    (void)snprintf(told + told_len, sizeof where[0] - told_len, ", leaving everything");
    visit(watch->life,
          file_memory_after_crash(watch->life->house.files, FILE_MEMORY_KEEP, watch->calls.count),
          false, true);
    told[told_len] = '\0';
}

/* Killed: all of it is written, and nothing is synced that was not. */
static void kill_here(struct watch *watch)
{
    char *told = where[0];
    size_t told_len = strlen(told);
    (void)snprintf(told + told_len, sizeof where[0] - told_len, ", killed");
    kills++;
    visit(watch->life, file_memory_after_kill(watch->life->house.files, watch->calls.count), true,
          true);
    told[told_len] = '\0';
}

static void before_call(void *context, enum file_memory_call call, const char *path)
{
    struct watch *watch = context;
    uint64_t point = 0;
    bool tried = calls_next(&watch->calls, &point);
    watch->counts[call]++;
    bool only = point == watch->calls.only;
    if (!tried) {
        return;
    }
    char *told = where[watch->again ? 1 : 0];
    (void)snprintf(told, sizeof where[0], "%s call %" PRIu64 ", %s %s",
                   watch->again ? "then" : "at", point, calls_name(call), path);
    uint64_t turn = watch->calls.tried_count;
    second_crashes += watch->again ? 1 : 0;
    stop_here(watch, !watch->again && (only || turn % LIVE_ON_EVERY == 0));
    if (!watch->again && (only || turn % AGAIN_EVERY == 5)) {
        stop_twice(watch, turn % OUTCOMES_COUNT);
    }
    bool is_written_over = call == FILE_MEMORY_WRITE_AT || call == FILE_MEMORY_REMOVE;
    if (!watch->again && is_written_over && strncmp(path, "key", 3) == 0) {
        stop_opening(watch);
    }
    /* Keys alone are written in place; the vault is one ahead of the journal now and then. */
    bool is_rare =
        (call == FILE_MEMORY_WRITE_AT && watch->counts[call] % 4 == 0) ||
        (call == FILE_MEMORY_SYNC_DIR && strcmp(path, ".") == 0 && watch->counts[call] % 101 == 7);
    if (!watch->again && (only || is_rare || turn % AGAIN_EVERY == 80)) {
        kill_here(watch);
    }
    told[0] = '\0';
}

static void must_be_many(uint64_t count, uint64_t least, const char *what)
{
    if (count < least) {
        (void)fprintf(stderr, "crash.points: only %" PRIu64 " %s\n", count, what);
        exit(1);
    }
}

static void tell(const struct watch *watch, uint64_t steps)
{
    (void)printf("%" PRIu64 " acts, %" PRIu64 " calls; %" PRIu64 " points and outcomes, %" PRIu64
                 " of them different homes; %" PRIu64 " lived on, %" PRIu64
                 " second crashes, %" PRIu64 " kills\n",
                 steps, watch->calls.count, points_and_outcomes, recoveries, lived_on,
                 second_crashes, kills);
    for (unsigned act = 0; act < LIFE_ACTS_COUNT; act++) {
        (void)printf("%s %s %" PRIu64, act == 0 ? "" : ",", life_act_name((enum life_act)act),
                     watch->life->acts[act]);
    }
    (void)printf("\n");
    for (unsigned call = 0; call < FILE_MEMORY_CHANGES_COUNT; call++) {
        (void)printf("%s %s %" PRIu64, call == 0 ? "" : ",",
                     calls_name((enum file_memory_call)call), watch->counts[call]);
    }
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    struct watch watch = {.calls = calls_of(argc > 1 ? argv[1] : NULL)};
    uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : STEPS;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    house_random_from(seed);
    struct files *files = file_memory_new(seed);
    watch.life = life_new(files, seed);
    file_memory_hook(files, &(struct file_memory_hook){.context = &watch, .before = before_call});
    while (watch.life->steps_count < steps) {
        where[0][0] = '\0';
        if (life_step(watch.life) != ERR_OK) {
            failed(watch.life, "an act failed without a fault");
        }
        check(watch.life, false);
    }
    file_memory_hook(files, NULL);
    check(watch.life, true);
    tell(&watch, steps);
    if (steps >= STEPS && watch.calls.only == UINT64_MAX) {
        must_be_many(recoveries, 6000 / watch.calls.shards_count, "different homes");
        must_be_many(points_and_outcomes, 8000 / watch.calls.shards_count, "points and outcomes");
        for (unsigned act = 0; act < LIFE_ACTS_COUNT; act++) {
            must_be_many(watch.life->acts[act], 10, life_act_name((enum life_act)act));
        }
    }
    life_free(watch.life);
    file_memory_free(files);
    pool_back(0);
    return 0;
}
