/* invite.h - invites to a relay, and the claim by which somebody joins (SPEC 8).
 *
 * An invite travels as text between two people and holds the seed; a claim travels to the relay
 * alone and proves that its sender knew the seed. */
#ifndef KITH_PROTO_INVITE_H
#define KITH_PROTO_INVITE_H

#include "proto/address.h"
#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

#define INVITE_TEXT_MAX 1024
#define CLAIM_WIRE_MAX  512

struct invite {
    struct address address; /* the relay's */
    struct key relay;       /* its identity */
    struct key inviter;
    uint8_t seed[32]; /* secret: whoever has it can join */
    uint32_t uses;    /* 1 .. 1000 */
    uint64_t until_s;
    uint8_t cert[64]; /* Ed25519(inviter, "kith/invite/1" relay seed's public key uses until_s) */
};

/* Fill in cert.  Everything else is given; identity_seed is the inviter's.
 *   ERR_MALFORMED  uses or until_s out of range, or the seed is not the inviter's */
MUST_USE enum err_code invite_sign(struct invite *invite, const uint8_t identity_seed[32]);
/* The text form: "kithinvite1", then in base32 the canonical array [1, host, port, static key,
 * relay, inviter, seed, uses, until_s, cert] and the first 4 octets of its BLAKE2b-256.  Parsing
 * takes either case, and no white space around it.  Wipe text and invite: they hold the seed.
 *   ERR_MALFORMED  another form, a wrong checksum, a field out of range
 *   ERR_PROOF      the cert does not verify */
MUST_USE enum err_code invite_print(char out[INVITE_TEXT_MAX], const struct invite *invite);
MUST_USE enum err_code invite_parse(struct invite *invite, struct octets text);

/* What the newcomer sends: the cert and its fields (never the seed), and two signatures. */
struct claim {
    struct key relay;
    struct key inviter;
    struct key seed_public;
    uint32_t uses;
    uint64_t until_s;
    uint8_t cert[64];
    struct key subject;    /* the newcomer */
    uint8_t claim_sig[64]; /* Ed25519(seed, "kith/claim/1" relay subject) */
    uint8_t join_sig[64];  /* Ed25519(subject, "kith/join/1" relay seed's public key) */
};

/* ERR_MALFORMED, ERR_PROOF: the invite is not as invite_sign() left it. */
MUST_USE enum err_code claim_sign(struct claim *claim, const struct invite *invite,
                                  const uint8_t subject_seed[32]);
/* wire = [1, relay, inviter, seed_public, uses, until_s, cert, subject, claim_sig, join_sig].
 *   ERR_MALFORMED  uses or until_s out of range */
MUST_USE enum err_code claim_encode(uint8_t out[CLAIM_WIRE_MAX], size_t *out_len,
                                    const struct claim *claim);
/* Checks no signature.
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not canonical, a field out of range, or octets left over */
MUST_USE enum err_code claim_decode(struct claim *claim, struct octets wire);
/* ERR_PROOF: one of the three signatures does not verify; ERR_EXPIRED: past until_s;
 * ERR_REFUSED: meant for another relay. */
MUST_USE enum err_code claim_verify(const struct claim *claim, const struct key *relay,
                                    uint64_t now_s);

#endif
