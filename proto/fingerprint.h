/* fingerprint.h - what a range of a set folds to, and the digest peers compare (SPEC 7).
 *
 * A fold is (count, sum of the ids mod 2^256), so that the fold of any range is the difference
 * of two running folds.  Pure and total: nothing here fails. */
#ifndef KITH_PROTO_FINGERPRINT_H
#define KITH_PROTO_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/key.h"

#define FINGERPRINT_LEN   16
#define FINGERPRINT_LIMBS 4

struct fingerprint {
    uint8_t octets[FINGERPRINT_LEN];
};

/* Zeroed, it is the fold of the empty set. */
struct fold {
    uint64_t count;
    uint64_t
        sum[FINGERPRINT_LIMBS]; /* ids as little-endian numbers; sum[0] holds the low 64 bits */
};

/* Add one id that the fold does not count yet. */
void fold_add_id(struct fold *fold, const struct post_id *id);

/* fold = fold + other, of disjoint sets; fold = fold - other, of a set and a part of it.
 * Wrong sets give a wrong fold, never a fault. */
void fold_add(struct fold *fold, const struct fold *other);
void fold_subtract(struct fold *fold, const struct fold *other);

/* The first 16 octets of SHA-256(sum, 32 octets little-endian || varint(count)). */
void fingerprint_of(struct fingerprint *print, const struct fold *fold);

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);

#endif
