#include "tests/bench/replay_make.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proto/sign.h"
#include "tests/bench/measure.h"

#define FORMAT      2 /* of the file in the cache, and of what texts are made */
#define WORDS_COUNT 20000
#define TEXT_MAX    32000
#define SYLLABLES   105
#define THREADS_MAX 64
#define PART        4096 /* actions a thread takes at a time */
#define DISORDER    48
#define PROGRESS_S  0.5
#define KEPT_MAX_S                                                                                 \
    (UINT64_C(60) * 86400) /* older ones might have lived their life in some home                  \
                            */

struct maker {
    const struct replay_plan *plan;
    uint64_t begin_s;
    struct post_id *ids;  /* by action */
    struct key *people;   /* their keys */
    struct octets *wires; /* by action; owned */
    atomic_size_t next;   /* action to sign */
    atomic_size_t done;
};

static void seed_of(uint8_t seed[SIGN_SEED_LEN], const struct replay_plan *plan, uint32_t person)
{
    uint64_t state = plan->counts.seed + UINT64_C(0x5851f42d4c957f2d) * (person + 1);
    for (size_t i = 0; i < SIGN_SEED_LEN; i++) {
        seed[i] = (uint8_t)replay_random(&state, 256);
    }
}

struct key replay_person(const struct replay_plan *plan, uint32_t person)
{
    uint8_t seed[SIGN_SEED_LEN];
    struct key key;
    seed_of(seed, plan, person);
    sign_public_key(&key, seed);
    return key;
}

/* The number written in syllables: what is frequent is short. */
static size_t put_word(uint8_t *at, uint64_t number)
{
    static const char consonants[] = "bcdfghjklmnpqrstvwxyz";
    static const char vowels[] = "aeiou";
    size_t len = 0;
    do {
        at[len++] = (uint8_t)consonants[number % 21];
        at[len++] = (uint8_t)vowels[number / 21 % 5];
        number /= SYLLABLES;
    } while (number > 0);
    return len;
}

static size_t put_text(uint8_t text[TEXT_MAX], const struct replay_plan *plan, uint32_t action)
{
    uint64_t state = plan->counts.seed ^ (UINT64_C(0x2545f4914f6cdd1d) * (action + 1));
    size_t words_count = plan->actions[action].words_count;
    size_t len = 0;
    if (words_count == 2) {
        memcpy(text, "me too", 6);
        return 6;
    }
    for (size_t i = 0; i < words_count && len + 8 < TEXT_MAX; i++) {
        len += put_word(text + len, replay_zipf(&state, 1, WORDS_COUNT) - 1);
        text[len++] = ' ';
    }
    return len - 1;
}

/* What a draft borrows. */
struct draft {
    struct post_draft post;
    struct octets tag;
    struct post_ref refs[2];
    uint8_t text[TEXT_MAX];
};

static void fill_draft(struct draft *draft, const struct maker *m, uint32_t number)
{
    const struct replay_action *action = &m->plan->actions[number];
    draft->tag = octets_of_text(REPLAY_TAG);
    draft->post = (struct post_draft){.kind = action->kind,
                                      .created_s = m->begin_s + action->at_s,
                                      .tags = &draft->tag,
                                      .tags_count = action->tagged ? 1 : 0,
                                      .refs = draft->refs};
    switch (action->kind) {
    case POST_TEXT:
        draft->post.text = octets_of(draft->text, put_text(draft->text, m->plan, number));
        if (action->target != REPLAY_NONE) {
            draft->refs[0] = (struct post_ref){.relation = POST_ROOT, .id = m->ids[action->root]};
            draft->refs[1] =
                (struct post_ref){.relation = POST_PARENT, .id = m->ids[action->target]};
            draft->post.refs_count = 2;
        }
        break;
    case POST_REACT:
        draft->refs[0] = (struct post_ref){.relation = POST_SUBJECT, .id = m->ids[action->target]};
        draft->post.refs_count = 1;
        draft->post.reaction = action->reaction;
        break;
    default:
        draft->post.subject = m->people[action->target];
        break;
    }
}

/* Ids hang on each other, but not on proofs: they come first, on one core. */
static void make_ids(struct maker *m)
{
    struct draft *draft = must_get(1, sizeof *draft);
    uint8_t *wire = must_get(POST_WIRE_MAX, 1);
    uint64_t state = 1;
    for (uint32_t i = 0; i < m->plan->actions_count; i++) {
        struct post post;
        fill_draft(draft, m, i);
        size_t len =
            data_unsigned(wire, &draft->post, &m->people[m->plan->actions[i].author], &state);
        must_ok(post_decode(&post, octets_of(wire, len)), NULL, "a post of the replay");
        m->ids[i] = post.id;
    }
    free(wire);
    free(draft);
}

static void sign_one(struct maker *m, struct draft *draft, uint8_t *wire, uint32_t number)
{
    uint8_t seed[SIGN_SEED_LEN];
    struct post_id id;
    size_t len = 0;
    fill_draft(draft, m, number);
    seed_of(seed, m->plan, m->plan->actions[number].author);
    must_ok(post_sign(wire, &len, &id, &draft->post, seed), NULL, "signing a post of the replay");
    must(post_id_equal(&id, &m->ids[number]), "a post has another id than it was to have");
    uint8_t *kept = must_get(len, 1);
    memcpy(kept, wire, len);
    m->wires[number] = octets_of(kept, len);
}

static void *sign_parts(void *context)
{
    struct maker *m = context;
    struct draft *draft = must_get(1, sizeof *draft);
    uint8_t *wire = must_get(POST_WIRE_MAX, 1);
    size_t count = m->plan->actions_count;
    for (size_t first = atomic_fetch_add(&m->next, PART); first < count;
         first = atomic_fetch_add(&m->next, PART)) {
        for (size_t i = first; i < first + PART && i < count; i++) {
            sign_one(m, draft, wire, (uint32_t)i);
            (void)atomic_fetch_add(&m->done, 1);
        }
    }
    free(wire);
    free(draft);
    return NULL;
}

static void *find_keys(void *context)
{
    struct maker *m = context;
    size_t count = m->plan->counts.people_count;
    for (size_t first = atomic_fetch_add(&m->next, PART); first < count;
         first = atomic_fetch_add(&m->next, PART)) {
        for (size_t i = first; i < first + PART && i < count; i++) {
            m->people[i] = replay_person(m->plan, (uint32_t)i);
        }
    }
    return NULL;
}

static void tell_progress(const struct maker *m, double begun)
{
    double took_s = clock_wall() - begun;
    size_t done = atomic_load(&m->done);
    size_t count = m->plan->actions_count;
    if (isatty(STDERR_FILENO) == 1 && done > 0) {
        (void)fprintf(stderr, "\rsigning the replay: %zu of %zu, %.0f s left ", done, count,
                      took_s / (double)done * (double)(count - done));
    }
}

static void on_all_cores(struct maker *m, unsigned cores, void *(*work)(void *))
{
    pthread_t threads[THREADS_MAX];
    unsigned threads_count = cores < THREADS_MAX ? cores : THREADS_MAX;
    double begun = clock_wall();
    atomic_store(&m->next, 0);
    for (unsigned i = 0; i < threads_count; i++) {
        must(pthread_create(&threads[i], NULL, work, m) == 0, "no thread");
    }
    const struct timespec pause = {.tv_nsec = (long)(PROGRESS_S * 1e9)};
    while (work == sign_parts && atomic_load(&m->done) < m->plan->actions_count) {
        (void)nanosleep(&pause, NULL);
        tell_progress(m, begun);
    }
    for (unsigned i = 0; i < threads_count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* A number for each place: what of the plan arrives there. */
static uint32_t *order_of(const struct replay_plan *plan)
{
    uint32_t *order = must_get(plan->actions_count, sizeof *order);
    uint64_t state = plan->counts.seed ^ 7;
    for (size_t i = 0; i < plan->actions_count; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = 0; i + DISORDER < plan->actions_count; i++) {
        size_t other = i + replay_random(&state, DISORDER);
        uint32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    return order;
}

static void write_file(const struct maker *m, const char *path)
{
    char part[BENCH_PATH_MAX + 8];
    (void)snprintf(part, sizeof part, "%s.part", path);
    uint32_t *order = order_of(m->plan);
    FILE *file = fopen(part, "wb");
    must(file != NULL, "the replay cannot be kept");
    for (size_t i = 0; i < m->plan->actions_count; i++) {
        struct octets wire = m->wires[order[i]];
        must(fwrite(wire.at, 1, wire.len, file) == wire.len, "the replay cannot be kept");
        free((void *)(uintptr_t)wire.at);
    }
    must(fclose(file) == 0 && rename(part, path) == 0, "the replay cannot be kept");
    free(order);
}

static void make(const struct bench *bench, const struct replay_plan *plan, const char *path,
                 uint64_t begin_s)
{
    struct maker m = {.plan = plan, .begin_s = begin_s};
    m.ids = must_get(plan->actions_count, sizeof *m.ids);
    m.people = must_get(plan->counts.people_count, sizeof *m.people);
    m.wires = must_get(plan->actions_count, sizeof *m.wires);
    on_all_cores(&m, bench->cores, find_keys);
    make_ids(&m);
    on_all_cores(&m, bench->cores, sign_parts);
    if (isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, "\r\033[K");
    }
    write_file(&m, path);
    free(m.ids);
    free(m.people);
    free(m.wires);
}

/* Its beginning stands in its name: the posts are dated by when they were made. */
static uint64_t find_file(char path[BENCH_PATH_MAX], const struct bench *bench,
                          const struct replay_plan *plan)
{
    const struct replay_counts *c = &plan->counts;
    uint64_t today_s = (uint64_t)time(NULL) / REPLAY_DAY_S * REPLAY_DAY_S;
    for (uint64_t age_s = 0; age_s <= KEPT_MAX_S; age_s += REPLAY_DAY_S) {
        uint64_t begin_s = today_s - age_s - (uint64_t)3 * REPLAY_DAY_S;
        (void)snprintf(path, BENCH_PATH_MAX, "%s/replay-%d-%llu-%zu-%zu-%zu-%llu", bench->cache,
                       FORMAT, (unsigned long long)c->seed, c->people_count, c->actions_count,
                       c->vouches_count, (unsigned long long)begin_s);
        if (access(path, R_OK) == 0) {
            return begin_s;
        }
    }
    uint64_t begin_s = today_s - (uint64_t)3 * REPLAY_DAY_S;
    (void)snprintf(path, BENCH_PATH_MAX, "%s/replay-%d-%llu-%zu-%zu-%zu-%llu", bench->cache, FORMAT,
                   (unsigned long long)c->seed, c->people_count, c->actions_count, c->vouches_count,
                   (unsigned long long)begin_s);
    make(bench, plan, path, begin_s);
    return begin_s;
}

void replay_make(struct replay_posts *made, const struct bench *bench,
                 const struct replay_plan *plan)
{
    made->begin_s = find_file(made->file, bench, plan);
    must(data_read(&made->posts, made->file, plan->actions_count),
         "the replay's file is damaged: remove it");
}
