/* wanted_sets.h - which posts a node that does not keep everything wants: what --sets says
 * (SPEC 7.4, 11.5).  Configuration alone: it never derives from whom anybody follows or blocks. */
#ifndef KITH_NODE_WANTED_SETS_H
#define KITH_NODE_WANTED_SETS_H

#include "proto/err.h"
#include "proto/set.h"

/* "all", or one or more of "standing", "author:B", "author:B-B", "tag:B", "tag:B-B" with commas
 * between them, each B a bucket in two hexadecimal digits.  What stands is always wanted.
 *   ERR_USAGE */
MUST_USE enum err_code wanted_sets_take(struct set_choice *choice, const char *text,
                                        struct err_note *note);

#endif
