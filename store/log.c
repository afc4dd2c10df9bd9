#include "store/log_inner.h"

#include <sodium.h>
#include <stdlib.h>

static void must_lock(pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_lock(mutex);
    assert(rc == 0);
    (void)rc;
}

static void must_unlock(pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_unlock(mutex);
    assert(rc == 0);
    (void)rc;
}

void log_lock(struct log *log)
{
    must_lock(&log->lock);
}

void log_unlock(struct log *log)
{
    must_unlock(&log->lock);
}

void log_lock_changes(struct log *log)
{
    must_lock(&log->changing);
}

void log_unlock_changes(struct log *log)
{
    must_unlock(&log->changing);
}

enum err_code log_reserve_part(struct log *log)
{
    if (log->manifest.segments_count < log->parts_cap) {
        return ERR_OK;
    }
    size_t cap = log->parts_cap == 0 ? 16 : log->parts_cap * 2;
    struct log_part *grown = realloc(log->parts, cap * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    log->parts = grown;
    log->parts_cap = cap;
    return ERR_OK;
}

struct log_handle *log_handle_new(struct file *file)
{
    struct log_handle *handle = malloc(sizeof *handle);
    if (handle != NULL) {
        *handle = (struct log_handle){.file = file, .users = 1};
    }
    return handle;
}

struct file *log_handle_release(struct log_handle *handle)
{
    assert(handle->users > 0);
    handle->users--;
    if (handle->users > 0) {
        return NULL;
    }
    struct file *file = handle->file;
    free(handle);
    return file;
}

enum err_code log_table_add(struct segment_table *table, uint64_t first,
                            const struct segment_record *record)
{
    size_t missing_count = (size_t)(record->number - first) - table->lens_count;
    enum err_code rc = ERR_OK;
    if (missing_count > 0) {
        rc = segment_table_run(table, SEGMENT_LOST, missing_count);
    }
    if (rc == ERR_OK) {
        rc = record->kind == SEGMENT_RECORD
                 ? segment_table_record(table, record->offset, record->plain.len)
                 : segment_table_run(table, record->kind, record->count);
    }
    return rc;
}

void log_swap_manifest(struct log *log, struct manifest *next)
{
    manifest_close(&log->manifest);
    log->manifest = *next;
    *next = (struct manifest){0};
}

static void log_free(struct log *log)
{
    for (size_t i = 0; i < log->manifest.segments_count; i++) {
        struct log_part *part = &log->parts[i];
        if (part->handle != NULL) {
            assert(part->handle->users == 1);
            log->files.files->close(log->files.files, log_handle_release(part->handle));
        }
        segment_table_close(&part->table);
    }
    free(log->parts);
    manifest_close(&log->manifest);
    (void)pthread_mutex_destroy(&log->lock);
    (void)pthread_mutex_destroy(&log->changing);
    free(log->buffer.at);
    sodium_memzero(log, sizeof *log);
    free(log);
}

static enum err_code log_new(struct log **log)
{
    struct log *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return ERR_NO_MEMORY;
    }
    if (pthread_mutex_init(&made->changing, NULL) != 0) {
        (void)pthread_mutex_destroy(&made->lock);
        free(made);
        return ERR_NO_MEMORY;
    }
    *log = made;
    return ERR_OK;
}

enum err_code log_open(struct log **log, uint64_t *damaged_count, struct files *files,
                       const char *folder, const uint8_t key[32], const struct log_replay *replay,
                       struct err_note *note)
{
    if (sodium_init() < 0) {
        return err_note(note, ERR_IO, "libsodium did not start");
    }
    struct log *opened = NULL;
    if (log_new(&opened) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    log_files_init(&opened->files, files, folder, key);
    uint64_t damaged = 0;
    struct manifest found = {0};
    enum err_code rc = log_files_load(&opened->files, &found, note);
    if (rc == ERR_OK) {
        rc = log_replay_all(opened, &damaged, &found, replay, note);
    }
    manifest_close(&found);
    if (rc != ERR_OK) {
        log_free(opened);
        return err_note(note, rc, "opening the %s", folder);
    }
    *log = opened;
    *damaged_count = damaged;
    return ERR_OK;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    /* Failing costs nothing but the closing: the next opening finds the end by itself. */
    struct err_note ignored = {{0}};
    if (log->failure != ERR_OK) {
        /* What could not be synced must not be found by whoever opens the log next. */
        uint64_t damaged_count = 0;
        (void)!log_reopen(log, &damaged_count, &ignored);
    } else if (log->writing) {
        (void)!log_end_segment(log, &ignored);
    }
    log_free(log);
}

enum err_code log_failure(struct log *log)
{
    log_lock(log);
    enum err_code failure = log->failure;
    log_unlock(log);
    return failure;
}

void log_id(struct log *log, uint8_t out[LOG_ID_LEN])
{
    static_assert(LOG_ID_LEN == MANIFEST_ID_LEN, "it stands in the manifest");
    log_lock(log);
    memcpy(out, log->manifest.id, LOG_ID_LEN);
    log_unlock(log);
}

uint64_t log_end(struct log *log)
{
    log_lock(log);
    uint64_t end = log->end;
    log_unlock(log);
    return end;
}

uint64_t log_disk_len(struct log *log)
{
    uint64_t len = 0;
    log_lock(log);
    for (size_t i = 0; i < log->manifest.segments_count; i++) {
        len += log->parts[i].file_len;
    }
    log_unlock(log);
    return len;
}
