#include "store/view_change.h"

#include <stdlib.h>

/* Beyond this part of all posts, judging everything anew is no more work. */
#define DOUBTS_PART 4
#define DOUBTS_MIN  1024

static uint32_t doubts_max(const struct view_fates *fates)
{
    return DOUBTS_MIN + fates->of_count / DOUBTS_PART;
}

/* False when there are too many, or no memory. */
static bool add(struct view_fates *fates, struct view_numbers *posts, uint32_t post)
{
    return posts->count < doubts_max(fates) && view_numbers_add(posts, post);
}

static void doubt(struct view_fates *fates, uint32_t post)
{
    struct view_doubts *doubts = &fates->doubts;
    if (doubts->everything) {
        return;
    }
    doubts->everything = !add(fates, &doubts->posts, post);
}

/* Looking for doubts is bounded as well: a vouch said and taken back, again and again, must not
 * cost more each time than judging everything anew once before the next answer. */
static bool may_look(struct view_fates *fates)
{
    struct view_doubts *doubts = &fates->doubts;
    doubts->everything = doubts->everything || doubts->looked_count >= DOUBTS_MIN + fates->of_count;
    doubts->looked_count += doubts->everything ? 0 : 1;
    return !doubts->everything;
}

static void doubt_posts_by(struct view_fates *fates, const struct view_columns *c,
                           const struct view_numbers *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        for (uint32_t post = view_columns_posts_by(c, keys->at[i]);
             post != VIEW_NONE && may_look(fates); post = c->rows[post].author_next) {
            doubt(fates, post);
        }
    }
}

/* The author of the thread in which a post answers, if only those vouched for may answer there. */
static uint32_t asks_vouched(const struct view_columns *c, uint32_t post)
{
    uint32_t root =
        c->rows[post].kind == POST_TEXT ? view_columns_ref(c, post, POST_ROOT) : VIEW_NONE;
    bool asks = root != VIEW_NONE && (c->brief[root] & VIEW_BRIEF_TEXT) != 0 &&
                (c->brief[root] & VIEW_BRIEF_POLICY) == POST_REPLIES_VOUCHED;
    return asks ? c->author[root] : VIEW_NONE;
}

/* SPEC 9.4: an edge lets its end answer its beginning and whoever vouches for that, and lets those
 * its end vouches for answer its beginning.  Whether the other edge counts does not matter here: a
 * doubt too many changes nothing. */
static void doubt_replies(struct view_fates *fates, const struct view_columns *c, uint32_t edge)
{
    const struct view_edge *e = &c->edges.at[edge];
    if (c->vouched_only_count == 0) {
        return;
    }
    for (uint32_t post = view_columns_posts_by(c, e->to); post != VIEW_NONE && may_look(fates);
         post = c->rows[post].author_next) {
        uint32_t asking = asks_vouched(c, post);
        if (asking != VIEW_NONE &&
            (asking == e->from || view_edges_find(&c->edges, asking, e->from) != VIEW_NONE)) {
            doubt(fates, post);
        }
    }
    uint32_t out =
        c->authors[e->from].lets_vouched_only ? view_edges_out(&c->edges, e->to) : VIEW_NONE;
    for (; out != VIEW_NONE && may_look(fates); out = c->edges.at[out].next_out) {
        for (uint32_t post = view_columns_posts_by(c, c->edges.at[out].to);
             post != VIEW_NONE && may_look(fates); post = c->rows[post].author_next) {
            if (asks_vouched(c, post) == e->from) {
                doubt(fates, post);
            }
        }
    }
}

static uint32_t edge_of(const struct view_columns *c, uint32_t vouch)
{
    return view_edges_find(&c->edges, c->author[vouch], view_columns_row_keys(c, vouch)[0]);
}

static void vouch_begins(struct view_fates *fates, const struct view_case *of, uint32_t vouch)
{
    uint32_t edge = edge_of(of->columns, vouch);
    struct view_numbers reached = {.at = NULL};
    if (!view_web_count(&fates->web, edge)) {
        return;
    }
    if (!fates->doubts.web && view_web_relax(&fates->web, &reached, of, edge) != ERR_OK) {
        fates->doubts.everything = true;
    }
    doubt_posts_by(fates, of->columns, &reached);
    free(reached.at);
    doubt_replies(fates, of->columns, edge);
}

static void vouch_ends(struct view_fates *fates, const struct view_case *of, uint32_t vouch)
{
    uint32_t edge = edge_of(of->columns, vouch);
    if (!view_web_discount(&fates->web, edge)) {
        return;
    }
    fates->doubts.web = fates->doubts.web || view_web_relied_on(&fates->web, of, edge);
    doubt_replies(fates, of->columns, edge);
}

/* Taken back or expired. */
static void dies(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    if ((fates->of[post] & VIEW_DEAD) != 0) {
        return;
    }
    if (view_fates_vouches(fates, of, post)) {
        vouch_ends(fates, of, post);
    }
    /* What stands on the shelf for its sake alone goes with it. */
    fates->doubts.everything = fates->doubts.everything || of->columns->contexts_count > 0;
    fates->of[post] |= VIEW_DEAD;
    doubt(fates, post);
}

/* Whether its author took the post back before it came. */
static bool taken_back(const struct view_columns *c, uint32_t post)
{
    for (uint32_t ref = c->rows[post].dependents; ref != VIEW_NONE; ref = c->refs[ref].next) {
        uint32_t from = c->refs[ref].from;
        if (c->rows[from].kind == POST_RETRACT && c->author[from] == c->author[post]) {
            return true;
        }
    }
    return false;
}

static bool is_over(struct view_fates *fates, const struct view_arrival *arrival)
{
    if (arrival->expires_s == 0) {
        return false;
    }
    if (arrival->expires_s > arrival->clock_s) {
        fates->until_s = arrival->expires_s < fates->until_s ? arrival->expires_s : fates->until_s;
        return false;
    }
    fates->from_s = arrival->expires_s > fates->from_s ? arrival->expires_s : fates->from_s;
    return true;
}

void view_change_arrived(struct view_fates *fates, const struct view_case *of,
                         const struct view_arrival *arrival)
{
    const struct view_columns *c = of->columns;
    uint32_t post = arrival->post;
    bool was_dead = (fates->of[post] & VIEW_DEAD) != 0;
    bool dead = is_over(fates, arrival) || taken_back(c, post);
    fates->of[post] = (uint8_t)((fates->of[post] & ~VIEW_DEAD) | (dead ? VIEW_DEAD : 0));
    if (!arrival->awaited) {
        view_fates_add(fates, of, post);
    } else {
        fates->doubts.everything = fates->doubts.everything || c->contexts_count > 0;
        doubt(fates, post);
    }
    if (was_dead && view_fates_vouches(fates, of, post)) {
        vouch_begins(fates, of, post);
    }
    uint32_t subject =
        c->rows[post].kind == POST_RETRACT ? view_columns_ref(c, post, POST_SUBJECT) : VIEW_NONE;
    if (subject != VIEW_NONE && c->author[subject] == c->author[post]) {
        dies(fates, of, subject);
    }
}

/* Every post that a key wrote, and every post that names it. */
static bool add_posts_of(struct view_fates *fates, struct view_numbers *posts,
                         const struct view_columns *c, uint32_t key)
{
    bool room = true;
    for (uint32_t post = view_columns_posts_by(c, key); room && post != VIEW_NONE;
         post = c->rows[post].author_next) {
        room = add(fates, posts, post);
    }
    for (uint32_t i = view_columns_namings_of(c, key); room && i != VIEW_NONE;
         i = c->namings[i].next) {
        room = add(fates, posts, c->namings[i].post);
    }
    return room;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void mind_changed(struct view_fates *fates, const struct view_case *was,
                         const struct view_case *of, uint32_t post)
{
    bool before = view_fates_vouches(fates, was, post);
    bool after = view_fates_vouches(fates, of, post);
    if (after && !before) {
        vouch_begins(fates, of, post);
    }
    if (before && !after) {
        vouch_ends(fates, of, post);
    }
    doubt(fates, post);
}

void view_change_keys(struct view_fates *fates, const struct view_case *was,
                      const struct view_case *of, const struct view_numbers *keys)
{
    struct view_numbers posts = {.at = NULL};
    bool room = true;
    for (uint32_t i = 0; room && i < keys->count; i++) {
        room = add_posts_of(fates, &posts, of->columns, keys->at[i]);
    }
    fates->doubts.everything =
        fates->doubts.everything || !room || (keys->count > 0 && of->columns->contexts_count > 0);
    fates->doubts.web = fates->doubts.web || keys->count > 0;
    if (room && posts.count > 0) {
        /* A vouch that two of the keys stand in must be counted once. */
        qsort(posts.at, posts.count, sizeof *posts.at, by_number);
        for (uint32_t i = 0; i < posts.count; i++) {
            if (i == 0 || posts.at[i] != posts.at[i - 1]) {
                mind_changed(fates, was, of, posts.at[i]);
            }
        }
    }
    free(posts.at);
}

/* What was alive at the last clock and has expired since. */
static void expire(struct view_fates *fates, const struct view_case *of, uint64_t now_s)
{
    const struct view_columns *c = of->columns;
    fates->until_s = UINT64_MAX;
    for (uint32_t i = 0; i < c->expiries_count; i++) {
        uint64_t expires_s = c->expiries[i].expires_s;
        if (expires_s > now_s) {
            fates->until_s = expires_s < fates->until_s ? expires_s : fates->until_s;
        } else {
            fates->from_s = expires_s > fates->from_s ? expires_s : fates->from_s;
            dies(fates, of, c->expiries[i].post);
        }
    }
}

/* Judge the doubtful posts, and keep in their list those whose reasons changed. */
static void judge_doubtful(struct view_fates *fates, const struct view_case *of)
{
    struct view_numbers *posts = &fates->doubts.posts;
    uint32_t changed_count = 0;
    for (uint32_t i = 0; i < posts->count; i++) {
        if (view_fates_again(fates, of, posts->at[i])) {
            posts->at[changed_count++] = posts->at[i];
        }
    }
    posts->count = changed_count;
}

bool view_change_settled(const struct view_fates *fates, uint64_t now_s)
{
    const struct view_doubts *doubts = &fates->doubts;
    return doubts->posts.count == 0 && !doubts->web && !doubts->everything &&
           now_s >= fates->from_s && now_s < fates->until_s;
}

enum view_changes view_change_settle(struct view_fates *fates, const struct view_case *of,
                                     uint64_t now_s)
{
    struct view_doubts *doubts = &fates->doubts;
    if (now_s < fates->from_s) {
        return VIEW_CHANGE_EVERYTHING;
    }
    if (now_s >= fates->until_s) {
        expire(fates, of, now_s);
    }
    if (doubts->web && !doubts->everything) {
        struct view_numbers moved = {.at = NULL};
        doubts->everything = view_web_measure(&fates->web, &moved, of) != ERR_OK;
        doubt_posts_by(fates, of->columns, &moved);
        free(moved.at);
        doubts->web = false;
    }
    if (!doubts->everything && doubts->posts.count > 0) {
        judge_doubtful(fates, of);
        doubts->everything =
            view_fates_spread(fates, of, doubts->posts.at, doubts->posts.count) != ERR_OK;
        free(doubts->posts.at);
        doubts->posts = (struct view_numbers){.at = NULL};
    }
    doubts->looked_count = 0;
    return doubts->everything ? VIEW_CHANGE_EVERYTHING : VIEW_CHANGE_SETTLED;
}
