/* view_check.h - for tests: whether judging step by step has come to what judging anew comes to. */
#ifndef KITH_STORE_VIEW_CHECK_H
#define KITH_STORE_VIEW_CHECK_H

#include "store/view.h"

/* Judge everything anew beside what was judged as posts came, and compare every fate, distance and
 * profile, mark of a shielded word, and what listings pass by unseen.  A view that shows nothing
 * has nothing to compare.
 *   ERR_DAMAGED  they differ; note says where
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_check(struct view *view, uint64_t now_s, struct err_note *note);

#endif
