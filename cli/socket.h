/* socket.h - the transport to a node: HOME/control.sock. */
#ifndef KITH_CLI_SOCKET_H
#define KITH_CLI_SOCKET_H

#include "cli/cli.h"
#include "proto/control.h"

struct socket_transport {
    struct cli_transport transport;
    int fd; /* -1 when closed */
    uint8_t *received;
    size_t received_len;
    size_t received_max; /* room there is; grows to one message at most */
    size_t message_len;  /* of the message handed out last; dropped on the next call */
    bool is_interruptible;
};

void socket_init(struct socket_transport *self);
void socket_close(struct socket_transport *self);

#endif
