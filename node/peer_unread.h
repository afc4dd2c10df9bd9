/* peer_unread.h - whether the process at the other end of a Unix socket has read what it was sent.
 */
#ifndef KITH_NODE_PEER_UNREAD_H
#define KITH_NODE_PEER_UNREAD_H

#include <stdbool.h>

/* False also where the system cannot say. */
bool peer_unread(int socket_fd);

#endif
