/* noise.h - the Noise Protocol Framework, revision 34, as Noise_*_25519_ChaChaPoly_BLAKE2b.
 *
 * Written over libsodium's primitives and nothing else: X25519, ChaCha20-Poly1305 (IETF nonce: four
 * zero octets, then the counter as a little-endian u64), BLAKE2b-512.  Pure: no I/O, no
 * allocation, no clock, no randomness; the caller draws the ephemeral secret and never uses it
 * twice.  Section numbers are those of the Noise specification.
 *
 * The structs hold secrets.  Keep them in sodium_malloc() memory or wipe them; the _close
 * functions wipe. */
#ifndef KITH_PROTO_NOISE_H
#define KITH_PROTO_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/octets.h"

#define NOISE_KEY_LEN     32 /* X25519 keys, cipher keys and pre-shared keys */
#define NOISE_HASH_LEN    64
#define NOISE_TAG_LEN     16
#define NOISE_MESSAGE_MAX 65535 /* octets of any Noise message, tags included */
#define NOISE_PSKS_MAX    4

struct noise_keypair {
    uint8_t secret[NOISE_KEY_LEN];
    uint8_t public[NOISE_KEY_LEN];
};

/* The pair of a secret: any 32 octets, clamped as X25519 does it. */
void noise_keypair_from_secret(struct noise_keypair *pair, const uint8_t secret[NOISE_KEY_LEN]);

/* CipherState (section 5.1): one direction of an established channel. */
struct noise_cipher {
    uint8_t key[NOISE_KEY_LEN];
    uint64_t nonce; /* of the next message */
    bool has_key;   /* without one, plain text passes as it is and no tag is added */
};

/* Start with a key and nonce 0. */
void noise_cipher_init(struct noise_cipher *c, const uint8_t key[NOISE_KEY_LEN]);
void noise_cipher_close(struct noise_cipher *c);

/* How many octets sealing adds: NOISE_TAG_LEN, or 0 as long as there is no key. */
size_t noise_cipher_tag_len(const struct noise_cipher *c);

/* Encrypt plain into out[0 .. plain.len + tag).  out may be plain.at itself, but may not overlap
 * it otherwise.
 *
 *   ERR_FLOOD  the nonces of this key are used up */
MUST_USE enum err_code noise_cipher_seal(struct noise_cipher *c, uint8_t *out, struct octets ad,
                                         struct octets plain);

/* Decrypt sealed into out[0 .. sealed.len - tag); out may be sealed.at itself.  After an error the
 * nonce is unchanged and out holds nothing of use.
 *
 *   ERR_DECRYPT  shorter than a tag, or not authentic
 *   ERR_FLOOD    the nonces of this key are used up */
MUST_USE enum err_code noise_cipher_open(struct noise_cipher *c, uint8_t *out, struct octets ad,
                                         struct octets sealed);

/* Replace the key by the one derived from it (section 4.2, REKEY); the nonce goes on. */
void noise_cipher_rekey(struct noise_cipher *c);
/* The same after every so many messages, where both sides count them alike (section 11.3): to be
 * called once after each. */
void noise_cipher_rekey_each(struct noise_cipher *c, uint64_t messages_count);

/* SymmetricState (section 5.2). */
struct noise_symmetric {
    struct noise_cipher cipher;
    uint8_t chaining_key[NOISE_HASH_LEN];
    uint8_t hash[NOISE_HASH_LEN];
};

void noise_symmetric_init(struct noise_symmetric *s, const char *protocol_name);
void noise_symmetric_close(struct noise_symmetric *s);
void noise_symmetric_mix_hash(struct noise_symmetric *s, struct octets octets);
void noise_symmetric_mix_key(struct noise_symmetric *s, struct octets input);
void noise_symmetric_mix_key_and_hash(struct noise_symmetric *s, struct octets input);
/* As noise_cipher_seal() and _open(), with the hash as associated data and mixed in after. */
MUST_USE enum err_code noise_symmetric_seal(struct noise_symmetric *s, uint8_t *out,
                                            struct octets plain);
MUST_USE enum err_code noise_symmetric_open(struct noise_symmetric *s, uint8_t *out,
                                            struct octets sealed);
void noise_symmetric_split(const struct noise_symmetric *s, struct noise_cipher *first,
                           struct noise_cipher *second);

/* HKDF with two or three outputs of NOISE_HASH_LEN octets each (section 4.3). */
void noise_hkdf(uint8_t (*outputs)[NOISE_HASH_LEN], size_t outputs_count,
                const uint8_t chaining_key[NOISE_HASH_LEN], struct octets input);

enum noise_token {
    NOISE_END = 0, /* ends a message's list of tokens */
    NOISE_E,
    NOISE_S,
    NOISE_EE,
    NOISE_ES,
    NOISE_SE,
    NOISE_SS
};

#define NOISE_TOKENS_MAX   6 /* in one message, the NOISE_END among them */
#define NOISE_MESSAGES_MAX 4

/* A handshake pattern (section 7): who knows which static key beforehand, then the tokens of
 * each message, the initiator's first. */
struct noise_pattern {
    const char *name; /* "XK": without modifiers */
    bool initiator_known;
    bool responder_known;
    bool has_psk;      /* a modifier is there, so that "e" mixes the key too (section 9.2) */
    uint8_t psk_marks; /* bit 0: a psk before the first message; bit n: one after message n */
    uint8_t messages_count;
    uint8_t tokens[NOISE_MESSAGES_MAX][NOISE_TOKENS_MAX]; /* of enum noise_token */
};

/* The pattern of "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b" and its like: the 12 interactive, 3
 * one-way and 23 deferred patterns, each with any modifiers "pskN+pskM".
 *
 *   ERR_NOT_FOUND  another pattern, modifier or primitive */
MUST_USE enum err_code noise_pattern_find(struct noise_pattern *pattern, const char *protocol_name);

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

/* What a side starts from.  Everything is copied; what its pattern does not need is NULL. */
struct noise_handshake_config {
    const char *protocol_name;
    enum noise_role role;
    struct octets prologue;
    const struct noise_keypair *local;
    const uint8_t *ephemeral_secret; /* NOISE_KEY_LEN fresh random octets */
    const uint8_t *remote_public;    /* the other's static key, where it is known beforehand */
    const uint8_t (*psks)[NOISE_KEY_LEN];
    size_t psks_count;
};

/* HandshakeState (section 5.3). */
struct noise_handshake {
    struct noise_symmetric symmetric;
    struct noise_pattern pattern;
    struct noise_keypair local;
    struct noise_keypair ephemeral;
    uint8_t remote_static[NOISE_KEY_LEN];
    uint8_t remote_ephemeral[NOISE_KEY_LEN];
    uint8_t psks[NOISE_PSKS_MAX][NOISE_KEY_LEN];
    enum noise_role role;
    uint8_t psks_count;
    uint8_t psks_used;
    uint8_t messages_done;
    bool has_local;
    bool has_ephemeral_secret;
    bool has_remote_static;
    bool failed;
};

/* Start a handshake.  A key that the pattern needs and config lacks is the caller's bug.
 *
 *   ERR_NOT_FOUND  see noise_pattern_find() */
MUST_USE enum err_code noise_handshake_init(struct noise_handshake *h,
                                            const struct noise_handshake_config *config);
void noise_handshake_close(struct noise_handshake *h);

bool noise_handshake_is_done(const struct noise_handshake *h);
/* Whether the next message is ours to write; false once done. */
bool noise_handshake_is_our_turn(const struct noise_handshake *h);
/* How long the next message is with an empty payload; not to be asked once done. */
size_t noise_handshake_message_len(const struct noise_handshake *h);

/* Write the next message behind what message holds already.  Only in our turn.
 *
 *   ERR_TOO_LARGE  it exceeds NOISE_MESSAGE_MAX or the room; nothing has changed
 *   ERR_HANDSHAKE  a shared secret is all zero, or the handshake failed before */
MUST_USE enum err_code noise_handshake_write(struct noise_handshake *h, struct octets_room *message,
                                             struct octets payload);

/* Read the other's next message and put its payload behind what payload holds already.  Only
 * when it is not our turn.  The first failure is final.
 *
 *   ERR_HANDSHAKE  too short or too long, not authentic, an all-zero shared secret, or the
 *                  handshake failed before
 *   ERR_TOO_LARGE  the payload exceeds the room; nothing has changed */
MUST_USE enum err_code noise_handshake_read(struct noise_handshake *h, struct octets_room *payload,
                                            struct octets message);

/* The channel's two directions; only once done.  In a one-way pattern one of them stays unused:
 * the responder's send, the initiator's receive. */
void noise_handshake_split(const struct noise_handshake *h, struct noise_cipher *send,
                           struct noise_cipher *receive);

#endif
