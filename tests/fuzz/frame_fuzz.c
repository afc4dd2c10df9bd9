/* Any octets as a stream of frames: what is accepted must encode to the same octets. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct octets stream = octets_of(octets, len);
    struct frame frame;
    size_t used_len = 0;
    while (frame_next(&frame, &used_len, stream) == ERR_OK) {
        uint8_t header[FRAME_HEADER_LEN];
        frame_put_header(header, frame.type, frame.payload.len);
        if (used_len > stream.len || used_len != FRAME_HEADER_LEN + frame.payload.len ||
            frame.payload.at != stream.at + FRAME_HEADER_LEN ||
            memcmp(header, stream.at, FRAME_HEADER_LEN) != 0) {
            abort();
        }
        stream = octets_of(stream.at + used_len, stream.len - used_len);
    }
    return 0;
}
