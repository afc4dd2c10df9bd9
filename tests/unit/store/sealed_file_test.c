#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "proto/sign.h"
#include "store/sealed_file.h"
#include "tests/support/file_memory.h"

static const uint8_t seed[32] = {1, 2, 3};
static const uint8_t other_seed[32] = {3, 2, 1};
static struct err_note note;

static struct sealed_recipient to_key(void)
{
    struct sealed_recipient recipient = {.mode = SEALED_TO_KEY};
    sign_public_key(&recipient.key, seed);
    return recipient;
}

/* Argon2id's least: what takes long is not what is tested. */
static struct sealed_recipient to_passphrase(const char *passphrase)
{
    return (struct sealed_recipient){.mode = SEALED_TO_PASSPHRASE,
                                     .passphrase = octets_of_text(passphrase),
                                     .ops = 1,
                                     .mem_kib = 8};
}

struct file_octets {
    uint8_t *at;
    size_t len;
};

static struct file_octets seal(const struct sealed_recipient *recipient, struct octets plain)
{
    struct file_octets file = {0};
    assert_int_equal(sealed_encode(&file.at, &file.len, SEALED_EVIDENCE, recipient, plain), ERR_OK);
    return file;
}

static enum err_code open_as(struct octets sealed, enum sealed_purpose purpose,
                             const struct sealed_opener *opener, struct octets expected)
{
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc = sealed_decode(&plain, &plain_len, purpose, sealed, opener);
    if (rc == ERR_OK) {
        assert_true(octets_equal(octets_of(plain, plain_len), expected));
        sodium_free(plain);
    }
    return rc;
}

static const struct sealed_opener own = {.identity_seed = seed};

static void what_is_sealed_to_a_key_opens_with_it_at_every_length(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 65535, 65536, 65537, 131072, 200000};
    static uint8_t plain[200000];
    randombytes_buf(plain, sizeof plain);
    struct sealed_recipient recipient = to_key();
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct file_octets file = seal(&recipient, octets_of(plain, lens[i]));
        assert_int_equal(
            open_as(octets_of(file.at, file.len), SEALED_EVIDENCE, &own, octets_of(plain, lens[i])),
            ERR_OK);
        free(file.at);
    }
}

static void wrong_recipients_purposes_and_passphrases_are_told_apart(void **state)
{
    (void)state;
    struct octets plain = octets_of_text("what he wrote");
    struct sealed_recipient recipient = to_key();
    struct file_octets file = seal(&recipient, plain);
    struct octets sealed = octets_of(file.at, file.len);
    struct sealed_opener other = {.identity_seed = other_seed};
    struct sealed_opener words = {.passphrase = octets_of_text("correct horse")};
    assert_int_equal(open_as(sealed, SEALED_EVIDENCE, &other, plain), ERR_DECRYPT);
    assert_int_equal(open_as(sealed, SEALED_EVIDENCE, &words, plain), ERR_LOCKED);
    assert_int_equal(open_as(sealed, SEALED_BLOCKS, &own, plain), ERR_UNEXPECTED);
    free(file.at);

    recipient = to_passphrase("correct horse");
    file = seal(&recipient, plain);
    sealed = octets_of(file.at, file.len);
    assert_int_equal(open_as(sealed, SEALED_EVIDENCE, &words, plain), ERR_OK);
    words.passphrase = octets_of_text("correct house");
    assert_int_equal(open_as(sealed, SEALED_EVIDENCE, &words, plain), ERR_DECRYPT);
    assert_int_equal(open_as(sealed, SEALED_EVIDENCE, &own, plain), ERR_LOCKED);
    free(file.at);
}

static void check_every_flip(const struct sealed_recipient *recipient,
                             const struct sealed_opener *opener)
{
    struct octets plain = octets_of_text("me too");
    struct file_octets file = seal(recipient, plain);
    for (size_t i = 0; i < file.len * 8; i++) {
        file.at[i / 8] ^= (uint8_t)(1U << (i % 8));
        enum err_code rc = open_as(octets_of(file.at, file.len), SEALED_EVIDENCE, opener, plain);
        bool expected = i / 8 < 12    ? rc == ERR_MALFORMED
                        : i / 8 == 12 ? rc == ERR_VERSION
                                      : rc == ERR_DAMAGED || rc == ERR_TRUNCATED;
        assert_true(expected);
        assert_true(rc != ERR_TRUNCATED ||
                    i / 8 == 14); /* the mode: the longer header is missing */
        file.at[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    free(file.at);
}

static void every_flip_is_noticed(void **state)
{
    (void)state;
    struct sealed_recipient recipient = to_key();
    check_every_flip(&recipient, &own);
    recipient = to_passphrase("correct horse");
    struct sealed_opener words = {.passphrase = octets_of_text("correct horse")};
    check_every_flip(&recipient, &words);
}

static void every_truncation_is_told(void **state)
{
    (void)state;
    static uint8_t plain[70000];
    struct sealed_recipient recipient = to_key();
    struct file_octets file = seal(&recipient, octets_of(plain, sizeof plain));
    for (size_t len = 0; len < file.len; len += len < 300 || len + 300 > file.len ? 1 : 97) {
        assert_int_equal(
            open_as(octets_of(file.at, len), SEALED_EVIDENCE, &own, octets_of(NULL, 0)),
            ERR_TRUNCATED);
    }
    uint8_t *longer = calloc(1, file.len + 1);
    assert_non_null(longer);
    memcpy(longer, file.at, file.len);
    assert_int_equal(
        open_as(octets_of(longer, file.len + 1), SEALED_EVIDENCE, &own, octets_of(NULL, 0)),
        ERR_DAMAGED);
    free(longer);
    free(file.at);
}

/* A file somebody sends must not make a node work for minutes: the digest can be made by anybody.
 */
static void demands_beyond_the_bounds_are_refused(void **state)
{
    (void)state;
    struct sealed_opener words = {.passphrase = octets_of_text("correct horse")};
    struct sealed_recipient recipient = to_passphrase("correct horse");
    struct octets plain = octets_of_text("x");
    static const struct {
        uint32_t ops, mem_kib;
        enum err_code rc;
    } cases[] = {{9, 8, ERR_TOO_LARGE}, {1, 256 * 1024 + 1, ERR_TOO_LARGE}, {0, 8, ERR_DAMAGED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct file_octets file = seal(&recipient, plain);
        octets_put_u32be(file.at + 23, cases[i].ops);
        octets_put_u32be(file.at + 27, cases[i].mem_kib);
        size_t header_len = 23 + 8 + 16 + 24 + 48;
        (void)crypto_generichash(file.at + header_len, 16, file.at, header_len, NULL, 0);
        assert_int_equal(open_as(octets_of(file.at, file.len), SEALED_EVIDENCE, &words, plain),
                         cases[i].rc);
        free(file.at);
    }
    recipient = to_key();
    struct file_octets file = seal(&recipient, plain);
    octets_put_u64be(file.at + 15, SEALED_PLAIN_MAX + 1);
    (void)crypto_generichash(file.at + 103, 16, file.at, 103, NULL, 0);
    assert_int_equal(open_as(octets_of(file.at, file.len), SEALED_EVIDENCE, &own, plain),
                     ERR_TOO_LARGE);
    free(file.at);
}

static void what_is_no_key_or_too_much_is_refused(void **state)
{
    (void)state;
    uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    struct sealed_recipient recipient = {.mode = SEALED_TO_KEY};
    memset(recipient.key.octets, 0xff, KEY_LEN);
    struct octets plain = octets_of_text("x");
    assert_int_equal(sealed_encode(&sealed, &sealed_len, SEALED_BLOCKS, &recipient, plain),
                     ERR_REFUSED);
    recipient = to_key();
    plain.len = SEALED_PLAIN_MAX + 1;
    assert_int_equal(sealed_encode(&sealed, &sealed_len, SEALED_BLOCKS, &recipient, plain),
                     ERR_TOO_LARGE);
    assert_null(sealed);
}

static void the_header_names_nobody(void **state)
{
    (void)state;
    struct sealed_recipient recipient = to_key();
    struct file_octets file = seal(&recipient, octets_of_text("who it is about"));
    for (size_t i = 0; i + KEY_LEN <= file.len; i++) {
        assert_memory_not_equal(file.at + i, recipient.key.octets, KEY_LEN);
    }
    free(file.at);
}

static void nothing_is_written_over(void **state)
{
    (void)state;
    struct files *files = file_memory_new(1);
    struct octets octets = octets_of_text("sealed");
    assert_int_equal(sealed_put(files, "file", octets, &note), ERR_OK);
    assert_int_equal(file_memory_len(files, "file"), octets.len);
    assert_false(file_exists(files, "file.part"));
    assert_int_equal(sealed_put(files, "file", octets_of_text("again"), &note), ERR_REFUSED);
    assert_int_equal(file_memory_len(files, "file"), octets.len);
    assert_int_equal(sealed_put(files, "other.part", octets, &note), ERR_OK);
    assert_int_equal(sealed_put(files, "other", octets, &note), ERR_REFUSED);
    file_memory_free(files);
}

static void a_failure_leaves_nothing_behind(void **state)
{
    (void)state;
    static const enum file_memory_call calls[] = {FILE_MEMORY_CREATE, FILE_MEMORY_APPEND,
                                                  FILE_MEMORY_SYNC, FILE_MEMORY_RENAME,
                                                  FILE_MEMORY_SYNC_DIR};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct files *files = file_memory_new(i);
        file_memory_fail(files, calls[i], 1, ERR_NO_SPACE);
        assert_int_equal(sealed_put(files, "file", octets_of_text("sealed"), &note), ERR_NO_SPACE);
        assert_false(file_exists(files, "file"));
        assert_false(file_exists(files, "file.part"));
        file_memory_free(files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_to_a_key_opens_with_it_at_every_length),
        cmocka_unit_test(wrong_recipients_purposes_and_passphrases_are_told_apart),
        cmocka_unit_test(every_flip_is_noticed),
        cmocka_unit_test(every_truncation_is_told),
        cmocka_unit_test(demands_beyond_the_bounds_are_refused),
        cmocka_unit_test(what_is_no_key_or_too_much_is_refused),
        cmocka_unit_test(the_header_names_nobody),
        cmocka_unit_test(nothing_is_written_over),
        cmocka_unit_test(a_failure_leaves_nothing_behind),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
