/* contact.h - an address as relays pass it on to each other, and what of it may be dialled
 * (SPEC 6.5).
 *
 *     contact = [host, port, key]     host str without brackets, port 1 .. 65535, key bin of 32
 *
 * Pure.  Nothing in a contact is proven but by dialling it. */
#ifndef KITH_PROTO_CONTACT_H
#define KITH_PROTO_CONTACT_H

#include "proto/address.h"
#include "proto/canon.h"

#define CONTACT_WIRE_MAX (1 + 3 + ADDRESS_HOST_MAX + 3 + 2 + KEY_LEN)

void contact_write(struct canon_writer *w, const struct address *contact);
/*   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not the one valid form; a host that is not as proto/host.h writes it */
MUST_USE enum err_code contact_read(struct canon_reader *r, struct address *contact);

/* Whether a host can be meant for everybody: any name but "localhost", and any number but those
 * that are kept for one machine, one network, tests or groups. */
bool contact_host_is_public(const char *host);
/* Whether it is a name, which may stand for any number: that is looked at once it is known. */
bool contact_host_is_name(const char *host);
/* A relay that is itself reached on such a number (a test, a home network) takes others' too. */
bool contact_is_usable(const struct address *contact, const struct address *self);

#endif
