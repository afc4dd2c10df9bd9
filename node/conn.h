/* conn.h - one TCP connection and the session on it; the inner part of network.h. */
#ifndef KITH_NODE_CONN_H
#define KITH_NODE_CONN_H

#include <uv.h>

#include "node/job.h"
#include "node/network.h"
#include "node/rates.h"
#include "proto/session.h"

#define CONN_NO_PEER UINT32_MAX

/* The events of one connection; its owner is the network. */
struct conn;
struct conn_owner {
    uv_loop_t *loop;
    struct crew *workers;
    struct session_pool pool;       /* of all sessions */
    size_t strained_len;            /* above so many octets lent, short queues count as full */
    struct token_bucket handshakes; /* that others begin */
    /* Looked at again before the loop next waits. */
    void (*mark)(struct conn *conn);
    /* The handshake is done; false refuses the connection. */
    bool (*established)(struct conn *conn);
    bool (*frame)(struct conn *conn, const struct frame *frame);
    void (*pressure)(struct conn *conn, bool full);
    /* Everything is closed; the connection is freed by the owner now. */
    void (*gone)(struct conn *conn);
};

struct conn {
    struct conn *next; /* of all connections */
    struct conn *prev;
    struct conn *dirty_next;
    bool dirty;

    struct conn_owner *owner;
    uv_tcp_t tcp;
    uv_connect_t connecting;
    uv_getaddrinfo_t resolving;
    struct addrinfo *found; /* dialled: what the host resolved to, and the next to try */
    struct addrinfo *found_next;
    void (*connected)(struct conn *conn);

    struct session *session; /* NULL until connected */
    uint32_t peer;           /* CONN_NO_PEER until established */
    uint32_t address;        /* NETWORK_NO_ADDRESS where the other side dialled */
    struct sockaddr_storage from;
    uint64_t group;         /* of from, see entrance.h */
    uint64_t household;     /* likewise */
    int score;              /* what is remembered of it, when last looked at */
    uint64_t brought_count; /* new posts it was the first to bring, when last looked at */
    bool is_protected;      /* entrance.h's mark */
    struct rates rates;
    struct rates_group *group_rates; /* NULL where this node dialled */
    uint64_t quiet_until_ms;         /* 0, or when it is read again: it went above its rates */
    uint64_t deadline_ms; /* of dialling, or of closing; UINT64_MAX: the session's alone */

    struct job handshake;
    enum err_code handshake_rc;
    uv_write_t write;
    size_t write_len;
    struct frame held; /* given and not taken */

    bool inbound;
    bool public_only; /* dialled by a name that others told: nothing within this network */
    bool resolve_under_way;
    bool tcp_open; /* the handle lives: initialised, and not closed again */
    bool reading;
    bool writing;
    bool step_due;    /* a handshake step waits for the write under way */
    bool handshaking; /* the session belongs to a worker */
    bool established;
    bool has_held;
    bool resume_due;  /* give the held frame again */
    bool events_left; /* the session may hold more, and may have no room */
    bool full_told;
    bool leaving; /* close once everything queued has left */
    bool closing;
    enum err_code reason; /* why it closes, for the log; ERR_OK: no fault of anybody's */
};

/* The connection stands: begin the session.  Its deadlines run from now on.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code conn_begin(struct conn *conn, const struct session_config *config);

/* Look after it: take frames, write, start and stop reading. */
void conn_visit(struct conn *conn);
/* Time passed. */
void conn_tick(struct conn *conn, uint64_t now_ms);
/* Queue a frame; a full queue closes the connection. */
void conn_send(struct conn *conn, enum frame_type type, struct octets payload);
/* Whether its queue has become full since that was told last, by pressure() or by this. */
bool conn_has_filled(struct conn *conn);
/* Close once everything queued has left, but not later than NETWORK_CLOSE_TIMEOUT_MS. */
void conn_leave(struct conn *conn, enum err_code reason);
/* Close now. */
void conn_close(struct conn *conn, enum err_code reason);
/* Something that held it up has ended; once nothing does, owner->gone(). */
void conn_check_gone(struct conn *conn);

#endif
