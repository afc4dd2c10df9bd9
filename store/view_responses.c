#include "store/view_inner.h"

#include <stdlib.h>

static bool before_by_author(const struct view_columns *columns, uint32_t a, uint32_t b)
{
    uint32_t a_author = columns->author[a];
    uint32_t b_author = columns->author[b];
    return a_author != b_author ? a_author < b_author : view_columns_before(columns, a, b);
}

static uint32_t replies_count_of(const struct view *view, uint32_t post, enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    uint32_t count = 0;
    for (uint32_t ref = c->rows[post].dependents; ref != VIEW_NONE; ref = c->refs[ref].next) {
        if (c->refs[ref].relation == POST_PARENT && view_sees(view, c->refs[ref].from, reach)) {
            count++;
        }
    }
    return count;
}

static bool is_reaction(const struct view *view, uint32_t post, enum view_reach reach)
{
    return view->columns.rows[post].kind == POST_REACT && view_sees(view, post, reach);
}

static enum err_code latest_reserve(struct view *view)
{
    uint32_t keys = view->columns.keys.count;
    uint32_t *latest = view_grown(view->latest, &view->latest_cap, keys, sizeof *view->latest);
    if (latest == NULL) {
        return ERR_NO_MEMORY;
    }
    view->latest = latest;
    for (; view->latest_count < keys; view->latest_count++) {
        latest[view->latest_count] = VIEW_NONE;
    }
    return ERR_OK;
}

/* One way along the chain finds each author's latest, a second counts it and forgets it: a hundred
 * thousand reactions to one post are neither sorted nor copied. */
enum err_code view_responses_of(struct view *view, struct view_responses *responses, uint32_t post,
                                enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    if (latest_reserve(view) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    *responses = (struct view_responses){.replies_count = replies_count_of(view, post, reach)};
    for (uint32_t ref = c->rows[post].dependents; ref != VIEW_NONE; ref = c->refs[ref].next) {
        uint32_t from = c->refs[ref].from;
        if (is_reaction(view, from, reach)) {
            uint32_t *latest = &view->latest[c->author[from]];
            if (*latest == VIEW_NONE || view_columns_before(c, *latest, from)) {
                *latest = from;
            }
        }
    }
    for (uint32_t ref = c->rows[post].dependents; ref != VIEW_NONE; ref = c->refs[ref].next) {
        uint32_t from = c->refs[ref].from;
        if (is_reaction(view, from, reach) && view->latest[c->author[from]] == from) {
            view->latest[c->author[from]] = VIEW_NONE;
            responses->reactions[c->rows[from].detail]++;
        }
    }
    return ERR_OK;
}

static bool before_by_subject(const struct view_columns *columns, uint32_t a, uint32_t b)
{
    uint32_t a_subject = view_columns_ref(columns, a, POST_SUBJECT);
    uint32_t b_subject = view_columns_ref(columns, b, POST_SUBJECT);
    return a_subject != b_subject ? a_subject < b_subject : before_by_author(columns, a, b);
}

/* The visible reactions to her posts into at (where it is not NULL); returns how many. */
static size_t reactions_for_her(const struct view *view, uint32_t *at, enum view_reach reach)
{
    const struct view_list *order = &view->columns.order;
    size_t count = 0;
    for (uint32_t i = 0; i < order->count; i++) {
        uint32_t post = order->at[i];
        if ((view->fates.of[post] & VIEW_FOR_HER) == 0 ||
            view->columns.rows[post].kind != POST_REACT || !view_sees(view, post, reach)) {
            continue;
        }
        if (at != NULL) {
            at[count] = post;
        }
        count++;
    }
    return count;
}

enum err_code view_reactions_counted(const struct view *view, bool *counted, enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    size_t count = reactions_for_her(view, NULL, reach);
    uint32_t *reactions = malloc((count + 1) * sizeof *reactions);
    if (reactions == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)reactions_for_her(view, reactions, reach);
    enum err_code rc = view_sort(reactions, count, c, before_by_subject);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        uint32_t subject = view_columns_ref(c, reactions[i], POST_SUBJECT);
        counted[reactions[i]] = i + 1 == count ||
                                c->author[reactions[i + 1]] != c->author[reactions[i]] ||
                                view_columns_ref(c, reactions[i + 1], POST_SUBJECT) != subject;
    }
    free(reactions);
    return rc;
}
