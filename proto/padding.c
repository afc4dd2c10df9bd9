#include "proto/padding.h"

#include <assert.h>

#define STEPS_FROM 1048576

static unsigned log2_floor(size_t value)
{
    unsigned bits = 0;
    for (; value > 1; value >>= 1) {
        bits++;
    }
    return bits;
}

static size_t round_up(size_t len, size_t step)
{
    return (len + step - 1) / step * step;
}

size_t padding_padme(size_t len)
{
    assert(len > 1);
    unsigned exponent = log2_floor(len);
    unsigned mantissa = log2_floor(exponent) + 1;
    /* Of so short a length every octet counts. */
    return exponent <= mantissa ? len : round_up(len, (size_t)1 << (exponent - mantissa));
}

size_t padding_flush_len(size_t len)
{
    if (len <= PADDING_FLOOR) {
        return PADDING_FLOOR;
    }
    return len < STEPS_FROM ? padding_padme(len) : round_up(len, PADDING_STEP);
}
