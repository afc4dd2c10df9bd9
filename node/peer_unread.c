#include "node/peer_unread.h"

#include <sys/ioctl.h>

bool peer_unread(int socket_fd)
{
#if defined(__linux__) && defined(TIOCOUTQ)
    int waiting = 0;
    return ioctl(socket_fd, TIOCOUTQ, &waiting) == 0 && waiting > 0;
#else
    (void)socket_fd;
    return false;
#endif
}
