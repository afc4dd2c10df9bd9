#include "tests/support/negentropy_peer.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

struct negentropy_peer *negentropy_peer_new(const struct sorted_set *set, enum negentropy_role role,
                                            size_t frame_max, size_t items_cap)
{
    struct negentropy_peer *peer = must(calloc(1, sizeof *peer));
    peer->set = set;
    negentropy_init(&peer->machine, role, frame_max);
    peer->step.have.at = must(calloc(NEGENTROPY_IDS_MAX, sizeof *peer->step.have.at));
    peer->step.have.cap = NEGENTROPY_IDS_MAX;
    peer->step.need.at = must(calloc(NEGENTROPY_IDS_MAX, sizeof *peer->step.need.at));
    peer->step.need.cap = NEGENTROPY_IDS_MAX;
    peer->results.items = must(calloc(items_cap, sizeof *peer->results.items));
    peer->results.items_cap = items_cap;
    /* Exactly as much as promised, so that a sanitizer sees one octet more. */
    peer->reply.at = must(malloc(frame_max));
    peer->reply.cap = frame_max;
    return peer;
}

void negentropy_peer_free(struct negentropy_peer *peer)
{
    if (peer == NULL) {
        return;
    }
    free(peer->step.have.at);
    free(peer->step.need.at);
    free(peer->results.items);
    free(peer->reply.at);
    free(peer->have.at);
    free(peer->need.at);
    free(peer);
}

static void keep(struct negentropy_found *all, const struct negentropy_found *some)
{
    if (some->count == 0) {
        return;
    }
    if (all->cap - all->count < some->count) {
        all->cap = 2 * all->cap + some->count;
        all->at = must(realloc(all->at, all->cap * sizeof *all->at));
    }
    memcpy(all->at + all->count, some->at, some->count * sizeof *all->at);
    all->count += some->count;
}

static void run(struct negentropy_peer *peer)
{
    while (peer->step.next == NEGENTROPY_ASK) {
        peer->batches_count++;
        sorted_set_answer(peer->set, &peer->results, &peer->step.batch);
        negentropy_resume(&peer->machine, &peer->step, &peer->results);
        keep(&peer->have, &peer->step.have);
        keep(&peer->need, &peer->step.need);
    }
}

struct octets negentropy_peer_initiate(struct negentropy_peer *peer)
{
    negentropy_initiate(&peer->machine, &peer->step, &peer->reply);
    run(peer);
    return octets_of(peer->reply.at, peer->reply.len);
}

enum err_code negentropy_peer_receive(struct negentropy_peer *peer, struct octets message)
{
    enum err_code rc = negentropy_receive(&peer->machine, &peer->step, &peer->reply, message);
    if (rc == ERR_OK) {
        run(peer);
    }
    return rc;
}
