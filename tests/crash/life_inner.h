/* life_inner.h - what the files of life*.c share. */
#ifndef KITH_TESTS_CRASH_LIFE_INNER_H
#define KITH_TESTS_CRASH_LIFE_INNER_H

#include "tests/crash/life.h"

/* The next number of this history, below a bound above 0. */
uint64_t life_draw(struct life *life, uint64_t below);
/* One of the acts that change the vault. */
MUST_USE enum err_code life_change_vault(struct life *life, enum life_act act);

#endif
