#include "store/vault_table.h"

#include <sodium.h>
#include <stdlib.h>

void vault_table_init(struct vault_table *table, size_t item_len, size_t count_max)
{
    *table = (struct vault_table){.item_len = item_len, .count_max = count_max};
}

static void wipe_and_free(void *items, size_t len)
{
    if (items != NULL) {
        sodium_memzero(items, len);
        free(items);
    }
}

void vault_table_close(struct vault_table *table)
{
    wipe_and_free(table->staged, table->cap * table->item_len);
    wipe_and_free(table->committed, table->cap * table->item_len);
    *table = (struct vault_table){0};
}

static uint8_t *item_at(const struct vault_table *table, size_t index)
{
    return (uint8_t *)table->staged + index * table->item_len;
}

void *vault_table_at(const struct vault_table *table, size_t index)
{
    assert(index < table->staged_count);
    return item_at(table, index);
}

static enum err_code grow(struct vault_table *table)
{
    size_t cap = table->cap == 0 ? 8 : table->cap * 2;
    void *staged = calloc(cap, table->item_len);
    void *committed = calloc(cap, table->item_len);
    if (staged == NULL || committed == NULL) {
        free(staged);
        free(committed);
        return ERR_NO_MEMORY;
    }
    if (table->cap > 0) {
        memcpy(staged, table->staged, table->staged_count * table->item_len);
        memcpy(committed, table->committed, table->committed_count * table->item_len);
    }
    wipe_and_free(table->staged, table->cap * table->item_len);
    wipe_and_free(table->committed, table->cap * table->item_len);
    table->staged = staged;
    table->committed = committed;
    table->cap = cap;
    return ERR_OK;
}

enum err_code vault_table_add(struct vault_table *table, const void *item)
{
    if (table->staged_count == table->count_max) {
        return ERR_REFUSED;
    }
    if (table->staged_count == table->cap) {
        enum err_code rc = grow(table);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    memcpy(item_at(table, table->staged_count), item, table->item_len);
    table->staged_count++;
    return ERR_OK;
}

void vault_table_remove(struct vault_table *table, size_t index)
{
    assert(index < table->staged_count);
    size_t behind = table->staged_count - index - 1;
    if (behind > 0) {
        memmove(item_at(table, index), item_at(table, index + 1), behind * table->item_len);
    }
    table->staged_count--;
}

void vault_table_commit(struct vault_table *table)
{
    if (table->staged_count > 0) {
        memcpy(table->committed, table->staged, table->staged_count * table->item_len);
    }
    table->committed_count = table->staged_count;
}

void vault_table_roll_back(struct vault_table *table)
{
    if (table->committed_count > 0) {
        memcpy(table->staged, table->committed, table->committed_count * table->item_len);
    }
    table->staged_count = table->committed_count;
}
