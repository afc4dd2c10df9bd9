/* message_overlay.h - the frames with which nodes keep a tree and relays find each other: encode
 * and decode their payloads (SPEC 6.5, 6.6).
 *
 *     IHAVE      [hops, ids]             1 .. MESSAGE_IDS_MAX ids in one bin, and a bin with an
 *                                        octet for each: MESSAGE_HOPS_OLD, or how far it came
 *     GRAFT      [push, ids]             push a boolean; no ids only where it is true
 *     PRUNE      nothing
 *     SHUFFLE    [number, ttl, contacts] number below 2^32, ttl 1 .. MESSAGE_WALK_MAX
 *     SHUFFLED   [number, contacts]
 *     NEIGHBOUR  [ask, contact]          ask one of enum message_ask; contact or an empty array
 *     FORWARD    [ttl, contact]          ttl 1 .. MESSAGE_WALK_MAX
 *     PASSIVE    [contacts]
 *
 * contacts is an array of 0 .. MESSAGE_CONTACTS_MAX contacts, see proto/contact.h.  Pure; what is
 * decoded borrows from the payload, but contacts are copied.  All decoders:
 *
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not the one valid encoding, a field out of range, or octets left over
 *
 * All encoders give how many octets they wrote, and assert that out has the room named. */
#ifndef KITH_PROTO_MESSAGE_OVERLAY_H
#define KITH_PROTO_MESSAGE_OVERLAY_H

#include "proto/contact.h"
#include "proto/message.h"

#define MESSAGE_CONTACTS_MAX  8
#define MESSAGE_WALK_MAX      6
#define MESSAGE_IHAVE_CAP     (MESSAGE_IDS_MAX * (POST_ID_LEN + 1) + 16)
#define MESSAGE_GRAFT_CAP     (MESSAGE_IDS_CAP + 8)
#define MESSAGE_CONTACTS_CAP  (MESSAGE_CONTACTS_MAX * CONTACT_WIRE_MAX + 16)
#define MESSAGE_NEIGHBOUR_CAP (CONTACT_WIRE_MAX + 16)

struct message_ihave {
    const uint8_t *hops;       /* one for each id */
    const struct post_id *ids; /* octets alone: any alignment */
    size_t count;
};

size_t message_ihave_encode(uint8_t out[MESSAGE_IHAVE_CAP], const struct message_ihave *ihave);
MUST_USE enum err_code message_ihave_decode(struct message_ihave *ihave, struct octets payload);

struct message_graft {
    bool push; /* from now on send new posts whole */
    const struct post_id *ids;
    size_t count;
};

size_t message_graft_encode(uint8_t out[MESSAGE_GRAFT_CAP], const struct message_graft *graft);
MUST_USE enum err_code message_graft_decode(struct message_graft *graft, struct octets payload);

MUST_USE enum err_code message_prune_decode(struct octets payload);

enum message_ask {
    MESSAGE_ASK_LOW = 0,  /* be neighbours if there is a place */
    MESSAGE_ASK_HIGH = 1, /* the asker has no other neighbour */
    MESSAGE_ASK_JOIN = 2, /* and is new: tell others of it */
    MESSAGE_ASK_KEEP = 3, /* are we still neighbours? */
    MESSAGE_ASK_YES = 4,  /* the answer to any of these, or else PASSIVE */
    MESSAGE_ASKS_COUNT
};

struct message_neighbour {
    enum message_ask ask;
    struct address contact; /* of the sender; port 0: it cannot be dialled */
};

size_t message_neighbour_encode(uint8_t out[MESSAGE_NEIGHBOUR_CAP],
                                const struct message_neighbour *neighbour);
MUST_USE enum err_code message_neighbour_decode(struct message_neighbour *neighbour,
                                                struct octets payload);

/* SHUFFLE, SHUFFLED and PASSIVE. */
struct message_contacts {
    uint32_t number; /* but PASSIVE */
    uint8_t ttl;     /* SHUFFLE */
    size_t count;
    struct address at[MESSAGE_CONTACTS_MAX];
};

size_t message_contacts_encode(uint8_t out[MESSAGE_CONTACTS_CAP], enum frame_type type,
                               const struct message_contacts *contacts);
MUST_USE enum err_code message_contacts_decode(struct message_contacts *contacts,
                                               enum frame_type type, struct octets payload);

struct message_forward {
    uint8_t ttl;
    struct address contact;
};

size_t message_forward_encode(uint8_t out[MESSAGE_NEIGHBOUR_CAP],
                              const struct message_forward *forward);
MUST_USE enum err_code message_forward_decode(struct message_forward *forward,
                                              struct octets payload);

#endif
