#include "proto/session_output.h"

#include <assert.h>
#include <string.h>

#include "proto/frame.h"
#include "proto/padding.h"
#include "proto/session.h"
#include "proto/session_input.h"

#define OVERHEAD_LEN (SESSION_LENGTH_LEN + NOISE_TAG_LEN)
#define PLAIN_MAX    (NOISE_MESSAGE_MAX - NOISE_TAG_LEN)

/* No message is begun in less room than this; what is left at the buffer's end is left. */
#define ROOM_MIN 256

#define CAP SESSION_OUTPUT_CAP

static void give_back(struct session_output *out)
{
    session_pool_give(out->pool, SESSION_BUFFER_OUTPUT, out->buffer);
    out->buffer = NULL;
}

void session_output_close(struct session_output *out)
{
    session_buffer_wipe(out->buffer);
    give_back(out);
}

enum err_code session_output_open(struct session_output *out, size_t touched_len)
{
    if (out->buffer == NULL) {
        out->buffer = session_pool_take(out->pool, SESSION_BUFFER_OUTPUT, CAP);
    }
    if (out->buffer == NULL) {
        return ERR_NO_MEMORY;
    }
    session_pool_touch(out->pool, out->buffer, touched_len);
    return ERR_OK;
}

/* Where the next octets go: behind the stretch that was filled last. */
static size_t tail_at(const struct session_output *out)
{
    return out->wrapped ? out->second_end : out->first_end;
}

static size_t tail_room_len(const struct session_output *out)
{
    return (out->wrapped ? out->first_at : CAP) - tail_at(out);
}

static void advance_tail(struct session_output *out, size_t len)
{
    size_t *tail = out->wrapped ? &out->second_end : &out->first_end;
    *tail += len;
    session_pool_touch(out->pool, out->buffer, *tail);
}

void session_output_put_message(struct session_output *out, struct octets message)
{
    assert(out->begun_max == 0 && !out->wrapped);
    assert(message.len <= NOISE_MESSAGE_MAX);
    assert(SESSION_LENGTH_LEN + message.len <= tail_room_len(out));
    uint8_t *at = out->buffer->octets + tail_at(out);
    octets_put_u16be(at, (uint16_t)message.len);
    memcpy(at + SESSION_LENGTH_LEN, message.at, message.len);
    advance_tail(out, SESSION_LENGTH_LEN + message.len);
}

bool session_output_fits(const struct session_output *out, size_t plain_len, size_t elsewhere_len)
{
    /* One message more than the length asks for where the last one is cut short by the buffer's
     * end, one by what is being written, one that is begun. */
    size_t messages_count = plain_len / PLAIN_MAX + 3;
    size_t cost_len = plain_len + messages_count * OVERHEAD_LEN;
    return cost_len <= SESSION_OUTPUT_MAX &&
           session_output_waiting(out) + elsewhere_len <= SESSION_OUTPUT_MAX - cost_len;
}

static void begin_message(struct session_output *out)
{
    if (!out->wrapped && tail_room_len(out) < ROOM_MIN) {
        out->wrapped = true;
        out->second_end = 0;
    }
    size_t room_len = tail_room_len(out);
    assert(room_len >= ROOM_MIN); /* session_output_fits() and the slack see to it */
    out->begun_len = 0;
    out->begun_max = room_len - OVERHEAD_LEN < PLAIN_MAX ? room_len - OVERHEAD_LEN : PLAIN_MAX;
}

/* Seal plain (of which the begun message may be the place already) as the message that was begun.
 */
static void seal_message(struct session_output *out, struct noise_cipher *cipher,
                         struct octets plain)
{
    uint8_t *at = out->buffer->octets + tail_at(out);
    octets_put_u16be(at, (uint16_t)(plain.len + NOISE_TAG_LEN));
    enum err_code rc =
        noise_cipher_seal(cipher, at + SESSION_LENGTH_LEN, octets_of(NULL, 0), plain);
    assert(rc == ERR_OK); /* nobody sends 2^64 messages */
    (void)rc;
    noise_cipher_rekey_each(cipher, SESSION_REKEY_MESSAGES);
    advance_tail(out, OVERHEAD_LEN + plain.len);
    out->flush_len += OVERHEAD_LEN + plain.len;
    out->begun_len = 0;
    out->begun_max = 0;
}

static void seal_begun(struct session_output *out, struct noise_cipher *cipher)
{
    const uint8_t *plain = out->buffer->octets + tail_at(out) + SESSION_LENGTH_LEN;
    seal_message(out, cipher, octets_of(plain, out->begun_len));
}

static void copy_to_begun(struct session_output *out, struct octets plain)
{
    size_t at = tail_at(out) + SESSION_LENGTH_LEN + out->begun_len;
    memcpy(out->buffer->octets + at, plain.at, plain.len);
    out->begun_len += plain.len;
    session_pool_touch(out->pool, out->buffer, at + plain.len);
}

void session_output_put(struct session_output *out, struct noise_cipher *cipher,
                        struct octets plain)
{
    while (plain.len > 0) {
        if (out->begun_max == 0) {
            begin_message(out);
        }
        size_t room_len = out->begun_max - out->begun_len;
        struct octets part = octets_of(plain.at, plain.len < room_len ? plain.len : room_len);
        if (out->begun_len == 0 && part.len == out->begun_max) {
            seal_message(out, cipher, part); /* a whole message's worth is never copied */
        } else {
            copy_to_begun(out, part);
            if (out->begun_len == out->begun_max) {
                seal_begun(out, cipher);
            }
        }
        plain = octets_of(plain.at + part.len, plain.len - part.len);
    }
}

/* Once the first stretch is written, the second takes its place. */
static void turn_page(struct session_output *out)
{
    if (out->first_at < out->first_end) {
        return;
    }
    if (out->wrapped) {
        out->first_at = 0;
        out->first_end = out->second_end;
        out->wrapped = false;
    } else if (out->begun_max == 0) {
        out->first_at = 0;
        out->first_end = 0;
    }
}

/* ---- The end of a flush ------------------------------------------------------------------- */

/* What plain_len more octets of plain text add to what is written, when room_len of them fit the
 * message begun and all else goes into one or two more. */
static size_t added_len(size_t plain_len, size_t room_len)
{
    size_t rest_len = plain_len > room_len ? plain_len - room_len : 0;
    return plain_len + (rest_len + PLAIN_MAX - 1) / PLAIN_MAX * OVERHEAD_LEN;
}

/* How long a PAD, header and all, makes the flush of len octets as long as one is allowed to be; 0
 * where it is.  Some lengths cannot be reached, those that would need a PAD shorter than its
 * header, or a message of nothing: then the next one is. */
static size_t pad_len(size_t len, size_t room_len)
{
    size_t target_len = padding_flush_len(len);
    while (target_len != len) {
        size_t missing_len = target_len - len;
        for (size_t overhead_len = 0; overhead_len <= 2 * OVERHEAD_LEN;
             overhead_len += OVERHEAD_LEN) {
            if (missing_len >= overhead_len + FRAME_HEADER_LEN &&
                added_len(missing_len - overhead_len, room_len) == missing_len) {
                return missing_len - overhead_len;
            }
        }
        target_len = padding_flush_len(target_len + 1);
    }
    return 0;
}

/* Nothing else is in the buffer: far behind, the message begun could be cut by the buffer's end. */
static void move_begun_to_front(struct session_output *out)
{
    if (out->first_end <= CAP / 2) {
        return;
    }
    uint8_t *octets = out->buffer->octets;
    memmove(octets + SESSION_LENGTH_LEN, octets + out->first_end + SESSION_LENGTH_LEN,
            out->begun_len);
    out->first_at = 0;
    out->first_end = 0;
    out->begun_max = out->begun_len > 0 ? PLAIN_MAX : 0;
}

static void put_pad(struct session_output *out, struct noise_cipher *cipher, size_t len)
{
    static const uint8_t zeros[1024];
    uint8_t header[FRAME_HEADER_LEN];
    frame_put_header(header, FRAME_PAD, len - FRAME_HEADER_LEN);
    session_output_put(out, cipher, octets_of(header, sizeof header));
    for (size_t left_len = len - FRAME_HEADER_LEN; left_len > 0;) {
        size_t part_len = left_len < sizeof zeros ? left_len : sizeof zeros;
        session_output_put(out, cipher, octets_of(zeros, part_len));
        left_len -= part_len;
    }
}

static void end_flush(struct session_output *out, struct noise_cipher *cipher)
{
    move_begun_to_front(out);
    size_t begun_len = out->begun_len > 0 ? OVERHEAD_LEN + out->begun_len : 0;
    size_t len = pad_len(out->flush_len + begun_len, out->begun_max - out->begun_len);
    if (len > 0) {
        put_pad(out, cipher, len);
    }
    if (out->begun_len > 0) {
        seal_begun(out, cipher);
    }
    out->flush_len = 0;
}

struct octets session_output_take(struct session_output *out, struct noise_cipher *cipher)
{
    turn_page(out);
    if (out->first_at == out->first_end && (out->begun_len > 0 || out->flush_len > 0)) {
        end_flush(out, cipher);
        turn_page(out);
    }
    if (out->first_at == out->first_end) {
        give_back(out);
        return octets_of(NULL, 0);
    }
    return octets_of(out->buffer->octets + out->first_at, out->first_end - out->first_at);
}

void session_output_written(struct session_output *out, size_t len)
{
    assert(len <= out->first_end - out->first_at);
    out->first_at += len;
    turn_page(out);
}

size_t session_output_waiting(const struct session_output *out)
{
    size_t begun_len = out->begun_len > 0 ? OVERHEAD_LEN + out->begun_len : 0;
    size_t second_len = out->wrapped ? out->second_end : 0;
    return out->first_end - out->first_at + second_len + begun_len;
}
