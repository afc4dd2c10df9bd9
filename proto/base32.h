/* base32.h - octets as RFC 4648 base32, lower case and unpadded: node keys, invites. */
#ifndef KITH_PROTO_BASE32_H
#define KITH_PROTO_BASE32_H

#include "proto/err.h"
#include "proto/octets.h"

/* How many characters len octets take, and how many whole octets len characters hold. */
#define BASE32_TEXT_LEN(len)   (((len)*8 + 4) / 5)
#define BASE32_OCTETS_LEN(len) ((len)*5 / 8)

/* Writes BASE32_TEXT_LEN(in.len) characters, not terminated. */
void base32_encode(char *out, struct octets in);

/* Writes BASE32_OCTETS_LEN(text.len) octets, only on ERR_OK.  All lower or all upper case.
 *   ERR_MALFORMED  a character outside the alphabet, mixed case, a length no octets have, or a
 *                  stray bit in the last character */
MUST_USE enum err_code base32_decode(uint8_t *out, struct octets text);

#endif
