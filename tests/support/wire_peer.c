#include "tests/support/wire_peer.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CREDIT_WAIT_MS 10

static void quit(const char *why)
{
    (void)fprintf(stderr, "a peer for tests: %s\n", why);
    exit(2);
}

static void come_from(int fd, const char *from)
{
    struct sockaddr_in local = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, from, &local.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&local, sizeof local) != 0) {
        quit("no such address here");
    }
}

void wire_peer_connect(struct wire_peer *peer, const struct address *address, const char *from)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)address->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address->host, port, &hints, &found) != 0) {
        quit("no such host");
    }
    *peer = (struct wire_peer){.fd = socket(found->ai_family, SOCK_STREAM, 0)};
    if (peer->fd >= 0 && from != NULL) {
        come_from(peer->fd, from);
    }
    if (peer->fd < 0 || connect(peer->fd, found->ai_addr, found->ai_addrlen) != 0) {
        quit("no connection");
    }
    freeaddrinfo(found);
}

static void flush(struct wire_peer *peer)
{
    for (struct octets out = session_output(peer->session); out.len > 0 && !peer->closed;
         out = session_output(peer->session)) {
        ssize_t sent = send(peer->fd, out.at, out.len, MSG_NOSIGNAL);
        if (sent <= 0) {
            peer->closed = true;
        } else {
            session_written(peer->session, (size_t)sent);
        }
    }
}

static void on_frame(struct wire_peer *peer, const struct frame *frame)
{
    if (frame->type == FRAME_BYE) {
        peer->said_bye = message_bye_decode(&peer->bye, frame->payload) == ERR_OK;
    }
    if (peer->frame != NULL) {
        peer->frame(peer->context, frame);
    }
}

/* Work off what the session has. */
static void work(struct wire_peer *peer)
{
    enum session_event event = SESSION_FRAME;
    while (event != SESSION_WAITING) {
        struct frame frame;
        if (session_next(peer->session, &event, &frame) != ERR_OK) {
            quit("the other side does not keep to the protocol");
        }
        if (event == SESSION_HANDSHAKE_STEP && session_handshake_step(peer->session) != ERR_OK) {
            quit("the handshake failed");
        }
        if (event == SESSION_FRAME) {
            on_frame(peer, &frame);
        }
    }
}

void wire_peer_listen(struct wire_peer *peer, int wait_ms)
{
    struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
    if (peer->closed || poll(&ready, 1, wait_ms) <= 0) {
        return;
    }
    struct octets_room room = session_room(peer->session);
    ssize_t got = recv(peer->fd, room.at, room.cap, 0);
    if (got <= 0) {
        peer->closed = true;
        return;
    }
    session_received(peer->session, (size_t)got, 0);
    work(peer);
    flush(peer);
}

void wire_peer_shake_hands(struct wire_peer *peer, const struct address *address)
{
    uint8_t secret[NOISE_KEY_LEN];
    uint8_t ephemeral[NOISE_KEY_LEN];
    struct noise_keypair keys;
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(ephemeral, sizeof ephemeral);
    noise_keypair_from_secret(&keys, secret);
    memcpy(peer->static_key.octets, keys.public, KEY_LEN);
    struct session_config config = {.role = NOISE_INITIATOR,
                                    .local = &keys,
                                    .ephemeral_secret = ephemeral,
                                    .remote_public = address->static_key.octets};
    if (session_new(&peer->session, &config) != ERR_OK) {
        quit("no memory");
    }
    work(peer);
    flush(peer);
    while (!session_is_established(peer->session) && !peer->closed) {
        wire_peer_listen(peer, 1000);
    }
}

void wire_peer_say(struct wire_peer *peer, enum frame_type type, struct octets payload)
{
    while (session_send(peer->session, type, payload) == ERR_FLOOD && !peer->closed) {
        flush(peer);
        wire_peer_listen(peer, CREDIT_WAIT_MS);
    }
    flush(peer);
}

void wire_peer_hello(struct wire_peer *peer)
{
    struct message_hello hello = {.role = MESSAGE_PERSONAL};
    uint8_t payload[MESSAGE_HELLO_CAP];
    wire_peer_say(peer, FRAME_HELLO, octets_of(payload, message_hello_encode(payload, &hello)));
}

void wire_peer_raw(struct wire_peer *peer, const void *octets, size_t len)
{
    peer->closed = send(peer->fd, octets, len, MSG_NOSIGNAL) <= 0;
}

void wire_peer_close(struct wire_peer *peer)
{
    session_free(peer->session);
    (void)close(peer->fd);
}
