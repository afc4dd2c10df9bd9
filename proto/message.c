#include "proto/message.h"

#include <assert.h>

#include "proto/sign.h"

#define CODE_MAX 65535
#define SET_MAX  65535
#define DAY_MAX  (POST_TIME_MAX / 86400)

#define HELLO_FIELDS     5
#define HELLO_CHOOSING   6   /* fields where it has sets */
#define HELLO_FIELDS_MAX 255 /* of whatever version */
#define SETS_LEN         (2 * SET_BUCKETS / 8)

/* ---- HELLO -------------------------------------------------------------------------------- */

size_t message_hello_encode(uint8_t out[MESSAGE_HELLO_CAP], const struct message_hello *hello)
{
    bool relay = hello->role == MESSAGE_RELAY;
    struct canon_writer w = canon_writer_of(out, MESSAGE_HELLO_CAP);
    canon_write_array(&w, hello->sets.buckets ? HELLO_CHOOSING : HELLO_FIELDS);
    canon_write_uint(&w, MESSAGE_VERSION);
    canon_write_uint(&w, (uint64_t)hello->role);
    canon_write_bin(&w, octets_of(hello->identity.octets, relay ? KEY_LEN : 0));
    canon_write_bin(&w, octets_of(hello->proof, relay ? MESSAGE_PROOF_LEN : 0));
    canon_write_uint(&w, hello->floor_day);
    if (hello->sets.buckets) {
        uint8_t bits[SETS_LEN];
        memcpy(bits, hello->sets.authors, sizeof hello->sets.authors);
        memcpy(bits + sizeof hello->sets.authors, hello->sets.tags, sizeof hello->sets.tags);
        canon_write_bin(&w, octets_of(bits, sizeof bits));
    }
    return canon_written(&w).len;
}

static enum err_code read_fields(struct canon_reader *r, uint32_t count)
{
    uint32_t read_count;
    enum err_code rc = canon_read_array(r, &read_count, count);
    return rc == ERR_OK && read_count != count ? ERR_MALFORMED : rc;
}

static enum err_code read_relay(struct canon_reader *r, struct message_hello *hello)
{
    size_t identity_len = hello->role == MESSAGE_RELAY ? KEY_LEN : 0;
    size_t proof_len = hello->role == MESSAGE_RELAY ? MESSAGE_PROOF_LEN : 0;
    enum err_code rc = canon_read_bin_exact(r, hello->identity.octets, identity_len);
    if (rc != ERR_OK) {
        return rc;
    }
    return canon_read_bin_exact(r, hello->proof, proof_len);
}

static enum err_code read_u32(struct canon_reader *r, uint32_t *number, uint32_t max)
{
    uint64_t value;
    enum err_code rc = canon_read_uint(r, &value, max);
    if (rc == ERR_OK) {
        *number = (uint32_t)value;
    }
    return rc;
}

/* Another version may have more fields, or fewer: what it is comes before how many there are. */
static enum err_code read_version(struct canon_reader *r, uint32_t *fields_count)
{
    uint64_t version;
    enum err_code rc = canon_read_array(r, fields_count, HELLO_FIELDS_MAX);
    if (rc == ERR_OK) {
        rc = *fields_count == 0 ? ERR_MALFORMED : canon_read_uint(r, &version, CODE_MAX);
    }
    if (rc == ERR_OK && version != MESSAGE_VERSION) {
        return ERR_VERSION;
    }
    bool known = *fields_count == HELLO_FIELDS || *fields_count == HELLO_CHOOSING;
    return rc == ERR_OK && !known ? ERR_MALFORMED : rc;
}

static enum err_code read_sets(struct canon_reader *r, struct set_choice *sets)
{
    uint8_t bits[SETS_LEN];
    enum err_code rc = canon_read_bin_exact(r, bits, sizeof bits);
    if (rc == ERR_OK) {
        sets->buckets = true;
        memcpy(sets->authors, bits, sizeof sets->authors);
        memcpy(sets->tags, bits + sizeof sets->authors, sizeof sets->tags);
    }
    return rc;
}

enum err_code message_hello_decode(struct message_hello *hello, struct octets payload)
{
    struct message_hello read = {.role = MESSAGE_PERSONAL};
    struct canon_reader r = canon_reader_of(payload);
    uint64_t role;
    uint32_t fields_count;
    enum err_code rc = read_version(&r, &fields_count);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = canon_read_uint(&r, &role, MESSAGE_RELAY);
    if (rc != ERR_OK) {
        return rc;
    }
    read.role = (enum message_role)role;
    rc = read_relay(&r, &read);
    if (rc == ERR_OK) {
        rc = read_u32(&r, &read.floor_day, DAY_MAX);
    }
    if (rc == ERR_OK && fields_count == HELLO_CHOOSING) {
        rc = read_sets(&r, &read.sets);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        *hello = read;
    }
    return rc;
}

void message_hello_sign(struct message_hello *hello, const struct key *static_key,
                        const uint8_t identity_seed[32])
{
    hello->role = MESSAGE_RELAY;
    sign_public_key(&hello->identity, identity_seed);
    sign_detached(hello->proof, SIGN_RELAY, octets_of(static_key->octets, KEY_LEN), identity_seed);
}

enum err_code message_hello_verify(const struct message_hello *hello, const struct key *static_key)
{
    if (hello->role != MESSAGE_RELAY) {
        return ERR_OK;
    }
    return sign_check(hello->proof, SIGN_RELAY, octets_of(static_key->octets, KEY_LEN),
                      &hello->identity);
}

/* ---- POSTS -------------------------------------------------------------------------------- */

/* New posts begin with how far each has come. */
static enum err_code read_hops(struct message_posts *posts)
{
    enum canon_type type;
    enum err_code rc = canon_peek(&posts->reader, &type);
    if (rc != ERR_OK || type != CANON_BIN) {
        return rc;
    }
    rc = canon_read_bin(&posts->reader, &posts->hops, MESSAGE_POSTS_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    posts->left_count--;
    for (size_t i = 0; i < posts->hops.len; i++) {
        if (posts->hops.at[i] > MESSAGE_HOPS_MAX) {
            return ERR_MALFORMED;
        }
    }
    return posts->hops.len == posts->left_count ? ERR_OK : ERR_MALFORMED;
}

enum err_code message_posts_begin(struct message_posts *posts, struct octets payload)
{
    struct message_posts read = {.reader = canon_reader_of(payload)};
    enum err_code rc = canon_read_array(&read.reader, &read.left_count, MESSAGE_POSTS_MAX + 1);
    if (rc == ERR_OK && read.left_count > 0) {
        rc = read_hops(&read);
    }
    if (rc == ERR_OK && (read.left_count == 0 || read.left_count > MESSAGE_POSTS_MAX)) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *posts = read;
    }
    return rc;
}

enum err_code message_posts_next(struct message_posts *posts, struct post *post,
                                 struct octets *wire)
{
    assert(posts->left_count > 0);
    struct octets rest = octets_of(posts->reader.at, posts->reader.left);
    struct post read;
    size_t wire_len;
    enum err_code rc = post_decode_prefix(&read, &wire_len, rest);
    if (rc != ERR_OK) {
        return rc;
    }
    if (posts->left_count == 1 && wire_len != rest.len) {
        return ERR_MALFORMED;
    }
    posts->left_count--;
    posts->reader = canon_reader_of(octets_of(rest.at + wire_len, rest.len - wire_len));
    *post = read;
    *wire = octets_of(rest.at, wire_len);
    return ERR_OK;
}

size_t message_posts_head(uint8_t out[MESSAGE_POSTS_HEAD], uint32_t count)
{
    assert(count >= 1 && count <= MESSAGE_POSTS_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_POSTS_HEAD);
    canon_write_array(&w, count);
    return canon_written(&w).len;
}

size_t message_new_head(uint8_t out[MESSAGE_NEW_HEAD], const uint8_t *hops, uint32_t count)
{
    assert(count >= 1 && count <= MESSAGE_POSTS_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_NEW_HEAD);
    canon_write_array(&w, count + 1);
    canon_write_bin(&w, octets_of(hops, count));
    return canon_written(&w).len;
}

/* ---- Ids ---------------------------------------------------------------------------------- */

size_t message_ids_encode(uint8_t out[MESSAGE_IDS_CAP], const struct post_id *ids, size_t count)
{
    assert(count >= 1 && count <= MESSAGE_IDS_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_IDS_CAP);
    canon_write_bin(&w, octets_of(ids->octets, count * POST_ID_LEN));
    return canon_written(&w).len;
}

enum err_code message_ids_decode(const struct post_id **ids, size_t *count, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct octets all;
    enum err_code rc = canon_read_bin(&r, &all, MESSAGE_IDS_MAX * POST_ID_LEN);
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK && (all.len == 0 || all.len % POST_ID_LEN != 0)) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *ids = (const struct post_id *)(const void *)all.at; /* octets alone: any alignment */
        *count = all.len / POST_ID_LEN;
    }
    return rc;
}

/* ---- Reconciliation ----------------------------------------------------------------------- */

size_t message_recon_encode(uint8_t *out, const struct message_recon *recon)
{
    assert(recon->message.len <= MESSAGE_RECON_MAX && recon->set <= SET_MAX);
    struct canon_writer w = canon_writer_of(out, recon->message.len + MESSAGE_RECON_HEAD);
    canon_write_array(&w, 3);
    canon_write_uint(&w, recon->session);
    canon_write_uint(&w, recon->set);
    canon_write_bin(&w, recon->message);
    return canon_written(&w).len;
}

enum err_code message_recon_decode(struct message_recon *recon, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_recon read = {.session = 0};
    enum err_code rc = read_fields(&r, 3);
    if (rc == ERR_OK) {
        rc = read_u32(&r, &read.session, UINT32_MAX);
    }
    if (rc == ERR_OK) {
        rc = read_u32(&r, &read.set, SET_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_bin(&r, &read.message, MESSAGE_RECON_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        *recon = read;
    }
    return rc;
}

size_t message_want_at_encode(uint8_t out[MESSAGE_PLACES_CAP], const struct message_want_at *want)
{
    assert(want->places.len >= 1 && want->places.len <= MESSAGE_PLACES_MAX);
    assert(want->places.at[want->places.len - 1] != 0);
    struct canon_writer w = canon_writer_of(out, MESSAGE_PLACES_CAP);
    canon_write_array(&w, 3);
    canon_write_uint(&w, want->session);
    canon_write_uint(&w, want->number);
    canon_write_bin(&w, want->places);
    return canon_written(&w).len;
}

enum err_code message_want_at_decode(struct message_want_at *want, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_want_at read = {.session = 0};
    enum err_code rc = read_fields(&r, 3);
    if (rc == ERR_OK) {
        rc = read_u32(&r, &read.session, UINT32_MAX);
    }
    if (rc == ERR_OK) {
        rc = read_u32(&r, &read.number, UINT32_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_bin(&r, &read.places, MESSAGE_PLACES_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK && (read.places.len == 0 || read.places.at[read.places.len - 1] == 0)) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *want = read;
    }
    return rc;
}

/* ---- One number, and JOINED --------------------------------------------------------------- */

static size_t encode_number(uint8_t out[MESSAGE_CODE_CAP], uint64_t number)
{
    struct canon_writer w = canon_writer_of(out, MESSAGE_CODE_CAP);
    canon_write_array(&w, 1);
    canon_write_uint(&w, number);
    return canon_written(&w).len;
}

static enum err_code decode_number(uint64_t *number, struct octets payload, uint64_t max)
{
    struct canon_reader r = canon_reader_of(payload);
    uint64_t read = 0;
    enum err_code rc = read_fields(&r, 1);
    if (rc == ERR_OK) {
        rc = canon_read_uint(&r, &read, max);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        *number = read;
    }
    return rc;
}

static enum err_code code_of(uint64_t number)
{
    return number < ERR_CODES_COUNT ? (enum err_code)number : ERR_REFUSED;
}

size_t message_recon_end_encode(uint8_t out[MESSAGE_CODE_CAP], uint32_t session)
{
    return encode_number(out, session);
}

enum err_code message_recon_end_decode(uint32_t *session, struct octets payload)
{
    uint64_t number;
    enum err_code rc = decode_number(&number, payload, UINT32_MAX);
    if (rc == ERR_OK) {
        *session = (uint32_t)number;
    }
    return rc;
}

size_t message_bye_encode(uint8_t out[MESSAGE_CODE_CAP], enum err_code reason)
{
    return encode_number(out, (uint64_t)reason);
}

enum err_code message_bye_decode(enum err_code *reason, struct octets payload)
{
    uint64_t number;
    enum err_code rc = decode_number(&number, payload, CODE_MAX);
    if (rc == ERR_OK) {
        *reason = code_of(number);
    }
    return rc;
}

size_t message_joined_encode(uint8_t out[MESSAGE_JOINED_CAP], enum err_code status,
                             struct octets text)
{
    assert(text.len <= MESSAGE_TEXT_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_JOINED_CAP);
    canon_write_array(&w, 2);
    canon_write_uint(&w, (uint64_t)status);
    canon_write_str(&w, text);
    return canon_written(&w).len;
}

enum err_code message_joined_decode(enum err_code *status, struct octets *text,
                                    struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    uint64_t number = 0;
    struct octets read_text = octets_of(NULL, 0);
    enum err_code rc = read_fields(&r, 2);
    if (rc == ERR_OK) {
        rc = canon_read_uint(&r, &number, CODE_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_str(&r, &read_text, MESSAGE_TEXT_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        *status = code_of(number);
        *text = read_text;
    }
    return rc;
}
