/* session_input.h - a session's inner part: what came from the peer, in one bounded buffer, which
 * there is only while something is in it.
 *
 * Noise messages (each behind its length, a big-endian u16) are opened where they lie.  A frame
 * that lies in one message is handed out from there; only what continues in the next message is
 * moved, to join it.
 *
 *       0          plain_at      plain_end    wire_at      wire_end        the buffer's end
 *       | done with | frames to come | done with | not opened yet | room to read into |
 */
#ifndef KITH_PROTO_SESSION_INPUT_H
#define KITH_PROTO_SESSION_INPUT_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/frame.h"
#include "proto/noise.h"
#include "proto/octets.h"
#include "proto/session_pool.h"

#define SESSION_LENGTH_LEN 2 /* of the u16 before each Noise message */

/* One frame and one Noise message, so that a frame that is not whole always has room to become so.
 */
#define SESSION_INPUT_CAP (FRAME_HEADER_LEN + FRAME_MAX + SESSION_LENGTH_LEN + NOISE_MESSAGE_MAX)

struct session_input {
    struct session_pool *pool;     /* or NULL */
    struct session_buffer *buffer; /* NULL while there is nothing */
    size_t plain_at;
    size_t plain_end;
    size_t wire_at;
    size_t wire_end;
};

/* Wipes and gives back.  A zeroed struct with its pool is ready for use. */
void session_input_close(struct session_input *in);

/* Give the buffer back if nothing is in it.  Frames taken from it are gone. */
void session_input_rest(struct session_input *in);

/* Room for more, at least one octet once session_input_frame() and _open() both answered
 * ERR_TRUNCATED; none without memory.  May move what is there. */
struct octets_room session_input_room(struct session_input *in);
void session_input_filled(struct session_input *in, size_t len);

/* The length that the next Noise message announces.
 *
 *   ERR_TRUNCATED  it has not come yet */
MUST_USE enum err_code session_input_announced(const struct session_input *in, size_t *len);

/* Whether the next Noise message is whole. */
bool session_input_has_message(const struct session_input *in);

/* Take the next Noise message as it is; it lives until the next call of session_input_room().
 *
 *   ERR_TRUNCATED  it is not whole yet */
MUST_USE enum err_code session_input_take(struct session_input *in, struct octets *message);

/* Open the next Noise message behind the plain text that is there.
 *
 *   ERR_TRUNCATED  it is not whole yet
 *   ERR_MALFORMED  it is too short to hold anything
 *   ERR_DECRYPT    it is not authentic */
MUST_USE enum err_code session_input_open(struct session_input *in, struct noise_cipher *cipher);

/* Take the next frame from the plain text; it lives until the next call of session_input_open()
 * or _room().  Errors are those of frame_next(). */
MUST_USE enum err_code session_input_frame(struct session_input *in, struct frame *frame);

#endif
