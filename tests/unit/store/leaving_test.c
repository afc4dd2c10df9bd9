/* What lies in sealed files: evidence and lists of blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/sign.h"
#include "store/evidence.h"
#include "store/vault_list.h"

static const uint8_t seed[32] = {1, 2, 3};

static struct evidence example(void)
{
    struct evidence evidence = {
        .about = {{9}}, .sealed_s = 1700000000, .posts = octets_of_text("posts")};
    sign_public_key(&evidence.sealer, seed);
    return evidence;
}

static void evidence_reads_as_it_was_written_and_signed(void **state)
{
    (void)state;
    struct evidence evidence = example();
    struct evidence found;
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(evidence_encode(&plain, &len, &evidence, seed), ERR_OK);
    assert_int_equal(evidence_decode(&found, octets_of(plain, len)), ERR_OK);
    assert_true(found.is_signed);
    assert_true(key_equal(&found.sealer, &evidence.sealer));
    assert_true(key_equal(&found.about, &evidence.about));
    assert_int_equal(found.sealed_s, evidence.sealed_s);
    assert_true(octets_equal(found.posts, evidence.posts));
    free(plain);
}

/* Whoever can open a file could write another one: what the sealer did not sign is not theirs. */
static void any_change_ends_the_sealers_signature(void **state)
{
    (void)state;
    struct evidence evidence = example();
    struct evidence found;
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(evidence_encode(&plain, &len, &evidence, seed), ERR_OK);
    for (size_t i = 0; i < len; i++) {
        plain[i] ^= 1;
        enum err_code rc = evidence_decode(&found, octets_of(plain, len));
        assert_true(rc != ERR_OK || !found.is_signed);
        plain[i] ^= 1;
    }
    for (size_t cut = 1; cut < len; cut++) {
        enum err_code rc = evidence_decode(&found, octets_of(plain, len - cut));
        assert_true(cut <= evidence.posts.len ? rc == ERR_OK && !found.is_signed
                                              : rc == ERR_MALFORMED);
    }
    plain[1] = 2;
    assert_int_equal(evidence_decode(&found, octets_of(plain, len)), ERR_VERSION);
    free(plain);
}

static void a_list_holds_what_is_in_force(void **state)
{
    (void)state;
    struct vault_block blocks[] = {{.key = {{1}}, .label = "carl", .in_force = true},
                                   {.key = {{2}}, .label = "past"},
                                   {.key = {{3}}, .in_force = true}};
    struct vault_list list = {
        .exporter = {{7}}, .exported_s = 50, .blocks = blocks, .blocks_count = 3};
    struct vault_list found;
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(vault_list_encode(&plain, &len, &list), ERR_OK);
    assert_int_equal(vault_list_decode(&found, octets_of(plain, len)), ERR_OK);
    assert_int_equal(found.blocks_count, 2);
    assert_int_equal(found.exported_s, 50);
    assert_true(key_equal(&found.exporter, &list.exporter));
    assert_string_equal(found.blocks[0].label, "carl");
    assert_string_equal(found.blocks[1].label, "");
    assert_true(key_equal(&found.blocks[1].key, &blocks[2].key));
    vault_list_close(&found);
    for (size_t cut = 1; cut <= len; cut++) {
        assert_int_equal(vault_list_decode(&found, octets_of(plain, len - cut)), ERR_MALFORMED);
    }
    plain[1] = 2;
    assert_int_equal(vault_list_decode(&found, octets_of(plain, len)), ERR_VERSION);
    free(plain);
}

static void a_list_names_nobody_twice(void **state)
{
    (void)state;
    struct vault_block blocks[] = {{.key = {{1}}, .in_force = true},
                                   {.key = {{1}}, .in_force = true}};
    struct vault_list list = {.blocks = blocks, .blocks_count = 2};
    struct vault_list found;
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(vault_list_encode(&plain, &len, &list), ERR_OK);
    assert_int_equal(vault_list_decode(&found, octets_of(plain, len)), ERR_MALFORMED);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_reads_as_it_was_written_and_signed),
        cmocka_unit_test(any_change_ends_the_sealers_signature),
        cmocka_unit_test(a_list_holds_what_is_in_force),
        cmocka_unit_test(a_list_names_nobody_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
