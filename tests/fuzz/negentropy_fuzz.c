/* Any octets as a reconciliation message, to both roles, over a few posts: nothing crashes, every
 * reply stays within its limit, and a valid message's reply is a valid message. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "tests/support/negentropy_peer.h"
#include "tests/support/negentropy_sets.h"

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void hear(const struct sorted_set *set, enum negentropy_role role, struct octets message)
{
    static uint8_t reply[NEGENTROPY_FRAME_MIN];
    struct negentropy_peer *peer =
        negentropy_peer_new(set, role, NEGENTROPY_FRAME_MIN, NEGENTROPY_SPLIT_MIN);
    if (negentropy_peer_receive(peer, message) == ERR_OK) {
        require(peer->reply.len >= 1 && peer->reply.len <= NEGENTROPY_FRAME_MIN);
        size_t len = peer->reply.len;
        memcpy(reply, peer->reply.at, len);
        require(negentropy_peer_receive(peer, octets_of(reply, len)) == ERR_OK);
    }
    negentropy_peer_free(peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static const struct negentropy_sets_shape shape = {"fuzz", 0, 60, 240, 7, 100, 1};
    struct sorted_set a;
    struct sorted_set b;
    sorted_set_init(&a);
    sorted_set_init(&b);
    negentropy_sets_make(&a, &b, &shape);
    hear(&a, NEGENTROPY_INITIATOR, octets_of(octets, len));
    hear(&b, NEGENTROPY_RESPONDER, octets_of(octets, len));
    sorted_set_close(&a);
    sorted_set_close(&b);
    return 0;
}
