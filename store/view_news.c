#include "store/view_inner.h"

#include <stdlib.h>

uint64_t view_mark(const struct view *view)
{
    return view->columns.arrived.count;
}

/* Numbers met once each, walked as a queue. */
struct met {
    uint8_t *seen; /* one bit for each post */
    struct view_numbers posts;
};

static bool meet(struct met *met, uint32_t post)
{
    uint8_t bit = (uint8_t)(1U << (post % 8));
    if ((met->seen[post / 8] & bit) != 0) {
        return true;
    }
    met->seen[post / 8] |= bit;
    return view_numbers_add(&met->posts, post);
}

/* What arrived since, and whatever was waiting for it. */
static bool meet_all(struct met *met, const struct view_columns *c, uint64_t since)
{
    for (uint64_t i = since; i < c->arrived.count; i++) {
        if (!meet(met, c->arrived.at[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < met->posts.count; i++) {
        for (uint32_t ref = c->rows[met->posts.at[i]].dependents; ref != VIEW_NONE;
             ref = c->refs[ref].next) {
            if (!meet(met, c->refs[ref].from)) {
                return false;
            }
        }
    }
    return true;
}

static enum err_code news_of(struct view *view, const struct post_id **ids, size_t *ids_count,
                             struct met *met, enum view_reach reach)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < met->posts.count; i++) {
        uint32_t post = met->posts.at[i];
        if (view_sees(view, post, reach) && (view->fates.of[post] & VIEW_LISTED) != 0) {
            met->posts.at[count++] = post;
        }
    }
    struct post_id *found = view_arena_take(&view->arena, count * sizeof *found);
    if (found == NULL ||
        view_sort(met->posts.at, count, &view->columns, view_columns_before) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        found[i] = view_columns_id(&view->columns, met->posts.at[i]);
    }
    *ids = found;
    *ids_count = count;
    return ERR_OK;
}

enum err_code view_news(struct view *view, const struct post_id **ids, size_t *ids_count,
                        uint64_t *mark, enum view_reach reach, uint64_t now_s,
                        struct err_note *note)
{
    enum err_code rc = view_begin(view, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct met met = {.seen = calloc((size_t)view->columns.ids.count / 8 + 1, 1)};
    if (met.seen == NULL || !meet_all(&met, &view->columns, *mark)) {
        rc = ERR_NO_MEMORY;
    } else {
        rc = news_of(view, ids, ids_count, &met, reach);
    }
    free(met.seen);
    free(met.posts.at);
    if (rc != ERR_OK) {
        return err_note(note, rc, "looking for what is new");
    }
    *mark = view->columns.arrived.count;
    return ERR_OK;
}
