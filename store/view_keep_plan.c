#include "store/view_keep_plan.h"

#include <stdlib.h>

enum {
    ITSELF = 1, /* her own, or listed */
    WITH = 2,   /* or in answer to what is kept so */
    NEEDED = 4, /* what is kept itself refers to it */
    BEFORE = 8, /* it leaves, is needed, and nothing else keeps it */
    WHOLE = 16, /* kept itself, and refers to such a one */
};

struct plan {
    const struct view *view;
    struct view_case of;
    uint64_t floor_s;
    uint8_t *was;   /* by post: enum shelf_why, as it is on the shelf */
    uint8_t *marks; /* by post */
    struct view_numbers queue;
};

static const struct view_row *row_of(const struct plan *plan, uint32_t post)
{
    return &plan->of.columns->rows[post];
}

static bool is_here(const struct plan *plan, uint32_t post)
{
    return (plan->view->fates.of[post] & VIEW_DEAD) == 0;
}

static bool leaves(const struct plan *plan, uint32_t post)
{
    return view_row_leaves(row_of(plan, post), plan->floor_s);
}

/* Nobody will ever be shown what came, or is dated, while its author was blocked. */
static bool is_past(const struct plan *plan, uint32_t post)
{
    const struct view_row *row = row_of(plan, post);
    uint32_t author = plan->of.columns->author[post];
    return author != plan->of.own &&
           view_private_was_blocked(plan->of.priv, author, view_row_position(row),
                                    view_row_created_s(row));
}

static bool names_her(const struct plan *plan, uint32_t post)
{
    const struct view_row *row = row_of(plan, post);
    const uint32_t *keys = view_columns_row_keys(plan->of.columns, post);
    for (uint8_t i = 0; row->kind == POST_TEXT && i < row->keys_count; i++) {
        if (keys[i] == plan->of.own) {
            return true;
        }
    }
    return false;
}

/* What is on the shelf stays what it is there; of the store's, hers and what would be listed. */
static bool is_itself(const struct plan *plan, uint32_t post)
{
    if (plan->was[post] == SHELF_ITSELF || (row_of(plan, post)->flags & VIEW_ROW_SHELF) != 0) {
        return plan->was[post] == SHELF_ITSELF;
    }
    return plan->of.columns->author[post] == plan->of.own || view_fates_listed(&plan->of, post) ||
           names_her(plan, post);
}

static bool mark(struct plan *plan, uint32_t post, uint8_t as)
{
    if ((plan->marks[post] & as) != 0) {
        return true;
    }
    plan->marks[post] |= as;
    return view_numbers_add(&plan->queue, post);
}

static bool mark_itself(struct plan *plan)
{
    bool room = true;
    for (uint32_t post = 0; room && post < plan->of.columns->ids.count; post++) {
        if (is_here(plan, post) && is_itself(plan, post)) {
            plan->marks[post] |= ITSELF;
        }
        if (is_here(plan, post) &&
            ((plan->marks[post] & ITSELF) != 0 || plan->was[post] == SHELF_WITH)) {
            room = mark(plan, post, WITH);
        }
    }
    return room;
}

/* Answers and reactions, and theirs in turn. */
static bool spread_down(struct plan *plan)
{
    const struct view_columns *c = plan->of.columns;
    bool room = true;
    for (uint32_t i = 0; room && i < plan->queue.count; i++) {
        for (uint32_t ref = c->rows[plan->queue.at[i]].dependents; room && ref != VIEW_NONE;
             ref = c->refs[ref].next) {
            uint32_t from = c->refs[ref].from;
            const struct view_row *row = &c->rows[from];
            bool answers = row->kind == POST_TEXT || row->kind == POST_REACT;
            if (answers && is_here(plan, from) && (row->flags & VIEW_ROW_SHELF) == 0) {
                room = mark(plan, from, WITH);
            }
        }
    }
    plan->queue.count = 0;
    return room;
}

/* Whatever those that are kept themselves refer to, and so on. */
static bool spread_up(struct plan *plan)
{
    const struct view_columns *c = plan->of.columns;
    bool room = true;
    for (uint32_t post = 0; room && post < c->ids.count; post++) {
        room = (plan->marks[post] & ITSELF) == 0 || mark(plan, post, NEEDED);
    }
    for (uint32_t i = 0; room && i < plan->queue.count; i++) {
        const struct view_row *row = &c->rows[plan->queue.at[i]];
        for (uint8_t r = 0; room && r < row->refs_count; r++) {
            uint32_t to = c->refs[row->refs + r].to;
            room = !is_here(plan, to) || mark(plan, to, NEEDED);
        }
    }
    plan->queue.count = 0;
    return room;
}

/* For whose sake the needed ones are kept: those go to the shelf together with them, however new
 * they are, so that it is known later that they were here. */
static bool spread_back(struct plan *plan)
{
    const struct view_columns *c = plan->of.columns;
    bool room = true;
    for (uint32_t post = 0; room && post < c->ids.count; post++) {
        if ((plan->marks[post] & (NEEDED | WITH)) == NEEDED && leaves(plan, post)) {
            room = mark(plan, post, BEFORE);
        }
    }
    for (uint32_t i = 0; room && i < plan->queue.count; i++) {
        for (uint32_t ref = c->rows[plan->queue.at[i]].dependents; room && ref != VIEW_NONE;
             ref = c->refs[ref].next) {
            uint32_t from = c->refs[ref].from;
            if ((plan->marks[from] & ITSELF) != 0) {
                plan->marks[from] |= WHOLE;
            } else if ((plan->marks[from] & NEEDED) != 0) {
                room = mark(plan, from, WHOLE);
            }
        }
    }
    plan->queue.count = 0;
    return room;
}

static enum shelf_why kept_as(const struct plan *plan, uint32_t post)
{
    uint8_t marks = plan->marks[post];
    bool leaving = leaves(plan, post);
    bool stored = (row_of(plan, post)->flags & VIEW_ROW_SHELF) == 0;
    if ((marks & ITSELF) != 0 && stored && plan->was[post] != SHELF_ITSELF &&
        (leaving || (marks & WHOLE) != 0)) {
        return SHELF_ITSELF;
    }
    if (!leaving || plan->was[post] != SHELF_NOT) {
        return SHELF_NOT;
    }
    return (marks & WITH) != 0 ? SHELF_WITH : (marks & BEFORE) != 0 ? SHELF_CONTEXT : SHELF_NOT;
}

static bool list_all(struct view_keep_plan *made, const struct plan *plan)
{
    bool room = true;
    for (uint32_t post = 0; room && post < plan->of.columns->ids.count; post++) {
        if (plan->marks[post] == 0 || !is_here(plan, post) || is_past(plan, post)) {
            continue;
        }
        enum shelf_why kept = kept_as(plan, post);
        room = kept == SHELF_NOT || view_numbers_add(&made->lists[kept], post);
    }
    return room;
}

enum err_code view_keep_plan_make(struct view_keep_plan *plan, const struct view *view,
                                  uint64_t floor_s)
{
    const struct view_columns *c = &view->columns;
    struct view_keep_plan made = {.lists = {{.at = NULL}}};
    struct plan p = {
        .view = view,
        .of = {.columns = c, .priv = &view->priv, .own = view->own},
        .floor_s = floor_s,
        .was = calloc((size_t)c->ids.count + 1, 1),
        .marks = calloc((size_t)c->ids.count + 1, 1),
    };
    bool room = p.was != NULL && p.marks != NULL;
    for (uint32_t i = 0; room && i < c->shelved_count; i++) {
        p.was[c->shelved[i].post] = c->shelved[i].kept;
    }
    room = room && mark_itself(&p) && spread_down(&p) && spread_up(&p) && spread_back(&p) &&
           list_all(&made, &p);
    free(p.was);
    free(p.marks);
    free(p.queue.at);
    if (!room) {
        view_keep_plan_close(&made);
        return ERR_NO_MEMORY;
    }
    *plan = made;
    return ERR_OK;
}

void view_keep_plan_close(struct view_keep_plan *plan)
{
    for (size_t i = 0; i <= SHELF_CONTEXT; i++) {
        free(plan->lists[i].at);
        plan->lists[i] = (struct view_numbers){.at = NULL};
    }
}
