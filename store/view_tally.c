#include "store/view_inner.h"

#include <stdlib.h>

#define DAY_S 86400

/* Counting goes once along the tag's texts and once along all reactions, and asks of each no more
 * than what lies close together in memory. */
struct count {
    struct view *view;
    struct view_tally *tally;
    uint8_t hiding;        /* the reasons that hide */
    uint8_t *tagged;       /* a bit for each post: a text that counts */
    uint16_t *last_day;    /* by key: number of the day on which it was met last, from 1 on, or 0 */
    struct view_day *days; /* from the newest backward; room for VIEW_DAYS_MAX */
    uint16_t days_count;   /* that have posts; all beyond the room are one more */
};

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

/* The texts at[0 .. count), which are of one day, or beyond the days there is room for. */
static void count_texts(struct count *count, const uint32_t *at, uint32_t texts_count,
                        struct view_day *day)
{
    const uint8_t *fates = count->view->fates.of;
    const uint32_t *authors = count->view->columns.author;
    uint16_t number = (uint16_t)(count->days_count + 1);
    for (uint32_t i = 0; i < texts_count; i++) {
        uint32_t post = at[i];
        if ((fates[post] & count->hiding) != 0) {
            continue;
        }
        uint16_t *last_day = &count->last_day[authors[post]];
        count->tagged[post / 8] |= (uint8_t)(1U << (post % 8));
        day->posts_count++;
        if (*last_day == 0) {
            count_identity(count->view, count->tally, authors[post]);
        }
        day->people_count += *last_day != number ? 1 : 0;
        *last_day = number;
    }
    count->tally->posts += day->posts_count;
}

/* From the newest day backward; the list is sorted, so a day's texts stand together. */
static void count_days(struct count *count, const struct view_list *list)
{
    static const struct post_id first_id;
    const struct view_columns *c = &count->view->columns;
    uint32_t end = list->count;
    while (end > 0) {
        bool room = count->days_count < VIEW_DAYS_MAX;
        uint64_t day = view_row_created_s(&c->rows[list->at[end - 1]]) / DAY_S;
        uint32_t begin = room ? view_list_rank(list, c, day * DAY_S, &first_id) : 0;
        struct view_day counted = {.day = day};
        count_texts(count, list->at + begin, end - begin, &counted);
        if (room && counted.posts_count > 0) {
            count->days[VIEW_DAYS_MAX - ++count->days_count] = counted;
        }
        end = begin;
    }
    count->tally->by_day = count->days + VIEW_DAYS_MAX - count->days_count;
    count->tally->by_day_count = count->days_count;
}

static int by_pair(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* All that count and have none beside them; the others go to again, which has room for them. */
static uint32_t count_single(struct count *count, uint64_t *again)
{
    const struct view_columns *c = &count->view->columns;
    const uint8_t *fates = count->view->fates.of;
    uint32_t again_count = 0;
    uint32_t single_count = 0;
    for (uint32_t i = 0; i < c->reactions.count; i++) {
        struct view_reaction reaction = c->reactions.at[i];
        unsigned to_tagged = (unsigned)count->tagged[reaction.subject / 8] >> reaction.subject % 8;
        unsigned shown = (fates[reaction.post] & count->hiding) == 0 ? 1 : 0;
        unsigned counts = to_tagged & shown; /* chance would mislead a branch for each */
        unsigned marked = (c->brief[reaction.post] & VIEW_BRIEF_AGAIN) != 0 ? 1 : 0;
        single_count += counts & ~marked;
        if ((counts & marked) != 0) {
            again[again_count++] = (uint64_t)reaction.subject << 32 | c->author[reaction.post];
        }
    }
    count->tally->reactions = single_count;
    return again_count;
}

/* One for each person and post. */
static enum err_code count_reactions(struct count *count)
{
    size_t room = (size_t)count->view->columns.reactions.again_count + 1;
    uint64_t *again = malloc(room * sizeof *again);
    if (again == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t again_count = count_single(count, again);
    qsort(again, again_count, sizeof *again, by_pair);
    for (uint32_t i = 0; i < again_count; i++) {
        count->tally->reactions += i == 0 || again[i] != again[i - 1] ? 1 : 0;
    }
    free(again);
    return ERR_OK;
}

static enum err_code count_all(struct count *count, uint32_t tag)
{
    struct view *view = count->view;
    struct view_list *list = &view->columns.tag_lists[tag];
    count->tagged = view_arena_take(&view->arena, view->columns.ids.count / 8 + 1);
    count->last_day =
        view_arena_take(&view->arena, view->columns.keys.count * sizeof *count->last_day);
    if (count->tagged == NULL || count->last_day == NULL ||
        view_list_sort(list, &view->columns) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    count_days(count, list);
    return count_reactions(count);
}

enum err_code view_tally(struct view *view, struct view_tally *tally, struct octets tag,
                         enum view_reach reach, uint64_t now_s, struct err_note *note)
{
    enum err_code rc = view_begin(view, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct view_tally counted = {.steps = view->priv.web_steps};
    struct count count = {.view = view,
                          .tally = &counted,
                          .hiding = view_hiding((enum view_reach)(reach | VIEW_STRANGERS)),
                          .days =
                              view_arena_take(&view->arena, VIEW_DAYS_MAX * sizeof *count.days)};
    uint32_t number = view_columns_find_tag(&view->columns, tag);
    rc = count.days == NULL ? ERR_NO_MEMORY : ERR_OK;
    counted.by_day = count.days;
    if (rc == ERR_OK && number != VIEW_NONE) {
        rc = count_all(&count, number);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "counting");
    }
    counted.people_min = counted.people_max = counted.identities;
    *tally = counted;
    return ERR_OK;
}
