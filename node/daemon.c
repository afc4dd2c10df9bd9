#include "node/daemon_state.h"

#include <assert.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/log.h"
#include "node/memory.h"
#include "proto/contact.h"

#define RELAY_PORT           7117
#define PERSONAL_INBOUND_MAX 32
#define RELAY_INBOUND_MAX    1000
#define PERSONAL_HELD_MAX    (32UL * 1024 * 1024)
#define RELAY_HELD_MAX       (256UL * 1024 * 1024)
#define ADDRESSES_MAX        (VAULT_PEERS_MAX + OPTIONS_PEERS_MAX)
#define TICK_MS              1000
#define STOP_MS              5000 /* a name server that does not answer must not hold us up */

/* ---- Stopping ---- */

/* Every handle but the mailbox's is closed: end the threads, and with them the loop. */
static void finish(struct daemon *daemon)
{
    if (daemon->person_runs) {
        person_finish(daemon->person);
    }
    if (daemon->writer != NULL) {
        writer_finish(daemon->writer);
    }
    crew_finish(&daemon->workers);
    uv_close((uv_handle_t *)&daemon->guard, NULL);
    mailbox_close(&daemon->mailbox);
}

static void part_closed(void *context)
{
    struct daemon *daemon = context;
    daemon->open_count--;
    if (daemon->open_count == 0) {
        finish(daemon);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

/* What is acknowledged is durable; what hangs is a question to a name server. */
static void on_guard(uv_timer_t *timer)
{
    (void)timer;
    log_line(LOG_WARN, "stopping takes too long; leaving now");
    _exit(0);
}

void daemon_stop(struct daemon *daemon)
{
    if (daemon->stopping) {
        return;
    }
    daemon->stopping = true;
    if (daemon->driver != NULL) {
        driver_note_anchors(daemon->driver); /* while they are connected */
    }
    (void)uv_timer_start(&daemon->guard, on_guard, STOP_MS, 0);
    daemon->open_count++; /* until everything below was told to close */
    for (size_t i = 0; i < DAEMON_SIGNALS_COUNT; i++) {
        daemon->open_count++;
        /* This gives the signals back to the system: a second one ends the process. */
        uv_close((uv_handle_t *)&daemon->signals[i], on_handle_closed);
    }
    daemon->open_count++;
    uv_close((uv_handle_t *)&daemon->ticker, on_handle_closed);
    if (daemon->control != NULL) {
        daemon->open_count++;
        control_server_close(daemon->control, part_closed, daemon);
        daemon->control = NULL;
    }
    if (daemon->network != NULL) {
        daemon->open_count++;
        network_stop(daemon->network, part_closed, daemon);
    }
    if (daemon->publisher != NULL) {
        daemon->open_count++;
        publisher_stop(daemon->publisher, part_closed, daemon);
    }
    if (daemon->driver != NULL) {
        daemon->open_count++;
        driver_stop(daemon->driver, part_closed, daemon);
    }
    part_closed(daemon);
}

/* ---- Time and signals ---- */

static void on_tick(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    contacts_tick(daemon->contacts, uv_now(&daemon->loop));
    if (addresses_are_due(daemon->addresses, uv_now(&daemon->loop))) {
        driver_note_anchors(daemon->driver);
        addresses_save_later(daemon->addresses, &daemon->workers, uv_now(&daemon->loop));
    }
    person_tick(daemon->person);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    log_line(LOG_INFO, "stopping (%s)", number == SIGTERM ? "SIGTERM" : "SIGINT");
    daemon_stop(daemon);
}

/* ---- Starting ---- */

static struct engine_limits limits_of(bool relay)
{
    struct engine_limits limits = relay ? engine_limits_relay() : engine_limits_personal();
    limits.addresses_max = ADDRESSES_MAX;
    limits.peers_max =
        (relay ? RELAY_INBOUND_MAX : PERSONAL_INBOUND_MAX) + ADDRESSES_MAX + ENGINE_CONTACTS_MAX;
    return limits;
}

/* Where others reach this node: as its operator says, else what it listens on. */
static void advertised(const struct daemon *daemon, struct address *address)
{
    const struct options *options = daemon->options;
    network_address(daemon->network, address);
    if (options->has_address) {
        memcpy(address->host, options->address_host, sizeof address->host);
        address->port = options->address_port;
    }
}

/* A relay tells others only of an address that can be meant for them. */
static struct address self_of(const struct daemon *daemon)
{
    struct address self;
    advertised(daemon, &self);
    if (!daemon->options->has_address && !contact_host_is_public(self.host)) {
        self.port = 0;
    }
    return self;
}

static enum err_code start_network(struct daemon *daemon, struct err_note *note)
{
    bool relay = daemon->options->relay;
    struct engine_limits engine = limits_of(relay);
    struct network_limits limits = {.inbound_max = relay ? RELAY_INBOUND_MAX : PERSONAL_INBOUND_MAX,
                                    .peers_max = engine.peers_max,
                                    .addresses_max = engine.addresses_max,
                                    .contacts_max = ENGINE_CONTACTS_MAX,
                                    .held_max = relay ? RELAY_HELD_MAX : PERSONAL_HELD_MAX};
    struct network_events events = daemon_network_events(daemon);
    daemon->network =
        network_new(&daemon->loop, &daemon->workers,
                    vault_node_secret(person_vault(daemon->person)), &limits, &events);
    const struct options *options = daemon->options;
    const char *host = options->has_listen ? options->listen_host : relay ? "0.0.0.0" : "127.0.0.1";
    uint16_t port = options->has_listen ? options->listen_port : relay ? RELAY_PORT : 0;
    enum err_code rc = network_listen(daemon->network, host, port, note);
    if (rc == ERR_OK) {
        struct address address;
        advertised(daemon, &address);
        address_print(daemon->address, &address);
    }
    return rc;
}

static struct message_hello hello_of(const struct daemon *daemon)
{
    struct message_hello hello = {.role = MESSAGE_PERSONAL};
    if (daemon->options->relay) {
        const struct vault *vault = person_vault(daemon->person);
        hello.role = MESSAGE_RELAY;
        hello.identity = vault_identity(vault);
        message_hello_sign(&hello, network_static_key(daemon->network), vault_identity_seed(vault));
    }
    return hello;
}

/* SPEC 8.5: a person's node gives her IP address to nobody whom she did not name. */
static bool only_named(const struct options *options)
{
    return options->dial == OPTIONS_DIAL_UNSAID ? !options->relay
                                                : options->dial == OPTIONS_DIAL_NAMED;
}

/* SPEC 7.4: or what was written here would be reconciled with nobody. */
static struct set_choice sets_of(const struct daemon *daemon)
{
    struct set_choice sets = daemon->options->sets;
    struct key own = vault_identity(person_vault(daemon->person));
    set_choose_author(&sets, &own);
    return sets;
}

static enum err_code start_driver(struct daemon *daemon)
{
    daemon->addresses = addresses_open(daemon->home->files, person_addresses_key(daemon->person));
    struct driver_config config = {.loop = &daemon->loop,
                                   .workers = &daemon->workers,
                                   .writer = daemon->writer,
                                   .store = person_store(daemon->person),
                                   .network = daemon->network,
                                   .events = daemon_driver_events(daemon),
                                   .engine = {.limits = limits_of(daemon->options->relay),
                                              .hello = hello_of(daemon),
                                              .sets = sets_of(daemon),
                                              .self = self_of(daemon),
                                              .book = addresses_book(daemon->addresses),
                                              .scores = addresses_scores(daemon->addresses),
                                              .only_named = only_named(daemon->options),
                                              .now_ms = uv_now(&daemon->loop)}};
    randombytes_buf(config.engine.seed, sizeof config.engine.seed);
    enum err_code rc = driver_new(&daemon->driver, &config);
    if (rc == ERR_OK) {
        daemon->publisher = publisher_new(&daemon->loop, daemon->driver);
        daemon->contacts = contacts_new(daemon->network, daemon->driver);
        for (size_t i = 0; i < daemon->options->peers_count; i++) {
            contacts_add_fixed(daemon->contacts, &daemon->options->peers[i]);
        }
    }
    return rc;
}

static enum err_code start_person(struct daemon *daemon)
{
    struct person_events events = daemon_person_events(daemon);
    daemon_tell_status(daemon);
    enum err_code rc = person_start(daemon->person, &daemon->mailbox, &events);
    daemon->person_runs = rc == ERR_OK;
    return rc;
}

static enum err_code start_parts(struct daemon *daemon, struct home *home, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    if (daemon->options->relay) {
        struct key relay = vault_identity(person_vault(daemon->person));
        rc = keeping_apply(&daemon->options->keeping, person_store(daemon->person), &relay, note);
        person_bound_members(daemon->person, &daemon->options->keeping.members);
    } else {
        keeping_hold(&daemon->options->keeping, person_store(daemon->person),
                     person_archive(daemon->person));
    }
    if (rc == ERR_OK) {
        rc = writer_new(&daemon->writer, person_store(daemon->person),
                        person_archive(daemon->person), &daemon->mailbox);
    }
    if (rc == ERR_OK) {
        rc = start_network(daemon, note);
    }
    if (rc == ERR_OK) {
        rc = start_driver(daemon);
    }
    if (rc == ERR_OK) {
        rc = start_person(daemon);
    }
    /* Last: whoever gets an answer there finds everything else running. */
    if (rc == ERR_OK) {
        struct control_events events = daemon_control_events(daemon);
        rc = control_server_new(&daemon->control, &daemon->loop, home->path, &events, note);
    }
    return rc;
}

static unsigned workers_count(void)
{
    unsigned count = uv_available_parallelism();
    return count < CREW_THREADS_MAX ? count : CREW_THREADS_MAX;
}

static enum err_code start_loop(struct daemon *daemon, struct err_note *note)
{
    if (uv_loop_init(&daemon->loop) != 0) {
        return err_note(note, ERR_NO_MEMORY, "the system gives no more descriptors");
    }
    enum err_code rc = mailbox_init(&daemon->mailbox, &daemon->loop);
    if (rc == ERR_OK) {
        rc = crew_start(&daemon->workers, workers_count(), &daemon->mailbox);
        if (rc != ERR_OK) {
            mailbox_close(&daemon->mailbox);
            (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
        }
    }
    if (rc != ERR_OK) {
        (void)uv_loop_close(&daemon->loop);
        return err_note(note, rc, "the system gives no more threads");
    }
    static const int numbers[DAEMON_SIGNALS_COUNT] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < DAEMON_SIGNALS_COUNT; i++) {
        (void)uv_signal_init(&daemon->loop, &daemon->signals[i]);
        daemon->signals[i].data = daemon;
        (void)uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
    }
    (void)uv_timer_init(&daemon->loop, &daemon->ticker);
    (void)uv_timer_init(&daemon->loop, &daemon->guard);
    daemon->ticker.data = daemon;
    daemon->guard.data = daemon;
    return ERR_OK;
}

static void close_all(struct daemon *daemon)
{
    int failed = uv_loop_close(&daemon->loop);
    assert(failed == 0);
    (void)failed;
    publisher_free(daemon->publisher);
    contacts_free(daemon->contacts);
    driver_free(daemon->driver);
    addresses_free(daemon->addresses);
    writer_free(daemon->writer);
}

/* Without the node's key: the log lies in the home in the clear. */
static void say_where(const struct daemon *daemon)
{
    const char *from = strstr(daemon->address, "//");
    const char *to = strrchr(daemon->address, '/');
    from = from != NULL ? from + 2 : daemon->address;
    log_line(LOG_INFO, "listening on %.*s", to != NULL && to > from ? (int)(to - from) : 0, from);
}

enum err_code daemon_run(enum daemon_end *end, struct person *person, struct home *home,
                         const struct options *options, struct err_note *note)
{
    struct daemon *daemon = memory_get(sizeof *daemon);
    daemon->home = home;
    daemon->person = person;
    daemon->options = options;
    enum err_code rc = start_loop(daemon, note);
    if (rc != ERR_OK) {
        person_close(person);
        free(daemon);
        return rc;
    }
    rc = start_parts(daemon, home, note);
    if (rc == ERR_OK) {
        say_where(daemon);
        (void)uv_timer_start(&daemon->ticker, on_tick, TICK_MS, TICK_MS);
    } else {
        daemon_stop(daemon);
    }
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
    if (daemon->driver != NULL) {
        addresses_save(daemon->addresses);
    }
    close_all(daemon);
    person_close(daemon->person);
    *end = daemon->locks ? DAEMON_LOCKS : DAEMON_STOPPED;
    if (rc == ERR_OK && !daemon->locks) {
        log_line(LOG_INFO, "stopped");
    }
    free(daemon);
    return rc;
}
