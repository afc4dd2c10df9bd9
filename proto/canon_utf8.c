#include "proto/canon.h"

static bool is_tail(uint8_t octet)
{
    return (octet & 0xc0U) == 0x80;
}

/* How many octets the character at the front takes; 0 if it is not well formed (Unicode 3.9,
 * table 3-7). */
static size_t character_len(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (left < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (!is_tail(at[i])) {
            return 0;
        }
    }
    bool overlong = (first == 0xe0 && at[1] < 0xa0) || (first == 0xf0 && at[1] < 0x90);
    bool surrogate = first == 0xed && at[1] > 0x9f;
    bool beyond = first == 0xf4 && at[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : len;
}

bool canon_utf8_valid(struct octets text)
{
    size_t i = 0;
    while (i < text.len) {
        uint64_t eight;
        if (text.len - i >= sizeof eight) {
            memcpy(&eight, text.at + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t len = character_len(text.at + i, text.len - i);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}
