/* secret.h - passphrases: asked for without echo, or read from a file; never an argument. */
#ifndef KITH_CLI_SECRET_H
#define KITH_CLI_SECRET_H

#include "cli/command.h"

#define SECRET_MAX 1024

enum secret_asking {
    SECRET_ONCE,  /* to open something */
    SECRET_TWICE, /* to seal something: both answers must be the same */
};

/* Which secret: what it becomes, which option names a file with it, and how it is asked for. */
struct secret {
    enum parameter_name parameter;
    enum parameter_name file;
    const char *question;
    const char *again; /* the second question; NULL: asked once */
};

/* As secret_add(), for any of them. */
int secret_take(struct cli *cli, struct invocation *invocation, const struct secret *secret);
/* Add the passphrase to the invocation, which sends and wipes it: from --passphrase-file where that
 * was given (its first line), else asked for on the terminal.  CLI_DONE, or having said what is
 * missing CLI_WRONG_USAGE. */
int secret_add(struct cli *cli, struct invocation *invocation, enum secret_asking asking);

#endif
