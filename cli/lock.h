/* lock.h - whether the node is open or locked, and opening it. */
#ifndef KITH_CLI_LOCK_H
#define KITH_CLI_LOCK_H

#include "cli/command.h"

enum node_state { NODE_SILENT, NODE_LOCKED, NODE_OPEN };

/* Asks without saying anything about errors. */
enum node_state node_state(struct cli *cli);

/* Open a locked node with the passphrase of --passphrase-file, or asked for on the terminal, and
 * wait until it is open.  Returns the exit status, having said what went wrong. */
int node_unlock(struct cli *cli, struct invocation *invocation);

#endif
