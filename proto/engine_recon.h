/* engine_recon.h - reconciliations, and fetching what they found; a part of engine_state.h. */
#ifndef KITH_PROTO_ENGINE_RECON_H
#define KITH_PROTO_ENGINE_RECON_H

#include "proto/engine_peer.h"
#include "proto/negentropy.h"

struct engine;

#define SESSIONS_OWN     2      /* of SESSIONS_MAX, that this node begins */
#define RECON_TIMEOUT_MS 60000  /* for the peer's next message */
#define RECON_EVERY_MS   180000 /* and up to 120 s more */
#define RECON_JITTER_MS  120000
#define RECON_ROUNDS_MAX 2048
#define RECON_RETRY_MS   5000
#define RECON_BARREN_MS  60000  /* one that has found nothing for so long, */
#define RECON_LONG_MS    600000 /* or runs for so long, gives way to whoever waits */
#define QUEUE_IDS_MAX    (2 * NEGENTROPY_IDS_MAX)
#define DELIVER_TIMEOUT_MS                                                                         \
    30000                       /* from what a peer brought last, or its only WANT, to the next    \
                                 */
#define DELIVER_MAX_MS  1800000 /* for all of a WANT, for each that is open when it is sent */
#define HELD_MS         60000   /* so long nobody else is asked for what a WANT asks for */
#define COST_GROUPS_MAX 128
#define LISTED_MAX      4      /* answers to one peer whose ids are remembered */
#define LISTED_MS       120000 /* ids listed are remembered for so long */

enum turn_state {
    TURN_FREE,
    TURN_MESSAGE, /* the message was copied; initiator: waits for room in the queues */
    TURN_ASK,     /* step.batch is to be read */
    TURN_READING,
    TURN_SEND, /* the reply is to be sent */
    TURN_WAIT, /* initiator: for the peer's next message */
    TURN_END,  /* RECON_END is to be sent */
    TURN_DONE, /* initiator: all differences known, the queues run empty */
    TURN_DYING /* the peer is gone; a read is outstanding */
};

/* One side's work on one message. */
struct turn {
    enum turn_state state;
    uint32_t peer;
    uint32_t session;
    uint32_t set;
    uint32_t generation; /* of reads */
    bool reading;
    uint64_t group;         /* to whose account it goes, see engine_cost.c */
    struct turn_room *room; /* what follows lies in it; NULL: see room_for_responder() */
    struct negentropy *negentropy;
    struct negentropy_step *step;
    struct octets_room reply;
    uint8_t *message;
    size_t message_len;
};

/* Where an id stood: the number of the answer in its session, and its place among the ids there. */
struct listed_at {
    uint32_t number;
    uint16_t place;
};

struct id_queue {
    struct post_id *at;
    struct listed_at *listed; /* NULL: nobody listed them */
    uint16_t *places;         /* for the machine to tell them */
    size_t first;
    size_t count;
};

enum want_state { WANT_FREE, WANT_CHECK, WANT_CHECKING, WANT_SEND, WANT_SENT };

/* One WANT or WANT_AT: ids sorted, each struck off when it comes. */
struct want {
    enum want_state state;
    uint32_t generation;
    uint32_t count;
    uint32_t left_count;
    uint64_t sent_ms;
    uint64_t by_ms;
    struct post_id *ids; /* MESSAGE_IDS_MAX */
    bool *come;          /* likewise */
    uint32_t number;     /* the answer that listed them */
    uint16_t *places;    /* MESSAGE_IDS_MAX; CHECKING: where each stands in it */
    uint8_t *bits;       /* MESSAGE_PLACES_MAX; SEND, SENT: the same as it is sent */
    size_t bits_len;     /* 0: they are asked for by id */
};

/* The ids that an answer to a peer listed. */
struct listed {
    uint32_t count; /* 0: free */
    uint32_t peer;
    uint32_t session;
    uint32_t number;
    uint64_t at_ms;
    struct post_id *ids;
};

/* What those of a group have cost who dialled us. */
struct cost_group {
    uint64_t group; /* ADDRESS_GROUP_NONE: free */
    struct token_bucket bucket;
};

struct initiator {
    struct turn turn;
    struct initiator_room *room; /* of the lists below; NULL: see room_for_initiator() */
    uint64_t by_ms;              /* TURN_WAIT */
    uint32_t rounds_count;       /* messages of the peer so far */
    struct id_queue need;
    struct id_queue have;
    struct want wants[WANTS_MAX];
    uint64_t begun_ms;
    uint64_t found_ms;  /* when it last had found something that one side lacks and was not given */
    uint64_t giving_ms; /* since when it gives way: it ends before it is done; NEVER_MS: not */
    bool again;         /* ids were left to another peer: reconcile again soon */
    bool pushing;       /* push_ids are being read */
    uint32_t push_generation;
    uint32_t push_count;
    uint32_t push_done;
    struct post_id *push_ids; /* MESSAGE_IDS_MAX */
};

/* engine_turn.c: one side's work on one message; initiator is NULL for a responder. */
/* Before and after each call of the machine: where it writes what it finds. */
void turn_open(struct turn *turn, struct initiator *initiator);
void turn_close(struct turn *turn, struct initiator *initiator);
/* The message is copied, to be looked at with turn_receive(). */
void turn_take(struct turn *turn, struct octets message);
void turn_receive(struct engine *e, struct turn *turn, struct initiator *initiator);
void turn_ask(struct engine *e, struct turn *turn, uint64_t token);
void turn_send(struct engine *e, const struct turn *turn);
void turn_send_end(struct engine *e, uint32_t p, uint32_t session);

/* engine_recon.c: reconciliations begun here, and what comes of either side's. */
void recon_on_frame(struct engine *e, uint32_t p, struct octets payload);
void recon_on_end(struct engine *e, uint32_t p, struct octets payload);
void recon_on_read(struct engine *e, const struct engine_read_done *in);
void recon_on_down(struct engine *e, uint32_t p);
void recon_soon(struct engine *e, uint32_t p, uint64_t at_ms);
void recon_pump(struct engine *e);
void recon_on_time(struct engine *e);
void recon_bury(struct engine *e, uint32_t i);
/* Whether a session was begun here. */
bool recon_is_mine(const struct peer *peer, uint32_t session);
/* The first initiator that runs with the peer, from index `from` on, or NO_INDEX. */
uint32_t recon_with(const struct engine *e, uint32_t p, uint32_t from);
/* The ids at the front, at most max of them and all of one answer, taken out; they stay until the
 * queue is filled. */
struct octets id_queue_take(struct id_queue *q, size_t max);

/* engine_due.c: with whom to begin next, and who gives way where no place is free. */
/* The peer that is due and may have a place, or NO_INDEX. */
uint32_t due_next(const struct engine *e);
/* Whether posts are still to go either way for what it has found. */
bool due_is_delivering(const struct initiator *initiator);
void due_on_time(struct engine *e);

/* engine_answer.c: reconciliations that peers began. */
/*   ERR_UNEXPECTED  the last message is not answered yet
 *   ERR_FLOOD       as many as may be are open
 *   ERR_NO_MEMORY */
enum err_code answer_on_question(struct engine *e, uint32_t p, const struct message_recon *recon);
void answer_on_end(struct engine *e, uint32_t p, uint32_t session);
void answer_on_down(struct engine *e, uint32_t p);
uint32_t answer_places(const struct engine *e); /* that are free */
/* Whether it may have one of them. */
bool answer_may(const struct engine *e, uint32_t p);
void answer_pump(struct engine *e);

/* engine_cost.c: what peers make this node look up for reconciliations (SPEC 6.4). */
void cost_begin(struct engine *e, uint32_t p); /* it came up */
/* The group that pays with the peer: of one that dialled us, else ADDRESS_GROUP_NONE. */
uint64_t cost_group_of(const struct engine *e, uint32_t p);
/* To be paid by the group of the turn, and its peer where that is still here. */
void cost_take(struct engine *e, const struct turn *turn, uint32_t steps_count);
/* Until the peer's next message is looked at; 0: now. */
uint64_t cost_wait_ms(const struct engine *e, uint32_t p);

/* engine_listed.c: which ids answers listed, for a peer that asks by their places. */
void listed_add(struct engine *e, const struct turn *turn, uint32_t number);
const struct listed *listed_find(struct engine *e, uint32_t p, const struct message_want_at *want);
void listed_on_down(struct engine *e, uint32_t p);
void listed_on_time(struct engine *e);
void listed_drop(struct engine *e); /* for engine_free() */

/* engine_want.c: fetching what a reconciliation found to be missing here. */
void want_pump(struct engine *e, uint32_t i);
void want_on_known(struct engine *e, const struct engine_read_done *in);
/* Gives whether the peer was asked for it by a WANT. */
bool want_on_come(struct engine *e, uint32_t p, const struct post_id *id);
void want_on_none(struct engine *e, uint32_t p, struct octets payload);
/* The peer does not know the list any more. */
void want_on_forgotten(struct engine *e, uint32_t p, const struct message_want_at *want);
void want_on_resume(struct engine *e, uint32_t p);
void want_on_time(struct engine *e, uint32_t i);
bool want_is_idle(const struct initiator *initiator);
bool want_is_reading(const struct initiator *initiator);
void want_drop(struct initiator *initiator);

/* engine_none.c: what a peer listed and does not have, as what has expired stands in its sets until
 * midnight (SPEC 7.4), is asked for ever less often. */
void none_note(struct engine *e, uint32_t p, const struct post_id *id);
bool none_holds(const struct engine *e, uint32_t p, const struct post_id *id);
void none_forget(struct engine *e, uint32_t p);

#endif
