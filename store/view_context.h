/* view_context.h - which of the posts that are kept for others' sake count (SPEC 7.6). */
#ifndef KITH_STORE_VIEW_CONTEXT_H
#define KITH_STORE_VIEW_CONTEXT_H

#include "store/view_fate.h"

/* Mark those dead that nothing leads to any more, and note those that only what she shields leads
 * to; what expired or was taken back is marked.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_context_mark(struct view_fates *fates, const struct view_case *of);

#endif
