#include "node/network_state.h"

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

void network_mark(struct conn *conn)
{
    struct network *network = network_of(conn);
    if (conn->dirty) {
        return;
    }
    conn->dirty = true;
    conn->dirty_next = NULL;
    if (network->dirty_first == NULL) {
        network->dirty_first = conn;
    } else {
        network->dirty_last->dirty_next = conn;
    }
    network->dirty_last = conn;
    (void)uv_idle_start(&network->idle, on_idle);
}

void network_unmark(struct network *network, struct conn *conn)
{
    struct conn **at = &network->dirty_first;
    struct conn *before = NULL;
    while (*at != NULL && *at != conn) {
        before = *at;
        at = &(*at)->dirty_next;
    }
    if (*at != NULL) {
        *at = conn->dirty_next;
        network->dirty_last = network->dirty_last == conn ? before : network->dirty_last;
    }
}

/* What the session takes up, and could give back; what belongs to a worker is little. */
static size_t held_len(const struct conn *conn)
{
    bool counts = !conn->closing && !conn->handshaking && conn->session != NULL;
    return counts ? session_held_len(conn->session) : 0;
}

/* Whoever takes up most has to go, until the others fit.  They come back, and are reconciled. */
static void make_room(struct network *network)
{
    size_t all_len = 0;
    for (const struct conn *conn = network->conns; conn != NULL; conn = conn->next) {
        all_len += held_len(conn);
    }
    while (all_len > network->limits.held_max) {
        struct conn *most = network->conns;
        for (struct conn *conn = most; conn != NULL; conn = conn->next) {
            most = held_len(conn) > held_len(most) ? conn : most;
        }
        all_len -= held_len(most);
        conn_close(most, ERR_FLOOD);
    }
}

static void weigh(struct network *network)
{
    if (network->owner.pool.lent_len > network->limits.held_max) {
        make_room(network);
    }
}

void network_on_prepare(uv_prepare_t *prepare)
{
    struct network *network = prepare->data;
    weigh(network);
    struct conn *last = network->dirty_last;
    bool more = network->dirty_first != NULL;
    while (more) {
        struct conn *conn = network->dirty_first;
        more = conn != last;
        network->dirty_first = conn->dirty_next;
        conn->dirty = false;
        conn_visit(conn);
        more = more && network->dirty_first != NULL;
    }
    if (network->dirty_first == NULL) {
        (void)uv_idle_stop(&network->idle);
    }
}
