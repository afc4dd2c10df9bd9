/* cli.h - the command line, whole: everything but main(), so that tests run it in their process.
 *
 * It knows proto/control.h and a transport, and nothing of stores and nodes.  What it prints
 * depends on its arguments, its input, the clock given here and the items the node sends: nothing
 * else. */
#ifndef KITH_CLI_CLI_H
#define KITH_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/numbers.h"
#include "proto/err.h"
#include "proto/octets.h"

#define CLI_HOME_MAX 4096

/* Exit statuses (SPEC 11.4). */
enum cli_exit {
    CLI_DONE = 0,
    CLI_NO_SUCH_THING = 1,
    CLI_WRONG_USAGE = 2,
    CLI_NO_NODE = 3,
    CLI_LOCKED = 4,
    CLI_REFUSED = 5,
};

/* How requests reach a node; each request opens and closes it once. */
struct cli_transport {
    void *context;
    /*   ERR_NOT_FOUND   there is no home
     *   ERR_NO_NODE     nobody answers in this home
     *   ERR_PERMISSION  what answers is not the person's own */
    enum err_code (*open)(struct cli_transport *transport, const char *home);
    /* One whole message, length prefix included, copied before this returns.  ERR_NETWORK. */
    enum err_code (*send)(struct cli_transport *transport, struct octets message);
    /* The next message without its prefix, good until the next call.  timeout_ms 0 waits for ever.
     *   ERR_NETWORK    the node went away
     *   ERR_TIMEOUT    nothing came in time
     *   ERR_TOO_LARGE  above CONTROL_MESSAGE_MAX
     *   ERR_CANCELLED  the person asked to stop (Ctrl-C, while interruptible) */
    enum err_code (*receive)(struct cli_transport *transport, struct octets *message,
                             unsigned timeout_ms);
    /* Whether the node has closed the connection: what it sent before is not to be shown any more.
     * NULL: it never does. */
    bool (*gone)(struct cli_transport *transport);
    /* Whether Ctrl-C ends a receive() instead of the program; off unless a stream asks for it. */
    void (*interruptible)(struct cli_transport *transport, bool on);
    void (*close)(struct cli_transport *transport);
};

/* The caller fills the first part and zeroes the rest; all of it is borrowed for the calls. */
struct cli {
    FILE *in;
    FILE *out;
    FILE *err;
    bool in_is_terminal;  /* then kith may ask */
    bool out_is_terminal; /* then it shows what belongs in no file */
    size_t width;         /* columns to wrap at; 0 = never */
    uint64_t (*now_s)(void *context);
    const char *(*environment)(void *context, const char *name); /* NULL when unset */
    void *context;
    struct cli_transport *transport;

    char home[CLI_HOME_MAX];
    bool json;
    bool in_session;
    bool interrupted; /* Ctrl-C at a question of this command, in a session */
    bool said_named;  /* in this session: as whom she writes */
    struct numbers numbers;
};

/* Run one command line, argv[0] being the program's name.  Returns the exit status.  Alone on a
 * terminal it opens the session. */
int cli_run(struct cli *cli, int argc, char **argv);
/* Free what commands left behind (the numbers of the last listing). */
void cli_close(struct cli *cli);

/* "kith: ..." on err, made safe for a terminal.  Returns status, so that
 * `return cli_fail(cli, CLI_WRONG_USAGE, ...)` reads well. */
int cli_fail(struct cli *cli, int status, const char *format, ...) PRINTF_LIKE(3, 4);
/* A line for the person that is not output: on err, made safe, without a prefix. */
void cli_tell(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
