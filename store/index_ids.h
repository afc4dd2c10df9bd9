/* index_ids.h - from an id to its position: open addressing under a random key, so that nobody can
 * choose ids that collide. */
#ifndef KITH_STORE_INDEX_IDS_H
#define KITH_STORE_INDEX_IDS_H

#include <stddef.h>

#include "proto/err.h"
#include "proto/key.h"
#include "store/index_records.h"

struct index_ids_slot {
    uint32_t position_above; /* position + 1; 0: empty */
    uint32_t hash;
};

struct index_ids {
    const struct index_records *records; /* borrowed */
    struct index_ids_slot *slots;
    size_t slots_cap; /* a power of two, or 0 */
    size_t count;
    uint8_t key[16];
};

void index_ids_init(struct index_ids *ids, const struct index_records *records);
void index_ids_close(struct index_ids *ids);
bool index_ids_find(const struct index_ids *ids, uint32_t *position, const struct post_id *id);
/* The position's record is filled in, and its id not there yet.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code index_ids_add(struct index_ids *ids, uint32_t position);
void index_ids_remove(struct index_ids *ids, const struct post_id *id);

#endif
