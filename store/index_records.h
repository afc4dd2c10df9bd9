/* index_records.h - what the index keeps of each record of the log, by position. */
#ifndef KITH_STORE_INDEX_RECORDS_H
#define KITH_STORE_INDEX_RECORDS_H

#include <stddef.h>

#include "proto/err.h"
#include "proto/key.h"
#include "proto/negentropy_query.h"

#define INDEX_POSITION_MAX (UINT32_MAX - 1)

enum index_state {
    INDEX_HOLE = 0, /* no post lies there, or it is damaged */
    INDEX_KEPT = 1, /* in the set "all", its body handed out */
    INDEX_GONE = 2, /* known, retracted or expired: in no set, never handed out */
};

struct index_record {
    struct post_id id;
    uint32_t created_low_s; /* created_s has 40 bits */
    uint8_t created_high_s;
    uint8_t state;
};

struct index_records {
    struct index_record **chunks;
    size_t chunks_count;
    size_t chunks_cap;
};

/* The record at a position that was added; what was never added reads as a hole. */
const struct index_record *index_records_at(const struct index_records *records, uint32_t position);
/* Room for the record at position.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_records_reserve(struct index_records *records, uint32_t position);
/* The same, to change it; its room was reserved (asserted). */
struct index_record *index_records_change(struct index_records *records, uint32_t position);
uint64_t index_record_created_s(const struct index_record *record);
struct negentropy_item index_record_item(const struct index_record *record);
void index_records_free(struct index_records *records);

#endif
