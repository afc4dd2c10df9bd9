/* reconcile-equal - two nodes that hold the same 1,000,000 posts find out that they do. */
#include <sodium.h>
#include <stdlib.h>

#include "proto/message.h"
#include "proto/negentropy.h"
#include "proto/set.h"
#include "tests/bench/data.h"
#include "tests/bench/measure.h"
#include "tests/support/index_rig.h"
#include "tests/support/negentropy_peer.h"

#define POSTS_COUNT 1000000
#define SETS        5
#define RUNS        40 /* on each set */
#define ITEMS_CAP   4096
#define EVICT_LEN   ((size_t)64 * 1024 * 1024) /* more than the caches hold */
#define NOISE_TAG   16

/* One node: its index, and the machine that asks it. */
struct side {
    struct files *files;
    struct index *index;
    struct negentropy machine;
    struct negentropy_step step;
    struct negentropy_results results;
    struct octets_room reply;
};

static void side_open(struct side *side, const struct bench *bench, const char *name)
{
    struct err_note note = {{0}};
    char path[BENCH_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/reconcile-%s", bench->scratch, name);
    must_ok(file_posix_new(&side->files, path, &note), &note, "a folder");
    side->index = index_rig_open(side->files, 0);
    side->reply = (struct octets_room){.at = must_get(NEGENTROPY_MESSAGE_MAX, 1),
                                       .cap = NEGENTROPY_MESSAGE_MAX};
    side->results.items = must_get(ITEMS_CAP, sizeof *side->results.items);
    side->results.items_cap = ITEMS_CAP;
    side->step.have.at = must_get(NEGENTROPY_IDS_MAX, sizeof *side->step.have.at);
    side->step.need.at = must_get(NEGENTROPY_IDS_MAX, sizeof *side->step.need.at);
    side->step.have.cap = side->step.need.cap = NEGENTROPY_IDS_MAX;
}

static void side_close(struct side *side)
{
    struct err_note note = {{0}};
    must_ok(index_clear(side->index, &note), &note, "clearing an index");
    index_close(side->index);
    file_posix_free(side->files);
    free(side->reply.at);
    free(side->results.items);
    free(side->step.have.at);
    free(side->step.need.at);
}

/* Answer what the machine asks until it has something to say. */
static void finish_turn(struct side *side)
{
    while (side->step.next == NEGENTROPY_ASK) {
        index_rig_answer(side->index, &side->results, &side->step.batch);
        negentropy_resume(&side->machine, &side->step, &side->results);
    }
}

static void receive(struct side *side, const struct octets_room *message)
{
    must_ok(negentropy_receive(&side->machine, &side->step, &side->reply,
                               octets_of(message->at, message->len)),
            NULL, "a message");
    finish_turn(side);
}

struct outcome {
    size_t payload_len;
    size_t wire_len;
    size_t round_trips;
    double cpu_ms;
};

/* The payload of a RECON. */
static size_t payload_len_of(const struct octets_room *message)
{
    static uint8_t room[NEGENTROPY_MESSAGE_MAX + MESSAGE_RECON_HEAD];
    struct message_recon recon = {
        .session = 1, .set = SET_ALL, .message = octets_of(message->at, message->len)};
    return message_recon_encode(room, &recon);
}

/* In a frame in a Noise message, where it is alone. */
static size_t wire_len_of(const struct octets_room *message)
{
    return payload_len_of(message) + FRAME_HEADER_LEN + NOISE_TAG + 2;
}

static struct outcome reconcile(struct side *a, struct side *b)
{
    struct outcome out = {0};
    negentropy_init(&a->machine, NEGENTROPY_INITIATOR, NEGENTROPY_FRAME_MIN);
    negentropy_init(&b->machine, NEGENTROPY_RESPONDER, NEGENTROPY_MESSAGE_MAX);
    negentropy_set_opening(&a->machine, randombytes_random());
    a->reply.len = b->reply.len = 0;
    double begun = clock_thread();
    negentropy_initiate(&a->machine, &a->step, &a->reply);
    finish_turn(a);
    while (a->step.next == NEGENTROPY_SEND) {
        out.round_trips++;
        receive(b, &a->reply);
        out.payload_len += payload_len_of(&a->reply) + payload_len_of(&b->reply);
        out.wire_len += wire_len_of(&a->reply) + wire_len_of(&b->reply);
        struct octets_room message = b->reply;
        receive(a, &message);
        must(a->step.have.count == 0 && a->step.need.count == 0, "equal sets differ");
    }
    out.cpu_ms = (clock_thread() - begun) * 1e3;
    return out;
}

static void take_in(struct side *side, const struct post *post, size_t position)
{
    index_rig_add(side->index, post, position);
    if (index_is_full(side->index)) {
        index_rig_tend(side->index, 0, false);
    }
}

/* Both indexes and the plain arrays they are compared with. */
static void fill(struct side *a, struct side *b, struct sorted_set *set, size_t count)
{
    uint64_t state = randombytes_random();
    sorted_set_init(set);
    for (size_t i = 0; i < count; i++) {
        struct post post = {.kind = POST_TEXT};
        randombytes_buf(post.id.octets, POST_ID_LEN);
        post.created_s = UINT64_C(1700000000) + i * 8 + data_random(&state, 3600);
        take_in(a, &post, i);
        take_in(b, &post, i);
        sorted_set_add(set, post.created_s, &post.id);
    }
    sorted_set_seal(set);
}

/* Push everything out of the caches. */
static void evict(uint8_t *octets)
{
    for (size_t i = 0; i < EVICT_LEN; i += 64) {
        octets[i]++;
    }
}

static double plain_cpu_ms(const struct sorted_set *set)
{
    struct negentropy_peer *a =
        negentropy_peer_new(set, NEGENTROPY_INITIATOR, NEGENTROPY_FRAME_MIN, ITEMS_CAP);
    struct negentropy_peer *b =
        negentropy_peer_new(set, NEGENTROPY_RESPONDER, NEGENTROPY_MESSAGE_MAX, ITEMS_CAP);
    double begun = clock_thread();
    struct octets first = negentropy_peer_initiate(a);
    must_ok(negentropy_peer_receive(b, first), NULL, "a message");
    must_ok(negentropy_peer_receive(a, octets_of(b->reply.at, b->reply.len)), NULL, "a message");
    double took_ms = (clock_thread() - begun) * 1e3;
    must(a->step.next == NEGENTROPY_DONE, "equal sets differ");
    negentropy_peer_free(a);
    negentropy_peer_free(b);
    return took_ms;
}

struct figures {
    struct spread payload_len;
    struct spread wire_len;
    struct spread round_trips;
    struct spread first_ms;
    struct spread old_post_ms;
    struct spread warm_ms;
    struct spread evicted_ms;
    struct spread plain_ms;
};

/* Both take in a post older than all: whatever sums the index keeps are to be made again. */
static void add_old_post(struct side *a, struct side *b, size_t position)
{
    struct post post = {.kind = POST_TEXT, .created_s = UINT64_C(1600000000) - position};
    randombytes_buf(post.id.octets, POST_ID_LEN);
    take_in(a, &post, position);
    take_in(b, &post, position);
}

/* One pair of equal sets: what travels depends a little on where the posts happen to lie. */
static void measure_sets(struct figures *f, const struct bench *bench, size_t count)
{
    struct side a = {0};
    struct side b = {0};
    struct sorted_set set;
    uint8_t *octets = must_get(EVICT_LEN, 1);
    side_open(&a, bench, "a");
    side_open(&b, bench, "b");
    fill(&a, &b, &set, count);
    index_rig_tend(a.index, 0, false);
    index_rig_tend(b.index, 0, false);
    struct outcome first = reconcile(&a, &b);
    spread_add(&f->payload_len, (double)first.payload_len);
    spread_add(&f->wire_len, (double)first.wire_len);
    spread_add(&f->round_trips, (double)first.round_trips);
    spread_add(&f->first_ms, first.cpu_ms);
    for (size_t i = 0; i < RUNS; i++) {
        spread_add(&f->warm_ms, reconcile(&a, &b).cpu_ms);
        spread_add(&f->plain_ms, plain_cpu_ms(&set));
    }
    for (size_t i = 0; i < RUNS; i++) {
        evict(octets);
        spread_add(&f->evicted_ms, reconcile(&a, &b).cpu_ms);
    }
    for (size_t i = 0; i < RUNS; i++) {
        add_old_post(&a, &b, count + i);
        spread_add(&f->old_post_ms, reconcile(&a, &b).cpu_ms);
    }
    free(octets);
    sorted_set_close(&set);
    side_close(&a);
    side_close(&b);
}

static void print(struct figures *f, size_t count)
{
    struct result result = {.bench = "reconcile-equal", .better = BETTER_LOWER};
    result.unit = "payload octets both ways";
    result.target = 340;
    result.reference = "338 of the reference implementation of Negentropy, as published, for its "
                       "messages alone; here what RECON adds to each is counted";
    result_spread(&result, &f->payload_len);
    result_print(&result, ",\"wire_octets\":%.0f,\"posts\":%zu", spread_at(&f->wire_len, 0.5),
                 count);
    result.unit = "round trips";
    result.target = 1;
    result.reference = "none";
    result_spread(&result, &f->round_trips);
    result_print(&result, ",\"posts\":%zu", count);
    result.unit = "ms of one core, both sides, first time after filling";
    result.reference = "two plain sorted arrays with running sums";
    result_spread(&result, &f->first_ms);
    result_print(&result,
                 ",\"after_an_old_post_ms\":%.4f,\"caches_evicted_ms\":%.4f,\"warm_ms\":%.4f,"
                 "\"reference_warm_ms\":%.4f,\"posts\":%zu",
                 spread_at(&f->old_post_ms, 0.5), spread_at(&f->evicted_ms, 0.5),
                 spread_at(&f->warm_ms, 0.5), spread_at(&f->plain_ms, 0.5), count);
}

void bench_reconcile_equal(struct bench *bench)
{
    struct figures *f = must_get(1, sizeof *f);
    size_t count = bench_scaled(bench, POSTS_COUNT);
    for (size_t i = 0; i < SETS; i++) {
        measure_sets(f, bench, count);
    }
    print(f, count);
    free(f);
}
