/* person_state.h - what the files of node/person*.c share; nobody else includes it. */
#ifndef KITH_NODE_PERSON_STATE_H
#define KITH_NODE_PERSON_STATE_H

#include <stdatomic.h>

#include "node/control_server.h"
#include "node/crew.h"
#include "node/person.h"
#include "store/trimming.h"
#include "store/view.h"
#include "store/view_keep.h"

/* A client as this thread sees it. */
struct person_client {
    uint32_t number; /* 0: the place is free */
    size_t unsent_len;
    bool waits; /* it was not writable when asked */
};

struct person {
    struct command_host host; /* first: the commands find the person through it */
    struct home *home;        /* borrowed */
    uint8_t *addresses_key;   /* sodium_malloc(): what node/addresses.h seals under */
    struct journal *journal;
    struct vault *vault;
    struct store *store;
    struct view *view;       /* NULL on a relay, like the next two */
    struct archive *archive; /* what she keeps of what leaves the store */
    struct view_keep *keep;  /* while some leaves */
    bool keep_failed;        /* said so in the log */
    unsigned keep_rests;     /* ticks to pass before the next try */
    struct commands *commands;
    struct trimming trimming;
    uint64_t trim_at_s; /* by the host's clock */
    bool trim_failed;   /* said so in the log */
    struct person_client clients[CONTROL_CLIENTS_MAX];
    bool down_asked;
    bool lock_asked;
    bool unpublished;       /* an own post could not be stored when it was published last */
    uint64_t unpublished_s; /* when that was seen, or tried again */
    bool finished;          /* the thread takes nothing more; for the loop thread */
    struct crew crew;
    struct mailbox *mailbox;
    struct person_events events;
    uv_mutex_t status_mutex;
    struct command_status status;
    atomic_bool arrival_queued;
    atomic_bool tick_queued;
};

/* person_wants.c: the host of the commands, and what else this thread asks of the loop. */
void person_host_init(struct person *person);
/* The place of this client, or NULL; number 0 finds a free one. */
struct person_client *person_client_of(struct person *person, uint32_t number);
void person_want_down(struct person *person);
void person_want_lock(struct person *person);
void person_want_admitted(struct person *person, uint64_t token, enum err_code rc,
                          struct octets vouch);

/* person_keep.c: posts that the store's floor passes by are kept for her first; a little of that at
 * each tick. */
void person_keep_tick(struct person *person);
/* Whether an own post that came to no store is too old for it; then it is kept beside it. */
bool person_keep_own(struct person *person, struct octets wire);

/* person_events.c */
void person_push_start(struct person *person);

#endif
