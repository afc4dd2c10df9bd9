/* verify.h - check the proofs of a batch of posts on all workers at once. */
#ifndef KITH_NODE_VERIFY_H
#define KITH_NODE_VERIFY_H

#include <stdbool.h>

#include "node/crew.h"
#include "proto/key.h"
#include "proto/octets.h"

#define VERIFY_BATCH_MAX 1024
#define VERIFY_PART_MAX  32 /* posts one worker takes at a time */

/* Asked for by token; wires and ids stay where they are until done, each passed post_decode(). */
struct verify_request {
    uint64_t token;
    const struct octets *wires;
    const struct post_id *ids; /* as it gave them */
    size_t count;              /* 1 .. VERIFY_BATCH_MAX */
    /* On the loop thread: ok[i] for wires[i]. */
    void (*done)(void *context, uint64_t token, const bool *ok);
    void *context;
};

void verify_start(struct crew *workers, const struct verify_request *request);

#endif
