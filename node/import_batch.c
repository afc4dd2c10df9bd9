#include "node/import_batch.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "node/memory.h"

#define READ_LEN   ((size_t)128 * 1024)
#define OCTETS_CAP ((size_t)1024 * 1024)
#define REST_CAP   (READ_LEN + POST_WIRE_MAX)

void import_file_init(struct import_file *file, FILE *opened)
{
    *file = (struct import_file){.file = opened, .rest = memory_get(REST_CAP)};
}

void import_file_close(struct import_file *file)
{
    (void)fclose(file->file);
    free(file->rest);
}

void import_batch_init(struct import_batch *batch, struct store *store)
{
    *batch = (struct import_batch){.store = store, .is_free = true};
    batch->octets = memory_get(OCTETS_CAP);
}

void import_batch_close(struct import_batch *batch)
{
    free(batch->octets);
}

/* So much that no post is cut off, where there is so much. */
static enum err_code read_more(struct import_batch *batch, struct import_file *file, size_t used,
                               size_t *len, struct err_note *note)
{
    if (file->at_end || *len - used >= POST_WIRE_MAX || OCTETS_CAP - *len < READ_LEN) {
        return ERR_OK;
    }
    *len += fread(batch->octets + *len, 1, READ_LEN, file->file);
    if (ferror(file->file)) {
        return err_note(note, err_from_errno(note, errno), "reading the file");
    }
    file->at_end = feof(file->file) != 0;
    return ERR_OK;
}

/* Decode the post at the front of what is left. */
static enum err_code take(struct import_batch *batch, size_t *used, size_t len)
{
    struct octets left = octets_of(batch->octets + *used, len - *used);
    size_t wire_len = 0;
    enum err_code rc = post_decode_prefix(&batch->posts[batch->count], &wire_len, left);
    if (rc == ERR_OK) {
        batch->wires[batch->count] = octets_of(left.at, wire_len);
        batch->count++;
        *used += wire_len;
    }
    return rc;
}

enum err_code import_batch_fill(struct import_batch *batch, struct import_file *file,
                                struct err_note *note)
{
    size_t used = 0;
    size_t len = file->rest_len;
    memcpy(batch->octets, file->rest, len);
    batch->count = 0;
    batch->counts = (struct import_counts){0};
    enum err_code rc = read_more(batch, file, used, &len, note);
    while (rc == ERR_OK && batch->count < STORE_BATCH_MAX && used < len &&
           (file->at_end || len - used >= POST_WIRE_MAX)) {
        rc = take(batch, &used, len);
        if (rc != ERR_OK) {
            rc = err_note(note, ERR_DAMAGED, "the file is damaged at octet %" PRIu64 ": %s",
                          file->offset + used, err_text(rc));
        } else {
            rc = read_more(batch, file, used, &len, note);
        }
    }
    /* Reading goes on only while less than a post's longest is left, so this fits. */
    file->rest_len = len - used;
    file->offset += used;
    memcpy(file->rest, batch->octets + used, file->rest_len);
    return rc;
}

static void check(struct job *job)
{
    struct import_part *part = JOB_OWNER(job, struct import_part, job);
    struct import_batch *batch = part->batch;
    struct post_id ids[IMPORT_PART_MAX];
    bool known[IMPORT_PART_MAX];
    for (size_t i = 0; i < part->count; i++) {
        ids[i] = batch->posts[part->first + i].id;
    }
    /* What cannot be looked up is checked, and the put says what is wrong. */
    bool looked = store_known(batch->store, known, ids, part->count, NULL) == ERR_OK;
    for (size_t i = 0; i < part->count; i++) {
        size_t at = part->first + i;
        batch->findings[at] = looked && known[i]                         ? IMPORT_KNOWN
                              : post_verify(&batch->posts[at]) == ERR_OK ? IMPORT_HOLDS
                                                                         : IMPORT_FORGED;
    }
}

static void on_checked(struct job *job)
{
    struct import_batch *batch = JOB_OWNER(job, struct import_part, job)->batch;
    batch->parts_left--;
    if (batch->parts_left == 0) {
        batch->checked(batch);
    }
}

void import_batch_check(struct import_batch *batch, struct crew *workers)
{
    assert(batch->is_free && batch->count > 0);
    batch->is_free = false;
    batch->parts_left = (batch->count + IMPORT_PART_MAX - 1) / IMPORT_PART_MAX;
    size_t parts_count = batch->parts_left;
    for (size_t i = 0; i < parts_count; i++) {
        struct import_part *part = &batch->parts[i];
        size_t first = i * IMPORT_PART_MAX;
        size_t left = batch->count - first;
        *part = (struct import_part){.job = {.work = check, .done = on_checked},
                                     .batch = batch,
                                     .first = first,
                                     .count = left < IMPORT_PART_MAX ? left : IMPORT_PART_MAX};
        crew_push(workers, &part->job, CREW_PATIENT);
    }
}

/* Keep what is to be stored, in order; the rest is counted.  Returns how many. */
static size_t sift(struct import_batch *batch, uint64_t now_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->findings[i] == IMPORT_KNOWN) {
            batch->counts.there_count++;
        } else if (batch->findings[i] == IMPORT_FORGED) {
            batch->counts.forged_count++;
        } else if (post_check_clock(&batch->posts[i], now_s) == ERR_FUTURE) {
            batch->counts.future_count++;
        } else {
            batch->posts[kept] = batch->posts[i];
            batch->wires[kept] = batch->wires[i];
            kept++;
        }
    }
    return kept;
}

static void count(struct import_batch *batch, size_t kept, uint64_t now_s)
{
    for (size_t i = 0; i < kept; i++) {
        uint64_t expires_s = batch->posts[i].expires_s;
        switch (batch->results[i]) {
        case STORE_NEW:
            batch->counts.new_count++;
            break;
        case STORE_THERE:
            batch->counts.there_count++;
            break;
        case STORE_REFUSED:
            if (expires_s != 0 && expires_s <= now_s) {
                batch->counts.expired_count++;
            } else {
                batch->counts.retracted_count++;
            }
            break;
        }
    }
}

/* As many slices as there are batches keep pace, and memory stays bounded.  What cannot be put in
 * order now is when the home is opened next. */
static void tend(struct import_batch *batch, uint64_t now_s)
{
    bool more = false;
    enum err_code rc = store_tend(batch->store, &more, now_s, NULL);
    (void)rc;
}

static void put(struct job *job)
{
    struct import_batch *batch = JOB_OWNER(job, struct import_batch, put);
    uint64_t now_s = (uint64_t)time(NULL);
    size_t kept = sift(batch, now_s);
    batch->note = (struct err_note){{0}};
    batch->rc = ERR_OK;
    if (kept > 0) {
        batch->rc = store_put(batch->store, batch->results, batch->posts, batch->wires, kept, now_s,
                              &batch->note);
    }
    if (batch->rc == ERR_OK) {
        count(batch, kept, now_s);
        tend(batch, now_s);
    }
}

static void on_put(struct job *job)
{
    struct import_batch *batch = JOB_OWNER(job, struct import_batch, put);
    batch->is_free = true;
    batch->stored(batch);
}

void import_batch_put(struct import_batch *batch, struct crew *keeper)
{
    batch->put = (struct job){.work = put, .done = on_put};
    crew_push(keeper, &batch->put, CREW_PATIENT);
}
