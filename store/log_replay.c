/* Opening a log: every segment is scanned, or known from the lengths of its records. */
#include "store/log_inner.h"

#include <sodium.h>
#include <stdlib.h>

/* A segment while it is opened. */
struct opening {
    struct log *log;
    const struct log_replay *replay;
    struct manifest_segment segment; /* its row, as it will be */
    struct log_part part;
    struct file *file;
    uint64_t damaged_count;
    bool changed; /* its row is not what the manifest says */
};

static enum err_code replay_records(struct opening *o, struct segment_scan *scan,
                                    struct err_note *note)
{
    struct segment_record record;
    enum err_code rc;
    while ((rc = segment_scan_next(scan, &record, note)) == ERR_OK) {
        if (log_table_add(&o->part.table, o->segment.first, &record) != ERR_OK) {
            return err_note(note, ERR_NO_MEMORY, "out of memory");
        }
        if (record.kind == SEGMENT_RECORD && record.number >= o->replay->from) {
            rc = o->replay->on_record(o->replay->context, &record);
            if (rc != ERR_OK) {
                return rc;
            }
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* What was found may not be on the disk yet, where only the process ended and not the machine. */
static enum err_code sync_found(struct log *log, const struct manifest_segment *segment,
                                struct err_note *note)
{
    struct files *below = log->files.files;
    struct file *file = NULL;
    enum err_code rc = log_files_open(&log->files, &file, segment, FILE_APPEND, note);
    if (rc == ERR_OK) {
        rc = below->sync(below, file, note);
        below->close(below, file);
    }
    return rc;
}

/* What the scan of a whole segment says about it.  An open one is of a process that ended without
 * closing it: from now on this is its end, and what is missing from its last batch was torn. */
static enum err_code settle(struct opening *o, const struct segment_scan *scan,
                            struct err_note *note)
{
    struct manifest_segment *segment = &o->segment;
    if (!segment->closed) {
        segment->closed = true;
        segment->len = scan->records_end;
        segment->records_count = scan->next - segment->first;
        segment->torn_count = (uint32_t)scan->unsure_count;
        o->damaged_count = scan->damaged_count;
        o->changed = true;
        return sync_found(o->log, segment, note);
    }
    uint64_t end = segment->first + segment->records_count;
    uint64_t missing = scan->damaged_count + scan->unsure_count;
    missing += end > scan->next ? end - scan->next : 0;
    o->damaged_count = missing > segment->torn_count ? missing - segment->torn_count : 0;
    size_t found = o->part.table.lens_count;
    if (found < segment->records_count &&
        segment_table_run(&o->part.table, SEGMENT_LOST, (size_t)(segment->records_count - found)) !=
            ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    return ERR_OK;
}

static enum err_code scan_segment(struct opening *o, struct err_note *note)
{
    struct segment_scan scan = {0};
    enum err_code rc = segment_scan_open(&scan, o->log->files.files, o->file, &o->segment, note);
    if (rc == ERR_OK) {
        rc = replay_records(o, &scan, note);
    }
    if (rc == ERR_OK) {
        rc = settle(o, &scan, note);
    }
    segment_scan_close(&scan);
    segment_table_trim(&o->part.table);
    return rc;
}

/* Whether the segment need not be read: nothing of it is asked for, and where its records lie is
 * known. */
static bool known_unread(struct opening *o)
{
    const struct manifest_segment *segment = &o->segment;
    if (!segment->closed || segment->len < LOG_TABLE_LEN_MIN) {
        return false;
    }
    o->part.table_kept = log_files_has_table(&o->log->files, segment);
    if (!o->part.table_kept || o->part.file_len < segment->len ||
        segment->first + segment->records_count > o->replay->from) {
        return false;
    }
    struct err_note ignored = {{0}};
    o->part.table_kept =
        log_files_load_table(&o->log->files, &o->part.table, segment, &ignored) == ERR_OK;
    return o->part.table_kept;
}

static enum err_code open_segment(struct opening *o, struct err_note *note)
{
    struct files *below = o->log->files.files;
    enum err_code rc = log_files_open(&o->log->files, &o->file, &o->segment, FILE_READ, note);
    if (rc == ERR_NOT_FOUND) {
        return err_note(note, ERR_ROLLBACK, "a segment of the %s is missing", o->log->files.folder);
    }
    if (rc == ERR_OK) {
        rc = below->size(below, o->file, &o->part.file_len, note);
    }
    if (rc == ERR_OK && !known_unread(o)) {
        rc = scan_segment(o, note);
    }
    return rc;
}

/* The log takes the part, and its file where it is one of the last. */
static enum err_code adopt(struct opening *o, bool keep_open, struct err_note *note)
{
    struct log *log = o->log;
    enum err_code rc = log_reserve_part(log);
    if (rc == ERR_OK && keep_open) {
        o->part.handle = log_handle_new(o->file);
        rc = o->part.handle == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = manifest_add(&log->manifest, &o->segment);
    }
    if (rc != ERR_OK) {
        free(o->part.handle);
        return err_note(note, rc, "adding a segment");
    }
    log->parts[log->manifest.segments_count - 1] = o->part;
    if (keep_open) {
        o->file = NULL;
    }
    o->part = (struct log_part){0};
    log->end = o->segment.first + o->segment.records_count;
    return ERR_OK;
}

static enum err_code replay_segment(struct opening *o, bool keep_open, struct err_note *note)
{
    enum err_code rc = open_segment(o, note);
    /* Named just before a crash, and never appended to. */
    bool is_empty = o->changed && o->part.file_len == 0;
    if (rc == ERR_OK && !is_empty) {
        rc = adopt(o, keep_open, note);
    }
    segment_table_close(&o->part.table);
    if (o->file != NULL) {
        o->log->files.files->close(o->log->files.files, o->file);
    }
    return rc;
}

/* Write down what opening found, as far as that goes: it would be found again. */
static void write_down(struct log *log, bool changed)
{
    struct err_note ignored = {{0}};
    if (changed && log_files_save(&log->files, &log->manifest, &ignored) != ERR_OK) {
        return;
    }
    log_files_tidy(&log->files, &log->manifest);
    for (size_t i = 0; i < log->manifest.segments_count; i++) {
        log_keep_table(log, i);
    }
}

enum err_code log_replay_all(struct log *log, uint64_t *damaged_count, const struct manifest *found,
                             const struct log_replay *replay, struct err_note *note)
{
    bool changed = false;
    uint64_t damaged = 0;
    log->manifest.number_next = found->number_next;
    memcpy(log->manifest.id, found->id, sizeof found->id);
    for (size_t i = 0; i < found->segments_count; i++) {
        struct opening o = {.log = log, .replay = replay, .segment = found->segments[i]};
        bool keep_open = found->segments_count - i <= LOG_OPEN_FILES_MAX;
        enum err_code rc = replay_segment(&o, keep_open, note);
        changed = changed || o.changed;
        damaged += o.damaged_count;
        sodium_memzero(&o.segment, sizeof o.segment);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    log->end = found->end > log->end ? found->end : log->end;
    log->manifest.end = log->end;
    write_down(log, changed);
    *damaged_count = damaged;
    return ERR_OK;
}
