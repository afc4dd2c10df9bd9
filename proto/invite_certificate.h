/* invite_certificate.h - what an inviter signs, shared by the invite and the claim (SPEC 8.2). */
#ifndef KITH_PROTO_INVITE_CERTIFICATE_H
#define KITH_PROTO_INVITE_CERTIFICATE_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/sign.h"

#define INVITE_USES_MAX   1000
#define INVITE_FIELDS_LEN (KEY_LEN + KEY_LEN + 4 + 8)

/* The terms of an invite, as its certificate fixes them. */
struct invite_terms {
    struct key relay;
    struct key seed_public;
    uint32_t uses;
    uint64_t until_s;
};

/* Whether uses is 1 .. INVITE_USES_MAX and until_s a time a post could have. */
bool invite_terms_valid(const struct invite_terms *terms);

void invite_terms_sign(uint8_t cert[SIGN_LEN], const struct invite_terms *terms,
                       const uint8_t inviter_seed[SIGN_SEED_LEN]);

/* ERR_PROOF if inviter did not sign these terms. */
MUST_USE enum err_code invite_terms_check(const uint8_t cert[SIGN_LEN],
                                          const struct invite_terms *terms,
                                          const struct key *inviter);

#endif
