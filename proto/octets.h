/* octets.h - borrowed octets and a bounded buffer to write into. */
#ifndef KITH_PROTO_OCTETS_H
#define KITH_PROTO_OCTETS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Octets that somebody else owns.  at may be NULL only when len is 0. */
struct octets {
    const uint8_t *at;
    size_t len;
};

/* Room that somebody else owns, filled from the front. */
struct octets_room {
    uint8_t *at;
    size_t len; /* octets filled so far */
    size_t cap; /* octets there are */
};

static inline struct octets octets_of(const void *at, size_t len)
{
    return (struct octets){.at = (const uint8_t *)at, .len = len};
}

static inline struct octets octets_of_text(const char *text)
{
    return octets_of(text, strlen(text));
}

static inline bool octets_equal(struct octets a, struct octets b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Spelled out and not as loops: so compilers make one load or store of them. */

static inline void octets_put_u16be(uint8_t out[2], uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static inline void octets_put_u32be(uint8_t out[4], uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

static inline void octets_put_u64be(uint8_t out[8], uint64_t value)
{
    out[0] = (uint8_t)(value >> 56);
    out[1] = (uint8_t)(value >> 48);
    out[2] = (uint8_t)(value >> 40);
    out[3] = (uint8_t)(value >> 32);
    out[4] = (uint8_t)(value >> 24);
    out[5] = (uint8_t)(value >> 16);
    out[6] = (uint8_t)(value >> 8);
    out[7] = (uint8_t)value;
}

static inline uint16_t octets_get_u16be(const uint8_t in[2])
{
    return (uint16_t)((in[0] << 8) | in[1]);
}

static inline uint32_t octets_get_u32be(const uint8_t in[4])
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static inline uint64_t octets_get_u64be(const uint8_t in[8])
{
    return (uint64_t)in[0] << 56 | (uint64_t)in[1] << 48 | (uint64_t)in[2] << 40 |
           (uint64_t)in[3] << 32 | (uint64_t)in[4] << 24 | (uint64_t)in[5] << 16 |
           (uint64_t)in[6] << 8 | in[7];
}

#endif
