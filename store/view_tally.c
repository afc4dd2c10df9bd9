#include "store/view_inner.h"

#include <stdlib.h>

#define DAY_S 86400

/* Counting goes once along the tag's texts and once along all reactions, and asks of each no more
 * than what lies in one place. */
struct count {
    struct view *view;
    struct view_tally *tally;
    uint8_t hiding;     /* the reasons that hide */
    uint8_t *tagged;    /* a bit for each post: a text that counts */
    uint32_t *last_day; /* by key: number of the day on which it was met last, or 0 */
    uint32_t days_count;
    struct view_day *days; /* from the newest backward; room for VIEW_DAYS_MAX */
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

/* The day of a text, which is no later than that of the one before it. */
static void enter_day(struct count *count, uint64_t day)
{
    if (count->days_count > 0 && count->days_count <= VIEW_DAYS_MAX &&
        count->days[VIEW_DAYS_MAX - count->days_count].day == day) {
        return;
    }
    count->days_count++;
    if (count->days_count <= VIEW_DAYS_MAX) {
        count->days[VIEW_DAYS_MAX - count->days_count].day = day;
    }
}

static void count_text(struct count *count, uint32_t post)
{
    const struct view_row *row = &count->view->columns.rows[post];
    uint32_t *last_day = &count->last_day[row->author];
    enter_day(count, row->created_s / DAY_S);
    count->tagged[post / 8] |= (uint8_t)(1U << (post % 8));
    count->tally->posts++;
    if (*last_day == 0) {
        count_identity(count->view, count->tally, row->author);
    }
    if (count->days_count <= VIEW_DAYS_MAX) {
        struct view_day *day = &count->days[VIEW_DAYS_MAX - count->days_count];
        day->posts_count++;
        day->people_count += *last_day != count->days_count ? 1 : 0;
    }
    *last_day = count->days_count;
}

/* From the newest backward, so that each day's texts stand together. */
static void count_texts(struct count *count, const struct view_list *list)
{
    const uint8_t *fates = count->view->fates.of;
    for (uint32_t i = list->count; i > 0; i--) {
        uint32_t post = list->at[i - 1];
        if ((fates[post] & count->hiding) == 0) {
            count_text(count, post);
        }
    }
    uint32_t shown = count->days_count < VIEW_DAYS_MAX ? count->days_count : VIEW_DAYS_MAX;
    count->tally->by_day = count->days + VIEW_DAYS_MAX - shown;
    count->tally->by_day_count = shown;
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
    for (uint32_t i = 0; i < c->reactions.count; i++) {
        struct view_reaction reaction = c->reactions.at[i];
        bool counts = (count->tagged[reaction.subject / 8] >> (reaction.subject % 8) & 1U) != 0 &&
                      (fates[reaction.post] & count->hiding) == 0;
        if (counts && (c->brief[reaction.post] & VIEW_BRIEF_AGAIN) != 0) {
            again[again_count++] = (uint64_t)reaction.subject << 32 | c->rows[reaction.post].author;
        } else {
            count->tally->reactions += counts ? 1 : 0;
        }
    }
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
    count_texts(count, list);
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
