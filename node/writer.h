/* writer.h - the one thread that puts posts into the store, and beside it the keeper that tends
 * what was put (node/keeper.h).
 *
 * What queues while one batch is being synced becomes the next batch, so that many posts share a
 * sync and a single one waits for nobody. */
#ifndef KITH_NODE_WRITER_H
#define KITH_NODE_WRITER_H

#include "node/crew.h"
#include "node/mailbox.h"
#include "proto/octets.h"
#include "store/store.h"

struct writer;

/* store and mailbox are borrowed, and so is archive, which is tended too; or NULL.
 *   ERR_NO_MEMORY  no thread could be started */
MUST_USE enum err_code writer_new(struct writer **writer, struct store *store,
                                  struct store *archive, struct mailbox *mailbox);
/* Writes what is queued first; every answer is in the mailbox then, and the keeper has ended. */
void writer_finish(struct writer *writer);
/* After writer_finish(), and after the mailbox delivered. */
void writer_free(struct writer *writer);

struct writer_request {
    uint64_t token;
    const struct octets *wires; /* verified; they stay where they are until done */
    const struct post_id *ids;  /* as post_decode() gave them; likewise */
    size_t count;               /* 1 .. STORE_BATCH_MAX */
    /* On the loop thread.  results[i] for wires[i] when status is ERR_OK, else nothing of it counts
     * as stored. */
    void (*done)(void *context, uint64_t token, enum err_code status,
                 const enum store_put_result *results);
    void *context;
};

void writer_put(struct writer *writer, const struct writer_request *request);

#endif
