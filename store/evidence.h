/* evidence.h - posts kept as proof: what lies in a file sealed for evidence (SPEC 10.8).
 *
 *     [1, sealer, about, sealed_s, sig] wire wire ... */
#ifndef KITH_STORE_EVIDENCE_H
#define KITH_STORE_EVIDENCE_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

struct evidence {
    struct key sealer; /* whose node wrote it */
    struct key about;  /* whose posts they are */
    uint64_t sealed_s; /* the sealer's clock */
    bool is_signed;    /* decoding: the sealer's signature over all of it holds */
    struct octets posts;
};

/* evidence->sealer is the seed's.  *plain, for the caller to wipe and free(), is at most
 * evidence->posts and 256 octets.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code evidence_encode(uint8_t **plain, size_t *plain_len,
                                       const struct evidence *evidence, const uint8_t seed[32]);
/* Borrows.  The posts are not looked at: post_decode_prefix() and post_verify() do that.
 *   ERR_MALFORMED  no evidence;  ERR_VERSION  of a later version */
MUST_USE enum err_code evidence_decode(struct evidence *evidence, struct octets plain);

#endif
