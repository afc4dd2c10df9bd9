/* hostile_peer ADDRESS WHAT [FILE]: connect like a node, then misbehave.  Ends with 0 once the
 * other side has closed the connection, 1 if it still stands after some seconds.
 *
 *   noise    octets that no session key made
 *   frame    a frame of a type that does not exist
 *   hello    something else where a HELLO belongs
 *   early    a question before HELLO
 *   twice    HELLO, and HELLO again
 *   relay    HELLO as a relay, with a proof that does not hold
 *   proof    the posts of FILE, each with its proof altered
 *   future   posts dated ahead
 *   endless  frames of what nobody asked for, without end
 *
 * and what ends with 0 when the connections still stand after a second:
 *
 *   quiet    HELLO and nothing else
 *   burst    BURST large new posts, as fast as can be
 *   deaf     ask for the large post of FILE as often as can be, and read no answer
 *   stopped  HELLO, and then nothing is read any more; stands until it is ended
 *   crowd    CROWD connections from 127.0.0.2 that behave; stands until it is ended */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/posts.h"
#include "tests/support/wire_peer.h"

#define PATIENCE_S 15
#define CROWD      40
#define LARGE      20000 /* octets of a post */
#define BURST      160
#define BURST_LEN  30000 /* octets of text, so that eight fit a frame */

static void quit(const char *why)
{
    (void)fprintf(stderr, "hostile_peer: %s\n", why);
    exit(2);
}

static void send_post(struct wire_peer *peer, const void *wire, size_t len)
{
    static uint8_t payload[MESSAGE_POSTS_HEAD + POST_WIRE_MAX];
    size_t head_len = message_posts_head(payload, 1);
    memcpy(payload + head_len, wire, len);
    wire_peer_say(peer, FRAME_POSTS, octets_of(payload, head_len + len));
}

/* The posts of a file, one after another: each is given to take. */
static void each_post(struct wire_peer *peer, const char *path,
                      void (*take)(struct wire_peer *peer, uint8_t *wire, size_t len,
                                   const struct post_id *id))
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
        take(peer, at, len, &post.id);
        at += len;
        left -= len;
    }
    if (in != NULL) {
        (void)fclose(in);
    }
}

static void forge(struct wire_peer *peer, uint8_t *wire, size_t len, const struct post_id *id)
{
    (void)id;
    wire[len - 1] ^= 1;
    send_post(peer, wire, len);
}

/* As often as can be: 4 WANTs may be open, and each asks for the one large post 512 times. */
static void want(struct wire_peer *peer, uint8_t *wire, size_t len, const struct post_id *id)
{
    (void)wire;
    static uint8_t payload[MESSAGE_IDS_CAP];
    struct post_id ids[MESSAGE_IDS_MAX];
    for (size_t i = 0; i < MESSAGE_IDS_MAX; i++) {
        ids[i] = *id;
    }
    size_t payload_len = message_ids_encode(payload, ids, MESSAGE_IDS_MAX);
    for (int i = 0; len > LARGE && i < 4; i++) {
        wire_peer_say(peer, FRAME_WANT, octets_of(payload, payload_len));
    }
}

static void send_from_the_future(struct wire_peer *peer)
{
    struct person person = person_of("nobody in particular");
    for (uint64_t i = 0; i < 100 && !peer->closed; i++) {
        struct posts posts = {0};
        (void)person_text(&posts, &person, (uint64_t)time(NULL) + 86400 + i, "from tomorrow", NULL);
        send_post(peer, posts.wires[0].at, posts.wires[0].len);
        posts_free(&posts);
    }
}

/* New posts, from a personal node: so they are pushed on. */
static void send_burst(struct wire_peer *peer)
{
    enum { PER_FRAME = 8 };
    static const uint8_t hops[PER_FRAME];
    static uint8_t payload[FRAME_MAX];
    static char text[BURST_LEN + 1];
    struct person person = person_of("somebody with much to say");
    struct posts posts = {0};
    memset(text, 'z', BURST_LEN);
    for (uint64_t i = 0; i < BURST; i++) {
        (void)person_text(&posts, &person, (uint64_t)time(NULL) - i, text, NULL);
    }
    for (size_t i = 0; i < BURST; i += PER_FRAME) {
        size_t len = message_new_head(payload, hops, PER_FRAME);
        for (size_t k = i; k < i + PER_FRAME; k++) {
            memcpy(payload + len, posts.wires[k].at, posts.wires[k].len);
            len += posts.wires[k].len;
        }
        wire_peer_say(peer, FRAME_POSTS, octets_of(payload, len));
    }
    posts_free(&posts);
}

static void send_endlessly(struct wire_peer *peer)
{
    static uint8_t payload[FRAME_MAX];
    for (time_t end = time(NULL) + PATIENCE_S; !peer->closed && time(NULL) < end;) {
        wire_peer_say(peer, FRAME_RECON, octets_of(payload, sizeof payload));
        wire_peer_listen(peer, 0);
    }
}

static void say_false_relay(struct wire_peer *peer)
{
    struct message_hello hello = {.role = MESSAGE_RELAY, .identity = person_of("relay").key};
    uint8_t payload[MESSAGE_HELLO_CAP];
    wire_peer_say(peer, FRAME_HELLO, octets_of(payload, message_hello_encode(payload, &hello)));
}

/* What comes in the place of HELLO; false: something else. */
static bool misgreet(struct wire_peer *peer, const char *what)
{
    if (strcmp(what, "hello") == 0) {
        wire_peer_say(peer, FRAME_HELLO, octets_of("\xc0", 1));
    } else if (strcmp(what, "early") == 0) {
        wire_peer_say(peer, FRAME_RECON_END, octets_of("\x91\x01", 2));
    } else if (strcmp(what, "relay") == 0) {
        say_false_relay(peer);
    } else {
        return false;
    }
    return true;
}

static void misbehave(struct wire_peer *peer, const char *what, const char *path)
{
    static const uint8_t bad_frame[] = {60, 0, 0, 0, 0};
    if (misgreet(peer, what)) {
        return;
    }
    wire_peer_hello(peer);
    if (strcmp(what, "noise") == 0) {
        uint8_t noise[2 * NOISE_MESSAGE_MAX]; /* whatever length it promises is there */
        randombytes_buf(noise, sizeof noise);
        wire_peer_raw(peer, noise, sizeof noise);
    } else if (strcmp(what, "frame") == 0) {
        wire_peer_say(peer, FRAME_WANT, octets_of(bad_frame, sizeof bad_frame));
    } else if (strcmp(what, "twice") == 0) {
        wire_peer_hello(peer);
    } else if (strcmp(what, "proof") == 0) {
        each_post(peer, path, forge);
    } else if (strcmp(what, "future") == 0) {
        send_from_the_future(peer);
    } else if (strcmp(what, "endless") == 0) {
        send_endlessly(peer);
    } else if (strcmp(what, "burst") == 0) {
        send_burst(peer);
    } else if (strcmp(what, "deaf") == 0) {
        each_post(peer, path, want);
        (void)sleep(2);
    }
}

static void stop_reading(const struct address *address)
{
    struct wire_peer peer;
    wire_peer_connect(&peer, address, NULL);
    wire_peer_shake_hands(&peer, address);
    wire_peer_hello(&peer);
    (void)puts("here");
    (void)fflush(stdout);
    (void)sleep(PATIENCE_S);
}

static void stand_around(const struct address *address)
{
    static struct wire_peer crowd[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        wire_peer_connect(&crowd[i], address, "127.0.0.2");
        wire_peer_shake_hands(&crowd[i], address);
        if (!crowd[i].closed) {
            wire_peer_hello(&crowd[i]);
        }
    }
    (void)puts("here");
    (void)fflush(stdout);
    (void)sleep(PATIENCE_S);
}

int main(int argc, char **argv)
{
    struct address address;
    if (argc < 3 || sodium_init() < 0 ||
        address_parse(&address, octets_of_text(argv[1])) != ERR_OK) {
        quit("usage: hostile_peer ADDRESS WHAT [FILE]");
    }
    const char *what = argv[2];
    if (strcmp(what, "crowd") == 0) {
        stand_around(&address);
        return 0;
    }
    if (strcmp(what, "stopped") == 0) {
        stop_reading(&address);
        return 0;
    }
    struct wire_peer peer;
    wire_peer_connect(&peer, &address, NULL);
    wire_peer_shake_hands(&peer, &address);
    misbehave(&peer, what, argc > 3 ? argv[3] : "");
    bool stands =
        strcmp(what, "quiet") == 0 || strcmp(what, "deaf") == 0 || strcmp(what, "burst") == 0;
    for (time_t end = time(NULL) + (stands ? 1 : PATIENCE_S); !peer.closed && time(NULL) < end;) {
        wire_peer_listen(&peer, 100);
    }
    wire_peer_close(&peer);
    return peer.closed != stands ? 0 : 1;
}
