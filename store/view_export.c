#include "store/view_inner.h"

/* Her own posts go along whatever hides them, and her retracts, so that what she took back stays
 * so where the file is read in. */
static bool exported(const struct view *view, uint32_t post, enum view_reach reach)
{
    bool own_retract =
        view->columns.rows[post].kind == POST_RETRACT && view->columns.author[post] == view->own;
    return own_retract || view_knows(view, post, reach);
}

static bool wanted(const struct view *view, uint32_t post, const struct view_export *walk)
{
    if (walk->by_one) {
        struct key author = view_columns_key(&view->columns, view->columns.author[post]);
        if (!key_equal(&author, &walk->author)) {
            return false;
        }
    }
    return exported(view, post, walk->reach);
}

static uint32_t next_of(const struct view *view, const struct view_export *walk)
{
    const struct view_list *order = &view->columns.order;
    uint32_t i = 0;
    if (walk->started) {
        i = view_list_rank(order, &view->columns, walk->created_s, &walk->id);
    }
    for (; i < order->count; i++) {
        bool done = walk->started && view_columns_compare(&view->columns, order->at[i],
                                                          walk->created_s, &walk->id) == 0;
        if (!done && wanted(view, order->at[i], walk)) {
            return order->at[i];
        }
    }
    return VIEW_NONE;
}

enum err_code view_export_next(struct view *view, struct octets *wire, struct view_export *walk,
                               uint64_t now_s, struct err_note *note)
{
    for (;;) {
        enum err_code rc = view_begin(view, now_s, note);
        if (rc != ERR_OK) {
            return rc;
        }
        uint32_t post = next_of(view, walk);
        if (post == VIEW_NONE) {
            return ERR_NOT_FOUND;
        }
        walk->started = true;
        walk->created_s = view_row_created_s(&view->columns.rows[post]);
        walk->id = view_columns_id(&view->columns, post);
        struct post read;
        rc = view_read(view, &read, post, note);
        if (rc == ERR_OK) {
            size_t len = (size_t)(read.proof.at + read.proof.len - view->wire);
            *wire = octets_of(view->wire, len);
        }
        if (rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
}
