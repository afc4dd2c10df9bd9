/* view_skip.h - which stretches of the order hold nothing that a listing asks for.
 *
 * A page walks backward through posts of which most may be hidden.  What the walk learns of each
 * stretch of 64 posts is kept in two octets until a fate changes or a late post is sorted in, so
 * that the next page passes the same stretches by at once, and hidden posts cost a page little. */
#ifndef KITH_STORE_VIEW_SKIP_H
#define KITH_STORE_VIEW_SKIP_H

#include "store/view.h"
#include "store/view_intern.h"

#define VIEW_STRETCH_LEN 64 /* posts */

/* What a post's fate must be before anything more is asked about it.  Most of a million posts fall
 * through here, so it is one comparison. */
struct view_sieve {
    uint8_t mask;
    uint8_t wanted; /* of the bits in mask */
};

struct view_sieve view_sieve_of(enum view_what what, enum view_reach reach);

struct view_skips {
    uint16_t *of; /* by stretch: what passes there, once it was looked at */
    uint32_t cap;
    uint32_t count;
    uint16_t of_fate[256]; /* what a post of this fate passes */
};

void view_skips_init(struct view_skips *skips);
void view_skips_close(struct view_skips *skips);
/* Fates changed, or posts moved: nothing is known any more. */
void view_skips_forget(struct view_skips *skips);
/* Room for what there is to learn of an order of so many posts.  Without memory nothing is learnt,
 * and every post is looked at. */
void view_skips_reserve(struct view_skips *skips, uint32_t posts_count);

/* The end of the first stretch, at or below end, in which a listing of what may find something:
 * whole stretches that end there hold nothing for it.  posts is the order, fates by post. */
uint32_t view_skips_back(struct view_skips *skips, const uint32_t *posts, uint32_t end,
                         const uint8_t *fates, uint16_t listing);
/* For tests: whether what is known of each stretch is what looking at it again would say. */
bool view_skips_hold(const struct view_skips *skips, const uint32_t *posts, const uint8_t *fates);
/* The listing's sign among what passes: what is one that goes through the whole order. */
uint16_t view_skips_listing(enum view_what what, enum view_reach reach);

#endif
