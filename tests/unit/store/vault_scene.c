#include "tests/unit/store/vault_scene.h"

struct bare_home home;
struct err_note note;
bool changed;

int vault_set_up(void **state)
{
    (void)state;
    note = (struct err_note){{0}};
    bare_home_make(&home, bare_home_seed);
    assert_int_equal(bare_home_open(&home, &note), ERR_OK);
    return 0;
}

int vault_tear_down(void **state)
{
    (void)state;
    bare_home_free(&home);
    return 0;
}

void reopen(void)
{
    bare_home_close(&home);
    assert_int_equal(bare_home_open(&home, &note), ERR_OK);
}

struct key key_of(uint8_t first)
{
    return (struct key){{first, 1}};
}

void block(uint8_t who)
{
    struct key key = key_of(who);
    assert_int_equal(vault_block(home.vault, &changed, &key, "label", 100, 7), ERR_OK);
}
