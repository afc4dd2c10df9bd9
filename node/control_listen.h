/* control_listen.h - the file HOME/control.sock itself: its path, its mode, and stale ones. */
#ifndef KITH_NODE_CONTROL_LISTEN_H
#define KITH_NODE_CONTROL_LISTEN_H

#include <uv.h>

#include "proto/err.h"

#define CONTROL_PATH_MAX 108 /* what a Unix socket's address holds, its end included */

/* home/control.sock.
 *   ERR_TOO_LARGE  it would not fit; libuv would cut it short silently */
MUST_USE enum err_code control_listen_path(char path[CONTROL_PATH_MAX], const char *home,
                                           struct err_note *note);

/* Bind and listen, mode 0600; removes a socket that nobody answers on.  The caller holds the
 * home's lock.
 *   ERR_IN_USE  somebody answers there, or it is no socket
 *   ERR_PERMISSION, ERR_IO */
MUST_USE enum err_code control_listen(uv_pipe_t *pipe, const char *path, uv_connection_cb on_client,
                                      struct err_note *note);

#endif
