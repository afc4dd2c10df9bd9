#include "store/index_inner.h"

#include <stdlib.h>

#define MERGE_COUNT 8
#define LEVELS_MAX  2 /* merges make runs of 8 and 64 tables, and no larger ones */
#define GONE_PART   8 /* a run of which this part is gone is rewritten at once */

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

static uint64_t gone_count(const struct index_gone *gone)
{
    return gone == NULL ? 0 : gone->count;
}

/* A run of which much is gone; when idle, of which anything is. */
static bool find_rewrite(const struct index_list *list, bool idle, size_t *first)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct index_part *part = list->parts[i];
        uint64_t count = gone_count(part->gone) + gone_count(part->bare);
        if (!is_run(part) || count == 0) {
            continue;
        }
        uint64_t much = (part->end - part->first) / GONE_PART;
        if (count > much || count > INDEX_GONE_MAX / 2 || idle) {
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
        pace_spend(&index->pace, idle ? run_stats(list->parts[first]->run).disk_len : 0);
        rc = index_merge_begin(index, list, first, 1, note);
        *did = true;
    }
    index_list_release(index, list);
    return rc;
}

/* What is to leave the log has to stand in a run first. */
static enum err_code roll(struct index *index, bool *did)
{
    enum err_code rc = index_roll(index);
    *did = rc == ERR_OK;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* ---- The slice ---------------------------------------------------------------------------- */

static enum err_code tend_once(struct index *index, bool *did, uint64_t now_s, bool idle,
                               struct err_note *note)
{
    enum err_code rc = rebuild(index, did, note);
    if (rc == ERR_OK && !*did) {
        rc = index_expire(index, did, now_s, note); /* before what a full disk could keep it from */
    }
    if (rc == ERR_OK && !*did) {
        rc = index_tend_runs(index, did, note);
    }
    if (rc == ERR_OK && !*did) {
        rc = rewrite(index, did, false, note);
    }
    if (rc == ERR_OK && !*did && idle && pace_allows(&index->pace, now_s)) {
        rc = roll(index, did);
        if (rc == ERR_OK && !*did) {
            rc = rewrite(index, did, true, note);
        }
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
