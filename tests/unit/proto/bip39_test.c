/* Recovery words: the published list and vectors, and typing that is forgiven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "proto/bip39.h"
#include "tests/support/vectors_json.h"

static void the_list_is_the_published_one(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("bip39.json"));
    uint8_t expected[32];
    uint8_t found[32];
    json_hex_exactly(expected, 32, json_member(json_root(file), "list_sha256"));
    crypto_hash_sha256_state hash;
    (void)crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < BIP39_LIST_COUNT; i++) {
        const char *word = bip39_word(i);
        (void)crypto_hash_sha256_update(&hash, (const uint8_t *)word, strlen(word));
        (void)crypto_hash_sha256_update(&hash, (const uint8_t *)"\n", 1);
    }
    (void)crypto_hash_sha256_final(&hash, found);
    assert_memory_equal(found, expected, 32);
    json_free(file);
}

static void the_published_vectors_hold_both_ways(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("bip39.json"));
    const struct json_value *accept = json_member(json_root(file), "accept");
    assert_int_equal(json_count(accept), 8);
    for (const struct json_value *v = json_first(accept); v != NULL; v = json_next(v)) {
        uint8_t entropy[BIP39_ENTROPY_LEN];
        uint8_t found[BIP39_ENTROPY_LEN];
        char text[BIP39_TEXT_MAX];
        struct bip39_trouble trouble;
        const char *words = json_string(json_member(v, "words"));
        json_hex_exactly(entropy, sizeof entropy, json_member(v, "entropy"));
        bip39_encode(text, entropy);
        assert_string_equal(text, words);
        assert_int_equal(bip39_decode(found, &trouble, octets_of_text(words)), ERR_OK);
        assert_memory_equal(found, entropy, sizeof entropy);
    }
    json_free(file);
}

static void what_is_no_set_of_words_is_refused(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("bip39.json"));
    const struct json_value *reject = json_member(json_root(file), "reject");
    for (const struct json_value *v = json_first(reject); v != NULL; v = json_next(v)) {
        uint8_t entropy[BIP39_ENTROPY_LEN] = {7};
        struct bip39_trouble trouble;
        enum err_code rc =
            bip39_decode(entropy, &trouble, octets_of_text(json_string(json_member(v, "words"))));
        const char *error = json_string(json_member(v, "error"));
        enum err_code expected = strcmp(error, "proof") == 0       ? ERR_PROOF
                                 : strcmp(error, "not-found") == 0 ? ERR_NOT_FOUND
                                 : strcmp(error, "truncated") == 0 ? ERR_TRUNCATED
                                                                   : ERR_TOO_LARGE;
        assert_int_equal(rc, expected);
        assert_int_equal(entropy[0], 7); /* written only when they hold */
    }
    json_free(file);
}

static void any_entropy_comes_back(void **state)
{
    (void)state;
    static const uint8_t seed[randombytes_SEEDBYTES] = {39};
    uint8_t all[200][BIP39_ENTROPY_LEN];
    randombytes_buf_deterministic(all, sizeof all, seed);
    for (size_t i = 0; i < 200; i++) {
        uint8_t found[BIP39_ENTROPY_LEN];
        char text[BIP39_TEXT_MAX];
        struct bip39_trouble trouble;
        bip39_encode(text, all[i]);
        assert_int_equal(bip39_decode(found, &trouble, octets_of_text(text)), ERR_OK);
        assert_memory_equal(found, all[i], BIP39_ENTROPY_LEN);
    }
}

static void typing_is_forgiven(void **state)
{
    (void)state;
    static const char *const typed[] = {
        "ABSENT Gorilla van acoustic humor firm title dolphin bulk barely citizen recall crane "
        "moment aspect appear track phrase actual enforce steel spoon afraid benefit",
        "  absent\tgorilla\r\nvan acoustic\n\n humor firm title dolphin bulk barely citizen "
        "recall\n"
        "crane moment aspect appear track phrase actual enforce steel spoon afraid benefit\n",
        "abse gori van acou humo firm titl dolp bulk bare citi reca cran mome aspe appe trac phra "
        "actu enfo stee spoo afra bene",
        "1. absent 2. gorilla 3. van 4. acoustic 5. humor 6. firm 7. title 8. dolphin 9. bulk "
        "10. barely 11. citizen 12. recall 13. crane, moment, aspect, appear, track, phrase, "
        "actual; enforce; steel; spoon; afraid; benefi",
    };
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        uint8_t entropy[BIP39_ENTROPY_LEN];
        struct bip39_trouble trouble;
        assert_int_equal(bip39_decode(entropy, &trouble, octets_of_text(typed[i])), ERR_OK);
        assert_int_equal(entropy[1], 0xac);
        assert_int_equal(trouble.words_count, BIP39_WORDS_COUNT);
    }
}

static void a_misspelt_word_is_named_with_its_place_and_the_nearest(void **state)
{
    (void)state;
    uint16_t numbers[BIP39_WORDS_COUNT];
    size_t count = 99;
    struct bip39_trouble trouble;
    assert_int_equal(
        bip39_read(numbers, &count, &trouble, octets_of_text("legal winer thank year")),
        ERR_NOT_FOUND);
    assert_int_equal(trouble.words_count, 1); /* those before it: it is the second */
    assert_string_equal(trouble.typed, "winer");
    assert_string_equal(trouble.near[0], "wine");
    assert_string_equal(trouble.near[1], "winner");
    assert_int_equal(count, 99);

    assert_int_equal(bip39_read(numbers, &count, &trouble, octets_of_text("elgal")), ERR_NOT_FOUND);
    assert_string_equal(trouble.near[0], "legal");
    /* Begins like a word, and goes on otherwise. */
    assert_int_equal(bip39_read(numbers, &count, &trouble, octets_of_text("acousticity")),
                     ERR_NOT_FOUND);
    assert_string_equal(trouble.near[0], "acoustic");
    assert_int_equal(bip39_read(numbers, &count, &trouble, octets_of_text("xqxqxqxq")),
                     ERR_NOT_FOUND);
    assert_null(trouble.near[0]);
    assert_int_equal(bip39_read(numbers, &count, &trouble, octets_of_text("caf\xc3\xa9")),
                     ERR_NOT_FOUND);
    assert_string_equal(trouble.typed, "caf??");
}

static void words_are_read_line_by_line_too(void **state)
{
    (void)state;
    uint16_t numbers[BIP39_WORDS_COUNT];
    size_t count = 0;
    struct bip39_trouble trouble;
    assert_int_equal(bip39_read(numbers, &count, &trouble, octets_of_text("abandon zoo able")),
                     ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(numbers[0], 0);
    assert_int_equal(numbers[1], 2047);
    assert_int_equal(numbers[2], 2);
}

static void an_endless_text_is_refused(void **state)
{
    (void)state;
    char text[BIP39_TYPED_MAX + 1];
    uint8_t entropy[BIP39_ENTROPY_LEN];
    struct bip39_trouble trouble;
    memset(text, ' ', sizeof text);
    assert_int_equal(bip39_decode(entropy, &trouble, octets_of((uint8_t *)text, sizeof text)),
                     ERR_TOO_LARGE);
    memset(text, 'a', BIP39_TYPED_MAX);
    assert_int_equal(bip39_decode(entropy, &trouble, octets_of((uint8_t *)text, BIP39_TYPED_MAX)),
                     ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_the_published_one),
        cmocka_unit_test(the_published_vectors_hold_both_ways),
        cmocka_unit_test(what_is_no_set_of_words_is_refused),
        cmocka_unit_test(any_entropy_comes_back),
        cmocka_unit_test(typing_is_forgiven),
        cmocka_unit_test(a_misspelt_word_is_named_with_its_place_and_the_nearest),
        cmocka_unit_test(words_are_read_line_by_line_too),
        cmocka_unit_test(an_endless_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
