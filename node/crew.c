#include "node/crew.h"

#include <assert.h>

static bool may_take(const struct crew *crew, enum crew_lane lane)
{
    return lane != CREW_LONG || crew->longs_count == 0 ||
           crew->longs_count + 1 < crew->threads_count;
}

static struct job *next(struct crew *crew, enum crew_lane *lane)
{
    const enum crew_lane order[CREW_LANES] = {CREW_URGENT,
                                              crew->was_long ? CREW_PATIENT : CREW_LONG,
                                              crew->was_long ? CREW_LONG : CREW_PATIENT};
    struct job *job = NULL;
    for (int i = 0; i < CREW_LANES && job == NULL; i++) {
        *lane = order[i];
        job = may_take(crew, *lane) ? job_queue_pop(&crew->lanes[*lane]) : NULL;
    }
    return job;
}

static struct job *take(struct crew *crew, enum crew_lane *lane)
{
    uv_mutex_lock(&crew->mutex);
    struct job *job = next(crew, lane);
    while (job == NULL && !crew->ending) {
        uv_cond_wait(&crew->more, &crew->mutex);
        job = next(crew, lane);
    }
    if (job != NULL && *lane != CREW_URGENT) {
        crew->was_long = *lane == CREW_LONG;
        crew->longs_count += *lane == CREW_LONG;
    }
    uv_mutex_unlock(&crew->mutex);
    return job;
}

/* Another thread may sleep because one long job more was not allowed. */
static void give_back_long(struct crew *crew)
{
    uv_mutex_lock(&crew->mutex);
    crew->longs_count--;
    uv_cond_signal(&crew->more);
    uv_mutex_unlock(&crew->mutex);
}

static void run(void *argument)
{
    struct crew *crew = argument;
    enum crew_lane lane;
    for (struct job *job = take(crew, &lane); job != NULL; job = take(crew, &lane)) {
        job->work(job);
        if (lane == CREW_LONG) {
            give_back_long(crew);
        }
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
