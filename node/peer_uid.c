/* struct ucred is an extension of the system's headers; this file alone asks for it. */
#define _GNU_SOURCE

#include "node/peer_uid.h"

#include <sys/socket.h>
#include <unistd.h>

bool peer_uid_is_ours(int socket_fd)
{
#if defined(SO_PEERCRED)
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof peer &&
           peer.uid == geteuid();
#else
    (void)socket_fd;
    return false;
#endif
}
