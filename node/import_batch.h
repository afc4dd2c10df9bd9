/* import_batch.h - some posts of a file on their way into the store: read and decoded, then checked
 * on all cores, then stored; an inner part of import.h.
 *
 * Posts that the store has already are not checked again, so that an import that was stopped goes
 * on where it was at the speed of reading. */
#ifndef KITH_NODE_IMPORT_BATCH_H
#define KITH_NODE_IMPORT_BATCH_H

#include <stdio.h>

#include "node/crew.h"
#include "node/import.h"
#include "proto/post.h"
#include "store/store.h"

#define IMPORT_PART_MAX  32 /* posts one worker takes at a time */
#define IMPORT_PARTS_MAX (STORE_BATCH_MAX / IMPORT_PART_MAX)

/* The file, as far as it was read. */
struct import_file {
    FILE *file;
    uint64_t offset; /* of rest in the file */
    uint8_t *rest;   /* read and not in a batch yet */
    size_t rest_len;
    bool at_end;
};

void import_file_init(struct import_file *file, FILE *opened);
void import_file_close(struct import_file *file);

enum import_finding { IMPORT_HOLDS, IMPORT_KNOWN, IMPORT_FORGED };

struct import_batch;

struct import_part {
    struct job job;
    struct import_batch *batch;
    size_t first;
    size_t count;
};

struct import_batch {
    struct store *store;
    void (*checked)(struct import_batch *batch); /* on the loop thread */
    void (*stored)(struct import_batch *batch);  /* on the loop thread */
    void *context;
    bool is_free;  /* nobody works on it */
    bool is_ready; /* checked, waits for the batches before it */
    uint8_t *octets;
    size_t count;
    size_t parts_left;
    struct import_counts counts;
    enum err_code rc; /* of storing */
    struct err_note note;
    struct job put;
    struct import_part parts[IMPORT_PARTS_MAX];
    struct post posts[STORE_BATCH_MAX];
    struct octets wires[STORE_BATCH_MAX];
    enum import_finding findings[STORE_BATCH_MAX];
    enum store_put_result results[STORE_BATCH_MAX];
};

void import_batch_init(struct import_batch *batch, struct store *store);
void import_batch_close(struct import_batch *batch);

/* Take the next posts of the file, as many as there is room for; none at its end.
 *   ERR_DAMAGED  what follows them is no post; batch->count came before it
 *   and what reading gives */
MUST_USE enum err_code import_batch_fill(struct import_batch *batch, struct import_file *file,
                                         struct err_note *note);
/* Check what was filled; batch->checked follows. */
void import_batch_check(struct import_batch *batch, struct crew *workers);
/* Store what was checked; batch->stored follows, with rc, note and counts. */
void import_batch_put(struct import_batch *batch, struct crew *keeper);

#endif
