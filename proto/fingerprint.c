#include "proto/fingerprint.h"

#include <sodium.h>
#include <string.h>

#include "proto/negentropy_wire.h"

#define SUM_LEN 32

static uint64_t limb_of(const uint8_t octets[8])
{
    uint64_t limb = 0;
    for (int i = 7; i >= 0; i--) {
        limb = (limb << 8) | octets[i];
    }
    return limb;
}

static void sum_add(uint64_t sum[FINGERPRINT_LIMBS], const uint64_t other[FINGERPRINT_LIMBS])
{
    uint64_t carry = 0;
    for (int i = 0; i < FINGERPRINT_LIMBS; i++) {
        uint64_t partial = sum[i] + carry;
        carry = partial < carry;
        sum[i] = partial + other[i];
        carry |= sum[i] < partial;
    }
}

void fold_add_id(struct fold *fold, const struct post_id *id)
{
    uint64_t limbs[FINGERPRINT_LIMBS];
    for (size_t i = 0; i < FINGERPRINT_LIMBS; i++) {
        limbs[i] = limb_of(id->octets + 8 * i);
    }
    sum_add(fold->sum, limbs);
    fold->count++;
}

void fold_add(struct fold *fold, const struct fold *other)
{
    sum_add(fold->sum, other->sum);
    fold->count += other->count;
}

void fold_subtract(struct fold *fold, const struct fold *other)
{
    uint64_t borrow = 0;
    for (int i = 0; i < FINGERPRINT_LIMBS; i++) {
        uint64_t before = fold->sum[i];
        uint64_t partial = before - other->sum[i];
        fold->sum[i] = partial - borrow;
        borrow = (before < other->sum[i]) | (partial < borrow);
    }
    fold->count -= other->count;
}

void fingerprint_of(struct fingerprint *print, const struct fold *fold)
{
    uint8_t input[SUM_LEN + NEGENTROPY_VARINT_MAX];
    for (size_t i = 0; i < SUM_LEN; i++) {
        input[i] = (uint8_t)(fold->sum[i / 8] >> (8 * (i % 8)));
    }
    size_t input_len = SUM_LEN + negentropy_put_varint(input + SUM_LEN, fold->count);

    uint8_t digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(digest, input, input_len);
    memcpy(print->octets, digest, FINGERPRINT_LEN);
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
    return memcmp(a->octets, b->octets, FINGERPRINT_LEN) == 0;
}
