/* fake_node.h - a command line in this process, talking to a node that says what the test says. */
#ifndef KITH_TESTS_UNIT_CLI_FAKE_NODE_H
#define KITH_TESTS_UNIT_CLI_FAKE_NODE_H

#include "cli/cli.h"
#include "proto/control.h"

#define FAKE_NOW_S 1700000000U

struct fake_node {
    struct cli cli;
    struct cli_transport transport;
    char *out; /* what stands there after fake_run() */
    char *err;
    size_t out_len;
    size_t err_len;
    const char *home;     /* $KITH_HOME */
    const char *editor;   /* $EDITOR */
    enum err_code answer; /* of open(): ERR_OK is a node that answers */
    enum err_code after;  /* what receive() says when the script is over */
    uint8_t script[64 * 1024];
    size_t script_len;
    size_t script_at;
    char request[8192]; /* the last request: "reply {\"id\":\"3f2a\"}" */
    char first_request[8192];
    unsigned requests_count;
    unsigned timeout_ms; /* how long the last message was waited for */
    bool cancelled;
};

/* input is what stands on standard input; the node answers, and ends each request with 0 unless the
 * script says otherwise. */
void fake_start(struct fake_node *fake, const char *input, bool is_terminal);
void fake_stop(struct fake_node *fake);

/* Queue an item.  Each name says by its first character what follows: $ a text, # a number (int),
 * % 32 octets of this value (int), ? true (int), * a list of one text, { a map of one number for
 * "heart" (int).  NULL ends it. */
void fake_item(struct fake_node *fake, ...);
void fake_note(struct fake_node *fake, const char *text);
void fake_end(struct fake_node *fake, int exit_status, const char *text);

/* Run `kith` with these words, ended by NULL; output and requests of earlier runs are forgotten. */
int fake_run(struct fake_node *fake, ...);

#endif
