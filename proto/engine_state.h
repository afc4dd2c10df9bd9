/* engine_state.h - what an engine holds, shared by the engine_*.c files and by nobody else.
 *
 * Tables begin small and grow up to engine_limits where an input needs it (engine_room.c).  They
 * move when they grow, so that no pointer into one outlives a call of room_for_*(). */
#ifndef KITH_PROTO_ENGINE_STATE_H
#define KITH_PROTO_ENGINE_STATE_H

#include "proto/broadcast.h"
#include "proto/engine.h"
#include "proto/invite.h"
#include "proto/membership.h"
#include "proto/negentropy.h"

#define NO_INDEX           UINT32_MAX /* no such index */
#define NEVER_MS           UINT64_MAX
#define DAY_S              86400
#define CANDIDATES_MAX     4  /* different proofs of one id that queue */
#define FUTURE_MAX         64 /* posts dated ahead that a peer may send */
#define STORE_TRIES_MAX    5
#define KNOWN_BATCHES_MAX  4
#define SHARE              4  /* one peer may fill 1/SHARE of the table */
#define OWN_POSTS_RESERVE  64 /* flights that only the person's own posts may take */
#define OWN_OCTETS_RESERVE (OWN_POSTS_RESERVE * 4096)
#define BULK_OCTETS_MAX    65536 /* of posts in one frame of bulk */
#define PUSH_POSTS_MAX     64
#define PUSH_OCTETS_MAX    131072
#define PUSH_GROUPS_MAX    8
#define WANTS_MAX          4 /* WANTs a node may have outstanding at a peer (SPEC 6.4) */
#define SERVE_SLOTS        (WANTS_MAX + 1) /* one may still be read for a peer that is gone */
#define QUEUE_IDS_MAX      (2 * NEGENTROPY_IDS_MAX)
#define SESSIONS_MAX       4 /* reconciliations a node may have under way with a peer (SPEC 7.1) */
#define SESSIONS_OWN       2 /* as many as this one has */
#define LISTED_MAX         4 /* answers to one peer whose ids are remembered */
#define ADDERS_MAX         256
#define ADDERS_KEPT        64    /* of them, for those whom this node dialled */
#define ADDED_MAX          16384 /* posts below the floor that one peer may add in a day */
#define ARENA_MAX          (3 * FRAME_MAX)
#define FLIGHTS_FIRST      64 /* the table of an idle engine */
#define PEERS_FIRST        16
#define AGAIN_MAX          4   /* peers that brought a post again before its proof was looked at */
#define ANNOUNCE_MS        100 /* SPEC 6.6 */

#define HELLO_TIMEOUT_MS    10000
#define DELIVER_TIMEOUT_MS  30000  /* from a WANT, or what it brought last, to the next */
#define DELIVER_MAX_MS      600000 /* for all of a WANT */
#define RECON_TIMEOUT_MS    60000  /* for the peer's next message */
#define RECON_EVERY_MS      180000 /* and up to 120 s more */
#define RECON_JITTER_MS     120000
#define RECON_ROUNDS_MAX    2048
#define RECON_RETRY_MS      5000
#define LISTED_MS           120000 /* ids listed are remembered for so long */
#define FULL_TIMEOUT_MS     60000  /* a peer that reads nothing for so long */
#define JOIN_TIMEOUT_MS     30000
#define DIAL_FIRST_MS       400
#define DIAL_LAST_MS        60000
#define STEADY_MS           10000 /* a connection that lasted so long starts the backoff anew */
#define STORE_RETRY_MS      1000
#define STORE_RETRY_LAST_MS 30000
#define SLIM_MS             3000 /* from growing to shrinking, if nothing is in it any more */
#define NO_MEMORY_RETRY_MS  1000

/* ---- Posts in flight ---------------------------------------------------------------------- */

/* The posts of one received frame, kept while any of them is in flight. */
struct held {
    uint32_t refs_count;
    uint32_t peer; /* who sent it, at that generation; NO_INDEX: the person */
    uint32_t peer_generation;
    size_t len;
    uint8_t octets[];
};

/* One copy of a post: the same id may come with different proofs. */
struct candidate {
    struct held *held;
    struct octets wire;  /* inside held */
    struct octets proof; /* inside held */
    uint8_t hops;        /* MESSAGE_HOPS_OLD: not new */
};

/* One id between arrival and the store's answer.  Moves:
 *
 *   ASK_QUEUE -> ASKING -> (known: gone) VERIFY_QUEUE -> VERIFYING -> (bad: next candidate or
 *   gone) STORE_QUEUE -> STORING -> STORED -> gone;  the person's own start at STORE_QUEUE.
 *   When STORING fails: ASK_QUEUE -> ASKING -> (known: STORED) STORE_QUEUE, or gone. */
enum flight_state {
    FLIGHT_FREE,
    FLIGHT_ASK_QUEUE,
    FLIGHT_ASKING,
    FLIGHT_VERIFY_QUEUE,
    FLIGHT_VERIFYING,
    FLIGHT_STORE_QUEUE,
    FLIGHT_STORING,
    FLIGHT_STORED, /* only waits to be pushed */
    FLIGHT_STATES_COUNT
};

struct flight {
    struct post_id id;
    enum flight_state state;
    uint32_t chain_next; /* in its hash chain, or the free list */
    uint32_t queue_next; /* in the queue of its state */
    uint32_t push_next;
    bool push_queued; /* in the queue of pushing or, then, in that of announcing */
    bool announcing;
    bool told;    /* the tree knows of it */
    uint8_t hops; /* when verified: of the copy that counts */
    bool mine;    /* the person's own, for pushing */
    uint8_t again_count;
    uint32_t again[AGAIN_MAX];
    bool verified; /* the proof of candidates[0] holds, or it is the person's own */
    bool own;
    uint64_t own_token;
    enum err_code store_status; /* how the last STORE failed */
    uint8_t store_tries;
    uint8_t candidates_count; /* candidates[0] is the one verified and stored */
    struct candidate candidates[CANDIDATES_MAX];
    uint32_t sent_count; /* peers it was handed to */
};

struct queue {
    uint32_t head;
    uint32_t tail;
    uint32_t count;
};

/* Flights asked about together. */
struct batch {
    bool busy;
    uint32_t generation;
    uint32_t count;
    uint32_t *flights;    /* NULL: see room_for_batch() */
    struct octets *wires; /* VERIFY, STORE */
    struct post_id *ids;
};

/* ---- Peers -------------------------------------------------------------------------------- */

enum peer_state {
    PEER_FREE,
    PEER_GREETING, /* up; its HELLO has not come */
    PEER_READY,
    PEER_CLOSING /* CLOSE went out or is about to; waits for PEER_DOWN */
};

/* Why a frame of a peer was not taken. */
enum pause {
    PAUSE_NOT,
    PAUSE_ROOM,   /* no room for its posts */
    PAUSE_PROOFS, /* an id has as many proofs queued as can be */
    PAUSE_TURN    /* no responder is free */
};

/* One WANT being answered. */
struct serve_slot {
    uint32_t count; /* 0: free */
    uint32_t done;
    struct post_id ids[MESSAGE_IDS_MAX];
};

struct serve {
    struct serve_slot slots[SERVE_SLOTS]; /* a ring, answered in order */
    uint32_t first;
    uint32_t used;
    bool reading; /* slots[first] is being read */
    bool stale;   /* for a peer that is gone */
};

/* A reconciliation that the peer began. */
struct asked_session {
    bool open;
    uint32_t session;
    uint32_t answers_count; /* so far */
};

/* What a peer asked for by GRAFT. */
struct graft {
    uint32_t count;
    uint32_t done;
    bool reading;
    bool stale; /* for a peer that is gone */
    struct post_id ids[MESSAGE_IDS_MAX];
};

struct peer {
    enum peer_state state;
    enum message_role role; /* once READY */
    uint32_t generation;
    uint32_t address;
    struct key static_key;
    enum err_code close_reason;
    bool close_told;
    uint64_t up_at_ms;
    uint64_t full_at_ms; /* NEVER_MS: keeps up */
    uint32_t future_count;
    uint32_t flights_count; /* that it was the first to send */
    uint64_t brought_count; /* new in the store, and it was the first to send them */
    size_t octets_count;    /* held of it */

    enum pause pause;
    uint32_t pause_posts; /* what the frame needs */
    size_t pause_octets;
    struct post_id pause_id;
    uint32_t pause_next;

    uint64_t recon_at_ms; /* when to reconcile next; NEVER_MS: when the peer wishes */
    uint32_t recon_session;
    uint32_t recon_set;     /* what is to be reconciled next in this round; SETS_END: no round */
    uint32_t recon_running; /* reconciliations begun here */
    bool recon_again;       /* one of this round's left something over */
    uint64_t floor_s;       /* what its HELLO said */
    uint64_t group;         /* of its address */
    bool was_ready;
    bool asked_addresses; /* ADDRESSES is to come */
    bool answered;        /* it asked for addresses, last at */
    uint64_t answered_ms;
    uint64_t ask_at_ms; /* when to ask it (again); NEVER_MS: not at all */
    struct asked_session asked[SESSIONS_MAX];

    struct serve *serve; /* NULL: it wants nothing */
    uint32_t serve_generation;
    struct graft *graft; /* NULL: it asked for nothing */
    uint32_t graft_generation;
    bool join_pending;
    uint32_t join_generation;
};

enum dial_state { DIAL_UNWANTED, DIAL_WAITING, DIAL_CALLING, DIAL_UP };

struct dial {
    enum dial_state state;
    bool wanted;
    uint32_t attempts;
    uint64_t at_ms;
    uint32_t peer;
};

/* A contact being dialled or connected. */
struct book_place {
    bool used;
    bool anchor; /* it was one already */
    struct address contact;
};

struct join {
    bool used;
    uint64_t token;
    uint32_t address;
    uint32_t peer; /* NO_INDEX: not sent yet */
    uint64_t by_ms;
    size_t claim_len;
    uint8_t claim[CLAIM_WIRE_MAX];
};

/* ---- Reconciliation ----------------------------------------------------------------------- */

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
    uint64_t by_ms;
    uint64_t last_ms;
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

/* Who added to what stands below the floor, on this day. */
struct adder {
    uint64_t who; /* begins its static key */
    uint32_t day;
    uint32_t count;
};

struct initiator {
    struct turn turn;
    struct initiator_room *room; /* of the lists below; NULL: see room_for_initiator() */
    uint64_t by_ms;              /* TURN_WAIT */
    uint32_t rounds_count;       /* messages of the peer so far */
    struct id_queue need;
    struct id_queue have;
    struct want wants[WANTS_MAX];
    bool again;   /* ids were left to another peer: reconcile again soon */
    bool pushing; /* push_ids are being read */
    uint32_t push_generation;
    uint32_t push_count;
    uint32_t push_done;
    struct post_id *push_ids; /* MESSAGE_IDS_MAX */
};

/* A post of the frame in hand, decoded. */
struct arrival {
    struct post_id id;
    struct octets wire;
    struct octets proof;
    enum err_code clock; /* what post_check_clock() said */
    bool below;          /* it stands below the floor */
    uint8_t hops;        /* MESSAGE_HOPS_OLD: not new */
};

/* Used within one step; several engines may share it. */
struct engine_scratch {
    uint32_t peers_max; /* of the limits it was made for */
    uint8_t *arena;     /* ARENA_MAX: payloads of this step */
    uint32_t *lists;    /* peers of this step's sends */
    size_t lists_cap;
    uint64_t *masks;          /* pushing: for each peer, which posts of the round it lacks */
    struct arrival *arrivals; /* MESSAGE_POSTS_MAX: the frame in hand */
    struct broadcast_action *action;
    struct membership_output *views; /* two, from the first view of relays on */
};

/* Ids that were announced: does the store know them? */
struct tree_check {
    bool busy;
    uint32_t generation;
    uint32_t count;
    struct post_id *ids; /* MESSAGE_IDS_MAX, from the first question on */
};

struct engine {
    struct engine_limits limits;
    struct message_hello hello;
    struct address self;
    uint8_t seed[ENGINE_SEED_LEN];
    uint64_t random;
    uint64_t now_ms;
    uint64_t now_s;
    uint64_t floor_s;
    uint64_t tick_at_ms;
    struct engine_output *out;
    uint32_t paused_now; /* the peer whose frame this step did not take, or NO_INDEX */
    bool more;           /* work was left for lack of room in the output */

    struct engine_scratch *scratch;
    bool scratch_own;
    size_t arena_len;
    size_t lists_count;
    uint64_t slim_at_ms; /* when to shrink again; NEVER_MS: it did not grow */

    struct flight *flights; /* flights_cap places, and so have shown and answers */
    uint32_t flights_cap;
    uint64_t *shown; /* peer_words for each flight: who has shown it */
    uint32_t peer_words;
    uint32_t flights_free;
    uint32_t flights_count;
    size_t octets_count;
    uint32_t *chains;
    uint32_t chains_mask;
    struct queue queues[FLIGHT_STATES_COUNT];
    struct queue pushes;
    struct queue announces;
    uint64_t announce_at_ms; /* NEVER_MS: nothing waits for it */
    struct broadcast *tree;
    struct tree_check check;
    uint32_t grafts_count;
    struct membership *views; /* NULL: no other relay was met yet */
    uint32_t neighbours_count;
    struct batch known_batches[KNOWN_BATCHES_MAX];
    struct batch *verify_batches;
    struct batch store_batch;
    uint64_t store_at_ms; /* no STORE of others' posts before this */
    uint32_t store_fails;
    uint64_t accepted_count;
    uint64_t accepted_untold;
    struct engine_published *answers; /* a ring: PUBLISHEDs to be told */
    uint32_t answers_first;
    uint32_t answers_count;

    struct peer *peers; /* 0 .. peers_cap - 1; the driver's numbers above are not in use */
    uint32_t peers_cap;
    uint32_t peers_count;
    uint32_t ready_count;
    uint64_t *ready; /* bit for each peer */
    uint64_t *full;  /* likewise */
    uint32_t serves_count;
    uint32_t closing_count; /* CLOSEs to be told */
    struct queue paused;

    struct dial *dials;
    struct address_book *book; /* borrowed, or NULL; so are */
    struct peer_scores *scores;
    bool only_named;
    struct book_place *places; /* ENGINE_CONTACTS_MAX; NULL: without a book, or not used yet */
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    size_t anchors_count;
    size_t anchors_next; /* a leaf's: to be dialled next */
    bool anchors_told;
    uint64_t book_at_ms;
    uint64_t feel_at_ms;
    struct join *joins;
    struct set_choice sets;
    struct initiator *initiators;
    struct turn *responders;
    struct listed *listed; /* LISTED_MAX for each responder */
    struct adder *adders;  /* ADDERS_MAX */
};

/* engine_emit.c: effects, payloads and time. */
struct engine_effect *engine_emit(struct engine *e, enum engine_effect_type type);
bool engine_has_room(struct engine *e, size_t payload_len, size_t peers_count);
uint8_t *engine_arena(struct engine *e, size_t len);
void engine_send_one(struct engine *e, uint32_t peer, enum frame_type type, struct octets payload);
void engine_deadline(struct engine *e, uint64_t at_ms);
uint64_t engine_random(struct engine *e, uint64_t below);

enum token_kind {
    TOKEN_KNOWN = 1,
    TOKEN_VERIFY,
    TOKEN_STORE,
    TOKEN_SERVE,
    TOKEN_PUSH,
    TOKEN_INITIATOR,
    TOKEN_RESPONDER,
    TOKEN_WANT,
    TOKEN_JOIN,
    TOKEN_CHECK,
    TOKEN_GRAFT
};
uint64_t engine_token(enum token_kind kind, uint32_t index, uint32_t generation);
enum token_kind engine_token_kind(uint64_t token);
uint32_t engine_token_index(uint64_t token);
uint32_t engine_token_generation(uint64_t token);

/* engine_room.c: memory that grows with what the engine does.  false: the machine has none. */
bool room_for_flights(struct engine *e, uint32_t more); /* beyond flights_count */
bool room_for_peer(struct engine *e, uint32_t p);
bool room_for_batch(struct engine *e, struct batch *batch, uint32_t max, bool with_wires);
bool room_for_initiator(struct engine *e, struct initiator *initiator);
bool room_for_responder(struct engine *e, struct turn *turn);
void room_on_time(struct engine *e); /* shrink what is not used any more */
void room_drop(struct engine *e);    /* for engine_free() */

/* engine_flight.c: the table of posts in flight. */
uint32_t flight_find(const struct engine *e, const struct post_id *id);
uint32_t flight_add(struct engine *e, const struct post_id *id);
void flight_rechain(struct engine *e);
void flight_free(struct engine *e, uint32_t f);
void flight_add_candidate(struct engine *e, uint32_t f, struct held *held,
                          const struct arrival *arrival);
void flight_drop_first(struct engine *e, uint32_t f); /* while another is left */
void flight_keep_first(struct engine *e, uint32_t f);
void flight_thank_sender(struct engine *e, uint32_t f);
void flight_move(struct engine *e, uint32_t f, enum flight_state to);
uint32_t flight_take(struct engine *e, enum flight_state from);
bool flight_shown(const struct engine *e, uint32_t f, uint32_t peer);
void flight_show(struct engine *e, uint32_t f, uint32_t peer);
void flight_forget_peer(struct engine *e, uint32_t peer);
struct held *held_new(struct engine *e, uint32_t peer, struct octets octets);
void held_release(struct engine *e, struct held *held);

/* engine_posts.c: from a frame of posts to the store. */
void posts_on_frame(struct engine *e, uint32_t p, struct octets payload);
bool posts_can_resume(const struct engine *e, const struct peer *peer);
void posts_on_known(struct engine *e, const struct engine_read_done *in);
void posts_on_verified(struct engine *e, const struct engine_verified *in);
void posts_on_stored(struct engine *e, const struct engine_stored *in);
void posts_pump(struct engine *e);

/* engine_publish.c: the person's own posts. */
void publish_on_post(struct engine *e, const struct engine_publish_in *in);
void publish_finish(struct engine *e, uint32_t f, enum err_code status);
void publish_pump(struct engine *e);

/* engine_push.c: a new post goes once to every peer that has not shown it, whole or by its id. */
void push_enqueue(struct engine *e, uint32_t f);
void push_cancel(struct engine *e, uint32_t f);
void push_pump(struct engine *e);

/* engine_broadcast.c: the tree, see proto/broadcast.h. */
bool tree_make(struct engine *e);
void tree_drop(struct engine *e);
void tree_on_ready(struct engine *e, uint32_t p);
void tree_on_gone(struct engine *e, uint32_t p);
void tree_on_ihave(struct engine *e, uint32_t p, struct octets payload);
void tree_on_graft(struct engine *e, uint32_t p, struct octets payload);
void tree_on_prune(struct engine *e, uint32_t p, struct octets payload);
void tree_on_none(struct engine *e, uint32_t p, const struct post_id *ids, size_t count);
/* A post's proof holds, or it is the person's own and durable. */
void tree_on_post(struct engine *e, uint32_t f);
void tree_on_checked(struct engine *e, const struct engine_read_done *in);
void tree_on_time(struct engine *e);
void tree_pump(struct engine *e);
/* What a post that came so far is sent on with. */
uint8_t tree_hops_on(const struct engine *e, uint8_t hops);

/* engine_membership.c: which relays are neighbours, see proto/membership.h. */
bool views_are_for(const struct engine *e, uint32_t p); /* both relays */
void views_on_ready(struct engine *e, uint32_t p);
void views_on_gone(struct engine *e, uint32_t p);
/* A dial failed, or a connection to a contact is gone; good: a relay was there. */
void views_on_place_free(struct engine *e, uint32_t address, bool good);
void views_on_frame(struct engine *e, const struct engine_frame_in *in);
void views_on_heard(struct engine *e, uint32_t p);
void views_on_time(struct engine *e);
void views_learn(struct engine *e, const struct address *contact);
bool views_want_contacts(struct engine *e);

/* engine_graft.c: answering GRAFT. */
void graft_on_ids(struct engine *e, uint32_t p, const struct post_id *ids, size_t count);
void graft_on_read(struct engine *e, const struct engine_read_done *in);
void graft_on_down(struct engine *e, uint32_t p);
void graft_pump(struct engine *e);

/* engine_peers.c: who is connected. */
bool peer_is_live(const struct engine *e, uint32_t p);
void peer_on_up(struct engine *e, const struct engine_peer_up *up);
void peer_on_down(struct engine *e, uint32_t p);
void peer_on_full(struct engine *e, uint32_t p, bool full);
void peer_on_frame(struct engine *e, const struct engine_frame_in *in);
void peer_close(struct engine *e, uint32_t p, enum err_code reason);
void peer_pause(struct engine *e, uint32_t p, enum pause why);
bool peer_is_full(const struct engine *e, uint32_t p);
void peers_pump(struct engine *e);
void peers_on_time(struct engine *e);

/* engine_dial.c: whom to connect to, and claims that wait for it. */
void dial_on_add(struct engine *e, uint32_t a);
void dial_on_remove(struct engine *e, uint32_t a);
void dial_on_failed(struct engine *e, uint32_t a);
void dial_on_up(struct engine *e, uint32_t a, uint32_t p);
void dial_on_down(struct engine *e, uint32_t a, uint64_t lasted_ms);
void dial_on_time(struct engine *e);

/* engine_book.c: known addresses, and what is remembered of peers (SPEC 8.5, 8.6). */
bool book_make(struct engine *e); /* false: no memory */
void book_drop(struct engine *e); /* for engine_free() */
/* Whether it is one that the engine numbers; and of these not the views'. */
bool book_is_contact(const struct engine *e, uint32_t address);
bool book_is_own_place(const struct engine *e, uint32_t address);
/* Whether the views may dial it now, and that they do. */
bool book_lets_dial(const struct engine *e, const struct address *contact);
void book_on_dial(struct engine *e, uint32_t address, const struct address *contact);
void book_on_failed(struct engine *e, uint32_t address);
void book_on_gone(struct engine *e, uint32_t p);
void book_on_ready(struct engine *e, uint32_t p); /* may close it: a feeler has felt */
void book_on_wanted(struct engine *e, uint32_t p, struct octets payload);
void book_on_addresses(struct engine *e, uint32_t p, struct octets payload);
void book_on_views(struct engine *e, const struct engine_frame_in *in); /* it was well formed */
void book_on_time(struct engine *e);
void book_on_deed(struct engine *e, uint32_t p, enum peer_deed deed);
bool book_refuses(const struct engine *e, uint32_t p);

/* engine_join.c */
void join_on_send(struct engine *e, const struct engine_join_send *in);
void join_on_result(struct engine *e, const struct engine_join_result *in);
void join_on_frame(struct engine *e, uint32_t p, struct octets payload);
void join_on_joined(struct engine *e, uint32_t p, struct octets payload);
void join_on_down(struct engine *e, uint32_t p);
void join_pump(struct engine *e);
void join_on_time(struct engine *e);

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

/* engine_answer.c: reconciliations that peers began. */
/*   ERR_UNEXPECTED  the last message is not answered yet
 *   ERR_FLOOD       as many as may be are open
 *   ERR_NO_MEMORY */
enum err_code answer_on_question(struct engine *e, uint32_t p, const struct message_recon *recon);
void answer_on_end(struct engine *e, uint32_t p, uint32_t session);
void answer_on_down(struct engine *e, uint32_t p);
bool answer_can_resume(const struct engine *e);
void answer_pump(struct engine *e);

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

/* engine_listed.c: which ids answers listed, for a peer that asks by their places. */
void listed_add(struct engine *e, const struct turn *turn, uint32_t number);
const struct listed *listed_find(struct engine *e, uint32_t p, const struct message_want_at *want);
void listed_on_down(struct engine *e, uint32_t p);
void listed_on_time(struct engine *e);
void listed_drop(struct engine *e); /* for engine_free() */

/* engine_added.c: how much a peer adds in a day to what has no floor. */
bool added_is_full(const struct engine *e, uint32_t p);
bool added_take(struct engine *e, uint32_t p);

/* engine_want.c: fetching what a reconciliation found to be missing here. */
void want_pump(struct engine *e, uint32_t i);
void want_on_known(struct engine *e, const struct engine_read_done *in);
void want_on_come(struct engine *e, uint32_t p, const struct post_id *id);
void want_on_none(struct engine *e, uint32_t p, struct octets payload);
/* The peer does not know the list any more. */
void want_on_forgotten(struct engine *e, uint32_t p, const struct message_want_at *want);
void want_on_resume(struct engine *e, uint32_t p);
void want_on_time(struct engine *e, uint32_t i);
bool want_is_idle(const struct initiator *initiator);
bool want_is_reading(const struct initiator *initiator);
void want_drop(struct initiator *initiator);

/* engine_serve.c: giving posts to one peer: what it WANTs, and what it was found to lack. */
void serve_on_want(struct engine *e, uint32_t p, struct octets payload);
void serve_on_want_at(struct engine *e, uint32_t p, struct octets payload);
void serve_on_read(struct engine *e, const struct engine_read_done *in);
void serve_on_push_read(struct engine *e, const struct engine_read_done *in);
void serve_on_down(struct engine *e, uint32_t p);
void serve_pump(struct engine *e);
void serve_push_pump(struct engine *e, uint32_t i);
void serve_send_none(struct engine *e, uint32_t p, const struct post_id *ids, size_t count,
                     const struct engine_bodies *bodies);

/* engine_check.c: what must hold between steps. */
void engine_check(const struct engine *e);

#endif
