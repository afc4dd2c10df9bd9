#include "store/index_ids.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define SLOTS_MIN 256

_Static_assert(crypto_shorthash_KEYBYTES == 16, "the key in index_ids.h");

void index_ids_init(struct index_ids *ids, const struct index_records *records)
{
    *ids = (struct index_ids){.records = records};
    crypto_shorthash_keygen(ids->key);
}

void index_ids_close(struct index_ids *ids)
{
    free(ids->slots);
    *ids = (struct index_ids){0};
}

static uint32_t hash_of(const struct index_ids *ids, const struct post_id *id)
{
    uint8_t hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, id->octets, sizeof id->octets, ids->key);
    uint32_t value;
    memcpy(&value, hash, sizeof value);
    return value;
}

/* The slot that holds id, or the empty one where it would stand.  There is always an empty one. */
static size_t probe(const struct index_ids *ids, const struct post_id *id, uint32_t hash)
{
    size_t mask = ids->slots_cap - 1;
    size_t at = hash & mask;
    for (;; at = (at + 1) & mask) {
        const struct index_ids_slot *slot = &ids->slots[at];
        if (slot->position_above == 0) {
            return at;
        }
        if (slot->hash == hash &&
            post_id_equal(&index_records_at(ids->records, slot->position_above - 1)->id, id)) {
            return at;
        }
    }
}

bool index_ids_find(const struct index_ids *ids, uint32_t *position, const struct post_id *id)
{
    if (ids->slots_cap == 0) {
        return false;
    }
    const struct index_ids_slot *slot = &ids->slots[probe(ids, id, hash_of(ids, id))];
    if (slot->position_above == 0) {
        return false;
    }
    *position = slot->position_above - 1;
    return true;
}

static enum err_code grow(struct index_ids *ids)
{
    size_t cap = ids->slots_cap == 0 ? SLOTS_MIN : ids->slots_cap * 2;
    struct index_ids_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < ids->slots_cap; i++) {
        if (ids->slots[i].position_above == 0) {
            continue;
        }
        size_t at = ids->slots[i].hash & (cap - 1);
        while (slots[at].position_above != 0) {
            at = (at + 1) & (cap - 1);
        }
        slots[at] = ids->slots[i];
    }
    free(ids->slots);
    ids->slots = slots;
    ids->slots_cap = cap;
    return ERR_OK;
}

enum err_code index_ids_add(struct index_ids *ids, uint32_t position)
{
    if ((ids->count + 1) * 4 > ids->slots_cap * 3) {
        enum err_code rc = grow(ids);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    const struct post_id *id = &index_records_at(ids->records, position)->id;
    uint32_t hash = hash_of(ids, id);
    size_t at = probe(ids, id, hash);
    assert(ids->slots[at].position_above == 0);
    ids->slots[at] = (struct index_ids_slot){.position_above = position + 1, .hash = hash};
    ids->count++;
    return ERR_OK;
}

void index_ids_remove(struct index_ids *ids, const struct post_id *id)
{
    if (ids->slots_cap == 0) {
        return;
    }
    size_t mask = ids->slots_cap - 1;
    size_t hole = probe(ids, id, hash_of(ids, id));
    if (ids->slots[hole].position_above == 0) {
        return;
    }
    /* Close the gap, so that no probe stops short of what stands behind it. */
    for (size_t at = (hole + 1) & mask; ids->slots[at].position_above != 0; at = (at + 1) & mask) {
        size_t home = ids->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            ids->slots[hole] = ids->slots[at];
            hole = at;
        }
    }
    ids->slots[hole] = (struct index_ids_slot){0};
    ids->count--;
}
