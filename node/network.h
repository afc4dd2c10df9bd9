/* network.h - TCP: listening, dialling, and connections under session.h (SPEC 6.1).
 *
 * Everything runs on the loop thread, handshakes on the workers.  The functions marked "later"
 * only note what is to be done; it is done before the loop next waits, so they may be called from
 * within an event. */
#ifndef KITH_NODE_NETWORK_H
#define KITH_NODE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "node/crew.h"
#include "proto/address.h"
#include "proto/err.h"
#include "proto/frame.h"
#include "proto/noise.h"

#define NETWORK_DIAL_TIMEOUT_MS   10000 /* finding the host and connecting */
#define NETWORK_CLOSE_TIMEOUT_MS  1000  /* for what is queued to leave before a close */
#define NETWORK_NEWCOMERS_PER_MAX 32 /* of one household that are shaking hands, see entrance.h */
#define NETWORK_NO_ADDRESS        UINT32_MAX

struct network_limits {
    uint32_t inbound_max;   /* connections others made, those shaking hands included */
    uint32_t peers_max;     /* established ones in all: numbered 0 .. peers_max - 1 */
    uint32_t addresses_max; /* to dial: numbered 0 .. addresses_max - 1 */
    uint32_t contacts_max;  /* likewise, numbered from addresses_max on by the caller */
    size_t held_max;        /* octets held for all peers, received and to be sent */
};

/* What happens; never called from within a network function marked "later". */
struct network_events {
    void *context;
    void (*up)(void *context, uint32_t peer, uint32_t address, const struct key *static_key);
    /* Exactly one for each up. */
    void (*down)(void *context, uint32_t peer);
    /* False: not taken; the same frame comes again after network_resume(). */
    bool (*frame)(void *context, uint32_t peer, const struct frame *frame);
    /* See session_wants_pause(); above a quarter of held_max also who has 64 KiB queued. */
    void (*full)(void *context, uint32_t peer);
    void (*drained)(void *context, uint32_t peer);
    void (*dial_failed)(void *context, uint32_t address);
    /* How many posts were new here when this peer brought them. */
    uint64_t (*brought_count)(void *context, uint32_t peer);
    /* What is remembered of it, see proto/peer_score.h; NULL: nothing is. */
    int (*score)(void *context, uint32_t peer);
    /* Secret for dialling the node with this static key, NOISE_KEY_LEN octets. */
    void (*dial_secret)(void *context, uint8_t secret[NOISE_KEY_LEN], const struct key *node);
};

struct network;

/* node_secret: this node's own static key, copied. */
struct network *network_new(uv_loop_t *loop, struct crew *workers,
                            const uint8_t node_secret[NOISE_KEY_LEN],
                            const struct network_limits *limits,
                            const struct network_events *events);

/* Listen, once.  port 0 takes any free one.
 *   ERR_IN_USE  the port is taken;  ERR_PERMISSION, ERR_NETWORK (also: no such address here) */
MUST_USE enum err_code network_listen(struct network *network, const char *host, uint16_t port,
                                      struct err_note *note);

/* Where others reach this node, once it listens: for a wildcard host the first address that is
 * not a loopback one, else 127.0.0.1. */
void network_address(const struct network *network, struct address *address);
/* This node's static key. */
const struct key *network_static_key(const struct network *network);

/* Number an address.  False when addresses_max are in use.  An address that has a number already
 * gives that one. */
bool network_address_add(struct network *network, uint32_t *number, const struct address *address);
/* Forget it; a dial under way is given up without a word.  Its connection is not closed here. */
void network_address_remove(struct network *network, uint32_t number);

/* Later: up() with this address or dial_failed() follows. */
void network_dial(struct network *network, uint32_t address);
/* Later: the same for a contact, copied, by a number from addresses_max on that no connection goes
 * by. */
void network_dial_contact(struct network *network, uint32_t number, const struct address *contact);
/* Later.  What does not fit the queue closes the connection. */
void network_send(struct network *network, uint32_t peer, enum frame_type type,
                  struct octets payload);
/* Whether the peer's queue has become full, as full() tells; that does not tell it again then. */
bool network_has_filled(struct network *network, uint32_t peer);
/* Of the address the peer is connected from or at, see entrance_group(). */
uint64_t network_peer_group(const struct network *network, uint32_t peer);
/* Later: send what is queued, then close; down() follows. */
void network_close_peer(struct network *network, uint32_t peer, enum err_code reason);
/* Later: read from this peer again, the frame that was not taken first. */
void network_resume(struct network *network, uint32_t peer);

/* Stop listening and dialling; say BYE on every connection and close it; then call closed and free
 * the network. */
void network_stop(struct network *network, void (*closed)(void *context), void *context);

#endif
