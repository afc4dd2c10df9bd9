#include "proto/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(NOISE_KEY_LEN == crypto_scalarmult_BYTES, "X25519");

void noise_keypair_from_secret(struct noise_keypair *pair, const uint8_t secret[NOISE_KEY_LEN])
{
    memmove(pair->secret, secret, NOISE_KEY_LEN);
    (void)crypto_scalarmult_base(pair->public, pair->secret);
}

static struct octets key_octets(const uint8_t key[NOISE_KEY_LEN])
{
    return octets_of(key, NOISE_KEY_LEN);
}

static void copy_keys(struct noise_handshake *h, const struct noise_handshake_config *config)
{
    h->has_local = config->local != NULL;
    if (h->has_local) {
        h->local = *config->local;
    }
    h->has_ephemeral_secret = config->ephemeral_secret != NULL;
    if (h->has_ephemeral_secret) {
        memcpy(h->ephemeral.secret, config->ephemeral_secret, NOISE_KEY_LEN);
    }
    h->has_remote_static = config->remote_public != NULL;
    if (h->has_remote_static) {
        memcpy(h->remote_static, config->remote_public, NOISE_KEY_LEN);
    }
    assert(config->psks_count <= NOISE_PSKS_MAX);
    for (size_t i = 0; i < config->psks_count; i++) {
        memcpy(h->psks[i], config->psks[i], NOISE_KEY_LEN);
    }
    h->psks_count = (uint8_t)config->psks_count;
}

/* The static key that one role has shown, or shows, before the first message. */
static void mix_known_key(struct noise_handshake *h, enum noise_role whose)
{
    bool ours = whose == h->role;
    assert(ours ? h->has_local : h->has_remote_static);
    noise_symmetric_mix_hash(&h->symmetric, key_octets(ours ? h->local.public : h->remote_static));
}

enum err_code noise_handshake_init(struct noise_handshake *h,
                                   const struct noise_handshake_config *config)
{
    struct noise_pattern pattern;
    enum err_code rc = noise_pattern_find(&pattern, config->protocol_name);
    if (rc != ERR_OK) {
        return rc;
    }
    memset(h, 0, sizeof *h);
    h->pattern = pattern;
    h->role = config->role;
    copy_keys(h, config);

    noise_symmetric_init(&h->symmetric, config->protocol_name);
    noise_symmetric_mix_hash(&h->symmetric, config->prologue);
    if (pattern.initiator_known) {
        mix_known_key(h, NOISE_INITIATOR);
    }
    if (pattern.responder_known) {
        mix_known_key(h, NOISE_RESPONDER);
    }
    return ERR_OK;
}

void noise_handshake_close(struct noise_handshake *h)
{
    sodium_memzero(h, sizeof *h);
}

bool noise_handshake_is_done(const struct noise_handshake *h)
{
    return h->messages_done == h->pattern.messages_count;
}

bool noise_handshake_is_our_turn(const struct noise_handshake *h)
{
    enum noise_role writer = h->messages_done % 2 == 0 ? NOISE_INITIATOR : NOISE_RESPONDER;
    return !noise_handshake_is_done(h) && writer == h->role;
}

/* Whether a psk stands before the next message's tokens (only the first can have one there), or
 * after them. */
static bool has_psk_before(const struct noise_handshake *h)
{
    return h->messages_done == 0 && (h->pattern.psk_marks & 1U) != 0;
}

static bool has_psk_after(const struct noise_handshake *h)
{
    return (h->pattern.psk_marks >> (h->messages_done + 1U) & 1U) != 0;
}

size_t noise_handshake_message_len(const struct noise_handshake *h)
{
    assert(!noise_handshake_is_done(h));
    bool has_key = h->symmetric.cipher.has_key || has_psk_before(h);
    size_t len = 0;
    const uint8_t *token = h->pattern.tokens[h->messages_done];
    for (; *token != NOISE_END; token++) {
        if (*token == NOISE_E) {
            len += NOISE_KEY_LEN;
            has_key = has_key || h->pattern.has_psk;
        } else if (*token == NOISE_S) {
            len += has_key ? NOISE_KEY_LEN + NOISE_TAG_LEN : NOISE_KEY_LEN;
        } else {
            has_key = true;
        }
    }
    return len + (has_key || has_psk_after(h) ? NOISE_TAG_LEN : 0);
}

static void mix_psk(struct noise_handshake *h)
{
    assert(h->psks_used < h->psks_count);
    noise_symmetric_mix_key_and_hash(&h->symmetric, key_octets(h->psks[h->psks_used]));
    h->psks_used++;
}

/* An "e" as both sides mix it; with psks it also goes into the key (section 9.2). */
static void mix_ephemeral(struct noise_handshake *h, const uint8_t public[NOISE_KEY_LEN])
{
    noise_symmetric_mix_hash(&h->symmetric, key_octets(public));
    if (h->pattern.has_psk) {
        noise_symmetric_mix_key(&h->symmetric, key_octets(public));
    }
}

static enum err_code mix_shared(struct noise_handshake *h, const struct noise_keypair *ours,
                                const uint8_t theirs[NOISE_KEY_LEN])
{
    uint8_t shared[NOISE_KEY_LEN];
    /* An all-zero result means a point of small order: the secret would be known to anyone. */
    enum err_code rc =
        crypto_scalarmult(shared, ours->secret, theirs) == 0 ? ERR_OK : ERR_HANDSHAKE;
    if (rc == ERR_OK) {
        noise_symmetric_mix_key(&h->symmetric, key_octets(shared));
    }
    sodium_memzero(shared, sizeof shared);
    return rc;
}

/* ee, es, se, ss: the first letter is the initiator's key, the second the responder's. */
static enum err_code mix_dh(struct noise_handshake *h, enum noise_token token)
{
    bool initiator_static = token == NOISE_SE || token == NOISE_SS;
    bool responder_static = token == NOISE_ES || token == NOISE_SS;
    bool initiator = h->role == NOISE_INITIATOR;
    bool local_static = initiator ? initiator_static : responder_static;
    bool remote_static = initiator ? responder_static : initiator_static;
    assert(local_static ? h->has_local : h->has_ephemeral_secret);
    assert(!remote_static || h->has_remote_static);
    return mix_shared(h, local_static ? &h->local : &h->ephemeral,
                      remote_static ? h->remote_static : h->remote_ephemeral);
}

static enum err_code write_token(struct noise_handshake *h, struct octets_room *message,
                                 enum noise_token token)
{
    uint8_t *out = message->at + message->len;
    enum err_code rc = ERR_OK;
    if (token == NOISE_E) {
        assert(h->has_ephemeral_secret);
        noise_keypair_from_secret(&h->ephemeral, h->ephemeral.secret);
        memcpy(out, h->ephemeral.public, NOISE_KEY_LEN);
        message->len += NOISE_KEY_LEN;
        mix_ephemeral(h, h->ephemeral.public);
    } else if (token == NOISE_S) {
        assert(h->has_local);
        message->len += NOISE_KEY_LEN + noise_cipher_tag_len(&h->symmetric.cipher);
        rc = noise_symmetric_seal(&h->symmetric, out, key_octets(h->local.public));
    } else {
        rc = mix_dh(h, token);
    }
    return rc;
}

/* Takes the token's octets off the front of *rest, which is known to hold them. */
static enum err_code read_token(struct noise_handshake *h, struct octets *rest,
                                enum noise_token token)
{
    size_t used_len = 0;
    enum err_code rc = ERR_OK;
    if (token == NOISE_E) {
        used_len = NOISE_KEY_LEN;
        memcpy(h->remote_ephemeral, rest->at, NOISE_KEY_LEN);
        mix_ephemeral(h, h->remote_ephemeral);
    } else if (token == NOISE_S) {
        used_len = NOISE_KEY_LEN + noise_cipher_tag_len(&h->symmetric.cipher);
        rc = noise_symmetric_open(&h->symmetric, h->remote_static, octets_of(rest->at, used_len));
        h->has_remote_static = true;
    } else {
        rc = mix_dh(h, token);
    }
    rest->at += used_len;
    rest->len -= used_len;
    return rc;
}

static enum err_code write_message(struct noise_handshake *h, struct octets_room *message,
                                   struct octets payload)
{
    enum err_code rc = ERR_OK;
    if (has_psk_before(h)) {
        mix_psk(h);
    }
    const uint8_t *token = h->pattern.tokens[h->messages_done];
    for (; rc == ERR_OK && *token != NOISE_END; token++) {
        rc = write_token(h, message, (enum noise_token)(*token));
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (has_psk_after(h)) {
        mix_psk(h);
    }
    uint8_t *out = message->at + message->len;
    message->len += payload.len + noise_cipher_tag_len(&h->symmetric.cipher);
    return noise_symmetric_seal(&h->symmetric, out, payload);
}

enum err_code noise_handshake_write(struct noise_handshake *h, struct octets_room *message,
                                    struct octets payload)
{
    if (h->failed) {
        return ERR_HANDSHAKE;
    }
    assert(noise_handshake_is_our_turn(h));
    size_t bare_len = noise_handshake_message_len(h);
    if (payload.len > NOISE_MESSAGE_MAX - bare_len ||
        bare_len + payload.len > message->cap - message->len) {
        return ERR_TOO_LARGE;
    }
    size_t len_before = message->len;
    if (write_message(h, message, payload) != ERR_OK) {
        message->len = len_before;
        h->failed = true;
        return ERR_HANDSHAKE;
    }
    h->messages_done++;
    return ERR_OK;
}

static enum err_code read_message(struct noise_handshake *h, uint8_t *payload,
                                  struct octets message)
{
    enum err_code rc = ERR_OK;
    if (has_psk_before(h)) {
        mix_psk(h);
    }
    const uint8_t *token = h->pattern.tokens[h->messages_done];
    for (; rc == ERR_OK && *token != NOISE_END; token++) {
        rc = read_token(h, &message, (enum noise_token)(*token));
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (has_psk_after(h)) {
        mix_psk(h);
    }
    return noise_symmetric_open(&h->symmetric, payload, message);
}

enum err_code noise_handshake_read(struct noise_handshake *h, struct octets_room *payload,
                                   struct octets message)
{
    if (h->failed) {
        return ERR_HANDSHAKE;
    }
    assert(!noise_handshake_is_done(h) && !noise_handshake_is_our_turn(h));
    size_t bare_len = noise_handshake_message_len(h);
    if (message.len < bare_len || message.len > NOISE_MESSAGE_MAX) {
        h->failed = true;
        return ERR_HANDSHAKE;
    }
    size_t payload_len = message.len - bare_len;
    if (payload_len > payload->cap - payload->len) {
        return ERR_TOO_LARGE;
    }
    if (read_message(h, payload->at + payload->len, message) != ERR_OK) {
        h->failed = true;
        return ERR_HANDSHAKE;
    }
    payload->len += payload_len;
    h->messages_done++;
    return ERR_OK;
}

void noise_handshake_split(const struct noise_handshake *h, struct noise_cipher *send,
                           struct noise_cipher *receive)
{
    assert(noise_handshake_is_done(h) && !h->failed);
    bool initiator = h->role == NOISE_INITIATOR;
    noise_symmetric_split(&h->symmetric, initiator ? send : receive, initiator ? receive : send);
}
