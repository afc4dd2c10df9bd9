#include "proto/contact.h"

#include "proto/host.h"

void contact_write(struct canon_writer *w, const struct address *contact)
{
    canon_write_array(w, 3);
    canon_write_str(w, octets_of_text(contact->host));
    canon_write_uint(w, contact->port);
    canon_write_bin(w, octets_of(contact->static_key.octets, KEY_LEN));
}

static enum err_code read_host(struct canon_reader *r, char host[ADDRESS_HOST_MAX + 1])
{
    struct octets text;
    enum err_code rc = canon_read_str(r, &text, ADDRESS_HOST_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    bool six = text.len > 0 && memchr(text.at, ':', text.len) != NULL;
    rc = six ? host_normalise_ip6(host, text) : host_normalise(host, text);
    return rc == ERR_OK && !octets_equal(octets_of_text(host), text) ? ERR_MALFORMED : rc;
}

enum err_code contact_read(struct canon_reader *r, struct address *contact)
{
    struct canon_reader ahead = *r;
    struct address read = {.port = 0};
    uint32_t fields;
    uint64_t port = 0;
    enum err_code rc = canon_read_array(&ahead, &fields, 3);
    if (rc == ERR_OK && fields != 3) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = read_host(&ahead, read.host);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(&ahead, &port, UINT16_MAX);
    }
    if (rc == ERR_OK && port == 0) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = canon_read_bin_exact(&ahead, read.static_key.octets, KEY_LEN);
    }
    if (rc == ERR_OK) {
        read.port = (uint16_t)port;
        *contact = read;
        *r = ahead;
    }
    return rc;
}

/* ---- What may be dialled ------------------------------------------------------------------ */

/* Four numbers of a host that is known to be in normal form; false for a name. */
static bool ip4_of(uint32_t *number, const char *host)
{
    uint32_t value = 0;
    uint32_t part = 0;
    unsigned dots = 0;
    for (const char *at = host; *at != '\0'; at++) {
        if (*at == '.') {
            value = (value << 8) | part;
            part = 0;
            dots++;
        } else if (*at >= '0' && *at <= '9') {
            part = 10 * part + (uint32_t)(*at - '0');
        } else {
            return false;
        }
    }
    *number = (value << 8) | part;
    return dots == 3;
}

static bool within(uint32_t number, uint32_t network, unsigned bits)
{
    return (number >> (32 - bits)) == (network >> (32 - bits));
}

/* The special purposes of RFC 6890, multicast, and what is reserved. */
static bool ip4_is_public(uint32_t number)
{
    static const struct {
        uint32_t network;
        unsigned bits;
    } kept[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
                {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24},
                {0xe0000000, 3}};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (within(number, kept[i].network, kept[i].bits)) {
            return false;
        }
    }
    return true;
}

/* Global unicast is 2000::/3; of it 2001::/23 is kept for protocols (Teredo, which holds IPv4,
 * among them), 2001:db8::/32 is for examples, and 2002::/16 holds IPv4. */
static bool ip6_is_public(const char *host)
{
    if ((host[0] != '2' && host[0] != '3') || strcspn(host, ":") != 4) {
        return false;
    }
    const char *second = host + 5;
    size_t second_len = strcspn(second, ":");
    bool kept = strncmp(host, "2001:", 5) == 0 &&
                (second_len < 3 || (second_len == 3 && second[0] == '1') ||
                 strncmp(second, "db8:", 4) == 0);
    return !kept && strncmp(host, "2002:", 5) != 0;
}

bool contact_host_is_name(const char *host)
{
    uint32_t number;
    return strchr(host, ':') == NULL && !ip4_of(&number, host);
}

bool contact_host_is_public(const char *host)
{
    uint32_t number;
    if (strchr(host, ':') != NULL) {
        return ip6_is_public(host);
    }
    if (ip4_of(&number, host)) {
        return ip4_is_public(number);
    }
    size_t len = strlen(host);
    bool local =
        len >= 9 && strcmp(host + len - 9, "localhost") == 0 && (len == 9 || host[len - 10] == '.');
    return len > 0 && !local;
}

bool contact_is_usable(const struct address *contact, const struct address *self)
{
    bool at_home = self->port != 0 && !contact_host_is_public(self->host);
    return at_home || contact_host_is_public(contact->host);
}
