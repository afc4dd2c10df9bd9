#include "store/index_inner.h"

#include <stdlib.h>

#define LEAVES_MAX  4096
#define BARE_REST_S 20 /* between two looks for what has expired, so that much goes at once */

/* With the lock. */
static enum err_code expire_table(struct index *index, const struct index_table *table,
                                  uint64_t until_s, enum index_state state)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < table->expiries_count && rc == ERR_OK; i++) {
        if (table->expiries[i].expires_s < until_s) {
            struct index_place place = {.position = table->expiries[i].position};
            rc = index_leave(index, &place, state);
        }
    }
    return rc;
}

static enum err_code expire_row(struct index *index, struct index_part *part, uint32_t position,
                                enum index_state state, struct err_note *note)
{
    struct run_record record;
    enum err_code rc = run_record(part->run, &record, position, note);
    if (rc != ERR_OK) {
        return index_blame(index, part, rc);
    }
    struct index_place place = {.position = position,
                                .state = (enum index_state)record.state,
                                .flags = record.flags,
                                .created_s = record.created_s,
                                .id = record.id};
    index_lock(index);
    place.seen = index->list->generation; /* nobody else changes runs */
    rc = index_in_sets(&place) ? index_leave(index, &place, state) : ERR_OK;
    index_unlock(index);
    return rc;
}

/* *more: a slice was done, and there is more of it. */
static enum err_code expire_run(struct index *index, struct index_part *part, bool *more,
                                struct index_expiring *walk, struct err_note *note)
{
    bool bare = walk == &index->bare;
    /* What left at an earlier midnight may stand in the run still. */
    struct run_expiry from = {.expires_s = bare ? walk->done_s : 0};
    if (walk->part == part->first && walk->next.expires_s >= from.expires_s) {
        from = walk->next;
    }
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        struct run_expiry expiry;
        enum err_code rc = run_expiry_next(part->run, &expiry, &from, note);
        if (rc == ERR_OK && expiry.expires_s < walk->until_s) {
            rc = expire_row(index, part, expiry.position, bare ? INDEX_BARE : INDEX_GONE, note);
        } else if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
            *more = false;
            return ERR_OK;
        }
        if (rc != ERR_OK) {
            return index_blame(index, part, rc);
        }
        from = (struct run_expiry){.expires_s = expiry.expires_s, .position = expiry.position + 1};
    }
    walk->part = part->first;
    walk->next = from;
    *more = true;
    return ERR_OK;
}

/* Part after part, from where the last slice ended. */
static enum err_code expire_parts(struct index *index, const struct index_list *list, bool *more,
                                  struct index_expiring *walk, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    *more = false;
    for (size_t i = 0; i < list->count && !*more && rc == ERR_OK; i++) {
        struct index_part *part = list->parts[i];
        if (part->table != NULL) {
            index_lock(index);
            rc = expire_table(index, part->table, walk->until_s,
                              walk == &index->bare ? INDEX_BARE : INDEX_GONE);
            index_unlock(index);
        } else if (part->run != NULL && part->end > walk->part) {
            rc = expire_run(index, part, more, walk, note);
        }
    }
    return rc;
}

static enum err_code walk_on(struct index *index, bool *did, struct index_expiring *walk,
                             struct err_note *note)
{
    struct index_list *list = index_list_take(index);
    bool more;
    enum err_code rc = expire_parts(index, list, &more, walk, note);
    index_list_release(index, list);
    if (rc == ERR_REFUSED) {
        return ERR_OK; /* much is gone: runs are rewritten first */
    }
    if (rc == ERR_OK && !more) {
        *walk = (struct index_expiring){.done_s = walk->until_s};
    }
    *did = rc == ERR_OK;
    return rc;
}

/* Until when the walk is to go now; 0: nowhere. */
static uint64_t midnight_due(const struct index_expiring *walk, uint64_t now_s)
{
    uint64_t midnight_s = now_s - now_s % DAY_S;
    return midnight_s > walk->done_s ? midnight_s : 0;
}

static uint64_t bare_due(struct index_expiring *walk, uint64_t now_s)
{
    if (now_s + 1 < walk->done_s) {
        walk->done_s = now_s + 1; /* a clock that was set back */
    }
    return now_s + 1 - walk->done_s >= BARE_REST_S ? now_s + 1 : 0;
}

enum err_code index_expire(struct index *index, bool *did, uint64_t now_s, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    if (index->midnight.until_s == 0) {
        index->midnight.until_s = midnight_due(&index->midnight, now_s);
    }
    if (index->midnight.until_s != 0) {
        rc = walk_on(index, did, &index->midnight, note);
    }
    if (rc == ERR_OK && !*did && index->bare.until_s == 0) {
        index->bare.until_s = bare_due(&index->bare, now_s);
    }
    if (rc == ERR_OK && !*did && index->bare.until_s != 0) {
        rc = walk_on(index, did, &index->bare, note);
    }
    return rc;
}
