/* session_pair.h - two sessions with fixed keys and the octets between them. */
#ifndef KITH_TESTS_SUPPORT_SESSION_PAIR_H
#define KITH_TESTS_SUPPORT_SESSION_PAIR_H

#include <stdint.h>

#include "proto/err.h"
#include "proto/octets.h"
#include "proto/session.h"

struct session_pair {
    struct session *initiator;
    struct session *responder;
    struct noise_keypair initiator_key;
    struct noise_keypair responder_key;
};

/* Two sessions before their first message, at 0 ms.  Without memory the test ends. */
void session_pair_open(struct session_pair *pair);
/* Two sessions that have finished their handshake and told so. */
void session_pair_establish(struct session_pair *pair);
void session_pair_close(struct session_pair *pair);

/* A session on its own, with the keys of a pair; dialled is NULL for a responder. */
struct session *session_alone(enum noise_role role, const uint8_t *dialled);

/* Do handshake steps as long as some are due, and take SESSION_ESTABLISHED. */
MUST_USE enum err_code session_steps(struct session *s);

/* What the side that octets are given to has seen, and the clock it sees it by.  Start it zeroed.
 */
struct session_seen {
    uint64_t now_ms;
    size_t frames_count;
    size_t payload_len; /* of all frames together */
    struct frame last;  /* its payload is gone by the time the call returns */
    void (*look)(void *context, const struct frame *frame); /* or NULL; at every frame */
    void *context;
};

/* Give octets to a session, part_max at a time, and take every frame. */
MUST_USE enum err_code session_give(struct session *s, struct session_seen *seen,
                                    struct octets octets, size_t part_max);

/* Take all that from has to write, part_max at a time, and give it to to.  Where the rest waits for
 * credit, to's octets are given to from as well, whose frames are dropped. */
MUST_USE enum err_code session_carry(struct session *from, struct session *to,
                                     struct session_seen *seen, size_t part_max);

#endif
