#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/block_cache.h"

#define BLOCKS_MAX 8

static struct block_cache *cache;
static uint64_t owner;

static int set_up(void **state)
{
    (void)state;
    enum err_code rc = block_cache_new(&cache, BLOCKS_MAX);
    owner = rc == ERR_OK ? block_cache_owner(cache) : 0;
    return rc == ERR_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    block_cache_free(cache);
    return 0;
}

static void put(uint64_t whose, uint32_t block)
{
    uint8_t plain[BLOCK_CACHE_PLAIN_LEN];
    memset(plain, (int)(block + whose), sizeof plain);
    plain[BLOCK_CACHE_PLAIN_LEN - 1] = 0x77;
    block_cache_put(cache, whose, block, plain);
}

static bool here(uint64_t whose, uint32_t block)
{
    uint8_t octets[2] = {0};
    bool found =
        block_cache_get(cache, octets, whose, block, BLOCK_CACHE_PLAIN_LEN - 2, sizeof octets);
    if (found) {
        assert_int_equal(octets[0], (uint8_t)(block + whose));
        assert_int_equal(octets[1], 0x77);
    }
    return found;
}

static void an_empty_cache_has_nothing(void **state)
{
    (void)state;
    assert_false(here(owner, 0));
    block_cache_forget(cache, owner);
    block_cache_drop(cache);
    assert_false(here(owner, 0));
}

static void owners_are_never_the_same(void **state)
{
    (void)state;
    uint64_t other = block_cache_owner(cache);
    assert_true(other != owner);
    put(owner, 3);
    assert_false(here(other, 3));
    put(other, 3);
    assert_true(here(owner, 3));
    assert_true(here(other, 3));
}

static void it_keeps_what_was_asked_for_last_within_its_bound(void **state)
{
    (void)state;
    for (uint32_t block = 0; block < 100; block++) {
        put(owner, block);
        assert_true(here(owner, 0) == true);
    }
    uint32_t count = 0;
    for (uint32_t block = 0; block < 100; block++) {
        count += here(owner, block) ? 1 : 0;
    }
    assert_int_equal(count, BLOCKS_MAX);
    for (uint32_t block = 100 - BLOCKS_MAX + 1; block < 100; block++) {
        assert_true(here(owner, block));
    }
}

static void what_is_forgotten_is_gone_and_its_room_used_again(void **state)
{
    (void)state;
    uint64_t other = block_cache_owner(cache);
    for (uint32_t block = 0; block < BLOCKS_MAX; block++) {
        put(block % 2 == 0 ? owner : other, block);
    }
    block_cache_forget(cache, owner);
    for (uint32_t block = 0; block < BLOCKS_MAX; block++) {
        assert_true(here(block % 2 == 0 ? owner : other, block) == (block % 2 != 0));
    }
    for (uint32_t block = 50; block < 50 + 3 * BLOCKS_MAX; block++) {
        put(owner, block);
        assert_true(here(owner, block));
    }
    block_cache_drop(cache);
    assert_false(here(owner, 50 + 3 * BLOCKS_MAX - 1));
    put(owner, 1);
    assert_true(here(owner, 1));
}

#define TEST(what) cmocka_unit_test_setup_teardown(what, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_cache_has_nothing),
        TEST(owners_are_never_the_same),
        TEST(it_keeps_what_was_asked_for_last_within_its_bound),
        TEST(what_is_forgotten_is_gone_and_its_room_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
