#include "store/shelf.h"

#include <stdlib.h>

#include "store/view_inner.h"

void view_shelf_set(struct view *view, const struct shelf *shelf)
{
    view->shelf = *shelf;
    view->floor_s = shelf->floor_s(shelf->context);
}

bool view_left(const struct view *view, const struct post *post)
{
    return post->created_s < view->floor_s && !post_stands(post);
}

enum err_code view_wire(struct view *view, struct octets_room *wire, uint32_t number,
                        struct err_note *note)
{
    const struct view_row *row = &view->columns.rows[number];
    const struct shelf *shelf = &view->shelf;
    if ((row->flags & VIEW_ROW_SHELF) != 0) {
        return shelf->at(shelf->context, wire, row->position, note);
    }
    enum err_code rc = store_at(view->store, wire, row->position, note);
    if ((rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) && shelf->context != NULL) {
        struct post_id id = view_columns_id(&view->columns, number);
        rc = shelf->body(shelf->context, wire, &id, note);
    }
    return rc;
}

static enum err_code shelved_add(struct view_columns *c, uint32_t post, uint64_t position,
                                 const struct shelf_since *since)
{
    struct view_shelved *grown =
        view_grown(c->shelved, &c->shelved_cap, (uint64_t)c->shelved_count + 1, sizeof *c->shelved);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    c->shelved = grown;
    c->shelved[c->shelved_count++] = (struct view_shelved){.post = post,
                                                           .position = (uint32_t)position,
                                                           .day = since->day,
                                                           .kept = (uint8_t)since->kept};
    return ERR_OK;
}

/* Of a date and an author alone: so whatever refers to it, and whoever is blocked, it is gone. */
static void judge_shelved(struct view *view, uint32_t post)
{
    struct view_row *row = &view->columns.rows[post];
    if ((row->flags & VIEW_ROW_SHELF) != 0 && view_row_created_s(row) < view->bound_s &&
        view->columns.author[post] != view->own) {
        row->flags |= VIEW_ROW_LOST;
    }
}

void view_shelf_judge(struct view *view)
{
    const struct shelf *shelf = &view->shelf;
    uint64_t bound_s = shelf->context == NULL ? 0 : shelf->bound_s(shelf->context);
    if (bound_s <= view->bound_s) {
        return;
    }
    view->bound_s = bound_s;
    for (uint32_t i = 0; i < view->columns.shelved_count; i++) {
        judge_shelved(view, view->columns.shelved[i].post);
    }
    view->stale = true;
}

static void move_to_shelf(struct view *view, const struct view_shelved *shelved)
{
    struct view_columns *c = &view->columns;
    struct view_row *row = &c->rows[shelved->post];
    bool context = shelved->kept == SHELF_CONTEXT;
    row->position = shelved->position;
    row->flags = (uint8_t)((row->flags & ~VIEW_ROW_LOST) | VIEW_ROW_SHELF |
                           (context ? VIEW_ROW_CONTEXT : 0));
    c->contexts_count += context ? 1 : 0;
    judge_shelved(view, shelved->post);
}

/* A post that is on the shelf and was never in the store as long as this view knows it. */
static enum err_code take_from_shelf(struct view *view, const struct post *post, uint64_t at,
                                     const struct shelf_since *since)
{
    struct view_coming coming = {.post = post, .position = at};
    view_columns_hash(&view->columns, &coming.hashes, post);
    enum err_code rc = view_take_in(view, &coming);
    uint32_t number = view_find(view, &post->id);
    if (rc == ERR_OK) {
        rc = shelved_add(&view->columns, number, at, since);
    }
    if (rc == ERR_OK) {
        move_to_shelf(view, &view->columns.shelved[view->columns.shelved_count - 1]);
        view->stale = true; /* it was judged as if it lay in the store */
    } else {
        view->loaded = false;
    }
    return rc;
}

static enum err_code take_one(struct view *view, const struct post *post, struct octets wire,
                              uint64_t at)
{
    struct shelf_since since = view->shelf.since(view->shelf.context, at);
    uint32_t number = view_find(view, &post->id);
    if (since.kept == SHELF_NOT) {
        return ERR_OK;
    }
    if (number != VIEW_NONE && (view->columns.rows[number].flags & VIEW_ROW_PRESENT) != 0) {
        return shelved_add(&view->columns, number, at, &since);
    }
    view_ask_guard(view, post, wire);
    return take_from_shelf(view, post, at, &since);
}

enum err_code view_shelf_catch_up(struct view *view, size_t *count, struct err_note *note)
{
    const struct shelf *shelf = &view->shelf;
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && shelf->context != NULL) {
        struct octets_room wire = {.at = view->wire, .cap = POST_WIRE_MAX};
        uint64_t at;
        uint64_t next = view->shelf_position;
        struct post post;
        rc = shelf->next(shelf->context, &wire, &at, &next, note);
        if (rc == ERR_OK && post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK) {
            rc = take_one(view, &post, octets_of(wire.at, wire.len), at);
        }
        if (rc == ERR_OK) {
            view->shelf_position = next;
            (*count)++;
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* ---- What leaves -------------------------------------------------------------------------- */

static bool stands(const struct view_row *row)
{
    return row->kind == POST_PROFILE || row->kind == POST_VOUCH || row->kind == POST_RETRACT ||
           row->kind == POST_VOICE;
}

bool view_row_leaves(const struct view_row *row, uint64_t floor_s)
{
    return (row->flags & (VIEW_ROW_PRESENT | VIEW_ROW_LOST | VIEW_ROW_SHELF)) == VIEW_ROW_PRESENT &&
           view_row_created_s(row) < floor_s && !stands(row);
}

void view_leave(struct view *view, uint64_t floor_s)
{
    struct view_columns *c = &view->columns;
    for (uint32_t i = 0; i < c->shelved_count; i++) {
        if (view_row_leaves(&c->rows[c->shelved[i].post], floor_s)) {
            move_to_shelf(view, &c->shelved[i]);
        }
    }
    for (uint32_t post = 0; post < c->ids.count; post++) {
        if (view_row_leaves(&c->rows[post], floor_s)) {
            c->rows[post].flags |= VIEW_ROW_LOST;
        }
    }
    view->floor_s = floor_s;
    view->stale = true;
}

/* ---- Words -------------------------------------------------------------------------------- */

enum err_code view_found_make(struct view *view, struct view_found *found, enum store_search search,
                              struct octets folded, struct err_note *note)
{
    enum err_code rc = store_search(view->store, &found->store, search, folded, note);
    if (rc == ERR_OK && view->columns.shelved_count > 0) {
        rc = view->shelf.search(view->shelf.context, &found->shelf, search, folded, note);
    }
    return rc;
}

void view_found_close(struct view_found *found)
{
    found_close(&found->store);
    found_close(&found->shelf);
}
