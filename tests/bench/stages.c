#include "tests/bench/stages.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/message.h"
#include "store/file.h"
#include "store/index.h"
#include "store/segment.h"
#include "store/store.h"
#include "tests/bench/measure.h"
#include "tests/support/session_pair.h"

#define POSTS_MAX       20480
#define POSTS_PER_FRAME 64
#define POSTS_PER_BATCH 512 /* as the engine stores at most */
#define ROUNDS          5

struct stages {
    const struct bench *bench;
    const struct data *data;
    size_t count;
    struct post *posts;
    uint8_t *sealed;
    size_t *batch_ends; /* where each batch ends in sealed */
    struct files *files;
    int round;
};

/* Sealing on the sender's side, and opening on ours: both are timed in one pass. */
struct frames_time {
    double send_s;
    double receive_s;
};

static struct frames_time frames(const struct stages *s)
{
    static uint8_t payload[FRAME_MAX];
    struct session_pair pair;
    struct session_seen seen = {0};
    struct frames_time time = {0};
    session_pair_establish(&pair);
    for (size_t first = 0; first < s->count; first += POSTS_PER_FRAME) {
        double begun = clock_thread();
        size_t len = message_posts_head(payload, POSTS_PER_FRAME);
        for (size_t i = first; i < first + POSTS_PER_FRAME; i++) {
            memcpy(payload + len, s->data->wires[i].at, s->data->wires[i].len);
            len += s->data->wires[i].len;
        }
        must_ok(session_send(pair.initiator, FRAME_POSTS, octets_of(payload, len)), NULL, "send");
        struct octets output = session_output(pair.initiator);
        double sealed = clock_thread();
        must_ok(session_give(pair.responder, &seen, output, SIZE_MAX), NULL, "receive");
        time.receive_s += clock_thread() - sealed;
        time.send_s += sealed - begun;
        session_written(pair.initiator, output.len);
        must(session_output_pending(pair.initiator) == 0, "a frame left in the session");
    }
    must(seen.frames_count == s->count / POSTS_PER_FRAME, "frames were lost");
    session_pair_close(&pair);
    return time;
}

static double decode(const struct stages *s)
{
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        must_ok(post_decode(&s->posts[i], s->data->wires[i]), NULL, "decoding");
    }
    return clock_thread() - begun;
}

static double hash(const struct stages *s)
{
    uint8_t out[32];
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        (void)crypto_generichash(out, sizeof out, s->posts[i].body.at, s->posts[i].body.len, NULL,
                                 0);
    }
    return clock_thread() - begun;
}

static double verify(const struct stages *s)
{
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        must_ok(post_verify(&s->posts[i]), NULL, "verifying");
    }
    return clock_thread() - begun;
}

static double seal(struct stages *s)
{
    struct manifest_segment segment = {.number = 1};
    struct segment_writer writer = {.segment = &segment};
    struct octets_room out = {.at = s->sealed, .cap = s->count * 1024 + 131072};
    uint64_t offset = 0;
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        segment_write(&writer, &offset, &out, s->data->wires[i], i % POSTS_PER_BATCH == 0);
        if (i % POSTS_PER_BATCH == POSTS_PER_BATCH - 1) {
            s->batch_ends[i / POSTS_PER_BATCH] = out.len;
        }
    }
    return clock_thread() - begun;
}

/* Wall time: most of it is the disk's. */
static double append(const struct stages *s)
{
    struct err_note note = {{0}};
    struct file *file = NULL;
    char name[32];
    (void)snprintf(name, sizeof name, "append-%d", s->round);
    must_ok(s->files->open(s->files, &file, name, FILE_CREATE, &note), &note, "a file");
    size_t at = 0;
    double begun = clock_wall();
    for (size_t b = 0; b < s->count / POSTS_PER_BATCH; b++) {
        struct octets octets = octets_of(s->sealed + at, s->batch_ends[b] - at);
        must_ok(s->files->append(s->files, file, octets, &note), &note, "appending");
        must_ok(s->files->sync(s->files, file, &note), &note, "syncing");
        at = s->batch_ends[b];
    }
    double took_s = clock_wall() - begun;
    s->files->close(s->files, file);
    return took_s;
}

static double fill_index(const struct stages *s)
{
    struct index *index = NULL;
    must_ok(index_new(&index), NULL, "an index");
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        struct index_place place = {.position = i};
        must_ok(index_add(index, &s->posts[i], &place), NULL, "indexing");
    }
    double took_s = clock_thread() - begun;
    index_free(index);
    return took_s;
}

/* The whole of a put, on one thread: seal, append, sync, index. */
static double put(const struct stages *s)
{
    struct err_note note = {{0}};
    char path[BENCH_PATH_MAX];
    struct files *files = NULL;
    struct store *store = NULL;
    static const uint8_t key[32] = {1};
    static enum store_put_result results[POSTS_PER_BATCH];
    (void)snprintf(path, sizeof path, "%s/stages-%d", s->bench->scratch, s->round);
    must_ok(file_posix_new(&files, path, &note), &note, "a folder");
    must_ok(store_open(&store, files, key, STORE_UNREAD, &note), &note, "a store");
    uint64_t now_s = (uint64_t)time(NULL);
    double begun = clock_wall();
    for (size_t i = 0; i < s->count; i += POSTS_PER_BATCH) {
        must_ok(store_put(store, results, s->posts + i, s->data->wires + i, POSTS_PER_BATCH, now_s,
                          &note),
                &note, "storing");
    }
    double took_s = clock_wall() - begun;
    store_close(store);
    file_posix_free(files);
    return took_s;
}

struct figures {
    struct spread send, receive, decode, hash, verify, seal, append, index, put;
};

static void run_once(struct stages *s, struct figures *f)
{
    double us = 1e6 / (double)s->count;
    struct frames_time time = frames(s);
    spread_add(&f->send, time.send_s * us);
    spread_add(&f->receive, time.receive_s * us);
    spread_add(&f->decode, decode(s) * us);
    spread_add(&f->hash, hash(s) * us);
    spread_add(&f->verify, verify(s) * us);
    spread_add(&f->seal, seal(s) * us);
    spread_add(&f->append, append(s) * us);
    spread_add(&f->index, fill_index(s) * us);
    spread_add(&f->put, put(s) * us);
}

static void print(struct figures *f, size_t count)
{
    struct spread *total = must_get(1, sizeof *total);
    for (size_t i = 0; i < ROUNDS; i++) {
        spread_add(total, f->receive.at[i] + f->decode.at[i] + f->verify.at[i] + f->seal.at[i] +
                              f->append.at[i] + f->index.at[i]);
    }
    struct result result = {.bench = "ingest-stages",
                            .unit = "us/post",
                            .better = BETTER_NONE,
                            .reference = "verify; each stage alone on one core, over the same "
                                         "posts (append is wall time, with a sync each 512)"};
    result_spread(&result, total);
    free(total);
    result_print(&result,
                 ",\"send\":%.2f,\"receive\":%.2f,\"decode\":%.2f,\"hash_within_decode\":%.2f,"
                 "\"verify\":%.2f,\"seal\":%.2f,\"append\":%.2f,\"index\":%.2f,"
                 "\"put_whole\":%.2f,\"posts\":%zu",
                 spread_at(&f->send, 0.5), spread_at(&f->receive, 0.5), spread_at(&f->decode, 0.5),
                 spread_at(&f->hash, 0.5), spread_at(&f->verify, 0.5), spread_at(&f->seal, 0.5),
                 spread_at(&f->append, 0.5), spread_at(&f->index, 0.5), spread_at(&f->put, 0.5),
                 count);
}

void stages_measure(const struct bench *bench, const struct data *data)
{
    struct err_note note = {{0}};
    struct stages s = {.bench = bench, .data = data};
    s.count = data->count < POSTS_MAX ? data->count : POSTS_MAX;
    s.count -= s.count % POSTS_PER_BATCH;
    must(s.count > 0, "too few posts");
    s.posts = must_get(s.count, sizeof *s.posts);
    s.sealed = must_get(s.count * 1024 + 131072, 1);
    s.batch_ends = must_get(s.count / POSTS_PER_BATCH, sizeof *s.batch_ends);
    must_ok(file_posix_new(&s.files, bench->scratch, &note), &note, "the scratch folder");
    struct figures *figures = must_get(1, sizeof *figures);
    for (s.round = 0; s.round < ROUNDS; s.round++) {
        run_once(&s, figures);
    }
    print(figures, s.count);
    free(figures);
    file_posix_free(s.files);
    free(s.batch_ends);
    free(s.sealed);
    free(s.posts);
}
