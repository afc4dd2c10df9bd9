#include "node/key_watch.h"

#include <stdio.h>
#include <unistd.h>

#define LOOK_NS (UINT64_C(100) * 1000000)

/* Nothing is closed: what that would write is to be gone. */
static void end_now(void)
{
    static const char text[] =
        "kithd: this home was destroyed meanwhile, and nothing is left of it\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(5);
}

static bool goes_on(struct key_watch *watch)
{
    uv_mutex_lock(&watch->mutex);
    if (!watch->ending) {
        (void)uv_cond_timedwait(&watch->changed, &watch->mutex, LOOK_NS);
    }
    bool ending = watch->ending;
    uv_mutex_unlock(&watch->mutex);
    return !ending;
}

static void run(void *argument)
{
    struct key_watch *watch = argument;
    bool on = true;
    while (on) {
        on = goes_on(watch); /* and a last look: what failed may have failed for want of the home */
        if (!file_exists(watch->home->files, "key")) {
            end_now();
        }
    }
}

enum err_code key_watch_start(struct key_watch *watch, const struct home *home)
{
    *watch = (struct key_watch){.home = home};
    if (uv_mutex_init(&watch->mutex) != 0) {
        return ERR_NO_MEMORY;
    }
    if (uv_cond_init(&watch->changed) != 0) {
        uv_mutex_destroy(&watch->mutex);
        return ERR_NO_MEMORY;
    }
    if (uv_thread_create(&watch->thread, run, watch) != 0) {
        uv_cond_destroy(&watch->changed);
        uv_mutex_destroy(&watch->mutex);
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

void key_watch_stop(struct key_watch *watch)
{
    uv_mutex_lock(&watch->mutex);
    watch->ending = true;
    uv_cond_signal(&watch->changed);
    uv_mutex_unlock(&watch->mutex);
    (void)uv_thread_join(&watch->thread);
    uv_cond_destroy(&watch->changed);
    uv_mutex_destroy(&watch->mutex);
}
