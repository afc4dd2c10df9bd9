/* reads.h - the engine's questions to the store, answered on the workers. */
#ifndef KITH_NODE_READS_H
#define KITH_NODE_READS_H

#include "node/crew.h"
#include "proto/engine.h"
#include "store/store.h"

struct reads {
    struct crew *workers;
    struct store *store;
    /* On the loop thread; answer is borrowed for the call. */
    void (*done)(void *context, const struct engine_read_done *answer);
    void *context;
};

/* What read points at stays where it is until done. */
void reads_start(const struct reads *reads, const struct engine_read *read);

#endif
