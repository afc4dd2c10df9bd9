#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "node/memory.h"
#include "node/panic.h"
#include "node/person_state.h"

static struct person *person_of(struct command_host *host)
{
    return (struct person *)(void *)host;
}

enum want_type {
    WANT_SEND,
    WANT_PUBLISH,
    WANT_PEERS,
    WANT_WORK,
    WANT_DOWN,
    WANT_LOCK,
    WANT_ADMITTED
};

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
    case WANT_WORK:
        events->work(events->context);
        break;
    case WANT_DOWN:
        events->down(events->context);
        break;
    case WANT_LOCK:
        events->lock(events->context);
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

struct person_client *person_client_of(struct person *person, uint32_t number)
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
    struct person_client *to = person_client_of(person, client.number);
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
    struct person_client *to = person_client_of(person_of(host), client.number);
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

static void host_work(struct command_host *host)
{
    want_post(want_new(person_of(host), WANT_WORK));
}

static void host_down(struct command_host *host)
{
    /* The answer to the command comes first. */
    person_of(host)->down_asked = true;
}

static enum err_code host_has_passphrase(struct command_host *host, bool *has,
                                         struct err_note *note)
{
    return home_key_is_locked(has, person_of(host)->home->files, note);
}

static enum err_code host_lock(struct command_host *host, struct err_note *note)
{
    bool has = false;
    enum err_code rc = host_has_passphrase(host, &has, note);
    if (rc == ERR_OK && !has) {
        return err_note(note, ERR_REFUSED,
                        "this home has no passphrase, so it cannot be locked; `kith passphrase` "
                        "sets one");
    }
    /* The answer to the command comes first. */
    person_of(host)->lock_asked = rc == ERR_OK;
    return rc;
}

static enum err_code host_passphrase(struct command_host *host, struct octets before,
                                     struct octets fresh, struct err_note *note)
{
    struct files *files = person_of(host)->home->files;
    struct home_key_lock lock = {.passphrase = fresh};
    uint8_t *key = memory_get_secret(HOME_KEY_LEN);
    bool changed = false;
    enum err_code rc = home_key_open(key, files, before, note);
    if (rc == ERR_OK) {
        rc = home_key_change(&changed, files, key, fresh.len > 0 ? &lock : NULL, note);
        if (rc != ERR_OK && changed) {
            rc = err_note(note, rc,
                          "the new passphrase is in force, but the old form of the key may still "
                          "stand on the disk");
        }
    }
    sodium_free(key);
    return rc;
}

static enum err_code host_passphrase_check(struct command_host *host, struct octets passphrase,
                                           struct err_note *note)
{
    uint8_t *key = memory_get_secret(HOME_KEY_LEN);
    enum err_code rc = home_key_open(key, person_of(host)->home->files, passphrase, note);
    sodium_free(key);
    return rc;
}

static void host_panic(struct command_host *host)
{
    panic_now(person_of(host)->home);
}

void person_host_init(struct person *person)
{
    person->host = (struct command_host){.now_s = host_now_s,
                                         .send = host_send,
                                         .writable = host_writable,
                                         .publish = host_publish,
                                         .status = host_status,
                                         .peers_changed = host_peers_changed,
                                         .work = host_work,
                                         .down = host_down,
                                         .lock = host_lock,
                                         .has_passphrase = host_has_passphrase,
                                         .passphrase = host_passphrase,
                                         .passphrase_check = host_passphrase_check,
                                         .panic = host_panic};
}

void person_want_down(struct person *person)
{
    want_post(want_new(person, WANT_DOWN));
}

void person_want_lock(struct person *person)
{
    want_post(want_new(person, WANT_LOCK));
}

void person_want_admitted(struct person *person, uint64_t token, enum err_code rc,
                          struct octets vouch)
{
    struct want *want = want_new(person, WANT_ADMITTED);
    want->token = token;
    want->rc = rc;
    want_octets(want, vouch);
    want_post(want);
}
