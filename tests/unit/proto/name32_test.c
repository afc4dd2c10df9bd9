#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bech32m.h"
#include "proto/name32.h"
#include "tests/support/posts.h"
#include "tests/support/vectors_json.h"

static struct octets text_of(uint8_t storage[200], const struct json_value *item)
{
    const struct json_value *hex = json_find(item, "hex");
    if (hex != NULL) {
        return octets_of(storage, json_hex(storage, 200, hex));
    }
    return octets_of_text(json_string(json_member(item, "text")));
}

static enum err_code decode(struct octets text)
{
    size_t prefix_len;
    size_t values_count;
    uint8_t values[BECH32M_VALUES_MAX];
    enum err_code rc = bech32m_decode(&prefix_len, values, &values_count, text);
    if (rc == ERR_OK && text.at[0] >= 'a' && text.at[0] <= 'z') {
        char again[BECH32M_TEXT_MAX];
        bech32m_encode(again, octets_of(text.at, prefix_len), values, values_count);
        assert_memory_equal(again, text.at, text.len);
    }
    return rc;
}

static void bip_350s_vectors_hold(void **state)
{
    (void)state;
    uint8_t storage[200];
    struct json_file *file = json_open(JSON_VECTORS("bech32m.json"));
    const struct json_value *root = json_root(file);
    const struct json_value *item = json_first(json_member(root, "accept"));
    for (; item != NULL; item = json_next(item)) {
        assert_int_equal(decode(text_of(storage, item)), ERR_OK);
    }
    for (item = json_first(json_member(root, "reject")); item != NULL; item = json_next(item)) {
        assert_int_equal(decode(text_of(storage, item)), ERR_MALFORMED);
    }
    json_free(file);
}

static void every_form_reads_back_in_either_case(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "person %d", i);
        struct key key = person_of(name).key;
        char bech[NAME32_BECH_LEN + 1];
        char hex[NAME32_HEX_LEN + 1];
        char base32[NAME32_BASE32_LEN + 1];
        name32_bech(bech, key.octets);
        name32_hex(hex, key.octets);
        name32_base32(base32, key.octets);
        assert_memory_equal(bech, "kith1", 5);
        for (int upper = 0; upper < 2; upper++) {
            struct key read[3];
            assert_int_equal(name32_from_bech(read[0].octets, octets_of_text(bech)), ERR_OK);
            assert_int_equal(name32_from_hex(read[1].octets, octets_of_text(hex)), ERR_OK);
            assert_int_equal(name32_from_base32(read[2].octets, octets_of_text(base32)), ERR_OK);
            for (int form = 0; form < 3; form++) {
                assert_true(key_equal(&read[form], &key));
            }
            char *texts[] = {bech, hex, base32};
            for (int form = 0; form < 3; form++) {
                for (char *c = texts[form]; *c != '\0'; c++) {
                    *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
                }
            }
        }
    }
}

static void a_wrong_character_is_noticed(void **state)
{
    (void)state;
    char bech[NAME32_BECH_LEN + 1];
    uint8_t out[32] = {0};
    name32_bech(bech, person_of("ana").key.octets);
    for (size_t i = 0; i < NAME32_BECH_LEN; i++) {
        char was = bech[i];
        bech[i] = was == 'q' ? 'p' : 'q';
        assert_int_equal(name32_from_bech(out, octets_of_text(bech)), ERR_MALFORMED);
        bech[i] = was;
    }
    bech[10] = bech[10] >= 'a' ? (char)(bech[10] - 'a' + 'A') : bech[10];
    bech[0] = 'K';
    assert_int_equal(name32_from_bech(out, octets_of_text(bech)), ERR_MALFORMED);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(out[i], 0); /* nothing was written */
    }
}

static void stray_bits_and_other_lengths_are_refused(void **state)
{
    (void)state;
    uint8_t out[32];
    char zeros[NAME32_HEX_LEN + 2];
    memset(zeros, 'a', sizeof zeros);
    assert_int_equal(name32_from_base32(out, octets_of(zeros, 52)), ERR_OK);
    assert_int_equal(name32_from_base32(out, octets_of(zeros, 51)), ERR_MALFORMED);
    assert_int_equal(name32_from_base32(out, octets_of(zeros, 53)), ERR_MALFORMED);
    assert_int_equal(name32_from_hex(out, octets_of(zeros, 64)), ERR_OK);
    assert_int_equal(name32_from_hex(out, octets_of(zeros, 63)), ERR_MALFORMED);
    assert_int_equal(name32_from_hex(out, octets_of(zeros, 65)), ERR_MALFORMED);
    zeros[51] = 'b';
    assert_int_equal(name32_from_base32(out, octets_of(zeros, 52)), ERR_MALFORMED);
    zeros[51] = 'A';
    assert_int_equal(name32_from_base32(out, octets_of(zeros, 52)), ERR_MALFORMED);
    zeros[51] = '1';
    assert_int_equal(name32_from_base32(out, octets_of(zeros, 52)), ERR_MALFORMED);
    zeros[5] = 'g';
    assert_int_equal(name32_from_hex(out, octets_of(zeros, 64)), ERR_MALFORMED);

    /* A correct checksum over 52 values whose last one carries a stray bit. */
    uint8_t values[52] = {0};
    char text[NAME32_BECH_LEN];
    values[51] = 1;
    bech32m_encode(text, octets_of_text("kith"), values, sizeof values);
    assert_int_equal(name32_from_bech(out, octets_of(text, sizeof text)), ERR_MALFORMED);
}

static void names_are_found_in_running_text(void **state)
{
    (void)state;
    char bech[NAME32_BECH_LEN + 1];
    struct key ana = person_of("ana").key;
    name32_bech(bech, ana.octets);
    char broken[NAME32_BECH_LEN + 1];
    (void)strcpy(broken, bech);
    broken[20] = broken[20] == 'q' ? 'p' : 'q';
    char text[512];
    (void)snprintf(text, sizeof text, "1 11 kith1 %s kith1%s%s1", broken, bech, bech);
    struct octets rest = octets_of_text(text);
    struct octets found;
    struct key key;
    for (int times = 0; times < 2; times++) {
        assert_true(name32_find_bech(&found, key.octets, rest));
        assert_true(key_equal(&key, &ana));
        assert_true(octets_equal(found, octets_of_text(bech)));
        rest = octets_of(found.at + found.len, (size_t)(rest.at + rest.len - found.at) - found.len);
    }
    assert_false(name32_find_bech(&found, key.octets, rest));
    assert_false(name32_find_bech(&found, key.octets, octets_of(NULL, 0)));
    assert_false(name32_find_bech(&found, key.octets, octets_of(bech, NAME32_BECH_LEN - 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip_350s_vectors_hold),
        cmocka_unit_test(every_form_reads_back_in_either_case),
        cmocka_unit_test(a_wrong_character_is_noticed),
        cmocka_unit_test(stray_bits_and_other_lengths_are_refused),
        cmocka_unit_test(names_are_found_in_running_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
