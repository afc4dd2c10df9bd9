#include "proto/name32.h"

#include "proto/base32.h"
#include "proto/bech32m.h"

#define PREFIX       "kith"
#define PREFIX_LEN   4
#define VALUES_COUNT 52 /* 256 bits in fives, four bits of zero at the end */

static void values_of_octets(uint8_t values[VALUES_COUNT], const uint8_t in[32])
{
    for (size_t i = 0; i < VALUES_COUNT; i++) {
        size_t bit = 5 * i;
        uint32_t pair = (uint32_t)in[bit / 8] << 8;
        if (bit / 8 + 1 < 32) {
            pair |= in[bit / 8 + 1];
        }
        values[i] = (uint8_t)((pair >> (11 - bit % 8)) & 31U);
    }
}

static void octets_of_values(uint8_t out[32], const uint8_t values[VALUES_COUNT])
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    for (size_t i = 0; i < VALUES_COUNT; i++) {
        bits = (bits << 5) | values[i];
        bits_count += 5;
        if (bits_count >= 8) {
            bits_count -= 8;
            *out++ = (uint8_t)(bits >> bits_count);
        }
    }
}

void name32_bech(char out[NAME32_BECH_LEN + 1], const uint8_t in[32])
{
    uint8_t values[VALUES_COUNT];
    values_of_octets(values, in);
    bech32m_encode(out, octets_of(PREFIX, PREFIX_LEN), values, VALUES_COUNT);
    out[NAME32_BECH_LEN] = '\0';
}

enum err_code name32_from_bech(uint8_t out[32], struct octets text)
{
    if (text.len != NAME32_BECH_LEN || (memcmp(text.at, PREFIX "1", PREFIX_LEN + 1) != 0 &&
                                        memcmp(text.at, "KITH1", PREFIX_LEN + 1) != 0)) {
        return ERR_MALFORMED;
    }
    uint8_t values[BECH32M_VALUES_MAX];
    size_t values_count;
    size_t prefix_len;
    enum err_code rc = bech32m_decode(&prefix_len, values, &values_count, text);
    if (rc != ERR_OK) {
        return rc;
    }
    if (prefix_len != PREFIX_LEN || values_count != VALUES_COUNT ||
        (values[VALUES_COUNT - 1] & 15U) != 0) {
        return ERR_MALFORMED;
    }
    octets_of_values(out, values);
    return ERR_OK;
}

bool name32_find_bech(struct octets *found, uint8_t out[32], struct octets text)
{
    /* The separator is rarer in prose than any letter of the prefix, and stands in no data part,
     * so that two names never overlap. */
    size_t from = PREFIX_LEN;
    while (text.len >= NAME32_BECH_LEN && from <= text.len - (NAME32_BECH_LEN - PREFIX_LEN)) {
        const uint8_t *one = memchr(text.at + from, '1', text.len - from);
        if (one == NULL) {
            return false;
        }
        size_t start = (size_t)(one - text.at) - PREFIX_LEN;
        if (text.len - start < NAME32_BECH_LEN) {
            return false;
        }
        struct octets candidate = octets_of(text.at + start, NAME32_BECH_LEN);
        if (name32_from_bech(out, candidate) == ERR_OK) {
            *found = candidate;
            return true;
        }
        from = start + PREFIX_LEN + 1;
    }
    return false;
}

void name32_hex(char out[NAME32_HEX_LEN + 1], const uint8_t in[32])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15U];
    }
    out[NAME32_HEX_LEN] = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum err_code name32_from_hex(uint8_t out[32], struct octets text)
{
    if (text.len != NAME32_HEX_LEN) {
        return ERR_MALFORMED;
    }
    uint8_t octets[32];
    for (size_t i = 0; i < sizeof octets; i++) {
        int high = hex_value(text.at[2 * i]);
        int low = hex_value(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return ERR_MALFORMED;
        }
        octets[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(out, octets, sizeof octets);
    return ERR_OK;
}

void name32_base32(char out[NAME32_BASE32_LEN + 1], const uint8_t in[32])
{
    base32_encode(out, octets_of(in, 32));
    out[NAME32_BASE32_LEN] = '\0';
}

enum err_code name32_from_base32(uint8_t out[32], struct octets text)
{
    return text.len == NAME32_BASE32_LEN ? base32_decode(out, text) : ERR_MALFORMED;
}
