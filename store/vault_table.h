/* vault_table.h - a list as it was committed last and as it is staged now.  Committing and rolling
 * back copy between the two and cannot fail: room for both is made when something is staged. */
#ifndef KITH_STORE_VAULT_TABLE_H
#define KITH_STORE_VAULT_TABLE_H

#include "proto/err.h"
#include "proto/octets.h"

struct vault_table {
    size_t item_len;
    size_t count_max;
    void *staged;
    void *committed;
    size_t staged_count;
    size_t committed_count;
    size_t cap;
};

void vault_table_init(struct vault_table *table, size_t item_len, size_t count_max);
/* Wipes what it held. */
void vault_table_close(struct vault_table *table);
/* A staged item, index < staged_count (asserted). */
void *vault_table_at(const struct vault_table *table, size_t index);
/* Stage a copy of item at the end.
 *   ERR_REFUSED  count_max is reached
 *   ERR_NO_MEMORY */
MUST_USE enum err_code vault_table_add(struct vault_table *table, const void *item);
/* The others keep their order. */
void vault_table_remove(struct vault_table *table, size_t index);
void vault_table_commit(struct vault_table *table);
void vault_table_roll_back(struct vault_table *table);

#endif
