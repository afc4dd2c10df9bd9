/* network_state.h - what a network holds; for network*.c alone. */
#ifndef KITH_NODE_NETWORK_STATE_H
#define KITH_NODE_NETWORK_STATE_H

#include "node/conn.h"
#include "node/log.h"
#include "node/network.h"

struct place {
    struct address address;
    bool in_use;
    struct conn *dialling; /* its connection, until it is gone */
    bool hearsay;          /* nobody here named it */
};

struct network {
    struct conn_owner owner; /* first: connections find the network through it */
    uv_loop_t *loop;
    struct network_limits limits;
    struct network_events events;
    struct noise_keypair *keys; /* sodium_malloc() */
    struct key static_key;
    uv_tcp_t listener;
    bool listening;
    uv_timer_t ticker;
    uint64_t looked_at_ms;        /* when peers were weighed last, to decide who makes room */
    struct log_budget log_budget; /* for what others bring about by connecting */
    uv_prepare_t prepare;
    uv_idle_t idle; /* runs while marked connections are left, so that the loop does not wait */
    struct conn **peers;
    struct place *places;
    struct conn *conns; /* all */
    struct rates_table groups;
    struct conn *dirty_first;
    struct conn *dirty_last;
    bool stopping;
    unsigned handles_count;
    void (*closed)(void *context);
    void *closed_context;
};

struct network *network_of(const struct conn *conn);

/* network_turn.c: before the loop waits, connections that were marked are visited, and whoever
 * takes up most makes room. */
void network_mark(struct conn *conn);
void network_unmark(struct network *network, struct conn *conn); /* it is gone */
void network_on_prepare(uv_prepare_t *prepare);

#endif
