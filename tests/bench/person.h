/* person.h - a person's home from inside: while no kithd holds it. */
#ifndef KITH_TESTS_BENCH_PERSON_H
#define KITH_TESTS_BENCH_PERSON_H

#include "node/home.h"
#include "store/journal.h"
#include "store/vault.h"

struct person_home {
    struct home home;
    struct journal *journal;
    struct vault *vault;
};

/* Open the home at path, which kithd_init() made. */
void person_home_open(struct person_home *person, const char *path);
void person_home_close(struct person_home *person);

#endif
