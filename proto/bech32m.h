/* bech32m.h - text with a prefix and a checksum, as BIP-350 has it. */
#ifndef KITH_PROTO_BECH32M_H
#define KITH_PROTO_BECH32M_H

#include "proto/err.h"
#include "proto/octets.h"

#define BECH32M_TEXT_MAX   90
#define BECH32M_CHECK_LEN  6
#define BECH32M_VALUES_MAX (BECH32M_TEXT_MAX - BECH32M_CHECK_LEN - 2)

/* Writes prefix, '1', one character for each value (0 to 31) and 6 of checksum, not terminated.
 * The prefix is lower case; asserts that all of it fits BECH32M_TEXT_MAX. */
void bech32m_encode(char *out, struct octets prefix, const uint8_t *values, size_t values_count);

/* All lower or all upper case.  *prefix_len is how much of text stands before the last '1';
 * values go without the checksum.
 *   ERR_MALFORMED  anything BIP-350 refuses */
MUST_USE enum err_code bech32m_decode(size_t *prefix_len, uint8_t values[BECH32M_VALUES_MAX],
                                      size_t *values_count, struct octets text);

#endif
