#include "store/index_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define CACHE_BLOCKS_MAX 1024 /* 4 MiB */

/* ---- What is there ------------------------------------------------------------------------ */

/* Files of the folder that the manifest does not name. */
struct sweep {
    struct index *index;
    uint32_t numbers[64]; /* some of them; the rest next time */
    size_t count;
};

static void on_name(void *context, const char *name)
{
    struct sweep *sweep = context;
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 16);
    bool run = end == name + 8 && strcmp(end, ".run") == 0 && number <= UINT32_MAX;
    if (run && sweep->count < sizeof sweep->numbers / sizeof sweep->numbers[0] &&
        index_manifest_find(&sweep->index->manifest, (uint32_t)number) == NULL) {
        sweep->numbers[sweep->count++] = (uint32_t)number;
    }
}

static enum err_code sweep_folder(struct index *index, struct err_note *note)
{
    struct sweep sweep;
    do {
        sweep = (struct sweep){.index = index};
        enum err_code rc = index->files->list(index->files, index->folder, on_name, &sweep, note);
        /* The manifest that stands here may have been put in place just before a crash. */
        if (rc == ERR_OK && sweep.count > 0) {
            rc = index->files->sync_dir(index->files, index->folder, note);
        }
        for (size_t i = 0; i < sweep.count && rc == ERR_OK; i++) {
            char path[INDEX_PATH_MAX + 1];
            index_run_path(index, path, sweep.numbers[i]);
            rc = file_put_away(index->files, path, note);
        }
        if (rc != ERR_OK) {
            return rc;
        }
    } while (sweep.count == sizeof sweep.numbers / sizeof sweep.numbers[0]);
    return ERR_OK;
}

/* Nothing known, and no number given twice in this process. */
static void begin_anew(struct index *index)
{
    uint32_t number_next = index->manifest.number_next;
    index_manifest_close(&index->manifest);
    index->manifest.number_next = number_next == 0 ? 1 : number_next;
    index->manifest.words = index->config.words;
}

/* Something else stands where a file of the index was, or the disk does not give it back: it is
 * made again. */
static bool is_unreadable(enum err_code rc)
{
    return rc == ERR_IO || rc == ERR_PERMISSION;
}

static enum err_code load_manifest(struct index *index, struct err_note *note)
{
    char path[INDEX_PATH_MAX + 1];
    struct err_note ignored = {{0}};
    (void)snprintf(path, sizeof path, "%s/runs", index->folder);
    enum err_code rc =
        index_manifest_load(&index->manifest, index->files, path, index->key, &ignored);
    if (is_unreadable(rc) && file_put_away(index->files, path, note) == ERR_OK) {
        rc = ERR_DAMAGED;
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED ||
        (rc == ERR_OK && index->manifest.words != index->config.words)) {
        begin_anew(index);
        return ERR_OK;
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "%s", ignored.text);
}

/* A run that is not there or does not open is built again. */
static enum err_code open_run(struct index *index, struct index_part *part,
                              const struct index_manifest_run *row, struct err_note *note)
{
    char path[INDEX_PATH_MAX + 1];
    struct err_note why = {{0}};
    struct run_name name = {.path = path, .number = row->number};
    part->first = row->first;
    part->end = row->end;
    if (row->number == 0) {
        return ERR_OK;
    }
    index_run_path(index, path, row->number);
    memcpy(name.key, row->key, SEAL_KEY_LEN);
    enum err_code rc = run_open(&part->run, index->files, index->cache, &name, &why);
    sodium_memzero(&name, sizeof name);
    if (rc == ERR_OK && (run_first(part->run) != row->first || run_end(part->run) != row->end)) {
        run_free(part->run);
        part->run = NULL;
        rc = ERR_DAMAGED;
    }
    if (is_unreadable(rc) && file_put_away(index->files, path, &why) == ERR_OK) {
        rc = ERR_DAMAGED;
    }
    part->number = part->run == NULL ? 0 : row->number;
    return rc == ERR_OK || rc == ERR_NOT_FOUND || rc == ERR_DAMAGED
               ? ERR_OK
               : err_note(note, rc, "%s", why.text);
}

static enum err_code open_runs(struct index *index, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < index->manifest.runs_count && rc == ERR_OK; i++) {
        struct index_part *part;
        rc = index_part_new(&part);
        if (rc != ERR_OK) {
            return rc;
        }
        rc = open_run(index, part, &index->manifest.runs[i], note);
        if (rc == ERR_OK) {
            rc = index_list_change(index, NULL, 0, &part, 1);
        }
        if (rc != ERR_OK) {
            index_part_free(part);
        }
    }
    return rc;
}

/* What left a run before the manifest was written. */
static enum err_code leave_again(struct index *index, uint32_t position, enum index_state state,
                                 struct err_note *note)
{
    struct index_part *part = index_list_part(index->list, position);
    if (part == NULL || part->run == NULL) {
        return ERR_OK;
    }
    struct run_record record;
    enum err_code rc = run_record(part->run, &record, position, note);
    if (rc == ERR_DAMAGED) {
        part->damaged = true;
        return ERR_OK;
    }
    if (rc != ERR_OK || (record.state != RUN_KEPT && record.state != RUN_BARE)) {
        return rc;
    }
    struct index_place place = {.position = position,
                                .state = (enum index_state)record.state,
                                .flags = record.flags,
                                .created_s = record.created_s,
                                .id = record.id,
                                .seen = index->list->generation};
    return index_leave(index, &place, state);
}

static enum err_code load_gone(struct index *index, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    const struct index_manifest_positions *gone = &index->manifest.lists[INDEX_MANIFEST_GONE];
    const struct index_manifest_positions *lost = &index->manifest.lists[INDEX_MANIFEST_LOST];
    const struct index_manifest_positions *bare = &index->manifest.lists[INDEX_MANIFEST_BARE];
    const struct index_manifest_positions *purge = &index->manifest.lists[INDEX_MANIFEST_PURGE];
    for (size_t i = 0; i < bare->count && rc == ERR_OK; i++) {
        rc = leave_again(index, bare->at[i], INDEX_BARE, note);
    }
    for (size_t i = 0; i < gone->count && rc == ERR_OK; i++) {
        rc = leave_again(index, gone->at[i], INDEX_GONE, note);
    }
    for (size_t i = 0; i < lost->count && rc == ERR_OK; i++) {
        rc = leave_again(index, lost->at[i], INDEX_HOLE, note);
    }
    index->purge.count = 0; /* the manifest's says what is left of it; of what is read from the log
                             * again, reading it will say */
    for (size_t i = 0; i < purge->count && rc == ERR_OK; i++) {
        const struct index_part *part = index_list_part(index->list, purge->at[i]);
        if (part != NULL && part->run != NULL && !part->damaged) {
            rc = index_manifest_position_add(&index->purge, purge->at[i]);
        }
    }
    return rc;
}

static void ignore_name(void *context, const char *name)
{
    (void)context;
    (void)name;
}

static enum err_code open_folder(struct index *index, struct err_note *note)
{
    struct files *files = index->files;
    struct err_note why = {{0}};
    enum err_code rc = files->make_dir(files, index->folder, note);
    if (rc == ERR_OK) {
        rc = files->list(files, index->folder, ignore_name, NULL, &why);
        if (is_unreadable(rc) || rc == ERR_NOT_FOUND) {
            rc = file_put_away(files, index->folder, note);
            rc = rc == ERR_OK ? files->make_dir(files, index->folder, note) : rc;
        } else if (rc != ERR_OK) {
            (void)err_note(note, rc, "%s", why.text);
        }
    }
    return rc;
}

static enum err_code load(struct index *index, struct err_note *note)
{
    enum err_code rc = open_folder(index, note);
    if (rc == ERR_OK) {
        rc = load_manifest(index, note);
    }
    if (rc == ERR_OK) {
        rc = sweep_folder(index, note);
    }
    if (rc == ERR_OK) {
        rc = open_runs(index, note);
    }
    return rc == ERR_OK ? load_gone(index, note) : rc;
}

/* ---- Opening and closing ------------------------------------------------------------------ */

static enum err_code make_state(struct index *index, const struct index_config *config)
{
    index->hash = sodium_malloc(sizeof *index->hash);
    index->key = sodium_malloc(SEAL_KEY_LEN);
    index->list = calloc(1, sizeof *index->list);
    if (index->list != NULL) {
        index->list->refs_count = 1; /* whoever closes what is half made lets go of it */
    }
    if (index->hash == NULL || index->key == NULL || index->list == NULL ||
        block_cache_new(&index->cache, CACHE_BLOCKS_MAX) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    run_hash_init(index->hash, config->key);
    memcpy(index->key, config->key, SEAL_KEY_LEN);
    index->all = run_set_of(index->hash, SET_ALL);
    return ERR_OK;
}

enum err_code index_open(struct index **index, const struct index_config *config,
                         struct err_note *note)
{
    struct index *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    if (pthread_mutex_init(&made->tending, NULL) != 0) {
        (void)pthread_mutex_destroy(&made->lock);
        free(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    assert(config->table_max <= INDEX_TABLE_MAX && strlen(config->folder) <= INDEX_FOLDER_MAX);
    made->files = config->files;
    made->config = *config;
    made->config.key = NULL;
    made->config.table_max = config->table_max == 0 ? INDEX_TABLE_MAX : config->table_max;
    (void)snprintf(made->folder, sizeof made->folder, "%s", config->folder);
    index_digests_init(&made->refused);
    index_digests_init(&made->refused_before);
    enum err_code rc = make_state(made, config);
    if (rc == ERR_OK) {
        rc = load(made, note);
    }
    if (rc != ERR_OK) {
        index_close(made);
        return err_note(note, rc, "opening the index");
    }
    *index = made;
    return ERR_OK;
}

static void close_list(struct index *index)
{
    if (index->list != NULL) {
        index_list_release(index, index->list);
        index->list = NULL;
    }
}

void index_close(struct index *index)
{
    if (index == NULL) {
        return;
    }
    index_merge_drop(index);
    close_list(index);
    block_cache_free(index->cache);
    if (index->hash != NULL) {
        run_hash_close(index->hash);
        sodium_free(index->hash);
    }
    if (index->key != NULL) {
        sodium_free(index->key);
    }
    index_manifest_close(&index->manifest);
    free(index->purge.at);
    index_digests_close(&index->refused);
    index_digests_close(&index->refused_before);
    (void)pthread_mutex_destroy(&index->tending);
    (void)pthread_mutex_destroy(&index->lock);
    free(index);
}

enum err_code index_clear(struct index *index, struct err_note *note)
{
    struct index_list *empty = calloc(1, sizeof *empty);
    if (empty == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    index_merge_drop(index);
    empty->refs_count = 1;
    close_list(index);
    index->list = empty;
    index->purge.count = 0;
    begin_anew(index);
    char path[INDEX_PATH_MAX + 1];
    (void)snprintf(path, sizeof path, "%s/runs", index->folder);
    enum err_code rc = index->files->remove(index->files, path, note);
    return rc == ERR_OK || rc == ERR_NOT_FOUND ? sweep_folder(index, note) : rc;
}

uint64_t index_covered(struct index *index)
{
    return index->manifest.covered;
}

bool index_witness(struct index *index, uint64_t *position, struct post_id *id)
{
    if (index->manifest.witness_above == 0) {
        return false;
    }
    *position = index->manifest.witness_above - 1;
    *id = index->manifest.witness;
    return true;
}
