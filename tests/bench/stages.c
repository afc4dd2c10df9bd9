#include "tests/bench/stages.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/message.h"
#include "store/file.h"
#include "store/index_words.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/view.h"
#include "store/words.h"
#include "tests/bench/measure.h"
#include "tests/support/index_rig.h"
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
        (void)session_output(pair.initiator); /* seals the rest of it */
        double sealed = clock_thread();
        must_ok(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX), NULL, "receive");
        time.receive_s += clock_thread() - sealed;
        time.send_s += sealed - begun;
        must_ok(session_carry(pair.responder, pair.initiator, &seen, SIZE_MAX), NULL, "credit");
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

/* Full tables are written as runs on the same thread. */
static double fill_index(const struct stages *s)
{
    struct err_note note = {{0}};
    struct index *index = index_rig_open(s->files, 0);
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        index_rig_add(index, &s->posts[i], i);
    }
    index_rig_tend(index, 0, false);
    double took_s = clock_thread() - begun;
    must_ok(index_clear(index, &note), &note, "clearing the index");
    index_close(index);
    return took_s;
}

/* What a post's words cost where there is a reader, besides writing them down. */
static double words(const struct stages *s)
{
    static const struct words_key key = {{1}};
    struct index_words table = {.words = NULL};
    struct words found = {.hashes = NULL};
    double begun = clock_thread();
    for (size_t i = 0; i < s->count; i++) {
        found.count = 0;
        must_ok(words_add_post(&found, &key, &s->posts[i]), NULL, "words");
        struct index_words_post post = {
            .position = (uint32_t)i, .hashes = found.hashes, .hashes_count = found.count};
        must_ok(index_words_add(&table, &post), NULL, "words");
    }
    double took_s = clock_thread() - begun;
    words_close(&found);
    index_words_close(&table);
    return took_s;
}

struct put_time {
    double put_s;  /* wall: seal, append, sync, index, on one thread */
    double view_s; /* taking it into a view, batch by batch */
};

static struct put_time put(const struct stages *s, enum store_kind kind)
{
    struct err_note note = {{0}};
    struct put_time time_taken = {0};
    char path[BENCH_PATH_MAX];
    struct files *files = NULL;
    struct store *store = NULL;
    struct view *view = NULL;
    static const uint8_t key[32] = {1};
    static const struct key own = {{1}};
    static enum store_put_result results[POSTS_PER_BATCH];
    (void)snprintf(path, sizeof path, "%s/stages-%d-%d", s->bench->scratch, s->round, kind);
    must_ok(file_posix_new(&files, path, &note), &note, "a folder");
    must_ok(store_open(&store, files, key, kind, &note), &note, "a store");
    must_ok(view_new(&view, store, &own, &note), &note, "a view");
    uint64_t now_s = (uint64_t)time(NULL);
    for (size_t i = 0; i < s->count; i += POSTS_PER_BATCH) {
        double begun = clock_wall();
        must_ok(store_put(store, results, s->posts + i, s->data->wires + i, POSTS_PER_BATCH, now_s,
                          &note),
                &note, "storing");
        time_taken.put_s += clock_wall() - begun;
        double cpu = clock_thread();
        must_ok(view_catch_up(view, NULL, &note), &note, "taking posts in");
        time_taken.view_s += clock_thread() - cpu;
    }
    view_free(view);
    store_close(store);
    file_posix_free(files);
    return time_taken;
}

enum stage {
    SEND,
    RECEIVE,
    DECODE,
    HASH,
    VERIFY,
    SEAL,
    APPEND,
    INDEX,
    WORDS,
    VIEW,
    PUT,
    PUT_READ,
    STAGES
};

/* What each may cost on a core that checks 22,000 to 25,000 signatures a second or more.  Without a
 * budget: what is told besides. */
static const struct {
    const char *name;
    double budget_us;
    bool counts; /* in the sum, which has everything once */
} stages[STAGES] = {
    [SEND] = {"send", 0.5, false},    [RECEIVE] = {"receive", 0.5, true},
    [DECODE] = {"decode", 1.5, true}, [HASH] = {"hash_within_decode", 0.8, false},
    [VERIFY] = {"verify", 45, true},  [SEAL] = {"seal", 1.5, true},
    [APPEND] = {"append", 8, true},   [INDEX] = {"index", 1, true},
    [WORDS] = {"words", 4, true},     [VIEW] = {"view", 3, true},
    [PUT] = {"put_whole", 0, false},  [PUT_READ] = {"put_whole_for_a_reader", 0, false},
};

struct figures {
    struct spread us[STAGES];
};

static void run_once(struct stages *s, struct figures *f)
{
    double us = 1e6 / (double)s->count;
    struct frames_time time = frames(s);
    spread_add(&f->us[SEND], time.send_s * us);
    spread_add(&f->us[RECEIVE], time.receive_s * us);
    spread_add(&f->us[DECODE], decode(s) * us);
    spread_add(&f->us[HASH], hash(s) * us);
    spread_add(&f->us[VERIFY], verify(s) * us);
    spread_add(&f->us[SEAL], seal(s) * us);
    spread_add(&f->us[APPEND], append(s) * us);
    spread_add(&f->us[INDEX], fill_index(s) * us);
    spread_add(&f->us[WORDS], words(s) * us);
    spread_add(&f->us[PUT], put(s, STORE_UNREAD).put_s * us);
    struct put_time read = put(s, STORE_READ);
    spread_add(&f->us[PUT_READ], read.put_s * us);
    spread_add(&f->us[VIEW], read.view_s * us);
}

/* The least of the rounds: whatever else computes on this machine only ever adds. */
static void print(struct figures *f, size_t count)
{
    char list[2048];
    size_t len = 0;
    size_t above_count = 0;
    struct result result = {.bench = "ingest-stages",
                            .unit = "us/post",
                            .runs = ROUNDS,
                            .better = BETTER_LOWER,
                            .reference = "the budget of each stage; each alone on one core, over "
                                         "the same posts, the least of the rounds (append is wall "
                                         "time, with a sync each 512)"};
    for (size_t i = 0; i < STAGES; i++) {
        double us = spread_at(&f->us[i], 0);
        bool above = stages[i].budget_us > 0 && us > stages[i].budget_us;
        above_count += above ? 1 : 0;
        result.value += stages[i].counts ? us : 0;
        result.target += stages[i].counts ? stages[i].budget_us : 0;
        len += (size_t)snprintf(list + len, sizeof list - len, "%s{\"stage\":\"%s\",\"us\":%.2f",
                                i > 0 ? "," : "", stages[i].name, us);
        if (stages[i].budget_us > 0) {
            len += (size_t)snprintf(list + len, sizeof list - len, ",\"budget_us\":%.1f,\"met\":%s",
                                    stages[i].budget_us, above ? "false" : "true");
        }
        len += (size_t)snprintf(list + len, sizeof list - len, "}");
    }
    result.min = result.max = result.value;
    result_print(&result, ",\"above_budget\":%zu,\"stages\":[%s],\"posts\":%zu", above_count, list,
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
