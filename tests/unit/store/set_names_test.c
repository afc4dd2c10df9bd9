/* Names of sets that are kept for the next post (SPEC 7.5, 10.13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/set_names.h"

static bool same(struct run_set_name a, struct run_set_name b)
{
    return memcmp(a.octets, b.octets, sizeof a.octets) == 0;
}

/* Every author, but the first, stands where another one stood. */
static void what_is_kept_is_what_would_be_made(void **state)
{
    (void)state;
    static const uint8_t store_key[SEAL_KEY_LEN] = {7};
    struct set_names *names = calloc(1, sizeof *names);
    struct run_hash hash;
    run_hash_init(&hash, store_key);
    assert_non_null(names);
    for (unsigned round = 0; round < 300; round++) {
        struct key author = {{4, (uint8_t)(round % 3), (uint8_t)(round % 7)}};
        struct set_names_author kept = set_names_author(names, &hash, &author);
        assert_int_equal(kept.set, set_of_author(&author));
        assert_true(same(kept.name, run_set_author(&hash, &author)));
        assert_true(key_equal(&kept.key, &author));
        assert_true(same(set_names_of(names, &hash, kept.set), run_set_of(&hash, kept.set)));
        assert_true(
            same(set_names_of(names, &hash, SET_STANDING), run_set_of(&hash, SET_STANDING)));
    }
    free(names);
    run_hash_close(&hash);
}

/* Some begin and end alike and are as long, so that one stands where another one stood. */
static void the_set_of_a_tag_is_the_one_of_the_tag(void **state)
{
    (void)state;
    static const char *const tags[] = {"metoo", "me2oo", "metoo2", "m", "a tag of more octets"};
    struct set_names *names = calloc(1, sizeof *names);
    assert_non_null(names);
    for (unsigned round = 0; round < 50; round++) {
        struct octets tag = octets_of_text(tags[(round * 7 / 3) % 5]);
        assert_int_equal(set_names_tag(names, tag), set_of_tag(tag));
    }
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_would_be_made),
        cmocka_unit_test(the_set_of_a_tag_is_the_one_of_the_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
