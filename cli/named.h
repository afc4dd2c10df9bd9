/* named.h - before something goes out under the person's name: as whom, and to whom.
 *
 * On a terminal alone; once in a session; never with --yes. */
#ifndef KITH_CLI_NAMED_H
#define KITH_CLI_NAMED_H

#include "cli/command.h"

/* Whether the invocation, which has an ARGUMENT_ID, is to be sent; if not, she has been told that
 * nothing was.  Where the node shows no such post nothing is asked: the command itself says what is
 * the matter, in the same words whatever is hidden. */
bool named_ask(struct cli *cli, const struct invocation *invocation);

#endif
