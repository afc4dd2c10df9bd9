/* segment.h - how records lie in a segment's octets (SPEC 10.6).
 *
 *     segment = frames of 64 KiB, the last one as far as it goes
 *     frame   = u32 number of its first record within the segment, records, zeros
 *     record  = mark(1) u16 plain_len ChaCha20-Poly1305-IETF(plain) tag(16)
 *     run     = a record whose plain is u32: so many numbers from its own on hold nothing
 *     nonce   = 0(4) u64 record number      associated data = "kith/log/1" u32 segment
 *               u32 generation u64 record number, mark, plain_len
 *
 * Record numbers go through the whole log; each segment and generation has a key of its own, so a
 * nonce is used once.  No record straddles frames, so reading finds its feet again behind damage.
 * The first record of a batch has another mark: everything before it was synced.  So a batch torn
 * by a crash is told from damage to what was acknowledged.  Runs have marks of their own, and stand
 * only in segments that were rewritten. */
#ifndef KITH_STORE_SEGMENT_H
#define KITH_STORE_SEGMENT_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/file.h"
#include "store/manifest.h"

#define SEGMENT_LEN_MAX   ((size_t)64 * 1024 * 1024)
#define SEGMENT_FRAME_LEN 65536u
#define SEGMENT_OVERHEAD  19 /* octets a record takes beyond its plain octets */
#define SEGMENT_PLAIN_MAX (SEGMENT_FRAME_LEN - 4 - SEGMENT_OVERHEAD)
/* The most that one record can add to a segment: padding, frame number, and itself. */
#define SEGMENT_RECORD_GROWTH_MAX(plain_len)                                                       \
    ((plain_len) + SEGMENT_OVERHEAD + (plain_len) + SEGMENT_OVERHEAD + 4)

/* What lies under a number. */
enum segment_kind {
    SEGMENT_RECORD,
    SEGMENT_PURGED, /* taken out on purpose */
    SEGMENT_LOST,   /* it did not open when the segment was rewritten */
};

#define SEGMENT_RUN_LEN (4 + SEGMENT_OVERHEAD) /* octets a run takes */
/* Numbers that one segment covers at most: what it would hold of empty records. */
#define SEGMENT_NUMBERS_MAX (SEGMENT_LEN_MAX / SEGMENT_OVERHEAD)

/* Where a record of this length, SEGMENT_OVERHEAD included, begins that is written behind end. */
uint64_t segment_place(uint64_t end, size_t record_len);

/* Where the next record goes. */
struct segment_writer {
    const struct manifest_segment *segment; /* borrowed */
    uint64_t offset;                        /* length of the segment so far */
    uint64_t number;                        /* of the next record */
};

/* Seal plain (at most SEGMENT_PLAIN_MAX, asserted) behind what out holds; out has room for
 * SEGMENT_RECORD_GROWTH_MAX (asserted).  *offset is where the record begins in the segment. */
void segment_write(struct segment_writer *writer, uint64_t *offset, struct octets_room *out,
                   struct octets plain, bool batch_first);

/* The same for a run (not SEGMENT_RECORD) of count numbers, 1 .. SEGMENT_NUMBERS_MAX (asserted). */
void segment_write_run(struct segment_writer *writer, struct octets_room *out,
                       enum segment_kind kind, uint32_t count);

/* Open the record of this number from its octets.
 *   ERR_DAMAGED  it does not open, or does not fit plain */
MUST_USE enum err_code segment_unseal(struct octets_room *plain,
                                      const struct manifest_segment *segment, uint64_t number,
                                      struct octets record);

/* Reading a segment from front to end. */
struct segment_scan {
    struct files *files;
    struct file *file;
    const struct manifest_segment *segment;
    uint64_t end;          /* read no further */
    uint64_t frame_offset; /* of the frame in memory */
    size_t frame_len;
    size_t at;              /* in the frame */
    uint64_t number;        /* expected at at */
    uint64_t next;          /* behind the last record that opened */
    uint64_t records_end;   /* offset behind the last record that opened */
    uint64_t damaged_count; /* numbers missing from what is known to have been synced */
    uint64_t unsure_count;  /* numbers missing since; damaged once a batch begins behind them */
    uint8_t *frame;         /* SEGMENT_FRAME_LEN */
    uint8_t *plain;         /* SEGMENT_FRAME_LEN */
};

struct segment_record {
    enum segment_kind kind;
    uint32_t count; /* numbers it covers: 1 for a record */
    uint64_t number;
    uint64_t offset;
    struct octets plain; /* until the next call; of a record */
};

MUST_USE enum err_code segment_scan_open(struct segment_scan *scan, struct files *files,
                                         struct file *file, const struct manifest_segment *segment,
                                         struct err_note *note);
/*   ERR_NOT_FOUND  that was the last one; the counts are final
 *   and what reading gives */
MUST_USE enum err_code segment_scan_next(struct segment_scan *scan, struct segment_record *record,
                                         struct err_note *note);
void segment_scan_close(struct segment_scan *scan);

#endif
