#include "store/index_records.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_LEN 1024 /* records: chunks never move, so growing copies nothing */

static const struct index_record hole;

const struct index_record *index_records_at(const struct index_records *records, uint32_t position)
{
    size_t chunk = position / CHUNK_LEN;
    if (chunk >= records->chunks_count || records->chunks[chunk] == NULL) {
        return &hole;
    }
    return &records->chunks[chunk][position % CHUNK_LEN];
}

static enum err_code grow(struct index_records *records, size_t count)
{
    if (count > records->chunks_cap) {
        size_t cap = records->chunks_cap == 0 ? 16 : records->chunks_cap;
        while (cap < count) {
            cap *= 2;
        }
        struct index_record **grown = realloc(records->chunks, cap * sizeof(struct index_record *));
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        records->chunks = grown;
        records->chunks_cap = cap;
    }
    while (records->chunks_count < count) {
        records->chunks[records->chunks_count++] = NULL;
    }
    return ERR_OK;
}

enum err_code index_records_reserve(struct index_records *records, uint32_t position)
{
    size_t chunk = position / CHUNK_LEN;
    if (chunk >= records->chunks_count) {
        enum err_code rc = grow(records, chunk + 1);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    if (records->chunks[chunk] == NULL) {
        records->chunks[chunk] = calloc(CHUNK_LEN, sizeof(struct index_record));
    }
    return records->chunks[chunk] == NULL ? ERR_NO_MEMORY : ERR_OK;
}

struct index_record *index_records_change(struct index_records *records, uint32_t position)
{
    size_t chunk = position / CHUNK_LEN;
    assert(chunk < records->chunks_count && records->chunks[chunk] != NULL);
    return &records->chunks[chunk][position % CHUNK_LEN];
}

uint64_t index_record_created_s(const struct index_record *record)
{
    return ((uint64_t)record->created_high_s << 32) | record->created_low_s;
}

struct negentropy_item index_record_item(const struct index_record *record)
{
    return (struct negentropy_item){
        .created_s = index_record_created_s(record),
        .id = record->id,
    };
}

void index_records_free(struct index_records *records)
{
    for (size_t i = 0; i < records->chunks_count; i++) {
        free(records->chunks[i]);
    }
    free(records->chunks);
    *records = (struct index_records){0};
}
