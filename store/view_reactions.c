#include "store/view_reactions.h"

#include <assert.h>

#include "store/view_columns.h"

/* Steps along two chains.  Who reacts more than that to what is reacted to more than that is marked
 * as a whole, once: so one arrival never costs much, however they are chosen. */
#define STEPS_MAX 1024

enum err_code view_reactions_reserve(struct view_reactions *reactions)
{
    struct view_reaction *at = view_grown(reactions->at, &reactions->cap,
                                          (uint64_t)reactions->count + 1, sizeof *reactions->at);
    if (at == NULL) {
        return ERR_NO_MEMORY;
    }
    reactions->at = at;
    return ERR_OK;
}

static void mark(struct view_columns *c, uint32_t post)
{
    c->reactions.again_count += (c->brief[post] & VIEW_BRIEF_AGAIN) == 0 ? 1 : 0;
    c->brief[post] |= VIEW_BRIEF_AGAIN;
}

static bool is_reaction_to(const struct view_columns *c, uint32_t post, uint32_t subject)
{
    return c->rows[post].kind == POST_REACT && view_columns_ref(c, post, POST_SUBJECT) == subject;
}

static bool is_reaction_by(const struct view_columns *c, uint32_t post, uint32_t author)
{
    return c->rows[post].kind == POST_REACT && c->author[post] == author;
}

static void mark_all_by(struct view_columns *c, uint32_t author)
{
    c->authors[author].reacts_much = true;
    for (uint32_t post = view_columns_posts_by(c, author); post != VIEW_NONE;
         post = c->rows[post].author_next) {
        if (c->rows[post].kind == POST_REACT) {
            mark(c, post);
        }
    }
}

/* All reactions by this author and all to this subject are walked side by side: whichever ends
 * first has shown every one that is both. */
static void mark_pairs(struct view_columns *c, uint32_t post, uint32_t subject)
{
    uint32_t author = c->author[post];
    uint32_t by = view_columns_posts_by(c, author);
    uint32_t ref = c->rows[subject].dependents;
    for (unsigned i = 0; i < STEPS_MAX && by != VIEW_NONE && ref != VIEW_NONE; i++) {
        uint32_t to = c->refs[ref].from;
        if (by != post && is_reaction_to(c, by, subject)) {
            mark(c, by);
            mark(c, post);
        }
        if (to != post && is_reaction_by(c, to, author) && c->refs[ref].relation == POST_SUBJECT) {
            mark(c, to);
            mark(c, post);
        }
        by = c->rows[by].author_next;
        ref = c->refs[ref].next;
    }
    if (by != VIEW_NONE && ref != VIEW_NONE) {
        mark_all_by(c, author);
    }
}

void view_reactions_add(struct view_columns *columns, uint32_t post, uint32_t subject)
{
    struct view_reactions *reactions = &columns->reactions;
    assert(reactions->count < reactions->cap);
    reactions->at[reactions->count++] = (struct view_reaction){.post = post, .subject = subject};
    if (columns->authors[columns->author[post]].reacts_much) {
        mark(columns, post);
    } else {
        mark_pairs(columns, post, subject);
    }
}
