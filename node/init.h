/* init.h - `kithd --init`: make a person's home, which `kith init` runs. */
#ifndef KITH_NODE_INIT_H
#define KITH_NODE_INIT_H

#include "node/home.h"
#include "node/options.h"
#include "proto/err.h"

/* Make the vault of an opened folder with the shields asked for and, with a name, write a profile
 * that is sent when the node first runs.
 *
 *   ERR_REFUSED  there is a home already; nothing was made
 *   ERR_USAGE    neither a passphrase nor --no-passphrase, and no terminal to ask on; or the name
 * is longer than POST_NAME_MAX or not UTF-8, or what is to be shielded cannot be a tag; nothing was
 * made ERR_IO, ERR_NO_SPACE, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code init_run(const char *path, const struct options *options,
                                struct err_note *note);

struct passphrase;
/* Ask for the passphrase of a new home, unless the options say it or that there is none.
 *   ERR_USAGE  as passphrase_ask_new(), and where there is no terminal */
MUST_USE enum err_code init_passphrase(struct passphrase *passphrase, const struct options *options,
                                       struct err_note *note);

#endif
