/* session_output.h - a session's inner part: what waits to be written to the peer, in one bounded
 * buffer.
 *
 * Octets never move once they are in: they fill the buffer to its end and then go on from its
 * front, where the peer has taken what stood there.  The message begun last is plain text until
 * it is full or there is nothing else to write, so that small frames share messages. */
#ifndef KITH_PROTO_SESSION_OUTPUT_H
#define KITH_PROTO_SESSION_OUTPUT_H

#include <stdbool.h>

#include "proto/err.h"
#include "proto/noise.h"
#include "proto/octets.h"

struct session_output {
    uint8_t *octets;
    size_t first_at; /* the stretch to be written now */
    size_t first_end;
    size_t second_end; /* when wrapped: the stretch to be written after it, from the front */
    size_t begun_len;  /* plain text in the message begun last */
    size_t begun_max;  /* how much it can hold; 0 if none is begun */
    size_t touched_end;
    bool wrapped;
};

/*   ERR_NO_MEMORY  the allocation failed */
MUST_USE enum err_code session_output_init(struct session_output *out);
/* Wipes and frees. */
void session_output_close(struct session_output *out);

/* Put one Noise message as it is.  Only before anything was put with session_output_put(). */
void session_output_put_message(struct session_output *out, struct octets message);

/* Whether plain_len octets may be put now without exceeding SESSION_OUTPUT_MAX. */
bool session_output_fits(const struct session_output *out, size_t plain_len);
/* Put plain text, after session_output_fits() agreed to it. */
void session_output_put(struct session_output *out, struct noise_cipher *cipher,
                        struct octets plain);

/* The stretch to write next.  Seals the message begun last if there is nothing else; cipher may be
 * NULL as long as nothing was put with session_output_put(). */
struct octets session_output_take(struct session_output *out, struct noise_cipher *cipher);
void session_output_written(struct session_output *out, size_t len);

/* Octets waiting, with what sealing will add. */
size_t session_output_waiting(const struct session_output *out);

#endif
