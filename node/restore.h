/* restore.h - `kithd --restore FILE` and `kithd --restore-words`: bring a home back (SPEC 10.10),
 * which `kith restore` runs. */
#ifndef KITH_NODE_RESTORE_H
#define KITH_NODE_RESTORE_H

#include "node/options.h"
#include "proto/err.h"

/* Into the folder at path, which is made where it is missing and which no node may hold.  Says on
 * stdout what came back, and of when.
 *   ERR_USAGE    as words_take() and for passphrases
 *   ERR_NOT_FOUND  there is no such file
 *   ERR_REFUSED  the file is no whole backup that these words open, or another identity's home is
 *                here; nothing was changed
 *   ERR_IN_USE   a node holds the home
 *   and what files give: then it can be done again */
MUST_USE enum err_code restore_run(const char *path, const struct options *options,
                                   struct err_note *note);

#endif
