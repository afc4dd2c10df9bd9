/* run_sort.h - puts the rows of a table in order (store/run_build.c). */
#ifndef KITH_STORE_RUN_SORT_H
#define KITH_STORE_RUN_SORT_H

#include <stddef.h>

#include "proto/err.h"
#include "store/run_build.h"

#define RUN_SORT_ROW_MAX 32

/* Sort count rows of row_len octets (at most RUN_SORT_ROW_MAX) by compare(context, a, b); rows in
 * order already cost one look each.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code run_sort(void *rows, size_t count, size_t row_len,
                                int (*compare)(const void *context, const void *a, const void *b),
                                const void *context);

/* Sort words in place, without memory; what is in order already costs one look each. */
void run_sort_words(struct run_word_row *words, size_t count);

#endif
