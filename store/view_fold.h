/* view_fold.h - text as search and shields compare it: folded, and word by word (SPEC 9.7). */
#ifndef KITH_STORE_VIEW_FOLD_H
#define KITH_STORE_VIEW_FOLD_H

#include "proto/err.h"
#include "proto/octets.h"
#include "proto/post.h"

/* Upper and lower case, widths and composed forms alike (NFKC, case folded).  Text that cannot be
 * folded folds to nothing.  The caller frees *folded, which may be NULL.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_fold(uint8_t **folded, size_t *folded_len, struct octets text);
/* All words that a post shows, folded, none run together: text, note and tags, or name and bio;
 * nothing of other kinds.  Errors and ownership as view_fold(). */
MUST_USE enum err_code view_fold_post(uint8_t **folded, size_t *folded_len,
                                      const struct post *post);

/* The next word of folded text, a run of letters, marks and numbers; *rest moves behind it.  False
 * when there is none left. */
bool view_fold_next(struct octets *word, struct octets *rest);

#endif
