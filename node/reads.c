#include "node/reads.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "node/memory.h"

#define RECON_ITEMS_CAP 4096

struct reading {
    struct job job;
    struct reads reads;
    struct engine_read read;
    struct engine_read_done answer;
    bool known[ENGINE_KNOWN_MAX];
    struct octets wires[ENGINE_BODIES_MAX];
    uint8_t *bodies;
    struct negentropy_results *recon;
};

/* A body that is not here, or that does not open any more, is empty in the answer. */
static void read_bodies(struct reading *reading)
{
    size_t cap = reading->read.octets_max + POST_WIRE_MAX;
    reading->bodies = memory_get(cap);
    size_t used = 0;
    size_t count = 0;
    for (; count < reading->read.ids_count && used <= reading->read.octets_max; count++) {
        struct octets_room room = {.at = reading->bodies + used, .cap = cap - used};
        enum err_code rc =
            store_serve(reading->reads.store, &room, &reading->read.ids[count], NULL);
        size_t len = rc == ERR_OK ? room.len : 0;
        if (count > 0 && used + len > reading->read.octets_max) {
            break;
        }
        reading->wires[count] = octets_of(reading->bodies + used, len);
        used += len;
    }
    reading->answer.as.bodies =
        (struct engine_bodies){.wires = reading->wires, .wires_count = count};
}

static void read_recon(struct reading *reading)
{
    reading->recon = memory_get(sizeof *reading->recon);
    reading->recon->items = memory_get(RECON_ITEMS_CAP * sizeof *reading->recon->items);
    reading->recon->items_cap = RECON_ITEMS_CAP;
    reading->answer.status = store_answer_set(reading->reads.store, reading->recon,
                                              reading->read.set, reading->read.batch, NULL);
    reading->answer.as.recon = reading->recon;
}

/* What is above its author's quota is not checked, and so not forwarded (SPEC 8.4). */
static void refuse(struct reading *reading)
{
    const struct engine_read *read = &reading->read;
    uint64_t now_s = (uint64_t)time(NULL);
    for (size_t i = 0; read->wires != NULL && i < read->ids_count; i++) {
        if (reading->answer.status == ERR_OK && !reading->known[i]) {
            reading->answer.status = store_refuses(reading->reads.store, &reading->known[i],
                                                   read->wires[i], &read->ids[i], now_s, NULL);
        }
    }
}

static void work(struct job *job)
{
    struct reading *reading = JOB_OWNER(job, struct reading, job);
    switch (reading->read.query) {
    case ENGINE_READ_KNOWN:
        reading->answer.status = store_known(reading->reads.store, reading->known,
                                             reading->read.ids, reading->read.ids_count, NULL);
        refuse(reading);
        reading->answer.as.known = reading->known;
        break;
    case ENGINE_READ_BODIES:
        read_bodies(reading);
        break;
    case ENGINE_READ_RECON:
        read_recon(reading);
        break;
    }
}

static void on_done(struct job *job)
{
    struct reading *reading = JOB_OWNER(job, struct reading, job);
    reading->reads.done(reading->reads.context, &reading->answer);
    if (reading->recon != NULL) {
        free(reading->recon->items);
    }
    free(reading->recon);
    free(reading->bodies);
    free(reading);
}

void reads_start(const struct reads *reads, const struct engine_read *read)
{
    assert(read->ids_count <= ENGINE_KNOWN_MAX && read->ids_count <= ENGINE_BODIES_MAX);
    struct reading *reading = memory_get(sizeof *reading);
    reading->reads = *reads;
    reading->read = *read;
    reading->answer.token = read->token;
    reading->answer.status = ERR_OK;
    reading->job.work = work;
    reading->job.done = on_done;
    /* SPEC 6.4: what peers make this node read keeps nobody's posts from being checked.  What comes
     * is checked only once it is known to be new. */
    crew_push(reads->workers, &reading->job,
              read->query == ENGINE_READ_KNOWN ? CREW_URGENT : CREW_LONG);
}
