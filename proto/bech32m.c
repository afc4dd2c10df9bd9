#include "proto/bech32m.h"

#include <assert.h>

#define CHECKED_MAX (BECH32M_VALUES_MAX + BECH32M_CHECK_LEN)

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* NONE where the character is not in the alphabet. */
#define NONE 0xff
static const uint8_t values_by_character[128] = {
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    15,   NONE, 10,   17,   21,   20,   26,   30,   7,    5,    NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, 29,   NONE, 24,   13,   25,   9,    8,    23,   NONE, 18,   22,   31,   27,   19,   NONE,
    1,    0,    3,    16,   11,   28,   12,   14,   6,    4,    2,    NONE, NONE, NONE, NONE, NONE,
    NONE, 29,   NONE, 24,   13,   25,   9,    8,    23,   NONE, 18,   22,   31,   27,   19,   NONE,
    1,    0,    3,    16,   11,   28,   12,   14,   6,    4,    2,    NONE, NONE, NONE, NONE, NONE,
};

/* The sum over prefix, values and checksum is this constant. */
#define BECH32M_SUM 0x2bc830a3U

static uint32_t sum_step(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2U, 0x26508e6dU, 0x1ea119faU, 0x3d4233ddU,
                                          0x2a1462b3U};
    uint32_t top = sum >> 25;
    sum = ((sum & 0x1ffffffU) << 5) ^ value;
    for (unsigned i = 0; i < 5; i++) {
        sum ^= (top >> i & 1U) != 0 ? generator[i] : 0;
    }
    return sum;
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

/* The prefix counts as if it were in lower case. */
static uint32_t sum_prefix(struct octets prefix)
{
    uint32_t sum = 1;
    for (size_t i = 0; i < prefix.len; i++) {
        uint8_t c = prefix.at[i];
        sum = sum_step(sum, (uint32_t)(is_upper(c) ? c - 'A' + 'a' : c) >> 5);
    }
    sum = sum_step(sum, 0);
    for (size_t i = 0; i < prefix.len; i++) {
        sum = sum_step(sum, prefix.at[i] & 31U); /* the same for both cases */
    }
    return sum;
}

void bech32m_encode(char *out, struct octets prefix, const uint8_t *values, size_t values_count)
{
    assert(prefix.len >= 1 &&
           prefix.len + 1 + values_count + BECH32M_CHECK_LEN <= BECH32M_TEXT_MAX);
    uint32_t sum = sum_prefix(prefix);
    memcpy(out, prefix.at, prefix.len);
    out += prefix.len;
    *out++ = '1';
    for (size_t i = 0; i < values_count; i++) {
        assert(values[i] < 32);
        sum = sum_step(sum, values[i]);
        *out++ = alphabet[values[i]];
    }
    for (size_t i = 0; i < BECH32M_CHECK_LEN; i++) {
        sum = sum_step(sum, 0);
    }
    sum ^= BECH32M_SUM;
    for (unsigned i = 0; i < BECH32M_CHECK_LEN; i++) {
        *out++ = alphabet[sum >> (5 * (BECH32M_CHECK_LEN - 1 - i)) & 31U];
    }
}

/* Length, range of characters and one case; *separator is the last '1'. */
static bool frame_valid(size_t *separator, struct octets text)
{
    if (text.len > BECH32M_TEXT_MAX) {
        return false;
    }
    bool lower = false;
    bool upper = false;
    size_t last = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c < 33 || c > 126) {
            return false;
        }
        lower = lower || is_lower(c);
        upper = upper || is_upper(c);
        last = c == '1' ? i : last;
    }
    *separator = last;
    return !(lower && upper) && last >= 1 && text.len - last - 1 >= BECH32M_CHECK_LEN;
}

enum err_code bech32m_decode(size_t *prefix_len, uint8_t values[BECH32M_VALUES_MAX],
                             size_t *values_count, struct octets text)
{
    size_t separator;
    if (!frame_valid(&separator, text)) {
        return ERR_MALFORMED;
    }
    uint32_t sum = sum_prefix(octets_of(text.at, separator));
    uint8_t checked[CHECKED_MAX];
    size_t count = text.len - separator - 1;
    for (size_t i = 0; i < count; i++) {
        checked[i] = values_by_character[text.at[separator + 1 + i]];
        if (checked[i] == NONE) {
            return ERR_MALFORMED;
        }
        sum = sum_step(sum, checked[i]);
    }
    if (sum != BECH32M_SUM) {
        return ERR_MALFORMED;
    }
    *prefix_len = separator;
    *values_count = count - BECH32M_CHECK_LEN;
    memcpy(values, checked, *values_count);
    return ERR_OK;
}
