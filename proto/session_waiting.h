/* session_waiting.h - a session's inner part: frames that wait for the peer's credit, as plain
 * text, in order.  What a session says for itself overtakes them. */
#ifndef KITH_PROTO_SESSION_WAITING_H
#define KITH_PROTO_SESSION_WAITING_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/frame.h"
#include "proto/octets.h"
#include "proto/session_pool.h"

struct session_waiting {
    struct session_pool *pool;     /* or NULL */
    struct session_buffer *buffer; /* NULL while nothing waits */
    size_t at;
    size_t end;
};

/* Wipes. */
void session_waiting_close(struct session_waiting *waiting);

size_t session_waiting_len(const struct session_waiting *waiting);

/* Put one frame behind the others; SESSION_OUTPUT_MAX bounds all of them together (asserted).
 *
 *   ERR_NO_MEMORY  there was no buffer */
MUST_USE enum err_code session_waiting_put(struct session_waiting *waiting,
                                           const uint8_t header[FRAME_HEADER_LEN],
                                           struct octets payload);

/* The frame at the front with its header, empty if there is none; it lives until the next call. */
struct octets session_waiting_front(const struct session_waiting *waiting);
void session_waiting_drop_front(struct session_waiting *waiting);

#endif
