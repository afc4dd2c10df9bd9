/* negentropy_reply.h - write one reconciliation message, range by range, within its limit (SPEC 7).
 *
 * Ranges are written in ascending order.  Once a part does not fit, or negentropy_reply_full(),
 * nothing but negentropy_reply_rest() may follow.  Pure: no I/O, no allocation. */
#ifndef KITH_PROTO_NEGENTROPY_REPLY_H
#define KITH_PROTO_NEGENTROPY_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/negentropy_query.h"
#include "proto/octets.h"

struct negentropy_reply {
    struct octets_room *room;
    size_t frame_max;
    uint64_t last_s;                 /* created_s of the last bound written */
    struct negentropy_bound spoken;  /* upper bound of the last range written */
    struct negentropy_bound skipped; /* skipping: up to here nothing is left to say */
    bool skipping;
    size_t ids_count; /* ids added since negentropy_reply_list() */
};

/* Empty room, whose cap is at least frame_max (asserted), and write the version.  room is borrowed
 * until the message is complete. */
void negentropy_reply_begin(struct negentropy_reply *reply, struct octets_room *room,
                            size_t frame_max);

/* Nothing is to be said up to upper.  Written only if something follows. */
void negentropy_reply_skip(struct negentropy_reply *reply, const struct negentropy_bound *upper);

/* The range up to upper as a list of ids or as fingerprints of its buckets, whichever answer is.
 * Says whether it fitted; if not, nothing was written. */
MUST_USE bool negentropy_reply_split(struct negentropy_reply *reply,
                                     const struct negentropy_bound *upper,
                                     const struct negentropy_answer *answer);

/* A list of ids: begin, add each, end at upper.  An id that does not fit is not added; the list
 * then ends at that post. */
void negentropy_reply_list(struct negentropy_reply *reply);
MUST_USE bool negentropy_reply_list_add(struct negentropy_reply *reply, const struct post_id *id);
void negentropy_reply_list_end(struct negentropy_reply *reply,
                               const struct negentropy_bound *upper);

/* Whether the message has reached its limit, short of what negentropy_reply_rest() takes. */
bool negentropy_reply_full(const struct negentropy_reply *reply);

/* Everything from where the message stands to infinity, as one fingerprint. */
void negentropy_reply_rest(struct negentropy_reply *reply, const struct fold *fold);

#endif
