/* passphrase.h - a passphrase from a file or from the terminal, for what kithd does by itself:
 * --init, --import, --recover, and starting with --passphrase-file. */
#ifndef KITH_NODE_PASSPHRASE_H
#define KITH_NODE_PASSPHRASE_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/octets.h"
#include "store/home_key.h"

/* In guarded memory; freed, which wipes it, by passphrase_close().  Zeroed: none. */
struct passphrase {
    char *text;
    size_t len;
};

/* Open such a file to read, or -1 with errno.  A pipe may be read, as from `<(pass show kith)`, but
 * one without anybody at its other end is not waited for. */
int passphrase_open(const char *path);
/* The first line of a file, without its end.
 *   ERR_USAGE  it cannot be read, or is no UTF-8 text of 1 to HOME_KEY_PASSPHRASE_MAX octets */
MUST_USE enum err_code passphrase_from_file(struct passphrase *passphrase, const char *path,
                                            struct err_note *note);

/* Whether there is a terminal to ask on. */
bool passphrase_can_ask(void);
/* Ask once, without echo, to open something.
 *   ERR_USAGE  no terminal, or nothing that can be a passphrase was typed */
MUST_USE enum err_code passphrase_ask(struct passphrase *passphrase, struct err_note *note);
/* Ask twice, to set one; an empty answer is none, and leaves *passphrase zeroed.
 *   ERR_USAGE  as above, or the two differed again and again */
MUST_USE enum err_code passphrase_ask_new(struct passphrase *passphrase, struct err_note *note);

/* Ask for any line, without echo; *line may be empty.  False at the end of input. */
bool passphrase_ask_line(struct passphrase *line, const char *question);

/* Borrowed. */
struct octets passphrase_octets(const struct passphrase *passphrase);
void passphrase_close(struct passphrase *passphrase);

#endif
