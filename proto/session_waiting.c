#include "proto/session_waiting.h"

#include <assert.h>
#include <string.h>

#include "proto/session_output.h"

static void give_back(struct session_waiting *waiting)
{
    session_pool_give(waiting->pool, SESSION_BUFFER_OUTPUT, waiting->buffer);
    waiting->buffer = NULL;
    waiting->at = 0;
    waiting->end = 0;
}

void session_waiting_close(struct session_waiting *waiting)
{
    session_buffer_wipe(waiting->buffer);
    give_back(waiting);
}

size_t session_waiting_len(const struct session_waiting *waiting)
{
    return waiting->end - waiting->at;
}

/* Room behind the last frame.  Senders stop from three quarters on, so what moves for it moves once
 * for every quarter of the whole. */
static bool make_room(struct session_waiting *waiting, size_t len)
{
    if (waiting->buffer == NULL) {
        waiting->buffer =
            session_pool_take(waiting->pool, SESSION_BUFFER_OUTPUT, SESSION_OUTPUT_CAP);
    }
    if (waiting->buffer == NULL) {
        return false;
    }
    if (SESSION_OUTPUT_CAP - waiting->end < len) {
        uint8_t *octets = waiting->buffer->octets;
        memmove(octets, octets + waiting->at, session_waiting_len(waiting));
        waiting->end -= waiting->at;
        waiting->at = 0;
    }
    assert(SESSION_OUTPUT_CAP - waiting->end >= len);
    return true;
}

static void append(struct session_waiting *waiting, const uint8_t *at, size_t len)
{
    if (len > 0) {
        memcpy(waiting->buffer->octets + waiting->end, at, len);
        waiting->end += len;
    }
}

enum err_code session_waiting_put(struct session_waiting *waiting,
                                  const uint8_t header[FRAME_HEADER_LEN], struct octets payload)
{
    if (!make_room(waiting, FRAME_HEADER_LEN + payload.len)) {
        return ERR_NO_MEMORY;
    }
    append(waiting, header, FRAME_HEADER_LEN);
    append(waiting, payload.at, payload.len);
    session_pool_touch(waiting->pool, waiting->buffer, waiting->end);
    return ERR_OK;
}

struct octets session_waiting_front(const struct session_waiting *waiting)
{
    if (waiting->at == waiting->end) {
        return octets_of(NULL, 0);
    }
    struct frame frame;
    size_t len = 0;
    struct octets all =
        octets_of(waiting->buffer->octets + waiting->at, session_waiting_len(waiting));
    enum err_code rc = frame_next(&frame, &len, all);
    assert(rc == ERR_OK); /* whole frames alone are put here */
    (void)rc;
    return octets_of(all.at, len);
}

void session_waiting_drop_front(struct session_waiting *waiting)
{
    waiting->at += session_waiting_front(waiting).len;
    if (waiting->at == waiting->end) {
        give_back(waiting);
    }
}
