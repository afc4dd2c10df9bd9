/* address_group.h - the network a host lies in: what is cheap to have many addresses of, and dear
 * to have many of (SPEC 8.5). */
#ifndef KITH_PROTO_ADDRESS_GROUP_H
#define KITH_PROTO_ADDRESS_GROUP_H

#include <stdint.h>

#define ADDRESS_GROUP_NONE     UINT64_C(0) /* not known */
#define ADDRESS_GROUP_LOOPBACK UINT64_C(1)
#define ADDRESS_GROUP_NAMES    64 /* groups of all names together: names cost nothing */

/* Of a host as proto/host.h writes it: the first 16 bits of an IPv4 address, in bits 31 to 16; the
 * first 32 of an IPv6 one, in bits 63 to 32; loopback as above; of a name one of so many, by a hash
 * of its last two labels. */
uint64_t address_group(const char *host);

#endif
