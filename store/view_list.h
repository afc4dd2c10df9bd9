/* view_list.h - numbers of posts kept in the order in which posts are shown.
 *
 * Posts mostly arrive in order, so adding is an append; what came late is sorted in at the next
 * view_list_sort(). */
#ifndef KITH_STORE_VIEW_LIST_H
#define KITH_STORE_VIEW_LIST_H

#include "proto/err.h"
#include "proto/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view_columns;

/* Whether post a comes before post b. */
typedef bool view_before_fn(const struct view_columns *columns, uint32_t a, uint32_t b);

struct view_list {
    uint32_t *at;
    uint32_t count;
    uint32_t cap;
    uint32_t sorted_count; /* the front that is in order */
};

/*   ERR_NO_MEMORY */
MUST_USE enum err_code view_list_reserve(struct view_list *list, uint32_t more_count);
/* Room was reserved. */
void view_list_add(struct view_list *list, uint32_t post, const struct view_columns *columns);
/*   ERR_NO_MEMORY */
MUST_USE enum err_code view_list_sort(struct view_list *list, const struct view_columns *columns);
/* How many of a sorted list come before (created_s, id). */
uint32_t view_list_rank(const struct view_list *list, const struct view_columns *columns,
                        uint64_t created_s, const struct post_id *id);

/* Sort any numbers; stable.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_sort(uint32_t *at, size_t count, const struct view_columns *columns,
                                 view_before_fn *before);

#endif
