/* address.h - where a node is: kith://HOST:PORT/KEY, KEY its static key in base32 (SPEC 8.1). */
#ifndef KITH_PROTO_ADDRESS_H
#define KITH_PROTO_ADDRESS_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

#define ADDRESS_HOST_MAX 253
#define ADDRESS_TEXT_MAX (7 + ADDRESS_HOST_MAX + 2 + 6 + 1 + 52)

struct address {
    char host[ADDRESS_HOST_MAX + 1]; /* normal form of host.h, IPv6 without brackets; terminated */
    uint16_t port;                   /* 1 .. 65535 */
    struct key static_key;           /* X25519 */
};

/* ERR_MALFORMED for anything but the one form; an IPv6 host stands in brackets. */
MUST_USE enum err_code address_parse(struct address *address, struct octets text);
void address_print(char out[ADDRESS_TEXT_MAX + 1], const struct address *address);
/* HOST:PORT or [HOST]:PORT, as --listen takes it; port 0 is allowed here. */
MUST_USE enum err_code address_parse_listen(char host[ADDRESS_HOST_MAX + 1], uint16_t *port,
                                            struct octets text);
bool address_equal(const struct address *a, const struct address *b);

#endif
