#include "store/run_format.h"

#include "store/bloom.h"

#define AD_TEXT     "kith/run/1"
#define AD_TEXT_LEN (sizeof AD_TEXT - 1)

_Static_assert(RUN_AD_LEN == AD_TEXT_LEN + 8 + 1, "the associated data in run_format.h");
_Static_assert(RUN_LINE_LEN == BLOOM_LINE_LEN, "a line of a directory");
_Static_assert(RUN_TOTAL_SUM_AT + RUN_SUM_LEN <= RUN_LINE_LEN, "a total is a line");
_Static_assert(RUN_TAIL_LEN <= RUN_PLAIN_LEN, "the tail is one block");

size_t run_fence_len(enum run_family family)
{
    switch (family) {
    case RUN_IDS:
        return RUN_IDS_FENCE_LEN;
    case RUN_SETS:
        return RUN_SETS_FENCE_LEN;
    case RUN_REFS:
    case RUN_WORDS:
        return RUN_POSTINGS_FENCE_LEN;
    case RUN_EXPIRIES:
        return RUN_EXPIRIES_FENCE_LEN;
    case RUN_RECORDS: /* found by counting */
    case RUN_FAMILIES_COUNT:
        break;
    }
    return 0;
}

size_t run_position_len(uint32_t positions_count)
{
    size_t len = 1;
    for (uint32_t rest = (positions_count - 1) >> 8; rest > 0; rest >>= 8) {
        len++;
    }
    return len;
}

uint32_t run_blocks_for(uint64_t rows_count, size_t row_len)
{
    uint64_t in_block = RUN_PLAIN_LEN / row_len;
    return (uint32_t)((rows_count + in_block - 1) / in_block);
}

void run_nonce(uint8_t out[RUN_NONCE_LEN], uint32_t block)
{
    memset(out, 0, RUN_NONCE_LEN);
    octets_put_u64be(out + 4, block);
}

void run_ad(uint8_t out[RUN_AD_LEN], uint64_t number, uint8_t family)
{
    memcpy(out, AD_TEXT, AD_TEXT_LEN);
    octets_put_u64be(out + AD_TEXT_LEN, number);
    out[RUN_AD_LEN - 1] = family;
}

void run_put_sum(uint8_t out[RUN_SUM_LEN], const struct fold *fold)
{
    for (size_t i = 0; i < FINGERPRINT_LIMBS; i++) {
        octets_put_u64be(out + 8 * i, fold->sum[FINGERPRINT_LIMBS - 1 - i]);
    }
}

void run_get_sum(struct fold *fold, const uint8_t in[RUN_SUM_LEN])
{
    for (size_t i = 0; i < FINGERPRINT_LIMBS; i++) {
        fold->sum[FINGERPRINT_LIMBS - 1 - i] = octets_get_u64be(in + 8 * i);
    }
}

void run_put_number(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = len; i > 0; i--, value >>= 8) {
        out[i - 1] = (uint8_t)value;
    }
}

uint64_t run_get_number(const uint8_t *in, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = (value << 8) | in[i];
    }
    return value;
}
