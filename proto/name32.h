/* name32.h - how 32 octets are written for people: kith1... (bech32m), hex, base32 (SPEC 5). */
#ifndef KITH_PROTO_NAME32_H
#define KITH_PROTO_NAME32_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

#define NAME32_BECH_LEN   63 /* "kith1", 52 characters of data, 6 of checksum */
#define NAME32_HEX_LEN    64
#define NAME32_BASE32_LEN 52 /* RFC 4648, lower case, unpadded */

/* All outputs are terminated. */
void name32_bech(char out[NAME32_BECH_LEN + 1], const uint8_t in[32]);
void name32_hex(char out[NAME32_HEX_LEN + 1], const uint8_t in[32]);
void name32_base32(char out[NAME32_BASE32_LEN + 1], const uint8_t in[32]);

/* ERR_MALFORMED for another form, a wrong checksum or stray bits; bech and base32 also take all
 * upper case, hex takes either. */
MUST_USE enum err_code name32_from_bech(uint8_t out[32], struct octets text);
MUST_USE enum err_code name32_from_hex(uint8_t out[32], struct octets text);
MUST_USE enum err_code name32_from_base32(uint8_t out[32], struct octets text);

/* The first valid kith1... at or after text; *found borrows it.  False if there is none. */
bool name32_find_bech(struct octets *found, uint8_t out[32], struct octets text);

#endif
