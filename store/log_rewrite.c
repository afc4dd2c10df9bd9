#include "store/log_rewrite.h"

#include "store/log_inner.h"

#include <sodium.h>
#include <stdlib.h>

#define BUFFER_LEN ((size_t)256 * 1024)
/* Synced as it goes, so that nobody waits for a whole segment at the end. */
#define SYNC_LEN ((uint64_t)4 * 1024 * 1024)
/* Files of attempts that failed stay until the log is opened again. */
#define GENERATIONS_MAX 64

struct log_rewrite {
    struct log *log;
    struct log_span span;
    const struct log_purge *purge;
    struct manifest sources; /* the rows as they are */

    struct manifest_segment *segment; /* the one that is made; from sodium_malloc() */
    struct file *file;
    struct segment_writer writer;
    struct segment_table table;
    struct octets_room buffer;
    uint64_t flushed_len;
    uint64_t synced_len;
    uint64_t records_count;
    enum segment_kind run_kind; /* numbers not yet written that hold nothing */
    uint32_t run_count;

    size_t source; /* index of the one that is read */
    struct file *source_file;
    struct segment_scan scan;
    bool scanning;
    uint64_t source_lost_count;
    uint64_t next; /* the number behind what was read */

    struct log_rewritten result;
    bool maybe_named; /* a manifest on the disk may name the file */
    bool done;
};

static enum err_code no_memory(struct err_note *note)
{
    return err_note(note, ERR_NO_MEMORY, "out of memory");
}

static uint64_t row_end(const struct manifest_segment *row)
{
    return row->first + row->records_count;
}

/* The rows of the span, under the lock. */
static enum err_code copy_rows(struct log_rewrite *rewrite)
{
    const struct manifest *manifest = &rewrite->log->manifest;
    const struct log_span *span = &rewrite->span;
    if (manifest->segments_count == 0) {
        return ERR_NOT_FOUND;
    }
    size_t row = log_row_of(manifest, span->first);
    if (manifest->segments[row].first != span->first || span->segments_count == 0 ||
        span->segments_count > manifest->segments_count - row) {
        return ERR_NOT_FOUND;
    }
    uint64_t len = 0;
    for (size_t i = 0; i < span->segments_count; i++) {
        const struct manifest_segment *segment = &manifest->segments[row + i];
        len += segment->len;
        if (!segment->closed || len > SEGMENT_LEN_MAX ||
            row_end(segment) - span->first > SEGMENT_NUMBERS_MAX) {
            return ERR_REFUSED;
        }
        enum err_code rc = manifest_add(&rewrite->sources, segment);
        if (rc != ERR_OK) {
            return rc;
        }
        rewrite->result.len_before += rewrite->log->parts[row + i].file_len;
    }
    return ERR_OK;
}

/* Hold the log against other rewrites, and note what it holds of the span. */
static enum err_code claim(struct log_rewrite *rewrite, struct err_note *note)
{
    struct log *log = rewrite->log;
    log_lock(log);
    enum err_code rc = log->rewriting ? ERR_IN_USE : copy_rows(rewrite);
    if (rc == ERR_OK) {
        log->rewriting = true;
    }
    log_unlock(log);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "choosing segments to rewrite");
}

/* A generation of which no file is left from an attempt that failed: a manifest on the disk may
 * name that one. */
static enum err_code make_file(struct log_rewrite *rewrite, struct err_note *note)
{
    struct manifest_segment *segment = rewrite->segment;
    struct log *log = rewrite->log;
    segment->generation = rewrite->sources.segments[0].generation;
    for (unsigned tries = 0; tries < GENERATIONS_MAX; tries++) {
        segment->generation++;
        if (!log_files_has(&log->files, segment)) {
            return log_files_create(&log->files, &rewrite->file, segment, note);
        }
    }
    return err_note(note, ERR_REFUSED, "too many attempts failed; open the log anew first");
}

static enum err_code prepare(struct log_rewrite *rewrite, struct err_note *note)
{
    rewrite->segment = sodium_malloc(sizeof *rewrite->segment);
    rewrite->buffer = (struct octets_room){.at = malloc(BUFFER_LEN), .cap = BUFFER_LEN};
    if (rewrite->segment == NULL || rewrite->buffer.at == NULL) {
        return no_memory(note);
    }
    const struct manifest_segment *from = rewrite->sources.segments;
    assert(from != NULL); /* a span has segments */
    *rewrite->segment = (struct manifest_segment){.number = from->number, .first = from->first};
    randombytes_buf(rewrite->segment->key, sizeof rewrite->segment->key);
    rewrite->writer =
        (struct segment_writer){.segment = rewrite->segment, .number = rewrite->span.first};
    rewrite->next = rewrite->span.first;
    return make_file(rewrite, note);
}

enum err_code log_rewrite_begin(struct log_rewrite **rewrite, struct log *log,
                                const struct log_span *span, const struct log_purge *purge,
                                struct err_note *note)
{
    struct log_rewrite *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return no_memory(note);
    }
    *made = (struct log_rewrite){.log = log, .span = *span, .purge = purge};
    enum err_code rc = claim(made, note);
    if (rc != ERR_OK) {
        manifest_close(&made->sources);
        free(made);
        return rc;
    }
    rc = prepare(made, note);
    if (rc != ERR_OK) {
        log_rewrite_free(made);
        return err_note(note, rc, "rewriting the %s", log->files.folder);
    }
    *rewrite = made;
    return ERR_OK;
}

static void close_source(struct log_rewrite *rewrite)
{
    if (rewrite->scanning) {
        segment_scan_close(&rewrite->scan);
        rewrite->log->files.files->close(rewrite->log->files.files, rewrite->source_file);
        rewrite->scanning = false;
    }
}

static void close_file(struct log_rewrite *rewrite)
{
    if (rewrite->file != NULL) {
        rewrite->log->files.files->close(rewrite->log->files.files, rewrite->file);
        rewrite->file = NULL;
    }
}

void log_rewrite_free(struct log_rewrite *rewrite)
{
    if (rewrite == NULL) {
        return;
    }
    struct log *log = rewrite->log;
    close_source(rewrite);
    if (rewrite->file != NULL) {
        close_file(rewrite);
        if (!rewrite->done && !rewrite->maybe_named) {
            log_files_remove(&log->files, rewrite->segment);
        }
    }
    log_lock(log);
    log->rewriting = false;
    log_unlock(log);
    manifest_close(&rewrite->sources);
    segment_table_close(&rewrite->table);
    sodium_free(rewrite->segment);
    free(rewrite->buffer.at);
    free(rewrite);
}

static enum err_code flush(struct log_rewrite *rewrite, struct err_note *note)
{
    struct files *below = rewrite->log->files.files;
    struct octets octets = octets_of(rewrite->buffer.at, rewrite->buffer.len);
    rewrite->buffer.len = 0;
    rewrite->flushed_len += octets.len;
    return octets.len == 0 ? ERR_OK : below->append(below, rewrite->file, octets, note);
}

static enum err_code sync_some(struct log_rewrite *rewrite, struct err_note *note)
{
    struct files *below = rewrite->log->files.files;
    if (rewrite->flushed_len - rewrite->synced_len < SYNC_LEN) {
        return ERR_OK;
    }
    rewrite->synced_len = rewrite->flushed_len;
    return below->sync(below, rewrite->file, note);
}

static enum err_code make_room(struct log_rewrite *rewrite, size_t plain_len, struct err_note *note)
{
    size_t record_len = plain_len + SEGMENT_OVERHEAD;
    /* Several segments may fill their frames less well together than apart. */
    if (segment_place(rewrite->writer.offset, record_len) + record_len > SEGMENT_LEN_MAX) {
        return err_note(note, ERR_TOO_LARGE, "the segments do not fit one");
    }
    return rewrite->buffer.cap - rewrite->buffer.len < SEGMENT_RECORD_GROWTH_MAX(plain_len)
               ? flush(rewrite, note)
               : ERR_OK;
}

static enum err_code write_run(struct log_rewrite *rewrite, struct err_note *note)
{
    if (rewrite->run_count == 0) {
        return ERR_OK;
    }
    enum err_code rc = make_room(rewrite, SEGMENT_RUN_LEN - SEGMENT_OVERHEAD, note);
    if (rc != ERR_OK) {
        return rc;
    }
    segment_write_run(&rewrite->writer, &rewrite->buffer, rewrite->run_kind, rewrite->run_count);
    rc = segment_table_run(&rewrite->table, rewrite->run_kind, rewrite->run_count);
    rewrite->run_count = 0;
    return rc == ERR_OK ? ERR_OK : no_memory(note);
}

static enum err_code add_run(struct log_rewrite *rewrite, enum segment_kind kind, uint64_t count,
                             struct err_note *note)
{
    if (rewrite->run_count > 0 && count > 0 && rewrite->run_kind != kind) {
        enum err_code rc = write_run(rewrite, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    if (count > 0) {
        rewrite->run_kind = kind;
        rewrite->run_count += (uint32_t)count; /* the span's numbers fit */
    }
    return ERR_OK;
}

static enum err_code write_record(struct log_rewrite *rewrite, struct octets plain,
                                  struct err_note *note)
{
    enum err_code rc = write_run(rewrite, note);
    if (rc == ERR_OK) {
        rc = make_room(rewrite, plain.len, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t offset;
    segment_write(&rewrite->writer, &offset, &rewrite->buffer, plain, false);
    rewrite->records_count++;
    rc = segment_table_record(&rewrite->table, offset, plain.len);
    return rc == ERR_OK ? ERR_OK : no_memory(note);
}

/* Numbers up to this one did not open. */
static enum err_code add_lost(struct log_rewrite *rewrite, uint64_t number, struct err_note *note)
{
    uint64_t count = number - rewrite->next;
    rewrite->source_lost_count += count;
    rewrite->next = number;
    return add_run(rewrite, SEGMENT_LOST, count, note);
}

static bool goes(const struct log_purge *purge, const struct segment_record *record)
{
    return purge->purges_plain != NULL
               ? purge->purges_plain(purge->context, record->number, record->plain)
               : purge->purges(purge->context, record->number);
}

static enum err_code copy_record(struct log_rewrite *rewrite, const struct segment_record *record,
                                 struct err_note *note)
{
    enum err_code rc = add_lost(rewrite, record->number, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rewrite->next = record->number + record->count;
    if (record->kind != SEGMENT_RECORD) {
        return add_run(rewrite, record->kind, record->count, note);
    }
    if (goes(rewrite->purge, record)) {
        rewrite->result.purged_count++;
        return add_run(rewrite, SEGMENT_PURGED, 1, note);
    }
    return write_record(rewrite, record->plain, note);
}

static enum err_code open_source(struct log_rewrite *rewrite, struct err_note *note)
{
    const struct manifest_segment *row = &rewrite->sources.segments[rewrite->source];
    struct log_files *files = &rewrite->log->files;
    enum err_code rc = log_files_open(files, &rewrite->source_file, row, FILE_READ, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = segment_scan_open(&rewrite->scan, files->files, rewrite->source_file, row, note);
    if (rc != ERR_OK) {
        files->files->close(files->files, rewrite->source_file);
        return rc;
    }
    rewrite->scanning = true;
    rewrite->source_lost_count = 0;
    /* What lay between two segments was purged before. */
    rc = add_run(rewrite, SEGMENT_PURGED, row->first - rewrite->next, note);
    rewrite->next = row->first;
    return rc;
}

static enum err_code end_source(struct log_rewrite *rewrite, struct err_note *note)
{
    const struct manifest_segment *row = &rewrite->sources.segments[rewrite->source];
    close_source(rewrite);
    enum err_code rc = ERR_OK;
    if (rewrite->next < row_end(row)) {
        rc = add_lost(rewrite, row_end(row), note);
    }
    uint64_t lost_count = rewrite->source_lost_count;
    rewrite->result.lost_count += lost_count > row->torn_count ? lost_count - row->torn_count : 0;
    rewrite->source++;
    return rc == ERR_OK && rewrite->purge->whole && rewrite->result.lost_count > 0
               ? err_note(note, ERR_DAMAGED, "a record does not open")
               : rc;
}

/* One record of what is read, or a segment's beginning or end. */
static enum err_code copy_next(struct log_rewrite *rewrite, struct err_note *note)
{
    if (!rewrite->scanning) {
        return open_source(rewrite, note);
    }
    struct segment_record record;
    enum err_code rc = segment_scan_next(&rewrite->scan, &record, note);
    bool ended = rc == ERR_OK && record.number + record.count >
                                     row_end(&rewrite->sources.segments[rewrite->source]);
    if (rc == ERR_NOT_FOUND || ended) {
        return end_source(rewrite, note);
    }
    return rc == ERR_OK ? copy_record(rewrite, &record, note) : rc;
}

static enum err_code finish_file(struct log_rewrite *rewrite, struct err_note *note)
{
    struct files *below = rewrite->log->files.files;
    enum err_code rc = write_run(rewrite, note);
    if (rc == ERR_OK) {
        rc = flush(rewrite, note);
    }
    if (rc == ERR_OK && rewrite->records_count > 0) {
        rc = below->sync(below, rewrite->file, note);
    }
    rewrite->segment->closed = true;
    rewrite->segment->len = rewrite->writer.offset;
    rewrite->segment->records_count = rewrite->next - rewrite->span.first;
    segment_table_trim(&rewrite->table);
    return rc;
}

/* The manifest with the new segment in place of the old ones, or with nothing there. */
static enum err_code make_manifest(const struct log_rewrite *rewrite, struct manifest *next,
                                   size_t row)
{
    const struct log *log = rewrite->log;
    enum err_code rc = manifest_copy(next, &log->manifest);
    if (rc != ERR_OK) {
        return rc;
    }
    next->end = log->end;
    size_t kept = rewrite->records_count > 0 ? 1 : 0;
    if (kept > 0) {
        next->segments[row] = *rewrite->segment;
    }
    manifest_remove(next, row + kept, rewrite->sources.segments_count - kept);
    return ERR_OK;
}

/* In memory too; under both locks.  The parts taken out are written to retired. */
static void swap_parts(struct log_rewrite *rewrite, struct manifest *next, struct log_part *retired,
                       size_t row, struct log_handle *handle)
{
    struct log *log = rewrite->log;
    size_t count = rewrite->sources.segments_count;
    size_t kept = rewrite->records_count > 0 ? 1 : 0;
    size_t behind = log->manifest.segments_count - row - count;
    memcpy(retired, &log->parts[row], count * sizeof *retired);
    if (kept > 0) {
        log->parts[row] = (struct log_part){
            .handle = handle, .table = rewrite->table, .file_len = rewrite->segment->len};
        rewrite->table = (struct segment_table){0};
    }
    memmove(&log->parts[row + kept], &log->parts[row + count], behind * sizeof *log->parts);
    log_swap_manifest(log, next);
}

static void retire(struct log_rewrite *rewrite, struct log_part *retired)
{
    struct log *log = rewrite->log;
    for (size_t i = 0; i < rewrite->sources.segments_count; i++) {
        struct file *file = NULL;
        if (retired[i].handle != NULL) {
            log_lock(log);
            file = log_handle_release(retired[i].handle);
            log_unlock(log);
        }
        if (file != NULL) {
            log->files.files->close(log->files.files, file);
        }
        segment_table_close(&retired[i].table);
        log_files_remove(&log->files, &rewrite->sources.segments[i]);
    }
    /* What comes back after a crash is removed when the log is opened. */
    struct err_note ignored = {{0}};
    (void)log->files.files->sync_dir(log->files.files, log->files.folder, &ignored);
}

/* With changing held. */
static enum err_code put_in_place(struct log_rewrite *rewrite, struct log_part *retired,
                                  struct err_note *note)
{
    struct log *log = rewrite->log;
    struct manifest next = {0};
    size_t row = log_row_of(&log->manifest, rewrite->span.first);
    struct log_handle *handle = NULL;
    enum err_code rc = make_manifest(rewrite, &next, row);
    if (rc == ERR_OK && rewrite->records_count > 0) {
        handle = log_handle_new(rewrite->file);
        rc = handle == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    if (rc == ERR_OK) {
        /* From here on a manifest on the disk may name the new file. */
        rewrite->maybe_named = rewrite->records_count > 0;
        rc = log_files_save(&log->files, &next, note);
    }
    if (rc != ERR_OK) {
        free(handle);
        manifest_close(&next);
        return rc;
    }
    log_lock(log);
    swap_parts(rewrite, &next, retired, row, handle);
    log_unlock(log);
    if (handle != NULL) {
        rewrite->file = NULL;
        log_keep_table(log, row);
    }
    rewrite->done = true;
    return ERR_OK;
}

static enum err_code finish(struct log_rewrite *rewrite, struct err_note *note)
{
    enum err_code rc = finish_file(rewrite, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct log_part *retired = calloc(rewrite->sources.segments_count, sizeof *retired);
    if (retired == NULL) {
        return no_memory(note);
    }
    log_lock_changes(rewrite->log);
    rc = put_in_place(rewrite, retired, note);
    log_unlock_changes(rewrite->log);
    if (rc == ERR_OK) {
        rewrite->result.len_after = rewrite->records_count > 0 ? rewrite->segment->len : 0;
        if (rewrite->records_count == 0) {
            close_file(rewrite);
            log_files_remove(&rewrite->log->files, rewrite->segment);
        }
        retire(rewrite, retired);
    }
    free(retired);
    return rc;
}

enum err_code log_rewrite_step(struct log_rewrite *rewrite, bool *done,
                               struct log_rewritten *result, size_t octets_max,
                               struct err_note *note)
{
    assert(!rewrite->done);
    size_t len = 0;
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && len < octets_max && rewrite->source < rewrite->sources.segments_count) {
        uint64_t before = rewrite->scanning ? rewrite->scan.records_end : 0;
        rc = copy_next(rewrite, note);
        uint64_t after = rewrite->scanning ? rewrite->scan.records_end : 0;
        len += after > before ? (size_t)(after - before) : 1;
    }
    bool copied = rewrite->source == rewrite->sources.segments_count;
    if (rc == ERR_OK) {
        rc = copied ? finish(rewrite, note) : sync_some(rewrite, note);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "rewriting the %s", rewrite->log->files.folder);
    }
    *done = copied;
    if (copied) {
        *result = rewrite->result;
    }
    return ERR_OK;
}
