/* view_keep_plan.h - which of the posts that are about to leave the store are kept for her, and for
 * which reason (SPEC 7.6).
 *
 * Whether a post is kept depends on what it says itself, on whom and what she follows, and on posts
 * that it refers to; on posts that refer to it only for SHELF_CONTEXT, which view_context.h
 * judges again each time.  So a post of somebody whom she blocks later keeps nothing that would not
 * be kept without it. */
#ifndef KITH_STORE_VIEW_KEEP_PLAN_H
#define KITH_STORE_VIEW_KEEP_PLAN_H

#include "store/view_inner.h"

/* Numbers of posts to copy, one list for each reason. */
struct view_keep_plan {
    struct view_numbers lists[SHELF_CONTEXT + 1];
};

/* As of the view's latest judgement, for a floor at floor_s.
 *   ERR_NO_MEMORY  *plan is not to be used */
MUST_USE enum err_code view_keep_plan_make(struct view_keep_plan *plan, const struct view *view,
                                           uint64_t floor_s);
void view_keep_plan_close(struct view_keep_plan *plan);

#endif
