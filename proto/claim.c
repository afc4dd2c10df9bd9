#include <sodium.h>

#include "proto/canon.h"
#include "proto/invite.h"
#include "proto/invite_certificate.h"

#define CLAIM_VERSION 1
#define CLAIM_FIELDS  10
#define PAIR_LEN      64 /* two keys */

static struct octets pair_of(uint8_t out[PAIR_LEN], const struct key *a, const struct key *b)
{
    memcpy(out, a->octets, KEY_LEN);
    memcpy(out + KEY_LEN, b->octets, KEY_LEN);
    return octets_of(out, PAIR_LEN);
}

static struct invite_terms terms_of(const struct claim *claim)
{
    return (struct invite_terms){.relay = claim->relay,
                                 .seed_public = claim->seed_public,
                                 .uses = claim->uses,
                                 .until_s = claim->until_s};
}

enum err_code claim_sign(struct claim *claim, const struct invite *invite,
                         const uint8_t subject_seed[32])
{
    struct claim made = {.relay = invite->relay,
                         .inviter = invite->inviter,
                         .uses = invite->uses,
                         .until_s = invite->until_s};
    memcpy(made.cert, invite->cert, sizeof made.cert);
    sign_public_key(&made.seed_public, invite->seed);
    sign_public_key(&made.subject, subject_seed);
    struct invite_terms terms = terms_of(&made);
    enum err_code rc = invite_terms_valid(&terms)
                           ? invite_terms_check(made.cert, &terms, &made.inviter)
                           : ERR_MALFORMED;
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t pair[PAIR_LEN];
    sign_detached(made.claim_sig, SIGN_CLAIM, pair_of(pair, &made.relay, &made.subject),
                  invite->seed);
    sign_detached(made.join_sig, SIGN_JOIN, pair_of(pair, &made.relay, &made.seed_public),
                  subject_seed);
    *claim = made;
    return ERR_OK;
}

enum err_code claim_encode(uint8_t out[CLAIM_WIRE_MAX], size_t *out_len, const struct claim *claim)
{
    struct invite_terms terms = terms_of(claim);
    if (!invite_terms_valid(&terms)) {
        return ERR_MALFORMED;
    }
    struct canon_writer w = canon_writer_of(out, CLAIM_WIRE_MAX);
    canon_write_array(&w, CLAIM_FIELDS);
    canon_write_uint(&w, CLAIM_VERSION);
    canon_write_bin(&w, octets_of(claim->relay.octets, KEY_LEN));
    canon_write_bin(&w, octets_of(claim->inviter.octets, KEY_LEN));
    canon_write_bin(&w, octets_of(claim->seed_public.octets, KEY_LEN));
    canon_write_uint(&w, claim->uses);
    canon_write_uint(&w, claim->until_s);
    canon_write_bin(&w, octets_of(claim->cert, sizeof claim->cert));
    canon_write_bin(&w, octets_of(claim->subject.octets, KEY_LEN));
    canon_write_bin(&w, octets_of(claim->claim_sig, sizeof claim->claim_sig));
    canon_write_bin(&w, octets_of(claim->join_sig, sizeof claim->join_sig));
    *out_len = canon_written(&w).len;
    return ERR_OK;
}

static enum err_code claim_read(struct canon_reader *r, struct claim *claim)
{
    uint64_t uses = 0;
    enum err_code rc = canon_read_bin_exact(r, claim->relay.octets, KEY_LEN);
    rc = rc == ERR_OK ? canon_read_bin_exact(r, claim->inviter.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, claim->seed_public.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &uses, INVITE_USES_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &claim->until_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, claim->cert, sizeof claim->cert) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, claim->subject.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, claim->claim_sig, sizeof claim->claim_sig) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, claim->join_sig, sizeof claim->join_sig) : rc;
    claim->uses = (uint32_t)uses;
    return rc == ERR_OK ? canon_end(r) : rc;
}

enum err_code claim_decode(struct claim *claim, struct octets wire)
{
    struct canon_reader r = canon_reader_of(wire);
    uint32_t fields;
    uint64_t version;
    enum err_code rc = canon_read_array(&r, &fields, CLAIM_FIELDS);
    if (rc != ERR_OK) {
        return rc;
    }
    if (fields != CLAIM_FIELDS) {
        return ERR_MALFORMED;
    }
    rc = canon_read_uint(&r, &version, CLAIM_VERSION);
    if (rc != ERR_OK) {
        return rc;
    }
    struct claim read = {.uses = 0};
    rc = claim_read(&r, &read);
    if (rc != ERR_OK) {
        return rc;
    }
    struct invite_terms terms = terms_of(&read);
    if (version != CLAIM_VERSION || !invite_terms_valid(&terms)) {
        return ERR_MALFORMED;
    }
    *claim = read;
    return ERR_OK;
}

enum err_code claim_verify(const struct claim *claim, const struct key *relay, uint64_t now_s)
{
    if (!key_equal(&claim->relay, relay)) {
        return ERR_REFUSED;
    }
    if (now_s > claim->until_s) {
        return ERR_EXPIRED;
    }
    struct invite_terms terms = terms_of(claim);
    enum err_code rc = invite_terms_check(claim->cert, &terms, &claim->inviter);
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t pair[PAIR_LEN];
    rc = sign_check(claim->claim_sig, SIGN_CLAIM, pair_of(pair, &claim->relay, &claim->subject),
                    &claim->seed_public);
    if (rc != ERR_OK) {
        return rc;
    }
    return sign_check(claim->join_sig, SIGN_JOIN, pair_of(pair, &claim->relay, &claim->seed_public),
                      &claim->subject);
}
