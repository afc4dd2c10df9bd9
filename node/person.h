/* person.h - the person's thread: it alone touches the view, the vault and the journal, and runs
 * the commands (node/command.h).
 *
 * Commands overtake arrivals, so that a busy network never delays a person.  A relay has this
 * thread too, without a view.  All functions are for the loop thread; none of them waits. */
#ifndef KITH_NODE_PERSON_H
#define KITH_NODE_PERSON_H

#include "node/command.h"
#include "node/home.h"
#include "node/mailbox.h"
#include "node/publisher.h"
#include "proto/key.h"

#define PERSON_UNSENT_MAX 65536 /* octets under way to a client from which on streams wait */

/* Whom to dial, and which claims wait for their relay. */
struct person_peers {
    struct vault_peer *peers;
    size_t peers_count;
    struct vault_claim *claims;
    size_t claims_count;
};

/* What the person's thread wants; told on the loop thread, in the order in which it wanted it.
 * octets is taken and freed with free(). */
struct person_events {
    void *context;
    void (*send)(void *context, uint32_t client, uint8_t *octets, size_t len,
                 enum command_order order);
    void (*taken)(void *context, uint32_t client); /* a message of that client was worked off */
    void (*publish)(void *context, uint64_t token, uint8_t *octets, size_t len);
    void (*peers)(void *context, const struct person_peers *peers); /* borrowed for the call */
    void (*work)(void *context);                                    /* call person_work() */
    void (*down)(void *context);
    void (*lock)(void *context); /* stop, and start anew with nothing open */
    /* person_published() was worked off. */
    void (*published)(void *context, const struct publisher_cause *cause, enum err_code rc);
    /* The answer to person_admit(): a vouch to publish, or none when len is 0. */
    void (*admitted)(void *context, uint64_t token, enum err_code rc, uint8_t *octets, size_t len);
};

struct person;

struct store; /* store/store.h */
/* What she keeps of what left, to tend; NULL on a relay. */
struct store *person_archive(struct person *person);

/* Open everything in an unlocked home (borrowed) on the calling thread: nothing runs yet.  The
 * vault is of this kind. ERR_NO_NODE   there is no vault (exit status 3) ERR_REFUSED   the vault is
 * of the other kind ERR_DAMAGED, ERR_ROLLBACK  nothing may be shown ERR_IO, ERR_NO_SPACE,
 * ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code person_open(struct person **person, struct home *home, enum vault_kind kind,
                                   struct err_note *note);
void person_close(struct person *person);

/* Before person_start(). */
struct store *person_store(struct person *person);
/* What the file of addresses is sealed under, SEAL_KEY_LEN octets; lives as long as the person. */
const uint8_t *person_addresses_key(const struct person *person);
const struct vault *person_vault(const struct person *person);

/* A relay's, before person_start(): how many it takes in. */
void person_bound_members(struct person *person, const struct members_limits *limits);

/* Start the thread.  It wants at once: to dial, and to publish own posts that the store lacks.
 *   ERR_NO_MEMORY  no thread could be started */
MUST_USE enum err_code person_start(struct person *person, struct mailbox *mailbox,
                                    const struct person_events *events);
/* Work off what is queued and join the thread; all it wants is in the mailbox then. */
void person_finish(struct person *person);

/* What happened.  octets is taken. */
void person_message(struct person *person, uint32_t client, uint8_t *octets, size_t len);
void person_written(struct person *person, uint32_t client, size_t len);
void person_gone(struct person *person, uint32_t client);
void person_published(struct person *person, const struct publisher_cause *cause,
                      const struct post_id *id, enum err_code rc, uint32_t sent_to);
void person_arrival(struct person *person);
void person_joined(struct person *person, const struct address *address, enum err_code rc);
void person_admit(struct person *person, uint64_t token, struct octets claim);
/* A peer is ready: own posts that nobody has been handed yet are published again. */
void person_ready(struct person *person);
/* A slice of what commands do over a while. */
void person_work(struct person *person);
void person_tick(struct person *person);

/* What `status` is to say from now on; copied. */
void person_status(struct person *person, const struct command_status *status);

#endif
