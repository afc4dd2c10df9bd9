#include "proto/invite.h"

#include <sodium.h>

#include "proto/base32.h"
#include "proto/canon.h"
#include "proto/host.h"
#include "proto/invite_certificate.h"

#define PREFIX         "kithinvite1"
#define PREFIX_LEN     11
#define INVITE_VERSION 1
#define INVITE_FIELDS  10
#define CHECKSUM_LEN   4
#define BODY_MAX       512

_Static_assert(PREFIX_LEN + BASE32_TEXT_LEN(BODY_MAX + CHECKSUM_LEN) < INVITE_TEXT_MAX,
               "every invite fits its text form");

static struct invite_terms terms_of(const struct invite *invite)
{
    struct invite_terms terms = {
        .relay = invite->relay, .uses = invite->uses, .until_s = invite->until_s};
    sign_public_key(&terms.seed_public, invite->seed);
    return terms;
}

enum err_code invite_sign(struct invite *invite, const uint8_t identity_seed[32])
{
    struct invite_terms terms = terms_of(invite);
    struct key inviter;
    sign_public_key(&inviter, identity_seed);
    if (!invite_terms_valid(&terms) || !key_equal(&inviter, &invite->inviter)) {
        return ERR_MALFORMED;
    }
    invite_terms_sign(invite->cert, &terms, identity_seed);
    return ERR_OK;
}

static void body_write(struct canon_writer *w, const struct invite *invite)
{
    canon_write_array(w, INVITE_FIELDS);
    canon_write_uint(w, INVITE_VERSION);
    canon_write_str(w, octets_of_text(invite->address.host));
    canon_write_uint(w, invite->address.port);
    canon_write_bin(w, octets_of(invite->address.static_key.octets, KEY_LEN));
    canon_write_bin(w, octets_of(invite->relay.octets, KEY_LEN));
    canon_write_bin(w, octets_of(invite->inviter.octets, KEY_LEN));
    canon_write_bin(w, octets_of(invite->seed, sizeof invite->seed));
    canon_write_uint(w, invite->uses);
    canon_write_uint(w, invite->until_s);
    canon_write_bin(w, octets_of(invite->cert, sizeof invite->cert));
}

static void checksum_of(uint8_t out[CHECKSUM_LEN], struct octets body)
{
    uint8_t hash[32];
    (void)crypto_generichash(hash, sizeof hash, body.at, body.len, NULL, 0);
    memcpy(out, hash, CHECKSUM_LEN);
}

/* Back through the reader: whatever host or port the caller put in, what is printed parses. */
static enum err_code address_check(const struct address *address)
{
    char text[ADDRESS_TEXT_MAX + 1];
    struct address again;
    if (memchr(address->host, '\0', sizeof address->host) == NULL) {
        return ERR_MALFORMED;
    }
    address_print(text, address);
    enum err_code rc = address_parse(&again, octets_of_text(text));
    return rc == ERR_OK && address_equal(address, &again) ? ERR_OK : ERR_MALFORMED;
}

static enum err_code invite_check(const struct invite *invite)
{
    struct invite_terms terms = terms_of(invite);
    if (!invite_terms_valid(&terms) || address_check(&invite->address) != ERR_OK) {
        return ERR_MALFORMED;
    }
    return invite_terms_check(invite->cert, &terms, &invite->inviter);
}

enum err_code invite_print(char out[INVITE_TEXT_MAX], const struct invite *invite)
{
    enum err_code rc = invite_check(invite);
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t octets[BODY_MAX + CHECKSUM_LEN];
    struct canon_writer w = canon_writer_of(octets, BODY_MAX);
    body_write(&w, invite);
    size_t len = canon_written(&w).len;
    checksum_of(octets + len, octets_of(octets, len));
    len += CHECKSUM_LEN;

    memcpy(out, PREFIX, PREFIX_LEN);
    base32_encode(out + PREFIX_LEN, octets_of(octets, len));
    out[PREFIX_LEN + BASE32_TEXT_LEN(len)] = '\0';
    sodium_memzero(octets, sizeof octets);
    return ERR_OK;
}

static enum err_code address_read(struct canon_reader *r, struct address *address)
{
    struct octets host;
    uint64_t port;
    if (canon_read_str(r, &host, ADDRESS_HOST_MAX) != ERR_OK ||
        canon_read_uint(r, &port, UINT16_MAX) != ERR_OK ||
        canon_read_bin_exact(r, address->static_key.octets, KEY_LEN) != ERR_OK ||
        memchr(host.at, '\0', host.len) != NULL) {
        return ERR_MALFORMED;
    }
    memcpy(address->host, host.at, host.len);
    address->host[host.len] = '\0';
    address->port = (uint16_t)port;
    return ERR_OK;
}

static enum err_code body_read(struct invite *invite, struct octets body)
{
    struct canon_reader r = canon_reader_of(body);
    uint32_t fields;
    uint64_t version;
    uint64_t uses;
    if (canon_read_array(&r, &fields, INVITE_FIELDS) != ERR_OK || fields != INVITE_FIELDS ||
        canon_read_uint(&r, &version, INVITE_VERSION) != ERR_OK || version != INVITE_VERSION ||
        address_read(&r, &invite->address) != ERR_OK ||
        canon_read_bin_exact(&r, invite->relay.octets, KEY_LEN) != ERR_OK ||
        canon_read_bin_exact(&r, invite->inviter.octets, KEY_LEN) != ERR_OK ||
        canon_read_bin_exact(&r, invite->seed, sizeof invite->seed) != ERR_OK ||
        canon_read_uint(&r, &uses, INVITE_USES_MAX) != ERR_OK ||
        canon_read_uint(&r, &invite->until_s, UINT64_MAX) != ERR_OK ||
        canon_read_bin_exact(&r, invite->cert, sizeof invite->cert) != ERR_OK ||
        canon_end(&r) != ERR_OK) {
        return ERR_MALFORMED;
    }
    invite->uses = (uint32_t)uses;
    return invite_check(invite);
}

/* The octets of the text form; checked against their checksum. */
static enum err_code text_decode(uint8_t out[BODY_MAX + CHECKSUM_LEN], struct octets *body,
                                 struct octets text)
{
    if (text.len < PREFIX_LEN || memcmp(text.at, PREFIX, PREFIX_LEN) != 0) {
        return ERR_MALFORMED;
    }
    text = octets_of(text.at + PREFIX_LEN, text.len - PREFIX_LEN);
    size_t len = BASE32_OCTETS_LEN(text.len);
    if (len <= CHECKSUM_LEN || len > BODY_MAX + CHECKSUM_LEN ||
        base32_decode(out, text) != ERR_OK) {
        return ERR_MALFORMED;
    }
    uint8_t checksum[CHECKSUM_LEN];
    *body = octets_of(out, len - CHECKSUM_LEN);
    checksum_of(checksum, *body);
    return memcmp(checksum, out + body->len, CHECKSUM_LEN) == 0 ? ERR_OK : ERR_MALFORMED;
}

enum err_code invite_parse(struct invite *invite, struct octets text)
{
    /* Telephones capitalise the first letter of a message. */
    uint8_t folded[INVITE_TEXT_MAX];
    if (text.len > sizeof folded) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    uint8_t octets[BODY_MAX + CHECKSUM_LEN];
    struct octets body;
    struct invite parsed = {.uses = 0};
    enum err_code rc = text_decode(octets, &body, octets_of(folded, text.len));
    if (rc == ERR_OK) {
        rc = body_read(&parsed, body);
    }
    if (rc == ERR_OK) {
        *invite = parsed;
    }
    sodium_memzero(folded, sizeof folded);
    sodium_memzero(octets, sizeof octets);
    sodium_memzero(&parsed, sizeof parsed);
    return rc;
}
