#include "node/verify.h"

#include <assert.h>
#include <stdlib.h>

#include "node/memory.h"
#include "proto/post.h"

#define PARTS_MAX ((VERIFY_BATCH_MAX + VERIFY_PART_MAX - 1) / VERIFY_PART_MAX)

struct batch;

struct part {
    struct job job;
    struct batch *batch;
    size_t first;
    size_t count;
};

struct batch {
    struct verify_request request;
    size_t parts_left;
    struct part parts[PARTS_MAX];
    bool ok[VERIFY_BATCH_MAX];
};

static void work(struct job *job)
{
    struct part *part = JOB_OWNER(job, struct part, job);
    struct batch *batch = part->batch;
    for (size_t i = part->first; i < part->first + part->count; i++) {
        struct post post;
        batch->ok[i] =
            post_decode_again(&post, batch->request.wires[i], &batch->request.ids[i]) == ERR_OK &&
            post_verify(&post) == ERR_OK;
    }
}

static void on_done(struct job *job)
{
    struct batch *batch = JOB_OWNER(job, struct part, job)->batch;
    batch->parts_left--;
    if (batch->parts_left > 0) {
        return;
    }
    batch->request.done(batch->request.context, batch->request.token, batch->ok);
    free(batch);
}

void verify_start(struct crew *workers, const struct verify_request *request)
{
    assert(request->count > 0 && request->count <= VERIFY_BATCH_MAX);
    struct batch *batch = memory_get(sizeof *batch);
    batch->request = *request;
    batch->parts_left = (request->count + VERIFY_PART_MAX - 1) / VERIFY_PART_MAX;
    size_t parts_count = batch->parts_left;
    for (size_t i = 0; i < parts_count; i++) {
        struct part *part = &batch->parts[i];
        part->batch = batch;
        part->first = i * VERIFY_PART_MAX;
        part->count = request->count - part->first;
        if (part->count > VERIFY_PART_MAX) {
            part->count = VERIFY_PART_MAX;
        }
        part->job.work = work;
        part->job.done = on_done;
        crew_push(workers, &part->job, CREW_PATIENT);
    }
}
