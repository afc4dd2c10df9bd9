/* Writing a log: batches, and the segments they go to. */
#include "store/log_inner.h"

#include <sodium.h>
#include <stdlib.h>

/* Sealed octets are written when there are so many, or a batch ends. */
#define BUFFER_MAX ((size_t)256 * 1024)
#define BUFFER_MIN ((size_t)4096)

static enum err_code fail(struct log *log, enum err_code rc, struct err_note *note)
{
    log_lock(log);
    log->failure = rc;
    log_unlock(log);
    log->batch_open = false;
    log->batch_failure = rc;
    log_unlock_changes(log);
    return err_note(note, rc, "writing the %s", log->files.folder);
}

static enum err_code refuse(const struct log *log, struct err_note *note)
{
    return err_note(note, log->batch_failure, "the %s refuses writes since an error",
                    log->files.folder);
}

/* Write down where the segment of this process ends.  The rows of older ones were settled when the
 * log was opened. */
static void close_last(const struct log *log, struct manifest *next)
{
    struct manifest_segment *row = &next->segments[next->segments_count - 1];
    row->closed = true;
    row->len = log->committed_offset;
    row->records_count = log->end - row->first;
    row->torn_count = 0;
    next->end = log->end;
}

void log_keep_table(struct log *log, size_t index)
{
    struct log_part *part = &log->parts[index];
    const struct manifest_segment *row = &log->manifest.segments[index];
    if (row->closed && row->len >= LOG_TABLE_LEN_MIN && !part->table_kept) {
        log_files_save_table(&log->files, &part->table, row);
        part->table_kept = true;
    }
}

/* The manifest with one more row, saved.  A row for every segment stands there before anything is
 * appended to it. */
static enum err_code save_with(struct log *log, struct manifest *next,
                               const struct manifest_segment *segment, struct err_note *note)
{
    enum err_code rc = manifest_copy(next, &log->manifest);
    if (rc == ERR_OK && log->writing) {
        close_last(log, next);
    }
    if (rc == ERR_OK) {
        next->end = log->end;
        rc = manifest_add(next, segment);
    }
    if (rc == ERR_OK) {
        log_lock(log);
        rc = log_reserve_part(log);
        log_unlock(log);
    }
    return rc == ERR_OK ? log_files_save(&log->files, next, note)
                        : err_note(note, rc, "adding a segment");
}

/* The segment in this handle is the last one now. */
static void adopt(struct log *log, struct manifest *next, struct log_handle *handle)
{
    struct file *retired = NULL;
    log_lock(log);
    if (log->writing) {
        segment_table_trim(&log->parts[log->manifest.segments_count - 1].table);
    }
    log_swap_manifest(log, next);
    size_t count = log->manifest.segments_count;
    log->parts[count - 1] = (struct log_part){.handle = handle};
    if (count > LOG_OPEN_FILES_MAX && log->parts[count - 1 - LOG_OPEN_FILES_MAX].handle != NULL) {
        struct log_part *old = &log->parts[count - 1 - LOG_OPEN_FILES_MAX];
        retired = log_handle_release(old->handle);
        old->handle = NULL;
    }
    log_unlock(log);
    if (retired != NULL) {
        log->files.files->close(log->files.files, retired);
    }
    if (log->writing) {
        log_keep_table(log, count - 2);
    }
}

static enum err_code make_segment(struct log *log, struct err_note *note)
{
    log->segment = (struct manifest_segment){
        .number = log->manifest.number_next,
        .first = log->end,
    };
    if (log->segment.number == UINT32_MAX) {
        return err_note(note, ERR_NO_SPACE, "no number is left for a segment");
    }
    randombytes_buf(log->segment.key, sizeof log->segment.key);
    log->manifest.number_next++; /* whatever comes of it: a name is not used twice */
    struct file *file = NULL;
    enum err_code rc = log_files_create(&log->files, &file, &log->segment, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct log_handle *handle = log_handle_new(file);
    struct manifest next = {0};
    rc = handle == NULL ? err_note(note, ERR_NO_MEMORY, "out of memory")
                        : save_with(log, &next, &log->segment, note);
    if (rc == ERR_OK) {
        adopt(log, &next, handle);
    } else {
        free(handle);
        log->files.files->close(log->files.files, file);
    }
    manifest_close(&next);
    return rc;
}

static enum err_code begin_segment(struct log *log, struct err_note *note)
{
    enum err_code rc = make_segment(log, note);
    if (rc != ERR_OK) {
        return rc;
    }
    log->writing = true;
    log->committed_offset = 0;
    log->writer = (struct segment_writer){.segment = &log->segment, .number = log->end};
    return ERR_OK;
}

enum err_code log_end_segment(struct log *log, struct err_note *note)
{
    assert(log->writing);
    struct manifest next = {0};
    enum err_code rc = manifest_copy(&next, &log->manifest);
    if (rc != ERR_OK) {
        return err_note(note, rc, "out of memory");
    }
    close_last(log, &next);
    rc = log_files_save(&log->files, &next, note);
    /* Also after an error, which may have come once the manifest was replaced: what would be
     * appended behind the end that it tells would not be read again. */
    log_lock(log);
    log_swap_manifest(log, &next);
    segment_table_trim(&log->parts[log->manifest.segments_count - 1].table);
    log_unlock(log);
    log->writing = false;
    if (rc == ERR_OK) {
        log_keep_table(log, log->manifest.segments_count - 1);
    }
    manifest_close(&next);
    return rc;
}

enum err_code log_begin(struct log *log, size_t plain_len, struct err_note *note)
{
    assert(plain_len <= SEGMENT_LEN_MAX / 2);
    log_lock_changes(log);
    assert(!log->batch_open);
    log->batch_failure = log->failure;
    if (log->batch_failure != ERR_OK) {
        log_unlock_changes(log);
        return refuse(log, note);
    }
    /* Padding at worst doubles a batch of records just above half a frame. */
    uint64_t worst = log->writer.offset + 2 * (uint64_t)plain_len + SEGMENT_FRAME_LEN;
    if (!log->writing || (worst > SEGMENT_LEN_MAX && log->writer.offset > 0)) {
        enum err_code rc = begin_segment(log, note);
        if (rc != ERR_OK) {
            return fail(log, rc, note);
        }
    }
    log->batch_first = true;
    log->batch_open = true;
    return ERR_OK;
}

static struct log_part *last_part(struct log *log)
{
    return &log->parts[log->manifest.segments_count - 1];
}

static enum err_code flush(struct log *log, struct err_note *note)
{
    if (log->buffer.len == 0) {
        return ERR_OK;
    }
    struct octets octets = octets_of(log->buffer.at, log->buffer.len);
    log->buffer.len = 0;
    log_lock(log);
    struct file *file = last_part(log)->handle->file;
    last_part(log)->file_len += octets.len;
    log_unlock(log);
    return log->files.files->append(log->files.files, file, octets, note);
}

/* Room for so many octets more: the buffer grows up to its bound, and is written then. */
static enum err_code make_room(struct log *log, size_t growth, struct err_note *note)
{
    size_t wanted = log->buffer.len + growth;
    if (wanted <= log->buffer.cap) {
        return ERR_OK;
    }
    if (wanted > BUFFER_MAX) {
        enum err_code rc = flush(log, note);
        if (rc != ERR_OK) {
            return rc;
        }
        wanted = growth;
    }
    size_t cap = log->buffer.cap == 0 ? BUFFER_MIN : log->buffer.cap;
    while (cap < wanted) {
        cap *= 2;
    }
    if (cap > log->buffer.cap) {
        uint8_t *grown = realloc(log->buffer.at, cap);
        if (grown == NULL) {
            return err_note(note, ERR_NO_MEMORY, "out of memory");
        }
        log->buffer.at = grown;
        log->buffer.cap = cap;
    }
    return ERR_OK;
}

enum err_code log_add(struct log *log, uint64_t *number, struct octets plain, struct err_note *note)
{
    if (log->batch_failure != ERR_OK) {
        return refuse(log, note);
    }
    assert(log->batch_open);
    enum err_code rc = make_room(log, SEGMENT_RECORD_GROWTH_MAX(plain.len), note);
    if (rc != ERR_OK) {
        return fail(log, rc, note);
    }
    uint64_t added = log->writer.number;
    uint64_t offset;
    segment_write(&log->writer, &offset, &log->buffer, plain, log->batch_first);
    log->batch_first = false;
    log_lock(log);
    rc = segment_table_record(&last_part(log)->table, offset, plain.len);
    log_unlock(log);
    if (rc != ERR_OK) {
        return fail(log, err_note(note, rc, "out of memory"), note);
    }
    *number = added;
    return ERR_OK;
}

enum err_code log_commit(struct log *log, struct err_note *note)
{
    if (log->batch_failure != ERR_OK) {
        return refuse(log, note);
    }
    assert(log->batch_open);
    enum err_code rc = flush(log, note);
    if (rc == ERR_OK && log->writer.number > log->end) {
        rc = log->files.files->sync(log->files.files, last_part(log)->handle->file, note);
    }
    if (rc != ERR_OK) {
        return fail(log, rc, note);
    }
    log_lock(log);
    log->end = log->writer.number;
    log->committed_offset = log->writer.offset;
    log_unlock(log);
    /* Nothing is held while nothing is written. */
    free(log->buffer.at);
    log->buffer = (struct octets_room){0};
    log->batch_open = false;
    log_unlock_changes(log);
    return ERR_OK;
}
