/* post_parts.h - what the files of post_*.c share; post.h is what others use. */
#ifndef KITH_PROTO_POST_PARTS_H
#define KITH_PROTO_POST_PARTS_H

#include "proto/canon.h"
#include "proto/post.h"
#include "proto/sign.h"

/* proof = sig (bin 64), or [device, from_s, until_s, cert, sig] (SPEC 4.4). */
struct post_proof {
    uint8_t sig[SIGN_LEN];
    bool by_device; /* the rest counts only then */
    struct key device;
    uint64_t from_s;
    uint64_t until_s;
    uint8_t cert[SIGN_LEN];
};

/* ERR_TRUNCATED, or ERR_MALFORMED for another form, or a certificate whose times are out of
 * range or more than POST_DEVICE_MAX_S apart. */
MUST_USE enum err_code post_proof_read(struct canon_reader *r, struct post_proof *proof);

/* Whether a post of this kind, made then, may carry this proof. */
bool post_proof_fits(const struct post_proof *proof, uint64_t kind, uint64_t created_s);

/* Decode post->content by post->kind, and check what the kind demands of tags, refs and expiry
 * (SPEC 4.5).  Everything but known and as is filled in already; content is canonical.
 *
 *   ERR_MALFORMED  a known kind that breaks its rules */
MUST_USE enum err_code post_content_decode(struct post *post);

#endif
