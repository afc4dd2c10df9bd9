/* view_shield.h - the words she shields, and which posts hold one.
 *
 * That a post holds a shielded word is found when it comes and kept as VIEW_ROW_WORD, so that
 * judging needs no bodies.  Only a change of the words reads posts again, of those that the store
 * says may hold the word: one that joins has those read that hold none yet, one that leaves has
 * those read that hold one. */
#ifndef KITH_STORE_VIEW_SHIELD_H
#define KITH_STORE_VIEW_SHIELD_H

#include "proto/post.h"
#include "store/vault.h"

struct view;

struct view_shields {
    struct vault_shield *words; /* ascending and distinct; owned */
    size_t words_count;
    uint64_t marked_count; /* how often rows were marked anew */
    bool doubtful;         /* some rows may not be marked for these words */
};

void view_shields_close(struct view_shields *shields);

/* Mark a post that came, by the words in force.
 *   ERR_NO_MEMORY  its row may not be marked: the next view_shields_load() reads all posts */
MUST_USE enum err_code view_shields_mark(struct view *view, uint32_t number,
                                         const struct post *post);
/* Take the words of contents and mark every row by them.
 *   ERR_NO_MEMORY, ERR_IO  some rows may not be marked: until it succeeds nothing may be shown */
MUST_USE enum err_code view_shields_load(struct view *view, const struct vault_contents *contents,
                                         struct err_note *note);
/* For tests: whether every row is marked as reading its post again would mark it.
 *   ERR_DAMAGED  one is not; note says which
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_shields_check(struct view *view, struct err_note *note);

#endif
