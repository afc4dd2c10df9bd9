/* allocs_test.c - memory runs out inside every act of a history: one allocation fails, the next
 * ones succeed.  Of acts that allocate a great deal, such as opening, a part is tried.
 *
 *     crash.allocs [STEPS] [SEED]          crash.allocs =ALLOCATION */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/fault.h"
#include "tests/support/file_memory.h"

#define STEPS 140

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
void *__real_aligned_alloc(size_t alignment, size_t len);
void *__real_sodium_malloc(size_t len);
void *__real_sodium_allocarray(size_t count, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);
void *__wrap_aligned_alloc(size_t alignment, size_t len);
void *__wrap_sodium_malloc(size_t len);
void *__wrap_sodium_allocarray(size_t count, size_t len);

static bool watching;
static uint64_t allocations;
static uint64_t of_act;
static uint64_t only = UINT64_MAX;
static const struct life *watched;

/* The first ones of an act, and ever fewer of the rest. */
static bool is_tried(uint64_t index)
{
    uint64_t stride = index < 60 ? 1 : index < 400 ? 7 : index < 2000 ? 53 : 499;
    return index % stride == 0;
}

static bool fails(const char *call, size_t len)
{
    if (!watching || file_memory_allocating() || pool_making()) {
        return false;
    }
    uint64_t number = allocations++;
    uint64_t index = of_act++;
    if (only != UINT64_MAX ? number != only : !is_tried(index)) {
        return false;
    }
    watching = false; /* what tells of it allocates, too */
    char told[128];
    (void)snprintf(told, sizeof told, "allocation %" PRIu64 ", %" PRIu64 " of %s: %s of %zu",
                   number, index, life_act_name(watched->act), call, len);
    bool double_fails = fault_double(told);
    watching = !double_fails;
    return double_fails;
}

void *__wrap_malloc(size_t len)
{
    return fails("malloc", len) ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails("calloc", count * len) ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *at, size_t len)
{
    return fails("realloc", len) ? NULL : __real_realloc(at, len);
}

void *__wrap_aligned_alloc(size_t alignment, size_t len)
{
    return fails("aligned_alloc", len) ? NULL : __real_aligned_alloc(alignment, len);
}

void *__wrap_sodium_malloc(size_t len)
{
    return fails("sodium_malloc", len) ? NULL : __real_sodium_malloc(len);
}

void *__wrap_sodium_allocarray(size_t count, size_t len)
{
    return fails("sodium_allocarray", count * len) ? NULL : __real_sodium_allocarray(count, len);
}

int main(int argc, char **argv)
{
    uint64_t steps = STEPS;
    if (argc > 1 && argv[1][0] == '=') {
        only = strtoull(argv[1] + 1, NULL, 10);
    } else if (argc > 1) {
        steps = strtoull(argv[1], NULL, 10);
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 3;
    house_random_from(seed);
    struct files *files = file_memory_new(seed);
    struct life *life = life_new(files, seed);
    watched = life;
    while (life->steps_count < steps) {
        of_act = 0;
        watching = true;
        enum err_code rc = life_step(life);
        watching = false;
        if (fault_is_double()) {
            fault_finish(life, rc);
        }
        if (rc != ERR_OK) {
            (void)fprintf(stderr, "an act failed without a fault: %s\n", life->note.text);
            return 1;
        }
    }
    (void)printf("%" PRIu64 " acts, %" PRIu64 " allocations, %" PRIu64 " of them failed\n", steps,
                 allocations, fault_count());
    life_free(life);
    file_memory_free(files);
    pool_back(0);
    return only == UINT64_MAX && fault_count() < 100 ? 1 : 0;
}
