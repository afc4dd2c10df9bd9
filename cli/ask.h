/* ask.h - the private forms of arguments: '-' reads standard input, and what is left out is asked
 * for on a terminal.  Off a terminal nothing is ever asked. */
#ifndef KITH_CLI_ASK_H
#define KITH_CLI_ASK_H

#include "cli/command.h"

#define ASK_LINE_MAX          4096
#define ASK_TERMINAL_LINE_MAX 4095        /* what Linux hands on of a line that is typed */
#define ASK_TEXT_MAX          (64 * 1024) /* beyond any post; the node knows the true limit */

/* Replace each '-' and fill in what is missing.  From standard input each value takes one line, in
 * the order they were typed, and a text whatever is left.  Returns CLI_DONE, or having said what is
 * missing CLI_WRONG_USAGE, or CLI_NO_SUCH_THING for a number that no line of the last listing has.
 */
int ask_complete(struct cli *cli, struct invocation *invocation);
/* The first half of it: each '-', and the first argument, if the command cannot do without. */
int ask_first(struct cli *cli, struct invocation *invocation);
/* Ask for one parameter on the terminal and add it, unless the answer is empty.  CLI_DONE, or
 * as above when what was typed cannot be used, or CLI_WRONG_USAGE after Ctrl-C in a session. */
int ask_one(struct cli *cli, struct invocation *invocation, enum parameter_name name);
/* A question to answer with yes or no; what is neither is asked again, and no in the end.  So is
 * Ctrl-D, and Ctrl-C in a session, which also sets cli->interrupted. */
bool ask_yes(struct cli *cli, const char *question);
/* "TEXT" or "[TEXT]" and so on: how a command is written, for help and errors. */
void ask_usage(FILE *out, const struct command *command);

#endif
