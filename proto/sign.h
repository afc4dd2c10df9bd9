/* sign.h - what Ed25519 keys sign, and which signatures are valid (SPEC 4.4, 4.6).
 *
 * A key signs only what the table of prefixes lists: the prefix, then fields of one fixed length.
 * Each prefix ends in '/' and a digit and none begins another, so no octets signed for one
 * purpose can be read as signed for another.
 *
 * A signature (R, S) by A is valid when S is below the group's order, A is canonical and not of
 * small order, R is not of small order, and the encoding of S·B - k·A equals R octet for octet,
 * k = SHA-512(R, A, message) (no cofactor).  All nodes must agree on this, so it is pinned by
 * tests/vectors/ed25519.json. */
#ifndef KITH_PROTO_SIGN_H
#define KITH_PROTO_SIGN_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

#define SIGN_LEN      64
#define SIGN_SEED_LEN 32

enum sign_prefix {
    SIGN_POST,     /* id */
    SIGN_DEVICE,   /* device, u64 from_s, u64 until_s */
    SIGN_INVITE,   /* relay, seed's public key, u32 uses, u64 until_s */
    SIGN_CLAIM,    /* relay, subject */
    SIGN_JOIN,     /* relay, seed's public key */
    SIGN_RELAY,    /* the static key of the relay's node */
    SIGN_EVIDENCE, /* about, u64 sealed_s, BLAKE2b-256 of the posts */
    SIGN_CROWD,    /* reserved: identity, P, u32 from_day, u32 until_day, c, z */
    SIGN_INNER,    /* reserved: circle, id */
    SIGN_PREFIXES_COUNT
};

/* The prefix's text, "kith/post/1"; static storage.  Asserts a known prefix. */
const char *sign_prefix_text(enum sign_prefix prefix);
/* The length that fields have after this prefix. */
size_t sign_fields_len(enum sign_prefix prefix);

/* The public key of a seed. */
void sign_public_key(struct key *public_key, const uint8_t seed[SIGN_SEED_LEN]);

/* Sign prefix and fields; asserts that fields have the prefix's length.  Numbers in fields are
 * big-endian. */
void sign_detached(uint8_t sig[SIGN_LEN], enum sign_prefix prefix, struct octets fields,
                   const uint8_t seed[SIGN_SEED_LEN]);

/* ERR_PROOF if sig is not by public_key over prefix and fields.  Asserts the fields' length. */
MUST_USE enum err_code sign_check(const uint8_t sig[SIGN_LEN], enum sign_prefix prefix,
                                  struct octets fields, const struct key *public_key);

/* The rule of validity by itself, over any message: ERR_PROOF if it does not hold. */
MUST_USE enum err_code sign_check_message(const uint8_t sig[SIGN_LEN], struct octets message,
                                          const struct key *public_key);

#endif
