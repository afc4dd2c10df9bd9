#include "store/bloom.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BITS   (BLOOM_LINE_LEN * 8)
#define BITS_SET    6 /* of a line for each hash */
#define BIT_CHOICES 9 /* bits of the mixed hash that name one of LINE_BITS */

_Static_assert(LINE_BITS == 1 << BIT_CHOICES, "a line's bits");
_Static_assert(BITS_SET *BIT_CHOICES <= 64, "bits enough in the mixed hash");

uint32_t bloom_lines_for(uint64_t hashes_count)
{
    uint64_t lines = (hashes_count * BLOOM_BITS + LINE_BITS - 1) / LINE_BITS;
    return lines > UINT32_MAX ? UINT32_MAX : (uint32_t)lines;
}

enum err_code bloom_init(struct bloom *bloom, uint32_t lines_count)
{
    *bloom = (struct bloom){0};
    if (lines_count == 0) {
        return ERR_OK;
    }
    size_t len = (size_t)lines_count * BLOOM_LINE_LEN;
    bloom->lines = aligned_alloc(BLOOM_LINE_LEN, len);
    if (bloom->lines == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(bloom->lines, 0, len);
    bloom->lines_count = lines_count;
    return ERR_OK;
}

void bloom_close(struct bloom *bloom)
{
    free(bloom->lines);
    *bloom = (struct bloom){0};
}

/* The line goes by the upper part of these 32 bits, so the bits in it must hang on the lower
 * ones. */
static uint64_t mix(uint64_t hash)
{
    uint64_t x = hash >> 32;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 29;
    return x;
}

static size_t line_of(const struct bloom *bloom, uint64_t hash)
{
    return (size_t)(((hash >> 32) * bloom->lines_count) >> 32);
}

void bloom_add(struct bloom *bloom, uint64_t hash)
{
    assert(bloom->lines_count > 0);
    uint8_t *line = bloom->lines + line_of(bloom, hash) * BLOOM_LINE_LEN;
    uint64_t bits = mix(hash);
    for (int i = 0; i < BITS_SET; i++, bits >>= BIT_CHOICES) {
        size_t bit = bits & (LINE_BITS - 1);
        line[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
}

bool bloom_may_have(const struct bloom *bloom, uint64_t hash)
{
    if (bloom->lines_count == 0) {
        return false;
    }
    const uint8_t *line = bloom->lines + line_of(bloom, hash) * BLOOM_LINE_LEN;
    uint64_t bits = mix(hash);
    unsigned all = 1; /* no way to guess which bit is the first that is not set, so no branch */
    for (int i = 0; i < BITS_SET; i++, bits >>= BIT_CHOICES) {
        size_t bit = bits & (LINE_BITS - 1);
        all &= (unsigned)line[bit / 8] >> (bit % 8);
    }
    return all != 0;
}
