#include "node/network_state.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "node/dial.h"
#include "node/entrance.h"
#include "node/listen.h"
#include "node/memory.h"
#include "proto/address_group.h"
#include "proto/contact.h"
#include "proto/message.h"

#define TICK_MS 500

/* Groups of addresses whose rates are remembered, beyond two for each connection. */
#define GROUPS_SPARE 64

/* Of the octets that may be held, this part is kept when they are not. */
#define POOL_KEPT_PART 32

/* And from this part on short queues count as full: one step of the engine may still add much. */
#define STRAINED_PART 4

struct network *network_of(const struct conn *conn)
{
    return (struct network *)(void *)conn->owner;
}

static void check_closed(struct network *network);

static void on_handle_closed(uv_handle_t *handle)
{
    struct network *network = handle->data;
    network->handles_count--;
    check_closed(network);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_handle_closed);
    }
}

static struct conn *conn_new(struct network *network, bool inbound, uint32_t address)
{
    struct conn *conn = memory_get(sizeof *conn);
    conn->owner = &network->owner;
    conn->inbound = inbound;
    conn->address = address;
    conn->peer = CONN_NO_PEER;
    conn->deadline_ms = uv_now(network->loop) + NETWORK_DIAL_TIMEOUT_MS;
    conn->next = network->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    network->conns = conn;
    return conn;
}

/* Stopping: once every connection is gone the handles go, and then the rest. */
static void check_closed(struct network *network)
{
    if (!network->stopping || network->conns != NULL) {
        return;
    }
    close_handle((uv_handle_t *)&network->ticker);
    close_handle((uv_handle_t *)&network->prepare);
    close_handle((uv_handle_t *)&network->idle);
    if (network->handles_count > 0) {
        return;
    }
    void (*closed)(void *) = network->closed;
    void *context = network->closed_context;
    sodium_free(network->keys);
    session_pool_close(&network->owner.pool);
    free(network->groups.groups);
    free(network->peers);
    free(network->places);
    free(network);
    closed(context);
}

/* Whoever connects over and over fills neither log nor disk. */
static bool may_log(struct network *network)
{
    return log_may(&network->log_budget, uv_now(network->loop));
}

/* The log names neither keys nor addresses of those who connect. */
static void log_gone(const struct conn *conn)
{
    const char *who = conn->inbound ? "a node that had connected" : "a node we dialled";
    if (conn->reason == ERR_OK) {
        log_line(LOG_DEBUG, "%s left", who);
    } else if (conn->inbound && !may_log(network_of(conn))) {
        return;
    } else if (conn->established || conn->inbound) {
        log_line(LOG_INFO, "%s was disconnected: %s", who, err_text(conn->reason));
    } else {
        log_line(LOG_INFO, "%s does not answer: %s", who, err_text(conn->reason));
    }
}

static void on_gone(struct conn *conn)
{
    struct network *network = network_of(conn);
    network_unmark(network, conn);
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        network->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    log_gone(conn);
    rates_leave(conn->group_rates);
    struct place *place =
        conn->address != NETWORK_NO_ADDRESS ? &network->places[conn->address] : NULL;
    bool given_up = place == NULL || !place->in_use;
    if (place != NULL) {
        place->dialling = NULL;
    }
    if (conn->peer != CONN_NO_PEER) {
        network->peers[conn->peer] = NULL;
        network->events.down(network->events.context, conn->peer);
    } else if (!given_up && !network->stopping) {
        network->events.dial_failed(network->events.context, conn->address);
    }
    free(conn);
    check_closed(network);
}

static bool on_established(struct conn *conn)
{
    struct network *network = network_of(conn);
    uint32_t peer = 0;
    while (peer < network->limits.peers_max && network->peers[peer] != NULL) {
        peer++;
    }
    if (peer == network->limits.peers_max) {
        return false;
    }
    struct key static_key;
    memcpy(static_key.octets, session_remote_public(conn->session), KEY_LEN);
    network->peers[peer] = conn;
    conn->peer = peer;
    if (!conn->inbound || may_log(network)) {
        log_line(LOG_INFO, conn->inbound ? "a node connected" : "connected to a node we dial");
    }
    network->events.up(network->events.context, peer, conn->address, &static_key);
    return true;
}

static bool on_frame(struct conn *conn, const struct frame *frame)
{
    struct network *network = network_of(conn);
    return network->events.frame(network->events.context, conn->peer, frame);
}

static void on_pressure(struct conn *conn, bool full)
{
    struct network *network = network_of(conn);
    if (full) {
        network->events.full(network->events.context, conn->peer);
    } else {
        network->events.drained(network->events.context, conn->peer);
    }
}

/* Begin the session on a connection that stands, with a fresh ephemeral key. */
static void begin(struct conn *conn, enum noise_role role, const struct noise_keypair *local,
                  const uint8_t *remote_public)
{
    uint8_t ephemeral[NOISE_KEY_LEN];
    randombytes_buf(ephemeral, sizeof ephemeral);
    struct session_config config = {.role = role,
                                    .local = local,
                                    .ephemeral_secret = ephemeral,
                                    .remote_public = remote_public,
                                    .pool = &conn->owner->pool,
                                    .now_ms = uv_now(conn->owner->loop)};
    enum err_code rc = conn_begin(conn, &config);
    sodium_memzero(ephemeral, sizeof ephemeral);
    if (rc != ERR_OK) {
        conn_close(conn, rc);
    }
}

static void look_at(struct network *network, uint32_t peer)
{
    const struct network_events *events = &network->events;
    struct conn *conn = network->peers[peer];
    conn->brought_count = events->brought_count(events->context, peer);
    conn->score = events->score != NULL ? events->score(events->context, peer) : 0;
}

/* Now and then: else whoever connects, which costs nothing, has all others looked at each time. */
static void look_at_all(struct network *network)
{
    uint64_t now_ms = uv_now(network->loop);
    if (now_ms < network->looked_at_ms + TICK_MS) {
        return;
    }
    network->looked_at_ms = now_ms;
    for (uint32_t i = 0; i < network->limits.peers_max; i++) {
        if (network->peers[i] != NULL) {
            look_at(network, i);
        }
    }
}

/* Whether a connection that others made may stay; another may have to go for it. */
static bool may_enter(struct network *network, struct conn *conn)
{
    struct conn *leaves = NULL;
    look_at_all(network);
    conn->group_rates = rates_join(&network->groups, conn->group, uv_now(network->loop));
    if (network->stopping || conn->group_rates == NULL ||
        !entrance_admits(&leaves, network->conns, conn, network->limits.inbound_max)) {
        return false;
    }
    if (leaves != NULL) {
        conn_close(leaves, ERR_FLOOD);
    }
    return true;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct network *network = listener->data;
    struct conn *conn = status == 0 ? conn_new(network, true, NETWORK_NO_ADDRESS) : NULL;
    if (conn == NULL) {
        return;
    }
    int len = sizeof conn->from;
    conn->tcp.data = conn;
    conn->tcp_open = uv_tcp_init(network->loop, &conn->tcp) == 0;
    if (!conn->tcp_open || uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0 ||
        uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&conn->from, &len) != 0) {
        conn_close(conn, ERR_NETWORK);
        return;
    }
    conn->group = entrance_group(&conn->from);
    conn->household = entrance_household(&conn->from);
    if (!may_enter(network, conn)) {
        conn_close(conn, ERR_FLOOD);
    } else {
        begin(conn, NOISE_RESPONDER, network->keys, NULL);
    }
}

static void on_dialled(struct conn *conn)
{
    struct network *network = network_of(conn);
    if (conn->leaving) { /* given up meanwhile */
        conn_close(conn, ERR_OK);
        return;
    }
    int len = sizeof conn->from;
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&conn->from, &len) == 0) {
        conn->group = entrance_group(&conn->from);
    }
    const struct key *node = &network->places[conn->address].address.static_key;
    struct noise_keypair *local = memory_get_secret(sizeof *local);
    uint8_t *secret = memory_get_secret(NOISE_KEY_LEN);
    network->events.dial_secret(network->events.context, secret, node);
    noise_keypair_from_secret(local, secret);
    begin(conn, NOISE_INITIATOR, local, node->octets);
    sodium_free(secret);
    sodium_free(local);
}

static void on_tick(uv_timer_t *ticker)
{
    struct network *network = ticker->data;
    struct conn *next = NULL;
    for (struct conn *conn = network->conns; conn != NULL; conn = next) {
        next = conn->next;
        conn_tick(conn, uv_now(network->loop));
    }
}

static void start_handles(struct network *network)
{
    (void)uv_timer_init(network->loop, &network->ticker);
    (void)uv_prepare_init(network->loop, &network->prepare);
    (void)uv_idle_init(network->loop, &network->idle);
    network->ticker.data = network;
    network->prepare.data = network;
    network->idle.data = network;
    network->handles_count = 3;
    (void)uv_timer_start(&network->ticker, on_tick, TICK_MS, TICK_MS);
    (void)uv_prepare_start(&network->prepare, network_on_prepare);
}

struct network *network_new(uv_loop_t *loop, struct crew *workers,
                            const uint8_t node_secret[NOISE_KEY_LEN],
                            const struct network_limits *limits,
                            const struct network_events *events)
{
    assert(limits->inbound_max < ENTRANCE_PLACES_MAX);
    struct network *network = memory_get(sizeof *network);
    network->owner = (struct conn_owner){.loop = loop,
                                         .workers = workers,
                                         .pool = {.kept_max = limits->held_max / POOL_KEPT_PART},
                                         .strained_len = limits->held_max / STRAINED_PART,
                                         .mark = network_mark,
                                         .established = on_established,
                                         .frame = on_frame,
                                         .pressure = on_pressure,
                                         .gone = on_gone};
    network->loop = loop;
    network->limits = *limits;
    network->events = *events;
    network->peers = memory_get(limits->peers_max * sizeof *network->peers);
    network->places =
        memory_get((limits->addresses_max + limits->contacts_max) * sizeof *network->places);
    network->groups.groups_max = (size_t)2 * limits->inbound_max + GROUPS_SPARE;
    network->groups.groups =
        memory_get(network->groups.groups_max * sizeof *network->groups.groups);
    token_bucket_init(&network->owner.handshakes, &rate_of_all_handshakes, uv_now(loop));
    network->keys = memory_get_secret(sizeof *network->keys);
    noise_keypair_from_secret(network->keys, node_secret);
    memcpy(network->static_key.octets, network->keys->public, KEY_LEN);
    start_handles(network);
    return network;
}

enum err_code network_listen(struct network *network, const char *host, uint16_t port,
                             struct err_note *note)
{
    assert(!network->listening);
    (void)uv_tcp_init(network->loop, &network->listener);
    network->listener.data = network;
    network->handles_count++;
    enum err_code rc = listen_start(&network->listener, host, port, on_connection, note);
    network->listening = rc == ERR_OK;
    if (rc != ERR_OK) {
        uv_close((uv_handle_t *)&network->listener, on_handle_closed);
    }
    return rc;
}

void network_address(const struct network *network, struct address *address)
{
    assert(network->listening);
    listen_name(&network->listener, address->host, &address->port);
    address->static_key = network->static_key;
}

const struct key *network_static_key(const struct network *network)
{
    return &network->static_key;
}

bool network_address_add(struct network *network, uint32_t *number, const struct address *address)
{
    uint32_t free_place = NETWORK_NO_ADDRESS;
    for (uint32_t i = 0; i < network->limits.addresses_max; i++) {
        const struct place *place = &network->places[i];
        if (place->in_use && address_equal(&place->address, address)) {
            *number = i;
            return true;
        }
        /* A number is not given again while a connection still goes by it. */
        if (!place->in_use && place->dialling == NULL && free_place == NETWORK_NO_ADDRESS) {
            free_place = i;
        }
    }
    if (free_place == NETWORK_NO_ADDRESS) {
        return false;
    }
    network->places[free_place] = (struct place){.address = *address, .in_use = true};
    *number = free_place;
    return true;
}

void network_address_remove(struct network *network, uint32_t number)
{
    assert(number < network->limits.addresses_max);
    struct place *place = &network->places[number];
    struct conn *conn = place->dialling;
    place->in_use = false;
    if (conn != NULL && conn->peer == CONN_NO_PEER) {
        conn_leave(conn, ERR_OK);
    }
}

void network_dial(struct network *network, uint32_t number)
{
    assert(number < network->limits.addresses_max + network->limits.contacts_max);
    assert(network->places[number].in_use);
    struct place *place = &network->places[number];
    struct conn *conn = conn_new(network, false, number);
    place->dialling = conn;
    conn->public_only = place->hearsay && contact_host_is_name(place->address.host);
    if (key_equal(&place->address.static_key, &network->static_key)) {
        log_line(LOG_WARN, "one of the addresses to dial is this node's own; it is not dialled");
        conn->deadline_ms = 0;
    } else {
        dial_start(conn, place->address.host, place->address.port, on_dialled);
    }
}

void network_dial_contact(struct network *network, uint32_t number, const struct address *contact)
{
    assert(number >= network->limits.addresses_max &&
           number < network->limits.addresses_max + network->limits.contacts_max);
    assert(network->places[number].dialling == NULL);
    network->places[number] = (struct place){.address = *contact, .in_use = true, .hearsay = true};
    network_dial(network, number);
}

static struct conn *conn_of(struct network *network, uint32_t peer)
{
    assert(peer < network->limits.peers_max);
    return network->peers[peer];
}

void network_send(struct network *network, uint32_t peer, enum frame_type type,
                  struct octets payload)
{
    struct conn *conn = conn_of(network, peer);
    if (conn != NULL) {
        conn_send(conn, type, payload);
    }
}

bool network_has_filled(struct network *network, uint32_t peer)
{
    struct conn *conn = conn_of(network, peer);
    return conn != NULL && conn_has_filled(conn);
}

void network_close_peer(struct network *network, uint32_t peer, enum err_code reason)
{
    struct conn *conn = conn_of(network, peer);
    if (conn != NULL) {
        conn_leave(conn, reason);
    }
}

uint64_t network_peer_group(const struct network *network, uint32_t peer)
{
    assert(peer < network->limits.peers_max);
    return network->peers[peer] != NULL ? network->peers[peer]->group : ADDRESS_GROUP_NONE;
}

void network_resume(struct network *network, uint32_t peer)
{
    struct conn *conn = conn_of(network, peer);
    if (conn != NULL) {
        conn->resume_due = true;
        network_mark(conn);
    }
}

/* What is not established has nothing to say goodbye to. */
static void say_bye(struct conn *conn)
{
    uint8_t bye[MESSAGE_CODE_CAP];
    size_t len = message_bye_encode(bye, ERR_OK);
    if (conn->established && !conn->leaving) {
        conn_send(conn, FRAME_BYE, octets_of(bye, len));
        conn_leave(conn, ERR_OK);
    } else if (!conn->established) {
        conn_close(conn, ERR_OK);
    }
}

void network_stop(struct network *network, void (*closed)(void *context), void *context)
{
    assert(!network->stopping);
    network->closed = closed;
    network->closed_context = context;
    if (network->listening) {
        close_handle((uv_handle_t *)&network->listener);
    }
    struct conn *next = NULL;
    for (struct conn *conn = network->conns; conn != NULL; conn = next) {
        next = conn->next;
        say_bye(conn);
    }
    network->stopping = true;
    check_closed(network);
}
