#include "store/view_inner.h"

#include <stdlib.h>

static bool before_by_author(const struct view_columns *columns, uint32_t a, uint32_t b)
{
    uint32_t a_author = columns->rows[a].author;
    uint32_t b_author = columns->rows[b].author;
    return a_author != b_author ? a_author < b_author : view_columns_before(columns, a, b);
}

/* The visible reactions among a chain of refs into at (where it is not NULL); returns how many. */
static size_t reactions_of(const struct view *view, uint32_t *at, uint32_t post,
                           enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    size_t count = 0;
    for (uint32_t ref = c->rows[post].dependents; ref != VIEW_NONE; ref = c->refs[ref].next) {
        uint32_t from = c->refs[ref].from;
        if (c->rows[from].kind == POST_REACT && view_sees(view, from, reach)) {
            if (at != NULL) {
                at[count] = from;
            }
            count++;
        }
    }
    return count;
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

enum err_code view_responses_of(struct view *view, struct view_responses *responses, uint32_t post,
                                enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    *responses = (struct view_responses){.replies_count = replies_count_of(view, post, reach)};
    size_t count = reactions_of(view, NULL, post, reach);
    if (count == 0) {
        return ERR_OK;
    }
    uint32_t *reactions = malloc(count * sizeof *reactions);
    if (reactions == NULL) {
        return ERR_NO_MEMORY;
    }
    (void)reactions_of(view, reactions, post, reach);
    enum err_code rc = view_sort(reactions, count, c, before_by_author);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        const struct view_row *row = &c->rows[reactions[i]];
        bool latest = i + 1 == count || c->rows[reactions[i + 1]].author != row->author;
        responses->reactions[row->detail] += latest ? 1 : 0;
    }
    free(reactions);
    return rc;
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
                                c->rows[reactions[i + 1]].author != c->rows[reactions[i]].author ||
                                view_columns_ref(c, reactions[i + 1], POST_SUBJECT) != subject;
    }
    free(reactions);
    return rc;
}
