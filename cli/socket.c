#include "cli/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_FIRST 4096
/* Ctrl-C between the check and the wait is noticed after this long. */
#define INTERRUPT_STEP_MS 300

static volatile sig_atomic_t interrupted = 0;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static struct socket_transport *self_of(struct cli_transport *transport)
{
    return transport->context;
}

/* Another user's socket could pretend to be the node. */
static enum err_code path_check(const char *home, const char *path)
{
    struct stat about;
    if (stat(home, &about) != 0) {
        return ERR_NOT_FOUND;
    }
    if (lstat(path, &about) != 0) {
        return ERR_NO_NODE;
    }
    return S_ISSOCK(about.st_mode) && (about.st_uid == geteuid() || geteuid() == 0)
               ? ERR_OK
               : ERR_PERMISSION;
}

static enum err_code on_open(struct cli_transport *transport, const char *home)
{
    struct socket_transport *self = self_of(transport);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len =
        snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", home, CONTROL_SOCKET_NAME);
    if (len < 0 || (size_t)len >= sizeof address.sun_path) {
        return ERR_TOO_LARGE;
    }
    enum err_code rc = path_check(home, address.sun_path);
    if (rc != ERR_OK) {
        return rc;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return err_from_errno(NULL, errno);
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        rc = errno == EACCES || errno == EPERM ? ERR_PERMISSION : ERR_NO_NODE;
        (void)close(fd);
        return rc;
    }
    self->fd = fd;
    self->received_len = 0;
    self->message_len = 0;
    return ERR_OK;
}

static enum err_code on_send(struct cli_transport *transport, struct octets message)
{
    struct socket_transport *self = self_of(transport);
    for (size_t at = 0; at < message.len;) {
        ssize_t sent = send(self->fd, message.at + at, message.len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return ERR_NETWORK;
        }
        at += sent > 0 ? (size_t)sent : 0;
    }
    return ERR_OK;
}

static uint64_t clock_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* How long to wait before looking at clock and Ctrl-C again; -1 for ever. */
static int step_ms(const struct socket_transport *self, uint64_t now_ms, uint64_t deadline_ms)
{
    uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    if (self->is_interruptible && (deadline_ms == 0 || left_ms > INTERRUPT_STEP_MS)) {
        return INTERRUPT_STEP_MS;
    }
    return deadline_ms > 0 ? (int)left_ms : -1;
}

static enum err_code wait_readable(struct socket_transport *self, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now_ms = clock_ms();
        if (self->is_interruptible && interrupted != 0) {
            return ERR_CANCELLED;
        }
        if (deadline_ms > 0 && now_ms >= deadline_ms) {
            return ERR_TIMEOUT;
        }
        struct pollfd wait = {.fd = self->fd, .events = POLLIN};
        int ready = poll(&wait, 1, step_ms(self, now_ms, deadline_ms));
        if (ready > 0) {
            return ERR_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return ERR_NETWORK;
        }
    }
}

/* Read until there are len octets. */
static enum err_code fill(struct socket_transport *self, size_t len, uint64_t deadline_ms)
{
    if (len > self->received_max) {
        uint8_t *larger = realloc(self->received, len > RECEIVE_FIRST ? len : RECEIVE_FIRST);
        if (larger == NULL) {
            return ERR_NO_MEMORY;
        }
        self->received = larger;
        self->received_max = len > RECEIVE_FIRST ? len : RECEIVE_FIRST;
    }
    while (self->received_len < len) {
        enum err_code rc = wait_readable(self, deadline_ms);
        if (rc != ERR_OK) {
            return rc;
        }
        /* No further than this message: what is not read yet can still be taken back. */
        ssize_t got =
            recv(self->fd, self->received + self->received_len, len - self->received_len, 0);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return ERR_NETWORK;
        }
        self->received_len += got > 0 ? (size_t)got : 0;
    }
    return ERR_OK;
}

static enum err_code on_receive(struct cli_transport *transport, struct octets *message,
                                unsigned timeout_ms)
{
    struct socket_transport *self = self_of(transport);
    uint64_t deadline_ms = timeout_ms > 0 ? clock_ms() + timeout_ms : 0;
    self->received_len -= self->message_len;
    if (self->received_len > 0) {
        memmove(self->received, self->received + self->message_len, self->received_len);
    }
    self->message_len = 0;

    size_t len = 0;
    enum err_code rc = fill(self, CONTROL_PREFIX_LEN, deadline_ms);
    if (rc == ERR_OK) {
        rc = control_length(&len, octets_of(self->received, self->received_len));
    }
    if (rc == ERR_OK) {
        rc = fill(self, CONTROL_PREFIX_LEN + len, deadline_ms);
    }
    if (rc == ERR_OK) {
        self->message_len = CONTROL_PREFIX_LEN + len;
        *message = octets_of(self->received + CONTROL_PREFIX_LEN, len);
    }
    return rc;
}

static bool on_gone(struct cli_transport *transport)
{
    struct pollfd look = {.fd = self_of(transport)->fd, .events = 0};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void on_close(struct cli_transport *transport)
{
    struct socket_transport *self = self_of(transport);
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    self->fd = -1;
    if (self->received != NULL) { /* it may hold her recovery words, and a session goes on */
        sodium_memzero(self->received, self->received_max);
    }
}

static void on_interruptible(struct cli_transport *transport, bool on)
{
    struct socket_transport *self = self_of(transport);
    struct sigaction action = {.sa_handler = on ? on_interrupt : SIG_DFL};
    if (self->is_interruptible == on) {
        return;
    }
    interrupted = 0;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    self->is_interruptible = on;
}

void socket_init(struct socket_transport *self)
{
    *self = (struct socket_transport){
        .transport = {.context = self,
                      .open = on_open,
                      .send = on_send,
                      .receive = on_receive,
                      .gone = on_gone,
                      .interruptible = on_interruptible,
                      .close = on_close},
        .fd = -1,
    };
}

void socket_close(struct socket_transport *self)
{
    on_close(&self->transport);
    free(self->received);
    self->received = NULL;
}
