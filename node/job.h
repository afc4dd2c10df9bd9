/* job.h - a piece of work that moves between threads.
 *
 * A job is embedded in whatever it works on.  It runs on a crew's thread (work), then comes back
 * to the loop thread through the mailbox (done), whose owner frees it.  Between the push and
 * done() it belongs to the queues alone. */
#ifndef KITH_NODE_JOB_H
#define KITH_NODE_JOB_H

#include <stddef.h>

struct job {
    struct job *next;
    void (*work)(struct job *job); /* on a crew's thread; NULL when only posted to the loop */
    void (*done)(struct job *job); /* on the loop thread */
};

/* First in, first out; not locked. */
struct job_queue {
    struct job *first;
    struct job *last;
};

static inline void job_queue_push(struct job_queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->first == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
}

/* NULL when empty. */
static inline struct job *job_queue_pop(struct job_queue *queue)
{
    struct job *job = queue->first;
    if (job != NULL) {
        queue->first = job->next;
        job->next = NULL;
    }
    return job;
}

/* The job's owner: the struct that holds it as member. */
#define JOB_OWNER(job, type, member) ((type *)(void *)((char *)(job)-offsetof(type, member)))

#endif
