/* entrance.h - who may connect, and who makes room for whom; an inner part of network.h (SPEC 6.4).
 *
 * Connections are counted by the group their address belongs to, the /16 of an IPv4 address or the
 * /32 of an IPv6 one, and within it by household: the IPv4 address, or the /64.  Loopback is one
 * group, of the addresses in it.  Nobody is kept out by a group, or a household, that has taken all
 * places; whom this node dials is never counted. */
#ifndef KITH_NODE_ENTRANCE_H
#define KITH_NODE_ENTRANCE_H

#include "node/conn.h"

#define ENTRANCE_PLACES_MAX 1280 /* connections looked at; inbound_max stays below */

uint64_t entrance_group(const struct sockaddr_storage *from);
uint64_t entrance_household(const struct sockaddr_storage *from);

/* Whether conn, one that another side made and already among conns (the newest first), may stay.
 * *leaves is who has to go for it, NULL where nobody has to.
 *
 *   - Of one household no more than NETWORK_NEWCOMERS_PER_MAX shake hands, and in all no more than
 *     a quarter of inbound_max and NETWORK_NEWCOMERS_PER_MAX: else the one that has been at it
 *     longest leaves, of that household or of the group that has most of them.
 *   - Where more than inbound_max stand, the one with the lowest score leaves if that is
 *     PEER_SCORE_LOW or less.
 *   - Else the newest leaves of the group that has most places, if
 *     that is more than conn's own group has; or of the household in conn's own group that has
 *     most, if that is more than conn's own has; else conn may not stay.  Left alone are the
 *     eighth that brought most new posts, and of the others the quarter that has stood longest. */
bool entrance_admits(struct conn **leaves, struct conn *conns, const struct conn *conn,
                     uint32_t inbound_max);

#endif
