#include "tests/bench/sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/message.h"
#include "proto/session.h"
#include "proto/set.h"
#include "tests/bench/measure.h"
#include "tests/support/negentropy_peer.h"

#define ASK_AGAIN_MS 4
#define WAIT_MS      100
#define BLOCKED_MS   1000
#define GIVE_UP_S    600.0

#define FRAME_POSTS_LEN 131072

struct sender {
    int socket;
    struct session *session;
    bool established;
    bool greeted;
    uint32_t recon; /* the number of the reconciliation under way */
    bool answered;
    uint8_t answer[NEGENTROPY_MESSAGE_MAX];
    size_t answer_len;
    double begun;
};

static uint64_t now_ms(void)
{
    return (uint64_t)(clock_wall() * 1000);
}

static void on_frame(struct sender *s, const struct frame *frame)
{
    struct message_recon recon;
    switch (frame->type) {
    case FRAME_HELLO:
        s->greeted = true;
        break;
    case FRAME_RECON:
        must_ok(message_recon_decode(&recon, frame->payload), NULL, "a RECON");
        must(recon.session == s->recon && recon.message.len <= sizeof s->answer,
             "a RECON nobody asked for");
        memcpy(s->answer, recon.message.at, recon.message.len);
        s->answer_len = recon.message.len;
        s->answered = true;
        break;
    case FRAME_POSTS:
    case FRAME_IHAVE:
        break; /* what it takes in from others meanwhile */
    default:
        must(false, "the relay sent what a bench does not expect");
    }
}

static void take_events(struct sender *s)
{
    enum session_event event;
    do {
        struct frame frame;
        must_ok(session_next(s->session, &event, &frame), NULL, "the session with the relay");
        if (event == SESSION_HANDSHAKE_STEP) {
            must_ok(session_handshake_step(s->session), NULL, "the handshake");
        } else if (event == SESSION_ESTABLISHED) {
            s->established = true;
        } else if (event == SESSION_FRAME) {
            on_frame(s, &frame);
        }
    } while (event != SESSION_WAITING);
}

static void read_some(struct sender *s)
{
    struct octets_room room = session_room(s->session);
    ssize_t got = recv(s->socket, room.at, room.cap, 0);
    must(got > 0 || (got < 0 && errno == EAGAIN), "the relay closed the connection");
    session_received(s->session, got > 0 ? (size_t)got : 0, now_ms());
}

/* False when the system takes no more for now. */
static bool write_some(struct sender *s, struct octets output)
{
    ssize_t sent = send(s->socket, output.at, output.len, MSG_NOSIGNAL);
    must(sent >= 0 || errno == EAGAIN, "writing to the relay");
    if (sent > 0) {
        session_written(s->session, (size_t)sent);
    }
    return sent > 0;
}

/* Write what there is, wait for the socket, read what came. */
static void turn(struct sender *s, int wait_ms)
{
    bool blocked = false;
    struct octets output = session_output(s->session);
    while (!blocked && output.len > 0) {
        blocked = !write_some(s, output);
        output = session_output(s->session);
    }
    bool waits = blocked || session_output_pending(s->session) > 0; /* for credit, then */
    struct pollfd ready = {.fd = s->socket, .events = (short)(POLLIN | (blocked ? POLLOUT : 0))};
    if (poll(&ready, 1, waits ? BLOCKED_MS : wait_ms) > 0 && (ready.revents & ~POLLOUT) != 0) {
        read_some(s);
    }
    take_events(s);
    must(clock_wall() - s->begun < GIVE_UP_S, "the relay does not finish");
}

static int connect_to(const struct address *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    must(inet_pton(AF_INET, address->host, &to.sin_addr) == 1, "the relay's address");
    int made = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    must(made >= 0 && connect(made, (struct sockaddr *)&to, sizeof to) == 0, "connecting");
    must(setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
             fcntl(made, F_SETFL, O_NONBLOCK) == 0,
         "setting up a connection");
    return made;
}

struct sender *sender_new(const struct address *address)
{
    struct sender *s = must_get(1, sizeof *s);
    uint8_t secret[NOISE_KEY_LEN];
    uint8_t ephemeral[NOISE_KEY_LEN];
    struct noise_keypair local;
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(ephemeral, sizeof ephemeral);
    noise_keypair_from_secret(&local, secret);
    struct session_config config = {.role = NOISE_INITIATOR,
                                    .local = &local,
                                    .ephemeral_secret = ephemeral,
                                    .remote_public = address->static_key.octets,
                                    .now_ms = now_ms()};
    must_ok(session_new(&s->session, &config), NULL, "a session");
    s->begun = clock_wall();
    s->socket = connect_to(address);
    s->recon = 1; /* whoever dialled counts in odd numbers */
    take_events(s);
    while (!s->established) {
        turn(s, WAIT_MS);
    }
    uint8_t hello[MESSAGE_HELLO_CAP];
    struct message_hello own = {.role = MESSAGE_PERSONAL};
    size_t len = message_hello_encode(hello, &own);
    must_ok(session_send(s->session, FRAME_HELLO, octets_of(hello, len)), NULL, "HELLO");
    while (!s->greeted) {
        turn(s, WAIT_MS);
    }
    return s;
}

void sender_free(struct sender *s)
{
    (void)close(s->socket);
    session_free(s->session);
    free(s);
}

int sender_socket(const struct sender *s)
{
    return s->socket;
}

void sender_grant(struct sender *s, uint32_t len)
{
    uint8_t payload[4];
    octets_put_u32be(payload, len);
    must_ok(session_send(s->session, FRAME_CREDIT, octets_of(payload, sizeof payload)), NULL,
            "CREDIT");
    struct octets output = session_output(s->session);
    while (output.len > 0 && write_some(s, output)) {
        output = session_output(s->session);
    }
}

static void queue_frame(struct sender *s, const struct data *data, size_t first, size_t count)
{
    static uint8_t payload[FRAME_MAX];
    static const uint8_t hops[MESSAGE_POSTS_MAX]; /* as who wrote them sends them: they are new */
    must(count <= MESSAGE_POSTS_MAX, "too many posts for a frame");
    size_t len = message_new_head(payload, hops, (uint32_t)count);
    for (size_t i = first; i < first + count; i++) {
        must(len + data->wires[i].len <= sizeof payload, "too many posts for a frame");
        memcpy(payload + len, data->wires[i].at, data->wires[i].len);
        len += data->wires[i].len;
    }
    must_ok(session_send(s->session, FRAME_POSTS, octets_of(payload, len)), NULL, "POSTS");
}

/* How many of the posts from at on make the next frame. */
static size_t frame_count(const struct data *data, size_t at, size_t posts_per_frame)
{
    size_t count = 0;
    size_t len = 0;
    while (at + count < data->count && count < posts_per_frame &&
           (count == 0 || len + data->wires[at + count].len <= FRAME_POSTS_LEN)) {
        len += data->wires[at + count].len;
        count++;
    }
    return count;
}

void sender_send(struct sender *s, const struct data *data, size_t posts_per_frame)
{
    s->begun = clock_wall();
    size_t at = 0;
    while (at < data->count || session_output_pending(s->session) > 0) {
        while (at < data->count && !session_wants_pause(s->session)) {
            size_t count = frame_count(data, at, posts_per_frame);
            queue_frame(s, data, at, count);
            at += count;
        }
        turn(s, 0);
    }
}

/* Whether the relay's set is the same now. */
static bool ask(struct sender *s, const struct sorted_set *set)
{
    static uint8_t payload[NEGENTROPY_MESSAGE_MAX + MESSAGE_RECON_HEAD];
    struct negentropy_peer *peer =
        negentropy_peer_new(set, NEGENTROPY_INITIATOR, NEGENTROPY_FRAME_MIN, 4096);
    s->recon += 2;
    s->answered = false;
    struct message_recon recon = {
        .session = s->recon, .set = SET_ALL, .message = negentropy_peer_initiate(peer)};
    size_t len = message_recon_encode(payload, &recon);
    must_ok(session_send(s->session, FRAME_RECON, octets_of(payload, len)), NULL, "RECON");
    while (!s->answered) {
        turn(s, WAIT_MS);
    }
    must_ok(negentropy_peer_receive(peer, octets_of(s->answer, s->answer_len)), NULL,
            "the relay's answer");
    len = message_recon_end_encode(payload, s->recon);
    must_ok(session_send(s->session, FRAME_RECON_END, octets_of(payload, len)), NULL, "RECON_END");
    bool equal =
        peer->step.next == NEGENTROPY_DONE && peer->have.count == 0 && peer->need.count == 0;
    negentropy_peer_free(peer);
    return equal;
}

void sender_await(struct sender *s, const struct sorted_set *set)
{
    while (!ask(s, set)) {
        (void)poll(NULL, 0, ASK_AGAIN_MS);
    }
}
