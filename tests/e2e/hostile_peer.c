/* hostile_peer ADDRESS WHAT [FILE]: connect like a node, then misbehave.  Ends with 0 once the
 * other side has closed the connection, 1 if it still stands after some seconds.
 *
 *   noise    octets that no session key made
 *   frame    a frame of a type that does not exist
 *   hello    something else where a HELLO belongs
 *   proof    the posts of FILE, each with its proof altered
 *   endless  frames of what nobody asked for, without end
 *   quiet    HELLO and nothing else; ends with 0 when the connection still stands after a second */
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proto/address.h"
#include "proto/message.h"
#include "proto/session.h"

#define PATIENCE_S 15

struct peer {
    int fd;
    struct session *session;
    bool closed; /* by the other side */
};

static void quit(const char *why)
{
    (void)fprintf(stderr, "hostile_peer: %s\n", why);
    exit(2);
}

static int connect_to(const struct address *address)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)address->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address->host, port, &hints, &found) != 0) {
        quit("no such host");
    }
    int fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        quit("no connection");
    }
    freeaddrinfo(found);
    return fd;
}

static void flush(struct peer *peer)
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

/* Read what there is, waiting a little for it. */
static void take_in(struct peer *peer, int wait_ms)
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
}

/* Work off what the session has; false when it waits for octets. */
static bool next(struct peer *peer)
{
    enum session_event event = SESSION_WAITING;
    struct frame frame;
    if (session_next(peer->session, &event, &frame) != ERR_OK) {
        quit("the other side does not keep to the protocol");
    }
    if (event == SESSION_HANDSHAKE_STEP && session_handshake_step(peer->session) != ERR_OK) {
        quit("the handshake failed");
    }
    return event != SESSION_WAITING;
}

static void shake_hands(struct peer *peer, const struct address *address)
{
    uint8_t secret[NOISE_KEY_LEN];
    uint8_t ephemeral[NOISE_KEY_LEN];
    struct noise_keypair keys;
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(ephemeral, sizeof ephemeral);
    noise_keypair_from_secret(&keys, secret);
    struct session_config config = {.role = NOISE_INITIATOR,
                                    .local = &keys,
                                    .ephemeral_secret = ephemeral,
                                    .remote_public = address->static_key.octets};
    if (session_new(&peer->session, &config) != ERR_OK) {
        quit("no memory");
    }
    while (!session_is_established(peer->session) && !peer->closed) {
        while (next(peer)) {
        }
        flush(peer);
        if (!session_is_established(peer->session)) {
            take_in(peer, 1000);
        }
    }
    flush(peer);
}

static void say(struct peer *peer, enum frame_type type, struct octets payload)
{
    while (session_send(peer->session, type, payload) == ERR_FLOOD && !peer->closed) {
        flush(peer);
    }
    flush(peer);
}

static void say_hello(struct peer *peer)
{
    struct message_hello hello = {.role = MESSAGE_PERSONAL};
    uint8_t payload[MESSAGE_HELLO_CAP];
    say(peer, FRAME_HELLO, octets_of(payload, message_hello_encode(payload, &hello)));
}

static void send_raw(struct peer *peer, const void *octets, size_t len)
{
    peer->closed = send(peer->fd, octets, len, MSG_NOSIGNAL) <= 0;
}

static void send_forged(struct peer *peer, const char *path)
{
    static uint8_t file[1 << 20];
    FILE *in = fopen(path, "rb");
    size_t left = in != NULL ? fread(file, 1, sizeof file, in) : 0;
    for (uint8_t *at = file; left > 0;) {
        struct post post;
        size_t len = 0;
        if (post_decode_prefix(&post, &len, octets_of(at, left)) != ERR_OK) {
            quit("the file holds no posts");
        }
        at[len - 1] ^= 1;
        uint8_t payload[MESSAGE_POSTS_HEAD + POST_WIRE_MAX];
        size_t head_len = message_posts_head(payload, 1);
        memcpy(payload + head_len, at, len);
        say(peer, FRAME_POSTS, octets_of(payload, head_len + len));
        at += len;
        left -= len;
    }
    if (in != NULL) {
        (void)fclose(in);
    }
}

static void send_endlessly(struct peer *peer)
{
    static uint8_t payload[FRAME_MAX];
    for (time_t end = time(NULL) + PATIENCE_S; !peer->closed && time(NULL) < end;) {
        say(peer, FRAME_RECON, octets_of(payload, sizeof payload));
        take_in(peer, 0);
    }
}

static void misbehave(struct peer *peer, const char *what, const char *path)
{
    static const uint8_t bad_frame[] = {60, 0, 0, 0, 0};
    if (strcmp(what, "hello") == 0) {
        say(peer, FRAME_HELLO, octets_of("\xc0", 1));
        return;
    }
    say_hello(peer);
    if (strcmp(what, "noise") == 0) {
        uint8_t noise[2 * NOISE_MESSAGE_MAX]; /* whatever length it promises is there */
        randombytes_buf(noise, sizeof noise);
        send_raw(peer, noise, sizeof noise);
    } else if (strcmp(what, "frame") == 0) {
        say(peer, FRAME_WANT, octets_of(bad_frame, sizeof bad_frame));
    } else if (strcmp(what, "proof") == 0) {
        send_forged(peer, path);
    } else if (strcmp(what, "endless") == 0) {
        send_endlessly(peer);
    }
}

int main(int argc, char **argv)
{
    struct address address;
    if (argc < 3 || sodium_init() < 0 ||
        address_parse(&address, octets_of_text(argv[1])) != ERR_OK) {
        quit("usage: hostile_peer ADDRESS WHAT [FILE]");
    }
    struct peer peer = {.fd = connect_to(&address)};
    shake_hands(&peer, &address);
    misbehave(&peer, argv[2], argc > 3 ? argv[3] : "");
    bool quiet = strcmp(argv[2], "quiet") == 0;
    for (time_t end = time(NULL) + (quiet ? 2 : PATIENCE_S); !peer.closed && time(NULL) < end;) {
        while (next(&peer)) {
        }
        take_in(&peer, 100);
    }
    session_free(peer.session);
    (void)close(peer.fd);
    return peer.closed != quiet ? 0 : 1;
}
