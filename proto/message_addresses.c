#include "proto/message_addresses.h"

#include <assert.h>

enum err_code message_addresses_wanted_decode(struct octets payload)
{
    return payload.len == 0 ? ERR_OK : ERR_MALFORMED;
}

size_t message_addresses_encode(uint8_t out[MESSAGE_ADDRESSES_CAP], const struct address *addresses,
                                size_t count)
{
    assert(count <= MESSAGE_ADDRESSES_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_ADDRESSES_CAP);
    canon_write_array(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        contact_write(&w, &addresses[i]);
    }
    return canon_written(&w).len;
}

enum err_code message_addresses_decode(struct address addresses[MESSAGE_ADDRESSES_MAX],
                                       size_t *count, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct address read[MESSAGE_ADDRESSES_MAX];
    uint32_t read_count = 0;
    enum err_code rc = canon_read_array(&r, &read_count, MESSAGE_ADDRESSES_MAX);
    for (uint32_t i = 0; rc == ERR_OK && i < read_count; i++) {
        rc = contact_read(&r, &read[i]);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        memcpy(addresses, read, read_count * sizeof *addresses);
        *count = read_count;
    }
    return rc;
}
