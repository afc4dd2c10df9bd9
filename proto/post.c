#include "proto/post.h"

#include <sodium.h>

#include "proto/canon.h"
#include "proto/post_parts.h"
#include "proto/tag.h"

#define BODY_VERSION 1
#define BODY_FIELDS  8
#define KIND_MAX     65535
#define RELATION_MAX 65535

const struct post_id *post_ref_of(const struct post *post, enum post_relation relation)
{
    for (size_t i = 0; i < post->refs_count; i++) {
        if (post->refs[i].relation == relation) {
            return &post->refs[i].id;
        }
    }
    return NULL;
}

static enum err_code envelope_read(struct canon_reader *r, struct post *post)
{
    uint32_t fields;
    uint64_t version;
    enum err_code rc = canon_read_array(r, &fields, BODY_FIELDS);
    if (rc != ERR_OK || fields != BODY_FIELDS) {
        return ERR_MALFORMED;
    }
    rc = canon_read_uint(r, &version, BODY_VERSION);
    if (rc != ERR_OK || version != BODY_VERSION) {
        return ERR_MALFORMED;
    }
    rc = canon_read_uint(r, &post->kind, KIND_MAX);
    if (rc != ERR_OK || post->kind == 0) {
        return ERR_MALFORMED;
    }
    rc = canon_read_bin_exact(r, post->author.octets, KEY_LEN);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_uint(r, &post->created_s, POST_TIME_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_uint(r, &post->expires_s, POST_TIME_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    return post->expires_s == 0 || post->expires_s > post->created_s ? ERR_OK : ERR_MALFORMED;
}

static enum err_code tags_read(struct canon_reader *r, struct post *post)
{
    uint32_t count;
    enum err_code rc = canon_read_array(r, &count, POST_TAGS_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        rc = canon_read_str(r, &post->tags[i], POST_TAG_MAX);
        if (rc != ERR_OK) {
            return rc;
        }
        if (!tag_valid(post->tags[i])) {
            return ERR_MALFORMED;
        }
        for (size_t j = 0; j < i; j++) {
            if (octets_equal(post->tags[i], post->tags[j])) {
                return ERR_MALFORMED;
            }
        }
    }
    post->tags_count = count;
    return ERR_OK;
}

static enum err_code ref_read(struct canon_reader *r, struct post_ref *ref)
{
    uint32_t fields;
    enum err_code rc = canon_read_array(r, &fields, 2);
    if (rc != ERR_OK || fields != 2) {
        return ERR_MALFORMED;
    }
    rc = canon_read_uint(r, &ref->relation, RELATION_MAX);
    if (rc != ERR_OK || ref->relation == 0) {
        return ERR_MALFORMED;
    }
    return canon_read_bin_exact(r, ref->id.octets, POST_ID_LEN);
}

static enum err_code refs_read(struct canon_reader *r, struct post *post)
{
    uint32_t count;
    enum err_code rc = canon_read_array(r, &count, POST_REFS_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        rc = ref_read(r, &post->refs[i]);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    post->refs_count = count;
    return ERR_OK;
}

static enum err_code content_read(struct canon_reader *r, struct post *post)
{
    enum canon_type type;
    enum err_code rc = canon_peek(r, &type);
    if (rc != ERR_OK || type != CANON_ARRAY) {
        return ERR_MALFORMED;
    }
    return canon_skip_mapless(r, &post->content);
}

/* The body is here whole, so that whatever is wrong with it, more octets do not help. */
static enum err_code body_decode(struct post *post)
{
    struct canon_reader r = canon_reader_of(post->body);
    if (envelope_read(&r, post) != ERR_OK || tags_read(&r, post) != ERR_OK ||
        refs_read(&r, post) != ERR_OK || content_read(&r, post) != ERR_OK ||
        canon_end(&r) != ERR_OK) {
        return ERR_MALFORMED;
    }
    return post_content_decode(post);
}

static enum err_code wire_read(struct canon_reader *r, struct post *post, struct post_proof *proof)
{
    uint32_t count;
    enum err_code rc = canon_read_array(r, &count, 2);
    if (rc != ERR_OK) {
        return rc;
    }
    if (count != 2) {
        return ERR_MALFORMED;
    }
    uint32_t body_len;
    rc = canon_read_bin_head(r, &body_len);
    if (rc != ERR_OK) {
        return rc;
    }
    if (body_len > POST_BODY_MAX) {
        return ERR_TOO_LARGE;
    }
    if (body_len > r->left) {
        return ERR_TRUNCATED;
    }
    post->body = octets_of(r->at, body_len);
    *r = canon_reader_of(octets_of(r->at + body_len, r->left - body_len));
    struct canon_reader before = *r;
    rc = post_proof_read(r, proof);
    post->proof = octets_of(before.at, before.left - r->left);
    return rc;
}

/* Everything but the id, whose computing is most of the work. */
static enum err_code prefix_read(struct post *read, size_t *wire_len, struct octets octets)
{
    struct canon_reader r = canon_reader_of(octets);
    struct post_proof proof;
    *read = (struct post){.known = false};
    enum err_code rc = wire_read(&r, read, &proof);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = body_decode(read);
    if (rc != ERR_OK) {
        return rc;
    }
    *wire_len = octets.len - r.left;
    return post_proof_fits(&proof, read->kind, read->created_s) ? ERR_OK : ERR_MALFORMED;
}

enum err_code post_decode_prefix(struct post *post, size_t *wire_len, struct octets octets)
{
    struct post read;
    size_t len = 0;
    enum err_code rc = prefix_read(&read, &len, octets);
    if (rc != ERR_OK) {
        return rc;
    }
    (void)crypto_generichash(read.id.octets, POST_ID_LEN, read.body.at, read.body.len, NULL, 0);
    *post = read;
    *wire_len = len;
    return ERR_OK;
}

enum err_code post_decode_again(struct post *post, struct octets wire, const struct post_id *id)
{
    struct post read;
    size_t wire_len = 0;
    enum err_code rc = prefix_read(&read, &wire_len, wire);
    if (rc != ERR_OK) {
        return rc;
    }
    if (wire_len != wire.len) {
        return ERR_MALFORMED;
    }
    read.id = *id;
    *post = read;
    return ERR_OK;
}

enum err_code post_decode(struct post *post, struct octets wire)
{
    struct post read;
    size_t wire_len;
    enum err_code rc = post_decode_prefix(&read, &wire_len, wire);
    if (rc != ERR_OK) {
        return rc;
    }
    if (wire_len != wire.len) {
        return ERR_MALFORMED;
    }
    *post = read;
    return ERR_OK;
}

enum err_code post_check_clock(const struct post *post, uint64_t now_s)
{
    if (post->created_s > now_s && post->created_s - now_s > POST_AHEAD_MAX_S) {
        return ERR_FUTURE;
    }
    return post->expires_s != 0 && now_s >= post->expires_s ? ERR_EXPIRED : ERR_OK;
}

bool post_stands(const struct post *post)
{
    return post->kind == POST_PROFILE || post->kind == POST_VOUCH || post->kind == POST_RETRACT ||
           post->kind == POST_VOICE;
}
