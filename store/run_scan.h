/* run_scan.h - reads a family of a run from front to end, past the cache: what a merge takes its
 * entries from. */
#ifndef KITH_STORE_RUN_SCAN_H
#define KITH_STORE_RUN_SCAN_H

#include "store/run_inner.h"

#define RUN_SCAN_AHEAD 4 /* blocks read at once */

/* An entry of whichever family. */
struct run_entry {
    struct run_set_name set; /* sets */
    uint64_t order;          /* ids: the hash's 32 bits; refs, words: the hash; sets: created_s;
                              * expiries: expires_s */
    uint32_t relative;
    uint8_t relation;
};

struct run_scan {
    const struct run *run;
    enum run_family family;
    bool any;               /* entry holds one */
    struct run_entry entry; /* the scan's next one, already taken from the block */
    uint32_t index;         /* of the next block in the family */
    uint64_t rows_left;     /* rows of one length, in all blocks */
    size_t at;
    size_t piece_end;
    bool fresh;
    bool loaded;
    uint32_t group_at;
    struct run_set_group group;
    size_t ahead_at; /* of the next sealed block in ahead */
    size_t ahead_len;
    uint8_t plain[RUN_PLAIN_LEN];
    uint8_t ahead[RUN_SCAN_AHEAD * RUN_BLOCK_LEN];
};

/* Stand before the first entry.  Reads nothing. */
void run_scan_begin(struct run_scan *scan, const struct run *run, enum run_family family);
/* Take the next entry; scan->any is false at the end.  Not for records.
 *   ERR_DAMAGED, ERR_IO */
MUST_USE enum err_code run_scan_next(struct run_scan *scan, struct err_note *note);
/* The next row of len octets, in the scan until the next call; for records.
 *   ERR_NOT_FOUND  that was the last one; nothing in the note
 *   ERR_DAMAGED, ERR_IO */
MUST_USE enum err_code run_scan_row(struct run_scan *scan, const uint8_t **row, size_t len,
                                    struct err_note *note);

#endif
