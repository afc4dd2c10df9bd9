#include "node/listen.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG 512

/* The first address of this machine that a socket can be bound to.  Only at the start, before
 * anything else runs: finding a name may take a while. */
static enum err_code find(struct sockaddr_storage *address, const char *host, uint16_t port,
                          struct err_note *note)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, service, &hints, &found) != 0 || found == NULL) {
        return err_note(note, ERR_NETWORK, "there is no host %s", host);
    }
    memset(address, 0, sizeof *address);
    memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return ERR_OK;
}

enum err_code listen_start(uv_tcp_t *tcp, const char *host, uint16_t port,
                           uv_connection_cb on_connection, struct err_note *note)
{
    struct sockaddr_storage address;
    enum err_code rc = find(&address, host, port, note);
    if (rc != ERR_OK) {
        return rc;
    }
    int failed = uv_tcp_bind(tcp, (struct sockaddr *)&address, 0);
    if (failed == 0) {
        failed = uv_listen((uv_stream_t *)tcp, BACKLOG, on_connection);
    }
    if (failed == UV_EADDRINUSE) {
        return err_note(note, ERR_IN_USE,
                        "port %u of %s is taken by another program; choose another with "
                        "--listen HOST:PORT",
                        (unsigned)port, host);
    }
    if (failed != 0) {
        enum err_code code = failed == UV_EACCES ? ERR_PERMISSION : ERR_NETWORK;
        return err_note(note, code, "listening on %s port %u: %s", host, (unsigned)port,
                        uv_strerror(failed));
    }
    return ERR_OK;
}

static bool is_wildcard(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
        return IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    return four->sin_addr.s_addr == htonl(INADDR_ANY);
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    /* IPv4 and IPv6 keep it in the same place. */
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static void name_this_machine(char host[ADDRESS_HOST_MAX + 1])
{
    (void)snprintf(host, ADDRESS_HOST_MAX + 1, "127.0.0.1");
    uv_interface_address_t *found = NULL;
    int count = 0;
    if (uv_interface_addresses(&found, &count) != 0) {
        return;
    }
    for (int i = 0; i < count; i++) {
        if (!found[i].is_internal && found[i].address.address4.sin_family == AF_INET) {
            (void)uv_ip4_name(&found[i].address.address4, host, ADDRESS_HOST_MAX);
            break;
        }
    }
    uv_free_interface_addresses(found, count);
}

void listen_name(const uv_tcp_t *tcp, char host[ADDRESS_HOST_MAX + 1], uint16_t *port)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    memset(&address, 0, sizeof address);
    memset(host, 0, ADDRESS_HOST_MAX + 1);
    *port = 0;
    if (uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &len) != 0) {
        return;
    }
    *port = port_of(&address);
    if (is_wildcard(&address)) {
        name_this_machine(host);
    } else {
        (void)uv_ip_name((struct sockaddr *)&address, host, ADDRESS_HOST_MAX);
    }
}
