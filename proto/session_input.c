#include "proto/session_input.h"

#include <assert.h>
#include <string.h>

#include "proto/session.h"

void session_input_close(struct session_input *in)
{
    session_buffer_wipe(in->buffer);
    session_pool_give(in->pool, SESSION_BUFFER_INPUT, in->buffer);
    in->buffer = NULL;
}

static bool is_empty(const struct session_input *in)
{
    return in->plain_at == in->plain_end && in->wire_at == in->wire_end;
}

void session_input_rest(struct session_input *in)
{
    if (in->buffer != NULL && is_empty(in)) {
        session_pool_give(in->pool, SESSION_BUFFER_INPUT, in->buffer);
        *in = (struct session_input){.pool = in->pool};
    }
}

/* Close both gaps.  A gap is as long as a message that was opened, and the message that moves is
 * never a whole one, so the moving costs no more than the opening did. */
static void move_to_front(struct session_input *in)
{
    size_t plain_len = in->plain_end - in->plain_at;
    size_t wire_len = in->wire_end - in->wire_at;
    if (in->plain_at > 0) {
        memmove(in->buffer->octets, in->buffer->octets + in->plain_at, plain_len);
    }
    if (in->wire_at > plain_len) {
        memmove(in->buffer->octets + plain_len, in->buffer->octets + in->wire_at, wire_len);
    }
    in->plain_at = 0;
    in->plain_end = plain_len;
    in->wire_at = plain_len;
    in->wire_end = plain_len + wire_len;
}

struct octets_room session_input_room(struct session_input *in)
{
    if (in->buffer == NULL) {
        in->buffer = session_pool_take(in->pool, SESSION_BUFFER_INPUT, SESSION_INPUT_CAP);
    }
    if (in->buffer == NULL) {
        return (struct octets_room){.at = NULL, .cap = 0};
    }
    if (is_empty(in) || SESSION_INPUT_CAP - in->wire_end < SESSION_LENGTH_LEN + NOISE_MESSAGE_MAX) {
        move_to_front(in);
    }
    return (struct octets_room){.at = in->buffer->octets + in->wire_end,
                                .cap = SESSION_INPUT_CAP - in->wire_end};
}

void session_input_filled(struct session_input *in, size_t len)
{
    assert(len <= SESSION_INPUT_CAP - in->wire_end);
    if (len > 0) {
        in->wire_end += len;
        session_pool_touch(in->pool, in->buffer, in->wire_end);
    }
}

enum err_code session_input_announced(const struct session_input *in, size_t *len)
{
    if (in->wire_end - in->wire_at < SESSION_LENGTH_LEN) {
        return ERR_TRUNCATED;
    }
    *len = octets_get_u16be(in->buffer->octets + in->wire_at);
    return ERR_OK;
}

bool session_input_has_message(const struct session_input *in)
{
    size_t len = 0;
    return session_input_announced(in, &len) == ERR_OK &&
           in->wire_end - in->wire_at - SESSION_LENGTH_LEN >= len;
}

enum err_code session_input_take(struct session_input *in, struct octets *message)
{
    if (!session_input_has_message(in)) {
        return ERR_TRUNCATED;
    }
    const uint8_t *length = in->buffer->octets + in->wire_at;
    *message = octets_of(length + SESSION_LENGTH_LEN, octets_get_u16be(length));
    in->wire_at += SESSION_LENGTH_LEN + message->len;
    return ERR_OK;
}

/* Put the message's plain text, which lies at[0 .. len), behind what is there. */
static void join_plain(struct session_input *in, size_t at, size_t len)
{
    if (in->plain_at == in->plain_end) {
        in->plain_at = at;
        in->plain_end = at;
    } else if (in->plain_end != at) {
        memmove(in->buffer->octets + in->plain_end, in->buffer->octets + at, len);
    }
    in->plain_end += len;
}

enum err_code session_input_open(struct session_input *in, struct noise_cipher *cipher)
{
    size_t announced_len = 0;
    enum err_code rc = session_input_announced(in, &announced_len);
    if (rc == ERR_OK && announced_len <= NOISE_TAG_LEN) {
        return ERR_MALFORMED; /* told at once, not when the message is whole */
    }
    struct octets message;
    rc = session_input_take(in, &message);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t at = (size_t)(message.at - in->buffer->octets);
    if (noise_cipher_open(cipher, in->buffer->octets + at, octets_of(NULL, 0), message) != ERR_OK) {
        return ERR_DECRYPT;
    }
    noise_cipher_rekey_each(cipher, SESSION_REKEY_MESSAGES);
    join_plain(in, at, message.len - NOISE_TAG_LEN);
    return ERR_OK;
}

enum err_code session_input_frame(struct session_input *in, struct frame *frame)
{
    if (in->plain_at == in->plain_end) {
        return ERR_TRUNCATED;
    }
    struct octets stream =
        octets_of(in->buffer->octets + in->plain_at, in->plain_end - in->plain_at);
    size_t used_len = 0;
    enum err_code rc = frame_next(frame, &used_len, stream);
    if (rc == ERR_OK) {
        in->plain_at += used_len;
    }
    return rc;
}
