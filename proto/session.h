/* session.h - one encrypted connection between two nodes, without the connection (SPEC 6.1, 6.2).
 *
 * Octets from the peer go in, frames come out; frames go in, octets for the peer come out.  The
 * session reads no clock (now_ms comes in), touches no socket, and allocates nothing after
 * session_new() but its three buffers, of fixed size, from the pool.  One thread at a time, and all
 * sessions of a pool on the same one.
 *
 * A driver's read:   session_room(), read into it, session_received(), then session_next()
 *                    until it answers SESSION_WAITING.
 * A driver's write:  session_output() once a write is due, write it, session_written().
 * A driver's timer:  session_tick() at session_deadline_ms(), early or late.
 *
 * After any error the session is closed: every call that can fail returns that error again, and
 * nothing comes out but octets that were queued before.
 *
 * On the wire: Noise_XK_25519_ChaChaPoly_BLAKE2b, prologue "kith/1", no payload in the three
 * handshake messages; each Noise message follows its length as a big-endian u16.  Frames are cut
 * into Noise messages as they come; everything sent between two calls of session_output()
 * shares messages.  A Noise message is never empty, and every SESSION_REKEY_MESSAGES of one
 * direction its key is replaced.
 *
 * PING, PONG, PAD and CREDIT are the session's own business and never handed out: pings are
 * answered, and sent when the line is quiet; what is written at a time is padded; and the peer gets
 * credit for what was handed out, once it is done with.  A frame for which this side has no credit
 * waits, and holds up neither the session's own frames nor BYE. */
#ifndef KITH_PROTO_SESSION_H
#define KITH_PROTO_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/frame.h"
#include "proto/noise.h"
#include "proto/octets.h"
#include "proto/session_pool.h"

#define SESSION_HANDSHAKE_TIMEOUT_MS 10000
#define SESSION_IDLE_TIMEOUT_MS      120000  /* since the last valid frame */
#define SESSION_PING_AFTER_MS        60000   /* as above */
#define SESSION_OUTPUT_MAX           1048576 /* octets queued for the peer */
#define SESSION_REKEY_MESSAGES       1024
#define SESSION_CREDIT_START         1048576 /* octets of frames, in each direction */
#define SESSION_CREDIT_MAX           INT32_MAX
#define SESSION_CREDIT_STEP          (SESSION_CREDIT_START / 4) /* what is given at a time, or more */

struct session;

struct session_config {
    enum noise_role role;
    const struct noise_keypair *local; /* this node's static key */
    const uint8_t *ephemeral_secret; /* NOISE_KEY_LEN fresh random octets, for this session only */
    const uint8_t *remote_public;    /* initiator: the node dialled; responder: NULL */
    struct session_pool *pool;       /* borrowed; NULL: buffers of its own */
    uint64_t now_ms;
};

/* Everything in config is copied.  Free with session_free().  sodium_init() has been called.
 *
 *   ERR_NO_MEMORY  an allocation failed */
MUST_USE enum err_code session_new(struct session **session, const struct session_config *config);
/* Wipes the keys and all plain text. */
void session_free(struct session *s);

/* Where to read the peer's next octets to: at[0 .. cap), until the next call that takes or adds
 * octets of the peer (session_next(), _room(), _received(), _feed(), _handshake_step()).  There is
 * room whenever session_next() answered SESSION_WAITING last; before that, and without memory, cap
 * may be 0.  Even where nothing was read then, session_next() is called again: it gives back the
 * buffer. */
struct octets_room session_room(struct session *s);
/* The first len octets of that room are filled.  len 0 only moves the clock. */
void session_received(struct session *s, size_t len, uint64_t now_ms);
/* Both at once, for callers that have the octets already: takes as many as there is room for and
 * returns how many. */
MUST_USE size_t session_feed(struct session *s, struct octets octets, uint64_t now_ms);

enum session_event {
    SESSION_WAITING,        /* nothing more until more octets come */
    SESSION_HANDSHAKE_STEP, /* session_handshake_step() is due; may be called on another thread */
    SESSION_ESTABLISHED,    /* told once: the peer's key is proven, frames may be sent */
    SESSION_FRAME           /* *frame was written */
};

/* What comes next.  The frame's payload lies in the session and lives until the next call of
 * session_next(), session_room(), session_feed() or session_free().
 *
 *   ERR_HANDSHAKE  the handshake failed (also: any payload in it, or another version)
 *   ERR_DECRYPT    a message is not authentic: damaged, repeated, missing or out of order
 *   ERR_MALFORMED  see frame_next(); also an empty Noise message, a PING or PONG with a payload, a
 *                  CREDIT of another length, of nothing, or above SESSION_CREDIT_MAX in all
 *   ERR_TOO_LARGE  see frame_next()
 *   ERR_FLOOD      a frame for which the peer has no credit
 *   ERR_NO_MEMORY  there was no buffer for what is to be answered */
MUST_USE enum err_code session_next(struct session *s, enum session_event *event,
                                    struct frame *frame);

/* What session_next() did since this was asked last: frames found, those included that are never
 * handed out, or messages opened where those are more.  What is handed out says too little: there
 * may be nothing but PADs, and an octet in each message. */
uint32_t session_work(struct session *s);

/* Do the handshake's expensive part (two or three X25519): read the message that came, write the
 * one that is due.  Only after SESSION_HANDSHAKE_STEP.  Nothing else may touch the session
 * meanwhile.
 *
 *   ERR_HANDSHAKE  as above */
MUST_USE enum err_code session_handshake_step(struct session *s);

bool session_is_established(const struct session *s);
/* The peer's static key, NOISE_KEY_LEN octets; once established. */
const uint8_t *session_remote_public(const struct session *s);
/* The handshake's hash, NOISE_HASH_LEN octets, unique to this session; once established. */
const uint8_t *session_handshake_hash(const struct session *s);

/* Queue one frame.  The payload is sealed or copied before the call returns.
 *
 *   ERR_TOO_LARGE   the payload exceeds FRAME_MAX; the session stays open
 *   ERR_FLOOD       it does not fit below SESSION_OUTPUT_MAX now; the session stays open
 *   ERR_UNEXPECTED  not established yet; the session stays open
 *   ERR_NO_MEMORY   there was no buffer; the session stays open */
MUST_USE enum err_code session_send(struct session *s, enum frame_type type, struct octets payload);

/* Octets to write to the peer next, empty if there are none: nothing is queued, or all of it waits
 * for credit.  They stay where they are, and stay the same, until session_written(), whatever is
 * sent or received meanwhile.  After session_written() ask again: there may be more. */
struct octets session_output(struct session *s);
/* The first len octets of session_output() were written. */
void session_written(struct session *s, size_t len);
/* Octets queued, with what sealing will add to them; never above SESSION_OUTPUT_MAX. */
size_t session_output_pending(const struct session *s);
/* True from above three quarters of SESSION_OUTPUT_MAX until below half of it: the peer does not
 * keep up, so do nothing that leads to more for it.  (Reading goes on, or two sides that both send
 * would wait for each other.) */
bool session_wants_pause(const struct session *s);
/* Octets of memory that the session's buffers take up; see session_pool.h. */
size_t session_held_len(const struct session *s);

/* When session_tick() is due. */
uint64_t session_deadline_ms(const struct session *s);
/* Tell the time; may queue a PING, so look at session_output() after it.
 *
 *   ERR_TIMEOUT  the handshake or the peer's next frame took too long */
MUST_USE enum err_code session_tick(struct session *s, uint64_t now_ms);

#endif
