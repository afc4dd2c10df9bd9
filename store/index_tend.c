#include "store/index_inner.h"

#include <stdlib.h>

#define MERGE_COUNT 8
#define LEVELS_MAX  2 /* merges make runs of 8 and 64 tables, and no larger ones */
#define GONE_PART   8 /* a run of which this part is gone is rewritten at once */
#define LEAVES_MAX  4096

/* How often a run was merged, as its length tells. */
static unsigned level_of(const struct index *index, const struct index_part *part)
{
    uint64_t len = part->end - part->first;
    unsigned level = 0;
    for (uint64_t max = index->config.table_max; len > max && level < LEVELS_MAX; level++) {
        max *= MERGE_COUNT;
    }
    return level;
}

static bool is_run(const struct index_part *part)
{
    return part->run != NULL && !part->damaged;
}

/* ---- What to do next; each with the lock, over the list as it is -------------------------- */

static struct index_part *find_unreadable(const struct index_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->parts[i]->table == NULL && !is_run(list->parts[i])) {
            return list->parts[i];
        }
    }
    return NULL;
}

/* The last table is added to. */
static struct index_part *find_full_table(const struct index_list *list)
{
    for (size_t i = 0; i + 1 < list->count; i++) {
        if (list->parts[i]->table != NULL) {
            return list->parts[i];
        }
    }
    return NULL;
}

/* Eight neighbours of a level below the last, the oldest first. */
static bool find_merge(const struct index *index, const struct index_list *list, size_t *first)
{
    size_t alike = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct index_part *part = list->parts[i];
        bool mergeable = is_run(part) && level_of(index, part) < LEVELS_MAX;
        bool follows = mergeable && alike > 0 && list->parts[i - 1]->end == part->first &&
                       level_of(index, list->parts[i - 1]) == level_of(index, part);
        alike = follows ? alike + 1 : mergeable ? 1 : 0;
        if (alike == MERGE_COUNT) {
            *first = i + 1 - MERGE_COUNT;
            return true;
        }
    }
    return false;
}

/* A run of which much is gone; when idle, of which anything is. */
static bool find_rewrite(const struct index_list *list, bool idle, size_t *first)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct index_part *part = list->parts[i];
        if (!is_run(part) || part->gone == NULL) {
            continue;
        }
        uint64_t much = (part->end - part->first) / GONE_PART;
        if (part->gone->count > much || part->gone->count > INDEX_GONE_MAX / 2 || idle) {
            *first = i;
            return true;
        }
    }
    return false;
}

enum err_code index_tend_runs(struct index *index, bool *did, struct err_note *note)
{
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    struct index_part *full = find_full_table(list);
    size_t first = 0;
    bool merge = full == NULL && index->work.list == NULL && find_merge(index, list, &first);
    index_unlock(index);
    enum err_code rc = ERR_OK;
    *did = true;
    if (full != NULL) {
        rc = index_write_table(index, full, note);
    } else if (index->work.list != NULL) {
        rc = index_merge_step(index, note);
    } else if (merge) {
        rc = index_merge_begin(index, list, first, MERGE_COUNT, note);
    } else {
        *did = false;
    }
    index_list_release(index, list);
    return rc;
}

static enum err_code rebuild(struct index *index, bool *did, struct err_note *note)
{
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    struct index_part *part = find_unreadable(list);
    index_unlock(index);
    enum err_code rc = ERR_OK;
    if (part != NULL) {
        index_merge_drop(index); /* it may be reading that run */
        rc = index_rebuild(index, part, note);
        *did = true;
    }
    index_list_release(index, list);
    return rc;
}

static enum err_code rewrite(struct index *index, bool *did, bool idle, struct err_note *note)
{
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    size_t first;
    bool found = find_rewrite(list, idle, &first);
    index_unlock(index);
    enum err_code rc = ERR_OK;
    if (found) {
        rc = index_merge_begin(index, list, first, 1, note);
        *did = true;
    }
    index_list_release(index, list);
    return rc;
}

/* ---- Midnight ----------------------------------------------------------------------------- */

/* With the lock. */
static enum err_code expire_table(struct index *index, struct index_table *table,
                                  uint64_t midnight_s)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < table->expiries_count && rc == ERR_OK; i++) {
        if (table->expiries[i].expires_s < midnight_s) {
            struct index_place place = {.position = table->expiries[i].position};
            rc = index_leave(index, &place, INDEX_GONE);
        }
    }
    return rc;
}

static enum err_code expire_row(struct index *index, struct index_part *part, uint32_t position,
                                struct err_note *note)
{
    struct run_record record;
    enum err_code rc = run_record(part->run, &record, position, note);
    if (rc != ERR_OK) {
        return index_blame(index, part, rc);
    }
    struct index_place place = {.position = position,
                                .state = INDEX_KEPT,
                                .flags = record.flags,
                                .created_s = record.created_s,
                                .id = record.id};
    index_lock(index);
    place.seen = index->list->generation; /* nobody else changes runs */
    rc = record.state == RUN_KEPT ? index_leave(index, &place, INDEX_GONE) : ERR_OK;
    index_unlock(index);
    return rc;
}

/* *more: a slice was done, and there is more of it. */
static enum err_code expire_run(struct index *index, struct index_part *part, bool *more,
                                uint64_t midnight_s, struct err_note *note)
{
    struct run_expiry from = {0};
    if (index->expired_part == part->first) {
        from = index->expired;
    }
    for (unsigned i = 0; i < LEAVES_MAX; i++) {
        struct run_expiry expiry;
        enum err_code rc = run_expiry_next(part->run, &expiry, &from, note);
        if (rc == ERR_OK && expiry.expires_s < midnight_s) {
            rc = expire_row(index, part, expiry.position, note);
        } else if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
            *more = false;
            return ERR_OK;
        }
        if (rc != ERR_OK) {
            return index_blame(index, part, rc);
        }
        from = (struct run_expiry){.expires_s = expiry.expires_s, .position = expiry.position + 1};
    }
    index->expired_part = part->first;
    index->expired = from;
    *more = true;
    return ERR_OK;
}

/* Part after part, from where the last slice ended. */
static enum err_code expire_parts(struct index *index, const struct index_list *list, bool *more,
                                  uint64_t midnight_s, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    *more = false;
    for (size_t i = 0; i < list->count && !*more && rc == ERR_OK; i++) {
        struct index_part *part = list->parts[i];
        if (part->table != NULL) {
            index_lock(index);
            rc = expire_table(index, part->table, midnight_s);
            index_unlock(index);
        } else if (part->run != NULL && part->end > index->expired_part) {
            rc = expire_run(index, part, more, midnight_s, note);
        }
    }
    return rc;
}

static enum err_code midnight(struct index *index, bool *did, uint64_t now_s, struct err_note *note)
{
    uint64_t midnight_s = now_s - now_s % DAY_S;
    if (midnight_s <= index->midnight_s) {
        return ERR_OK;
    }
    struct index_list *list = index_list_take(index);
    bool more;
    enum err_code rc = expire_parts(index, list, &more, midnight_s, note);
    index_list_release(index, list);
    if (rc == ERR_REFUSED) {
        return ERR_OK; /* much is gone: runs are rewritten first */
    }
    if (rc == ERR_OK && !more) {
        index->midnight_s = midnight_s;
        index->expired_part = 0;
        index->expired = (struct run_expiry){0};
    }
    *did = rc == ERR_OK;
    return rc;
}

/* ---- The slice ---------------------------------------------------------------------------- */

static enum err_code tend_once(struct index *index, bool *did, uint64_t now_s, bool idle,
                               struct err_note *note)
{
    enum err_code rc = rebuild(index, did, note);
    if (rc == ERR_OK && !*did) {
        rc = midnight(index, did, now_s, note); /* before what a full disk could keep it from */
    }
    if (rc == ERR_OK && !*did) {
        rc = index_tend_runs(index, did, note);
    }
    if (rc == ERR_OK && !*did) {
        rc = rewrite(index, did, false, note);
    }
    if (rc == ERR_OK && !*did && idle) {
        rc = rewrite(index, did, true, note);
    }
    return rc;
}

enum err_code index_tend(struct index *index, bool *more, uint64_t now_s, bool idle,
                         struct err_note *note)
{
    bool did = false;
    (void)pthread_mutex_lock(&index->tending);
    enum err_code rc = tend_once(index, &did, now_s, idle, note);
    (void)pthread_mutex_unlock(&index->tending);
    *more = rc == ERR_OK && did;
    /* A damaged run is a reason to go on, not to stop. */
    if (rc == ERR_DAMAGED) {
        *more = true;
        rc = ERR_OK;
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "tending the index");
}

enum err_code index_repair(struct index *index, struct err_note *note)
{
    bool did = true;
    enum err_code rc = ERR_OK;
    (void)pthread_mutex_lock(&index->tending);
    while (did && rc == ERR_OK) {
        did = false;
        rc = rebuild(index, &did, note);
    }
    (void)pthread_mutex_unlock(&index->tending);
    return rc;
}

/* ---- What is to leave the log ------------------------------------------------------------- */

static int compare_positions(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

size_t index_purgeable(struct index *index, uint32_t *positions, size_t max)
{
    index_lock(index);
    if (index->purge.count > 0) {
        qsort(index->purge.at, index->purge.count, sizeof *index->purge.at, compare_positions);
    }
    size_t kept = 0;
    for (size_t i = 0; i < index->purge.count; i++) {
        if (kept == 0 || index->purge.at[kept - 1] != index->purge.at[i]) {
            index->purge.at[kept++] = index->purge.at[i];
        }
    }
    index->purge.count = kept;
    size_t count = kept < max ? kept : max;
    if (count > 0) {
        memcpy(positions, index->purge.at, count * sizeof *positions);
    }
    index_unlock(index);
    return count;
}

/* positions ascend. */
static bool is_among(uint32_t position, const uint32_t *positions, size_t count)
{
    return bsearch(&position, positions, count, sizeof *positions, compare_positions) != NULL;
}

enum err_code index_purged(struct index *index, const uint32_t *positions, size_t count,
                           struct err_note *note)
{
    (void)pthread_mutex_lock(&index->tending);
    index_lock(index);
    size_t kept = 0;
    for (size_t i = 0; i < index->purge.count; i++) {
        if (!is_among(index->purge.at[i], positions, count)) {
            index->purge.at[kept++] = index->purge.at[i];
        }
    }
    index->purge.count = kept;
    index_unlock(index);
    bool named;
    struct index_change nothing = {.first = NULL};
    enum err_code rc = index_install(index, &named, &nothing, note);
    (void)pthread_mutex_unlock(&index->tending);
    return rc;
}
