/* dial.h - find a host and connect to it, one of its addresses after the other. */
#ifndef KITH_NODE_DIAL_H
#define KITH_NODE_DIAL_H

#include "node/conn.h"

/* Begin; connected(conn) or conn_close() follows, later.  conn->deadline_ms bounds it.  host and
 * port are those of an address. */
void dial_start(struct conn *conn, const char *host, uint16_t port,
                void (*connected)(struct conn *conn));

#endif
