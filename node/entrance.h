/* entrance.h - who may connect, and who makes room for whom; an inner part of network.h.
 *
 * Connections are counted by the group their address belongs to: an IPv4 address, or the /64 of an
 * IPv6 one, which one household or server has to itself.  Nobody is kept out by another group that
 * has taken all places. */
#ifndef KITH_NODE_ENTRANCE_H
#define KITH_NODE_ENTRANCE_H

#include "node/conn.h"

#define ENTRANCE_PLACES_MAX 1024 /* connections looked at; inbound_max stays below */

/* The group of an address. */
uint64_t entrance_group(const struct sockaddr_storage *from);

/* Whether conn, one that another side made and already among conns, may stay.  More than
 * NETWORK_NEWCOMERS_PER_MAX of its group that are shaking hands may not.  When more than
 * inbound_max stand, one gives up its place: *leaves, the newest of the group that has most, if
 * that is more than conn's own group has; else conn may not stay.  *leaves is NULL where nobody
 * has to go. */
bool entrance_admits(struct conn **leaves, struct conn *conns, const struct conn *conn,
                     uint32_t inbound_max);

#endif
