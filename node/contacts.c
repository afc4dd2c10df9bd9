#include "node/contacts.h"

#include <stdlib.h>

#include "node/log.h"
#include "node/memory.h"

struct contact {
    struct contact *next;
    struct address address;
    uint32_t number;
    bool fixed;
    bool wanted;
};

struct pending {
    struct pending *next;
    struct vault_claim claim;
    uint64_t token; /* 0: not under way */
    uint64_t again_ms;
    bool wanted;
};

struct contacts {
    struct network *network;
    struct driver *driver;
    struct contact *list;
    struct pending *claims;
    uint64_t token_last;
};

struct contacts *contacts_new(struct network *network, struct driver *driver)
{
    struct contacts *contacts = memory_get(sizeof *contacts);
    contacts->network = network;
    contacts->driver = driver;
    return contacts;
}

void contacts_free(struct contacts *contacts)
{
    if (contacts == NULL) {
        return;
    }
    while (contacts->list != NULL) {
        struct contact *next = contacts->list->next;
        free(contacts->list);
        contacts->list = next;
    }
    while (contacts->claims != NULL) {
        struct pending *next = contacts->claims->next;
        free(contacts->claims);
        contacts->claims = next;
    }
    free(contacts);
}

static struct contact *find(const struct contacts *contacts, const struct address *address)
{
    struct contact *contact = contacts->list;
    while (contact != NULL && !address_equal(&contact->address, address)) {
        contact = contact->next;
    }
    return contact;
}

static struct contact *add(struct contacts *contacts, const struct address *address)
{
    struct contact *contact = find(contacts, address);
    uint32_t number = 0;
    if (contact != NULL) {
        return contact;
    }
    if (!network_address_add(contacts->network, &number, address)) {
        log_line(LOG_WARN, "there are more addresses to dial than this node takes");
        return NULL;
    }
    contact = memory_get(sizeof *contact);
    contact->address = *address;
    contact->number = number;
    contact->next = contacts->list;
    contacts->list = contact;
    driver_address_add(contacts->driver, number);
    return contact;
}

void contacts_add_fixed(struct contacts *contacts, const struct address *address)
{
    struct contact *contact = add(contacts, address);
    if (contact != NULL) {
        contact->fixed = true;
    }
}

static void leave_unwanted(struct contacts *contacts)
{
    struct contact **at = &contacts->list;
    while (*at != NULL) {
        struct contact *contact = *at;
        if (contact->fixed || contact->wanted) {
            at = &contact->next;
            continue;
        }
        *at = contact->next;
        driver_address_remove(contacts->driver, contact->number);
        network_address_remove(contacts->network, contact->number);
        free(contact);
    }
}

static void send_claim(struct contacts *contacts, struct pending *pending)
{
    struct contact *contact = find(contacts, &pending->claim.address);
    if (contact == NULL) {
        return;
    }
    pending->token = ++contacts->token_last;
    driver_join_send(contacts->driver, pending->token, contact->number,
                     octets_of(pending->claim.claim, pending->claim.claim_len));
}

static struct pending *find_claim(struct contacts *contacts, const struct vault_claim *claim)
{
    struct pending *pending = contacts->claims;
    struct octets wire = octets_of(claim->claim, claim->claim_len);
    while (pending != NULL &&
           !(address_equal(&pending->claim.address, &claim->address) &&
             octets_equal(octets_of(pending->claim.claim, pending->claim.claim_len), wire))) {
        pending = pending->next;
    }
    return pending;
}

static void want_claim(struct contacts *contacts, const struct vault_claim *claim)
{
    struct pending *pending = find_claim(contacts, claim);
    if (pending == NULL) {
        pending = memory_get(sizeof *pending);
        pending->claim = *claim;
        pending->next = contacts->claims;
        contacts->claims = pending;
        send_claim(contacts, pending);
    }
    pending->wanted = true;
}

static void forget_unwanted_claims(struct contacts *contacts)
{
    struct pending **at = &contacts->claims;
    while (*at != NULL) {
        struct pending *pending = *at;
        if (pending->wanted) {
            at = &pending->next;
            continue;
        }
        *at = pending->next;
        free(pending);
    }
}

void contacts_set(struct contacts *contacts, const struct person_peers *peers)
{
    for (struct contact *c = contacts->list; c != NULL; c = c->next) {
        c->wanted = false;
    }
    for (struct pending *p = contacts->claims; p != NULL; p = p->next) {
        p->wanted = false;
    }
    for (size_t i = 0; i < peers->peers_count; i++) {
        struct contact *contact = add(contacts, &peers->peers[i].address);
        if (contact != NULL) {
            contact->wanted = true;
        }
    }
    leave_unwanted(contacts);
    for (size_t i = 0; i < peers->claims_count; i++) {
        want_claim(contacts, &peers->claims[i]);
    }
    forget_unwanted_claims(contacts);
}

bool contacts_on_joined(struct contacts *contacts, struct address *address,
                        const struct engine_joined *joined)
{
    for (struct pending *p = contacts->claims; p != NULL; p = p->next) {
        if (p->token == joined->token) {
            *address = p->claim.address;
            p->token = 0;
            p->again_ms = 0; /* set by the next tick */
            return true;
        }
    }
    return false;
}

void contacts_tick(struct contacts *contacts, uint64_t now_ms)
{
    for (struct pending *p = contacts->claims; p != NULL; p = p->next) {
        if (p->token != 0) {
            continue;
        }
        if (p->again_ms == 0) {
            p->again_ms = now_ms + CONTACTS_CLAIM_AGAIN_MS;
        } else if (now_ms >= p->again_ms) {
            p->again_ms = 0;
            send_claim(contacts, p);
        }
    }
}

void contacts_status(const struct contacts *contacts, struct command_status *status)
{
    status->dialled_count = 0;
    for (const struct contact *c = contacts->list;
         c != NULL && status->dialled_count < VAULT_PEERS_MAX; c = c->next) {
        status->dialled[status->dialled_count++] = (struct command_peer){
            .address = c->address, .connected = driver_is_connected(contacts->driver, c->number)};
    }
}
