/* message.h - what the frames of a session hold: encode and decode their payloads (SPEC 6.3).
 *
 *     HELLO      [1, role, identity (bin 32, or empty), proof (bin 64, or empty), floor (a day)]
 *                                    and, from who does not want all sets, sets (bin 64) behind it
 *     POSTS      [wire, ...]         1 .. MESSAGE_POSTS_MAX posts, each [body, proof]; or, where
 *                                    they are new, [hops (bin with an octet for each), wire, ...]
 *     WANT       bin                 1 .. MESSAGE_IDS_MAX ids of 32 octets, one after another
 *     NONE       bin                 likewise: ids that were asked for and are not here
 *     RECON      [session, set, message (bin)]
 *     RECON_END  [session]
 *     WANT_AT    [session, number, places (bin)]
 *     JOIN       a claim, see proto/invite.h
 *     JOINED     [status, text]      status is 0 (joined) or a code of proto/err.h
 *     BYE        [reason]            a code of proto/err.h
 *
 * PING and PONG are the session's own; what a tree and a view of relays need is in
 * proto/message_overlay.h.  Pure: no I/O, no allocation, no clock.  What is decoded
 * borrows from the payload.  All decoders:
 *
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not the one valid encoding, a field out of range, or octets left over
 *
 * All encoders give how many octets they wrote, and assert that out has the room named. */
#ifndef KITH_PROTO_MESSAGE_H
#define KITH_PROTO_MESSAGE_H

#include "proto/canon.h"
#include "proto/err.h"
#include "proto/frame.h"
#include "proto/key.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "proto/set.h"

#define MESSAGE_VERSION    1
#define MESSAGE_IDS_MAX    512
#define MESSAGE_POSTS_MAX  1024
#define MESSAGE_PROOF_LEN  64
#define MESSAGE_TEXT_MAX   200
#define MESSAGE_RECON_MAX  (FRAME_MAX - 64)
#define MESSAGE_HELLO_CAP  192
#define MESSAGE_IDS_CAP    (MESSAGE_IDS_MAX * POST_ID_LEN + 8)
#define MESSAGE_RECON_HEAD 16 /* octets a RECON adds to its message, at most */
#define MESSAGE_JOINED_CAP (MESSAGE_TEXT_MAX + 16)
#define MESSAGE_PLACES_MAX 512 /* octets of places: a bit for each id that a message can list */
#define MESSAGE_PLACES_CAP (MESSAGE_PLACES_MAX + 16)
#define MESSAGE_CODE_CAP   16 /* RECON_END, BYE */
#define MESSAGE_POSTS_HEAD 3  /* octets before the posts of POSTS, at most */
#define MESSAGE_NEW_HEAD   (MESSAGE_POSTS_HEAD + 3 + MESSAGE_POSTS_MAX) /* likewise, with hops */
#define MESSAGE_HOPS_MAX   254 /* a post that has come farther says so much */
#define MESSAGE_HOPS_OLD   255 /* in IHAVE: not new, and not on its way by itself */

enum message_role { MESSAGE_PERSONAL = 0, MESSAGE_RELAY = 1 };

/* How a node presents itself.  Only a relay has an identity, and it proves it:
 * Ed25519(identity, "kith/relay/1" || the static key of its node). */
struct message_hello {
    enum message_role role;
    struct key identity;              /* MESSAGE_RELAY only, else zero */
    uint8_t proof[MESSAGE_PROOF_LEN]; /* likewise */
    uint32_t floor_day;               /* it keeps only what is dated later, but for what stands */
    struct set_choice sets;           /* it wants, as far as it says; all zero: everything */
};

size_t message_hello_encode(uint8_t out[MESSAGE_HELLO_CAP], const struct message_hello *hello);
/* Does not check the proof.  Also ERR_VERSION: another version than MESSAGE_VERSION. */
MUST_USE enum err_code message_hello_decode(struct message_hello *hello, struct octets payload);
/* A relay's proof, by its identity's seed, for the static key of its node. */
void message_hello_sign(struct message_hello *hello, const struct key *static_key,
                        const uint8_t identity_seed[32]);
/* ERR_PROOF: a relay's proof does not verify for the static key the session proved. */
MUST_USE enum err_code message_hello_verify(const struct message_hello *hello,
                                            const struct key *static_key);

/* The posts of one frame, one after another. */
struct message_posts {
    struct canon_reader reader;
    uint32_t left_count;
    struct octets hops; /* one for each post, at most MESSAGE_HOPS_MAX; or none: they are not new */
};

MUST_USE enum err_code message_posts_begin(struct message_posts *posts, struct octets payload);
/* The next post, while left_count > 0 (asserted), and its wire.  After the last one nothing may
 * be left over.  Errors also as post_decode(). */
MUST_USE enum err_code message_posts_next(struct message_posts *posts, struct post *post,
                                          struct octets *wire);
/* What goes before count posts, whose wires follow as they are: not new ones, and new ones. */
size_t message_posts_head(uint8_t out[MESSAGE_POSTS_HEAD], uint32_t count);
size_t message_new_head(uint8_t out[MESSAGE_NEW_HEAD], const uint8_t *hops, uint32_t count);

/* WANT and NONE.  ids borrows. */
size_t message_ids_encode(uint8_t out[MESSAGE_IDS_CAP], const struct post_id *ids, size_t count);
MUST_USE enum err_code message_ids_decode(const struct post_id **ids, size_t *count,
                                          struct octets payload);

struct message_recon {
    uint32_t session;
    uint32_t set; /* a number of proto/set.h, or below 2^16 at least */
    struct octets message;
};

/* out has room for recon->message.len + MESSAGE_RECON_HEAD. */
size_t message_recon_encode(uint8_t *out, const struct message_recon *recon);
MUST_USE enum err_code message_recon_decode(struct message_recon *recon, struct octets payload);

/* Posts by their places among the ids that an answer of a session listed, from 0; a bit for each,
 * an octet's lowest first. */
struct message_want_at {
    uint32_t session;
    uint32_t number;      /* of the answer in its session, from 1 */
    struct octets places; /* 1 to MESSAGE_PLACES_MAX octets, the last one not 0 */
};

size_t message_want_at_encode(uint8_t out[MESSAGE_PLACES_CAP], const struct message_want_at *want);
MUST_USE enum err_code message_want_at_decode(struct message_want_at *want, struct octets payload);

size_t message_recon_end_encode(uint8_t out[MESSAGE_CODE_CAP], uint32_t session);
MUST_USE enum err_code message_recon_end_decode(uint32_t *session, struct octets payload);

/* text is well-formed UTF-8, at most MESSAGE_TEXT_MAX octets (asserted). */
size_t message_joined_encode(uint8_t out[MESSAGE_JOINED_CAP], enum err_code status,
                             struct octets text);
/* A status this version does not know is ERR_REFUSED. */
MUST_USE enum err_code message_joined_decode(enum err_code *status, struct octets *text,
                                             struct octets payload);

size_t message_bye_encode(uint8_t out[MESSAGE_CODE_CAP], enum err_code reason);
/* A reason this version does not know is ERR_REFUSED. */
MUST_USE enum err_code message_bye_decode(enum err_code *reason, struct octets payload);

#endif
