/* message_addresses.h - asking for addresses of relays, and the answer: encode and decode the
 * payloads (SPEC 8.5).
 *
 *     ADDRESSES_WANTED   nothing
 *     ADDRESSES          [contact, ...]     0 .. MESSAGE_ADDRESSES_MAX, see proto/contact.h
 *
 * Pure; what is decoded is copied.
 *
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not the one valid encoding, a field out of range, or octets left over */
#ifndef KITH_PROTO_MESSAGE_ADDRESSES_H
#define KITH_PROTO_MESSAGE_ADDRESSES_H

#include "proto/contact.h"

#define MESSAGE_ADDRESSES_MAX 32
#define MESSAGE_ADDRESSES_CAP (MESSAGE_ADDRESSES_MAX * CONTACT_WIRE_MAX + 8)

MUST_USE enum err_code message_addresses_wanted_decode(struct octets payload);

/* How many octets; count is at most MESSAGE_ADDRESSES_MAX (asserted). */
size_t message_addresses_encode(uint8_t out[MESSAGE_ADDRESSES_CAP], const struct address *addresses,
                                size_t count);
MUST_USE enum err_code message_addresses_decode(struct address addresses[MESSAGE_ADDRESSES_MAX],
                                                size_t *count, struct octets payload);

#endif
