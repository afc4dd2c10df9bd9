/* kithd.h - real kithd processes on the loopback interface, each in a home of its own. */
#ifndef KITH_TESTS_BENCH_KITHD_H
#define KITH_TESTS_BENCH_KITHD_H

#include <sys/types.h>

#include "proto/address.h"
#include "tests/bench/bench.h"

struct kithd {
    pid_t pid;
    char home[BENCH_PATH_MAX];
    struct address address;
};

/* What it used from start to end. */
struct kithd_usage {
    double cpu_s;
    double memory_mib; /* the most of it that was resident at a time, of any so far */
};

/* Where the home name of the scratch folder lies. */
void kithd_home(struct kithd *kithd, const struct bench *bench, const char *name);

/* Start a relay in that home, and wait until it answers. */
void kithd_relay(struct kithd *kithd, const struct bench *bench, const char *name);
/* The same, and it dials peer. */
void kithd_relay_dialling(struct kithd *kithd, const struct bench *bench, const char *name,
                          const struct address *peer);
/* A person's node, whose home kithd_init() made; it dials peer, where there is one. */
void kithd_person(struct kithd *kithd, const struct bench *bench, const char *name,
                  const struct address *peer);
/* Ask it to stop, and wait for it. */
void kithd_stop(struct kithd *kithd, struct kithd_usage *usage);

/* Make a person's home, without a passphrase. */
void kithd_init(const struct bench *bench, const char *name);
/* Import a file into a home that is there; says how many posts were new, and what it used. */
size_t kithd_import(const struct bench *bench, const char *name, const char *file,
                    struct kithd_usage *usage);
/* The same, stopped as by Ctrl-C after so long, unless it was done. */
size_t kithd_import_stopped(const struct bench *bench, const char *name, const char *file,
                            int after_ms);

/* What is resident in KiB now: all of it, and without what files back (programs, libraries). */
struct kithd_memory {
    double all_kib;
    double own_kib;
};
struct kithd_memory kithd_memory(const struct kithd *kithd);

/* Seconds that its threads have computed so far. */
double kithd_cpu_s(const struct kithd *kithd);

/* Octets of its log's files now: a look from outside, which costs the node nothing. */
uint64_t kithd_log_len(const struct kithd *kithd);

/* What `kith --home HOME --json` answers to words (as a shell splits them), its first line. */
bool kithd_ask(char *line, size_t line_cap, const struct kithd *kithd, const struct bench *bench,
               const char *words);

#endif
