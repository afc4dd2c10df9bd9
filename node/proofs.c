#include "node/proofs.h"

#include <stdatomic.h>
#include <uv.h>

#define THREADS_MAX 64
#define PART_COUNT  64 /* posts a thread takes at a time */

struct work {
    const struct post *posts;
    size_t count;
    atomic_size_t next;
    atomic_bool failed;
};

static void run(void *argument)
{
    struct work *work = argument;
    size_t first;
    while (!atomic_load(&work->failed) &&
           (first = atomic_fetch_add(&work->next, PART_COUNT)) < work->count) {
        for (size_t i = first; i < first + PART_COUNT && i < work->count; i++) {
            if (post_verify(&work->posts[i]) != ERR_OK) {
                atomic_store(&work->failed, true);
            }
        }
    }
}

bool proofs_hold(const struct post *posts, size_t count)
{
    struct work work = {.posts = posts, .count = count};
    uv_thread_t threads[THREADS_MAX];
    unsigned cores = uv_available_parallelism();
    size_t started = 0;
    while (started + 1 < cores && started < THREADS_MAX && started < count / PART_COUNT &&
           uv_thread_create(&threads[started], run, &work) == 0) {
        started++;
    }
    run(&work);
    for (size_t i = 0; i < started; i++) {
        (void)uv_thread_join(&threads[i]);
    }
    return !atomic_load(&work.failed);
}
