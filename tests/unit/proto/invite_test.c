#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/invite.h"
#include "proto/sign.h"
#include "tests/support/posts.h"
#include "tests/support/vectors_json.h"

#define UNTIL_S 2000000

static struct invite invite_of(const struct person *relay, const struct person *inviter)
{
    struct invite invite = {.relay = relay->key,
                            .inviter = inviter->key,
                            .uses = 3,
                            .until_s = UNTIL_S,
                            .address = {.host = "relay.example", .port = 7117}};
    invite.address.static_key = person_of("static").key;
    memset(invite.seed, 0x5e, sizeof invite.seed);
    assert_int_equal(invite_sign(&invite, inviter->seed), ERR_OK);
    return invite;
}

static struct claim claim_of(const struct invite *invite, const struct person *subject)
{
    struct claim claim;
    assert_int_equal(claim_sign(&claim, invite, subject->seed), ERR_OK);
    return claim;
}

static void an_invite_survives_being_written_down(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct invite invite = invite_of(&relay, &ana);
    char text[INVITE_TEXT_MAX];
    assert_int_equal(invite_print(text, &invite), ERR_OK);
    assert_memory_equal(text, "kithinvite1", 11);
    assert_null(strchr(text, ' '));
    text[0] = 'K';

    struct invite read;
    assert_int_equal(invite_parse(&read, octets_of_text(text)), ERR_OK);
    assert_true(address_equal(&read.address, &invite.address));
    assert_true(key_equal(&read.relay, &invite.relay));
    assert_true(key_equal(&read.inviter, &invite.inviter));
    assert_memory_equal(read.seed, invite.seed, sizeof read.seed);
    assert_memory_equal(read.cert, invite.cert, sizeof read.cert);
    assert_int_equal(read.uses, 3);
    assert_int_equal(read.until_s, UNTIL_S);
}

static void a_slip_of_the_pen_is_noticed(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct invite invite = invite_of(&relay, &ana);
    char text[INVITE_TEXT_MAX];
    assert_int_equal(invite_print(text, &invite), ERR_OK);
    size_t len = strlen(text);
    struct invite read;
    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = was == 'q' ? 'r' : 'q';
        assert_int_equal(invite_parse(&read, octets_of_text(text)), ERR_MALFORMED);
        text[i] = was;
    }
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(invite_parse(&read, octets_of(text, cut)), ERR_MALFORMED);
    }
    text[len] = 'a';
    assert_int_equal(invite_parse(&read, octets_of(text, len + 1)), ERR_MALFORMED);
}

static void an_invite_nobody_signed_is_refused(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    char text[INVITE_TEXT_MAX];
    struct invite invite = invite_of(&relay, &ana);
    invite.uses = 4;
    assert_int_equal(invite_print(text, &invite), ERR_PROOF);
    invite.uses = 0;
    assert_int_equal(invite_print(text, &invite), ERR_MALFORMED);
    assert_int_equal(invite_sign(&invite, ana.seed), ERR_MALFORMED);
    invite.uses = 1001;
    assert_int_equal(invite_sign(&invite, ana.seed), ERR_MALFORMED);
    invite.uses = 1000;
    assert_int_equal(invite_sign(&invite, bea.seed), ERR_MALFORMED);
    assert_int_equal(invite_sign(&invite, ana.seed), ERR_OK);
    invite.address.port = 0;
    assert_int_equal(invite_print(text, &invite), ERR_MALFORMED);
    struct claim claim;
    invite.cert[0] ^= 1U;
    assert_int_equal(claim_sign(&claim, &invite, bea.seed), ERR_PROOF);
}

static void a_claim_reaches_the_relay_and_verifies(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct invite invite = invite_of(&relay, &ana);
    struct claim claim = claim_of(&invite, &bea);
    uint8_t wire[CLAIM_WIRE_MAX];
    size_t wire_len;
    assert_int_equal(claim_encode(wire, &wire_len, &claim), ERR_OK);
    for (size_t i = 0; i + 32 <= wire_len; i++) {
        assert_memory_not_equal(wire + i, invite.seed, 32); /* the seed never travels */
    }
    struct claim read;
    assert_int_equal(claim_decode(&read, octets_of(wire, wire_len)), ERR_OK);
    assert_int_equal(claim_verify(&read, &relay.key, UNTIL_S), ERR_OK);
    assert_true(key_equal(&read.subject, &bea.key));
    assert_true(key_equal(&read.inviter, &ana.key));
    assert_int_equal(claim_verify(&read, &relay.key, UNTIL_S + 1), ERR_EXPIRED);
    assert_int_equal(claim_verify(&read, &ana.key, 0), ERR_REFUSED);

    for (size_t cut = 0; cut < wire_len; cut++) {
        assert_int_equal(claim_decode(&read, octets_of(wire, cut)), ERR_TRUNCATED);
    }
    wire[wire_len] = 0;
    assert_int_equal(claim_decode(&read, octets_of(wire, wire_len + 1)), ERR_MALFORMED);
    wire[1] = 2; /* another version */
    assert_int_equal(claim_decode(&read, octets_of(wire, wire_len)), ERR_MALFORMED);
}

static void a_claim_has_one_form(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct invite invite = invite_of(&relay, &ana);
    struct claim claim = claim_of(&invite, &bea);
    uint8_t wire[CLAIM_WIRE_MAX];
    size_t wire_len;
    assert_int_equal(claim_encode(wire, &wire_len, &claim), ERR_OK);
    size_t uses_at = 2 + 3 * 34; /* behind the array's head, the version and three keys */
    assert_int_equal(wire[uses_at], 3);
    struct claim read = {.uses = 77};
    wire[uses_at] = 0;
    assert_int_equal(claim_decode(&read, octets_of(wire, wire_len)), ERR_MALFORMED);
    wire[uses_at] = 3;
    wire[0] = 0x99; /* nine fields */
    assert_int_equal(claim_decode(&read, octets_of(wire, wire_len)), ERR_MALFORMED);
    assert_int_equal(read.uses, 77);
}

static void each_of_the_three_signatures_counts(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct invite invite = invite_of(&relay, &ana);
    const struct claim good = claim_of(&invite, &bea);
    struct claim claim = good;
    claim.cert[5] ^= 1U;
    assert_int_equal(claim_verify(&claim, &relay.key, 0), ERR_PROOF);
    claim = good;
    claim.claim_sig[5] ^= 1U;
    assert_int_equal(claim_verify(&claim, &relay.key, 0), ERR_PROOF);
    claim = good;
    claim.join_sig[5] ^= 1U;
    assert_int_equal(claim_verify(&claim, &relay.key, 0), ERR_PROOF);
    claim = good;
    claim.subject = ana.key; /* somebody who watched cannot join in another's place */
    assert_int_equal(claim_verify(&claim, &relay.key, 0), ERR_PROOF);
    claim = good;
    claim.uses = 1001;
    uint8_t wire[CLAIM_WIRE_MAX];
    size_t wire_len;
    assert_int_equal(claim_encode(wire, &wire_len, &claim), ERR_MALFORMED);
}

static void an_ip6_relay_can_invite_too(void **state)
{
    (void)state;
    struct person relay = person_of("relay");
    struct person ana = person_of("ana");
    struct invite invite = invite_of(&relay, &ana);
    (void)strcpy(invite.address.host, "2001:db8::1");
    char text[INVITE_TEXT_MAX];
    struct invite read;
    assert_int_equal(invite_print(text, &invite), ERR_OK);
    assert_int_equal(invite_parse(&read, octets_of_text(text)), ERR_OK);
    assert_string_equal(read.address.host, "2001:db8::1");
    memset(invite.address.host, 'a', sizeof invite.address.host);
    assert_int_equal(invite_print(text, &invite), ERR_MALFORMED);
}

static void expect_invite(const struct json_value *item, const struct invite *invite)
{
    uint8_t octets[64];
    assert_string_equal(invite->address.host, json_string(json_member(item, "host")));
    assert_int_equal(invite->address.port, json_number(json_member(item, "port")));
    assert_int_equal(invite->uses, json_number(json_member(item, "uses")));
    assert_int_equal(invite->until_s, json_number(json_member(item, "until_s")));
    json_hex_exactly(octets, 32, json_member(item, "static_key"));
    assert_memory_equal(invite->address.static_key.octets, octets, 32);
    json_hex_exactly(octets, 32, json_member(item, "relay"));
    assert_memory_equal(invite->relay.octets, octets, 32);
    json_hex_exactly(octets, 32, json_member(item, "inviter"));
    assert_memory_equal(invite->inviter.octets, octets, 32);
    json_hex_exactly(octets, 32, json_member(item, "seed"));
    assert_memory_equal(invite->seed, octets, 32);
    json_hex_exactly(octets, 64, json_member(item, "cert"));
    assert_memory_equal(invite->cert, octets, 64);
}

static void expect_claim(const struct json_value *item, const struct invite *invite)
{
    uint8_t seed[32];
    json_hex_exactly(seed, sizeof seed, json_member(item, "subject_seed"));
    struct claim claim;
    assert_int_equal(claim_sign(&claim, invite, seed), ERR_OK);
    uint8_t wire[CLAIM_WIRE_MAX];
    size_t wire_len;
    assert_int_equal(claim_encode(wire, &wire_len, &claim), ERR_OK);
    uint8_t expected[CLAIM_WIRE_MAX];
    size_t expected_len = json_hex(expected, sizeof expected, json_member(item, "claim"));
    assert_true(octets_equal(octets_of(wire, wire_len), octets_of(expected, expected_len)));
    assert_int_equal(claim_verify(&claim, &invite->relay, invite->until_s), ERR_OK);
}

static void invites_and_claims_are_as_in_the_vectors(void **state)
{
    (void)state;
    struct json_file *file = json_open(JSON_VECTORS("invite.json"));
    const struct json_value *root = json_root(file);
    const struct json_value *item = json_first(json_member(root, "accept"));
    for (; item != NULL; item = json_next(item)) {
        const char *text = json_string(json_member(item, "text"));
        struct invite invite;
        char printed[INVITE_TEXT_MAX];
        assert_int_equal(invite_parse(&invite, octets_of_text(text)), ERR_OK);
        expect_invite(item, &invite);
        assert_int_equal(invite_print(printed, &invite), ERR_OK);
        assert_string_equal(printed, text);
        expect_claim(item, &invite);
    }
    for (item = json_first(json_member(root, "reject")); item != NULL; item = json_next(item)) {
        struct invite invite;
        const char *text = json_string(json_member(item, "text"));
        enum err_code rc = invite_parse(&invite, octets_of_text(text));
        assert_string_equal(err_name(rc), json_string(json_member(item, "error")));
    }
    json_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_survives_being_written_down),
        cmocka_unit_test(a_slip_of_the_pen_is_noticed),
        cmocka_unit_test(an_invite_nobody_signed_is_refused),
        cmocka_unit_test(a_claim_reaches_the_relay_and_verifies),
        cmocka_unit_test(a_claim_has_one_form),
        cmocka_unit_test(each_of_the_three_signatures_counts),
        cmocka_unit_test(an_ip6_relay_can_invite_too),
        cmocka_unit_test(invites_and_claims_are_as_in_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
