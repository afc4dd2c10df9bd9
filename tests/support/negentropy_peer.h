/* negentropy_peer.h - one side of a reconciliation over a sorted_set, reads answered at once.
 *
 * For tests.  Running out of memory aborts. */
#ifndef KITH_TESTS_SUPPORT_NEGENTROPY_PEER_H
#define KITH_TESTS_SUPPORT_NEGENTROPY_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/negentropy.h"
#include "tests/support/sorted_set.h"

struct negentropy_peer {
    const struct sorted_set *set;
    struct negentropy machine;
    struct negentropy_step step;
    struct negentropy_results results;
    struct octets_room reply;
    struct negentropy_found have; /* all ids reported so far; these grow */
    struct negentropy_found need;
    size_t batches_count;
};

/* items_cap is the room of each batch's answers: small ones make lists come in parts.  set is
 * sealed and outlives the peer.  The caller frees. */
struct negentropy_peer *negentropy_peer_new(const struct sorted_set *set, enum negentropy_role role,
                                            size_t frame_max, size_t items_cap);
void negentropy_peer_free(struct negentropy_peer *peer);

/* The first message; lives until the peer's next call. */
struct octets negentropy_peer_initiate(struct negentropy_peer *peer);

/* A message; then peer->step.next is SEND (with peer->reply) or DONE.  Errors are those of
 * negentropy_receive(). */
MUST_USE enum err_code negentropy_peer_receive(struct negentropy_peer *peer, struct octets message);

#endif
