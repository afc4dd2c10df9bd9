#include "store/index_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

void index_run_path(const struct index *index, char *path, uint32_t number)
{
    (void)snprintf(path, INDEX_PATH_MAX + 1, "%s/%08" PRIx32 ".run", index->folder, number);
}

void index_run_name(struct index *index, struct run_name *name, char *path)
{
    uint32_t number = index->manifest.number_next++;
    index_run_path(index, path, number);
    *name = (struct run_name){.path = path, .number = number};
    randombytes_buf(name->key, sizeof name->key);
}

void index_run_name_close(struct index *index, struct run_name *name, bool installed)
{
    if (name->path != NULL && !installed) {
        struct err_note ignored = {{0}};
        /* What stays behind is removed when the index is opened. */
        enum err_code rc = index->files->remove(index->files, name->path, &ignored);
        (void)rc;
    }
    sodium_memzero(name, sizeof *name);
}

static enum err_code add_run(struct index *index, struct index_manifest *next,
                             const struct index_part *part, const struct run_name *name)
{
    struct index_manifest_run row = {.first = part->first, .end = part->end};
    if (part->run != NULL) {
        row.number = part->number;
        const struct index_manifest_run *old = index_manifest_find(&index->manifest, part->number);
        bool fresh = name != NULL && name->number == part->number;
        assert(fresh || old != NULL);
        memcpy(row.key, fresh ? name->key : old->key, SEAL_KEY_LEN);
    }
    enum err_code rc = index_manifest_add(next, &row);
    sodium_memzero(&row, sizeof row);
    next->covered = part->end;
    return rc;
}

static enum index_manifest_list list_of(const struct index_record *record)
{
    if (record->state == INDEX_BARE) {
        return INDEX_MANIFEST_BARE;
    }
    return record->state == INDEX_GONE ? INDEX_MANIFEST_GONE : INDEX_MANIFEST_LOST;
}

static enum err_code add_gone(struct index_manifest *next, const struct index_gone *gone)
{
    enum err_code rc = ERR_OK;
    for (uint32_t i = 0; gone != NULL && i < gone->count && rc == ERR_OK; i++) {
        rc = index_manifest_position_add(&next->lists[list_of(index_records_at(&gone->records, i))],
                                         gone->positions[i]);
    }
    return rc;
}

/* A table that a full disk keeps in memory is no file: it is to be made again. */
static enum err_code add_held(struct index_manifest *next, const struct index_part *part)
{
    struct index_manifest_run row = {.first = part->first, .end = index_part_end(part)};
    next->covered = row.end;
    return row.first == row.end ? ERR_OK : index_manifest_add(next, &row);
}

/* Behind the last run everything is read from the log again. */
static bool has_run_behind(const struct index_list *list, size_t at)
{
    while (at < list->count && list->parts[at]->table != NULL) {
        at++;
    }
    return at < list->count;
}

static enum err_code add_part(struct index *index, struct index_manifest *next,
                              const struct index_part *part, const struct run_name *name)
{
    if (part->table != NULL) {
        return add_held(next, part);
    }
    enum err_code rc = add_run(index, next, part, name);
    if (rc == ERR_OK) {
        rc = add_gone(next, part->bare);
    }
    return rc == ERR_OK ? add_gone(next, part->gone) : rc;
}

static enum err_code add_purge(struct index *index, struct index_manifest *next)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < index->purge.count && rc == ERR_OK; i++) {
        rc = index_manifest_position_add(&next->lists[INDEX_MANIFEST_PURGE], index->purge.at[i]);
    }
    return rc;
}

/* With the lock: what the manifest says once the change is made. */
static enum err_code make_manifest(struct index *index, struct index_manifest *next,
                                   const struct index_change *change)
{
    const struct index_list *list = index->list;
    size_t at = change->first == NULL ? list->count : index_list_place(list, change->first);
    next->number_next = index->manifest.number_next;
    next->words = index->config.words;
    next->witness_above = index->manifest.witness_above;
    next->witness = index->manifest.witness;
    if (change->witness != NULL) {
        next->witness_above = (uint32_t)change->witness->position + 1;
        next->witness = change->witness->id;
    }
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < at && has_run_behind(list, i) && rc == ERR_OK; i++) {
        rc = add_part(index, next, list->parts[i], NULL);
    }
    for (size_t i = 0; i < change->added_count && rc == ERR_OK; i++) {
        rc = add_part(index, next, change->added[i], change->name);
    }
    for (size_t i = at + change->count; has_run_behind(list, i) && rc == ERR_OK; i++) {
        rc = add_part(index, next, list->parts[i], NULL);
    }
    return rc == ERR_OK ? add_purge(index, next) : rc;
}

static enum err_code transfer(const struct index_change *change)
{
    return change->transfer == NULL ? ERR_OK : change->transfer(change->context, change->added[0]);
}

static enum err_code save(struct index *index, bool *named, const struct index_manifest *next,
                          struct err_note *note)
{
    char path[INDEX_PATH_MAX + 1];
    (void)snprintf(path, sizeof path, "%s/runs", index->folder);
    return index_manifest_save(next, named, index->files, path, index->key, note);
}

static void remove_files(struct index *index, const struct index_manifest *old)
{
    for (size_t i = 0; i < old->runs_count; i++) {
        uint32_t number = old->runs[i].number;
        if (number != 0 && index_manifest_find(&index->manifest, number) == NULL) {
            char path[INDEX_PATH_MAX + 1];
            struct err_note ignored = {{0}};
            index_run_path(index, path, number);
            enum err_code rc = index->files->remove(index->files, path, &ignored);
            (void)rc;
        }
    }
}

/* The change itself, and what follows from it. */
static enum err_code change_list(struct index *index, const struct index_change *change)
{
    struct index_list *old = NULL;
    index_lock(index);
    enum err_code rc = transfer(change);
    if (rc == ERR_OK && change->first != NULL) {
        rc = index_list_swap(index, &old, change->first, change->count, change->added,
                             change->added_count);
    }
    index_unlock(index);
    index_list_release(index, old);
    return rc;
}

enum err_code index_install(struct index *index, bool *named, const struct index_change *change,
                            struct err_note *note)
{
    struct index_manifest next = {0};
    *named = false;
    index_lock(index);
    enum err_code rc = transfer(change);
    if (rc == ERR_OK) {
        rc = make_manifest(index, &next, change);
    }
    index_unlock(index);
    if (rc == ERR_OK && change->name != NULL) {
        /* The file is there for good before the manifest names it. */
        rc = index->files->sync_dir(index->files, index->folder, note);
    }
    if (rc == ERR_OK) {
        rc = save(index, named, &next, note);
    }
    if (rc == ERR_OK) {
        rc = change_list(index, change);
    }
    if (rc != ERR_OK) {
        for (size_t i = 0; i < change->added_count; i++) {
            index_part_free(change->added[i]);
        }
        index_manifest_close(&next);
        return rc;
    }
    struct index_manifest old = index->manifest;
    index->manifest = next;
    remove_files(index, &old);
    index_manifest_close(&old);
    return ERR_OK;
}
