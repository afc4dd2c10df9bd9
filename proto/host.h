/* host.h - the host part of an address: a name, IPv4 or IPv6, in one normal form (SPEC 8.1). */
#ifndef KITH_PROTO_HOST_H
#define KITH_PROTO_HOST_H

#include "proto/err.h"
#include "proto/octets.h"

#define HOST_MAX 253

/* A name (labels of 1 to 63 letters, digits, '-' and '_', no '-' at either end) or four decimal
 * numbers; letters come out in lower case.  A name whose last label is a number is taken for IPv4.
 *   ERR_MALFORMED  anything else */
MUST_USE enum err_code host_normalise(char out[HOST_MAX + 1], struct octets text);

/* An IPv6 address without brackets, zone or embedded IPv4, as RFC 5952 writes it.
 *   ERR_MALFORMED  anything else */
MUST_USE enum err_code host_normalise_ip6(char out[HOST_MAX + 1], struct octets text);

#endif
