#include "node/dial.h"

#include <stdio.h>

#include "proto/contact.h"

static void try_next(struct conn *conn);

static void on_failed_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    conn->tcp_open = false;
    if (conn->closing) {
        conn_check_gone(conn);
    } else {
        try_next(conn);
    }
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct conn *conn = connecting->data;
    if (conn->closing) {
        return;
    }
    if (status != 0) {
        uv_close((uv_handle_t *)&conn->tcp, on_failed_closed);
        return;
    }
    uv_freeaddrinfo(conn->found);
    conn->found = NULL;
    conn->connected(conn);
}

/* Whoever tells of a name decides what it stands for: not for machines that only this one reaches.
 */
static bool may_try(const struct conn *conn, const struct addrinfo *found)
{
    char host[INET6_ADDRSTRLEN];
    return !conn->public_only ||
           (uv_ip_name(found->ai_addr, host, sizeof host) == 0 && contact_host_is_public(host));
}

static void try_next(struct conn *conn)
{
    struct addrinfo *found = conn->found_next;
    while (found != NULL && !may_try(conn, found)) {
        found = found->ai_next;
    }
    if (found == NULL || uv_tcp_init(conn->owner->loop, &conn->tcp) != 0) {
        conn_close(conn, ERR_NETWORK);
        return;
    }
    conn->found_next = found->ai_next;
    conn->tcp.data = conn;
    conn->tcp_open = true;
    conn->connecting.data = conn;
    if (uv_tcp_connect(&conn->connecting, &conn->tcp, found->ai_addr, on_connected) != 0) {
        uv_close((uv_handle_t *)&conn->tcp, on_failed_closed);
    }
}

static void on_found(uv_getaddrinfo_t *resolving, int status, struct addrinfo *found)
{
    struct conn *conn = resolving->data;
    conn->resolve_under_way = false;
    conn->found = found;
    conn->found_next = found;
    if (conn->closing) {
        conn_check_gone(conn);
    } else if (status != 0) {
        conn_close(conn, ERR_NETWORK);
    } else {
        try_next(conn);
    }
}

void dial_start(struct conn *conn, const char *host, uint16_t port,
                void (*connected)(struct conn *conn))
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    conn->connected = connected;
    conn->resolving.data = conn;
    conn->resolve_under_way = true;
    if (uv_getaddrinfo(conn->owner->loop, &conn->resolving, on_found, host, service, &hints) != 0) {
        conn->resolve_under_way = false;
        conn->deadline_ms = 0; /* not from within this call */
    }
}
