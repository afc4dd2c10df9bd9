#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base32.h"

/* RFC 4648 section 10, in lower case and without padding. */
static const char *const pairs[][2] = {{"", ""},
                                       {"f", "my"},
                                       {"fo", "mzxq"},
                                       {"foo", "mzxw6"},
                                       {"foob", "mzxw6yq"},
                                       {"fooba", "mzxw6ytb"},
                                       {"foobar", "mzxw6ytboi"}};
#define PAIRS_COUNT (sizeof pairs / sizeof pairs[0])

static void octets_become_text_and_octets_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS_COUNT; i++) {
        struct octets octets = octets_of_text(pairs[i][0]);
        struct octets text = octets_of_text(pairs[i][1]);
        char written[16];
        uint8_t read[16];
        assert_int_equal(BASE32_TEXT_LEN(octets.len), text.len);
        assert_int_equal(BASE32_OCTETS_LEN(text.len), octets.len);
        base32_encode(written, octets);
        assert_true(octets_equal(octets_of(written, text.len), text));
        assert_int_equal(base32_decode(read, text), ERR_OK);
        assert_true(octets_equal(octets_of(read, octets.len), octets));
    }
    uint8_t read[16];
    assert_int_equal(base32_decode(read, octets_of_text("MZXW6YTBOI")), ERR_OK);
    assert_memory_equal(read, "foobar", 6);
}

static void every_other_text_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"a",     "mzx",  "mzxw6y", "mzxw6ytbo", "mz",   "mzxw6yr", "my======",
                         "mzxq ", "mzx1", "mzx8",   "mzx0",      "mZxq", "mzx\xc3"};
    uint8_t read[16] = {7};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(base32_decode(read, octets_of_text(bad[i])), ERR_MALFORMED);
        assert_int_equal(read[0], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_become_text_and_octets_again),
        cmocka_unit_test(every_other_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
