/* post.h - decode, check, build and sign one post (SPEC 4).
 *
 *     wire = [body (bin), proof]
 *     body = [1, kind, author, created_s, expires_s, tags, refs, content]
 *
 * Pure: no I/O, no allocation, no clock.  Every length counts octets. */
#ifndef KITH_PROTO_POST_H
#define KITH_PROTO_POST_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

#define POST_BODY_MAX     32768 /* SPEC 4.2 */
#define POST_PROOF_MAX    256
#define POST_WIRE_MAX     (POST_BODY_MAX + POST_PROOF_MAX + 16)
#define POST_TAGS_MAX     8
#define POST_REFS_MAX     8
#define POST_MENTIONS_MAX 8
#define POST_TAG_MAX      60
#define POST_NAME_MAX     64
#define POST_BIO_MAX      1024
#define POST_NOTE_MAX     200
#define POST_TIME_MAX     ((UINT64_C(1) << 40) - 1)
#define POST_AHEAD_MAX_S  600 /* created_s may lie this far ahead of the receiver's clock */
#define POST_DEVICE_MAX_S (UINT64_C(90) * 86400)

enum post_kind {
    POST_PROFILE = 1,
    POST_TEXT = 2,
    POST_REACT = 3,
    POST_VOUCH = 4,
    POST_RETRACT = 5,
    POST_VOICE = 6, /* reserved, with the following ones, for later versions */
    POST_PLEDGE = 7,
    POST_LETTER = 8,
    POST_COSIGN = 9,
    POST_SEALED = 10,
    POST_MOVED = 11,
    POST_DEVICE_END = 12,
};

enum post_relation {
    POST_ROOT = 1,
    POST_PARENT = 2,
    POST_ECHO = 3,
    POST_SUBJECT = 4,
};

enum post_reaction { POST_HEART = 0, POST_SAD = 1, POST_ANGRY = 2, POST_WITH = 3 };
#define POST_REACTIONS_COUNT 4

enum post_replies { POST_REPLIES_EVERYONE = 0, POST_REPLIES_VOUCHED = 1, POST_REPLIES_NOBODY = 2 };

struct post_ref {
    uint64_t relation; /* enum post_relation, or one this version does not know */
    struct post_id id;
};

/* content = [name, bio, card]; card is [] here or 7 fields of which the first is the author. */
struct post_profile {
    struct octets name; /* 0 .. POST_NAME_MAX, not made safe for a terminal */
    struct octets bio;  /* 0 .. POST_BIO_MAX */
    struct octets card; /* the encoded card array, for later versions */
};

/* content = [text, note, replies, mentions] */
struct post_text {
    struct octets text; /* may be empty: a tag alone says enough */
    struct octets note; /* content note, 0 .. POST_NOTE_MAX */
    enum post_replies replies;
    struct key mentions[POST_MENTIONS_MAX]; /* from the content and from kith1... in the text */
    size_t mentions_count;                  /* distinct */
};

/* content = [subject, inviter]; inviter is an empty bin where there is none. */
struct post_vouch {
    struct key subject;
    struct key inviter;
    bool has_inviter;
};

/* A decoded post.  Octets borrow from the buffer given to post_decode() and die with it. */
struct post {
    struct post_id id;
    struct key author;
    uint64_t kind;      /* enum post_kind, or unknown */
    bool known;         /* the content below is decoded; else stored and forwarded, shown nowhere */
    uint64_t created_s; /* author's clock, seconds since the Unix epoch; untrusted */
    uint64_t expires_s; /* 0 = never, else > created_s */
    struct octets tags[POST_TAGS_MAX]; /* normal form, distinct, in the author's order */
    size_t tags_count;
    struct post_ref refs[POST_REFS_MAX];
    size_t refs_count;
    struct octets content; /* encoded */
    union {
        struct post_profile profile;
        struct post_text text;
        enum post_reaction reaction;
        struct post_vouch vouch;
    } as;                /* valid when known, by kind; retract has none */
    struct octets body;  /* encoded; the id is its hash */
    struct octets proof; /* encoded: a bin of 64, or the device array */
};

/* The reference with this relation, or NULL.  A known post has at most one of each relation. */
const struct post_id *post_ref_of(const struct post *post, enum post_relation relation);

/* Decode exactly one post from wire.  Does not check the proof, nor the clock.  *post is written
 * only on ERR_OK.
 *
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not canonical, a field out of range, a tag not in normal form, octets left over
 *   ERR_TOO_LARGE  the body exceeds POST_BODY_MAX */
MUST_USE enum err_code post_decode(struct post *post, struct octets wire);

/* The same from the front of a buffer; *wire_len is how much that post took. */
MUST_USE enum err_code post_decode_prefix(struct post *post, size_t *wire_len,
                                          struct octets octets);

/* The same as post_decode() for octets that it took before and that are unchanged: id is what it
 * said then and is not computed again.  Errors as post_decode(). */
MUST_USE enum err_code post_decode_again(struct post *post, struct octets wire,
                                         const struct post_id *id);

/* Check the proof (SPEC 4.4): Ed25519 by the author, or by a device the author certified.  About
 * 40 us, twice that for a device.
 *
 *   ERR_PROOF  it does not verify */
MUST_USE enum err_code post_verify(const struct post *post);

/* Whether a device signed it, and not its author's key itself. */
bool post_is_by_device(const struct post *post);

/* ERR_FUTURE when created_s is more than POST_AHEAD_MAX_S ahead of now_s, ERR_EXPIRED from
 * expires_s on. */
MUST_USE enum err_code post_check_clock(const struct post *post, uint64_t now_s);

/* Whether a post of this kind stays, however old it is (SPEC 7.5): who somebody is, whom they know,
 * what they took back, and voices. */
bool post_stands(const struct post *post);

/* What a person says, before it is a post.  Borrows everything. */
struct post_draft {
    enum post_kind kind; /* profile, text, react, vouch or retract */
    uint64_t created_s;
    uint64_t expires_s;
    const struct octets *tags; /* normal form: see tag_normalise() */
    size_t tags_count;
    const struct post_ref *refs;
    size_t refs_count;
    struct octets text; /* text: the text; profile: the name */
    struct octets note; /* text: the note; profile: the bio */
    enum post_replies replies;
    enum post_reaction reaction;
    const struct key *mentions;
    size_t mentions_count;
    struct key subject; /* vouch */
    struct key inviter;
    bool has_inviter;
};

/* Encode and sign a draft into wire, which has room for POST_WIRE_MAX.  seed is the
 * author's 32-octet Ed25519 seed.  What it makes always passes post_decode().  On failure wire
 * holds scratch, and *wire_len and *id are unchanged.
 *
 *   ERR_MALFORMED  a field of the draft is out of range
 *   ERR_TOO_LARGE  the body would exceed POST_BODY_MAX */
MUST_USE enum err_code post_sign(uint8_t *wire, size_t *wire_len, struct post_id *id,
                                 const struct post_draft *draft, const uint8_t seed[32]);

#endif
