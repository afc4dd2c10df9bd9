#include "proto/post_parts.h"

#define DEVICE_FIELDS 5

static enum err_code device_proof_read(struct canon_reader *r, struct post_proof *proof)
{
    uint32_t fields;
    enum err_code rc = canon_read_array(r, &fields, DEVICE_FIELDS);
    if (rc != ERR_OK) {
        return rc;
    }
    if (fields != DEVICE_FIELDS) {
        return ERR_MALFORMED;
    }
    proof->by_device = true;
    rc = canon_read_bin_exact(r, proof->device.octets, KEY_LEN);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_uint(r, &proof->from_s, POST_TIME_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_uint(r, &proof->until_s, POST_TIME_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_bin_exact(r, proof->cert, SIGN_LEN);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_bin_exact(r, proof->sig, SIGN_LEN);
    if (rc != ERR_OK) {
        return rc;
    }
    bool in_order = proof->from_s <= proof->until_s;
    bool short_lived = in_order && proof->until_s - proof->from_s <= POST_DEVICE_MAX_S;
    return short_lived ? ERR_OK : ERR_MALFORMED;
}

enum err_code post_proof_read(struct canon_reader *r, struct post_proof *proof)
{
    enum canon_type type;
    enum err_code rc = canon_peek(r, &type);
    if (rc != ERR_OK) {
        return rc;
    }
    if (type == CANON_ARRAY) {
        return device_proof_read(r, proof);
    }
    proof->by_device = false;
    return canon_read_bin_exact(r, proof->sig, SIGN_LEN);
}

bool post_proof_fits(const struct post_proof *proof, uint64_t kind, uint64_t created_s)
{
    if (!proof->by_device) {
        return true;
    }
    return (kind == POST_TEXT || kind == POST_REACT) && proof->from_s <= created_s &&
           created_s <= proof->until_s;
}

static enum err_code cert_check(const struct post_proof *proof, const struct key *author)
{
    uint8_t fields[KEY_LEN + 8 + 8];
    memcpy(fields, proof->device.octets, KEY_LEN);
    octets_put_u64be(fields + KEY_LEN, proof->from_s);
    octets_put_u64be(fields + KEY_LEN + 8, proof->until_s);
    return sign_check(proof->cert, SIGN_DEVICE, octets_of(fields, sizeof fields), author);
}

enum err_code post_verify(const struct post *post)
{
    struct canon_reader r = canon_reader_of(post->proof);
    struct post_proof proof;
    if (post_proof_read(&r, &proof) != ERR_OK) {
        return ERR_PROOF;
    }
    const struct key *signer = &post->author;
    if (proof.by_device) {
        if (cert_check(&proof, &post->author) != ERR_OK) {
            return ERR_PROOF;
        }
        signer = &proof.device;
    }
    return sign_check(proof.sig, SIGN_POST, octets_of(post->id.octets, POST_ID_LEN), signer);
}

bool post_is_by_device(const struct post *post)
{
    struct canon_reader r = canon_reader_of(post->proof);
    struct post_proof proof;
    return post_proof_read(&r, &proof) == ERR_OK && proof.by_device;
}
