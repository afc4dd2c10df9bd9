/* wire_peer.h - the other end of a connection to a real node, in one blocking thread: for tests
 * that send what no node would send.
 *
 * What goes wrong here ends the test program with 2 and a line on stderr; that the node closes the
 * connection is no error: closed tells it. */
#ifndef KITH_TESTS_SUPPORT_WIRE_PEER_H
#define KITH_TESTS_SUPPORT_WIRE_PEER_H

#include <stdbool.h>

#include "proto/address.h"
#include "proto/message.h"
#include "proto/session.h"

struct wire_peer {
    int fd;
    struct session *session;
    struct key static_key; /* ours */
    bool closed;           /* by the node */
    bool said_bye;
    enum err_code bye;
    void (*frame)(void *context, const struct frame *frame); /* NULL: what comes is dropped */
    void *context;
};

/* Connect, without a word; from NULL or that IPv4 address of this machine. */
void wire_peer_connect(struct wire_peer *peer, const struct address *address, const char *from);
/* The handshake, with a fresh static key. */
void wire_peer_shake_hands(struct wire_peer *peer, const struct address *address);
void wire_peer_hello(struct wire_peer *peer);
/* One frame, written as far as there is credit; what comes meanwhile stays unread, unless so much
 * waits that it has to be listened for credit. */
void wire_peer_say(struct wire_peer *peer, enum frame_type type, struct octets payload);
/* Octets that no session made. */
void wire_peer_raw(struct wire_peer *peer, const void *octets, size_t len);
/* Read what there is, waiting so long for it, and work it off. */
void wire_peer_listen(struct wire_peer *peer, int wait_ms);
void wire_peer_close(struct wire_peer *peer);

#endif
