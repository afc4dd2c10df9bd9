#include "store/index_inner.h"

#include <sodium.h>
#include <stdlib.h>

#define SLICE_LEN ((size_t)1024 * 1024) /* octets written in one step */

/* Asked for ascending positions. */
static enum run_fate fate(void *context, uint32_t position)
{
    struct index_work *work = context;
    while (work->left_at < work->left_count && work->left[work->left_at].position < position) {
        work->left_at++;
    }
    if (work->left_at == work->left_count || work->left[work->left_at].position != position) {
        return RUN_FATE_KEEP;
    }
    enum index_state state = work->left[work->left_at].state;
    if (state == INDEX_BARE) {
        return RUN_FATE_BARE;
    }
    return state == INDEX_GONE ? RUN_FATE_GONE : RUN_FATE_ERASE;
}

/* What became bare and left since has left. */
static int compare_left(const void *a, const void *b)
{
    const struct index_left *left = a;
    const struct index_left *right = b;
    if (left->position != right->position) {
        return left->position < right->position ? -1 : 1;
    }
    return (left->state == INDEX_BARE) - (right->state == INDEX_BARE);
}

static void add_left(struct index_work *work, const struct index_gone *gone, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        work->left[work->left_count++] = (struct index_left){
            .position = gone->positions[k],
            .state = (enum index_state)index_records_at(&gone->records, k)->state};
    }
}

/* With the lock: what has left the sources so far. */
static enum err_code list_left(struct index_work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct index_part *part = work->list->parts[work->first + i];
        work->told_counts[i] = part->gone == NULL ? 0 : part->gone->count;
        work->bare_counts[i] = part->bare == NULL ? 0 : part->bare->count;
        count += (size_t)work->told_counts[i] + work->bare_counts[i];
    }
    work->left = calloc(count + 1, sizeof *work->left);
    if (work->left == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < work->count; i++) {
        const struct index_part *part = work->list->parts[work->first + i];
        add_left(work, part->gone, work->told_counts[i]);
        add_left(work, part->bare, work->bare_counts[i]);
    }
    return ERR_OK;
}

enum err_code index_merge_begin(struct index *index, const struct index_list *list, size_t first,
                                size_t count, struct err_note *note)
{
    struct index_work *work = &index->work;
    struct run *runs[RUN_MERGE_RUNS_MAX];
    *work = (struct index_work){.first = first, .count = count};
    index_lock(index);
    work->list = index_list_hold(index);
    enum err_code rc = work->list == list ? list_left(work) : ERR_CANCELLED;
    index_unlock(index);
    if (rc == ERR_OK) {
        qsort(work->left, work->left_count, sizeof *work->left, compare_left);
        for (size_t i = 0; i < count; i++) {
            runs[i] = list->parts[first + i]->run;
        }
        struct run_filter filter = {.fate = fate, .context = work};
        index_run_name(index, &work->name, work->path);
        rc = run_merge_new(&work->merge, index->files, &work->name, runs, count, &filter, note);
    }
    if (rc != ERR_OK) {
        index_merge_drop(index);
    }
    /* The list has grown meanwhile: next time. */
    return rc == ERR_CANCELLED ? ERR_OK : rc;
}

static void close_work(struct index *index, bool installed)
{
    struct index_work *work = &index->work;
    run_merge_free(work->merge);
    index_run_name_close(index, &work->name, installed);
    free(work->left);
    index_list_release(index, work->list);
    *work = (struct index_work){0};
}

void index_merge_drop(struct index *index)
{
    close_work(index, false);
}

static enum err_code tell(struct index_part *added, const struct index_gone *gone, uint32_t *told)
{
    enum err_code rc = ERR_OK;
    while (gone != NULL && *told < gone->count && rc == ERR_OK) {
        rc = index_part_add(added, index_records_at(&gone->records, *told), gone->positions[*told]);
        *told += rc == ERR_OK ? 1 : 0;
    }
    return rc;
}

/* With the lock: whoever left a source since leaves the new run. */
static enum err_code transfer(void *context, struct index_part *added)
{
    struct index_work *work = context;
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < work->count && rc == ERR_OK; i++) {
        const struct index_part *part = work->list->parts[work->first + i];
        rc = tell(added, part->gone, &work->told_counts[i]);
        if (rc == ERR_OK) {
            rc = tell(added, part->bare, &work->bare_counts[i]);
        }
    }
    return rc;
}

static enum err_code finish(struct index *index, bool *named, struct err_note *note)
{
    struct index_work *work = &index->work;
    struct index_change change = {.first = work->list->parts[work->first],
                                  .count = work->count,
                                  .name = &work->name,
                                  .transfer = transfer,
                                  .context = work};
    struct index_part *made;
    enum err_code rc = index_part_new(&made);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = run_open(&made->run, index->files, index->cache, &work->name, note);
    if (rc != ERR_OK) {
        index_part_free(made);
        return rc == ERR_DAMAGED || rc == ERR_NOT_FOUND
                   ? err_note(note, ERR_IO, "a file of the index does not read")
                   : rc;
    }
    made->number = (uint32_t)work->name.number;
    made->first = run_first(made->run);
    made->end = run_end(made->run);
    change.added[0] = made;
    change.added_count = 1;
    return index_install(index, named, &change, note);
}

enum err_code index_merge_step(struct index *index, struct err_note *note)
{
    struct index_work *work = &index->work;
    bool done = false;
    bool named = false;
    enum err_code rc = run_merge_step(work->merge, &done, SLICE_LEN, note);
    if (rc == ERR_DAMAGED) {
        size_t culprit = run_merge_culprit(work->merge);
        (void)index_blame(index, work->list->parts[work->first + culprit], rc);
        index_merge_drop(index);
        return ERR_OK;
    }
    if (rc == ERR_OK && !done) {
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = finish(index, &named, note);
    }
    close_work(index, rc == ERR_OK || named);
    return rc;
}
