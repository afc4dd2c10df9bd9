#include "store/index_inner.h"

#include <stdlib.h>

static int compare_positions(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

bool index_has_purgeable(struct index *index)
{
    index_lock(index);
    bool has = index->purge.count > 0;
    index_unlock(index);
    return has;
}

/* With the lock. */
static void sort_purge(struct index *index)
{
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
}

/* With the lock: out of the log, nothing but a run tells of it. */
static bool in_run(const struct index *index, uint32_t position)
{
    const struct index_part *part = index_list_part(index->list, position);
    return part != NULL && part->run != NULL && !part->damaged;
}

size_t index_purgeable(struct index *index, uint32_t *positions, size_t max)
{
    size_t count = 0;
    index_lock(index);
    sort_purge(index);
    for (size_t i = 0; i < index->purge.count && count < max; i++) {
        if (in_run(index, index->purge.at[i])) {
            positions[count++] = index->purge.at[i];
        }
    }
    index_unlock(index);
    return count;
}

/* positions ascend. */
static bool is_among(uint32_t position, const uint32_t *positions, size_t count)
{
    return count > 0 &&
           bsearch(&position, positions, count, sizeof *positions, compare_positions) != NULL;
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
