#include "store/profile_table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/octets.h"

struct slot {
    struct key author;
    struct post_id id;
    bool used;
};

struct profile_table {
    uint8_t key[crypto_shorthash_KEYBYTES]; /* nobody picks authors that collide */
    struct slot *slots;
    size_t count;
    size_t cap; /* a power of two, at most half of it used */
};

enum err_code profile_table_new(struct profile_table **table)
{
    struct profile_table *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    randombytes_buf(made->key, sizeof made->key);
    *table = made;
    return ERR_OK;
}

void profile_table_free(struct profile_table *table)
{
    if (table != NULL) {
        free(table->slots);
        free(table);
    }
}

static struct slot *probe(const struct profile_table *table, const struct key *author)
{
    uint8_t hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, author->octets, KEY_LEN, table->key);
    size_t at = octets_get_u32be(hash) & (table->cap - 1);
    while (table->slots[at].used && !key_equal(&table->slots[at].author, author)) {
        at = (at + 1) & (table->cap - 1);
    }
    return &table->slots[at];
}

static enum err_code grow(struct profile_table *table)
{
    struct profile_table grown = *table;
    grown.cap = table->cap == 0 ? 64 : table->cap * 2;
    grown.slots = calloc(grown.cap, sizeof *grown.slots);
    if (grown.slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < table->cap; i++) {
        if (table->slots[i].used) {
            *probe(&grown, &table->slots[i].author) = table->slots[i];
        }
    }
    struct slot *before = table->slots;
    table->slots = grown.slots;
    table->cap = grown.cap;
    free(before);
    return ERR_OK;
}

enum err_code profile_table_put(struct profile_table *table, bool *had, struct post_id *before,
                                const struct key *author, const struct post_id *id)
{
    if (table->count * 2 >= table->cap) {
        enum err_code rc = grow(table);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    struct slot *slot = probe(table, author);
    *had = slot->used;
    if (slot->used) {
        *before = slot->id;
        slot->id = *id;
    } else if (table->count < PROFILE_TABLE_MAX) {
        *slot = (struct slot){.author = *author, .id = *id, .used = true};
        table->count++;
    }
    return ERR_OK;
}
