#include "store/evidence.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"
#include "proto/sign.h"

#define VERSION      1
#define FIELDS_COUNT 5
#define HEAD_MAX     256
#define DIGEST_LEN   32
#define SIGNED_LEN   (KEY_LEN + 8 + DIGEST_LEN)

static void signed_fields(uint8_t out[SIGNED_LEN], const struct evidence *evidence)
{
    memcpy(out, evidence->about.octets, KEY_LEN);
    octets_put_u64be(out + KEY_LEN, evidence->sealed_s);
    (void)crypto_generichash(out + KEY_LEN + 8, DIGEST_LEN, evidence->posts.at, evidence->posts.len,
                             NULL, 0);
}

enum err_code evidence_encode(uint8_t **plain, size_t *plain_len, const struct evidence *evidence,
                              const uint8_t seed[32])
{
    uint8_t *out = malloc(HEAD_MAX + evidence->posts.len);
    if (out == NULL) {
        return ERR_NO_MEMORY;
    }
    uint8_t fields[SIGNED_LEN];
    uint8_t sig[SIGN_LEN];
    signed_fields(fields, evidence);
    sign_detached(sig, SIGN_EVIDENCE, octets_of(fields, sizeof fields), seed);
    struct canon_writer w = canon_writer_of(out, HEAD_MAX + evidence->posts.len);
    canon_write_array(&w, FIELDS_COUNT);
    canon_write_uint(&w, VERSION);
    canon_write_bin(&w, octets_of(evidence->sealer.octets, KEY_LEN));
    canon_write_bin(&w, octets_of(evidence->about.octets, KEY_LEN));
    canon_write_uint(&w, evidence->sealed_s);
    canon_write_bin(&w, octets_of(sig, sizeof sig));
    canon_write_raw(&w, evidence->posts);
    *plain_len = canon_written(&w).len;
    *plain = out;
    return ERR_OK;
}

enum err_code evidence_decode(struct evidence *evidence, struct octets plain)
{
    struct evidence found = {.is_signed = false};
    struct canon_reader r = canon_reader_of(plain);
    uint32_t count = 0;
    uint64_t version = 0;
    uint8_t sig[SIGN_LEN];
    enum err_code rc = canon_read_array(&r, &count, FIELDS_COUNT);
    rc = rc == ERR_OK ? canon_read_uint(&r, &version, UINT64_MAX) : rc;
    if (rc == ERR_OK && version > VERSION) {
        return ERR_VERSION;
    }
    if (rc == ERR_OK && (count != FIELDS_COUNT || version != VERSION)) {
        return ERR_MALFORMED;
    }
    rc = rc == ERR_OK ? canon_read_bin_exact(&r, found.sealer.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(&r, found.about.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_uint(&r, &found.sealed_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(&r, sig, SIGN_LEN) : rc;
    if (rc != ERR_OK) {
        return ERR_MALFORMED;
    }
    found.posts = octets_of(r.at, r.left);
    uint8_t fields[SIGNED_LEN];
    signed_fields(fields, &found);
    found.is_signed =
        sign_check(sig, SIGN_EVIDENCE, octets_of(fields, sizeof fields), &found.sealer) == ERR_OK;
    *evidence = found;
    return ERR_OK;
}
