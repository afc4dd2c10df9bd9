/* recover.h - `kithd --recover`: bring a damaged, missing or older vault back (SPEC 10.9), which
 * `kith recover` runs. */
#ifndef KITH_NODE_RECOVER_H
#define KITH_NODE_RECOVER_H

#include "node/options.h"
#include "proto/err.h"

/* In the home at path, which no node may hold.  Says on stdout what was brought back, of when, and
 * what may be missing.
 *   ERR_USAGE    the home opens with a passphrase, and there is neither one nor a terminal
 *   ERR_NO_NODE  there is no home;  ERR_IN_USE  a node holds it
 *   and what home_unlock() and vault_recover() give: then nothing was changed, and nothing is shown
 */
MUST_USE enum err_code recover_run(const char *path, const struct options *options,
                                   struct err_note *note);

#endif
