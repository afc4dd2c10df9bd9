/* key.h - the two 32-octet names everything else is built from.  Both are public. */
#ifndef KITH_PROTO_KEY_H
#define KITH_PROTO_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define KEY_LEN     32
#define POST_ID_LEN 32

/* An Ed25519 public key: an identity, a device or a voice. */
struct key {
    uint8_t octets[KEY_LEN];
};

/* BLAKE2b-256 of a post's body (SPEC 4.1). */
struct post_id {
    uint8_t octets[POST_ID_LEN];
};

static inline bool key_equal(const struct key *a, const struct key *b)
{
    return memcmp(a->octets, b->octets, KEY_LEN) == 0;
}

static inline bool post_id_equal(const struct post_id *a, const struct post_id *b)
{
    return memcmp(a->octets, b->octets, POST_ID_LEN) == 0;
}

/* Octet order, as everywhere ids are sorted (SPEC 1). */
static inline int post_id_compare(const struct post_id *a, const struct post_id *b)
{
    return memcmp(a->octets, b->octets, POST_ID_LEN);
}

#endif
