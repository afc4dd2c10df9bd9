#include "proto/message_overlay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/posts.h"

static const struct address relay = {
    .host = "relay.example.org", .port = 4711, .static_key = {.octets = {7}}};
static const struct address six = {.host = "2001:678::1", .port = 1, .static_key = {.octets = {8}}};

static enum err_code decode_ihave(struct octets payload)
{
    struct message_ihave ihave;
    return message_ihave_decode(&ihave, payload);
}

static enum err_code decode_graft(struct octets payload)
{
    struct message_graft graft;
    return message_graft_decode(&graft, payload);
}

static enum err_code decode_neighbour(struct octets payload)
{
    struct message_neighbour neighbour;
    return message_neighbour_decode(&neighbour, payload);
}

static enum err_code decode_forward(struct octets payload)
{
    struct message_forward forward;
    return message_forward_decode(&forward, payload);
}

static enum err_code decode_contacts(enum frame_type type, struct octets payload)
{
    struct message_contacts contacts;
    return message_contacts_decode(&contacts, type, payload);
}

static enum err_code decode_shuffle(struct octets payload)
{
    return decode_contacts(FRAME_SHUFFLE, payload);
}

static enum err_code decode_shuffled(struct octets payload)
{
    return decode_contacts(FRAME_SHUFFLED, payload);
}

static enum err_code decode_passive(struct octets payload)
{
    return decode_contacts(FRAME_PASSIVE, payload);
}

/* Whatever stops early is truncated, and one octet more is malformed. */
static void assert_no_less_no_more(enum err_code (*decode)(struct octets payload),
                                   const uint8_t *payload, size_t len)
{
    uint8_t longer[1024] = {0};
    assert_true(len < sizeof longer);
    memcpy(longer, payload, len);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(decode(octets_of(longer, cut)), ERR_TRUNCATED);
    }
    assert_int_equal(decode(octets_of(longer, len)), ERR_OK);
    assert_int_equal(decode(octets_of(longer, len + 1)), ERR_MALFORMED);
}

static void ids_are_announced_with_the_way_they_came(void **state)
{
    (void)state;
    uint8_t wire[MESSAGE_IHAVE_CAP];
    const uint8_t hops[2] = {3, MESSAGE_HOPS_OLD};
    const struct post_id ids[2] = {{.octets = {1}}, {.octets = {2}}};
    struct message_ihave ihave = {.hops = hops, .ids = ids, .count = 2};
    size_t len = message_ihave_encode(wire, &ihave);
    assert_no_less_no_more(decode_ihave, wire, len);

    struct message_ihave read;
    assert_int_equal(message_ihave_decode(&read, octets_of(wire, len)), ERR_OK);
    assert_int_equal(read.count, 2);
    assert_memory_equal(read.hops, hops, 2);
    assert_memory_equal(read.ids, ids, sizeof ids);
}

static void an_announcement_of_nothing_or_without_hops_is_malformed(void **state)
{
    (void)state;
    const uint8_t nothing[] = {0x92, 0xc4, 0, 0xc4, 0};
    assert_int_equal(decode_ihave(octets_of(nothing, sizeof nothing)), ERR_MALFORMED);
    uint8_t without[4 + 34] = {0x92, 0xc4, 0, 0xc4, 32};
    assert_int_equal(decode_ihave(octets_of(without, 5 + 32)), ERR_MALFORMED);
    uint8_t broken[] = {0x92, 0xc4, 1, 0, 0xc4, 2, 0, 0};
    assert_int_equal(decode_ihave(octets_of(broken, sizeof broken)), ERR_MALFORMED);
}

static void a_graft_asks_for_posts_or_for_pushing_or_both(void **state)
{
    (void)state;
    uint8_t wire[MESSAGE_GRAFT_CAP];
    const struct post_id id = {.octets = {5}};
    struct message_graft graft = {.push = false, .ids = &id, .count = 1};
    size_t len = message_graft_encode(wire, &graft);
    assert_no_less_no_more(decode_graft, wire, len);

    graft = (struct message_graft){.push = true};
    len = message_graft_encode(wire, &graft);
    assert_no_less_no_more(decode_graft, wire, len);
    struct message_graft read;
    assert_int_equal(message_graft_decode(&read, octets_of(wire, len)), ERR_OK);
    assert_true(read.push);
    assert_int_equal(read.count, 0);

    const uint8_t nothing[] = {0x92, 0xc2, 0xc4, 0};
    assert_int_equal(decode_graft(octets_of(nothing, sizeof nothing)), ERR_MALFORMED);
}

static void a_prune_says_nothing_more(void **state)
{
    (void)state;
    assert_int_equal(message_prune_decode(octets_of(NULL, 0)), ERR_OK);
    assert_int_equal(message_prune_decode(octets_of("x", 1)), ERR_MALFORMED);
}

static void a_neighbour_says_where_it_is_or_that_nobody_can_dial_it(void **state)
{
    (void)state;
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    for (int ask = 0; ask < MESSAGE_ASKS_COUNT; ask++) {
        struct message_neighbour neighbour = {.ask = (enum message_ask)ask, .contact = relay};
        size_t len = message_neighbour_encode(wire, &neighbour);
        assert_no_less_no_more(decode_neighbour, wire, len);
        struct message_neighbour read;
        assert_int_equal(message_neighbour_decode(&read, octets_of(wire, len)), ERR_OK);
        assert_int_equal(read.ask, ask);
        assert_true(address_equal(&read.contact, &relay));
    }
    struct message_neighbour hidden = {.ask = MESSAGE_ASK_JOIN};
    size_t len = message_neighbour_encode(wire, &hidden);
    assert_no_less_no_more(decode_neighbour, wire, len);
    wire[1] = MESSAGE_ASKS_COUNT;
    assert_int_equal(decode_neighbour(octets_of(wire, len)), ERR_MALFORMED);
}

static void contacts_come_back_as_they_went(void **state)
{
    (void)state;
    uint8_t wire[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.number = 70000, .ttl = 6, .count = 2, .at = {relay, six}};
    size_t len = message_contacts_encode(wire, FRAME_SHUFFLE, &contacts);
    assert_no_less_no_more(decode_shuffle, wire, len);
    struct message_contacts read;
    assert_int_equal(message_contacts_decode(&read, FRAME_SHUFFLE, octets_of(wire, len)), ERR_OK);
    assert_int_equal(read.number, 70000);
    assert_int_equal(read.ttl, 6);
    assert_true(read.count == 2 && address_equal(&read.at[0], &relay));
    assert_true(address_equal(&read.at[1], &six));

    len = message_contacts_encode(wire, FRAME_SHUFFLED, &contacts);
    assert_no_less_no_more(decode_shuffled, wire, len);
    len = message_contacts_encode(wire, FRAME_PASSIVE, &contacts);
    assert_no_less_no_more(decode_passive, wire, len);
}

static void as_many_contacts_as_there_may_be_fit(void **state)
{
    (void)state;
    uint8_t wire[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {
        .number = UINT32_MAX, .ttl = 1, .count = MESSAGE_CONTACTS_MAX};
    for (size_t i = 0; i < MESSAGE_CONTACTS_MAX; i++) {
        contacts.at[i] = relay;
        memset(contacts.at[i].host, 'a', ADDRESS_HOST_MAX);
        contacts.at[i].host[63] = contacts.at[i].host[127] = contacts.at[i].host[191] = '.';
        contacts.at[i].port = UINT16_MAX;
    }
    size_t len = message_contacts_encode(wire, FRAME_SHUFFLE, &contacts);
    assert_int_equal(decode_shuffle(octets_of(wire, len)), ERR_OK);
    /* One contact more is malformed. */
    uint8_t more[] = {0x91, 0x99, 0x93, 0xa0, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(decode_passive(octets_of(more, sizeof more)), ERR_MALFORMED);
}

static void a_walk_has_one_to_six_steps_left(void **state)
{
    (void)state;
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    struct message_forward forward = {.ttl = 1, .contact = six};
    size_t len = message_forward_encode(wire, &forward);
    assert_no_less_no_more(decode_forward, wire, len);
    wire[1] = 0;
    assert_int_equal(decode_forward(octets_of(wire, len)), ERR_MALFORMED);
    wire[1] = MESSAGE_WALK_MAX;
    assert_int_equal(decode_forward(octets_of(wire, len)), ERR_OK);
    wire[1] = MESSAGE_WALK_MAX + 1;
    assert_int_equal(decode_forward(octets_of(wire, len)), ERR_MALFORMED);
}

static enum err_code read_host(const char *host, uint16_t port)
{
    uint8_t wire[CONTACT_WIRE_MAX];
    struct address read;
    struct canon_writer w = canon_writer_of(wire, sizeof wire);
    canon_write_array(&w, 3);
    canon_write_str(&w, octets_of_text(host));
    canon_write_uint(&w, port);
    canon_write_bin(&w, octets_of(relay.static_key.octets, KEY_LEN));
    struct canon_reader r = canon_reader_of(canon_written(&w));
    return contact_read(&r, &read);
}

static void a_contact_has_one_form(void **state)
{
    (void)state;
    assert_int_equal(read_host("relay.example.org", 1), ERR_OK);
    assert_int_equal(read_host("192.0.2.1", 65535), ERR_OK);
    assert_int_equal(read_host("2001:678::1", 1), ERR_OK);
    assert_int_equal(read_host("relay.example.org", 0), ERR_MALFORMED);
    assert_int_equal(read_host("Relay.example.org", 1), ERR_MALFORMED);
    assert_int_equal(read_host("[2001:678::1]", 1), ERR_MALFORMED);
    assert_int_equal(read_host("2001:0678::1", 1), ERR_MALFORMED);
    assert_int_equal(read_host("", 1), ERR_MALFORMED);
    assert_int_equal(read_host("a b", 1), ERR_MALFORMED);
}

static void numbers_of_one_machine_or_one_network_are_not_for_everybody(void **state)
{
    (void)state;
    static const char *const kept[] = {"0.0.0.0",       "10.1.2.3",    "100.64.0.1",
                                       "127.0.0.1",     "169.254.1.1", "172.16.0.1",
                                       "172.31.255.1",  "192.168.0.1", "192.0.2.1",
                                       "198.18.0.1",    "224.0.0.1",   "255.255.255.255",
                                       "::1",           "fe80::1",     "fd00::1",
                                       "2001:db8::1",   "2001::1",     "2001:0:4136::1",
                                       "2001:20::1",    "::",          "localhost",
                                       "a.localhost",   "ff02::1",     "203.0.113.9",
                                       "2002:7f00:1::1"};
    static const char *const open[] = {"1.1.1.1",     "172.32.0.1", "100.128.0.1", "192.169.0.1",
                                       "2001:678::1", "3fff::1",    "example.org", "notlocalhost"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        assert_false(contact_host_is_public(kept[i]));
    }
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        assert_true(contact_host_is_public(open[i]));
    }
    struct address home = {.host = "192.168.0.9", .port = 1};
    struct address nobody = {.port = 0};
    assert_true(contact_is_usable(&relay, &nobody));
    assert_false(contact_is_usable(&home, &relay));
    assert_false(contact_is_usable(&home, &nobody));
    assert_true(contact_is_usable(&home, &home));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_announced_with_the_way_they_came),
        cmocka_unit_test(an_announcement_of_nothing_or_without_hops_is_malformed),
        cmocka_unit_test(a_graft_asks_for_posts_or_for_pushing_or_both),
        cmocka_unit_test(a_prune_says_nothing_more),
        cmocka_unit_test(a_neighbour_says_where_it_is_or_that_nobody_can_dial_it),
        cmocka_unit_test(contacts_come_back_as_they_went),
        cmocka_unit_test(as_many_contacts_as_there_may_be_fit),
        cmocka_unit_test(a_walk_has_one_to_six_steps_left),
        cmocka_unit_test(a_contact_has_one_form),
        cmocka_unit_test(numbers_of_one_machine_or_one_network_are_not_for_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
