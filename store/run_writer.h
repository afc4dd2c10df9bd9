/* run_writer.h - writes a run's file, family by family, from entries that come in order
 * (SPEC 10.13).
 *
 * Entries are in the order of their family and name positions relative to the run's first.  It
 * holds one filter, one directory and 68 KiB of blocks at a time. */
#ifndef KITH_STORE_RUN_WRITER_H
#define KITH_STORE_RUN_WRITER_H

#include "store/bloom.h"
#include "store/run.h"
#include "store/run_format.h"

#define RUN_WRITER_BLOCKS 16 /* sealed and appended together */

/* Gives the id at a relative position of the run being written. */
struct run_ids_source {
    enum err_code (*id_of)(void *context, struct post_id *id, uint32_t relative,
                           struct err_note *note);
    void *context;
};

/* The group of a set that is being filled. */
struct run_group_writer {
    struct run_set_group group;
    struct run_set_name named; /* in this block, by its group before */
    bool any_named;
};

/* The positions under one hash that are being filled into a block. */
struct run_piece_writer {
    uint64_t hash;
    uint32_t position;
    size_t len;
    uint8_t octets[RUN_PLAIN_LEN];
};

struct run_growing {
    uint8_t *octets;
    size_t len;
    size_t cap;
};

struct run_writer_part {
    uint32_t blocks_count;
    uint64_t entries_count;
    uint32_t lines_count;
};

struct run_writer {
    struct files *files;
    struct file *file;
    char *path;
    uint64_t number;
    uint8_t *key; /* sodium_malloc */
    uint32_t first;
    uint32_t end;
    struct run_ids_source ids;
    size_t position_len;
    uint64_t created_min_s;
    uint64_t created_max_s;
    uint32_t kept_count;
    uint32_t gone_count;
    uint32_t block; /* number of the next one */
    uint64_t written_len;
    enum run_family family;
    struct run_writer_part parts[RUN_FAMILIES_COUNT];
    struct bloom filter; /* of the family being written */
    struct run_growing fences;
    struct run_growing totals;
    size_t plain_len; /* of the block being filled */
    uint8_t plain[RUN_PLAIN_LEN];
    size_t sealed_len;
    uint8_t *sealed;
    struct run_group_writer group;
    struct run_piece_writer piece;
};

/* Make the file at name->path, which must not be there, for positions first .. end-1.  Entries of
 * sets get ids from `ids`.
 *   ERR_NO_MEMORY, and what making a file gives; nothing needs closing then */
MUST_USE enum err_code run_writer_open(struct run_writer **writer, struct files *files,
                                       const struct run_name *name, uint32_t first, uint32_t end,
                                       struct err_note *note);
/* Removes the file, unless run_writer_finish() was the last thing done with it. */
void run_writer_free(struct run_writer *writer);

/* Begin a family: every one, in their order.  lines_count is for its filter, 0 for none. */
MUST_USE enum err_code run_writer_begin(struct run_writer *writer, enum run_family family,
                                        uint32_t lines_count, struct err_note *note);
/* End it: its last block and its directory. */
MUST_USE enum err_code run_writer_end(struct run_writer *writer, struct err_note *note);
/* Write the tail and sync the file. */
MUST_USE enum err_code run_writer_finish(struct run_writer *writer, struct err_note *note);

/* The entries.  Each may give what appending gives, and ERR_NO_MEMORY. */
MUST_USE enum err_code run_write_record(struct run_writer *writer, const struct run_record *record,
                                        struct err_note *note);
MUST_USE enum err_code run_write_id(struct run_writer *writer, uint32_t hash32, uint32_t relative,
                                    struct err_note *note);
MUST_USE enum err_code run_write_set(struct run_writer *writer, const struct run_set_name *set,
                                     uint64_t created_s, uint32_t relative, struct err_note *note);
/* A ref or, with relation 0, a word. */
MUST_USE enum err_code run_write_posting(struct run_writer *writer, uint64_t hash,
                                         uint32_t relative, uint8_t relation,
                                         struct err_note *note);
MUST_USE enum err_code run_write_expiry(struct run_writer *writer, uint64_t expires_s,
                                        uint32_t relative, struct err_note *note);

/* For the writers of single families: finish the block being filled, where there is any; note the
 * fence of the entry that begins one. */
MUST_USE enum err_code run_writer_block(struct run_writer *writer, struct err_note *note);
MUST_USE enum err_code run_writer_fence(struct run_writer *writer, const uint8_t *fence,
                                        struct err_note *note);
/* The line of a large set that is complete. */
MUST_USE enum err_code run_writer_total(struct run_writer *writer, const uint8_t line[RUN_LINE_LEN],
                                        struct err_note *note);
/* What is still held back of a family. */
MUST_USE enum err_code run_write_set_end(struct run_writer *writer, struct err_note *note);
void run_write_posting_end(struct run_writer *writer);

#endif
