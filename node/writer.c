#include "node/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "node/keeper.h"
#include "node/log.h"
#include "node/memory.h"
#include "proto/post.h"

struct put {
    struct job job;
    struct writer *writer;
    struct put *next; /* among those waiting for a batch */
    struct writer_request request;
    enum err_code status;
    bool written; /* it went along with an earlier batch */
    enum store_put_result results[];
};

struct writer {
    struct crew crew;
    struct store *store;
    struct keeper *keeper;
    uv_mutex_t mutex;
    struct put *waiting_first;
    struct put *waiting_last;
    bool failed_before; /* said so in the log */
    struct post posts[STORE_BATCH_MAX];
    struct octets wires[STORE_BATCH_MAX];
    enum store_put_result results[STORE_BATCH_MAX];
};

/* As many waiting puts as fit one batch, in order, chained by next. */
static struct put *take_batch(struct writer *writer)
{
    uv_mutex_lock(&writer->mutex);
    struct put *first = writer->waiting_first;
    struct put *last = NULL;
    size_t count = 0;
    for (struct put *put = first; put != NULL; put = put->next) {
        if (count + put->request.count > STORE_BATCH_MAX) {
            break;
        }
        count += put->request.count;
        last = put;
    }
    assert(last != NULL);
    writer->waiting_first = last->next;
    last->next = NULL;
    uv_mutex_unlock(&writer->mutex);
    return first;
}

static size_t gather(struct writer *writer, const struct put *first)
{
    size_t count = 0;
    for (const struct put *put = first; put != NULL; put = put->next) {
        for (size_t i = 0; i < put->request.count; i++, count++) {
            writer->wires[count] = put->request.wires[i];
            enum err_code rc = post_decode_again(&writer->posts[count], writer->wires[count],
                                                 &put->request.ids[i]);
            assert(rc == ERR_OK); /* whoever puts has decoded it */
            (void)rc;
        }
    }
    return count;
}

static void hand_out(struct writer *writer, struct put *first, enum err_code status)
{
    size_t count = 0;
    for (struct put *put = first; put != NULL; put = put->next) {
        put->status = status;
        put->written = true;
        if (status == ERR_OK) {
            memcpy(put->results, &writer->results[count],
                   put->request.count * sizeof put->results[0]);
        }
        count += put->request.count;
    }
}

static void log_failure(struct writer *writer, enum err_code status, const struct err_note *note)
{
    if (status != ERR_OK && !writer->failed_before) {
        log_line(LOG_ERROR,
                 "new posts cannot be kept (%s). What was kept is safe; put it right, and the node "
                 "goes on by itself",
                 note->text[0] != '\0' ? note->text : err_text(status));
    } else if (status == ERR_OK && writer->failed_before) {
        log_line(LOG_INFO, "new posts are kept again");
    }
    writer->failed_before = status != ERR_OK;
}

static void work(struct job *job)
{
    struct put *put = JOB_OWNER(job, struct put, job);
    struct writer *writer = put->writer;
    if (put->written) {
        return;
    }
    struct put *first = take_batch(writer);
    size_t count = gather(writer, first);
    struct err_note note = {{0}};
    uint64_t now_s = (uint64_t)time(NULL);
    enum err_code status = store_put(writer->store, writer->results, writer->posts, writer->wires,
                                     count, now_s, &note);
    keeper_wake(writer->keeper);
    log_failure(writer, status, &note);
    hand_out(writer, first, status);
}

static void on_done(struct job *job)
{
    struct put *put = JOB_OWNER(job, struct put, job);
    put->request.done(put->request.context, put->request.token, put->status, put->results);
    free(put);
}

enum err_code writer_new(struct writer **writer, struct store *store, struct store *archive,
                         struct mailbox *mailbox)
{
    struct writer *made = memory_get(sizeof *made);
    made->store = store;
    if (uv_mutex_init(&made->mutex) != 0) {
        free(made);
        return ERR_NO_MEMORY;
    }
    enum err_code rc = keeper_new(&made->keeper, store, archive);
    if (rc == ERR_OK) {
        rc = crew_start(&made->crew, 1, mailbox);
    }
    if (rc != ERR_OK) {
        keeper_free(made->keeper);
        uv_mutex_destroy(&made->mutex);
        free(made);
        return rc;
    }
    *writer = made;
    return ERR_OK;
}

void writer_finish(struct writer *writer)
{
    crew_finish(&writer->crew);
    keeper_free(writer->keeper);
    writer->keeper = NULL;
}

void writer_free(struct writer *writer)
{
    if (writer != NULL) {
        uv_mutex_destroy(&writer->mutex);
        free(writer);
    }
}

void writer_put(struct writer *writer, const struct writer_request *request)
{
    assert(request->count > 0 && request->count <= STORE_BATCH_MAX);
    struct put *put = memory_get(sizeof *put + request->count * sizeof put->results[0]);
    put->writer = writer;
    put->request = *request;
    put->job.work = work;
    put->job.done = on_done;
    uv_mutex_lock(&writer->mutex);
    if (writer->waiting_first == NULL) {
        writer->waiting_first = put;
    } else {
        writer->waiting_last->next = put;
    }
    writer->waiting_last = put;
    uv_mutex_unlock(&writer->mutex);
    crew_push(&writer->crew, &put->job, CREW_PATIENT);
}
