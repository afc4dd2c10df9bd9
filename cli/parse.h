/* parse.h - from typed words to an invocation.  Options may follow arguments; "--" ends options;
 * "--tag=metoo" is "--tag metoo". */
#ifndef KITH_CLI_PARSE_H
#define KITH_CLI_PARSE_H

#include "cli/command.h"

/* Understand words[0 .. words_count), without the program's name.  Sets cli->json and cli->home as
 * they say.  On CLI_DONE *invocation is the caller's to free; its command is NULL when no command
 * was named.  Else it has said what is wrong and returns CLI_WRONG_USAGE, or
 * CLI_NO_SUCH_THING for a number that no line of the last listing has. */
int parse_words(struct cli *cli, struct invocation *invocation, char *const *words,
                size_t words_count);

#endif
