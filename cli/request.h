/* request.h - one request to the node: send it, take what comes, say what went wrong. */
#ifndef KITH_CLI_REQUEST_H
#define KITH_CLI_REQUEST_H

#include "cli/command.h"

/* Longer than a node ever takes; what it answers from memory has 10 s, a stream no limit. */
#define REQUEST_TIMEOUT_MS (120 * 1000)

struct request {
    enum control_command command;
    const struct invocation *invocation; /* its values become the arguments; NULL: none */
    /* Each item, in order.  Returning false stops the request (a file could not be written). */
    bool (*on_item)(void *context, struct octets item);
    void *context;
    bool is_stream;
    bool is_quiet;       /* say nothing about errors: the caller only wants to know */
    bool until_gone;     /* after the end, wait until the node closes the connection */
    unsigned timeout_ms; /* between messages; 0 = what the command may take, streams: for ever */
};

/* Returns the exit status: the node's, CLI_NO_NODE when none answers, CLI_DONE when a stream was
 * left with Ctrl-C, CLI_REFUSED when on_item said no.  Unless quiet, it has said why. */
int request_run(struct cli *cli, const struct request *request);

#endif
