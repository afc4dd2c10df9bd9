#include "store/view_context.h"

#include <stdlib.h>

#define DAY_S 86400

static int by_day(const void *a, const void *b)
{
    uint32_t x = ((const struct view_shelved *)a)->day;
    uint32_t y = ((const struct view_shelved *)b)->day;
    return (x > y) - (x < y);
}

/* Those that lead to others, the earliest kept first: it reaches the most. */
static struct view_shelved *leaders(size_t *count, const struct view_columns *c)
{
    struct view_shelved *found = malloc(((size_t)c->shelved_count + 1) * sizeof *found);
    bool ascends = true;
    *count = 0;
    for (uint32_t i = 0; found != NULL && i < c->shelved_count; i++) {
        if (c->shelved[i].kept == SHELF_ITSELF) {
            ascends = ascends && (*count == 0 || found[*count - 1].day <= c->shelved[i].day);
            found[(*count)++] = c->shelved[i];
        }
    }
    if (found != NULL && !ascends) {
        qsort(found, *count, sizeof *found, by_day);
    }
    return found;
}

enum { MET_BARE = 1, MET_VEILED = 2 }; /* over nothing that she shields; over that too */

struct walk {
    struct view_fates *fates;
    const struct view_case *of;
    const uint8_t *kept; /* by post: enum shelf_why */
    uint8_t *met;        /* by post */
    uint8_t as;
    struct view_numbers stack;
};

/* Whether posts may be reached over this one from one that was kept on that day: it is not hidden
 * by itself, and whoever is blocked, it was here then. */
static bool leads_on(const struct walk *walk, uint32_t post, uint32_t day)
{
    const struct view_row *row = &walk->of->columns->rows[post];
    uint8_t hiding = VIEW_UNKNOWN | VIEW_BLOCKED | (walk->as == MET_BARE ? VIEW_SHIELDED : 0);
    bool firm = (row->flags & VIEW_ROW_SHELF) == 0 || walk->kept[post] == SHELF_ITSELF;
    return (walk->fates->of[post] & VIEW_DEAD) == 0 &&
           (view_fates_own(walk->of, post) & hiding) == 0 &&
           (firm || view_row_created_s(row) >= (uint64_t)day * DAY_S);
}

static bool meet(struct walk *walk, uint32_t post, uint32_t day)
{
    if ((walk->met[post] & walk->as) != 0 || !leads_on(walk, post, day)) {
        return true;
    }
    walk->met[post] |= walk->as;
    return view_numbers_add(&walk->stack, post);
}

static enum err_code walk_from(struct walk *walk, const struct view_shelved *leader)
{
    const struct view_columns *c = walk->of->columns;
    bool room = meet(walk, leader->post, leader->day);
    while (room && walk->stack.count > 0) {
        uint32_t post = walk->stack.at[--walk->stack.count];
        const struct view_row *row = &c->rows[post];
        for (uint8_t i = 0; room && i < row->refs_count; i++) {
            room = meet(walk, c->refs[row->refs + i].to, leader->day);
        }
    }
    return room ? ERR_OK : ERR_NO_MEMORY;
}

static enum err_code walk_all(struct walk *walk)
{
    size_t count = 0;
    struct view_shelved *from = leaders(&count, walk->of->columns);
    enum err_code rc = from == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (walk->as = MET_BARE; walk->as <= MET_VEILED; walk->as++) {
        for (size_t i = 0; rc == ERR_OK && i < count; i++) {
            rc = walk_from(walk, &from[i]);
        }
    }
    free(from);
    return rc;
}

/* What was met becomes what is veiled. */
static void note_all(struct walk *walk)
{
    const struct view_columns *c = walk->of->columns;
    for (uint32_t post = 0; post < c->ids.count; post++) {
        bool context = (c->rows[post].flags & VIEW_ROW_CONTEXT) != 0;
        if (context && walk->met[post] == 0) {
            walk->fates->of[post] |= VIEW_DEAD;
        }
        walk->met[post] = context && (walk->met[post] & MET_BARE) == 0;
    }
}

enum err_code view_context_mark(struct view_fates *fates, const struct view_case *of)
{
    const struct view_columns *c = of->columns;
    if (c->contexts_count == 0) {
        return ERR_OK;
    }
    uint8_t *kept = calloc((size_t)c->ids.count + 1, 1);
    struct walk walk = {
        .fates = fates, .of = of, .kept = kept, .met = calloc((size_t)c->ids.count + 1, 1)};
    enum err_code rc = kept == NULL || walk.met == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (uint32_t i = 0; rc == ERR_OK && i < c->shelved_count; i++) {
        kept[c->shelved[i].post] = c->shelved[i].kept;
    }
    rc = rc == ERR_OK ? walk_all(&walk) : rc;
    free(kept);
    free(walk.stack.at);
    if (rc != ERR_OK) {
        free(walk.met);
        return rc;
    }
    note_all(&walk);
    fates->veiled = walk.met;
    fates->veiled_count = c->ids.count;
    return ERR_OK;
}
