/* panic.h - make a home unreadable at once, then remove it (SPEC 10.2). */
#ifndef KITH_NODE_PANIC_H
#define KITH_NODE_PANIC_H

#include "node/home.h"
#include "node/options.h"
#include "proto/err.h"

/* `kithd --panic`, which `kith panic` runs where no node answers: overwrite the key of the home at
 * path in place, then remove what kith keeps there, as far as that goes.  Nothing is asked, and a
 * process that holds the home is no hindrance: then its lock and socket stay, so that it can be
 * told.  held_fd is the home's lock, where this process was a node before, or -1.
 *   ERR_NO_NODE  there is no home
 *   others       the key may not be overwritten, or something is left; the note says which */
MUST_USE enum err_code panic_run(const char *path, int held_fd, struct err_note *note);

/* The same in a node, from any thread: overwrite the key, then become `kithd --panic`, so that no
 * other thread writes anything more.  Does not return. */
void panic_now(struct home *home);

#endif
