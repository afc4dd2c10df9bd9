/* path.h - the whole path of a file that the node is to find: it has another working folder. */
#ifndef KITH_CLI_PATH_H
#define KITH_CLI_PATH_H

#include "cli/command.h"

/* Make the value of this parameter, where it was given, a path from / on.  CLI_DONE, or having said
 * what is wrong CLI_WRONG_USAGE or CLI_REFUSED. */
int path_complete(struct cli *cli, struct invocation *invocation, enum parameter_name name);

#endif
