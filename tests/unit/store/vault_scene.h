/* vault_scene.h - a home with an open vault in it, for each test of the vault. */
#ifndef KITH_TESTS_UNIT_STORE_VAULT_SCENE_H
#define KITH_TESTS_UNIT_STORE_VAULT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/bare_home.h"
#include "tests/support/file_memory.h"

extern struct bare_home home;
extern struct err_note note;
extern bool changed; /* by the last call that tells */

int vault_set_up(void **state);
int vault_tear_down(void **state);
/* What is on the disk is all there is. */
void reopen(void);

struct key key_of(uint8_t first);
/* Staged, not committed. */
void block(uint8_t who);

#endif
