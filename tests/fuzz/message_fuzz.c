/* A frame's type in the first octet, its payload after it: what is accepted must encode to the
 * same octets. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/message_addresses.h"
#include "proto/message_overlay.h"

static uint8_t out[FRAME_MAX];

static void must_equal(size_t len, struct octets payload)
{
    if (!octets_equal(octets_of(out, len), payload)) {
        abort();
    }
}

static void try_hello(struct octets payload)
{
    struct message_hello hello;
    if (message_hello_decode(&hello, payload) == ERR_OK) {
        must_equal(message_hello_encode(out, &hello), payload);
        (void)!message_hello_verify(&hello, &hello.identity);
    }
}

static void try_posts(struct octets payload)
{
    struct message_posts posts;
    enum err_code rc = message_posts_begin(&posts, payload);
    size_t len = 0;
    if (rc == ERR_OK) {
        len = posts.hops.len > 0 ? message_new_head(out, posts.hops.at, posts.left_count)
                                 : message_posts_head(out, posts.left_count);
    }
    while (rc == ERR_OK && posts.left_count > 0) {
        struct post post;
        struct octets wire;
        rc = message_posts_next(&posts, &post, &wire);
        if (rc == ERR_OK) {
            memcpy(out + len, wire.at, wire.len);
            len += wire.len;
        }
    }
    if (rc == ERR_OK) {
        must_equal(len, payload);
    }
}

static void try_ids(struct octets payload)
{
    const struct post_id *ids;
    size_t count;
    if (message_ids_decode(&ids, &count, payload) == ERR_OK) {
        must_equal(message_ids_encode(out, ids, count), payload);
    }
}

static void try_recon(struct octets payload)
{
    uint32_t session;
    struct message_recon recon;
    struct message_want_at want;
    if (message_recon_decode(&recon, payload) == ERR_OK) {
        must_equal(message_recon_encode(out, &recon), payload);
    }
    if (message_want_at_decode(&want, payload) == ERR_OK) {
        must_equal(message_want_at_encode(out, &want), payload);
    }
    if (message_recon_end_decode(&session, payload) == ERR_OK) {
        must_equal(message_recon_end_encode(out, session), payload);
    }
}

static void try_codes(struct octets payload)
{
    enum err_code code;
    struct octets text;
    if (message_joined_decode(&code, &text, payload) == ERR_OK && code != ERR_REFUSED) {
        must_equal(message_joined_encode(out, code, text), payload);
    }
    if (message_bye_decode(&code, payload) == ERR_OK && code != ERR_REFUSED) {
        must_equal(message_bye_encode(out, code), payload);
    }
}

static void try_tree(struct octets payload)
{
    struct message_ihave ihave;
    struct message_graft graft;
    if (message_ihave_decode(&ihave, payload) == ERR_OK) {
        must_equal(message_ihave_encode(out, &ihave), payload);
    }
    if (message_graft_decode(&graft, payload) == ERR_OK) {
        must_equal(message_graft_encode(out, &graft), payload);
    }
}

static void try_contacts(enum frame_type type, struct octets payload)
{
    struct message_contacts contacts;
    if (message_contacts_decode(&contacts, type, payload) == ERR_OK) {
        must_equal(message_contacts_encode(out, type, &contacts), payload);
    }
}

static void try_neighbours(struct octets payload)
{
    struct message_neighbour neighbour;
    struct message_forward forward;
    if (message_neighbour_decode(&neighbour, payload) == ERR_OK) {
        must_equal(message_neighbour_encode(out, &neighbour), payload);
    }
    if (message_forward_decode(&forward, payload) == ERR_OK) {
        must_equal(message_forward_encode(out, &forward), payload);
    }
}

static void try_addresses(struct octets payload)
{
    struct address addresses[MESSAGE_ADDRESSES_MAX];
    size_t count;
    if (message_addresses_decode(addresses, &count, payload) == ERR_OK) {
        must_equal(message_addresses_encode(out, addresses, count), payload);
    }
    if (message_addresses_wanted_decode(payload) == ERR_OK && payload.len > 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (len == 0 || len > FRAME_MAX) {
        return 0;
    }
    struct octets payload = octets_of(octets + 1, len - 1);
    switch (octets[0]) {
    case FRAME_HELLO:
        try_hello(payload);
        break;
    case FRAME_POSTS:
        try_posts(payload);
        break;
    case FRAME_WANT:
    case FRAME_NONE_YET:
        try_ids(payload);
        break;
    case FRAME_RECON:
    case FRAME_RECON_END:
    case FRAME_WANT_AT:
        try_recon(payload);
        break;
    case FRAME_IHAVE:
    case FRAME_GRAFT:
        try_tree(payload);
        break;
    case FRAME_SHUFFLE:
    case FRAME_SHUFFLED:
    case FRAME_PASSIVE:
        try_contacts((enum frame_type)octets[0], payload);
        break;
    case FRAME_NEIGHBOUR:
    case FRAME_FORWARD:
        try_neighbours(payload);
        break;
    case FRAME_ADDRESSES_WANTED:
    case FRAME_ADDRESSES:
        try_addresses(payload);
        break;
    default:
        try_codes(payload);
        break;
    }
    return 0;
}
