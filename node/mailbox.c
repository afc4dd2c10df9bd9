#include "node/mailbox.h"

static void deliver(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->mutex);
    struct job_queue taken = mailbox->queue;
    mailbox->queue.first = NULL;
    uv_mutex_unlock(&mailbox->mutex);
    for (struct job *job = job_queue_pop(&taken); job != NULL; job = job_queue_pop(&taken)) {
        job->done(job);
    }
}

static void on_async(uv_async_t *async)
{
    deliver(async->data);
}

enum err_code mailbox_init(struct mailbox *mailbox, uv_loop_t *loop)
{
    mailbox->queue.first = NULL;
    mailbox->async.data = mailbox;
    if (uv_mutex_init(&mailbox->mutex) != 0) {
        return ERR_NO_MEMORY;
    }
    if (uv_async_init(loop, &mailbox->async, on_async) != 0) {
        uv_mutex_destroy(&mailbox->mutex);
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct mailbox *mailbox = handle->data;
    uv_mutex_destroy(&mailbox->mutex);
}

void mailbox_close(struct mailbox *mailbox)
{
    deliver(mailbox);
    uv_close((uv_handle_t *)&mailbox->async, on_closed);
}

void mailbox_post(struct mailbox *mailbox, struct job *job)
{
    uv_mutex_lock(&mailbox->mutex);
    bool was_empty = mailbox->queue.first == NULL;
    job_queue_push(&mailbox->queue, job);
    uv_mutex_unlock(&mailbox->mutex);
    if (was_empty) {
        (void)uv_async_send(&mailbox->async);
    }
}
