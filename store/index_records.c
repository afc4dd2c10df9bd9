#include "store/index_records.h"

#include <assert.h>
#include <stdlib.h>

static const struct index_record hole;

const struct index_record *index_records_at(const struct index_records *records, uint32_t place)
{
    assert(place < INDEX_RECORDS_MAX);
    const struct index_record *chunk = records->chunks[place / INDEX_RECORDS_CHUNK];
    return chunk == NULL ? &hole : &chunk[place % INDEX_RECORDS_CHUNK];
}

enum err_code index_records_reserve(struct index_records *records, uint32_t place)
{
    assert(place < INDEX_RECORDS_MAX);
    struct index_record **chunk = &records->chunks[place / INDEX_RECORDS_CHUNK];
    if (*chunk == NULL) {
        *chunk = calloc(INDEX_RECORDS_CHUNK, sizeof **chunk);
    }
    return *chunk == NULL ? ERR_NO_MEMORY : ERR_OK;
}

struct index_record *index_records_change(struct index_records *records, uint32_t place)
{
    assert(place < INDEX_RECORDS_MAX && records->chunks[place / INDEX_RECORDS_CHUNK] != NULL);
    return &records->chunks[place / INDEX_RECORDS_CHUNK][place % INDEX_RECORDS_CHUNK];
}

struct index_record index_record_of(const struct post_id *id, uint64_t created_s,
                                    enum index_state state, uint8_t flags)
{
    return (struct index_record){
        .id = *id,
        .created_low_s = (uint32_t)created_s,
        .created_high_s = (uint8_t)(created_s >> 32),
        .state = (uint8_t)state,
        .flags = flags,
    };
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
    for (size_t i = 0; i < INDEX_RECORDS_MAX / INDEX_RECORDS_CHUNK; i++) {
        free(records->chunks[i]);
    }
    *records = (struct index_records){0};
}
