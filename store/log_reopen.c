/* Going on after an append or a sync failed (SPEC 10.7): what the file holds behind the last sync
 * is not known, so nothing of it is used and nothing is synced again. */
#include "store/log_inner.h"

#include <sodium.h>
#include <stdlib.h>

/* The segment that was appended to, read again through a file opened anew. */
struct tail {
    struct manifest_segment row; /* closed where its last batch ended */
    struct file *file;
    struct log_handle *handle;
    struct segment_table table;
    uint64_t damaged_count;
    struct file *old_file; /* through which it was written */
};

static enum err_code scan_records(struct tail *tail, struct segment_scan *scan,
                                  struct err_note *note)
{
    struct segment_record record;
    enum err_code rc;
    while ((rc = segment_scan_next(scan, &record, note)) == ERR_OK) {
        if (record.number >= tail->row.first + tail->row.records_count) {
            break;
        }
        if (log_table_add(&tail->table, tail->row.first, &record) != ERR_OK) {
            return err_note(note, ERR_NO_MEMORY, "out of memory");
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* Everything acknowledged is to be there; what is not is lost. */
static enum err_code verify(struct tail *tail, struct files *below, struct err_note *note)
{
    struct segment_scan scan = {0};
    enum err_code rc = segment_scan_open(&scan, below, tail->file, &tail->row, note);
    if (rc == ERR_OK) {
        rc = scan_records(tail, &scan, note);
    }
    segment_scan_close(&scan);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t missing_count = tail->row.records_count - tail->table.lens_count;
    if (missing_count > 0 &&
        segment_table_run(&tail->table, SEGMENT_LOST, (size_t)missing_count) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < tail->table.lens_count; i++) {
        uint64_t offset;
        size_t plain_len;
        enum err_code found = segment_table_find(&tail->table, &offset, &plain_len, i);
        tail->damaged_count += found == ERR_DAMAGED ? 1 : 0;
    }
    return ERR_OK;
}

static enum err_code open_tail(struct log *log, struct tail *tail, struct err_note *note)
{
    tail->row = log->manifest.segments[log->manifest.segments_count - 1];
    tail->row.closed = true;
    tail->row.len = log->committed_offset;
    tail->row.records_count = log->end - tail->row.first;
    tail->row.torn_count = 0;
    enum err_code rc = log_files_open(&log->files, &tail->file, &tail->row, FILE_READ, note);
    if (rc == ERR_OK) {
        rc = verify(tail, log->files.files, note);
    }
    if (rc == ERR_OK) {
        tail->handle = log_handle_new(tail->file);
        rc = tail->handle == NULL ? err_note(note, ERR_NO_MEMORY, "out of memory") : ERR_OK;
    }
    return rc;
}

static void close_tail(struct log *log, struct tail *tail)
{
    segment_table_close(&tail->table);
    free(tail->handle);
    struct file *unused[] = {tail->file, tail->old_file};
    for (size_t i = 0; i < 2; i++) {
        if (unused[i] != NULL) {
            log->files.files->close(log->files.files, unused[i]);
        }
    }
    sodium_memzero(&tail->row, sizeof tail->row);
}

/* The manifest as it is in memory, with the tail's row closed.  What an attempt that failed left on
 * the disk is replaced by it. */
static enum err_code save_rows(struct log *log, struct manifest *next, const struct tail *tail,
                               struct err_note *note)
{
    enum err_code rc = manifest_copy(next, &log->manifest);
    if (rc != ERR_OK) {
        return err_note(note, rc, "out of memory");
    }
    if (tail->handle != NULL && tail->row.records_count > 0) {
        next->segments[next->segments_count - 1] = tail->row;
    } else if (tail->handle != NULL) {
        manifest_remove(next, next->segments_count - 1, 1);
    }
    next->end = log->end;
    return log_files_save(&log->files, next, note);
}

/* The log reads the tail through the file opened anew, or forgets a tail that holds nothing; what
 * is not used any more is left in tail. */
static void use_tail(struct log *log, struct manifest *next, struct tail *tail)
{
    log_lock(log);
    log->failure = ERR_OK;
    if (log->writing) {
        struct log_part *part = &log->parts[log->manifest.segments_count - 1];
        struct segment_table old = part->table;
        tail->old_file = log_handle_release(part->handle);
        segment_table_trim(&tail->table);
        part->table = tail->table;
        part->handle = tail->handle;
        tail->table = old;
        if (tail->row.records_count > 0) {
            tail->handle = NULL;
            tail->file = NULL;
        }
    }
    log_swap_manifest(log, next);
    log_unlock(log);
}

/* A segment that was begun and never came to be named, or holds nothing. */
static void remove_empty(struct log *log)
{
    size_t count = log->manifest.segments_count;
    if (count == 0 || log->manifest.segments[count - 1].number != log->segment.number) {
        log_files_remove(&log->files, &log->segment);
    }
}

/* With changing held. */
static enum err_code reopen(struct log *log, uint64_t *damaged_count, struct err_note *note)
{
    struct tail tail = {0};
    struct manifest next = {0};
    enum err_code rc = log->writing ? open_tail(log, &tail, note) : ERR_OK;
    if (rc == ERR_OK) {
        rc = save_rows(log, &next, &tail, note);
    }
    if (rc == ERR_OK) {
        use_tail(log, &next, &tail);
        remove_empty(log);
        if (tail.row.records_count > 0) {
            log_keep_table(log, log->manifest.segments_count - 1);
        }
        log->writing = false;
        log->buffer.len = 0;
        *damaged_count = tail.damaged_count;
    }
    manifest_close(&next);
    close_tail(log, &tail);
    return rc;
}

enum err_code log_reopen(struct log *log, uint64_t *damaged_count, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    log_lock_changes(log);
    *damaged_count = 0;
    if (log->failure != ERR_OK) {
        rc = reopen(log, damaged_count, note);
    }
    log_unlock_changes(log);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "opening the %s again", log->files.folder);
}
