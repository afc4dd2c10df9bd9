#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/address.h"
#include "proto/host.h"

#define KEY_ZERO "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static enum err_code parse(struct address *address, const char *text)
{
    return address_parse(address, octets_of_text(text));
}

static void an_address_prints_as_it_was_read(void **state)
{
    (void)state;
    const char *texts[] = {"kith://relay.example.org:7117/" KEY_ZERO,
                           "kith://192.0.2.1:1/" KEY_ZERO, "kith://[2001:db8::1]:65535/" KEY_ZERO,
                           "kith://localhost:7117/" KEY_ZERO};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address address;
        char printed[ADDRESS_TEXT_MAX + 1];
        assert_int_equal(parse(&address, texts[i]), ERR_OK);
        address_print(printed, &address);
        assert_string_equal(printed, texts[i]);
    }
}

static void one_place_is_one_address(void **state)
{
    (void)state;
    struct address a;
    struct address b;
    assert_int_equal(parse(&a, "kith://Relay.Example:80/" KEY_ZERO), ERR_OK);
    assert_int_equal(parse(&b, "kith://relay.example:80/" KEY_ZERO), ERR_OK);
    assert_true(address_equal(&a, &b));
    assert_int_equal(parse(&a, "kith://[2001:DB8:0:0:0:0:0:1]:80/" KEY_ZERO), ERR_OK);
    assert_int_equal(parse(&b, "kith://[2001:db8::1]:80/" KEY_ZERO), ERR_OK);
    assert_true(address_equal(&a, &b));
    b.port = 81;
    assert_false(address_equal(&a, &b));
}

static void anything_else_is_refused_and_writes_nothing(void **state)
{
    (void)state;
    const char *bad[] = {
        "",
        "kith://",
        "kith://host:7117",
        "kith://host/" KEY_ZERO,
        "kith://host:0/" KEY_ZERO,
        "kith://host:65536/" KEY_ZERO,
        "kith://host:07117/" KEY_ZERO,
        "kith://host:+1/" KEY_ZERO,
        "kith://:7117/" KEY_ZERO,
        "http://host:7117/" KEY_ZERO,
        "kith://host:7117/" KEY_ZERO "a",
        "kith://host:7117/" KEY_ZERO "/",
        "kith://2001:db8::1:7117/" KEY_ZERO,
        "kith://[192.0.2.1]:7117/" KEY_ZERO,
        "kith://[fe80::1%25eth0]:7117/" KEY_ZERO,
        "kith://user@host:7117/" KEY_ZERO,
        "kith://ho st:7117/" KEY_ZERO,
        "kith://host:7117/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
        "kith://host:7117/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    };
    struct address address = {.port = 99};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(&address, bad[i]), ERR_MALFORMED);
        assert_int_equal(address.port, 99);
    }
}

static void listening_takes_a_host_and_any_port(void **state)
{
    (void)state;
    char host[ADDRESS_HOST_MAX + 1];
    uint16_t port = 9;
    assert_int_equal(address_parse_listen(host, &port, octets_of_text("127.0.0.1:0")), ERR_OK);
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 0);
    assert_int_equal(address_parse_listen(host, &port, octets_of_text("[::]:7117")), ERR_OK);
    assert_string_equal(host, "::");
    assert_int_equal(port, 7117);
    assert_int_equal(address_parse_listen(host, &port, octets_of_text("7117")), ERR_MALFORMED);
    assert_int_equal(address_parse_listen(host, &port, octets_of_text("host:")), ERR_MALFORMED);
    assert_int_equal(address_parse_listen(host, &port, octets_of_text(":7117")), ERR_MALFORMED);
}

static void names_and_numbers_follow_their_grammar(void **state)
{
    (void)state;
    char out[HOST_MAX + 1];
    const char *good[] = {"a",       "a-b.c_d",         "1.example",
                          "0.0.0.0", "255.255.255.255", "xn--bcher-kva"};
    const char *bad[] = {"",
                         ".",
                         "a.",
                         ".a",
                         "a..b",
                         "-a",
                         "a-",
                         "a.-b",
                         "1.2.3",
                         "1.2.3.256",
                         "1.2.3.04",
                         "1.2.3.4.5",
                         "a.b.1",
                         "1234",
                         "b\303\274cher",
                         "a/b",
                         "a:b",
                         "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(host_normalise(out, octets_of_text(good[i])), ERR_OK);
        assert_string_equal(out, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(host_normalise(out, octets_of_text(bad[i])), ERR_MALFORMED);
    }
}

static void ip6_comes_out_as_rfc_5952_writes_it(void **state)
{
    (void)state;
    const char *pairs[][2] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:0DB8::0001", "2001:db8::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    };
    char out[HOST_MAX + 1];
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(host_normalise_ip6(out, octets_of_text(pairs[i][0])), ERR_OK);
        assert_string_equal(out, pairs[i][1]);
    }
    const char *bad[] = {"",
                         ":",
                         ":::",
                         "1",
                         "1:2:3:4:5:6:7",
                         "1::2::3",
                         "12345::",
                         "1:2:3:4:5:6:7:8:9",
                         "::g",
                         "1:2:3:4:5:6:7:8::",
                         "1:",
                         ":1",
                         "::ffff:1.2.3.4",
                         "1::2:",
                         "1:2:3:4::5:6:7:8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(host_normalise_ip6(out, octets_of_text(bad[i])), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_prints_as_it_was_read),
        cmocka_unit_test(one_place_is_one_address),
        cmocka_unit_test(anything_else_is_refused_and_writes_nothing),
        cmocka_unit_test(listening_takes_a_host_and_any_port),
        cmocka_unit_test(names_and_numbers_follow_their_grammar),
        cmocka_unit_test(ip6_comes_out_as_rfc_5952_writes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
