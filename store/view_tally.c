#include "store/view_inner.h"

#include <stdlib.h>

#define DAY_S 86400

static bool before_by_author(const struct view_columns *columns, uint32_t a, uint32_t b)
{
    return columns->rows[a].author < columns->rows[b].author;
}

static bool before_by_day(const struct view_columns *columns, uint32_t a, uint32_t b)
{
    uint64_t a_day = columns->rows[a].created_s / DAY_S;
    uint64_t b_day = columns->rows[b].created_s / DAY_S;
    return a_day != b_day ? a_day < b_day : before_by_author(columns, a, b);
}

static void count_identity(const struct view *view, struct view_tally *tally, uint32_t author)
{
    uint8_t distance = view_web_distance(&view->fates.web, author);
    tally->identities++;
    if (distance == VIEW_STRANGER) {
        tally->strangers++;
    } else {
        tally->by_distance[distance]++;
        tally->friends += distance == 1 ? 1 : 0;
    }
    if ((view_private_key(&view->priv, author) & VIEW_KEY_FOLLOWED) != 0) {
        tally->following++;
    }
}

static enum err_code count_people(struct view *view, struct view_tally *tally, uint32_t *posts,
                                  size_t count)
{
    const struct view_row *rows = view->columns.rows;
    enum err_code rc = view_sort(posts, count, &view->columns, before_by_author);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        if (i == 0 || rows[posts[i]].author != rows[posts[i - 1]].author) {
            count_identity(view, tally, rows[posts[i]].author);
        }
    }
    return rc;
}

static enum err_code count_reactions(struct view *view, struct view_tally *tally,
                                     const uint32_t *posts, size_t count, enum view_reach reach)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        struct view_responses responses;
        rc = view_responses_of(view, &responses, posts[i], reach);
        for (size_t kind = 0; rc == ERR_OK && kind < POST_REACTIONS_COUNT; kind++) {
            tally->reactions += responses.reactions[kind];
        }
    }
    return rc;
}

/* Days are filled from the newest backward, as many as there is room for. */
static enum err_code count_days(struct view *view, struct view_tally *tally, uint32_t *posts,
                                size_t count)
{
    const struct view_row *rows = view->columns.rows;
    struct view_day *days = view_arena_take(&view->arena, VIEW_DAYS_MAX * sizeof *days);
    if (days == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err_code rc = view_sort(posts, count, &view->columns, before_by_day);
    size_t first = VIEW_DAYS_MAX;
    for (size_t i = count; rc == ERR_OK && i > 0; i--) {
        uint64_t day = rows[posts[i - 1]].created_s / DAY_S;
        bool same_day = i < count && rows[posts[i]].created_s / DAY_S == day;
        if (!same_day) {
            if (first == 0) {
                break;
            }
            days[--first].day = day;
        }
        days[first].posts_count++;
        if (!same_day || rows[posts[i]].author != rows[posts[i - 1]].author) {
            days[first].people_count++;
        }
    }
    tally->by_day = days + first;
    tally->by_day_count = VIEW_DAYS_MAX - first;
    return rc;
}

enum err_code view_tally(struct view *view, struct view_tally *tally, struct octets tag,
                         enum view_reach reach, uint64_t now_s, struct err_note *note)
{
    enum err_code rc = view_begin(view, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct view_tally counted = {.steps = view->priv.web_steps};
    reach = (enum view_reach)(reach | VIEW_STRANGERS);
    struct view_list none = {.at = NULL};
    uint32_t number = view_columns_find_tag(&view->columns, tag);
    const struct view_list *list = number == VIEW_NONE ? &none : &view->columns.tag_lists[number];
    uint32_t *posts = malloc(((size_t)list->count + 1) * sizeof *posts);
    if (posts == NULL) {
        return err_note(note, ERR_NO_MEMORY, "counting");
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (view_sees(view, list->at[i], reach)) {
            posts[counted.posts++] = list->at[i];
        }
    }
    rc = count_people(view, &counted, posts, counted.posts);
    if (rc == ERR_OK) {
        rc = count_reactions(view, &counted, posts, counted.posts, reach);
    }
    if (rc == ERR_OK) {
        rc = count_days(view, &counted, posts, counted.posts);
    }
    free(posts);
    if (rc != ERR_OK) {
        return err_note(note, rc, "counting");
    }
    counted.people_min = counted.people_max = counted.identities;
    *tally = counted;
    return ERR_OK;
}
