/* daemon.h - a running node: every part of it put together around one loop. */
#ifndef KITH_NODE_DAEMON_H
#define KITH_NODE_DAEMON_H

#include "node/home.h"
#include "node/options.h"
#include "proto/err.h"

/* Run a node on an opened home until SIGTERM, SIGINT or `kith down`; returns once everything
 * is stopped cleanly.  What cannot be started is said in the note, and nothing is left running.
 *
 *   ERR_NO_NODE   there is no vault in the home (exit status 3)
 *   ERR_REFUSED   the home is of the other kind
 *   ERR_IN_USE    the port or the socket is taken
 *   ERR_DAMAGED, ERR_ROLLBACK  nothing may be shown
 *   and what person_open(), network_listen() and control_server_new() give */
MUST_USE enum err_code daemon_run(struct home *home, const struct options *options,
                                  struct err_note *note);

#endif
