/* crew.h - threads that work off jobs, so that the loop thread never waits.
 *
 * A crew of several threads takes the jobs of a lane in order and finishes them in any; a crew of
 * one finishes them in order. */
#ifndef KITH_NODE_CREW_H
#define KITH_NODE_CREW_H

#include <stdbool.h>
#include <uv.h>

#include "node/job.h"
#include "node/mailbox.h"
#include "proto/err.h"

#define CREW_THREADS_MAX 64

enum crew_lane {
    CREW_URGENT, /* overtakes the others */
    CREW_PATIENT,
    CREW_LONG, /* takes turns with what is patient, on all threads but one at most (on that of a
                * crew of one): however much of it there is, the rest goes on */
    CREW_LANES
};

struct crew {
    uv_thread_t threads[CREW_THREADS_MAX];
    unsigned threads_count;
    uv_mutex_t mutex;
    uv_cond_t more;
    struct job_queue lanes[CREW_LANES];
    unsigned longs_count; /* CREW_LONG at work */
    bool was_long;        /* whose turn it was last */
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
