#include <assert.h>
#include <sodium.h>

#include "proto/post_parts.h"

#define BODY_FIELDS   8
#define WIRE_HEAD_MAX 4 /* the array's head and that of a body below 64 KiB */

static void text_write(struct canon_writer *w, const struct post_draft *draft)
{
    canon_write_array(w, 4);
    canon_write_str(w, draft->text);
    canon_write_str(w, draft->note);
    canon_write_uint(w, (uint64_t)draft->replies);
    canon_write_array(w, (uint32_t)draft->mentions_count);
    for (size_t i = 0; i < draft->mentions_count; i++) {
        canon_write_bin(w, octets_of(draft->mentions[i].octets, KEY_LEN));
    }
}

static void content_write(struct canon_writer *w, const struct post_draft *draft)
{
    switch (draft->kind) {
    case POST_PROFILE:
        canon_write_array(w, 3);
        canon_write_str(w, draft->text);
        canon_write_str(w, draft->note);
        canon_write_array(w, 0);
        break;
    case POST_TEXT:
        text_write(w, draft);
        break;
    case POST_REACT:
        canon_write_array(w, 1);
        canon_write_uint(w, (uint64_t)draft->reaction);
        break;
    case POST_VOUCH:
        canon_write_array(w, 2);
        canon_write_bin(w, octets_of(draft->subject.octets, KEY_LEN));
        canon_write_bin(w, octets_of(draft->inviter.octets, draft->has_inviter ? KEY_LEN : 0));
        break;
    case POST_RETRACT:
        canon_write_array(w, 0);
        break;
    case POST_VOICE:
    case POST_PLEDGE:
    case POST_LETTER:
    case POST_COSIGN:
    case POST_SEALED:
    case POST_MOVED:
    case POST_DEVICE_END:
        w->overflow = true; /* draft_writable() lets none of these here */
        break;
    }
}

/* What the writer could not write, or would not notice; post_decode() judges the rest. */
static bool draft_writable(const struct post_draft *draft)
{
    bool kind_known = draft->kind >= POST_PROFILE && draft->kind <= POST_RETRACT;
    bool counts_fit = draft->tags_count <= POST_TAGS_MAX && draft->refs_count <= POST_REFS_MAX &&
                      draft->mentions_count <= POST_MENTIONS_MAX;
    if (!kind_known || !counts_fit || !canon_utf8_valid(draft->text) ||
        !canon_utf8_valid(draft->note)) {
        return false;
    }
    for (size_t i = 0; i < draft->tags_count; i++) {
        if (!canon_utf8_valid(draft->tags[i])) {
            return false;
        }
    }
    return true;
}

static void body_write(struct canon_writer *w, const struct post_draft *draft,
                       const struct key *author)
{
    canon_write_array(w, BODY_FIELDS);
    canon_write_uint(w, 1);
    canon_write_uint(w, (uint64_t)draft->kind);
    canon_write_bin(w, octets_of(author->octets, KEY_LEN));
    canon_write_uint(w, draft->created_s);
    canon_write_uint(w, draft->expires_s);
    canon_write_array(w, (uint32_t)draft->tags_count);
    for (size_t i = 0; i < draft->tags_count; i++) {
        canon_write_str(w, draft->tags[i]);
    }
    canon_write_array(w, (uint32_t)draft->refs_count);
    for (size_t i = 0; i < draft->refs_count; i++) {
        canon_write_array(w, 2);
        canon_write_uint(w, draft->refs[i].relation);
        canon_write_bin(w, octets_of(draft->refs[i].id.octets, POST_ID_LEN));
    }
    content_write(w, draft);
}

/* Body behind the longest head there can be, then both moved together: no second 32 KiB. */
static enum err_code body_place(struct canon_writer *w, struct octets *body,
                                const struct post_draft *draft, const struct key *author)
{
    uint8_t *wire = w->room.at;
    struct canon_writer inner = canon_writer_of(wire + WIRE_HEAD_MAX, POST_BODY_MAX);
    body_write(&inner, draft, author);
    if (inner.overflow) {
        return ERR_TOO_LARGE;
    }
    struct octets written = canon_written(&inner);
    canon_write_array(w, 2);
    canon_write_bin_head(w, (uint32_t)written.len);
    memmove(wire + w->room.len, written.at, written.len);
    *body = octets_of(wire + w->room.len, written.len);
    w->room.len += written.len;
    return ERR_OK;
}

enum err_code post_sign(uint8_t *wire, size_t *wire_len, struct post_id *id,
                        const struct post_draft *draft, const uint8_t seed[32])
{
    if (!draft_writable(draft)) {
        return ERR_MALFORMED;
    }
    struct key author;
    sign_public_key(&author, seed);
    struct canon_writer w = canon_writer_of(wire, POST_WIRE_MAX);
    struct octets body;
    enum err_code rc = body_place(&w, &body, draft, &author);
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t hash[POST_ID_LEN];
    uint8_t sig[SIGN_LEN];
    (void)crypto_generichash(hash, sizeof hash, body.at, body.len, NULL, 0);
    sign_detached(sig, SIGN_POST, octets_of(hash, sizeof hash), seed);
    canon_write_bin(&w, octets_of(sig, sizeof sig));

    /* One set of rules for what is made and what is received. */
    struct post made;
    rc = post_decode(&made, canon_written(&w));
    if (rc != ERR_OK) {
        return rc;
    }
    *wire_len = w.room.len;
    *id = made.id;
    return ERR_OK;
}
