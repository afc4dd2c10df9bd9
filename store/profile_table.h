/* profile_table.h - the last profile met of each author, for a walk through many posts. */
#ifndef KITH_STORE_PROFILE_TABLE_H
#define KITH_STORE_PROFILE_TABLE_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/key.h"

/* More authors than this are not told apart: their older profiles stay. */
#define PROFILE_TABLE_MAX 131072

struct profile_table;

MUST_USE enum err_code profile_table_new(struct profile_table **table);
void profile_table_free(struct profile_table *table);
/* This is the author's last one now; *had: before was the one up to now.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code profile_table_put(struct profile_table *table, bool *had,
                                         struct post_id *before, const struct key *author,
                                         const struct post_id *id);

#endif
