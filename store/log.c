#include "store/log.h"

#include "store/log_files.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_LEN ((size_t)256 * 1024)

struct log {
    struct log_files files;
    pthread_mutex_t lock; /* the tables of segments; never held over a file call */
    struct manifest manifest;
    struct file **open_files; /* beside manifest.segments; NULL: opened for each read */
    size_t open_files_cap;
    uint32_t number_next; /* above every segment file there is */
    uint64_t end;         /* behind the last committed record */
    uint64_t disk_len;
    enum err_code failure;

    /* The segment of this process, the last row of the manifest. */
    bool writing;
    struct manifest_segment segment; /* a copy for the writer */
    struct segment_writer writer;
    struct octets_room buffer; /* sealed and not yet appended */
    bool batch_first;
};

/* Older segments than this many are opened anew for each read. */
#define OPEN_FILES_MAX 256

static enum err_code fail(struct log *log, enum err_code rc, struct err_note *note)
{
    log->failure = rc;
    return err_note(note, rc, "writing the %s", log->files.folder);
}

static enum err_code reserve_file_slot(struct log *log)
{
    if (log->manifest.segments_count < log->open_files_cap) {
        return ERR_OK;
    }
    size_t cap = log->open_files_cap == 0 ? 16 : log->open_files_cap * 2;
    struct file **grown = calloc(cap, sizeof(struct file *));
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    if (log->open_files != NULL) {
        memcpy(grown, log->open_files, log->open_files_cap * sizeof(struct file *));
    }
    free(log->open_files);
    log->open_files = grown;
    log->open_files_cap = cap;
    return ERR_OK;
}

static struct file **file_slot(struct log *log, size_t index)
{
    assert(index < log->open_files_cap);
    return &log->open_files[index];
}

static enum err_code replay_records(struct segment_scan *scan, const struct log_replay *replay,
                                    struct err_note *note)
{
    struct segment_record record;
    enum err_code rc;
    while ((rc = segment_scan_next(scan, &record, note)) == ERR_OK) {
        rc = replay->on_record(replay->context, &record);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* What the scan of a whole segment says about it.  An open one is of a process that ended without
 * closing it: from now on this is its end, and what is missing from its last batch was torn. */
static void settle(struct log *log, uint64_t *damaged_count, struct manifest_segment *segment,
                   const struct segment_scan *scan)
{
    if (!segment->closed) {
        segment->closed = true;
        segment->len = scan->records_end;
        segment->records_count = scan->next - segment->first;
        segment->torn_count = (uint32_t)scan->unsure_count;
        *damaged_count += scan->damaged_count;
    } else {
        uint64_t end = segment->first + segment->records_count;
        uint64_t missing = scan->damaged_count + scan->unsure_count;
        missing += end > scan->next ? end - scan->next : 0;
        *damaged_count += missing > segment->torn_count ? missing - segment->torn_count : 0;
    }
    log->end = segment->first + segment->records_count;
}

static enum err_code replay_segment(struct log *log, uint64_t *damaged_count, size_t index,
                                    const struct log_replay *replay, struct err_note *note)
{
    struct manifest_segment *segment = &log->manifest.segments[index];
    struct file *file = NULL;
    enum err_code rc = log_files_open(&log->files, &file, segment, FILE_READ, note);
    if (rc == ERR_NOT_FOUND) {
        return err_note(note, ERR_ROLLBACK, "a segment of the %s is missing", log->files.folder);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t len = 0;
    struct segment_scan scan = {0};
    rc = log->files.files->size(log->files.files, file, &len, note);
    if (rc == ERR_OK) {
        rc = segment_scan_open(&scan, log->files.files, file, segment, note);
    }
    if (rc == ERR_OK) {
        rc = replay_records(&scan, replay, note);
    }
    if (rc == ERR_OK) {
        settle(log, damaged_count, segment, &scan);
        log->disk_len += len;
    }
    segment_scan_close(&scan);
    if (rc == ERR_OK && log->manifest.segments_count - index <= OPEN_FILES_MAX) {
        *file_slot(log, index) = file;
    } else {
        log->files.files->close(log->files.files, file);
    }
    return rc;
}

static enum err_code replay_all(struct log *log, uint64_t *damaged_count,
                                const struct log_replay *replay, struct err_note *note)
{
    size_t count = log->manifest.segments_count;
    log->open_files = calloc(count + 16, sizeof(struct file *));
    if (log->open_files == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    log->open_files_cap = count + 16;
    for (size_t i = 0; i < count; i++) {
        enum err_code rc = replay_segment(log, damaged_count, i, replay, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

static void log_free(struct log *log)
{
    for (size_t i = 0; i < log->open_files_cap; i++) {
        if (log->open_files[i] != NULL) {
            log->files.files->close(log->files.files, log->open_files[i]);
        }
    }
    free(log->open_files);
    manifest_close(&log->manifest);
    (void)pthread_mutex_destroy(&log->lock);
    free(log->buffer.at);
    sodium_memzero(log, sizeof *log);
    free(log);
}

enum err_code log_open(struct log **log, uint64_t *damaged_count, struct files *files,
                       const char *folder, const uint8_t key[32], const struct log_replay *replay,
                       struct err_note *note)
{
    if (sodium_init() < 0) {
        return err_note(note, ERR_IO, "libsodium did not start");
    }
    struct log *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    if (pthread_mutex_init(&opened->lock, NULL) != 0) {
        free(opened);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    log_files_init(&opened->files, files, folder, key);
    uint64_t damaged = 0;
    enum err_code rc =
        log_files_load(&opened->files, &opened->manifest, &opened->number_next, note);
    if (rc == ERR_OK) {
        rc = replay_all(opened, &damaged, replay, note);
    }
    if (rc != ERR_OK) {
        log_free(opened);
        return err_note(note, rc, "opening the %s", folder);
    }
    *log = opened;
    *damaged_count = damaged;
    return ERR_OK;
}

/* Write down where the segment of this process ends.  The rows of older ones were settled when the
 * log was opened. */
static void close_row(struct log *log)
{
    struct manifest_segment *row = &log->manifest.segments[log->manifest.segments_count - 1];
    row->closed = true;
    row->len = log->writer.offset;
    row->records_count = log->end - row->first;
    row->torn_count = 0;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->writing && log->failure == ERR_OK) {
        close_row(log);
        /* Failing costs nothing but the closing: the next opening finds the end by itself. */
        struct err_note ignored = {{0}};
        enum err_code rc = log_files_save(&log->files, &log->manifest, &ignored);
        (void)rc;
    }
    log_free(log);
}

static enum err_code make_segment(struct log *log, struct file **file, struct err_note *note)
{
    log->segment = (struct manifest_segment){
        .number = log->number_next,
        .first = log->end,
    };
    randombytes_buf(log->segment.key, sizeof log->segment.key);
    /* The file is there for good before the manifest names it: a missing one means a rollback. */
    enum err_code rc = log_files_create(&log->files, file, &log->segment, note);
    if (rc != ERR_OK) {
        return rc;
    }
    (void)pthread_mutex_lock(&log->lock);
    if (log->writing) {
        close_row(log);
    }
    rc = reserve_file_slot(log);
    if (rc == ERR_OK) {
        rc = manifest_add(&log->manifest, &log->segment);
    }
    if (rc == ERR_OK) {
        *file_slot(log, log->manifest.segments_count - 1) = *file;
    } else {
        (void)err_note(note, rc, "adding a segment");
    }
    (void)pthread_mutex_unlock(&log->lock);
    if (rc != ERR_OK) {
        log->files.files->close(log->files.files, *file);
        return rc;
    }
    /* Only this thread changes the manifest, so it may read it without the lock. */
    return log_files_save(&log->files, &log->manifest, note);
}

static enum err_code begin_segment(struct log *log, struct err_note *note)
{
    if (log->buffer.at == NULL) {
        log->buffer = (struct octets_room){.at = malloc(BUFFER_LEN), .cap = BUFFER_LEN};
        if (log->buffer.at == NULL) {
            return err_note(note, ERR_NO_MEMORY, "out of memory");
        }
    }
    struct file *file = NULL;
    enum err_code rc = make_segment(log, &file, note);
    if (rc != ERR_OK) {
        return rc;
    }
    log->writing = true;
    log->number_next++;
    log->writer = (struct segment_writer){.segment = &log->segment, .number = log->end};
    return ERR_OK;
}

enum err_code log_begin(struct log *log, size_t plain_len, struct err_note *note)
{
    assert(plain_len <= SEGMENT_LEN_MAX / 2);
    if (log->failure != ERR_OK) {
        return err_note(note, log->failure, "the %s refuses writes since an error",
                        log->files.folder);
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
    return ERR_OK;
}

static struct file *current_file(struct log *log)
{
    return *file_slot(log, log->manifest.segments_count - 1);
}

static enum err_code flush(struct log *log, struct err_note *note)
{
    if (log->buffer.len == 0) {
        return ERR_OK;
    }
    struct octets octets = octets_of(log->buffer.at, log->buffer.len);
    log->buffer.len = 0;
    (void)pthread_mutex_lock(&log->lock);
    log->disk_len += octets.len;
    (void)pthread_mutex_unlock(&log->lock);
    return log->files.files->append(log->files.files, current_file(log), octets, note);
}

enum err_code log_add(struct log *log, uint64_t *number, uint64_t *offset, struct octets plain,
                      struct err_note *note)
{
    if (log->failure != ERR_OK) {
        return err_note(note, log->failure, "the %s refuses writes since an error",
                        log->files.folder);
    }
    size_t growth = SEGMENT_RECORD_GROWTH_MAX(plain.len);
    if (log->buffer.cap - log->buffer.len < growth) {
        enum err_code rc = flush(log, note);
        if (rc != ERR_OK) {
            return fail(log, rc, note);
        }
    }
    *number = log->writer.number;
    segment_write(&log->writer, offset, &log->buffer, plain, log->batch_first);
    log->batch_first = false;
    return ERR_OK;
}

enum err_code log_commit(struct log *log, struct err_note *note)
{
    if (log->failure != ERR_OK) {
        return err_note(note, log->failure, "the %s refuses writes since an error",
                        log->files.folder);
    }
    enum err_code rc = flush(log, note);
    if (rc == ERR_OK && log->writer.number > log->end) {
        rc = log->files.files->sync(log->files.files, current_file(log), note);
    }
    if (rc != ERR_OK) {
        return fail(log, rc, note);
    }
    log->end = log->writer.number;
    return ERR_OK;
}

enum err_code log_failure(const struct log *log)
{
    return log->failure;
}

/* The last segment that begins at or before this record; there is one. */
static size_t segment_of(const struct manifest *manifest, uint64_t number)
{
    size_t low = 0;
    size_t high = manifest->segments_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (manifest->segments[middle].first <= number) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum err_code read_sealed(struct log *log, uint8_t *sealed, size_t sealed_len,
                                 const struct manifest_segment *segment, struct file *kept_open,
                                 uint64_t offset, struct err_note *note)
{
    struct files *files = log->files.files;
    struct file *file = kept_open;
    if (file == NULL) {
        enum err_code rc = log_files_open(&log->files, &file, segment, FILE_READ, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    size_t got = 0;
    enum err_code rc = files->read_at(files, file, sealed, &got, sealed_len, offset, note);
    if (kept_open == NULL) {
        files->close(files, file);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "reading the %s", log->files.folder);
    }
    return got == sealed_len ? ERR_OK : ERR_DAMAGED;
}

enum err_code log_read(struct log *log, struct octets_room *plain, uint64_t number, uint64_t offset,
                       size_t plain_len, struct err_note *note)
{
    assert(plain_len <= SEGMENT_PLAIN_MAX && plain_len <= plain->cap);
    (void)pthread_mutex_lock(&log->lock);
    assert(log->manifest.segments_count > 0);
    size_t index = segment_of(&log->manifest, number);
    struct manifest_segment segment = log->manifest.segments[index];
    struct file *file = *file_slot(log, index);
    (void)pthread_mutex_unlock(&log->lock);

    uint8_t sealed[SEGMENT_FRAME_LEN];
    size_t sealed_len = plain_len + SEGMENT_OVERHEAD;
    enum err_code rc = read_sealed(log, sealed, sealed_len, &segment, file, offset, note);
    if (rc == ERR_OK) {
        rc = segment_unseal(plain, &segment, number, octets_of(sealed, sealed_len));
    }
    sodium_memzero(&segment, sizeof segment);
    return rc == ERR_DAMAGED
               ? err_note(note, rc, "a record of the %s is damaged", log->files.folder)
               : rc;
}

uint64_t log_end(const struct log *log)
{
    return log->end;
}

uint64_t log_disk_len(struct log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    uint64_t len = log->disk_len;
    (void)pthread_mutex_unlock(&log->lock);
    return len;
}
