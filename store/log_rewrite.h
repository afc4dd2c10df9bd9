/* log_rewrite.h - take records out of a log for good (SPEC 10.6).
 *
 * A segment, or several that follow each other, is copied without what is purged into one of the
 * next generation, under a fresh key; then the manifest names that one alone, and the old files and
 * their keys are gone.  Records keep their numbers; of a segment without records nothing is left.
 * Reading and appending go on meanwhile.  A crash leaves the old or the new.
 *
 * All of it on any one thread that does not append; in slices, so that it can be spread over idle
 * time.  An error leaves the log as it was; trying again begins from the front. */
#ifndef KITH_STORE_LOG_REWRITE_H
#define KITH_STORE_LOG_REWRITE_H

#include "store/log.h"

struct log_rewrite;

/* What is to go. */
struct log_purge {
    void *context;
    /* Asked once for each record, in order, while the log holds no lock. */
    bool (*purges)(void *context, uint64_t number);
    /* The same for who has to read a record to tell; where it is given, the other is not asked. */
    bool (*purges_plain)(void *context, uint64_t number, struct octets plain);
    bool whole; /* acknowledged records that do not open end the rewrite, and stay as they are */
};

/* Segments that follow each other, by the first number of the first one. */
struct log_span {
    uint64_t first;
    size_t segments_count;
};

struct log_rewritten {
    uint64_t purged_count; /* records that went */
    uint64_t lost_count;   /* acknowledged records that did not open, and are lost from now on */
    uint64_t len_before;   /* octets of the segments */
    uint64_t len_after;    /* 0: nothing was left */
};

/* A segment as it stands. */
struct log_segment {
    uint64_t first;
    uint64_t records_count; /* numbers it covers */
    uint64_t len;           /* octets of its file */
    bool closed;            /* not appended to; only such are rewritten */
};

/* The segment of this index, in order of numbers.
 *   ERR_NOT_FOUND  there are not so many */
MUST_USE enum err_code log_segment_at(struct log *log, struct log_segment *segment, size_t index);
/* The segment that holds this record, with the short ones behind it.
 *   ERR_NOT_FOUND  no record of this number is left
 *   ERR_REFUSED    it lies in the segment that is appended to */
MUST_USE enum err_code log_span_of(struct log *log, struct log_span *span, uint64_t number);
/* Eight or more short segments that follow each other, best brought together although nothing is to
 * be purged.
 *   ERR_NOT_FOUND  there are none */
MUST_USE enum err_code log_span_short(struct log *log, struct log_span *span);
/* Close the segment that is appended to, where there is one, so that it can be rewritten: the next
 * batch begins another.  Waits for a batch under way. */
MUST_USE enum err_code log_roll(struct log *log, struct err_note *note);

/* Begin; purge is borrowed until the rewrite is freed.
 *   ERR_NOT_FOUND  no segment begins there, or fewer follow it
 *   ERR_REFUSED    one is not closed, or together they exceed one segment
 *   ERR_IN_USE     another rewrite of this log is not freed yet
 *   and what files give */
MUST_USE enum err_code log_rewrite_begin(struct log_rewrite **rewrite, struct log *log,
                                         const struct log_span *span, const struct log_purge *purge,
                                         struct err_note *note);
/* Go on with about so many octets.  *done: everything is in place, and *result is written.
 *   ERR_TOO_LARGE  several segments do not fit one; rewrite fewer of them
 *   ERR_DAMAGED    records do not open, and all were to be whole
 *   and what files give; after any error the rewrite can only be freed */
MUST_USE enum err_code log_rewrite_step(struct log_rewrite *rewrite, bool *done,
                                        struct log_rewritten *result, size_t octets_max,
                                        struct err_note *note);
/* Also gives up a rewrite that is not done. */
void log_rewrite_free(struct log_rewrite *rewrite);

#endif
