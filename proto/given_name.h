/* given_name.h - the name somebody gives themselves, kept apart from petnames (SPEC 5.1).
 *
 * Only a person's own petnames begin with '@'.  A name that others chose must not look like one. */
#ifndef KITH_PROTO_GIVEN_NAME_H
#define KITH_PROTO_GIVEN_NAME_H

#include "proto/octets.h"

/* The rest of name behind every '@' (in any of its widths), white space and character that shows
 * nothing at its beginning; empty where that begins like a key.  Borrows from name; may be
 * empty. */
struct octets given_name(struct octets name);

#endif
