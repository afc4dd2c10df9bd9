/* view_inner.h - what the view's own files share; nobody else includes it. */
#ifndef KITH_STORE_VIEW_INNER_H
#define KITH_STORE_VIEW_INNER_H

#include "store/shelf.h"
#include "store/view.h"
#include "store/view_arena.h"
#include "store/view_columns.h"
#include "store/view_fate.h"
#include "store/view_private.h"
#include "store/view_shield.h"
#include "store/view_skip.h"

#define VIEW_AHEAD_MAX 16

/* Posts of the store that are taken in next, read together: a view of many is all over the memory,
 * and what one post needs of it comes while others are read. */
struct view_ahead {
    size_t count;
    struct view_ahead_post {
        struct post post;
        struct octets wire;
        struct view_coming coming; /* of post */
        bool whole;                /* it could be decoded */
        uint64_t next;             /* where the store goes on behind it */
    } posts[VIEW_AHEAD_MAX];
    uint8_t octets[2 * POST_WIRE_MAX];
};

struct view {
    struct store *store;
    uint32_t own;      /* number of her key */
    uint64_t position; /* where view_catch_up() goes on in the store */
    uint64_t clock_s;  /* the latest now_s anybody gave */
    struct view_columns columns;
    struct view_private priv;
    struct view_fates fates;
    struct view_skips skips;
    struct view_shields shields;
    struct view_guard guard;        /* zeros: none */
    struct shelf shelf;             /* zeros: none */
    uint64_t shelf_position;        /* where view_catch_up() goes on there */
    uint64_t floor_s;               /* what is dated before it left the store, unless it stands */
    uint64_t bound_s;               /* what others wrote before it left the shelf */
    struct view_numbers taken_back; /* retracts that the shelf has not been told of */
    bool shut;
    bool loaded;
    bool stale;       /* the fates do not count what arrived or was lost since */
    uint32_t *latest; /* by key, for view_responses_of(); all VIEW_NONE between its calls */
    uint32_t latest_count, latest_cap;
    struct view_arena arena; /* what the current answer borrows */
    uint8_t *wire;           /* POST_WIRE_MAX, for one post at a time */
    struct view_ahead *ahead;
};

/* Ask the guard about a post that was just taken in. */
void view_ask_guard(struct view *view, const struct post *post, struct octets wire);

/* Judge anew where needed.
 *   ERR_ROLLBACK   it is shut
 *   ERR_DAMAGED    nothing is loaded
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_judge(struct view *view, uint64_t now_s, struct err_note *note);
/* The same, and start an answer: what the one before borrows is gone. */
MUST_USE enum err_code view_begin(struct view *view, uint64_t now_s, struct err_note *note);

/* Number of the post, or VIEW_NONE. */
uint32_t view_find(const struct view *view, const struct post_id *id);
/* Whether it may be shown. */
bool view_sees(const struct view *view, uint32_t post, enum view_reach reach);
/* Whether she may name it: shown, or her own and not taken back. */
bool view_knows(const struct view *view, uint32_t post, enum view_reach reach);

/* The post itself, borrowing from view->wire until the next call.
 *   ERR_NOT_FOUND  the store lost or dropped it: it is marked so, and the answer must start again
 */
MUST_USE enum err_code view_read(struct view *view, struct post *post, uint32_t number,
                                 struct err_note *note);

/* Its wire alone, into view->wire, from wherever it lies.
 *   ERR_NOT_FOUND, ERR_DAMAGED  it is nowhere any more */
MUST_USE enum err_code view_wire(struct view *view, struct octets_room *wire, uint32_t number,
                                 struct err_note *note);

/* Take in one post, of the store or of the shelf as the row's flags say.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_take_in(struct view *view, const struct view_coming *coming);
/* What came to the shelf since.  ERR_NOT_FOUND is no error. */
MUST_USE enum err_code view_shelf_catch_up(struct view *view, size_t *count, struct err_note *note);
/* What others wrote left the shelf, too, where its bound rose since. */
void view_shelf_judge(struct view *view);
/* Whether the store's post is one that left by age. */
bool view_left(const struct view *view, const struct post *post);

/* Whether a row of the store goes where the floor is there. */
bool view_row_leaves(const struct view_row *row, uint64_t floor_s);
/* What is dated before it, and does not stand, is on the shelf from now on, or gone. */
void view_leave(struct view *view, uint64_t floor_s);

/* What has words, in both. */
struct view_found {
    struct found store;
    struct found shelf;
};
MUST_USE enum err_code view_found_make(struct view *view, struct view_found *found,
                                       enum store_search search, struct octets folded,
                                       struct err_note *note);
void view_found_close(struct view_found *found);
static inline bool view_found_has(const struct view_found *found, const struct view_row *row)
{
    return found_has((row->flags & VIEW_ROW_SHELF) != 0 ? &found->shelf : &found->store,
                     row->position);
}

/* One post as it is shown, in the arena.  Errors as view_read(). */
MUST_USE enum err_code view_row_make(struct view *view, struct view_post *row, uint32_t post,
                                     enum view_reach reach, struct err_note *note);
/* The name and bio a key gives itself, in the arena, empty where none may be shown.  Errors as
 * view_read(). */
MUST_USE enum err_code view_self_given(struct view *view, struct octets *name, struct octets *bio,
                                       uint32_t key, enum view_reach reach, struct err_note *note);

struct view_responses {
    uint32_t reactions[POST_REACTIONS_COUNT];
    uint32_t replies_count;
};

/* What is visible in answer to a post.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_responses_of(struct view *view, struct view_responses *responses,
                                         uint32_t post, enum view_reach reach);
/* counted[post], of all posts and false so far, becomes true for the visible reactions to her posts
 * that count: the latest of each person to each post.  All at once, since somebody could react so
 * often that asking for one after the other takes minutes.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_reactions_counted(const struct view *view, bool *counted,
                                              enum view_reach reach);

/* Words to look for: folded once, asked of many posts. */
struct view_words;
/*   ERR_NO_MEMORY */
MUST_USE enum err_code view_words_new(struct view_words **words, struct octets typed);
void view_words_free(struct view_words *words);
/* Folded, as store_search() takes them; borrowed. */
struct octets view_words_folded(const struct view_words *words);
/* Whether the post has all of them, and there is at least one.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_words_match(bool *match, const struct view_words *words,
                                        const struct post *post);

#endif
