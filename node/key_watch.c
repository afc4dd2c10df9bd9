#include "node/key_watch.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define LOOK_NS (UINT64_C(100) * 1000000)

/* Nothing is closed: what that would write is to be gone. */
static void end_now(const struct key_watch *watch)
{
    static const char text[] =
        "kithd: this home was destroyed meanwhile, and nothing is left of it\n";
    (void)signal(SIGTTOU, SIG_IGN); /* in the background too */
    if (watch->has_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &watch->terminal);
    }
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
        if (!file_exists(watch->home->files, watch->path)) {
            end_now(watch);
        }
    }
}

static bool start(struct key_watch *watch)
{
    if (uv_mutex_init(&watch->mutex) != 0) {
        return false;
    }
    if (uv_cond_init(&watch->changed) != 0) {
        uv_mutex_destroy(&watch->mutex);
        return false;
    }
    if (uv_thread_create(&watch->thread, run, watch) != 0) {
        uv_cond_destroy(&watch->changed);
        uv_mutex_destroy(&watch->mutex);
        return false;
    }
    return true;
}

enum err_code key_watch_start(struct key_watch *watch, const struct home *home, const char *path,
                              struct err_note *note)
{
    *watch = (struct key_watch){.home = home, .path = path};
    watch->has_terminal = tcgetattr(STDIN_FILENO, &watch->terminal) == 0;
    if (!start(watch)) {
        watch->home = NULL;
        return err_note(note, ERR_NO_MEMORY, "the system gives no more threads");
    }
    return ERR_OK;
}

void key_watch_stop(struct key_watch *watch)
{
    if (watch->home == NULL) {
        return;
    }
    uv_mutex_lock(&watch->mutex);
    watch->ending = true;
    uv_cond_signal(&watch->changed);
    uv_mutex_unlock(&watch->mutex);
    (void)uv_thread_join(&watch->thread);
    watch->home = NULL;
    uv_cond_destroy(&watch->changed);
    uv_mutex_destroy(&watch->mutex);
}
