/* session.h - `kith` alone on a terminal: the same commands, line by line, with no history kept. */
#ifndef KITH_CLI_SESSION_H
#define KITH_CLI_SESSION_H

#include "cli/cli.h"

#define SESSION_WORDS_MAX 256

/* Until the input ends, or `quit`.  Returns CLI_DONE. */
int session_run(struct cli *cli);
/* Split a line into at most SESSION_WORDS_MAX words, in place; a leading "kith" is dropped.  Quotes
 * are ordinary characters in a text, and hold several words together right after an option:
 * --note "hard to read".  Returns how many, or SESSION_WORDS_MAX + 1 when there are more. */
size_t session_split(char *words[SESSION_WORDS_MAX], char *line);

#endif
