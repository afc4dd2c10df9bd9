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

static uint32_t latest_use(const struct journal_table *table, const struct key *seed_public)
{
    uint32_t seed = view_intern_find(&table->seeds, seed_public->octets);
    return seed == VIEW_NONE ? VIEW_NONE : table->seeds_last[seed];
}

uint32_t journal_table_uses(const struct journal_table *table, bool *by_subject,
                            const struct key *seed_public, const struct key *subject)
{
    uint32_t count = 0;
    *by_subject = false;
    for (uint32_t u = latest_use(table, seed_public); u != VIEW_NONE; u = table->uses[u].next) {
        count++;
        *by_subject = *by_subject || key_equal(&table->uses[u].subject, subject);
    }
    return count;
}

static enum err_code grow_uses(struct journal_table *table)
{
    uint64_t needed = (uint64_t)table->uses_count + 1;
    struct journal_use *uses =
        view_grown(table->uses, &table->uses_cap, needed, sizeof *table->uses);
    if (uses == NULL) {
        return ERR_NO_MEMORY;
    }
    table->uses = uses;
    if (table->seeds.item_len == 0) {
        view_intern_init(&table->seeds, KEY_LEN);
    }
    needed = (uint64_t)table->seeds.count + 1;
    uint32_t *last =
        view_grown(table->seeds_last, &table->seeds_cap, needed, sizeof *table->seeds_last);
    if (last == NULL) {
        return ERR_NO_MEMORY;
    }
    table->seeds_last = last;
    return view_intern_reserve(&table->seeds, 1);
}

enum err_code journal_table_use(struct journal_table *table, const struct key *seed_public,
                                const struct key *subject)
{
    bool by_subject = false;
    (void)journal_table_uses(table, &by_subject, seed_public, subject);
    if (by_subject) {
        return ERR_OK;
    }
    enum err_code rc = grow_uses(table);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t before = latest_use(table, seed_public);
    uint32_t seed = view_intern_add(&table->seeds, seed_public->octets);
    table->uses[table->uses_count] =
        (struct journal_use){.seed_public = *seed_public, .subject = *subject, .next = before};
    table->seeds_last[seed] = table->uses_count++;
    return ERR_OK;
}

void journal_table_close(struct journal_table *table)
{
    free(table->own);
    free(table->own_by_id);
    free(table->uses);
    view_intern_close(&table->seeds);
    free(table->seeds_last);
    *table = (struct journal_table){0};
}
