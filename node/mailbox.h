/* mailbox.h - how other threads reach the loop thread: jobs whose done() is to be called there.
 *
 * done() is called in the order in which jobs were posted. */
#ifndef KITH_NODE_MAILBOX_H
#define KITH_NODE_MAILBOX_H

#include <stdbool.h>
#include <uv.h>

#include "node/job.h"
#include "proto/err.h"

struct mailbox {
    uv_async_t async;
    uv_mutex_t mutex;
    struct job_queue queue;
};

/* On the loop thread, before anybody posts.
 *   ERR_NO_MEMORY  the system gives no more descriptors or memory */
MUST_USE enum err_code mailbox_init(struct mailbox *mailbox, uv_loop_t *loop);
/* On the loop thread, once nobody posts any more: delivers what is left, then closes. */
void mailbox_close(struct mailbox *mailbox);

/* From any thread. */
void mailbox_post(struct mailbox *mailbox, struct job *job);

#endif
