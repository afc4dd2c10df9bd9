#include "proto/frame.h"

#include <assert.h>

static bool type_is_valid(uint8_t type)
{
    return (type >= FRAME_HELLO && type < FRAME_TYPES_END) || type >= FRAME_EXTENSION_FIRST;
}

static size_t get_u24be(const uint8_t in[3])
{
    return (size_t)in[0] << 16 | (size_t)in[1] << 8 | in[2];
}

void frame_put_header(uint8_t out[FRAME_HEADER_LEN], uint8_t type, size_t payload_len)
{
    assert(type_is_valid(type) && payload_len <= FRAME_MAX);
    out[0] = type;
    out[1] = 0;
    out[2] = (uint8_t)(payload_len >> 16);
    out[3] = (uint8_t)(payload_len >> 8);
    out[4] = (uint8_t)payload_len;
}

enum err_code frame_next(struct frame *frame, size_t *used_len, struct octets stream)
{
    if ((stream.len >= 1 && !type_is_valid(stream.at[0])) ||
        (stream.len >= 2 && stream.at[1] != 0)) {
        return ERR_MALFORMED;
    }
    if (stream.len < FRAME_HEADER_LEN) {
        return ERR_TRUNCATED;
    }
    size_t payload_len = get_u24be(stream.at + 2);
    if (payload_len > FRAME_MAX) {
        return ERR_TOO_LARGE;
    }
    if (stream.len - FRAME_HEADER_LEN < payload_len) {
        return ERR_TRUNCATED;
    }
    frame->type = stream.at[0];
    frame->payload = octets_of(stream.at + FRAME_HEADER_LEN, payload_len);
    *used_len = FRAME_HEADER_LEN + payload_len;
    return ERR_OK;
}
