#include "store/view_list.h"

#include <assert.h>
#include <stdlib.h>

#include "store/view_columns.h"
#include "store/view_intern.h"

enum err_code view_list_reserve(struct view_list *list, uint32_t more_count)
{
    uint32_t *at =
        view_grown(list->at, &list->cap, (uint64_t)list->count + more_count, sizeof *list->at);
    if (at == NULL) {
        return ERR_NO_MEMORY;
    }
    list->at = at;
    return ERR_OK;
}

void view_list_add(struct view_list *list, uint32_t post, const struct view_columns *columns)
{
    assert(list->count < list->cap);
    bool in_order =
        list->sorted_count == list->count &&
        (list->count == 0 || view_columns_before(columns, list->at[list->count - 1], post));
    list->at[list->count++] = post;
    if (in_order) {
        list->sorted_count = list->count;
    }
}

static void merge(uint32_t *out, const uint32_t *a, size_t a_count, const uint32_t *b,
                  size_t b_count, const struct view_columns *columns, view_before_fn *before)
{
    while (a_count > 0 && b_count > 0) {
        if (before(columns, *b, *a)) {
            *out++ = *b++;
            b_count--;
        } else {
            *out++ = *a++;
            a_count--;
        }
    }
    memcpy(out, a, a_count * sizeof *a);
    memcpy(out + a_count, b, b_count * sizeof *b);
}

enum err_code view_sort(uint32_t *at, size_t count, const struct view_columns *columns,
                        view_before_fn *before)
{
    if (count < 2) {
        return ERR_OK;
    }
    uint32_t *spare = malloc(count * sizeof *spare);
    if (spare == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t *from = at;
    uint32_t *to = spare;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t left = count - i < width ? count - i : width;
            size_t right = count - i - left < width ? count - i - left : width;
            merge(to + i, from + i, left, from + i + left, right, columns, before);
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != at) {
        memcpy(at, from, count * sizeof *at);
    }
    free(spare);
    return ERR_OK;
}

enum err_code view_list_sort(struct view_list *list, const struct view_columns *columns)
{
    uint32_t late_count = list->count - list->sorted_count;
    if (late_count == 0) {
        return ERR_OK;
    }
    uint32_t *late = malloc(late_count * sizeof *late);
    if (late == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(late, list->at + list->sorted_count, late_count * sizeof *late);
    if (view_sort(late, late_count, columns, view_columns_before) != ERR_OK) {
        free(late);
        return ERR_NO_MEMORY;
    }
    /* From the back, so that one late post among a million moves only what follows it. */
    uint32_t kept = list->sorted_count;
    for (uint32_t out = list->count; late_count > 0; out--) {
        if (kept > 0 && view_columns_before(columns, late[late_count - 1], list->at[kept - 1])) {
            list->at[out - 1] = list->at[--kept];
        } else {
            list->at[out - 1] = late[--late_count];
        }
    }
    free(late);
    list->sorted_count = list->count;
    return ERR_OK;
}

uint32_t view_list_rank(const struct view_list *list, const struct view_columns *columns,
                        uint64_t created_s, const struct post_id *id)
{
    assert(list->sorted_count == list->count);
    uint32_t low = 0;
    uint32_t high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (view_columns_compare(columns, list->at[middle], created_s, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
