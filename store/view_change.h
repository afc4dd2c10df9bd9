/* view_change.h - what is new about what was judged already: posts that come, come late, are taken
 * back or expire, vouches that begin or cease to count, and keys that she blocks or follows or no
 * longer does.
 *
 * Most arrivals change nothing but themselves.  The others leave doubts, which are settled together
 * before the next answer: doubtful posts are judged again, and where one's reasons have changed,
 * all that depends on it.  What comes out is what judging everything anew would say, whatever the
 * order; tests compare the two. */
#ifndef KITH_STORE_VIEW_CHANGE_H
#define KITH_STORE_VIEW_CHANGE_H

#include "store/view_fate.h"

struct view_arrival {
    uint32_t post;
    bool awaited;       /* others refer to it */
    uint64_t expires_s; /* 0 for never */
    uint64_t clock_s;
};

/* Take in a post for which there is room (view_fates_reserve()). */
void view_change_arrived(struct view_fates *fates, const struct view_case *of,
                         const struct view_arrival *arrival);

/* She thinks otherwise of these keys than she did: was and of differ in them alone. */
void view_change_keys(struct view_fates *fates, const struct view_case *was,
                      const struct view_case *of, const struct view_numbers *keys);

enum view_changes {
    VIEW_CHANGE_SETTLED,    /* the fates hold for now_s */
    VIEW_CHANGE_EVERYTHING, /* they do not: judge everything anew.  The clock went back, there are
                               too many doubts, or there is no memory */
};

/* Whether settling would change nothing. */
bool view_change_settled(const struct view_fates *fates, uint64_t now_s);
MUST_USE enum view_changes view_change_settle(struct view_fates *fates, const struct view_case *of,
                                              uint64_t now_s);

#endif
