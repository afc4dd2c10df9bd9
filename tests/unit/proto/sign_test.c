#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "proto/sign.h"
#include "tests/support/posts.h"
#include "tests/support/vectors_json.h"

static enum err_code check(const struct json_value *item)
{
    uint8_t message[128];
    uint8_t sig[SIGN_LEN];
    struct key key;
    size_t message_len = json_hex(message, sizeof message, json_member(item, "message"));
    json_hex_exactly(sig, sizeof sig, json_member(item, "sig"));
    json_hex_exactly(key.octets, KEY_LEN, json_member(item, "key"));
    return sign_check_message(sig, octets_of(message, message_len), &key);
}

/* SPEC 4.4: all nodes must agree on the edges too. */
static void validity_is_what_the_vectors_say(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("ed25519.json"));
    const struct json_value *root = json_root(file);
    const struct json_value *item = json_first(json_member(root, "accept"));
    for (; item != NULL; item = json_next(item)) {
        if (check(item) != ERR_OK) {
            fail_msg("refused: %s", json_string(json_member(item, "name")));
        }
    }
    for (item = json_first(json_member(root, "reject")); item != NULL; item = json_next(item)) {
        if (check(item) != ERR_PROOF) {
            fail_msg("accepted: %s", json_string(json_member(item, "name")));
        }
    }
    json_free(file);
}

static void every_prefix_ends_in_a_slash_and_a_digit(void **state)
{
    (void)state;
    for (int prefix = 0; prefix < SIGN_PREFIXES_COUNT; prefix++) {
        const char *text = sign_prefix_text((enum sign_prefix)prefix);
        size_t len = strlen(text);
        assert_true(len > 7 && strncmp(text, "kith/", 5) == 0);
        assert_true(text[len - 2] == '/' && text[len - 1] >= '1' && text[len - 1] <= '9');
        assert_true(sign_fields_len((enum sign_prefix)prefix) >= 32);
    }
}

static void no_prefix_begins_another(void **state)
{
    (void)state;
    for (int a = 0; a < SIGN_PREFIXES_COUNT; a++) {
        for (int b = 0; b < SIGN_PREFIXES_COUNT; b++) {
            const char *begins = sign_prefix_text((enum sign_prefix)a);
            const char *whole = sign_prefix_text((enum sign_prefix)b);
            assert_true(a == b || strncmp(whole, begins, strlen(begins)) != 0);
        }
    }
}

static void a_signature_for_one_purpose_is_none_for_another(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    uint8_t fields[160] = {0};
    uint8_t sig[SIGN_LEN];
    for (int a = 0; a < SIGN_PREFIXES_COUNT; a++) {
        enum sign_prefix made = (enum sign_prefix)a;
        sign_detached(sig, made, octets_of(fields, sign_fields_len(made)), ana.seed);
        for (int b = 0; b < SIGN_PREFIXES_COUNT; b++) {
            enum sign_prefix asked = (enum sign_prefix)b;
            struct octets same = octets_of(fields, sign_fields_len(asked));
            assert_int_equal(sign_check(sig, asked, same, &ana.key), a == b ? ERR_OK : ERR_PROOF);
            assert_int_equal(sign_check(sig, asked, same, &bea.key), ERR_PROOF);
        }
    }
}

/* The octets signed are the prefix and the fields, nothing else. */
static void what_is_signed_is_prefix_and_fields(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    uint8_t id[POST_ID_LEN];
    memset(id, 7, sizeof id);
    uint8_t sig[SIGN_LEN];
    sign_detached(sig, SIGN_POST, octets_of(id, sizeof id), ana.seed);
    uint8_t message[11 + POST_ID_LEN];
    memcpy(message, "kith/post/1", 11);
    memcpy(message + 11, id, sizeof id);
    assert_int_equal(crypto_sign_verify_detached(sig, message, sizeof message, ana.key.octets), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validity_is_what_the_vectors_say),
        cmocka_unit_test(every_prefix_ends_in_a_slash_and_a_digit),
        cmocka_unit_test(no_prefix_begins_another),
        cmocka_unit_test(a_signature_for_one_purpose_is_none_for_another),
        cmocka_unit_test(what_is_signed_is_prefix_and_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
