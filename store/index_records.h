/* index_records.h - what the index keeps in memory of posts, by place: dense numbers from 0, given
 * by whoever keeps them.
 *
 * Records never move, and but for their state never change once filled in: a reader that learnt a
 * place under the lock may read the rest of its record without it. */
#ifndef KITH_STORE_INDEX_RECORDS_H
#define KITH_STORE_INDEX_RECORDS_H

#include <stddef.h>

#include "proto/err.h"
#include "proto/key.h"
#include "proto/negentropy_query.h"

#define INDEX_POSITION_MAX  (UINT32_MAX - 1)
#define INDEX_RECORDS_CHUNK 512
#define INDEX_RECORDS_MAX   ((uint32_t)INDEX_RECORDS_CHUNK * 256) /* places */

/* As enum run_state. */
enum index_state {
    INDEX_HOLE = 0, /* no post lies there, or it is damaged */
    INDEX_KEPT = 1, /* in its sets, its body handed out */
    INDEX_GONE = 2, /* known, retracted or expired: in no set, never handed out */
    INDEX_BARE = 3, /* expired: in its sets until midnight, never handed out */
};

/* A record's flags. */
#define INDEX_FIXED 1u /* it cannot be taken back */

struct index_record {
    struct post_id id;
    uint32_t created_low_s; /* created_s has 40 bits */
    uint8_t created_high_s;
    uint8_t state; /* enum index_state */
    uint8_t flags;
};

/* Zeroed, it is empty. */
struct index_records {
    struct index_record *chunks[INDEX_RECORDS_MAX / INDEX_RECORDS_CHUNK];
};

/* The record at a place below INDEX_RECORDS_MAX; what was never added reads as a hole. */
const struct index_record *index_records_at(const struct index_records *records, uint32_t place);
/* Room for the record at a place below INDEX_RECORDS_MAX (asserted).
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_records_reserve(struct index_records *records, uint32_t place);
/* The same, to change it; its room was reserved (asserted). */
struct index_record *index_records_change(struct index_records *records, uint32_t place);
struct index_record index_record_of(const struct post_id *id, uint64_t created_s,
                                    enum index_state state, uint8_t flags);
uint64_t index_record_created_s(const struct index_record *record);
struct negentropy_item index_record_item(const struct index_record *record);
void index_records_free(struct index_records *records);

#endif
