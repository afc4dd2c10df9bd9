#include "node/conn.h"

#include <assert.h>

#include "node/log.h"

/* Octets queued for a peer that passes for slow while all queues together are long. */
#define STRAINED_QUEUE_LEN (64 * 1024)

/* From so many octets queued on, writing does not wait until everything else was looked after. */
#define WRITE_EARLY_LEN (256 * 1024)

#define EVENTS_PER_VISIT_MAX 64 /* so that one busy peer does not keep the others waiting */

enum err_code conn_begin(struct conn *conn, const struct session_config *config)
{
    enum err_code rc = session_new(&conn->session, config);
    if (rc == ERR_OK) {
        conn->deadline_ms = UINT64_MAX;
        (void)uv_tcp_nodelay(&conn->tcp, 1);
        rates_init(&conn->rates, rates_of_peer, uv_now(conn->owner->loop));
        conn->owner->mark(conn);
    }
    return rc;
}

void conn_check_gone(struct conn *conn)
{
    if (!conn->closing || conn->tcp_open || conn->handshaking || conn->resolve_under_way) {
        return;
    }
    uv_freeaddrinfo(conn->found);
    conn->found = NULL;
    session_free(conn->session);
    conn->session = NULL;
    conn->owner->gone(conn);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    conn->tcp_open = false;
    conn_check_gone(conn);
}

void conn_close(struct conn *conn, enum err_code reason)
{
    if (conn->closing) {
        return;
    }
    conn->closing = true;
    conn->reason = conn->leaving ? conn->reason : reason;
    conn->reading = false;
    if (conn->resolve_under_way) {
        (void)uv_cancel((uv_req_t *)&conn->resolving);
    }
    if (!conn->tcp_open) {
        conn_check_gone(conn);
    } else if (!uv_is_closing((uv_handle_t *)&conn->tcp)) {
        uv_close((uv_handle_t *)&conn->tcp, on_tcp_closed);
    }
}

void conn_leave(struct conn *conn, enum err_code reason)
{
    if (conn->leaving || conn->closing) {
        return;
    }
    conn->leaving = true;
    conn->reason = reason;
    conn->deadline_ms = uv_now(conn->owner->loop) + NETWORK_CLOSE_TIMEOUT_MS;
    conn->owner->mark(conn);
}

static void write_next(struct conn *conn);

void conn_send(struct conn *conn, enum frame_type type, struct octets payload)
{
    if (conn->closing || conn->leaving || !conn->established) {
        return;
    }
    enum err_code rc = session_send(conn->session, type, payload);
    if (rc != ERR_OK) {
        conn_leave(conn, rc);
    } else if (session_output_pending(conn->session) > WRITE_EARLY_LEN) {
        write_next(conn); /* who reads well is not full because much came at once */
    }
    conn->owner->mark(conn);
}

static void work_handshake(struct job *job)
{
    struct conn *conn = JOB_OWNER(job, struct conn, handshake);
    conn->handshake_rc = session_handshake_step(conn->session);
}

static void on_handshake_step(struct job *job)
{
    struct conn *conn = JOB_OWNER(job, struct conn, handshake);
    conn->handshaking = false;
    if (conn->closing) {
        conn_check_gone(conn);
    } else if (conn->handshake_rc != ERR_OK) {
        conn_close(conn, conn->handshake_rc);
    } else {
        conn->owner->mark(conn);
    }
}

static void be_quiet(struct conn *conn, uint64_t wait_ms)
{
    uint64_t until_ms = uv_now(conn->owner->loop) + wait_ms;
    if (wait_ms > 0 && until_ms > conn->quiet_until_ms) {
        conn->quiet_until_ms = until_ms;
    }
}

/* SPEC 6.4: the expensive part of a handshake that somebody else begins, only so often.  Whoever
 * has to wait is one of those that give way first. */
static bool may_step(struct conn *conn)
{
    uint64_t now_ms = uv_now(conn->owner->loop);
    if (!conn->inbound || conn->group_rates == NULL) {
        return true;
    }
    struct token_bucket *group = &conn->group_rates->rates.buckets[RATE_HANDSHAKES];
    struct token_bucket *all = &conn->owner->handshakes;
    uint64_t wait_ms = token_bucket_wait_ms(group, &rates_of_group[RATE_HANDSHAKES], now_ms);
    uint64_t all_wait_ms = token_bucket_wait_ms(all, &rate_of_all_handshakes, now_ms);
    be_quiet(conn, wait_ms > all_wait_ms ? wait_ms : all_wait_ms);
    if (conn->quiet_until_ms != 0) {
        return false;
    }
    token_bucket_take(group, &rates_of_group[RATE_HANDSHAKES], 1, now_ms);
    token_bucket_take(all, &rate_of_all_handshakes, 1, now_ms);
    return true;
}

static void start_step(struct conn *conn)
{
    /* Writing borrows the session's octets, so the worker gets it only afterwards. */
    if (conn->writing) {
        conn->step_due = true;
        return;
    }
    conn->step_due = false;
    conn->handshaking = true;
    conn->handshake.work = work_handshake;
    conn->handshake.done = on_handshake_step;
    crew_push(conn->owner->workers, &conn->handshake, CREW_URGENT);
}

static void charge(struct conn *conn, enum rate_kind kind, uint32_t count)
{
    uint64_t now_ms = uv_now(conn->owner->loop);
    if (!conn->established || count == 0) {
        return;
    }
    rates_take(&conn->rates, rates_of_peer, kind, count, now_ms);
    be_quiet(conn, rates_wait_ms(&conn->rates, rates_of_peer, now_ms));
    if (conn->group_rates != NULL) {
        rates_take(&conn->group_rates->rates, rates_of_group, kind, count, now_ms);
        be_quiet(conn, rates_wait_ms(&conn->group_rates->rates, rates_of_group, now_ms));
    }
}

static void take_frame(struct conn *conn, const struct frame *frame)
{
    if (!conn->owner->frame(conn, frame)) {
        conn->held = *frame;
        conn->has_held = true;
    } else {
        charge(conn, RATE_POSTS, rates_posts_in(frame));
    }
}

/* One event of the session; false when there is nothing further for now. */
static bool take_event(struct conn *conn)
{
    enum session_event event = SESSION_WAITING;
    struct frame frame = {.type = 0};
    enum err_code rc = session_next(conn->session, &event, &frame);
    charge(conn, RATE_FRAMES, session_work(conn->session));
    if (rc != ERR_OK) {
        conn_close(conn, rc);
        return false;
    }
    switch (event) {
    case SESSION_WAITING:
        return false;
    case SESSION_HANDSHAKE_STEP:
        if (may_step(conn)) {
            start_step(conn);
        }
        return false;
    case SESSION_ESTABLISHED:
        conn->established = true;
        if (!conn->owner->established(conn)) {
            conn_close(conn, ERR_FLOOD);
        }
        return true;
    case SESSION_FRAME:
        take_frame(conn, &frame);
        return true;
    }
    assert(false);
    return false;
}

static bool may_take(const struct conn *conn)
{
    return !conn->closing && !conn->leaving && !conn->handshaking && !conn->step_due &&
           !conn->has_held && conn->quiet_until_ms == 0;
}

static void take_events(struct conn *conn)
{
    conn->events_left = false;
    if (conn->resume_due && conn->has_held) {
        struct frame frame = conn->held;
        conn->has_held = false;
        conn->resume_due = false;
        take_frame(conn, &frame);
    }
    for (int i = 0; may_take(conn); i++) {
        if (i == EVENTS_PER_VISIT_MAX) {
            conn->events_left = true;
            conn->owner->mark(conn);
            return;
        }
        if (!take_event(conn)) {
            return;
        }
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct conn *conn = write->data;
    conn->writing = false;
    if (conn->closing) {
        return;
    }
    if (status != 0) {
        conn_close(conn, ERR_NETWORK);
        return;
    }
    session_written(conn->session, conn->write_len);
    if (conn->step_due) {
        start_step(conn);
    }
    conn->owner->mark(conn);
}

/* What the system takes at once; most often all of it, and then nothing has to be kept. */
static size_t write_now(struct conn *conn, uv_buf_t buf)
{
    int taken = uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);
    if (taken < 0 && taken != UV_EAGAIN) {
        conn_close(conn, ERR_NETWORK);
    }
    return taken > 0 ? (size_t)taken : 0;
}

static void write_later(struct conn *conn, uv_buf_t buf)
{
    conn->write.data = conn;
    conn->write_len = buf.len;
    conn->writing = true;
    if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &buf, 1, on_written) != 0) {
        conn->writing = false;
        conn_close(conn, ERR_NETWORK);
    }
}

static void write_next(struct conn *conn)
{
    while (!conn->closing && !conn->writing && !conn->handshaking) {
        struct octets output = session_output(conn->session);
        if (output.len == 0) {
            return;
        }
        /* uv_buf_t has no const; libuv only reads what it writes. */
        uv_buf_t buf = {.base = (char *)(uintptr_t)output.at, .len = output.len};
        size_t taken_len = write_now(conn, buf);
        if (conn->closing) {
            return;
        }
        session_written(conn->session, taken_len);
        if (taken_len < output.len) {
            buf.base += taken_len;
            buf.len -= taken_len;
            write_later(conn, buf);
        }
    }
}
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *conn = handle->data;
    struct octets_room room = session_room(conn->session);
    *buf = uv_buf_init((char *)room.at, (unsigned)room.cap);
}

static void on_octets(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    (void)buf;
    struct conn *conn = stream->data;
    if (got < 0) {
        conn_close(conn, got == UV_EOF ? ERR_OK : ERR_NETWORK);
        return;
    }
    /* Where nothing came the visit gives back the room that was made for it. */
    session_received(conn->session, (size_t)got, uv_now(conn->owner->loop));
    charge(conn, RATE_OCTETS, (uint32_t)got);
    conn_visit(conn);
}

static void set_reading(struct conn *conn, bool want)
{
    if (conn->closing || want == conn->reading) {
        return;
    }
    if (!want) {
        (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    } else if (uv_read_start((uv_stream_t *)&conn->tcp, on_room, on_octets) != 0) {
        conn_close(conn, ERR_NETWORK);
        return;
    }
    conn->reading = want;
}

static bool is_full(const struct conn *conn)
{
    return conn->established && (session_wants_pause(conn->session) ||
                                 (conn->owner->pool.lent_len > conn->owner->strained_len &&
                                  session_output_pending(conn->session) > STRAINED_QUEUE_LEN));
}

static void tell_pressure(struct conn *conn)
{
    bool full = is_full(conn);
    if (!conn->closing && conn->peer != CONN_NO_PEER && full != conn->full_told) {
        conn->full_told = full;
        conn->owner->pressure(conn, full);
    }
}

bool conn_has_filled(struct conn *conn)
{
    bool filled = !conn->closing && !conn->full_told && is_full(conn);
    conn->full_told = conn->full_told || filled;
    return filled;
}

void conn_visit(struct conn *conn)
{
    if (conn->closing || conn->session == NULL || conn->handshaking) {
        return;
    }
    take_events(conn);
    write_next(conn);
    if (conn->closing || conn->handshaking) {
        set_reading(conn, false);
        return;
    }
    tell_pressure(conn);
    if (conn->leaving && !conn->writing && session_output_pending(conn->session) == 0) {
        conn_close(conn, conn->reason);
        return;
    }
    set_reading(conn, may_take(conn) && !conn->events_left);
}

void conn_tick(struct conn *conn, uint64_t now_ms)
{
    if (conn->closing) {
        return;
    }
    if (now_ms >= conn->deadline_ms) {
        conn_close(conn, ERR_TIMEOUT);
        return;
    }
    if (conn->quiet_until_ms != 0 && now_ms >= conn->quiet_until_ms) {
        conn->quiet_until_ms = 0;
        conn->owner->mark(conn);
    }
    /* Nothing is expected of a peer that is not being read, but that it ends its handshake. */
    bool unread = conn->has_held || (conn->quiet_until_ms != 0 && conn->established);
    if (conn->session == NULL || conn->handshaking || unread ||
        now_ms < session_deadline_ms(conn->session)) {
        return;
    }
    enum err_code rc = session_tick(conn->session, now_ms);
    if (rc != ERR_OK) {
        conn_close(conn, rc);
    } else {
        conn->owner->mark(conn);
    }
}
