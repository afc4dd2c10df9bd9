/* peer_uid.h - who is at the other end of a local socket. */
#ifndef KITH_NODE_PEER_UID_H
#define KITH_NODE_PEER_UID_H

#include <stdbool.h>

/* Whether the process that connected to this Unix socket runs as the same user as this one.
 * False as well when the system cannot tell. */
bool peer_uid_is_ours(int socket_fd);

#endif
