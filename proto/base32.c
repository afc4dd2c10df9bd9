#include "proto/base32.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void base32_encode(char *out, struct octets in)
{
    uint32_t bits = 0;
    unsigned bits_count = 0;
    for (size_t i = 0; i < in.len; i++) {
        bits = (bits << 8) | in.at[i];
        for (bits_count += 8; bits_count >= 5; bits_count -= 5) {
            *out++ = alphabet[(bits >> (bits_count - 5)) & 31U];
        }
    }
    if (bits_count > 0) {
        *out = alphabet[(bits << (5 - bits_count)) & 31U];
    }
}

/* 0 to 31, or -1; *letters collects which cases were seen. */
static int value_of(uint8_t c, unsigned *letters)
{
    if (c >= 'a' && c <= 'z') {
        *letters |= 1U;
        return c - 'a';
    }
    if (c >= 'A' && c <= 'Z') {
        *letters |= 2U;
        return c - 'A';
    }
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static enum err_code check(struct octets text)
{
    unsigned letters = 0;
    int value = 0;
    for (size_t i = 0; i < text.len; i++) {
        value = value_of(text.at[i], &letters);
        if (value < 0) {
            return ERR_MALFORMED;
        }
    }
    size_t stray_bits = text.len * 5 % 8;
    bool stray = ((unsigned)value & ((1U << stray_bits) - 1)) != 0;
    return letters == 3 || stray_bits >= 5 || stray ? ERR_MALFORMED : ERR_OK;
}

enum err_code base32_decode(uint8_t *out, struct octets text)
{
    enum err_code rc = check(text);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t bits = 0;
    unsigned bits_count = 0;
    unsigned letters = 0;
    for (size_t i = 0; i < text.len; i++) {
        bits = (bits << 5) | (uint32_t)value_of(text.at[i], &letters);
        bits_count += 5;
        if (bits_count >= 8) {
            bits_count -= 8;
            *out++ = (uint8_t)(bits >> bits_count);
        }
    }
    return ERR_OK;
}
