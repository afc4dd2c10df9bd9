#include "tests/bench/measure.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VERIFY_THREADS_MAX 64
#define VERIFY_SAMPLES     256
#define SIGNED_LEN         (11 + 32) /* "kith/post/1" and an id */

void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

void must_ok(enum err_code rc, const struct err_note *note, const char *what)
{
    if (rc != ERR_OK) {
        const char *text = note != NULL && note->text[0] != '\0' ? note->text : err_text(rc);
        (void)fprintf(stderr, "bench: %s: %s\n", what, text);
        exit(1);
    }
}

void *must_get(size_t count, size_t size)
{
    void *got = calloc(count, size);
    must(got != NULL, "out of memory");
    return got;
}

static double clock_of(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double clock_wall(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

double clock_process(void)
{
    return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

double clock_thread(void)
{
    return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

void spread_add(struct spread *spread, double value)
{
    assert(spread->count < SPREAD_MAX);
    spread->at[spread->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double spread_at(struct spread *spread, double part)
{
    assert(spread->count > 0);
    qsort(spread->at, spread->count, sizeof spread->at[0], compare);
    double place = part * (double)(spread->count - 1);
    return spread->at[(size_t)(place + 0.5)];
}

struct verifier {
    pthread_t thread;
    double until;
    double wall_s;
    double cpu_s;
    size_t count;
};

struct sample {
    unsigned char sig[crypto_sign_BYTES];
    unsigned char key[crypto_sign_PUBLICKEYBYTES];
    unsigned char message[SIGNED_LEN];
};

static struct sample samples[VERIFY_SAMPLES];

static void make_samples(void)
{
    static bool made;
    for (size_t i = 0; i < VERIFY_SAMPLES && !made; i++) {
        unsigned char secret[crypto_sign_SECRETKEYBYTES];
        randombytes_buf(samples[i].message, SIGNED_LEN);
        (void)crypto_sign_keypair(samples[i].key, secret);
        (void)crypto_sign_detached(samples[i].sig, NULL, samples[i].message, SIGNED_LEN, secret);
    }
    made = true;
}

static void *verify(void *context)
{
    struct verifier *verifier = context;
    double begun = clock_wall();
    while (clock_wall() < verifier->until) {
        for (size_t i = 0; i < VERIFY_SAMPLES; i++) {
            const struct sample *s = &samples[i];
            must(crypto_sign_verify_detached(s->sig, s->message, SIGNED_LEN, s->key) == 0,
                 "a signature does not verify");
        }
        verifier->count += VERIFY_SAMPLES;
    }
    verifier->wall_s = clock_wall() - begun;
    verifier->cpu_s = clock_thread();
    return NULL;
}

struct raw_verify raw_verify_measure(unsigned cores, double for_s)
{
    struct verifier verifiers[VERIFY_THREADS_MAX] = {0};
    must(cores <= VERIFY_THREADS_MAX, "more cores than this bench knows how to use");
    make_samples();
    double until = clock_wall() + for_s;
    for (unsigned i = 0; i < cores; i++) {
        verifiers[i].until = until;
        must(pthread_create(&verifiers[i].thread, NULL, verify, &verifiers[i]) == 0, "no thread");
    }
    struct verifier sum = {.count = 0};
    struct raw_verify raw = {.rate = 0};
    for (unsigned i = 0; i < cores; i++) {
        (void)pthread_join(verifiers[i].thread, NULL);
        raw.rate += (double)verifiers[i].count / verifiers[i].wall_s;
        sum.count += verifiers[i].count;
        sum.wall_s += verifiers[i].wall_s;
        sum.cpu_s += verifiers[i].cpu_s;
    }
    raw.cpu_us = sum.cpu_s * 1e6 / (double)sum.count;
    raw.share = sum.cpu_s / sum.wall_s;
    return raw;
}

void result_spread(struct result *result, struct spread *spread)
{
    result->value = spread_at(spread, 0.5);
    result->min = spread_at(spread, 0);
    result->max = spread_at(spread, 1);
    result->runs = spread->count;
}

static bool is_met(const struct result *result)
{
    return result->better == BETTER_HIGHER ? result->value >= result->target
                                           : result->value <= result->target;
}

void result_print(const struct result *result, const char *more, ...)
{
    (void)printf("{\"bench\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"", result->bench, result->value,
                 result->unit);
    if (result->better == BETTER_NONE) {
        (void)printf(",\"target\":null");
    } else {
        (void)printf(",\"target\":%g,\"met\":%s", result->target,
                     is_met(result) ? "true" : "false");
    }
    (void)printf(",\"reference\":\"%s\",\"min\":%.6g,\"max\":%.6g,\"runs\":%zu", result->reference,
                 result->min, result->max, result->runs);
    va_list args;
    va_start(args, more);
    (void)vprintf(more, args);
    va_end(args);
    (void)printf("}\n");
    (void)fflush(stdout);
}
