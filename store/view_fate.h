/* view_fate.h - for each post the reasons not to show it, and how far away each person is.
 *
 * A post's reasons are its own and those of everything it depends on.  They are the same whatever
 * the order of arrival: judging everything anew and judging one arrival after the other agree, and
 * the tests compare them. */
#ifndef KITH_STORE_VIEW_FATE_H
#define KITH_STORE_VIEW_FATE_H

#include "store/view.h"
#include "store/view_columns.h"
#include "store/view_private.h"
#include "store/view_web.h"

enum {
    VIEW_UNKNOWN = 1,  /* something is not here, taken back, expired, or not allowed there */
    VIEW_BLOCKED = 2,  /* something is by, or names, somebody blocked */
    VIEW_SHIELDED = 4, /* something by somebody else carries what she shields */
    VIEW_OUTSIDE = 8,  /* something is by somebody outside the web */
    VIEW_LISTED = 16,  /* not a reason: stands in the timeline when visible */
    VIEW_FOR_HER = 32, /* not a reason: stands in the inbox when visible */
    VIEW_HERS = 64,    /* not a reason: her own */
    VIEW_DEAD = 128,   /* not a reason by itself, always with VIEW_UNKNOWN: this very post is not
                          here, taken back, expired, a retract or of an unknown kind */
};

#define VIEW_REASONS (VIEW_UNKNOWN | VIEW_BLOCKED | VIEW_SHIELDED | VIEW_OUTSIDE)

/* The latest profile of a key that is neither UNKNOWN nor BLOCKED, or VIEW_NONE. */
struct view_latest {
    uint32_t plain; /* nor SHIELDED */
    uint32_t any;
};

/* What arrivals made doubtful, until view_change_settle(). */
struct view_doubts {
    struct view_numbers posts;
    uint32_t looked_count; /* posts and edges looked at to find them */
    bool web;              /* an edge is gone that distances relied on */
    bool everything;       /* so much that judging everything anew is less work */
};

struct view_fates {
    uint8_t *of; /* by post */
    uint32_t of_cap;
    uint32_t of_count;
    struct view_latest *profile; /* by key */
    uint32_t profile_cap;
    uint32_t profile_count;
    uint8_t *visits; /* by post; all done but while judging */
    uint32_t visits_cap;
    uint32_t visits_count;
    uint8_t *veiled; /* by post, or NULL: only what she shields leads to it (view_context.h) */
    uint32_t veiled_count;
    struct view_web web;
    struct view_doubts doubts;
    uint64_t from_s; /* in force for clocks in from_s .. until_s - 1: nothing expires between */
    uint64_t until_s;
};

/* Judge everything, as of now_s, into fresh memory.
 *   ERR_NO_MEMORY  *made is not written */
MUST_USE enum err_code view_fates_make(struct view_fates *made, const struct view_case *of,
                                       uint64_t now_s);
void view_fates_close(struct view_fates *fates);

/* Room for posts and keys met since, of which nothing is known yet.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_fates_reserve(struct view_fates *fates,
                                          const struct view_columns *columns);
/* Judge one arrival on which nothing depends yet.  Whether it is dead is noted already. */
void view_fates_add(struct view_fates *fates, const struct view_case *of, uint32_t post);
/* The reasons found in the post itself, whatever it depends on. */
uint8_t view_fates_own(const struct view_case *of, uint32_t post);
/* Whether it stands in the timeline when visible. */
bool view_fates_listed(const struct view_case *of, uint32_t post);
/* Whether the post's own reasons, as they stand, let its vouch count. */
bool view_fates_vouches(const struct view_fates *fates, const struct view_case *of, uint32_t post);
/* Judge one post by what it refers to as that stands now; true when its reasons are others. */
bool view_fates_again(struct view_fates *fates, const struct view_case *of, uint32_t post);
/* Judge these posts and all that depends on them, each after what it refers to.
 *   ERR_NO_MEMORY  what was judged no longer holds together */
MUST_USE enum err_code view_fates_spread(struct view_fates *fates, const struct view_case *of,
                                         const uint32_t *posts, size_t posts_count);

/* The reasons that hide a post from a person who looks so far. */
static inline uint8_t view_hiding(enum view_reach reach)
{
    return VIEW_UNKNOWN | VIEW_BLOCKED | ((reach & VIEW_SHIELDED_TOO) == 0 ? VIEW_SHIELDED : 0) |
           ((reach & VIEW_STRANGERS) == 0 ? VIEW_OUTSIDE : 0);
}

#endif
