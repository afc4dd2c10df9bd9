/* log.h - sealed records in order of arrival: segments and their manifest in one folder (SPEC 10).
 *
 * A record's number is the only place there is: the log finds its octets itself.  Numbers start at
 * 0, only grow, and stay the same over restarts and rewriting.  Segments are at most 64 MiB each; a
 * process begins a segment of its own with its first append.  One thread appends; any thread may
 * read at the same time. */
#ifndef KITH_STORE_LOG_H
#define KITH_STORE_LOG_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/file.h"
#include "store/segment.h"

#define LOG_ID_LEN 16

struct log;

/* What opening tells of each record that is whole, in order. */
struct log_replay {
    void *context;
    uint64_t
        from; /* tell of none before this number, and do not read them where it can be helped */
    /* An error ends the opening with that error. */
    enum err_code (*on_record)(void *context, const struct segment_record *record);
};

/* Open or make the log in a folder, sealed under key (borrowed for the call), and replay it.  What
 * a crash tore from the last batch is left out silently; *damaged_count is how many records are
 * missing that had been acknowledged, as far as they were read.
 *
 *   ERR_DAMAGED   the manifest does not open, or is missing beside segments that hold something
 *   ERR_ROLLBACK  a segment the manifest names is missing, or one is there that a later manifest
 *                 named
 *   and what files give, or replay */
MUST_USE enum err_code log_open(struct log **log, uint64_t *damaged_count, struct files *files,
                                const char *folder, const uint8_t key[32],
                                const struct log_replay *replay, struct err_note *note);
/* Closes the segment too, so that damage at its end will be told from a crash. */
void log_close(struct log *log);

/* A batch: begin, add records, commit, by one thread, which leaves out none of the three unless one
 * failed.  A record that was added counts once log_commit() returned ERR_OK.  After any error of
 * these three the log refuses them with that error until log_reopen(): what an error left in the
 * file is known only then. */
/* plain_len is all that will be added to the batch, at most SEGMENT_LEN_MAX / 2 (asserted). */
MUST_USE enum err_code log_begin(struct log *log, size_t plain_len, struct err_note *note);
MUST_USE enum err_code log_add(struct log *log, uint64_t *number, struct octets plain,
                               struct err_note *note);
MUST_USE enum err_code log_commit(struct log *log, struct err_note *note);
/* The error that log_begin() would refuse with, or ERR_OK. */
enum err_code log_failure(struct log *log);

/* Go on after an error: what was committed is read again and verified through a file opened anew,
 * everything behind it is left out for good, and the next batch begins a segment.  Nothing is
 * synced that failed to.  Does nothing where nothing failed.  By any thread, between batches; it
 * reads up to SEGMENT_LEN_MAX, so leave seconds between attempts.  *damaged_count is how many
 * committed records do not open any more. what files give: the log goes on refusing, with the error
 * it had */
MUST_USE enum err_code log_reopen(struct log *log, uint64_t *damaged_count, struct err_note *note);

/* Read one record into plain.
 *   ERR_NOT_FOUND  there is none under this number (yet), or it was purged
 *   ERR_DAMAGED    it does not open
 *   ERR_TOO_LARGE  it does not fit
 *   and what files give */
MUST_USE enum err_code log_read(struct log *log, struct octets_room *plain, uint64_t number,
                                struct err_note *note);
/* The length of one record; errors as far as they are known without reading.
 *   ERR_NOT_FOUND, ERR_DAMAGED */
MUST_USE enum err_code log_len(struct log *log, size_t *plain_len, uint64_t number);

/* What tells this log, and so its numbers, from any other: random, drawn when it was begun, kept by
 * rewriting. */
void log_id(struct log *log, uint8_t out[LOG_ID_LEN]);
/* The number behind the last committed record. */
uint64_t log_end(struct log *log);
/* Octets of all segments. */
uint64_t log_disk_len(struct log *log);

#endif
