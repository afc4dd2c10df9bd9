#include "node/keeper.h"

#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "node/log.h"
#include "node/memory.h"

#define REST_NS  (UINT64_C(5) * 1000000000)
#define RETRY_NS (UINT64_C(30) * 1000000000) /* after an error: a full disk, say */
#define NICENESS 10

struct keeper {
    struct store *store;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    bool woken;
    bool ending;
    bool failed_before; /* said so in the log; the thread's own */
};

/* Wait for news, or for a while.  False when it is over. */
static bool rest(struct keeper *keeper, bool failed)
{
    uv_mutex_lock(&keeper->mutex);
    if (!keeper->ending && (failed || !keeper->woken)) {
        (void)uv_cond_timedwait(&keeper->changed, &keeper->mutex, failed ? RETRY_NS : REST_NS);
    }
    keeper->woken = false;
    bool goes_on = !keeper->ending;
    uv_mutex_unlock(&keeper->mutex);
    return goes_on;
}

static bool is_ending(struct keeper *keeper)
{
    uv_mutex_lock(&keeper->mutex);
    bool ending = keeper->ending;
    uv_mutex_unlock(&keeper->mutex);
    return ending;
}

static enum err_code tend(struct keeper *keeper)
{
    struct err_note note = {{0}};
    enum err_code rc = ERR_OK;
    for (bool more = true; more && rc == ERR_OK && !is_ending(keeper);) {
        rc = store_tend(keeper->store, &more, (uint64_t)time(NULL), &note);
    }
    if (rc != ERR_OK && !keeper->failed_before) {
        keeper->failed_before = true;
        log_line(LOG_WARN,
                 "the files of the store cannot be put in order (%s). Nothing is lost; it is tried "
                 "again now and then",
                 note.text[0] != '\0' ? note.text : err_text(rc));
    }
    return rc;
}

static void run(void *argument)
{
    struct keeper *keeper = argument;
#ifdef __linux__
    /* Linux gives a priority to each thread; elsewhere it would be the whole process's. */
    (void)uv_os_setpriority(0, NICENESS);
#endif
    enum err_code rc;
    do {
        rc = tend(keeper);
    } while (rest(keeper, rc != ERR_OK));
}

enum err_code keeper_new(struct keeper **keeper, struct store *store)
{
    struct keeper *made = memory_get(sizeof *made);
    made->store = store;
    if (uv_mutex_init(&made->mutex) != 0) {
        free(made);
        return ERR_NO_MEMORY;
    }
    if (uv_cond_init(&made->changed) != 0) {
        uv_mutex_destroy(&made->mutex);
        free(made);
        return ERR_NO_MEMORY;
    }
    if (uv_thread_create(&made->thread, run, made) != 0) {
        uv_cond_destroy(&made->changed);
        uv_mutex_destroy(&made->mutex);
        free(made);
        return ERR_NO_MEMORY;
    }
    *keeper = made;
    return ERR_OK;
}

void keeper_wake(struct keeper *keeper)
{
    uv_mutex_lock(&keeper->mutex);
    keeper->woken = true;
    uv_cond_signal(&keeper->changed);
    uv_mutex_unlock(&keeper->mutex);
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    uv_mutex_lock(&keeper->mutex);
    keeper->ending = true;
    uv_cond_signal(&keeper->changed);
    uv_mutex_unlock(&keeper->mutex);
    (void)uv_thread_join(&keeper->thread);
    uv_cond_destroy(&keeper->changed);
    uv_mutex_destroy(&keeper->mutex);
    free(keeper);
}
