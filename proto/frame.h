/* frame.h - the units of the decrypted octet stream between two nodes (SPEC 6.2).
 *
 * A frame is a header of five octets, `type u8, flags u8, length u24` (big-endian), then length
 * octets of payload.  What a payload holds is for other modules.  Pure. */
#ifndef KITH_PROTO_FRAME_H
#define KITH_PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/octets.h"

#define FRAME_HEADER_LEN 5
#define FRAME_MAX        262144 /* octets of payload */

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_POSTS = 2,
    FRAME_WANT = 3,
    FRAME_RECON = 4,
    FRAME_RECON_END = 5,
    FRAME_JOIN = 6,
    FRAME_JOINED = 7,
    FRAME_PING = 8,
    FRAME_PONG = 9,
    FRAME_BYE = 10,
    FRAME_NONE_YET = 11,         /* ids that were asked for and that the peer does not have */
    FRAME_IHAVE = 12,            /* posts that could be asked for */
    FRAME_GRAFT = 13,            /* ask for posts, or for new ones to be sent whole */
    FRAME_PRUNE = 14,            /* new ones need only be announced */
    FRAME_SHUFFLE = 15,          /* contacts for contacts */
    FRAME_SHUFFLED = 16,         /* the answer */
    FRAME_NEIGHBOUR = 17,        /* ask to be neighbours, or agree */
    FRAME_FORWARD = 18,          /* somebody is new */
    FRAME_PASSIVE = 19,          /* not neighbours, or not any more */
    FRAME_WANT_AT = 20,          /* posts by their places in a list of ids */
    FRAME_PAD = 21,              /* nothing: makes what is written together longer */
    FRAME_CREDIT = 22,           /* so many more octets of frames may be sent */
    FRAME_ADDRESSES_WANTED = 23, /* some of the addresses that are known */
    FRAME_ADDRESSES = 24,        /* the answer */
    FRAME_TYPES_END              /* one past the last type of version 1 */
};

/* Types from here to 255 are for later extensions: a receiver that does not know one skips it. */
#define FRAME_EXTENSION_FIRST 64

/* The frames that a session keeps to itself, and BYE, which must get through: they need no credit
 * (SPEC 6.2). */
static inline bool frame_type_is_free(uint8_t type)
{
    return type == FRAME_PING || type == FRAME_PONG || type == FRAME_BYE || type == FRAME_PAD ||
           type == FRAME_CREDIT;
}

struct frame {
    uint8_t type; /* an enum frame_type, or an extension */
    struct octets payload;
};

/* Whether the frame is of a type this version does not know and is to be skipped. */
static inline bool frame_is_extension(const struct frame *frame)
{
    return frame->type >= FRAME_EXTENSION_FIRST;
}

/* Write the header of a frame.  payload_len is at most FRAME_MAX; type is one that
 * frame_next() would accept. */
void frame_put_header(uint8_t out[FRAME_HEADER_LEN], uint8_t type, size_t payload_len);

/* The frame that stream begins with, uncopied: the payload borrows from stream.  *used_len
 * receives how many octets of stream it takes.
 *
 *   ERR_TRUNCATED  the octets stop early; more may help.  A bad header is told from its first
 *                  bad octet on, not only when the frame is whole
 *   ERR_MALFORMED  an unknown type below FRAME_EXTENSION_FIRST, or flags that are not 0
 *   ERR_TOO_LARGE  the payload exceeds FRAME_MAX */
MUST_USE enum err_code frame_next(struct frame *frame, size_t *used_len, struct octets stream);

#endif
