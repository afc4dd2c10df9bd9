/* Reading a log, from any thread. */
#include "store/log_inner.h"

#include <sodium.h>

/* A segment that is rewritten while it is looked for has another name then. */
#define TRIES_MAX 4

/* Where a record lies; segment and handle stay good until release(). */
struct place {
    struct manifest_segment segment;
    struct log_handle *handle; /* NULL: the segment is not kept open */
    struct file *file;
    uint64_t offset;
    size_t plain_len;
};

size_t log_row_of(const struct manifest *manifest, uint64_t number)
{
    assert(manifest->segments_count > 0);
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

enum err_code log_find(const struct log *log, size_t *row, uint64_t *offset, size_t *plain_len,
                       uint64_t number)
{
    if (number >= log->end || log->manifest.segments_count == 0) {
        return ERR_NOT_FOUND;
    }
    *row = log_row_of(&log->manifest, number);
    uint64_t first = log->manifest.segments[*row].first;
    const struct segment_table *table = &log->parts[*row].table;
    if (number < first || number - first >= table->lens_count) {
        return ERR_NOT_FOUND;
    }
    return segment_table_find(table, offset, plain_len, number - first);
}

static enum err_code place_of(struct log *log, struct place *place, uint64_t number)
{
    size_t row = 0;
    log_lock(log);
    enum err_code rc = log_find(log, &row, &place->offset, &place->plain_len, number);
    if (rc == ERR_OK) {
        place->segment = log->manifest.segments[row];
        place->handle = log->parts[row].handle;
        if (place->handle != NULL) {
            place->handle->users++;
            place->file = place->handle->file;
        }
    }
    log_unlock(log);
    return rc;
}

static void release(struct log *log, struct place *place)
{
    struct file *to_close = place->file;
    if (place->handle != NULL) {
        log_lock(log);
        to_close = log_handle_release(place->handle);
        log_unlock(log);
    }
    if (to_close != NULL) {
        log->files.files->close(log->files.files, to_close);
    }
    sodium_memzero(&place->segment, sizeof place->segment);
}

static enum err_code read_sealed(struct log *log, uint8_t *sealed, struct place *place,
                                 struct err_note *note)
{
    struct files *files = log->files.files;
    size_t sealed_len = place->plain_len + SEGMENT_OVERHEAD;
    size_t got = 0;
    if (place->file == NULL) {
        enum err_code rc =
            log_files_open(&log->files, &place->file, &place->segment, FILE_READ, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    enum err_code rc =
        files->read_at(files, place->file, sealed, &got, sealed_len, place->offset, note);
    if (rc != ERR_OK) {
        return err_note(note, rc, "reading the %s", log->files.folder);
    }
    return got == sealed_len ? ERR_OK : ERR_DAMAGED;
}

/*   ERR_NOT_FOUND  no file of this name: it was rewritten meanwhile */
static enum err_code read_place(struct log *log, struct octets_room *plain, struct place *place,
                                uint64_t number, struct err_note *note)
{
    if (place->plain_len > plain->cap) {
        return err_note(note, ERR_TOO_LARGE, "a record of the %s is too large", log->files.folder);
    }
    uint8_t sealed[SEGMENT_FRAME_LEN];
    enum err_code rc = read_sealed(log, sealed, place, note);
    if (rc == ERR_OK) {
        rc = segment_unseal(plain, &place->segment, number,
                            octets_of(sealed, place->plain_len + SEGMENT_OVERHEAD));
    }
    if (rc == ERR_OK && plain->len != place->plain_len) {
        rc = ERR_DAMAGED;
    }
    return rc == ERR_DAMAGED
               ? err_note(note, rc, "a record of the %s is damaged", log->files.folder)
               : rc;
}

enum err_code log_read(struct log *log, struct octets_room *plain, uint64_t number,
                       struct err_note *note)
{
    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        struct place place = {0};
        enum err_code rc = place_of(log, &place, number);
        if (rc != ERR_OK) {
            return err_note(note, rc, "no such record in the %s", log->files.folder);
        }
        rc = read_place(log, plain, &place, number, note);
        release(log, &place);
        if (rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    return err_note(note, ERR_IO, "a segment of the %s is gone", log->files.folder);
}

enum err_code log_len(struct log *log, size_t *plain_len, uint64_t number)
{
    size_t row = 0;
    uint64_t offset = 0;
    size_t len = 0;
    log_lock(log);
    enum err_code rc = log_find(log, &row, &offset, &len, number);
    log_unlock(log);
    if (rc == ERR_OK) {
        *plain_len = len;
    }
    return rc;
}
