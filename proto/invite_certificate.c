#include "proto/invite_certificate.h"

#include "proto/post.h"

bool invite_terms_valid(const struct invite_terms *terms)
{
    return terms->uses >= 1 && terms->uses <= INVITE_USES_MAX && terms->until_s <= POST_TIME_MAX;
}

static struct octets fields_of(uint8_t out[INVITE_FIELDS_LEN], const struct invite_terms *terms)
{
    uint8_t *at = out;
    memcpy(at, terms->relay.octets, KEY_LEN);
    at += KEY_LEN;
    memcpy(at, terms->seed_public.octets, KEY_LEN);
    at += KEY_LEN;
    octets_put_u32be(at, terms->uses);
    octets_put_u64be(at + 4, terms->until_s);
    return octets_of(out, INVITE_FIELDS_LEN);
}

void invite_terms_sign(uint8_t cert[SIGN_LEN], const struct invite_terms *terms,
                       const uint8_t inviter_seed[SIGN_SEED_LEN])
{
    uint8_t fields[INVITE_FIELDS_LEN];
    sign_detached(cert, SIGN_INVITE, fields_of(fields, terms), inviter_seed);
}

enum err_code invite_terms_check(const uint8_t cert[SIGN_LEN], const struct invite_terms *terms,
                                 const struct key *inviter)
{
    uint8_t fields[INVITE_FIELDS_LEN];
    return sign_check(cert, SIGN_INVITE, fields_of(fields, terms), inviter);
}
