#include "node/person.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/memory.h"
#include "node/person_state.h"

void person_bound_members(struct person *person, const struct members_limits *limits)
{
    commands_bound_members(person->commands, limits);
}

struct store *person_store(struct person *person)
{
    return person->store;
}

struct store *person_archive(struct person *person)
{
    return person->archive == NULL ? NULL : archive_store(person->archive);
}

const uint8_t *person_addresses_key(const struct person *person)
{
    return person->addresses_key;
}

const struct vault *person_vault(const struct person *person)
{
    return person->vault;
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

static enum err_code open_view(struct person *person, struct home *home, struct err_note *note)
{
    struct key own = vault_identity(person->vault);
    enum err_code rc =
        home_open_archive(&person->archive, home, person->vault, person->store, note);
    if (rc == ERR_OK) {
        struct store_left kept = archive_state(person->archive);
        store_release(person->store, &kept);
        rc = view_new(&person->view, person->store, &own, note);
    }
    if (rc == ERR_OK) {
        struct shelf shelf = archive_shelf(person->archive);
        view_shelf_set(person->view, &shelf);
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
    enum err_code rc = home_check_vault(home, note);
    if (rc == ERR_OK) {
        rc = home_open_vault(&person->vault, &person->journal, home, note);
    }
    if (rc == ERR_OK) {
        rc = check_kind(person, kind, note);
    }
    if (rc == ERR_OK) {
        rc = home_open_store(&person->store, home, person->vault,
                             kind == VAULT_PERSONAL ? STORE_READ : STORE_UNREAD, note);
    }
    if (rc == ERR_OK && kind == VAULT_PERSONAL) {
        rc = open_view(person, home, note);
    }
    if (rc == ERR_OK) {
        rc = commands_new(&person->commands,
                          &(struct commands_parts){.host = &person->host,
                                                   .store = person->store,
                                                   .vault = person->vault,
                                                   .journal = person->journal,
                                                   .view = person->view,
                                                   .archive = person->archive},
                          note);
    }
    return rc;
}

enum err_code person_open(struct person **person, struct home *home, enum vault_kind kind,
                          struct err_note *note)
{
    struct person *made = memory_get(sizeof *made);
    person_host_init(made);
    made->home = home;
    if (uv_mutex_init(&made->status_mutex) != 0) {
        free(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    made->addresses_key = memory_get_secret(HOME_KEY_LEN);
    enum err_code rc = open_all(made, home, kind, note);
    if (rc != ERR_OK) {
        person_close(made);
        return rc;
    }
    home_key_derive(made->addresses_key, home->key, HOME_KEY_ADDRESSES);
    made->trimming = (struct trimming){.journal = made->journal,
                                       .store = made->store,
                                       .archive = person_archive(made),
                                       .own = vault_identity(made->vault),
                                       .keeps_handed = kind == VAULT_RELAY};
    memory_trim(); /* opening reads everything once */
    *person = made;
    return ERR_OK;
}

void person_close(struct person *person)
{
    if (person == NULL) {
        return;
    }
    commands_free(person->commands);
    view_keep_free(person->keep);
    view_free(person->view);
    archive_close(person->archive);
    store_close(person->store);
    if (person->vault != NULL) {
        vault_keep_copy(person->vault);
    }
    vault_close(person->vault);
    journal_close(person->journal);
    sodium_free(person->addresses_key);
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
        person_push_start(person);
    }
    return rc;
}

void person_finish(struct person *person)
{
    person->finished = true;
    crew_finish(&person->crew);
}

void person_status(struct person *person, const struct command_status *status)
{
    uv_mutex_lock(&person->status_mutex);
    person->status = *status;
    uv_mutex_unlock(&person->status_mutex);
}
