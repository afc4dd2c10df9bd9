#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "node/log.h"
#include "node/memory.h"
#include "node/person_state.h"
#include "proto/post.h"

#define UNSENT_POSTS_MAX    64 /* own posts published again when a peer becomes ready */
#define UNPUBLISHED_RETRY_S 10 /* the store goes on some seconds after an error */
#define TRIM_S              20
#define TRIM_NS             (UINT64_C(25) * 1000000) /* at each tick: commands wait no longer */

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
    EVENT_WORK,
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
        person->host.send(&person->host, (struct command_client){client}, message,
                          COMMAND_SEND_NOW);
    }
}

static void work_message(struct person *person, const struct event *event)
{
    if (person_client_of(person, event->client) == NULL) {
        struct person_client *place = person_client_of(person, 0);
        assert(place != NULL); /* as many places as the socket has clients */
        *place = (struct person_client){.number = event->client};
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
        person_want_down(person);
    }
    if (person->lock_asked) {
        person->lock_asked = false;
        person_want_lock(person);
    }
}

static void work_written(struct person *person, const struct event *event)
{
    struct person_client *client = person_client_of(person, event->client);
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
    struct person_client *client = person_client_of(person, event->client);
    if (client != NULL) {
        commands_on_gone(person->commands, (struct command_client){event->client});
        *client = (struct person_client){0};
    }
}

static void work_published(struct person *person, const struct event *event)
{
    struct err_note note = {{0}};
    if (event->rc == ERR_FLOOD || err_class(event->rc) == ERR_CLASS_ENVIRONMENT) {
        person->unpublished = true;
        person->unpublished_s = person->host.now_s(&person->host);
    }
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
        vault_clock(person->vault, person->host.now_s(&person->host));
        rc = vault_commit(person->vault, &note);
    }
    if (rc != ERR_OK) {
        log_line(LOG_WARN, "noting a relay's answer failed (%s); it is asked again", note.text);
        return;
    }
    commands_on_joined(person->commands, &event->address, event->rc);
    person->host.peers_changed(&person->host);
}

static void work_admit(struct person *person, const struct event *event)
{
    struct err_note note = {{0}};
    uint8_t *wire = memory_get(POST_WIRE_MAX);
    struct octets_room room = {.at = wire, .cap = POST_WIRE_MAX};
    enum err_code rc =
        commands_admit(person->commands, &room, octets_of(event->octets, event->len), &note);
    person_want_admitted(person, event->token, rc, octets_of(wire, rc == ERR_OK ? room.len : 0));
    free(wire);
}

/* What lies below the floor is kept for her alone where it was never stored. */
static void publish_again(struct person *person, size_t index, bool was_stored)
{
    struct err_note note = {{0}};
    uint8_t *octets = memory_get(POST_WIRE_MAX);
    struct octets_room wire = {.at = octets, .cap = POST_WIRE_MAX};
    if (journal_own_wire(person->journal, &wire, index, &note) == ERR_OK) {
        struct octets post = octets_of(wire.at, wire.len);
        if (was_stored || !person_keep_own(person, post)) {
            person->host.publish(&person->host, 0, post);
        }
    } else {
        log_line(LOG_WARN, "an own post cannot be sent again: %s", note.text);
    }
    free(octets);
}

/* Own posts that were written down and never stored: the process ended between the two. */
static void publish_missing(struct person *person)
{
    for (size_t i = 0; i < journal_own_count(person->journal); i++) {
        struct journal_post post = journal_own_at(person->journal, i);
        bool known = false;
        if (post.has_wire && store_known(person->store, &known, &post.id, 1, NULL) == ERR_OK &&
            !known) {
            publish_again(person, i, false);
        }
    }
}

static void work_ready(struct person *person)
{
    size_t found = 0;
    for (size_t i = journal_own_count(person->journal); i > 0 && found < UNSENT_POSTS_MAX; i--) {
        struct journal_post post = journal_own_at(person->journal, i - 1);
        if (post.sent_count == 0 && post.has_wire) {
            publish_again(person, i - 1, true);
            found++;
        }
    }
}

/* A full disk, say, is over at some time; nobody has to start anything again for it. */
static void publish_unpublished(struct person *person)
{
    uint64_t now_s = person->host.now_s(&person->host);
    if (person->unpublished &&
        (now_s < person->unpublished_s || now_s - person->unpublished_s >= UNPUBLISHED_RETRY_S)) {
        person->unpublished = false;
        publish_missing(person);
    }
}

/* What the journal need not hold any more leaves it within a minute. */
static void trim_journal(struct person *person)
{
    uint64_t now_s = person->host.now_s(&person->host);
    struct err_note note = {{0}};
    bool more = true;
    enum err_code rc = ERR_OK;
    if (now_s < person->trim_at_s && person->trim_at_s - now_s <= TRIM_S) {
        return;
    }
    uint64_t until_ns = uv_hrtime() + TRIM_NS;
    while (more && rc == ERR_OK && uv_hrtime() < until_ns) {
        rc = trimming_slice(&person->trimming, &more, now_s, &note);
    }
    if (rc != ERR_OK || !more) {
        person->trim_at_s = now_s + TRIM_S;
    }
    if (rc != ERR_OK && !person->trim_failed) {
        log_line(LOG_WARN,
                 "the journal cannot be put in order (%s). Nothing is lost; it is tried again now "
                 "and then",
                 note.text[0] != '\0' ? note.text : err_text(rc));
    }
    person->trim_failed = rc != ERR_OK;
}

static void work(struct job *job)
{
    struct event *event = JOB_OWNER(job, struct event, job);
    struct person *person = event->person;
    switch (event->type) {
    case EVENT_START:
        person->host.peers_changed(&person->host);
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
    case EVENT_WORK:
        commands_on_work(person->commands);
        break;
    case EVENT_TICK:
        commands_on_tick(person->commands);
        if (person->lock_asked) {
            log_line(LOG_INFO, "locking: nothing was asked for a while");
            person->lock_asked = false;
            person_want_lock(person);
        }
        vault_keep_copy(person->vault);
        publish_unpublished(person);
        person_keep_tick(person);
        trim_journal(person);
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
    if (event->octets != NULL) { /* a request may hold a passphrase */
        sodium_memzero(event->octets, event->len);
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

void person_work(struct person *person)
{
    if (!person->finished) {
        event_push(event_new(person, EVENT_WORK), CREW_PATIENT);
    }
}

void person_tick(struct person *person)
{
    if (!atomic_exchange(&person->tick_queued, true)) {
        event_push(event_new(person, EVENT_TICK), CREW_PATIENT);
    }
}

void person_push_start(struct person *person)
{
    event_push(event_new(person, EVENT_START), CREW_URGENT);
}
