/* engine.h - one node as one machine: inputs go in, effects come out (SPEC 6, 7).
 *
 * The engine takes posts in, forwards them, serves and fetches them, reconciles, and keeps peers
 * connected.  It knows nothing of blocks, follows or shields, and so nothing a peer can see
 * depends on them.  It reads no clock, draws no randomness (a seed comes in), touches no socket
 * and no file, and keeps within the limits it was made with.
 *
 * The driver owns sockets, sessions, worker threads and the store:
 *
 *     engine_step(engine, &out, &in);
 *     carry out out.effects[0 .. out.effects_count) in order;
 *     give ENGINE_TICK at out.tick_at_ms, or earlier.
 *
 * Answers (ENGINE_VERIFIED, _STORED, _READ) may come in any order and at any time, fail, or come
 * twice; an answer nobody waits for is ignored.  A question that is never answered holds what it
 * asked about.  No octet of a peer reaches an assertion. */
#ifndef KITH_PROTO_ENGINE_H
#define KITH_PROTO_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/address.h"
#include "proto/address_book.h"
#include "proto/err.h"
#include "proto/frame.h"
#include "proto/key.h"
#include "proto/message.h"
#include "proto/negentropy_query.h"
#include "proto/octets.h"
#include "proto/peer_score.h"
#include "proto/set.h"

#define ENGINE_SEED_LEN     16
#define ENGINE_VERIFY_MAX   64     /* posts in one ENGINE_VERIFY */
#define ENGINE_STORE_MAX    512    /* posts in one ENGINE_STORE */
#define ENGINE_KNOWN_MAX    512    /* ids in one ENGINE_READ_KNOWN */
#define ENGINE_BODIES_MAX   512    /* ids in one ENGINE_READ_BODIES */
#define ENGINE_EFFECTS_MAX  64     /* effects of one step */
#define ENGINE_LEAF_RELAYS  5      /* that a person's node wants which may find relays for itself */
#define ENGINE_CONTACTS_MAX 22     /* contacts of other relays dialled or connected at a time */
#define ENGINE_STEP_OCTETS  262144 /* payloads to one peer in one step */
#define ENGINE_NO_ADDRESS   UINT32_MAX

/* Everything a peer could make grow. */
struct engine_limits {
    uint32_t peers_max;          /* peers are numbered 0 .. peers_max - 1 by the driver */
    uint32_t addresses_max;      /* addresses likewise; from addresses_max on, below
                                  * addresses_max + ENGINE_CONTACTS_MAX, the engine numbers
                                  * contacts it learnt of */
    uint32_t posts_max;          /* posts in flight: between arrival and the store's answer */
    size_t octets_max;           /* octets of frames held for them */
    uint32_t verify_batches_max; /* ENGINE_VERIFYs waiting for their answer */
    uint32_t initiators_max;     /* reconciliations begun here at one time */
    uint32_t responders_max;     /* reconciliation messages of peers being answered at one time;
                                  * four times as many of its answers are remembered */
    uint32_t joins_max;          /* ENGINE_JOIN_SENDs waiting for their answer */
    uint32_t seen_max;           /* ids remembered as come lately; a power of two, at least 64 */
    uint32_t missing_max;        /* ids announced and not come */
};

struct engine_limits engine_limits_personal(void); /* 32 peers, 4 MiB in flight */
struct engine_limits engine_limits_relay(void);    /* 1024 peers, 32 MiB in flight */

/* Room that is used within one step, by default an engine's own.  A program with many engines may
 * share one among all whose limits are no larger than it was made for; what a step's effects borrow
 * then lives until the next step of any of them. */
struct engine_scratch;

/* ERR_NO_MEMORY  an allocation failed */
MUST_USE enum err_code engine_scratch_new(struct engine_scratch **scratch,
                                          const struct engine_limits *limits);
void engine_scratch_free(struct engine_scratch *scratch);

struct engine_config {
    struct engine_limits limits;
    struct message_hello hello;     /* sent to each peer; a relay's proof must be ready; floor and
                                     * sets are filled in */
    struct set_choice sets;         /* what it reconciles and takes in; all zero: everything */
    struct address self;            /* of a relay: its static key, and host and port by which others
                                     * may be told to reach it; port 0: nobody is told */
    struct engine_scratch *scratch; /* borrowed until engine_free(); NULL: its own */
    struct address_book *book;      /* likewise; NULL: no other addresses are known or told */
    struct peer_scores *scores;     /* likewise; NULL: nothing is remembered */
    bool only_named;                /* dial nobody but whom ENGINE_ADDRESS_ADD named (SPEC 8.5) */
    uint8_t seed[ENGINE_SEED_LEN];  /* for jitter and hash tables; random in a real node */
    uint64_t now_ms;
};

/* ---- Inputs ------------------------------------------------------------------------------- */

enum engine_input_type {
    ENGINE_TICK,           /* time passed */
    ENGINE_PEER_UP,        /* as.up: a session is established, in either direction */
    ENGINE_PEER_DOWN,      /* as.peer: it is gone; exactly one for each PEER_UP, after CLOSE too */
    ENGINE_PEER_FULL,      /* as.peer: its output queue is above three quarters.  Told before
                            * anything else that follows the step that filled it: one step sends
                            * a peer at most ENGINE_STEP_OCTETS, which then still find room */
    ENGINE_PEER_DRAINED,   /* as.peer: and below half again */
    ENGINE_FRAME,          /* as.frame */
    ENGINE_VERIFIED,       /* as.verified: the answer to ENGINE_VERIFY */
    ENGINE_STORED,         /* as.stored: the answer to ENGINE_STORE */
    ENGINE_READ_DONE,      /* as.read: the answer to ENGINE_READ */
    ENGINE_PUBLISH,        /* as.publish: a post of the person's own, signed and journaled */
    ENGINE_ADDRESS_ADD,    /* as.address: keep this address connected */
    ENGINE_ADDRESS_REMOVE, /* as.address: and no longer (closes its peer) */
    ENGINE_DIAL_FAILED,    /* as.address: the answer to ENGINE_DIAL, where no PEER_UP comes */
    ENGINE_JOIN_SEND,      /* as.join_send: send this claim to the relay at an address */
    ENGINE_JOIN_RESULT     /* as.join_result: the answer to ENGINE_JOIN */
};

struct engine_peer_up {
    uint32_t peer;    /* below peers_max, not up already (asserted) */
    uint32_t address; /* the one dialled (a contact's number too), or ENGINE_NO_ADDRESS: the peer
                         dialled us */
    struct key static_key; /* what its session proved */
    uint64_t group;        /* of its address, see address_group.h; ADDRESS_GROUP_NONE */
};

struct engine_frame_in {
    uint32_t peer;
    uint8_t type;          /* an enum frame_type other than PING and PONG; extensions are skipped */
    struct octets payload; /* borrowed for the call */
};

struct engine_verified {
    uint64_t token;
    const bool *ok; /* one for each wire, in their order: post_verify() gave ERR_OK */
};

enum engine_put {
    ENGINE_PUT_NEW,    /* appended: durable */
    ENGINE_PUT_THERE,  /* it was here already */
    ENGINE_PUT_REFUSED /* retracted or expired here: known, and not kept */
};

struct engine_stored {
    uint64_t token;
    enum err_code status;           /* not ERR_OK: nothing is certain; the engine asks again */
    const enum engine_put *results; /* one for each wire, when ERR_OK */
};

struct engine_bodies {
    const struct octets *wires; /* for the first wires_count ids asked for; empty: not here */
    size_t wires_count;         /* at least 1; fewer than asked when octets_max was reached */
};

struct engine_read_done {
    uint64_t token;
    enum err_code status; /* not ERR_OK: the rest is not read */
    union {
        const bool *known; /* one for each id: need not be asked for */
        struct engine_bodies bodies;
        const struct negentropy_results *recon;
    } as; /* by the query's kind; borrowed for the call */
};

struct engine_publish_in {
    uint64_t token;     /* comes back in ENGINE_PUBLISHED */
    struct octets wire; /* borrowed for the call */
};

struct engine_join_send {
    uint64_t token;      /* comes back in ENGINE_JOINED */
    uint32_t address;    /* one that was added; the claim waits until it is connected */
    struct octets claim; /* at most CLAIM_WIRE_MAX (asserted); borrowed for the call */
};

struct engine_join_result {
    uint64_t token;       /* ENGINE_JOIN's */
    enum err_code status; /* ERR_OK: joined */
    struct octets text;   /* UTF-8 for the person, at most MESSAGE_TEXT_MAX (asserted); or empty */
};

struct engine_input {
    enum engine_input_type type;
    uint64_t now_ms;  /* monotonic; never less than before (asserted) */
    uint64_t now_s;   /* wall clock, seconds since the Unix epoch */
    uint64_t floor_s; /* what is dated before is not taken and not reconciled; only grows */
    union {
        uint32_t peer;
        uint32_t address;
        struct engine_peer_up up;
        struct engine_frame_in frame;
        struct engine_verified verified;
        struct engine_stored stored;
        struct engine_read_done read;
        struct engine_publish_in publish;
        struct engine_join_send join_send;
        struct engine_join_result join_result;
    } as;
};

/* ---- Effects ------------------------------------------------------------------------------ */

enum engine_effect_type {
    ENGINE_SEND,      /* as.send: one payload to each of some peers */
    ENGINE_CLOSE,     /* as.close: send what is queued, then close; PEER_DOWN follows */
    ENGINE_PAUSE,     /* as.peer: the frame just given was not taken.  Keep it, read no more from
                       * this peer, and give the same frame again after ENGINE_RESUME */
    ENGINE_RESUME,    /* as.peer; never in one step with its PAUSE */
    ENGINE_DIAL,      /* as.dial: PEER_UP or DIAL_FAILED follows */
    ENGINE_VERIFY,    /* as.posts: check proofs, on any threads, in any order */
    ENGINE_STORE,     /* as.posts: put these, in this order; VERIFYed or the person's own */
    ENGINE_READ,      /* as.read */
    ENGINE_READY,     /* as.ready: a peer said who it is, and its proof holds */
    ENGINE_ACCEPTED,  /* as.accepted_count: so many posts are new in the store, or may be, where a
                       * put failed before; the view catches up */
    ENGINE_PUBLISHED, /* as.published: the answer to ENGINE_PUBLISH */
    ENGINE_JOIN,      /* as.join: somebody wants to join this relay; ENGINE_JOIN_RESULT follows */
    ENGINE_JOINED     /* as.joined: the answer to ENGINE_JOIN_SEND */
};

/* Borrowed until the next step: copy or seal the payload before it. */
struct engine_send {
    const uint32_t *peers;
    size_t peers_count;
    enum frame_type type;
    struct octets payload;
};

struct engine_dial {
    uint32_t address;              /* one that was added; or from addresses_max on */
    const struct address *contact; /* then: where; until the answer, or PEER_DOWN.  Else NULL */
};

struct engine_close {
    uint32_t peer;
    enum err_code reason; /* ERR_OK: it left by itself, or its address was removed */
};

/* Wires and ids stay where they are until the answer with this token has come. */
struct engine_posts {
    uint64_t token;
    const struct octets *wires; /* each passed post_decode() */
    const struct post_id *ids;  /* as it gave them: see post_decode_again() */
    size_t count;
};

enum engine_query {
    ENGINE_READ_KNOWN,  /* which of these ids need not be asked for: kept, retracted or expired, or
                         * refused to whom sent it: what is above its author's quota */
    ENGINE_READ_BODIES, /* the posts of these ids, up to octets_max together, but the first one */
    ENGINE_READ_RECON   /* fold, split and list ranges of a set */
};

/* What it points at stays where it is until the answer with this token has come. */
struct engine_read {
    uint64_t token;
    enum engine_query query;
    const struct post_id *ids; /* KNOWN, BODIES */
    /* KNOWN: the posts that came with these ids, before they are checked and forwarded, empty for
     * those that are not to be refused any more; or NULL. */
    const struct octets *wires;
    size_t ids_count;
    size_t octets_max;                    /* BODIES */
    uint32_t set;                         /* RECON: a number of proto/set.h */
    const struct negentropy_batch *batch; /* RECON */
};

struct engine_ready {
    uint32_t peer;
    enum message_role role;
    struct key identity; /* of a relay */
};

struct engine_published {
    uint64_t token;
    enum err_code status; /* ERR_OK: durable.  ERR_MALFORMED: not a post.  ERR_REFUSED: retracted
                           * or expired.  ERR_FLOOD: too many at a time.  Else the store's */
    uint32_t sent_to;     /* peers it was handed to */
};

struct engine_join {
    uint64_t token;
    uint32_t peer;
    struct octets claim; /* not decoded; borrowed until the next step */
};

struct engine_joined {
    uint64_t token;
    enum err_code status; /* the relay's; ERR_TIMEOUT, ERR_NETWORK: no answer; ERR_FLOOD: too many
                           * at a time */
    struct octets text; /* the relay's words, UTF-8, not made safe; borrowed until the next step */
};

struct engine_effect {
    enum engine_effect_type type;
    union {
        uint32_t peer;
        uint64_t accepted_count;
        struct engine_send send;
        struct engine_close close;
        struct engine_dial dial;
        struct engine_posts posts;
        struct engine_read read;
        struct engine_ready ready;
        struct engine_published published;
        struct engine_join join;
        struct engine_joined joined;
    } as;
};

struct engine_output {
    struct engine_effect effects[ENGINE_EFFECTS_MAX];
    size_t effects_count;
    uint64_t tick_at_ms; /* when ENGINE_TICK is due; now or earlier if work was left for it */
};

/* ---- The machine -------------------------------------------------------------------------- */

struct engine;

/* An idle engine is small (64 KiB with a relay's limits, beside its scratch).  Its tables grow
 * with what it does, up to the limits, and shrink some seconds after that ended.  Where the machine
 * has no memory to grow, the peer that made it necessary is closed, or the work waits.
 *
 *   ERR_NO_MEMORY  an allocation failed */
MUST_USE enum err_code engine_new(struct engine **engine, const struct engine_config *config);
void engine_free(struct engine *engine);

/* Take one input; *out is filled anew.  Never fails: what is wrong with an input becomes an
 * effect. */
void engine_step(struct engine *engine, struct engine_output *out, const struct engine_input *in);

/* Figures for metrics and tests. */
struct engine_stats {
    uint32_t peers_count;      /* up */
    uint32_t ready_count;      /* of them, after HELLO */
    uint32_t posts_count;      /* in flight */
    size_t octets_count;       /* held for them */
    uint32_t neighbours_count; /* of a relay: see membership.h */
    uint32_t recons_count;     /* begun here and running */
    uint64_t accepted_count;   /* posts new in the store since construction */
};

struct engine_stats engine_stats(const struct engine *engine);
/* How many posts that are new in the store this peer, below peers_max (asserted), brought first. */
uint64_t engine_brought_count(const struct engine *engine, uint32_t peer);
/* What is remembered of this peer, see peer_score.h; 0 where nothing is. */
int engine_peer_score(const struct engine *engine, uint32_t peer);
/* Before its book is written down: which connections are to be the anchors. */
void engine_note_anchors(struct engine *engine);

#endif
