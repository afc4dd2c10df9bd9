#include "store/journal_table.h"

#include <stdlib.h>

/* How many own ids, in order, are below id. */
static size_t rank_of(const struct journal_table *table, const struct post_id *id)
{
    size_t low = 0;
    size_t high = table->own_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (post_id_compare(&table->own[table->own_by_id[middle]].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct journal_own *journal_table_find(const struct journal_table *table, const struct post_id *id)
{
    size_t rank = rank_of(table, id);
    if (rank == table->own_count) {
        return NULL;
    }
    struct journal_own *own = &table->own[table->own_by_id[rank]];
    return post_id_equal(&own->id, id) ? own : NULL;
}

static enum err_code grow_own(struct journal_table *table)
{
    size_t cap = table->own_cap == 0 ? 16 : table->own_cap * 2;
    struct journal_own *own = realloc(table->own, cap * sizeof *own);
    if (own == NULL) {
        return ERR_NO_MEMORY;
    }
    table->own = own;
    uint32_t *by_id = realloc(table->own_by_id, cap * sizeof *by_id);
    if (by_id == NULL) {
        return ERR_NO_MEMORY;
    }
    table->own_by_id = by_id;
    table->own_cap = cap;
    return ERR_OK;
}

enum err_code journal_table_own(struct journal_table *table, const struct journal_own *own)
{
    if (journal_table_find(table, &own->id) != NULL) {
        return ERR_OK;
    }
    if (table->own_count == table->own_cap) {
        enum err_code rc = grow_own(table);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    size_t rank = rank_of(table, &own->id);
    memmove(table->own_by_id + rank + 1, table->own_by_id + rank,
            (table->own_count - rank) * sizeof *table->own_by_id);
    table->own_by_id[rank] = (uint32_t)table->own_count;
    table->own[table->own_count++] = *own;
    return ERR_OK;
}

enum err_code journal_table_use(struct journal_table *table, const struct journal_use *use)
{
    for (size_t i = 0; i < table->uses_count; i++) {
        if (key_equal(&table->uses[i].seed_public, &use->seed_public) &&
            key_equal(&table->uses[i].subject, &use->subject)) {
            return ERR_OK;
        }
    }
    if (table->uses_count == table->uses_cap) {
        size_t cap = table->uses_cap == 0 ? 16 : table->uses_cap * 2;
        struct journal_use *grown = realloc(table->uses, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        table->uses = grown;
        table->uses_cap = cap;
    }
    table->uses[table->uses_count++] = *use;
    return ERR_OK;
}

void journal_table_close(struct journal_table *table)
{
    free(table->own);
    free(table->own_by_id);
    free(table->uses);
    *table = (struct journal_table){0};
}
