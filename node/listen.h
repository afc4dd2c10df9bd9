/* listen.h - a TCP port to listen on, and how others name it. */
#ifndef KITH_NODE_LISTEN_H
#define KITH_NODE_LISTEN_H

#include <uv.h>

#include "proto/address.h"
#include "proto/err.h"

/* Bind and listen; host is a numeric address or a name of this machine.
 *   ERR_IN_USE  the port is taken;  ERR_PERMISSION, ERR_NETWORK (also: no such address here) */
MUST_USE enum err_code listen_start(uv_tcp_t *tcp, const char *host, uint16_t port,
                                    uv_connection_cb on_connection, struct err_note *note);

/* What it is bound to; for a wildcard address the first one of this machine that is not a
 * loopback one, else 127.0.0.1. */
void listen_name(const uv_tcp_t *tcp, char host[ADDRESS_HOST_MAX + 1], uint16_t *port);

#endif
