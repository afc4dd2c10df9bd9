/* negentropy_wire.h - the octets of reconciliation messages: numbers, bounds and ranges (SPEC 7).
 *
 * Pure: no I/O, no allocation.  Outputs are written only on ERR_OK. */
#ifndef KITH_PROTO_NEGENTROPY_WIRE_H
#define KITH_PROTO_NEGENTROPY_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/fingerprint.h"
#include "proto/negentropy_query.h"
#include "proto/octets.h"

#define NEGENTROPY_VARINT_MAX 10 /* octets of a 64-bit number, seven bits each */
#define NEGENTROPY_BOUND_MAX  (NEGENTROPY_VARINT_MAX + 1 + POST_ID_LEN)

enum negentropy_mode {
    NEGENTROPY_MODE_SKIP = 0,
    NEGENTROPY_MODE_FINGERPRINT = 1,
    NEGENTROPY_MODE_IDS = 2
};

/* A decoded range; its lower bound is the upper bound of the range before it. */
struct negentropy_range {
    struct negentropy_bound upper;
    enum negentropy_mode mode;
    struct fingerprint print; /* MODE_FINGERPRINT */
    const uint8_t *ids;       /* MODE_IDS: 32 octets each, borrowed from the message */
    size_t ids_count;         /* MODE_IDS */
};

/* Write value base 128, most significant digit first, into out, which has room for
 * NEGENTROPY_VARINT_MAX.  Gives the octets written. */
size_t negentropy_put_varint(uint8_t *out, uint64_t value);

/* Read a number at *at and move *at behind it.
 *
 *   ERR_TRUNCATED  the octets stop inside the number
 *   ERR_MALFORMED  not the shortest form, or above 2^64 - 1 */
MUST_USE enum err_code negentropy_get_varint(uint64_t *value, size_t *at, struct octets message);

/* Write bound into out, which has room for NEGENTROPY_BOUND_MAX; *last_s is the created_s of the
 * bound written before (0 at first, never above bound's) and becomes this one's.  Gives the
 * octets written. */
size_t negentropy_put_bound(uint8_t *out, uint64_t *last_s, const struct negentropy_bound *bound);

/* Read the range at *at that begins at *lower, and move *at behind it.
 *
 *   ERR_TRUNCATED  the octets stop inside the range
 *   ERR_MALFORMED  a number not in its shortest form, an unknown mode, an id prefix above 32
 *                  octets, an upper bound below lower or beyond infinity */
MUST_USE enum err_code negentropy_get_range(struct negentropy_range *range, size_t *at,
                                            struct octets message,
                                            const struct negentropy_bound *lower);

#endif
