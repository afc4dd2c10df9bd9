/* segment_table.h - where the records of one segment lie, from their lengths alone (SPEC 10.6).
 *
 * Two octets for each number, and an offset every 64 of them or where something is missing.  No
 * I/O, no lock. */
#ifndef KITH_STORE_SEGMENT_TABLE_H
#define KITH_STORE_SEGMENT_TABLE_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/segment.h"

/* Behind the last record so far: from it follows where the next one is expected. */
struct segment_cursor {
    uint32_t end;
    uint16_t before; /* the entry before */
};

struct segment_anchor {
    uint32_t index;
    uint32_t offset;
};

struct segment_table {
    uint16_t *lens; /* 0: purged, 0xffff: lost, else the length of plain + 1 */
    size_t lens_count;
    size_t lens_cap;
    struct segment_anchor *anchors; /* ascending */
    size_t anchors_count;
    size_t anchors_cap;
    struct segment_cursor cursor;
};

/* The record that follows begins at offset.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code segment_table_record(struct segment_table *table, uint64_t offset,
                                            size_t plain_len);
/* The numbers that follow hold nothing; kind is not SEGMENT_RECORD (asserted).
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code segment_table_run(struct segment_table *table, enum segment_kind kind,
                                         size_t count);
/* Give back what growing took too much. */
void segment_table_trim(struct segment_table *table);
void segment_table_close(struct segment_table *table);

/* Where the record of this index lies; index < lens_count (asserted).
 *   ERR_NOT_FOUND  purged
 *   ERR_DAMAGED    lost */
MUST_USE enum err_code segment_table_find(const struct segment_table *table, uint64_t *offset,
                                          size_t *plain_len, uint64_t index);

/* As octets:
 *
 *     "lengths" 1 u32 count, count * u16, u32 count, count * (u32 index, u32 offset)
 *
 * the latter where a record does not lie where it is expected.  The caller frees *octets. */
MUST_USE enum err_code segment_table_encode(const struct segment_table *table, uint8_t **octets,
                                            size_t *len);
/* The longest such octets. */
#define SEGMENT_TABLE_ENCODED_MAX (16 + SEGMENT_NUMBERS_MAX * 10)
/*   ERR_MALFORMED  not such octets
 *   ERR_NO_MEMORY */
MUST_USE enum err_code segment_table_decode(struct segment_table *table, struct octets octets);

#endif
