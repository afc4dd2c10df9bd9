#include "store/store_inner.h"

enum err_code store_tend(struct store *store, bool *more, uint64_t now_s, struct err_note *note)
{
    store_lock(store);
    bool idle = now_s >= store->put_s + STORE_IDLE_S;
    store_unlock(store);
    (void)pthread_mutex_lock(&store->tending);
    enum err_code rc = index_tend(store->index, more, now_s, idle, note);
    if (rc == ERR_OK && !*more) {
        rc = store_retention_slice(store, more, now_s, note);
    }
    if (rc == ERR_OK && !*more) {
        rc = store_purge_slice(&store->purge, more, store->index, store->log, idle, note);
    }
    (void)pthread_mutex_unlock(&store->tending);
    return rc;
}

enum err_code store_make_room(struct store *store, uint64_t now_s, struct err_note *note)
{
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK && index_is_full(store->index)) {
        rc = index_tend(store->index, &more, now_s, false, note);
    }
    return rc;
}
