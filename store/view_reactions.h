/* view_reactions.h - every reaction and what it is to, in one column, so that a tally walks along
 * memory and not along chains (SPEC 9.6).
 *
 * One person's reactions to one post count once.  Nearly always there is only one; those that may
 * have another beside them are marked VIEW_BRIEF_AGAIN when the second comes, and only they are
 * compared.  A mark too many costs time and changes nothing. */
#ifndef KITH_STORE_VIEW_REACTIONS_H
#define KITH_STORE_VIEW_REACTIONS_H

#include "proto/err.h"

#include <stdbool.h>
#include <stdint.h>

struct view_columns;

struct view_reaction {
    uint32_t post;    /* the reaction */
    uint32_t subject; /* the post it is to */
};

struct view_reactions {
    struct view_reaction *at;
    uint32_t count, cap;
    uint32_t again_count; /* marked */
};

/* Room for one more.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_reactions_reserve(struct view_reactions *reactions);
/* Take in a reaction that has come: its row, its refs and its author's chain stand; room was
 * reserved. */
void view_reactions_add(struct view_columns *columns, uint32_t post, uint32_t subject);

#endif
