/* negentropy.h - reconcile two sets of posts: Negentropy Protocol V1, octet for octet (SPEC 7).
 *
 * Both sides hold posts sorted by (created_s, id).  The initiator learns which ids only it has
 * and which only the responder has.  A machine without I/O: reads are effects, asked for in
 * batches (proto/negentropy_query.h) and answered later.  One turn is
 *
 *   negentropy_initiate() or negentropy_receive()
 *   then, while the step says NEGENTROPY_ASK: answer step->batch, negentropy_resume()
 *   then NEGENTROPY_SEND: send the reply and wait for the peer; or NEGENTROPY_DONE
 *
 * Each call works for a bounded time on a bounded batch.  No octet of a peer reaches an
 * assertion.  The set may change between batches: what is missed is found the next time. */
#ifndef KITH_PROTO_NEGENTROPY_H
#define KITH_PROTO_NEGENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/negentropy_ids.h"
#include "proto/negentropy_query.h"
#include "proto/negentropy_reply.h"
#include "proto/octets.h"

#define NEGENTROPY_VERSION     0x61
#define NEGENTROPY_MESSAGE_MAX 131072 /* octets in a message either way */
#define NEGENTROPY_FRAME_MIN   4096   /* the smallest limit for what one side sends */
#define NEGENTROPY_RANGES_MAX  16384  /* ranges in a message */

enum negentropy_role { NEGENTROPY_INITIATOR, NEGENTROPY_RESPONDER };

enum negentropy_next {
    NEGENTROPY_ASK,  /* answer step->batch and resume */
    NEGENTROPY_SEND, /* the reply is complete: send it, expect the peer's next message */
    NEGENTROPY_DONE  /* initiator only: all differences are known, nothing is to be sent */
};

/* Ids found, in room that the caller owns: at[0 .. count). */
struct negentropy_found {
    struct post_id *at;
    uint16_t *places; /* need: where each stands among all ids its message lists; NULL: untold */
    size_t count;
    size_t cap; /* at least NEGENTROPY_IDS_MAX */
};

/* What one call comes to.  The caller sets have.at, have.cap, need.at and need.cap (a responder
 * may leave them zero) and takes what is in them after each call: counts start again at zero.  An
 * id can be reported again by a later message, where a full frame made a range be gone through
 * twice. */
struct negentropy_step {
    enum negentropy_next next;
    struct negentropy_batch batch; /* NEGENTROPY_ASK: what to read */
    struct negentropy_found have;  /* initiator: ids here that the peer lacks */
    struct negentropy_found need;  /* initiator: ids at the peer that are not here */
};

enum negentropy_state {
    NEGENTROPY_IDLE,      /* between turns */
    NEGENTROPY_OPENING,   /* the first message waits for its split */
    NEGENTROPY_ANSWERING, /* working through the ranges of a message */
    NEGENTROPY_CLOSING    /* the reply is full and waits for the fold of all that follows */
};

/* One side of one reconciliation, about 9 KiB.  The fields are private to negentropy.c. */
struct negentropy {
    enum negentropy_role role;
    enum negentropy_state state;
    size_t frame_max;
    struct octets message;          /* ANSWERING: what is being answered */
    size_t at;                      /* how far it is */
    struct negentropy_bound lower;  /* where its next range begins */
    bool listing;                   /* that range's posts come in parts */
    struct negentropy_bound listed; /* listing: where the next part begins */
    struct negentropy_ids theirs;   /* initiator: the ids that range's message lists */
    size_t ids_before;              /* ids the message listed before that range */
    struct negentropy_bound rest;   /* CLOSING: where the fold asked for begins */
    struct negentropy_bound floor;  /* nothing is said of what is below */
    uint64_t ceiling_s;             /* the initiator's first message ends there */
    bool spread;                    /* it is an opening, with this salt */
    uint64_t salt;
    struct negentropy_reply reply;
};

/* Begin.  frame_max bounds what this side sends: NEGENTROPY_FRAME_MIN to
 * NEGENTROPY_MESSAGE_MAX octets (asserted; it is never the peer's choice). */
void negentropy_init(struct negentropy *n, enum negentropy_role role, size_t frame_max);

/* From now on nothing is said or heard of what is dated before floor_s (SPEC 7.5): ranges below it
 * are skipped, and one that reaches across is cut there.  Between turns (asserted). */
void negentropy_set_floor(struct negentropy *n, uint64_t floor_s);

/* The initiator begins with ranges that end at ceiling_s.  Before negentropy_initiate() (asserted).
 */
void negentropy_set_ceiling(struct negentropy *n, uint64_t ceiling_s);

/* The initiator's first message is split finely towards the newest posts, at places that the salt
 * decides, and not as the reference splits it.  Before negentropy_initiate() (asserted). */
void negentropy_set_opening(struct negentropy *n, uint64_t salt);

/* The initiator's first message; once, before anything is received (asserted).  *reply is emptied;
 * it and its memory (cap >= frame_max, asserted) are borrowed until the turn is over. */
void negentropy_initiate(struct negentropy *n, struct negentropy_step *step,
                         struct octets_room *reply);

/* A message came.  It is checked whole before anything is read or written.  message and *reply
 * are borrowed until the turn is over; the turn before must be (asserted).  A responder answers
 * a version it does not speak with the one it does.
 *
 *   ERR_TRUNCATED  the message stops inside a range, or is empty
 *   ERR_MALFORMED  a number not in its shortest form, an unknown mode, a bound below the one
 *                  before it or beyond infinity, no version octet
 *   ERR_TOO_LARGE  above NEGENTROPY_MESSAGE_MAX octets or NEGENTROPY_RANGES_MAX ranges
 *   ERR_VERSION    initiator: the responder speaks another version */
MUST_USE enum err_code negentropy_receive(struct negentropy *n, struct negentropy_step *step,
                                          struct octets_room *reply, struct octets message);

/* Answers to step->batch came; they are used during the call only.  To be called only after
 * NEGENTROPY_ASK, with at least one answer (both asserted: answers are our own). */
void negentropy_resume(struct negentropy *n, struct negentropy_step *step,
                       const struct negentropy_results *results);

#endif
