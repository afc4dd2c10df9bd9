/* world_state.h - what a world holds; for world*.c alone. */
#ifndef KITH_TESTS_INTERFERENCE_WORLD_STATE_H
#define KITH_TESTS_INTERFERENCE_WORLD_STATE_H

#include "cli/cli.h"
#include "node/command.h"
#include "tests/interference/world.h"
#include "tests/support/bare_home.h"
#include "tests/support/outside.h"

#define QUEUE_MAX 4096

/* Messages to one client, each owned. */
struct line {
    struct octets queue[QUEUE_MAX];
    size_t head, tail;
};

struct world {
    struct command_host host; /* first: the callbacks cast back to their world */
    struct cli_transport transport;
    const struct world_node *node; /* NULL: store and clock are its own */
    struct bare_home home;         /* its store may be somebody else's */
    struct commands *commands;
    uint64_t now_s;
    struct line lines[WORLD_CLIENTS_MAX]; /* of client 1 and so on */
    struct command_client client;         /* whoever asks */
    uint8_t *received;                    /* the message last handed out; owned */
    uint32_t request_id;                  /* of the latest raw request */
    bool works;                           /* commands asked to go on */
    char outside[OUTSIDE_PATH_MAX];       /* a folder, once asked for */
};

/* Stops the test. */
void world_must(enum err_code rc, const char *what);
/* world.c: a post is stored. */
enum err_code world_put(struct world *w, struct octets wire);
/* world_asking.c: the host of the commands and what takes her lines to them; and their queues. */
void world_asking_begin(struct world *w);
void world_asking_end(struct world *w);

#endif
