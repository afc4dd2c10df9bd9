#include "node/keeper.h"

#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "node/log.h"
#include "node/memory.h"
#include "node/settled_clock.h"

#define REST_NS  (UINT64_C(5) * 1000000000)
#define RETRY_NS (UINT64_C(30) * 1000000000) /* after an error: a full disk, say */
#define NICENESS 10

struct keeper {
    struct store *store;
    struct store *archive;      /* or NULL */
    struct settled_clock clock; /* the thread's own, like failed_before */
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    bool woken;
    bool ending;
    bool failed_before; /* said so in the log; the thread's own */
};

/* Seconds that no one sets, where the system has such with the time it slept. */
static uint64_t steady_s(void)
{
#ifdef CLOCK_BOOTTIME
    const clockid_t clock = CLOCK_BOOTTIME;
#else
    const clockid_t clock = CLOCK_MONOTONIC;
#endif
    struct timespec now = {0};
    return clock_gettime(clock, &now) == 0 ? (uint64_t)now.tv_sec : 0;
}

/* Peers see the floor: it does not wait for what else there is to do, of which her archive is a
 * part.  Whether that failed store_tend() says. */
static void age(struct keeper *keeper, uint64_t now_s)
{
    struct err_note note = {{0}};
    store_settle(keeper->store, settled_clock_s(&keeper->clock, now_s, steady_s()));
    enum err_code rc = store_age(keeper->store, now_s, &note);
    (void)rc;
}

/* Posts from these days say that the clock is right. */
static void begin_clock(struct keeper *keeper)
{
    uint64_t now_s = (uint64_t)time(NULL);
    uint64_t from_s = now_s > SETTLED_JUMP_S ? now_s - SETTLED_JUMP_S : 0;
    struct err_note note = {{0}};
    bool any = false;
    enum err_code rc = store_dated(keeper->store, &any, from_s, now_s + POST_AHEAD_MAX_S, &note);
    keeper->clock = settled_clock_begin(now_s, steady_s(), rc == ERR_OK && any);
    age(keeper, now_s);
}

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

static enum err_code tend_one(struct keeper *keeper, struct store *store, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (bool more = store != NULL; more && rc == ERR_OK && !is_ending(keeper);) {
        uint64_t now_s = (uint64_t)time(NULL);
        age(keeper, now_s);
        store_settle(store, settled_clock_s(&keeper->clock, now_s, steady_s()));
        rc = store_tend(store, &more, now_s, note);
    }
    return rc;
}

static enum err_code tend(struct keeper *keeper)
{
    struct err_note note = {{0}};
    enum err_code rc = tend_one(keeper, keeper->store, &note);
    if (rc == ERR_OK) {
        rc = tend_one(keeper, keeper->archive, &note);
    }
    if (rc != ERR_OK && !keeper->failed_before) {
        keeper->failed_before = true;
        log_line(LOG_WARN,
                 "the files of the store cannot be put in order (%s). Nothing is lost; it is tried "
                 "again now and then",
                 note.text[0] != '\0' ? note.text : err_text(rc));
    } else if (rc == ERR_OK && keeper->failed_before) {
        keeper->failed_before = false;
        log_line(LOG_INFO, "the files of the store are put in order again");
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

enum err_code keeper_new(struct keeper **keeper, struct store *store, struct store *archive)
{
    struct keeper *made = memory_get(sizeof *made);
    made->store = store;
    made->archive = archive;
    begin_clock(made);
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
