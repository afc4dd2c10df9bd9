/* run.h - an immutable, sorted, sealed file that finds things among neighbouring positions of the
 * log (SPEC 10.13).
 *
 * A run covers the positions first .. end-1 and answers from its own file:
 *     records   position -> id, created_s, state, flags     run_record(), run_find()
 *     sets      those of proto/set.h, authors, sorted       store/run_set.h
 *     refs      what refers to an id                        store/run_postings.h
 *     words     which posts hold a word                     store/run_postings.h
 *     expiries  when posts expire                           run_expiry_next()
 * store/run_build.h writes one from memory, store/run_merge.h one from several neighbours.
 *
 * After run_open() nothing in it changes: any number of threads may read one at the same time, if
 * its files allow that.  In memory it holds about 2.5 octets for each post with words, 2 without.
 *
 * Every block read is authenticated for its place in its run.  ERR_DAMAGED from any call means that
 * the run is to be dropped and built again from the log; what a call gave before it was true.
 * Positions in this interface are the log's, not relative to first. */
#ifndef KITH_STORE_RUN_H
#define KITH_STORE_RUN_H

#include "proto/err.h"
#include "proto/key.h"
#include "store/block_cache.h"
#include "store/file.h"
#include "store/run_hash.h"
#include "store/seal.h"

#define RUN_FLAGS_MAX     63 /* a record's flags have 6 bits, whose meaning is the caller's */
#define RUN_RELATIONS_MAX 255

enum run_state {
    RUN_HOLE = 0, /* nothing lies there */
    RUN_KEPT = 1, /* in its sets, words and refs */
    RUN_GONE = 2, /* its id is known; in no set, no word, no ref, no expiry */
    RUN_BARE = 3, /* in its sets and among the expiries; no word, no ref */
};

struct run_record {
    struct post_id id;  /* zero in a hole, like the rest */
    uint64_t created_s; /* at most POST_TIME_MAX */
    uint8_t state;      /* enum run_state */
    uint8_t flags;      /* at most RUN_FLAGS_MAX */
};

/* Which file, and how it is sealed.  No two runs ever made have the same key. */
struct run_name {
    const char *path; /* borrowed, copied where kept */
    uint64_t number;  /* told apart by the caller; bound into every block */
    uint8_t key[SEAL_KEY_LEN];
};

struct run;

struct run_stats {
    uint64_t disk_len;   /* octets of the file */
    uint64_t memory_len; /* octets it holds in memory while open */
    uint32_t kept_count; /* records that are in sets, RUN_KEPT or RUN_BARE, when it was written */
    uint32_t gone_count;
    uint32_t hole_count;
    uint64_t set_entries_count;
    uint64_t refs_count;
    uint64_t words_count; /* pairs of word and position */
    uint32_t expiries_count;
    uint64_t created_min_s; /* of records that are no hole; 0 where there are only holes */
    uint64_t created_max_s;
};

/* Open a run that run_build() or a merge finished.  cache is borrowed until run_free(), files too.
 *   ERR_NOT_FOUND  there is no such file
 *   ERR_DAMAGED    it does not open under this number and key, is cut short, or contradicts itself
 *   ERR_NO_MEMORY, ERR_IO, ERR_PERMISSION */
MUST_USE enum err_code run_open(struct run **run, struct files *files, struct block_cache *cache,
                                const struct run_name *name, struct err_note *note);
/* Closes the file and wipes its blocks from the cache.  Nobody reads it any more. */
void run_free(struct run *run);

uint32_t run_first(const struct run *run);
uint32_t run_end(const struct run *run);
uint64_t run_number(const struct run *run);
struct run_stats run_stats(const struct run *run);

/* The record at a position of the run (asserted); a hole is no error.
 *   ERR_DAMAGED, ERR_IO */
MUST_USE enum err_code run_record(const struct run *run, struct run_record *record,
                                  uint32_t position, struct err_note *note);
/* count records from position on, all inside the run (asserted); cheaper than one by one. */
MUST_USE enum err_code run_records(const struct run *run, struct run_record *records,
                                   uint32_t position, size_t count, struct err_note *note);

/* False: this id is surely not in the run.  Memory alone, one look. */
bool run_may_have(const struct run *run, uint64_t id_hash);
/* Where the post with this id lies, kept or gone; asks the filter first.  id_hash is
 * run_hash_id(id).
 *   ERR_NOT_FOUND  not in this run; nothing in the note
 *   ERR_DAMAGED, ERR_IO */
MUST_USE enum err_code run_find(const struct run *run, uint32_t *position,
                                struct run_record *record, const struct post_id *id,
                                uint64_t id_hash, struct err_note *note);

/* Walk what expires, sorted by (expires_s, position). */
struct run_expiry {
    uint64_t expires_s;
    uint32_t position;
};
/* The first entry at or above (from->expires_s, from->position).  To go on, ask again with the
 * position one higher.
 *   ERR_NOT_FOUND  there is none; nothing in the note
 *   ERR_DAMAGED, ERR_IO */
MUST_USE enum err_code run_expiry_next(const struct run *run, struct run_expiry *expiry,
                                       const struct run_expiry *from, struct err_note *note);

#endif
