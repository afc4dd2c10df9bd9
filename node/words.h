/* words.h - the 24 recovery words on a terminal: shown, asked for, and `kithd --words`
 * (SPEC 10.10).
 */
#ifndef KITH_NODE_WORDS_H
#define KITH_NODE_WORDS_H

#include "node/options.h"
#include "proto/err.h"

#define WORDS_SEED_LEN 32

/* Read the words of --words-file, or ask for them, into a seed in guarded memory.
 *   ERR_USAGE  no such file, no terminal, or what was given are not 24 words that go together; the
 *              note says which word */
MUST_USE enum err_code words_take(uint8_t seed[WORDS_SEED_LEN], const char *file,
                                  struct err_note *note);

/* On a terminal, of a home that was just made: offer to show the words, and ask for two of them
 * back.  Each question can be skipped. */
void words_offer(const uint8_t seed[WORDS_SEED_LEN]);

/* Print the words of the home at path, which no node may hold.
 *   ERR_USAGE   the output is no terminal, and --show was not given
 *   ERR_NO_NODE, ERR_IN_USE, and what opening a home gives */
MUST_USE enum err_code words_run(const char *path, const struct options *options,
                                 struct err_note *note);

#endif
