/* log_inner.h - an open log; for store/log*.c alone. */
#ifndef KITH_STORE_LOG_INNER_H
#define KITH_STORE_LOG_INNER_H

#include "store/log.h"
#include "store/log_files.h"

#include <pthread.h>

/* Segments before the last so many are opened anew for each read. */
#define LOG_OPEN_FILES_MAX 256
/* Shorter segments are scanned as fast as the lengths of their records are read. */
#define LOG_TABLE_LEN_MIN ((uint64_t)256 * 1024)

/* An open file that readers share; closed when nobody reads and the log let go of it. */
struct log_handle {
    struct file *file;
    unsigned users;
};

/* What the log knows of a segment beside its row of the manifest. */
struct log_part {
    struct log_handle *handle; /* NULL: opened for each read */
    struct segment_table table;
    uint64_t file_len;
    bool table_kept; /* the table stands beside the segment */
};

struct log {
    struct log_files files;

    /* Held from log_begin() to log_commit() and over every other change of the manifest, across
     * file calls; taken before lock. */
    pthread_mutex_t changing;
    /* Who reads takes only this one; it guards all that follows up to failure and is never held
     * over a file call.  Writing there takes both. */
    pthread_mutex_t lock;
    struct manifest manifest;
    struct log_part *parts; /* beside manifest.segments */
    size_t parts_cap;
    uint64_t end;   /* behind the last committed record */
    bool rewriting; /* there is one log_rewrite */
    enum err_code failure;

    /* The segment that is appended to, the last row of the manifest. */
    bool writing;
    struct manifest_segment segment; /* a copy for the writer */
    struct segment_writer writer;
    uint64_t committed_offset;
    struct octets_room buffer; /* sealed and not yet appended */
    bool batch_first;
    bool batch_open;
    enum err_code batch_failure; /* of the last batch; for the thread that appends */
};

void log_lock(struct log *log);
void log_unlock(struct log *log);
void log_lock_changes(struct log *log);
void log_unlock_changes(struct log *log);

/* Room for the part of one more segment; under both locks.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code log_reserve_part(struct log *log);
/* NULL where there is no memory; the file stays the caller's then. */
struct log_handle *log_handle_new(struct file *file);
/* One user less; under lock.  The file to close then, without the lock, or NULL. */
struct file *log_handle_release(struct log_handle *handle);

/* What a scan says of a record, for the table of its segment: what is missing before it is lost.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code log_table_add(struct segment_table *table, uint64_t first,
                                     const struct segment_record *record);

/* Read what found names into the manifest and the parts of a log that is being opened. */
MUST_USE enum err_code log_replay_all(struct log *log, uint64_t *damaged_count,
                                      const struct manifest *found, const struct log_replay *replay,
                                      struct err_note *note);
/* Close the segment that is appended to where its last batch ended, so that the next batch begins
 * another.  With changing held, or alone; writing (asserted). */
MUST_USE enum err_code log_end_segment(struct log *log, struct err_note *note);

/* Write the table of a closed segment beside it, where it is worth that and does not stand there.
 * With changing held, or alone. */
void log_keep_table(struct log *log, size_t index);

/* Where the record of this number lies; under lock.
 *   ERR_NOT_FOUND, ERR_DAMAGED  as log_read() */
MUST_USE enum err_code log_find(const struct log *log, size_t *row, uint64_t *offset,
                                size_t *plain_len, uint64_t number);
/* The last row that begins at or before this record; there is a row (asserted). */
size_t log_row_of(const struct manifest *manifest, uint64_t number);
/* Put a changed manifest in place of the one in memory, once it is saved; takes what next holds.
 * Under both locks. */
void log_swap_manifest(struct log *log, struct manifest *next);

#endif
