#include "tests/support/session_pair.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INITIATOR_FILL = 1, RESPONDER_FILL, INITIATOR_EPHEMERAL_FILL, RESPONDER_EPHEMERAL_FILL };

static struct noise_keypair pair_of(uint8_t fill)
{
    uint8_t secret[NOISE_KEY_LEN];
    struct noise_keypair pair;
    memset(secret, fill, sizeof secret);
    noise_keypair_from_secret(&pair, secret);
    return pair;
}

static void must(enum err_code rc, const char *what)
{
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, err_name(rc));
        abort();
    }
}

struct session *session_alone(enum noise_role role, const uint8_t *dialled)
{
    bool initiator = role == NOISE_INITIATOR;
    struct noise_keypair local = pair_of(initiator ? INITIATOR_FILL : RESPONDER_FILL);
    struct noise_keypair ephemeral =
        pair_of(initiator ? INITIATOR_EPHEMERAL_FILL : RESPONDER_EPHEMERAL_FILL);
    struct session_config config = {
        .role = role,
        .local = &local,
        .ephemeral_secret = ephemeral.secret,
        .remote_public = dialled,
    };
    struct session *s = NULL;
    if (sodium_init() < 0) {
        must(ERR_IO, "sodium_init");
    }
    must(session_new(&s, &config), "session_new");
    return s;
}

void session_pair_open(struct session_pair *pair)
{
    pair->initiator_key = pair_of(INITIATOR_FILL);
    pair->responder_key = pair_of(RESPONDER_FILL);
    pair->initiator = session_alone(NOISE_INITIATOR, pair->responder_key.public);
    pair->responder = session_alone(NOISE_RESPONDER, NULL);
}

enum err_code session_steps(struct session *s)
{
    enum session_event event = SESSION_WAITING;
    struct frame frame;
    enum err_code rc = ERR_OK;
    do {
        rc = session_next(s, &event, &frame);
        if (rc == ERR_OK && event == SESSION_HANDSHAKE_STEP) {
            rc = session_handshake_step(s);
        }
    } while (rc == ERR_OK && event == SESSION_HANDSHAKE_STEP);
    return rc;
}

void session_pair_establish(struct session_pair *pair)
{
    struct session_seen seen = {0};
    session_pair_open(pair);
    must(session_steps(pair->initiator), "message 1");
    must(session_carry(pair->initiator, pair->responder, &seen, SIZE_MAX), "message 2");
    must(session_carry(pair->responder, pair->initiator, &seen, SIZE_MAX), "message 3");
    must(session_carry(pair->initiator, pair->responder, &seen, SIZE_MAX), "the end");
    if (!session_is_established(pair->initiator) || !session_is_established(pair->responder)) {
        must(ERR_HANDSHAKE, "session_pair_establish");
    }
}

void session_pair_close(struct session_pair *pair)
{
    session_free(pair->initiator);
    session_free(pair->responder);
}

static enum err_code take_all(struct session *s, struct session_seen *seen)
{
    enum session_event event = SESSION_WAITING;
    struct frame frame;
    enum err_code rc = ERR_OK;
    do {
        rc = session_next(s, &event, &frame);
        if (rc == ERR_OK && event == SESSION_HANDSHAKE_STEP) {
            rc = session_handshake_step(s);
        } else if (rc == ERR_OK && event == SESSION_FRAME) {
            seen->frames_count++;
            seen->payload_len += frame.payload.len;
            seen->last = frame;
            if (seen->look != NULL) {
                seen->look(seen->context, &frame);
            }
        }
    } while (rc == ERR_OK && event != SESSION_WAITING);
    return rc;
}

enum err_code session_give(struct session *s, struct session_seen *seen, struct octets octets,
                           size_t part_max)
{
    enum err_code rc = take_all(s, seen);
    while (rc == ERR_OK && octets.len > 0) {
        size_t part_len = octets.len < part_max ? octets.len : part_max;
        size_t fed_len = session_feed(s, octets_of(octets.at, part_len), seen->now_ms);
        if (fed_len == 0) {
            must(ERR_NO_SPACE, "a session that waits has room");
        }
        octets = octets_of(octets.at + fed_len, octets.len - fed_len);
        rc = take_all(s, seen);
    }
    return rc;
}

static enum err_code carry_one_way(struct session *from, struct session *to,
                                   struct session_seen *seen, size_t part_max)
{
    enum err_code rc = ERR_OK;
    struct octets octets = session_output(from);
    while (rc == ERR_OK && octets.len > 0) {
        size_t part_len = octets.len < part_max ? octets.len : part_max;
        rc = session_give(to, seen, octets_of(octets.at, part_len), part_len);
        session_written(from, part_len);
        octets = session_output(from);
    }
    return rc;
}

enum err_code session_carry(struct session *from, struct session *to, struct session_seen *seen,
                            size_t part_max)
{
    enum err_code rc = carry_one_way(from, to, seen, part_max);
    while (rc == ERR_OK && session_output_pending(from) > 0) {
        struct session_seen back = {.now_ms = seen->now_ms};
        rc = carry_one_way(to, from, &back, SIZE_MAX);
        rc = rc == ERR_OK ? carry_one_way(from, to, seen, part_max) : rc;
    }
    return rc;
}
