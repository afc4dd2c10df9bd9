/* session_output.h - a session's inner part: what waits to be written to the peer, in one bounded
 * buffer, which there is only while something waits.
 *
 * Octets never move once they are in: they fill the buffer to its end and then go on from its
 * front, where the peer has taken what stood there.  The message begun last is plain text until
 * it is full or there is nothing else to write, so that small frames share messages.
 *
 * A flush is what is written from one moment when nothing is left to be written to the next.  Its
 * end is padded (SPEC 6.2), so that the lengths of messages tell where in a flush they lie, and
 * nothing of the frames in them. */
#ifndef KITH_PROTO_SESSION_OUTPUT_H
#define KITH_PROTO_SESSION_OUTPUT_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/noise.h"
#include "proto/octets.h"
#include "proto/session.h"
#include "proto/session_pool.h"

/* The slack makes up for the room left at the end, and for the last bit of it, in which no message
 * is begun. */
#define SESSION_OUTPUT_CAP (SESSION_OUTPUT_MAX + 1024)

struct session_output {
    struct session_pool *pool;     /* or NULL */
    struct session_buffer *buffer; /* NULL while nothing waits */
    size_t first_at;               /* the stretch to be written now */
    size_t first_end;
    size_t second_end; /* when wrapped: the stretch to be written after it, from the front */
    size_t begun_len;  /* plain text in the message begun last */
    size_t begun_max;  /* how much it can hold; 0 if none is begun */
    size_t flush_len;  /* sealed since the last flush ended */
    bool wrapped;
};

/* Wipes and gives back.  A zeroed struct with its pool is ready for use. */
void session_output_close(struct session_output *out);

/* See that there is a buffer, before anything is put, and that the pool knows of its first
 * touched_len octets; it stays at least until session_output_take() was asked.
 *
 *   ERR_NO_MEMORY  there was none */
MUST_USE enum err_code session_output_open(struct session_output *out, size_t touched_len);

/* Put one Noise message as it is.  Only before anything was put with session_output_put(). */
void session_output_put_message(struct session_output *out, struct octets message);

/* Whether plain_len octets may be put now without exceeding SESSION_OUTPUT_MAX, where elsewhere_len
 * octets count as well. */
bool session_output_fits(const struct session_output *out, size_t plain_len, size_t elsewhere_len);
/* Put plain text, after session_output_fits() agreed to it. */
void session_output_put(struct session_output *out, struct noise_cipher *cipher,
                        struct octets plain);

/* The stretch to write next.  Where there is nothing else, the flush ends: it is padded, and the
 * message begun last is sealed.  cipher may be NULL as long as nothing was put with
 * session_output_put(). */
struct octets session_output_take(struct session_output *out, struct noise_cipher *cipher);
void session_output_written(struct session_output *out, size_t len);

/* Octets waiting, with what sealing will add. */
size_t session_output_waiting(const struct session_output *out);

#endif
