/* locked.h - a node that is locked: nothing of the home is open, nobody is connected, and the
 * control socket answers `status`, `unlock`, `down` and `panic` alone (SPEC 11.6). */
#ifndef KITH_NODE_LOCKED_H
#define KITH_NODE_LOCKED_H

#include "node/home.h"
#include "node/options.h"
#include "node/person.h"
#include "proto/err.h"

enum locked_end {
    LOCKED_STOPPED, /* `down`, or a signal */
    LOCKED_OPENED,  /* *person is open */
    LOCKED_STAINED, /* the key opened and the home did not: what was read may lie in memory */
};

/* Run until one of these.  Argon2id and the opening run on a thread of their own, one attempt after
 * the other; the home is forgotten (home_forget()) in any case.
 *   and what control_server_new() gives; ERR_NO_MEMORY */
MUST_USE enum err_code locked_run(enum locked_end *end, struct person **person, struct home *home,
                                  const struct options *options, struct err_note *note);

#endif
