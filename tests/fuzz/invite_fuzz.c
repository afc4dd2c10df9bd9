/* Any octets as an invite's text, as what stands in that text behind a right checksum, and as a
 * claim: what is accepted has one form. */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/base32.h"
#include "proto/invite.h"

#define BODY_MAX 600

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void as_text(struct octets text)
{
    struct invite invite;
    if (invite_parse(&invite, text) != ERR_OK) {
        return;
    }
    char printed[INVITE_TEXT_MAX];
    struct invite again;
    require(invite_print(printed, &invite) == ERR_OK);
    require(strlen(printed) == text.len);
    require(invite_parse(&again, octets_of_text(printed)) == ERR_OK);
    require(address_equal(&invite.address, &again.address));
}

static void as_body(struct octets body)
{
    if (body.len > BODY_MAX) {
        return;
    }
    uint8_t octets[BODY_MAX + 32];
    char text[11 + BASE32_TEXT_LEN(BODY_MAX + 4)];
    if (body.len > 0) {
        memcpy(octets, body.at, body.len);
    }
    (void)crypto_generichash(octets + body.len, 32, octets, body.len, NULL, 0);
    memcpy(text, "kithinvite1", 11);
    base32_encode(text + 11, octets_of(octets, body.len + 4));
    as_text(octets_of(text, 11 + BASE32_TEXT_LEN(body.len + 4)));
}

static void as_claim(struct octets wire)
{
    struct claim claim;
    if (claim_decode(&claim, wire) != ERR_OK) {
        return;
    }
    uint8_t again[CLAIM_WIRE_MAX];
    size_t again_len;
    require(claim_encode(again, &again_len, &claim) == ERR_OK);
    require(octets_equal(wire, octets_of(again, again_len)));
    enum err_code rc = claim_verify(&claim, &claim.relay, claim.until_s);
    require(rc == ERR_OK || rc == ERR_PROOF);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    as_text(octets_of(octets, len));
    as_body(octets_of(octets, len));
    as_claim(octets_of(octets, len));
    return 0;
}
