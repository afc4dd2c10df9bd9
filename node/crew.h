/* crew.h - threads that work off jobs, so that the loop thread never waits.
 *
 * A crew of several threads takes its jobs in order and finishes them in any; a crew of one
 * finishes them in order.  What is urgent overtakes what is not. */
#ifndef KITH_NODE_CREW_H
#define KITH_NODE_CREW_H

#include <stdbool.h>
#include <uv.h>

#include "node/job.h"
#include "node/mailbox.h"
#include "proto/err.h"

#define CREW_THREADS_MAX 64

enum crew_lane { CREW_URGENT, CREW_PATIENT, CREW_LANES };

struct crew {
    uv_thread_t threads[CREW_THREADS_MAX];
    unsigned threads_count;
    uv_mutex_t mutex;
    uv_cond_t more;
    struct job_queue lanes[CREW_LANES];
    bool ending;
    struct mailbox *mailbox; /* where done jobs go */
};

/* Start threads_count (1 to CREW_THREADS_MAX) threads.  The mailbox is borrowed.
 *   ERR_NO_MEMORY  the system gives no more threads; none is left running */
MUST_USE enum err_code crew_start(struct crew *crew, unsigned threads_count,
                                  struct mailbox *mailbox);
/* Work off what is queued and join the threads; every job has been posted to the mailbox then. */
void crew_finish(struct crew *crew);

/* From any thread, also from a job at work. */
void crew_push(struct crew *crew, struct job *job, enum crew_lane lane);

#endif
