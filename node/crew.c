#include "node/crew.h"

#include <assert.h>

static struct job *take(struct crew *crew)
{
    uv_mutex_lock(&crew->mutex);
    struct job *job = NULL;
    while (job == NULL) {
        job = job_queue_pop(&crew->lanes[CREW_URGENT]);
        if (job == NULL) {
            job = job_queue_pop(&crew->lanes[CREW_PATIENT]);
        }
        if (job == NULL && crew->ending) {
            break;
        }
        if (job == NULL) {
            uv_cond_wait(&crew->more, &crew->mutex);
        }
    }
    uv_mutex_unlock(&crew->mutex);
    return job;
}

static void run(void *argument)
{
    struct crew *crew = argument;
    for (struct job *job = take(crew); job != NULL; job = take(crew)) {
        job->work(job);
        mailbox_post(crew->mailbox, job);
    }
}

enum err_code crew_start(struct crew *crew, unsigned threads_count, struct mailbox *mailbox)
{
    assert(threads_count > 0 && threads_count <= CREW_THREADS_MAX);
    *crew = (struct crew){.mailbox = mailbox};
    if (uv_mutex_init(&crew->mutex) != 0) {
        return ERR_NO_MEMORY;
    }
    if (uv_cond_init(&crew->more) != 0) {
        uv_mutex_destroy(&crew->mutex);
        return ERR_NO_MEMORY;
    }
    for (; crew->threads_count < threads_count; crew->threads_count++) {
        if (uv_thread_create(&crew->threads[crew->threads_count], run, crew) != 0) {
            crew_finish(crew);
            return ERR_NO_MEMORY;
        }
    }
    return ERR_OK;
}

void crew_finish(struct crew *crew)
{
    uv_mutex_lock(&crew->mutex);
    crew->ending = true;
    uv_cond_broadcast(&crew->more);
    uv_mutex_unlock(&crew->mutex);
    for (unsigned i = 0; i < crew->threads_count; i++) {
        (void)uv_thread_join(&crew->threads[i]);
    }
    uv_cond_destroy(&crew->more);
    uv_mutex_destroy(&crew->mutex);
}

void crew_push(struct crew *crew, struct job *job, enum crew_lane lane)
{
    uv_mutex_lock(&crew->mutex);
    job_queue_push(&crew->lanes[lane], job);
    uv_cond_signal(&crew->more);
    uv_mutex_unlock(&crew->mutex);
}
