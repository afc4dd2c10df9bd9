#include "node/daemon_state.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/memory.h"
#include "node/panic.h"

/* ---- What the network tells ---- */

static void on_up(void *context, uint32_t peer, uint32_t address, const struct key *static_key)
{
    driver_on_up(((struct daemon *)context)->driver, peer, address, static_key);
}

static void on_down(void *context, uint32_t peer)
{
    driver_on_down(((struct daemon *)context)->driver, peer);
}

static bool on_frame(void *context, uint32_t peer, const struct frame *frame)
{
    return driver_on_frame(((struct daemon *)context)->driver, peer, frame);
}

static void on_full(void *context, uint32_t peer)
{
    driver_on_pressure(((struct daemon *)context)->driver, peer, true);
}

static void on_drained(void *context, uint32_t peer)
{
    driver_on_pressure(((struct daemon *)context)->driver, peer, false);
}

static uint64_t brought_count(void *context, uint32_t peer)
{
    return driver_brought_count(((struct daemon *)context)->driver, peer);
}

static int score(void *context, uint32_t peer)
{
    return driver_score(((struct daemon *)context)->driver, peer);
}

static void on_dial_failed(void *context, uint32_t address)
{
    driver_on_dial_failed(((struct daemon *)context)->driver, address);
}

/* The seed behind it never changes, so reading it beside the person's thread is safe.  A relay says
 * who it is wherever it goes, and its HELLO proves that for the one key it has (SPEC 6.1). */
static void on_dial_secret(void *context, uint8_t secret[NOISE_KEY_LEN], const struct key *node)
{
    const struct daemon *daemon = context;
    const struct vault *vault = person_vault(daemon->person);
    if (daemon->options->relay) {
        memcpy(secret, vault_node_secret(vault), NOISE_KEY_LEN);
    } else {
        vault_dial_secret(secret, vault, node);
    }
}

struct network_events daemon_network_events(struct daemon *daemon)
{
    return (struct network_events){.context = daemon,
                                   .up = on_up,
                                   .down = on_down,
                                   .frame = on_frame,
                                   .full = on_full,
                                   .drained = on_drained,
                                   .dial_failed = on_dial_failed,
                                   .brought_count = brought_count,
                                   .score = score,
                                   .dial_secret = on_dial_secret};
}

/* ---- What the driver tells ---- */

void daemon_tell_status(struct daemon *daemon)
{
    struct command_status *status = memory_get(sizeof *status);
    memcpy(status->address, daemon->address, sizeof status->address);
    status->peers_connected = driver_peers_count(daemon->driver);
    contacts_status(daemon->contacts, status);
    person_status(daemon->person, status);
    free(status);
}

static void on_ready(void *context, const struct engine_ready *ready)
{
    (void)ready;
    person_ready(((struct daemon *)context)->person);
}

static void on_accepted(void *context)
{
    person_arrival(((struct daemon *)context)->person);
}

static void on_published(void *context, const struct engine_published *published)
{
    struct daemon *daemon = context;
    struct publisher_cause cause;
    struct post_id id;
    if (publisher_on_published(daemon->publisher, &cause, &id, published)) {
        person_published(daemon->person, &cause, &id, published->status, published->sent_to);
    }
}

static void on_join(void *context, const struct engine_join *join)
{
    person_admit(((struct daemon *)context)->person, join->token, join->claim);
}

static void on_joined(void *context, const struct engine_joined *joined)
{
    struct daemon *daemon = context;
    struct address address;
    if (contacts_on_joined(daemon->contacts, &address, joined)) {
        person_joined(daemon->person, &address, joined->status);
    }
}

static void on_peers_changed(void *context)
{
    daemon_tell_status(context);
}

struct driver_events daemon_driver_events(struct daemon *daemon)
{
    return (struct driver_events){.context = daemon,
                                  .ready = on_ready,
                                  .accepted = on_accepted,
                                  .published = on_published,
                                  .join = on_join,
                                  .joined = on_joined,
                                  .peers_changed = on_peers_changed};
}

/* ---- What the control socket tells ---- */

static void on_message(void *context, uint32_t client, uint8_t *octets, size_t len)
{
    struct daemon *daemon = context;
    struct control_message message;
    /* Whatever the person's thread is busy with, this does not wait for it. */
    if (control_decode(&message, octets_of(octets, len)) == ERR_OK &&
        message.type == CONTROL_REQUEST && message.command == CONTROL_PANIC) {
        panic_now(daemon->home);
    }
    person_message(daemon->person, client, octets, len);
}

static void on_written(void *context, uint32_t client, size_t len)
{
    person_written(((struct daemon *)context)->person, client, len);
}

static void on_gone(void *context, uint32_t client)
{
    person_gone(((struct daemon *)context)->person, client);
}

struct control_events daemon_control_events(struct daemon *daemon)
{
    return (struct control_events){
        .context = daemon, .message = on_message, .written = on_written, .gone = on_gone};
}

/* ---- What the person's thread wants ---- */

static void on_send(void *context, uint32_t client, uint8_t *octets, size_t len,
                    enum command_order order)
{
    struct daemon *daemon = context;
    if (daemon->control == NULL) {
        sodium_memzero(octets, len); /* it may be her recovery words */
        free(octets);
        return;
    }
    control_server_send(daemon->control, client, octets, len, order);
}

static void on_taken(void *context, uint32_t client)
{
    struct daemon *daemon = context;
    if (daemon->control != NULL) {
        control_server_taken(daemon->control, client);
    }
}

static void on_publish(void *context, uint64_t token, uint8_t *octets, size_t len)
{
    struct daemon *daemon = context;
    struct publisher_cause cause = {.command_token = token};
    publisher_add(daemon->publisher, &cause, octets, len);
}

static void on_peers(void *context, const struct person_peers *peers)
{
    struct daemon *daemon = context;
    if (!daemon->stopping) {
        contacts_set(daemon->contacts, peers);
        daemon_tell_status(daemon);
    }
}

static void on_work_asked(void *context)
{
    person_work(((struct daemon *)context)->person);
}

static void on_down_asked(void *context)
{
    daemon_stop(context);
}

static void on_lock_asked(void *context)
{
    struct daemon *daemon = context;
    daemon->locks = true;
    daemon_stop(daemon);
}

static void join_result(struct daemon *daemon, uint64_t token, enum err_code rc)
{
    driver_join_result(daemon->driver, token, rc, octets_of_text(rc == ERR_OK ? "" : err_text(rc)));
}

static void on_published_noted(void *context, const struct publisher_cause *cause, enum err_code rc)
{
    struct daemon *daemon = context;
    if (cause->join_token != 0) {
        join_result(daemon, cause->join_token, rc);
    }
    publisher_next(daemon->publisher);
}

/* A newcomer is told only once the vouch is durable. */
static void on_admitted(void *context, uint64_t token, enum err_code rc, uint8_t *octets,
                        size_t len)
{
    struct daemon *daemon = context;
    if (rc == ERR_OK && len > 0) {
        struct publisher_cause cause = {.join_token = token};
        publisher_add(daemon->publisher, &cause, octets, len);
        return;
    }
    free(octets);
    join_result(daemon, token, rc);
}

struct person_events daemon_person_events(struct daemon *daemon)
{
    return (struct person_events){.context = daemon,
                                  .send = on_send,
                                  .taken = on_taken,
                                  .publish = on_publish,
                                  .peers = on_peers,
                                  .work = on_work_asked,
                                  .down = on_down_asked,
                                  .lock = on_lock_asked,
                                  .published = on_published_noted,
                                  .admitted = on_admitted};
}
