/* home_begun.h - a home that is being made or brought back: none until all of it is there
 * (SPEC 10.1). */
#ifndef KITH_NODE_HOME_BEGUN_H
#define KITH_NODE_HOME_BEGUN_H

#include "node/home.h"
#include "proto/err.h"

/* What was begun in a home and has not ended, or was cut off. */
enum home_begun { HOME_BEGUN_NOTHING, HOME_BEGUN_INIT, HOME_BEGUN_RESTORE };

/* The file in the home that stands for it. */
const char *home_begun_mark(enum home_begun begun);
enum home_begun home_begun(struct home *home);
/* rc, with words about what was cut off here, and which command does it again. */
MUST_USE enum err_code home_begun_tell(struct home *home, enum err_code rc, struct err_note *note);

/* Whether a home can be made or restored in this folder, which has no whole vault.
 *   ERR_REFUSED  parts of another home are here: its vault was lost, or its key was destroyed */
MUST_USE enum err_code home_check_free(struct home *home, struct err_note *note);
/* Whether the posts of a home lie here whose key and vault are gone: nobody reads them again.  The
 * note says so then, with rc, and what to do. */
MUST_USE enum err_code home_check_left(struct home *home, enum err_code rc, struct err_note *note);

/* From here to home_finish() there is no home here, whatever files there are.  What was begun
 * earlier and cut off is removed. */
MUST_USE enum err_code home_begin(struct home *home, enum home_begun begun, struct err_note *note);
MUST_USE enum err_code home_finish(struct home *home, enum home_begun begun, struct err_note *note);

#endif
