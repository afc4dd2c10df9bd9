#include "node/control_server.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/control_listen.h"
#include "node/job.h"
#include "node/log.h"
#include "node/memory.h"
#include "node/peer_uid.h"
#include "node/peer_unread.h"

#define LENGTH_LEN     4
#define UNREAD_STEP_MS 2 /* how often a client that is waited for is looked at */

struct client {
    uv_pipe_t pipe;
    struct control_server *server;
    uint32_t number; /* 0: the place is free */
    bool closing;
    uint8_t length[LENGTH_LEN];
    size_t length_got;
    uint8_t *message; /* NULL until its length is known */
    size_t message_len;
    size_t message_got;
    unsigned under_way_count;
    size_t unsent_len; /* given to the socket and still in the process */
    bool reading;
    uint64_t sent_count; /* messages given to the socket, and those that left the process */
    uint64_t written_count;
};

/* An answer that waits for what was sent to others before it, or a message that came behind one. */
struct held {
    struct held *next;
    uint32_t client;
    uint8_t *octets;
    size_t len;
    uint64_t due_ms;
    struct {
        uint32_t client;
        uint64_t sent_count;
    } before[CONTROL_CLIENTS_MAX];
};

struct control_server {
    uv_loop_t *loop;
    uv_pipe_t listener;
    uv_timer_t timer; /* of the first held answer, or of closing */
    struct control_events events;
    struct client clients[CONTROL_CLIENTS_MAX];
    uint32_t number_last;
    struct held *held_first;
    struct held *held_last;
    bool closing;
    unsigned handles_count; /* not closed yet */
    void (*closed)(void *context);
    void *closed_context;
};

struct sending {
    uv_write_t request;
    struct client *client;
    uint8_t *octets;
    size_t len;
};

static void release_held(struct control_server *server);
static void on_octets(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf);
static void close_drained(struct control_server *server);

static struct client *client_of(struct control_server *server, uint32_t number)
{
    for (size_t i = 0; number != 0 && i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &server->clients[i];
        if (client->number == number && !client->closing) {
            return client;
        }
    }
    return NULL;
}

static void handle_closed(struct control_server *server)
{
    server->handles_count--;
    if (server->handles_count > 0) {
        return;
    }
    assert(server->held_first == NULL);
    if (server->closed != NULL) {
        server->closed(server->closed_context);
    }
    free(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct control_server *server = client->server;
    if (client->message != NULL) { /* a request may hold a passphrase */
        sodium_memzero(client->message, client->message_len);
    }
    free(client->message);
    memset(client, 0, sizeof *client);
    if (server->closing) {
        close_drained(server);
    }
    handle_closed(server);
}

static void client_close(struct client *client)
{
    if (client->closing) {
        return;
    }
    struct control_server *server = client->server;
    client->closing = true;
    uv_close((uv_handle_t *)&client->pipe, on_client_closed);
    server->events.gone(server->events.context, client->number);
    release_held(server);
}

/* The next octets go exactly where they belong, so that nothing is ever left over. */
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct client *client = handle->data;
    if (client->message == NULL) {
        *buf = uv_buf_init((char *)client->length + client->length_got,
                           (unsigned)(LENGTH_LEN - client->length_got));
    } else {
        *buf = uv_buf_init((char *)client->message + client->message_got,
                           (unsigned)(client->message_len - client->message_got));
    }
}

/* A client that says what cannot be a message is not one of ours: nothing can be answered. */
static bool take_length(struct client *client)
{
    size_t message_len = 0;
    enum err_code rc = control_length(&message_len, octets_of(client->length, LENGTH_LEN));
    if (rc != ERR_OK || message_len == 0) {
        log_line(LOG_WARN, "a program on the control socket sent something else than a request");
        return false;
    }
    client->message = memory_get(message_len);
    client->message_len = message_len;
    client->message_got = 0;
    client->length_got = 0;
    return true;
}

/* A client is read only as fast as its messages are taken and its answers leave. */
static void update_reading(struct client *client)
{
    bool want =
        client->under_way_count < CONTROL_UNDER_WAY_MAX && client->unsent_len < CONTROL_UNSENT_MAX;
    if (client->closing || want == client->reading) {
        return;
    }
    client->reading = want;
    if (!want) {
        (void)uv_read_stop((uv_stream_t *)&client->pipe);
    } else if (uv_read_start((uv_stream_t *)&client->pipe, on_room, on_octets) != 0) {
        client_close(client);
    }
}

static void take_message(struct client *client)
{
    struct control_server *server = client->server;
    uint8_t *message = client->message;
    client->message = NULL;
    client->under_way_count++;
    update_reading(client);
    server->events.message(server->events.context, client->number, message, client->message_len);
}

static void on_octets(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void)buf;
    struct client *client = stream->data;
    if (got < 0) {
        client_close(client);
        return;
    }
    if (client->message == NULL) {
        client->length_got += (size_t)got;
        if (client->length_got == LENGTH_LEN && !take_length(client)) {
            client_close(client);
        }
        return;
    }
    client->message_got += (size_t)got;
    if (client->message_got == client->message_len) {
        take_message(client);
    }
}

static struct client *free_place(struct control_server *server)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (server->clients[i].number == 0) {
            return &server->clients[i];
        }
    }
    return NULL;
}

static bool client_is_ours(struct client *client)
{
    uv_os_fd_t fd = -1;
    return uv_fileno((uv_handle_t *)&client->pipe, &fd) == 0 && peer_uid_is_ours(fd);
}

static void on_refused_closed(uv_handle_t *handle)
{
    free(handle);
}

/* No place is free: take the connection and close it, or it would be offered for ever. */
static void refuse(struct control_server *server)
{
    uv_pipe_t *pipe = memory_get(sizeof *pipe);
    (void)uv_pipe_init(server->loop, pipe, 0);
    (void)uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)pipe);
    uv_close((uv_handle_t *)pipe, on_refused_closed);
    log_line(LOG_WARN, "too many programs on the control socket; one was turned away");
}

static void on_client(uv_stream_t *listener, int status)
{
    struct control_server *server = listener->data;
    if (status != 0 || server->closing) {
        return;
    }
    struct client *client = free_place(server);
    if (client == NULL) {
        refuse(server);
        return;
    }
    (void)uv_pipe_init(server->loop, &client->pipe, 0);
    client->pipe.data = client;
    client->server = server;
    server->number_last = server->number_last == UINT32_MAX ? 1 : server->number_last + 1;
    client->number = server->number_last;
    server->handles_count++;
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 || !client_is_ours(client)) {
        log_line(LOG_WARN, "a connection to the control socket was turned away");
        client_close(client);
        return;
    }
    update_reading(client);
}

/* An answer may hold her recovery words. */
static void wipe(uint8_t *octets, size_t len)
{
    sodium_memzero(octets, len);
    free(octets);
}

static void on_written(uv_write_t *request, int status)
{
    struct sending *sending = JOB_OWNER(request, struct sending, request);
    struct client *client = sending->client;
    struct control_server *server = client->server;
    client->written_count++;
    client->unsent_len -= sending->len;
    if (status == 0 && !client->closing) {
        server->events.written(server->events.context, client->number, sending->len);
        update_reading(client);
        release_held(server);
    } else if (status != 0) {
        client_close(client);
    }
    wipe(sending->octets, sending->len);
    free(sending);
    if (server->closing) {
        close_drained(server);
    }
}

static void send_now(struct control_server *server, uint32_t number, uint8_t *octets, size_t len)
{
    struct client *client = client_of(server, number);
    if (client == NULL) {
        wipe(octets, len);
        return;
    }
    struct sending *sending = memory_get(sizeof *sending);
    sending->client = client;
    sending->octets = octets;
    sending->len = len;
    uv_buf_t buf = uv_buf_init((char *)octets, (unsigned)len);
    client->sent_count++;
    client->unsent_len += len;
    if (uv_write(&sending->request, (uv_stream_t *)&client->pipe, &buf, 1, on_written) != 0) {
        client->sent_count--;
        client->unsent_len -= len;
        wipe(octets, len);
        free(sending);
        client_close(client);
        return;
    }
    update_reading(client);
}

static bool has_unread(const struct client *client)
{
    uv_os_fd_t fd;
    return uv_fileno((const uv_handle_t *)&client->pipe, &fd) == 0 && peer_unread(fd);
}

/* The client that an answer still waits for, or NULL: until it has read all that was sent before.
 * Nothing more is sent meanwhile, so that reading comes to an end. */
static struct client *waits_for(struct control_server *server, const struct held *held)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &server->clients[i];
        if (client->number != 0 && !client->closing && held->before[i].client == client->number &&
            (client->written_count < held->before[i].sent_count || has_unread(client))) {
            return client;
        }
    }
    return NULL;
}

static void arm_timer(struct control_server *server);

static void on_held(uv_timer_t *timer)
{
    struct control_server *server = timer->data;
    release_held(server); /* it may have been read by now */
    struct held *held = server->held_first;
    if (held != NULL && uv_now(server->loop) < held->due_ms) {
        arm_timer(server);
        return;
    }
    struct client *slow = held != NULL ? waits_for(server, held) : NULL;
    while (slow != NULL) {
        log_line(LOG_WARN, "a program on the control socket does not read; it was disconnected");
        client_close(slow);
        /* Closing may have released this answer: look at what is first now. */
        slow = server->held_first == held ? waits_for(server, held) : NULL;
    }
}

static void arm_timer(struct control_server *server)
{
    if (server->closing) {
        return;
    }
    if (server->held_first == NULL) {
        (void)uv_timer_stop(&server->timer);
        return;
    }
    uint64_t now_ms = uv_now(server->loop);
    uint64_t due_ms = server->held_first->due_ms;
    uint64_t left_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    (void)uv_timer_start(&server->timer, on_held,
                         left_ms < UNREAD_STEP_MS ? left_ms : UNREAD_STEP_MS, 0);
}

static void release_held(struct control_server *server)
{
    bool released = false;
    while (server->held_first != NULL && waits_for(server, server->held_first) == NULL) {
        struct held *held = server->held_first;
        server->held_first = held->next;
        send_now(server, held->client, held->octets, held->len);
        free(held);
        released = true;
    }
    if (released) {
        arm_timer(server);
    }
}

static void hold(struct control_server *server, uint32_t number, uint8_t *octets, size_t len,
                 enum command_order order)
{
    struct held *held = memory_get(sizeof *held);
    held->client = number;
    held->octets = octets;
    held->len = len;
    held->due_ms = uv_now(server->loop) + CONTROL_SLOW_MS;
    for (size_t i = 0; order == COMMAND_SEND_LAST && i < CONTROL_CLIENTS_MAX; i++) {
        /* On the asker's own connection order alone is enough. */
        if (server->clients[i].number != number) {
            held->before[i].client = server->clients[i].number;
            held->before[i].sent_count = server->clients[i].sent_count;
        }
    }
    if (server->held_first == NULL) {
        server->held_first = held;
    } else {
        server->held_last->next = held;
    }
    server->held_last = held;
    arm_timer(server);
    release_held(server);
}

void control_server_send(struct control_server *server, uint32_t client, uint8_t *octets,
                         size_t len, enum command_order order)
{
    if (order == COMMAND_SEND_LAST || server->held_first != NULL) {
        hold(server, client, octets, len, order);
    } else {
        send_now(server, client, octets, len);
    }
}

void control_server_taken(struct control_server *server, uint32_t number)
{
    struct client *client = client_of(server, number);
    if (client == NULL) {
        return;
    }
    client->under_way_count--;
    update_reading(client);
}

static bool holds_for(const struct control_server *server, const struct client *client)
{
    const struct held *held = server->held_first;
    while (held != NULL && held->client != client->number) {
        held = held->next;
    }
    return held != NULL;
}

/* Close every client that has got all it is to get; the timer is the last to go. */
static void close_drained(struct control_server *server)
{
    bool any_open = false;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &server->clients[i];
        if (client->number == 0 || client->closing) {
            continue;
        }
        if (client->written_count == client->sent_count && !holds_for(server, client)) {
            client_close(client);
        } else {
            any_open = true;
        }
    }
    if (!any_open && !uv_is_closing((uv_handle_t *)&server->timer)) {
        uv_close((uv_handle_t *)&server->timer, on_handle_closed);
    }
}

static void on_drained_too_long(uv_timer_t *timer)
{
    struct control_server *server = timer->data;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (server->clients[i].number != 0) {
            client_close(&server->clients[i]);
        }
    }
    close_drained(server);
}

void control_server_close(struct control_server *server, void (*closed)(void *context),
                          void *context)
{
    assert(!server->closing);
    server->closing = true;
    server->closed = closed;
    server->closed_context = context;
    uv_close((uv_handle_t *)&server->listener, on_handle_closed);
    (void)uv_timer_start(&server->timer, on_drained_too_long, CONTROL_SLOW_MS, 0);
    close_drained(server);
}

enum err_code control_server_new(struct control_server **server, uv_loop_t *loop, const char *home,
                                 const struct control_events *events, struct err_note *note)
{
    char path[CONTROL_PATH_MAX];
    enum err_code rc = control_listen_path(path, home, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct control_server *made = memory_get(sizeof *made);
    made->loop = loop;
    made->events = *events;
    (void)uv_timer_init(loop, &made->timer);
    (void)uv_pipe_init(loop, &made->listener, 0);
    made->timer.data = made;
    made->listener.data = made;
    made->handles_count = 2;
    rc = control_listen(&made->listener, path, on_client, note);
    if (rc != ERR_OK) {
        control_server_close(made, NULL, NULL);
        return rc;
    }
    *server = made;
    return ERR_OK;
}
