#include "store/store_inner.h"

#define PURGE_S 3600 /* as often the log is purged although posts never cease to arrive */

/* A clock that was set back is no reason to wait until it is there again. */
static bool is_idle(struct store *store, uint64_t now_s)
{
    store_lock(store);
    bool idle = now_s < store->put_s || now_s - store->put_s >= STORE_IDLE_S;
    store_unlock(store);
    return idle;
}

static bool is_due(struct store *store, uint64_t now_s, bool idle)
{
    if (store->purged_s == 0 || now_s < store->purged_s) {
        store->purged_s = now_s;
    }
    return idle || now_s - store->purged_s >= PURGE_S;
}

static enum err_code purge(struct store *store, bool *more, uint64_t now_s, bool due,
                           struct err_note *note)
{
    enum err_code rc =
        store_purge_slice(&store->purge, more, store->index, store->log, now_s, due, note);
    if (rc == ERR_OK && !*more && due) {
        store->purged_s = now_s;
    }
    return rc;
}

void store_settle(struct store *store, uint64_t settled_s)
{
    store_lock(store);
    store->settled_s = settled_s;
    store_unlock(store);
}

uint64_t store_settled(struct store *store, uint64_t now_s)
{
    store_lock(store);
    uint64_t settled_s = store->settled_s < now_s ? store->settled_s : now_s;
    store_unlock(store);
    return settled_s;
}

enum err_code store_tend(struct store *store, bool *more, uint64_t now_s, struct err_note *note)
{
    bool idle = is_idle(store, now_s);
    if (idle) {
        store_recent_drop(&store->recent);
    }
    enum err_code aged = store_age(store, now_s, note);
    (void)pthread_mutex_lock(&store->tending);
    bool due = is_due(store, now_s, idle);
    enum err_code rc = index_tend(store->index, more, store_settled(store, now_s), due, note);
    if (rc == ERR_OK && !*more) {
        rc = store_retention_slice(store, more, store_settled(store, now_s), note);
    }
    if (rc == ERR_OK && !*more) {
        rc = purge(store, more, now_s, due, note);
    }
    (void)pthread_mutex_unlock(&store->tending);
    return rc == ERR_OK ? aged : rc; /* what can be done is done first: it may make room */
}

enum err_code store_make_room(struct store *store, uint64_t now_s, struct err_note *note)
{
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK && index_is_full(store->index)) {
        rc = index_tend(store->index, &more, store_settled(store, now_s), false, note);
    }
    return rc;
}
