/* Any octets as a post, and as the body of one: what is accepted is the only encoding of it. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/canon.h"
#include "proto/name32.h"
#include "proto/post.h"
#include "proto/tag.h"

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_known(const struct post *post)
{
    require(post->kind >= POST_PROFILE && post->kind <= POST_RETRACT);
    if (post->kind == POST_TEXT) {
        require(post->as.text.mentions_count <= POST_MENTIONS_MAX);
        require(canon_utf8_valid(post->as.text.text) && canon_utf8_valid(post->as.text.note));
    }
}

static void check(const struct post *post, struct octets wire)
{
    static uint8_t again[POST_WIRE_MAX];
    struct canon_writer w = canon_writer_of(again, sizeof again);
    canon_write_array(&w, 2);
    canon_write_bin(&w, post->body);
    canon_write_raw(&w, post->proof);
    require(!w.overflow && octets_equal(canon_written(&w), wire));

    require(post->tags_count <= POST_TAGS_MAX && post->refs_count <= POST_REFS_MAX);
    for (size_t i = 0; i < post->tags_count; i++) {
        require(tag_valid(post->tags[i]));
    }
    if (post->known) {
        check_known(post);
    }
    enum err_code proof = post_verify(post);
    require(proof == ERR_OK || proof == ERR_PROOF);
    require(post_check_clock(post, post->created_s) == ERR_OK);
}

static void as_body(struct octets body)
{
    static const uint8_t proof[64];
    static uint8_t wire[2 * POST_WIRE_MAX];
    struct canon_writer w = canon_writer_of(wire, sizeof wire);
    canon_write_array(&w, 2);
    canon_write_bin(&w, body);
    canon_write_bin(&w, octets_of(proof, sizeof proof));
    struct post post;
    if (!w.overflow && post_decode(&post, canon_written(&w)) == ERR_OK) {
        check(&post, canon_written(&w));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct post post;
    size_t wire_len;
    if (post_decode_prefix(&post, &wire_len, octets_of(octets, len)) == ERR_OK) {
        require(wire_len <= len && wire_len <= POST_WIRE_MAX);
        check(&post, octets_of(octets, wire_len));
        require(post_decode(&post, octets_of(octets, wire_len)) == ERR_OK);
    }
    as_body(octets_of(octets, len));
    return 0;
}
