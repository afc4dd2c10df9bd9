/* control_server.h - HOME/control.sock: where `kith` asks and the node answers (SPEC 11).
 *
 * The loop's side of it: connections, framing and bounds.  What requests mean is node/command.h's,
 * on the person thread.  Everything here runs on the loop thread. */
#ifndef KITH_NODE_CONTROL_SERVER_H
#define KITH_NODE_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "node/command.h"
#include "proto/control.h"
#include "proto/err.h"

#define CONTROL_CLIENTS_MAX   64
#define CONTROL_UNDER_WAY_MAX 8       /* messages of one client not yet taken: reading pauses */
#define CONTROL_UNSENT_MAX    1048576 /* octets one client has not read: its requests wait */
#define CONTROL_SLOW_MS       1000 /* a client that holds up a last answer is closed after this */

/* What happens on the socket. */
struct control_events {
    void *context;
    /* One message without its length prefix; octets is taken and freed with free().  Answered by
     * control_server_taken() when the next one may come. */
    void (*message)(void *context, uint32_t client, uint8_t *octets, size_t len);
    /* So many octets of what was sent have left the process. */
    void (*written)(void *context, uint32_t client, size_t len);
    void (*gone)(void *context, uint32_t client);
};

struct control_server;

/* Listen on home/control.sock, mode 0600.  The home's lock is held by the caller.  A socket that
 * nobody answers on is removed first.
 *
 *   ERR_TOO_LARGE  the path does not fit a socket's address
 *   ERR_IN_USE     somebody answers there, or it is no socket
 *   ERR_PERMISSION, ERR_IO, ERR_NO_MEMORY */
MUST_USE enum err_code control_server_new(struct control_server **server, uv_loop_t *loop,
                                          const char *home, const struct control_events *events,
                                          struct err_note *note);

/* Send a whole message; octets is taken and freed with free().  Dropped when the client is gone.
 * COMMAND_SEND_LAST: once other clients have read everything sent to them before (where the system
 * cannot say, once it has left the process), nothing more being sent meanwhile, or those
 * who do not take it were closed. */
void control_server_send(struct control_server *server, uint32_t client, uint8_t *octets,
                         size_t len, enum command_order order);

/* The message handed out to events was taken. */
void control_server_taken(struct control_server *server, uint32_t client);

/* Close the socket, let what was sent leave (at most CONTROL_SLOW_MS), close every client, then
 * call closed; the server is freed after that. */
void control_server_close(struct control_server *server, void (*closed)(void *context),
                          void *context);

#endif
