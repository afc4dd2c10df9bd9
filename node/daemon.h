/* daemon.h - a running node: every part of it put together around one loop. */
#ifndef KITH_NODE_DAEMON_H
#define KITH_NODE_DAEMON_H

#include "node/home.h"
#include "node/options.h"
#include "node/person.h"
#include "proto/err.h"

enum daemon_end { DAEMON_STOPPED, DAEMON_LOCKS };

/* Run a node for an open person, who is taken, until SIGTERM, SIGINT, `kith down` or, with
 * DAEMON_LOCKS, `kith lock`; returns once everything is stopped cleanly and closed.  What cannot be
 * started is said in the note, and nothing is left running.
 *
 *   ERR_IN_USE    the port or the socket is taken
 *   and what network_listen() and control_server_new() give */
MUST_USE enum err_code daemon_run(enum daemon_end *end, struct person *person, struct home *home,
                                  const struct options *options, struct err_note *note);

#endif
