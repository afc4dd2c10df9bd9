/* log.h - sealed records in order of arrival: segments and their manifest in one folder (SPEC 10).
 *
 * Segments are named for their number and generation, at most 64 MiB each; a process begins a
 * segment of its own with its first append.  One thread appends; any thread may read at the same
 * time.  Record numbers start at 0, only grow, and stay the same over restarts. */
#ifndef KITH_STORE_LOG_H
#define KITH_STORE_LOG_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/file.h"
#include "store/segment.h"

struct log;

/* What opening tells of each record that is whole, in order. */
struct log_replay {
    void *context;
    /* An error ends the opening with that error. */
    enum err_code (*on_record)(void *context, const struct segment_record *record);
};

/* Open or make the log in a folder, sealed under key (borrowed for the call), and replay it.  What
 * a crash tore from the last batch is left out silently; *damaged_count is how many records are
 * missing that had been acknowledged.
 *
 *   ERR_DAMAGED   the manifest does not open, or is missing beside segments that hold something
 *   ERR_ROLLBACK  a segment the manifest names is missing
 *   and what files give, or replay */
MUST_USE enum err_code log_open(struct log **log, uint64_t *damaged_count, struct files *files,
                                const char *folder, const uint8_t key[32],
                                const struct log_replay *replay, struct err_note *note);
/* Closes the segment too, so that damage at its end will be told from a crash. */
void log_close(struct log *log);

/* A batch: begin, add records, commit.  A record that was added counts once log_commit() returned
 * ERR_OK.  After any error of these three the log refuses them with that error until it is opened
 * again: what an error left in the file is known only then. */
/* plain_len is all that will be added to the batch, at most SEGMENT_LEN_MAX / 2 (asserted). */
MUST_USE enum err_code log_begin(struct log *log, size_t plain_len, struct err_note *note);
MUST_USE enum err_code log_add(struct log *log, uint64_t *number, uint64_t *offset,
                               struct octets plain, struct err_note *note);
MUST_USE enum err_code log_commit(struct log *log, struct err_note *note);
/* The error that log_begin() would refuse with, or ERR_OK. */
enum err_code log_failure(const struct log *log);

/* Read one record; offset is where it begins and plain_len its length, as it was added.  plain has
 * room for it (asserted).
 *   ERR_DAMAGED  it does not open */
MUST_USE enum err_code log_read(struct log *log, struct octets_room *plain, uint64_t number,
                                uint64_t offset, size_t plain_len, struct err_note *note);

/* The number behind the last committed record; for the thread that appends. */
uint64_t log_end(const struct log *log);
/* Octets of all segments. */
uint64_t log_disk_len(struct log *log);

#endif
