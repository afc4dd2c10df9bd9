/* run_build.h - write a run from a table in memory.
 *
 * The rows may come in any order and are sorted in place; repeats of a row are written once.  Rows
 * of positions whose state does not allow them are left out, so a table need not take them out
 * itself. */
#ifndef KITH_STORE_RUN_BUILD_H
#define KITH_STORE_RUN_BUILD_H

#include "store/run.h"

struct run_set_row {
    struct run_set_name set;
    uint32_t position;
};

struct run_ref_row {
    uint64_t subject_hash;
    uint32_t position;
    uint8_t relation;
};

/* hash(8) ‖ position(4), big-endian: 12 octets, since there are many. */
struct run_word_row {
    uint8_t octets[12];
};

struct run_word_row run_word_row(uint64_t word_hash, uint32_t position);
uint32_t run_word_row_position(const struct run_word_row *row);

/* Words one after the other, ascending by hash and then by position, none twice; false behind the
 * last one. */
struct run_words_from {
    void *context;
    bool (*next)(void *context, uint64_t *hash, uint32_t *position);
};

/* Everything of the positions first .. first+records_count-1; rows name only these (asserted).
 * Sets: the caller names each kept post's sets, "all" included.  NULL where a count is 0. */
struct run_rows {
    uint32_t first;
    size_t records_count; /* not 0 (asserted) */
    const struct run_record *records;
    struct run_set_row *sets;
    size_t sets_count;
    struct run_ref_row *refs;
    size_t refs_count;
    struct run_word_row *words;
    size_t words_count;
    struct run_words_from words_from; /* in place of words, where it has a next */
    struct run_expiry *expiries;
    size_t expiries_count;
};

/* Write and sync the file at name->path, which must not be there; the caller syncs the folder
 * before naming it anywhere.  On an error nothing is left there, as far as the files allow.
 * Takes, beyond the rows, about 2 MiB and 2 octets for each record while it works.  hash serves
 * for the ids.
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code run_build(struct files *files, const struct run_name *name,
                                 const struct run_hash *hash, struct run_rows *rows,
                                 struct err_note *note);

#endif
