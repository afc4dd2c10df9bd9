#include "proto/session.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/session_input.h"
#include "proto/session_output.h"
#include "proto/session_waiting.h"

#define PROTOCOL_NAME "Noise_XK_25519_ChaChaPoly_BLAKE2b"
#define PROLOGUE      "kith/1"

/* The longest of XK's three messages without payload: a key, its tag, the payload's tag. */
#define HANDSHAKE_MESSAGE_MAX 64

/* Whoever has not proven a key yet gets to fill this much of the input and no more. */
#define HANDSHAKE_INPUT_MAX 4096

#define CREDIT_LEN 4 /* octets of its payload, a u32 */

/* Sealing what waits adds less than this part of it. */
#define WAITING_SEALED_PART 1024

/* Kept free for frames that need no credit, so that credit can be given even where nothing else can
 * be sent: otherwise two sides that both wait for it would wait for ever. */
#define FREE_FRAMES_LEN 512

#define PAUSE_LEN  ((size_t)SESSION_OUTPUT_MAX / 4 * 3)
#define RESUME_LEN ((size_t)SESSION_OUTPUT_MAX / 2)

enum session_state {
    SESSION_SHAKING,
    SESSION_PROVEN, /* the handshake is done, SESSION_ESTABLISHED not told yet */
    SESSION_OPEN,
    SESSION_CLOSED
};

/* In memory that is locked and guarded. */
struct session_secrets {
    struct noise_handshake handshake; /* wiped once done */
    struct noise_cipher send;
    struct noise_cipher receive;
};

struct session {
    struct session_secrets *secrets;
    struct session_input input;
    struct session_output output;
    struct session_waiting waiting;
    enum session_state state;
    enum err_code closed_by;
    uint64_t now_ms;
    uint64_t quiet_since_ms; /* the session's start, then the last valid frame */
    uint8_t remote_public[NOISE_KEY_LEN];
    uint8_t handshake_hash[NOISE_HASH_LEN];
    uint32_t may_send;       /* octets of frames the peer gives credit for */
    uint32_t may_receive;    /* and those it has credit for */
    uint32_t taken_len;      /* handed out and done with, not given credit for yet */
    uint32_t handed_len;     /* of the frame handed out last */
    uint32_t messages_count; /* opened, and frames found in them, since session_work() */
    uint32_t frames_count;
    bool ping_sent;   /* since the last valid frame */
    bool pong_queued; /* and not yet taken by session_output() */
    bool pausing;
};

static enum err_code close_session(struct session *s, enum err_code why)
{
    s->state = SESSION_CLOSED;
    s->closed_by = why;
    return why;
}

static void move_clock(struct session *s, uint64_t now_ms)
{
    assert(now_ms >= s->now_ms); /* the driver owns a monotonic clock */
    s->now_ms = now_ms;
}

static void start_handshake(struct session *s, const struct session_config *config)
{
    assert((config->role == NOISE_INITIATOR) == (config->remote_public != NULL));
    struct noise_handshake_config noise = {
        .protocol_name = PROTOCOL_NAME,
        .role = config->role,
        .prologue = octets_of_text(PROLOGUE),
        .local = config->local,
        .ephemeral_secret = config->ephemeral_secret,
        .remote_public = config->remote_public,
    };
    enum err_code rc = noise_handshake_init(&s->secrets->handshake, &noise);
    assert(rc == ERR_OK); /* the name is ours */
    (void)rc;
}

enum err_code session_new(struct session **session, const struct session_config *config)
{
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_NO_MEMORY;
    }
    s->secrets = sodium_malloc(sizeof *s->secrets);
    if (s->secrets == NULL) {
        session_free(s);
        return ERR_NO_MEMORY;
    }
    sodium_memzero(s->secrets, sizeof *s->secrets);
    s->input.pool = config->pool;
    s->output.pool = config->pool;
    s->waiting.pool = config->pool;
    s->may_send = SESSION_CREDIT_START;
    s->may_receive = SESSION_CREDIT_START;
    s->now_ms = config->now_ms;
    s->quiet_since_ms = config->now_ms;
    start_handshake(s, config);
    *session = s;
    return ERR_OK;
}

void session_free(struct session *s)
{
    if (s == NULL) {
        return;
    }
    session_waiting_close(&s->waiting);
    session_output_close(&s->output);
    session_input_close(&s->input);
    sodium_free(s->secrets);
    free(s);
}

struct octets_room session_room(struct session *s)
{
    struct octets_room room = session_input_room(&s->input);
    if (s->state == SESSION_SHAKING && room.cap > HANDSHAKE_INPUT_MAX) {
        room.cap = HANDSHAKE_INPUT_MAX;
    }
    return room;
}

void session_received(struct session *s, size_t len, uint64_t now_ms)
{
    move_clock(s, now_ms);
    session_input_filled(&s->input, len);
}

size_t session_feed(struct session *s, struct octets octets, uint64_t now_ms)
{
    struct octets_room room = session_room(s);
    size_t len = octets.len < room.cap ? octets.len : room.cap;
    if (len > 0) {
        memcpy(room.at, octets.at, len);
    }
    session_received(s, len, now_ms);
    return len;
}

/* Whether session_handshake_step() has something to do.  Every handshake message has one length, so
 * that another length, a payload among the reasons, is refused before any work is done for it. */
static enum err_code handshake_is_due(struct session *s, bool *due)
{
    const struct noise_handshake *h = &s->secrets->handshake;
    *due = noise_handshake_is_our_turn(h);
    size_t announced_len = 0;
    if (*due || session_input_announced(&s->input, &announced_len) != ERR_OK) {
        return ERR_OK;
    }
    if (announced_len != noise_handshake_message_len(h)) {
        return close_session(s, ERR_HANDSHAKE);
    }
    *due = session_input_has_message(&s->input);
    return ERR_OK;
}

static enum err_code write_handshake(struct session *s)
{
    uint8_t octets[HANDSHAKE_MESSAGE_MAX];
    struct octets_room message = {.at = octets, .cap = sizeof octets};
    enum err_code rc = noise_handshake_write(&s->secrets->handshake, &message, octets_of(NULL, 0));
    if (rc == ERR_OK) {
        rc = session_output_open(&s->output, SESSION_LENGTH_LEN + message.len);
    }
    if (rc == ERR_OK) {
        session_output_put_message(&s->output, octets_of(octets, message.len));
    }
    return rc;
}

static enum err_code read_handshake(struct session *s)
{
    uint8_t none = 0;
    struct octets_room payload = {.at = &none, .cap = 0};
    struct octets message;
    enum err_code rc = session_input_take(&s->input, &message);
    return rc == ERR_OK ? noise_handshake_read(&s->secrets->handshake, &payload, message) : rc;
}

static void finish_handshake(struct session *s)
{
    struct noise_handshake *h = &s->secrets->handshake;
    noise_handshake_split(h, &s->secrets->send, &s->secrets->receive);
    memcpy(s->remote_public, h->remote_static, NOISE_KEY_LEN);
    memcpy(s->handshake_hash, h->symmetric.hash, NOISE_HASH_LEN);
    noise_handshake_close(h);
    s->quiet_since_ms = s->now_ms;
    s->state = SESSION_PROVEN;
}

enum err_code session_handshake_step(struct session *s)
{
    if (s->state == SESSION_CLOSED) {
        return s->closed_by;
    }
    assert(s->state == SESSION_SHAKING);
    const struct noise_handshake *h = &s->secrets->handshake;
    enum err_code rc = noise_handshake_is_our_turn(h) ? ERR_OK : read_handshake(s);
    if (rc == ERR_OK && noise_handshake_is_our_turn(h)) {
        rc = write_handshake(s);
    }
    if (rc != ERR_OK) {
        return close_session(s, ERR_HANDSHAKE);
    }
    if (noise_handshake_is_done(h)) {
        finish_handshake(s);
    }
    return ERR_OK;
}

static void weigh_output(struct session *s)
{
    size_t pending_len = session_output_pending(s);
    s->pausing = pending_len > PAUSE_LEN || (s->pausing && pending_len >= RESUME_LEN);
}

/* A frame that needs no credit finds room behind all that waits for some. */
static bool fits(const struct session *s, enum frame_type type, size_t len)
{
    size_t waiting_len = session_waiting_len(&s->waiting);
    size_t kept_len = waiting_len + waiting_len / WAITING_SEALED_PART + FREE_FRAMES_LEN;
    return session_output_fits(&s->output, len, frame_type_is_free((uint8_t)type) ? 0 : kept_len);
}

static void put_frame(struct session *s, const uint8_t header[FRAME_HEADER_LEN],
                      struct octets payload)
{
    session_output_put(&s->output, &s->secrets->send, octets_of(header, FRAME_HEADER_LEN));
    session_output_put(&s->output, &s->secrets->send, payload);
}

static bool has_credit(const struct session *s, size_t len)
{
    return session_waiting_len(&s->waiting) == 0 && len <= s->may_send;
}

/* Take from those that wait what there is credit and room for. */
static enum err_code send_waiting(struct session *s)
{
    struct octets front = session_waiting_front(&s->waiting);
    while (front.len > 0 && front.len <= s->may_send &&
           session_output_fits(&s->output, front.len, FREE_FRAMES_LEN)) {
        enum err_code rc = session_output_open(&s->output, 0);
        if (rc != ERR_OK) {
            return rc;
        }
        s->may_send -= (uint32_t)front.len;
        session_output_put(&s->output, &s->secrets->send, front);
        session_waiting_drop_front(&s->waiting);
        front = session_waiting_front(&s->waiting);
    }
    return ERR_OK;
}

static enum err_code queue_frame(struct session *s, enum frame_type type, struct octets payload)
{
    size_t len = FRAME_HEADER_LEN + payload.len;
    uint8_t header[FRAME_HEADER_LEN];
    frame_put_header(header, (uint8_t)type, payload.len);
    bool free_of_credit = frame_type_is_free((uint8_t)type);
    if (!free_of_credit && !has_credit(s, len)) {
        return session_waiting_put(&s->waiting, header, payload);
    }
    enum err_code rc = session_output_open(&s->output, 0);
    if (rc == ERR_OK) {
        s->may_send -= free_of_credit ? 0 : (uint32_t)len;
        put_frame(s, header, payload);
    }
    return rc;
}

enum err_code session_send(struct session *s, enum frame_type type, struct octets payload)
{
    if (s->state == SESSION_CLOSED) {
        return s->closed_by;
    }
    if (s->state == SESSION_SHAKING) {
        return ERR_UNEXPECTED;
    }
    if (payload.len > FRAME_MAX) {
        return ERR_TOO_LARGE;
    }
    if (!fits(s, type, FRAME_HEADER_LEN + payload.len)) {
        return ERR_FLOOD;
    }
    enum err_code rc = queue_frame(s, type, payload);
    weigh_output(s);
    return rc;
}

/* The peer has credit for what was handed out before and is done with now. */
static void give_credit(struct session *s)
{
    uint8_t payload[CREDIT_LEN];
    if (s->taken_len < SESSION_CREDIT_STEP) {
        return;
    }
    octets_put_u32be(payload, s->taken_len);
    if (session_send(s, FRAME_CREDIT, octets_of(payload, sizeof payload)) == ERR_OK) {
        s->may_receive += s->taken_len;
        s->taken_len = 0;
    }
}

static enum err_code on_credit(struct session *s, struct octets payload)
{
    uint32_t more_len = payload.len == CREDIT_LEN ? octets_get_u32be(payload.at) : 0;
    if (more_len == 0 || more_len > SESSION_CREDIT_MAX - s->may_send) {
        return ERR_MALFORMED;
    }
    s->may_send += more_len;
    return send_waiting(s);
}

static enum err_code on_own_frame(struct session *s, const struct frame *frame)
{
    if (frame->type == FRAME_CREDIT) {
        return on_credit(s, frame->payload);
    }
    if (frame->type != FRAME_PAD && frame->payload.len > 0) {
        return ERR_MALFORMED;
    }
    if (frame->type == FRAME_PING && !s->pong_queued) {
        /* One answer to however many came since the last write.  None where the output is full:
         * there is enough on its way to show that this side lives. */
        s->pong_queued = session_send(s, FRAME_PONG, octets_of(NULL, 0)) == ERR_OK;
    }
    return ERR_OK;
}

/* SESSION_FRAME if the frame is for the caller, SESSION_WAITING if it was for the session. */
static enum err_code on_frame(struct session *s, enum session_event *event,
                              const struct frame *frame)
{
    enum err_code rc = ERR_OK;
    bool own = frame_type_is_free(frame->type) && frame->type != FRAME_BYE;
    if (own) {
        rc = on_own_frame(s, frame);
    } else if (frame->type != FRAME_BYE) {
        uint32_t len = (uint32_t)(FRAME_HEADER_LEN + frame->payload.len);
        rc = len <= s->may_receive ? ERR_OK : ERR_FLOOD;
        s->may_receive -= rc == ERR_OK ? len : 0;
        s->handed_len = len;
    }
    if (rc == ERR_OK) {
        s->quiet_since_ms = s->now_ms; /* SPEC 6.2: any valid frame restarts the idle timer */
        s->ping_sent = false;
        *event = own || frame_is_extension(frame) ? SESSION_WAITING : SESSION_FRAME;
    }
    return rc;
}

/* Whoever asks for the next frame is done with the last one. */
static void finish_frame(struct session *s)
{
    s->taken_len += s->handed_len;
    s->handed_len = 0;
    give_credit(s);
}

/* The next frame for the caller, opening as many messages as it takes. */
static enum err_code next_frame(struct session *s, enum session_event *event, struct frame *frame)
{
    struct frame found;
    for (;;) {
        finish_frame(s);
        enum err_code rc = session_input_frame(&s->input, &found);
        if (rc == ERR_OK) {
            s->frames_count++;
            rc = on_frame(s, event, &found);
            if (rc == ERR_OK && *event == SESSION_FRAME) {
                *frame = found;
                return ERR_OK;
            }
        } else if (rc == ERR_TRUNCATED) {
            rc = session_input_open(&s->input, &s->secrets->receive);
            if (rc == ERR_TRUNCATED) {
                session_input_rest(&s->input);
                *event = SESSION_WAITING;
                return ERR_OK;
            }
            s->messages_count++;
        }
        if (rc != ERR_OK) {
            return close_session(s, rc);
        }
    }
}

/* The step may be made on another thread, where the pool must not be touched: so what it writes has
 * its room now. */
static enum err_code next_while_shaking(struct session *s, enum session_event *event)
{
    bool due = false;
    enum err_code rc = handshake_is_due(s, &due);
    if (rc == ERR_OK && due) {
        rc = session_output_open(&s->output, SESSION_LENGTH_LEN + HANDSHAKE_MESSAGE_MAX);
    }
    if (rc == ERR_OK && !due) {
        session_input_rest(&s->input);
    }
    if (rc == ERR_OK) {
        *event = due ? SESSION_HANDSHAKE_STEP : SESSION_WAITING;
    }
    return rc;
}

enum err_code session_next(struct session *s, enum session_event *event, struct frame *frame)
{
    enum err_code rc = ERR_OK;
    switch (s->state) {
    case SESSION_SHAKING:
        rc = next_while_shaking(s, event);
        break;
    case SESSION_PROVEN:
        s->state = SESSION_OPEN;
        *event = SESSION_ESTABLISHED;
        break;
    case SESSION_OPEN:
        rc = next_frame(s, event, frame);
        break;
    case SESSION_CLOSED:
        rc = s->closed_by;
        break;
    }
    return rc;
}

uint32_t session_work(struct session *s)
{
    uint32_t work = s->messages_count > s->frames_count ? s->messages_count : s->frames_count;
    s->messages_count = 0;
    s->frames_count = 0;
    return work;
}

bool session_is_established(const struct session *s)
{
    return s->state == SESSION_PROVEN || s->state == SESSION_OPEN;
}

const uint8_t *session_remote_public(const struct session *s)
{
    return s->remote_public;
}

const uint8_t *session_handshake_hash(const struct session *s)
{
    return s->handshake_hash;
}

struct octets session_output(struct session *s)
{
    struct octets octets = session_output_take(&s->output, &s->secrets->send);
    s->pong_queued = false;
    weigh_output(s);
    return octets;
}

void session_written(struct session *s, size_t len)
{
    session_output_written(&s->output, len);
    enum err_code rc = send_waiting(s);
    (void)rc; /* without memory they go on waiting */
    weigh_output(s);
}

size_t session_held_len(const struct session *s)
{
    const struct session_buffer *buffers[] = {s->input.buffer, s->output.buffer, s->waiting.buffer};
    size_t len = 0;
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        len += buffers[i] != NULL ? buffers[i]->touched_len : 0;
    }
    return len;
}

size_t session_output_pending(const struct session *s)
{
    return session_output_waiting(&s->output) + session_waiting_len(&s->waiting);
}

bool session_wants_pause(const struct session *s)
{
    return s->pausing;
}

static uint64_t timeout_at_ms(const struct session *s)
{
    return s->quiet_since_ms +
           (s->state == SESSION_SHAKING ? SESSION_HANDSHAKE_TIMEOUT_MS : SESSION_IDLE_TIMEOUT_MS);
}

static bool may_ping(const struct session *s)
{
    return session_is_established(s) && !s->ping_sent;
}

uint64_t session_deadline_ms(const struct session *s)
{
    if (s->state == SESSION_CLOSED) {
        return UINT64_MAX;
    }
    return may_ping(s) ? s->quiet_since_ms + SESSION_PING_AFTER_MS : timeout_at_ms(s);
}

enum err_code session_tick(struct session *s, uint64_t now_ms)
{
    move_clock(s, now_ms);
    if (s->state == SESSION_CLOSED) {
        return s->closed_by;
    }
    if (now_ms >= timeout_at_ms(s)) {
        return close_session(s, ERR_TIMEOUT);
    }
    if (!may_ping(s) || now_ms < s->quiet_since_ms + SESSION_PING_AFTER_MS) {
        return ERR_OK;
    }
    s->ping_sent = true;
    enum err_code rc = session_send(s, FRAME_PING, octets_of(NULL, 0));
    /* Where the output is full the peer has more than a PING to answer. */
    return rc == ERR_FLOOD ? ERR_OK : rc;
}
