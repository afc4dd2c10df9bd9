#include "node/person.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "node/control_server.h"
#include "node/crew.h"
#include "node/log.h"
#include "node/memory.h"
#include "proto/post.h"
#include "store/view.h"

#define UNSENT_POSTS_MAX 64 /* own posts published again when a peer becomes ready */

/* A client as this thread sees it. */
struct client {
    uint32_t number; /* 0: the place is free */
    size_t unsent_len;
    bool waits; /* it was not writable when asked */
};

struct person {
    struct command_host host; /* first: the commands find the person through it */
    struct journal *journal;
    struct vault *vault;
    struct store *store;
    struct view *view; /* NULL on a relay */
    struct commands *commands;
    struct client clients[CONTROL_CLIENTS_MAX];
    bool down_asked;
    struct crew crew;
    struct mailbox *mailbox;
    struct person_events events;
    uv_mutex_t status_mutex;
    struct command_status status;
    atomic_bool arrival_queued;
    atomic_bool tick_queued;
};

static struct person *person_of(struct command_host *host)
{
    return (struct person *)(void *)host;
}

/* ---- What this thread wants of the loop ---- */

enum want_type { WANT_SEND, WANT_PUBLISH, WANT_PEERS, WANT_DOWN, WANT_ADMITTED };

struct want {
    struct job job;
    struct person *person;
    enum want_type type;
    uint32_t client;
    enum command_order order;
    uint64_t token;
    enum err_code rc;
    uint8_t *octets;
    size_t len;
    struct person_peers peers;
};

static void on_want(struct job *job)
{
    struct want *want = JOB_OWNER(job, struct want, job);
    const struct person_events *events = &want->person->events;
    switch (want->type) {
    case WANT_SEND:
        events->send(events->context, want->client, want->octets, want->len, want->order);
        break;
    case WANT_PUBLISH:
        events->publish(events->context, want->token, want->octets, want->len);
        break;
    case WANT_PEERS:
        events->peers(events->context, &want->peers);
        free(want->peers.peers);
        free(want->peers.claims);
        break;
    case WANT_DOWN:
        events->down(events->context);
        break;
    case WANT_ADMITTED:
        events->admitted(events->context, want->token, want->rc, want->octets, want->len);
        break;
    }
    free(want);
}

static struct want *want_new(struct person *person, enum want_type type)
{
    struct want *want = memory_get(sizeof *want);
    want->person = person;
    want->type = type;
    want->job.done = on_want;
    return want;
}

static void want_octets(struct want *want, struct octets octets)
{
    want->octets = memory_copy(octets);
    want->len = octets.len;
}

static void want_post(struct want *want)
{
    mailbox_post(want->person->mailbox, &want->job);
}

/* ---- The host of the commands ---- */

static struct client *client_of(struct person *person, uint32_t number)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (person->clients[i].number == number) {
            return &person->clients[i];
        }
    }
    return NULL;
}

static uint64_t host_now_s(struct command_host *host)
{
    (void)host;
    return (uint64_t)time(NULL);
}

static void host_send(struct command_host *host, struct command_client client,
                      struct octets message, enum command_order order)
{
    struct person *person = person_of(host);
    struct client *to = client_of(person, client.number);
    if (to == NULL) {
        return;
    }
    to->unsent_len += message.len;
    struct want *want = want_new(person, WANT_SEND);
    want->client = client.number;
    want->order = order;
    want_octets(want, message);
    want_post(want);
}

static bool host_writable(struct command_host *host, struct command_client client)
{
    struct client *to = client_of(person_of(host), client.number);
    if (to == NULL) {
        return false;
    }
    to->waits = to->unsent_len >= PERSON_UNSENT_MAX;
    return !to->waits;
}

static void host_publish(struct command_host *host, uint64_t token, struct octets wire)
{
    struct want *want = want_new(person_of(host), WANT_PUBLISH);
    want->token = token;
    want_octets(want, wire);
    want_post(want);
}

static void host_status(struct command_host *host, struct command_status *status)
{
    struct person *person = person_of(host);
    uv_mutex_lock(&person->status_mutex);
    *status = person->status;
    uv_mutex_unlock(&person->status_mutex);
}

static void host_peers_changed(struct command_host *host)
{
    struct person *person = person_of(host);
    const struct vault_contents *contents = vault_contents(person->vault);
    struct want *want = want_new(person, WANT_PEERS);
    want->peers.peers_count = contents->peers_count;
    want->peers.claims_count = contents->claims_count;
    want->peers.peers = (struct vault_peer *)(void *)memory_copy(
        octets_of(contents->peers, contents->peers_count * sizeof *contents->peers));
    want->peers.claims = (struct vault_claim *)(void *)memory_copy(
        octets_of(contents->claims, contents->claims_count * sizeof *contents->claims));
    want_post(want);
}

static void host_down(struct command_host *host)
{
    /* The answer to the command comes first. */
    person_of(host)->down_asked = true;
}

/* ---- What happened, worked off on this thread ---- */

enum event_type {
    EVENT_START,
    EVENT_MESSAGE,
    EVENT_WRITTEN,
    EVENT_GONE,
    EVENT_PUBLISHED,
    EVENT_ARRIVAL,
    EVENT_JOINED,
    EVENT_ADMIT,
    EVENT_READY,
    EVENT_TICK
};

struct event {
    struct job job;
    struct person *person;
    enum event_type type;
    uint32_t client;
    uint64_t token;
    struct publisher_cause cause;
    struct post_id id;
    enum err_code rc;
    uint32_t sent_to;
    struct address address;
    uint8_t *octets;
    size_t len;
};

static void answer_unknown(struct person *person, uint32_t client, uint32_t request_id)
{
    uint8_t room[CONTROL_TEXT_MAX];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct octets message;
    control_end(&w, request_id, err_exit_status(ERR_USAGE),
                "this node does not know that command; it may be older than the kith that asks");
    if (control_close(&w, &message) == ERR_OK) {
        host_send(&person->host, (struct command_client){client}, message, COMMAND_SEND_NOW);
    }
}

static void work_message(struct person *person, const struct event *event)
{
    if (client_of(person, event->client) == NULL) {
        struct client *place = client_of(person, 0);
        assert(place != NULL); /* as many places as the socket has clients */
        *place = (struct client){.number = event->client};
    }
    struct control_message message;
    memset(&message, 0, sizeof message);
    enum err_code rc = control_decode(&message, octets_of(event->octets, event->len));
    if (rc == ERR_OK) {
        commands_on_message(person->commands, (struct command_client){event->client}, &message);
    } else if (rc == ERR_NOT_FOUND) {
        answer_unknown(person, event->client, message.request_id);
    } else {
        log_line(LOG_WARN, "a program on the control socket sent a malformed request");
    }
    if (person->down_asked) {
        person->down_asked = false;
        want_post(want_new(person, WANT_DOWN));
    }
}

static void work_written(struct person *person, const struct event *event)
{
    struct client *client = client_of(person, event->client);
    if (client == NULL) {
        return;
    }
    client->unsent_len -= event->len;
    if (client->waits && client->unsent_len < PERSON_UNSENT_MAX) {
        client->waits = false;
        commands_on_writable(person->commands, (struct command_client){event->client});
    }
}

static void work_gone(struct person *person, const struct event *event)
{
    struct client *client = client_of(person, event->client);
    if (client != NULL) {
        commands_on_gone(person->commands, (struct command_client){event->client});
        *client = (struct client){0};
    }
}

static void work_published(struct person *person, const struct event *event)
{
    struct err_note note = {{0}};
    if (event->rc == ERR_OK && event->sent_to > 0 &&
        journal_sent(person->journal, &event->id, event->sent_to, &note) != ERR_OK) {
        log_line(LOG_WARN, "noting what was sent failed: %s", note.text);
    }
    if (event->cause.command_token != 0) {
        commands_on_published(person->commands, event->cause.command_token, event->rc,
                              event->sent_to);
    }
}

/* Whether a relay's answer is its last word; else the claim is sent again later. */
static bool is_final(enum err_code rc)
{
    return rc != ERR_TIMEOUT && rc != ERR_NETWORK && rc != ERR_FLOOD && rc != ERR_NO_MEMORY &&
           rc != ERR_IO && rc != ERR_NO_SPACE;
}

static void work_joined(struct person *person, const struct event *event)
{
    if (!is_final(event->rc)) {
        return;
    }
    struct err_note note = {{0}};
    enum err_code rc = vault_claim_done(person->vault, &event->address, event->rc == ERR_OK);
    if (rc == ERR_OK) {
        rc = vault_commit(person->vault, &note);
    }
    if (rc != ERR_OK) {
        log_line(LOG_WARN, "noting a relay's answer failed (%s); it is asked again", note.text);
        return;
    }
    commands_on_joined(person->commands, &event->address, event->rc);
    host_peers_changed(&person->host);
}

static void work_admit(struct person *person, const struct event *event)
{
    struct err_note note = {{0}};
    uint8_t *wire = memory_get(POST_WIRE_MAX);
    struct octets_room room = {.at = wire, .cap = POST_WIRE_MAX};
    enum err_code rc =
        commands_admit(person->commands, &room, octets_of(event->octets, event->len), &note);
    struct want *want = want_new(person, WANT_ADMITTED);
    want->token = event->token;
    want->rc = rc;
    want_octets(want, octets_of(wire, rc == ERR_OK ? room.len : 0));
    free(wire);
    want_post(want);
}

static void publish_again(struct person *person, struct octets wire)
{
    host_publish(&person->host, 0, wire);
}

/* Own posts that were written down and never stored: the process ended between the two. */
static void publish_missing(struct person *person)
{
    for (size_t i = 0; i < journal_own_count(person->journal); i++) {
        struct post_id id;
        struct octets wire;
        uint32_t sent_count = 0;
        bool known = false;
        journal_own_at(person->journal, &id, &wire, &sent_count, i);
        store_known(person->store, &known, &id, 1);
        if (!known && wire.len > 0) {
            publish_again(person, wire);
        }
    }
}

static void work_ready(struct person *person)
{
    size_t found = 0;
    for (size_t i = journal_own_count(person->journal); i > 0 && found < UNSENT_POSTS_MAX; i--) {
        struct post_id id;
        struct octets wire;
        uint32_t sent_count = 0;
        journal_own_at(person->journal, &id, &wire, &sent_count, i - 1);
        if (sent_count == 0 && wire.len > 0) {
            publish_again(person, wire);
            found++;
        }
    }
}

static void work(struct job *job)
{
    struct event *event = JOB_OWNER(job, struct event, job);
    struct person *person = event->person;
    switch (event->type) {
    case EVENT_START:
        host_peers_changed(&person->host);
        publish_missing(person);
        break;
    case EVENT_MESSAGE:
        work_message(person, event);
        break;
    case EVENT_WRITTEN:
        work_written(person, event);
        break;
    case EVENT_GONE:
        work_gone(person, event);
        break;
    case EVENT_PUBLISHED:
        work_published(person, event);
        break;
    case EVENT_ARRIVAL:
        /* What arrives from now on is told anew. */
        atomic_store(&person->arrival_queued, false);
        commands_on_arrival(person->commands);
        break;
    case EVENT_JOINED:
        work_joined(person, event);
        break;
    case EVENT_ADMIT:
        work_admit(person, event);
        break;
    case EVENT_READY:
        work_ready(person);
        break;
    case EVENT_TICK:
        commands_on_tick(person->commands);
        atomic_store(&person->tick_queued, false);
        break;
    }
}

static void on_done(struct job *job)
{
    struct event *event = JOB_OWNER(job, struct event, job);
    const struct person_events *events = &event->person->events;
    if (event->type == EVENT_MESSAGE) {
        events->taken(events->context, event->client);
    } else if (event->type == EVENT_PUBLISHED) {
        events->published(events->context, &event->cause, event->rc);
    }
    free(event->octets);
    free(event);
}

static struct event *event_new(struct person *person, enum event_type type)
{
    struct event *event = memory_get(sizeof *event);
    event->person = person;
    event->type = type;
    event->job.work = work;
    event->job.done = on_done;
    return event;
}

static void event_push(struct event *event, enum crew_lane lane)
{
    crew_push(&event->person->crew, &event->job, lane);
}

void person_message(struct person *person, uint32_t client, uint8_t *octets, size_t len)
{
    struct event *event = event_new(person, EVENT_MESSAGE);
    event->client = client;
    event->octets = octets;
    event->len = len;
    event_push(event, CREW_URGENT);
}

void person_written(struct person *person, uint32_t client, size_t len)
{
    struct event *event = event_new(person, EVENT_WRITTEN);
    event->client = client;
    event->len = len;
    event_push(event, CREW_URGENT);
}

void person_gone(struct person *person, uint32_t client)
{
    struct event *event = event_new(person, EVENT_GONE);
    event->client = client;
    event_push(event, CREW_URGENT);
}

void person_published(struct person *person, const struct publisher_cause *cause,
                      const struct post_id *id, enum err_code rc, uint32_t sent_to)
{
    struct event *event = event_new(person, EVENT_PUBLISHED);
    event->cause = *cause;
    event->id = *id;
    event->rc = rc;
    event->sent_to = sent_to;
    event_push(event, CREW_URGENT);
}

void person_arrival(struct person *person)
{
    if (!atomic_exchange(&person->arrival_queued, true)) {
        event_push(event_new(person, EVENT_ARRIVAL), CREW_PATIENT);
    }
}

void person_joined(struct person *person, const struct address *address, enum err_code rc)
{
    struct event *event = event_new(person, EVENT_JOINED);
    event->address = *address;
    event->rc = rc;
    event_push(event, CREW_PATIENT);
}

void person_admit(struct person *person, uint64_t token, struct octets claim)
{
    struct event *event = event_new(person, EVENT_ADMIT);
    event->token = token;
    event->octets = memory_copy(claim);
    event->len = claim.len;
    event_push(event, CREW_PATIENT);
}

void person_ready(struct person *person)
{
    event_push(event_new(person, EVENT_READY), CREW_PATIENT);
}

void person_tick(struct person *person)
{
    if (!atomic_exchange(&person->tick_queued, true)) {
        event_push(event_new(person, EVENT_TICK), CREW_PATIENT);
    }
}

void person_status(struct person *person, const struct command_status *status)
{
    uv_mutex_lock(&person->status_mutex);
    person->status = *status;
    uv_mutex_unlock(&person->status_mutex);
}

/* ---- Opening and closing ---- */

struct store *person_store(struct person *person)
{
    return person->store;
}

const struct vault *person_vault(const struct person *person)
{
    return person->vault;
}

static enum err_code open_journal(struct person *person, struct home *home, struct err_note *note)
{
    uint8_t *key = memory_get_secret(32);
    enum err_code rc = vault_journal_key(key, home->files, note);
    if (rc == ERR_OK) {
        rc = journal_open(&person->journal, home->files, key, note);
    }
    sodium_free(key);
    return rc;
}

static enum err_code check_kind(const struct person *person, enum vault_kind kind,
                                struct err_note *note)
{
    enum vault_kind found = vault_contents(person->vault)->kind;
    if (found == kind) {
        return ERR_OK;
    }
    return found == VAULT_RELAY
               ? err_note(note, ERR_REFUSED,
                          "this home is a relay's; start it with --relay, or choose another with "
                          "--home")
               : err_note(note, ERR_REFUSED,
                          "this home is a person's and cannot be a relay; choose another with "
                          "--home");
}

static enum err_code open_view(struct person *person, struct err_note *note)
{
    struct key own = vault_identity(person->vault);
    enum err_code rc = view_new(&person->view, person->store, &own, note);
    if (rc == ERR_OK) {
        rc = view_catch_up(person->view, NULL, note);
    }
    if (rc == ERR_OK) {
        rc = view_load(person->view, vault_contents(person->vault), note);
    }
    return rc;
}

static enum err_code open_all(struct person *person, struct home *home, enum vault_kind kind,
                              struct err_note *note)
{
    if (!home_has_vault(home)) {
        return err_note(note, ERR_NO_NODE, "there is no home in %s; `kith init` makes one",
                        home->path);
    }
    enum err_code rc = open_journal(person, home, note);
    if (rc == ERR_OK) {
        rc = vault_open(&person->vault, home->files, person->journal, note);
    }
    if (rc == ERR_DAMAGED || rc == ERR_ROLLBACK) {
        return err_note(note, rc,
                        "the vault with the block list cannot be trusted, so nothing is shown");
    }
    if (rc == ERR_OK) {
        rc = check_kind(person, kind, note);
    }
    if (rc == ERR_OK) {
        rc = home_open_store(&person->store, home, note);
    }
    if (rc == ERR_OK && kind == VAULT_PERSONAL) {
        rc = open_view(person, note);
    }
    if (rc == ERR_OK) {
        rc = commands_new(&person->commands, &person->host, person->store, person->vault,
                          person->journal, person->view);
    }
    return rc;
}

enum err_code person_open(struct person **person, struct home *home, enum vault_kind kind,
                          struct err_note *note)
{
    struct person *made = memory_get(sizeof *made);
    made->host = (struct command_host){.now_s = host_now_s,
                                       .send = host_send,
                                       .writable = host_writable,
                                       .publish = host_publish,
                                       .status = host_status,
                                       .peers_changed = host_peers_changed,
                                       .down = host_down};
    if (uv_mutex_init(&made->status_mutex) != 0) {
        free(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = open_all(made, home, kind, note);
    if (rc != ERR_OK) {
        person_close(made);
        return rc;
    }
    *person = made;
    return ERR_OK;
}

void person_close(struct person *person)
{
    if (person == NULL) {
        return;
    }
    commands_free(person->commands);
    view_free(person->view);
    store_close(person->store);
    vault_close(person->vault);
    journal_close(person->journal);
    uv_mutex_destroy(&person->status_mutex);
    free(person);
}

enum err_code person_start(struct person *person, struct mailbox *mailbox,
                           const struct person_events *events)
{
    person->mailbox = mailbox;
    person->events = *events;
    enum err_code rc = crew_start(&person->crew, 1, mailbox);
    if (rc == ERR_OK) {
        event_push(event_new(person, EVENT_START), CREW_URGENT);
    }
    return rc;
}

void person_finish(struct person *person)
{
    crew_finish(&person->crew);
}
