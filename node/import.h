/* import.h - `kithd --import FILE`: check and store posts that lie one after another in a file. */
#ifndef KITH_NODE_IMPORT_H
#define KITH_NODE_IMPORT_H

#include <stdint.h>

#include "node/home.h"
#include "node/options.h"
#include "proto/err.h"

struct import_counts {
    uint64_t new_count;
    uint64_t there_count;     /* known here already, whether kept, taken back or past their end */
    uint64_t retracted_count; /* not kept: taken back by their authors */
    uint64_t expired_count;   /* not kept: past their end */
    uint64_t forged_count;    /* left out: a proof that does not hold */
    uint64_t future_count;    /* left out: dated in the future */
};

/* Store every post of the file, options->import_path, in the home's store, the proofs checked on
 * all cores; progress on stderr when that is a terminal.  *counts is written in any case: it says
 * what was stored.
 *
 * "-", and whatever names standard input, may be a pipe; nothing else may.
 *
 *   ERR_NOT_FOUND  there is no such file
 *   ERR_REFUSED    it is no plain file
 *   ERR_DAMAGED    the file ends or turns to something else in the middle; the note says where,
 *                  and everything before is stored
 *   ERR_NO_NODE    the home has no vault
 *   ERR_USAGE      it opens with a passphrase, and there is neither passphrase_file nor a terminal
 *   ERR_CANCELLED  SIGINT or SIGTERM came: what was stored stays, and the same call goes on there
 *   ERR_IO, ERR_NO_SPACE, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code import_run(struct import_counts *counts, struct home *home,
                                  const struct options *options, struct err_note *note);

#endif
