#include "proto/name32.h"

#include "proto/base32.h"

#define HRP          "kith"
#define HRP_LEN      4
#define DATA_COUNT   52 /* 256 bits in fives, four bits of zero at the end */
#define CHECK_COUNT  6
#define VALUES_COUNT (DATA_COUNT + CHECK_COUNT)

static const char bech_alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* -1 where the character is not in the alphabet. */
static const int8_t bech_values[128] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, 15, -1, 10, 17, 21, 20, 26, 30, 7,  5,  -1, -1, -1, -1, -1, -1, -1, 29,
    -1, 24, 13, 25, 9,  8,  23, -1, 18, 22, 31, 27, 19, -1, 1,  0,  3,  16, 11, 28, 12, 14,
    6,  4,  2,  -1, -1, -1, -1, -1, -1, 29, -1, 24, 13, 25, 9,  8,  23, -1, 18, 22, 31, 27,
    19, -1, 1,  0,  3,  16, 11, 28, 12, 14, 6,  4,  2,  -1, -1, -1, -1, -1,
};

/* BIP-350: the checksum of the prefix and the values is this constant. */
#define BECH32M 0x2bc830a3U

static uint32_t polymod_step(uint32_t sum, uint32_t value)
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

static uint32_t polymod(const uint8_t *values, size_t count)
{
    uint32_t sum = 1;
    for (size_t i = 0; i < HRP_LEN; i++) {
        sum = polymod_step(sum, (uint32_t)HRP[i] >> 5);
    }
    sum = polymod_step(sum, 0);
    for (size_t i = 0; i < HRP_LEN; i++) {
        sum = polymod_step(sum, (uint32_t)HRP[i] & 31U);
    }
    for (size_t i = 0; i < count; i++) {
        sum = polymod_step(sum, values[i]);
    }
    return sum;
}

static void values_of_octets(uint8_t values[DATA_COUNT], const uint8_t in[32])
{
    for (size_t i = 0; i < DATA_COUNT; i++) {
        size_t bit = 5 * i;
        uint32_t pair = (uint32_t)in[bit / 8] << 8;
        if (bit / 8 + 1 < 32) {
            pair |= in[bit / 8 + 1];
        }
        values[i] = (uint8_t)((pair >> (11 - bit % 8)) & 31U);
    }
}

static void octets_of_values(uint8_t out[32], const uint8_t values[DATA_COUNT])
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    for (size_t i = 0; i < DATA_COUNT; i++) {
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
    uint8_t values[VALUES_COUNT] = {0};
    values_of_octets(values, in);
    uint32_t sum = polymod(values, VALUES_COUNT) ^ BECH32M;
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        values[DATA_COUNT + i] = (uint8_t)(sum >> (5 * (CHECK_COUNT - 1 - i)) & 31U);
    }
    memcpy(out, HRP "1", HRP_LEN + 1);
    for (size_t i = 0; i < VALUES_COUNT; i++) {
        out[HRP_LEN + 1 + i] = bech_alphabet[values[i]];
    }
    out[NAME32_BECH_LEN] = '\0';
}

enum err_code name32_from_bech(uint8_t out[32], struct octets text)
{
    if (text.len != NAME32_BECH_LEN) {
        return ERR_MALFORMED;
    }
    bool upper = text.at[0] == 'K';
    if (memcmp(text.at, upper ? "KITH1" : "kith1", HRP_LEN + 1) != 0) {
        return ERR_MALFORMED;
    }
    uint8_t values[VALUES_COUNT];
    for (size_t i = 0; i < VALUES_COUNT; i++) {
        uint8_t c = text.at[HRP_LEN + 1 + i];
        bool other_case = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
        if (c >= 128 || other_case || bech_values[c] < 0) {
            return ERR_MALFORMED;
        }
        values[i] = (uint8_t)bech_values[c];
    }
    if ((values[DATA_COUNT - 1] & 15U) != 0 || polymod(values, VALUES_COUNT) != BECH32M) {
        return ERR_MALFORMED;
    }
    octets_of_values(out, values);
    return ERR_OK;
}

bool name32_find_bech(struct octets *found, uint8_t out[32], struct octets text)
{
    /* The separator is rarer in prose than any letter of the prefix, and stands in no data part,
     * so that two names never overlap. */
    size_t from = HRP_LEN;
    while (text.len >= NAME32_BECH_LEN && from <= text.len - (NAME32_BECH_LEN - HRP_LEN)) {
        const uint8_t *one = memchr(text.at + from, '1', text.len - from);
        if (one == NULL) {
            return false;
        }
        size_t start = (size_t)(one - text.at) - HRP_LEN;
        if (text.len - start < NAME32_BECH_LEN) {
            return false;
        }
        struct octets candidate = octets_of(text.at + start, NAME32_BECH_LEN);
        if (name32_from_bech(out, candidate) == ERR_OK) {
            *found = candidate;
            return true;
        }
        from = start + HRP_LEN + 1;
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
