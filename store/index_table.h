/* index_table.h - the newest posts, in memory: what a run is written from (SPEC 10.14).
 *
 * It covers the positions first .. end-1 of the log, at most INDEX_TABLE_MAX.  No I/O and no lock:
 * whoever shares it guards it; a copy of a set is read without.  About 130 octets a post, and 100
 * more where words are kept.  A place is a position less first. */
#ifndef KITH_STORE_INDEX_TABLE_H
#define KITH_STORE_INDEX_TABLE_H

#include "store/index_ids.h"
#include "store/index_records.h"
#include "store/index_refs.h"
#include "store/index_row.h"
#include "store/index_set.h"
#include "store/index_sorted.h"
#include "store/index_words.h"
#include "store/run_build.h"

#define INDEX_TABLE_MAX       16384      /* positions */
#define INDEX_TABLE_WORDS_MAX (1u << 20) /* pairs of word and post: full from here on */

struct index_table {
    uint32_t first;
    uint32_t end; /* behind the last position added; first while there is none */
    struct index_records records;
    struct index_ids ids;
    struct index_set all;
    struct index_refs refs;
    struct run_set_row *sets; /* but "all"; a post's stand together, its author's first */
    size_t sets_count;
    size_t sets_cap;
    uint32_t *set_begins; /* by place: in sets */
    size_t set_begins_cap;
    struct run_expiry *expiries;
    size_t expiries_count;
    size_t expiries_cap;
    struct index_words words;
    struct index_sorted *copy; /* of "all" as it stands; NULL: to be made when asked for */
};

/*   ERR_NO_MEMORY */
MUST_USE enum err_code index_table_new(struct index_table **table, uint32_t first);
void index_table_free(struct index_table *table);

bool index_table_has_room(const struct index_table *table, uint64_t position);
/* A post at a position not below end for which there is room (asserted), whose id is not here.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code index_table_add(struct index_table *table, const struct index_row *row,
                                       uint32_t position);
/* This one comes soon: only faster for being told so. */
void index_table_expect(const struct index_table *table, const struct index_row *row);
bool index_table_find(const struct index_table *table, uint32_t *place, const struct post_id *id);
const struct index_record *index_table_at(const struct index_table *table, uint32_t place);

/* Bare: its words and refs are not written any more.  False where it was not kept. */
bool index_table_bare(struct index_table *table, uint32_t place);
/* Out of the sets, its id still known; as if it had never come.  False where it was not kept (it
 * leaves all the same). */
bool index_table_drop(struct index_table *table, uint32_t place);
bool index_table_forget(struct index_table *table, uint32_t place);

bool index_table_in_set(const struct index_table *table, uint32_t place,
                        const struct run_set_name *set);
/* "all" as it stands, shared until it changes; another set, made for the caller.  One reference to
 * give up; the table must outlive it.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_table_copy_all(struct index_table *table, struct index_sorted **copy);
MUST_USE enum err_code index_table_copy_set(const struct index_table *table,
                                            struct index_sorted **copy,
                                            const struct run_set_name *set);

/* The state of each place, below end - first. */
void index_table_states(const struct index_table *table, uint8_t *states);

/* Its words in the order of their hashes, and where among them one is. */
struct index_table_walk {
    const struct index_words *words;
    struct run_word_row *order; /* hash, number of the word */
    uint32_t next;              /* in order */
    uint64_t hash;
    struct index_words_cursor cursor;
};

/* Everything in a table that nothing is added to any more, for run_build() once.  Does not move. */
struct index_table_rows {
    struct run_rows rows;
    struct run_record *records; /* those of rows */
    struct index_table_walk walk;
};

/* With these states; what else it reads does not change when posts leave, so no lock is needed.
 * Frees with index_table_rows_free().
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_table_rows(const struct index_table *table,
                                        struct index_table_rows *rows, const uint8_t *states,
                                        const struct run_set_name *all);
void index_table_rows_free(struct index_table_rows *rows);

#endif
