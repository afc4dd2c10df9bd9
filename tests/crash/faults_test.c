/* faults_test.c - every write, sync and change of a name of a history fails once: with a full disk,
 * or with an error of the device, after which what was to be synced may be there or not, and no
 * later sync brings it (SPEC 10.7).
 *
 *     crash.faults [SHARD/SHARDS] [STEPS] [SEED]          crash.faults =POINT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/calls.h"
#include "tests/crash/fault.h"

#define STEPS 330

struct watch {
    struct life *life;
    struct calls calls;
};

static void fail_here(struct watch *watch, const char *told, enum err_code code)
{
    char text[256];
    (void)snprintf(text, sizeof text, "%s, %s", told, err_name(code));
    if (!fault_is_double() && fault_double(text)) {
        file_memory_hook(watch->life->house.files, NULL);
        file_memory_fail(watch->life->house.files, FILE_MEMORY_ANY, 1, code);
    }
}

static void before_call(void *context, enum file_memory_call call, const char *path)
{
    struct watch *watch = context;
    uint64_t point = 0;
    if (!calls_next(&watch->calls, &point)) {
        return;
    }
    char told[200];
    (void)snprintf(told, sizeof told, "call %" PRIu64 ", %s %s", point, calls_name(call), path);
    fail_here(watch, told, ERR_IO);
    /* Syncing does not need room, and what is removed neither. */
    if (call != FILE_MEMORY_SYNC && call != FILE_MEMORY_SYNC_DIR && call != FILE_MEMORY_REMOVE) {
        fail_here(watch, told, ERR_NO_SPACE);
    }
}

int main(int argc, char **argv)
{
    struct watch watch = {.calls = calls_of(argc > 1 ? argv[1] : NULL)};
    uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : STEPS;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 2;
    house_random_from(seed);
    struct files *files = file_memory_new(seed);
    watch.life = life_new(files, seed);
    file_memory_hook(files, &(struct file_memory_hook){.context = &watch, .before = before_call});
    while (watch.life->steps_count < steps) {
        enum err_code rc = life_step(watch.life);
        if (fault_is_double()) {
            fault_finish(watch.life, rc);
        }
        if (rc != ERR_OK) {
            (void)fprintf(stderr, "an act failed without a fault: %s\n", watch.life->note.text);
            return 1;
        }
    }
    file_memory_hook(files, NULL);
    (void)printf("%" PRIu64 " acts, %" PRIu64 " calls, %" PRIu64 " faults\n", steps,
                 watch.calls.count, fault_count());
    life_free(watch.life);
    file_memory_free(files);
    pool_back(0);
    return watch.calls.only == UINT64_MAX && fault_count() < 100 ? 1 : 0;
}
