/* engine_flight.h - posts from their arrival to the store, and on to other peers; a part of
 * engine_state.h. */
#ifndef KITH_PROTO_ENGINE_FLIGHT_H
#define KITH_PROTO_ENGINE_FLIGHT_H

#include "proto/engine.h"

struct engine;
struct peer;

#define CANDIDATES_MAX      4 /* different proofs of one id that queue */
#define AGAIN_MAX           4 /* peers that brought a post again before its proof was looked at */
#define STORE_TRIES_MAX     5
#define STORE_RETRY_MS      1000
#define STORE_RETRY_LAST_MS 30000
#define KNOWN_BATCHES_MAX   4
#define FLIGHTS_FIRST       64 /* the table of an idle engine */
#define SHARE               4  /* one peer may fill 1/SHARE of the table */
#define OWN_POSTS_RESERVE   64 /* flights that only the person's own posts may take */
#define OWN_OCTETS_RESERVE  (OWN_POSTS_RESERVE * 4096)
#define PUSH_POSTS_MAX      64
#define PUSH_OCTETS_MAX     131072
#define PUSH_GROUPS_MAX     8
#define ANNOUNCE_MS         100 /* SPEC 6.6 */

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
    uint8_t again_hops[AGAIN_MAX];
    bool verified; /* the proof of candidates[0] holds, or it is the person's own */
    bool own;
    uint64_t own_token;
    enum err_code store_status; /* how the last STORE failed */
    uint8_t store_tries;
    uint8_t candidates_count; /* candidates[0] is the one verified and stored */
    uint8_t spoilt;           /* bit n: who sent candidates[n] sent a bad proof, too */
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

/* A post of the frame in hand, decoded. */
struct arrival {
    struct post_id id;
    struct octets wire;
    struct octets proof;
    uint64_t created_s;
    enum err_code clock; /* what post_check_clock() said */
    bool below;          /* it stands below the floor */
    uint8_t hops;        /* MESSAGE_HOPS_OLD: not new */
};

/* Ids that were announced: does the store know them? */
struct tree_check {
    bool busy;
    uint32_t generation;
    uint32_t count;
    struct post_id *ids; /* MESSAGE_IDS_MAX, from the first question on */
};

/* engine_flight.c: the table of posts in flight. */
uint32_t flight_find(const struct engine *e, const struct post_id *id);
uint32_t flight_add(struct engine *e, const struct post_id *id);
void flight_rechain(struct engine *e);
void flight_free(struct engine *e, uint32_t f);
void flight_add_candidate(struct engine *e, uint32_t f, struct held *held,
                          const struct arrival *arrival);
void flight_drop_first(struct engine *e, uint32_t f); /* while another is left */
void flight_keep_first(struct engine *e, uint32_t f);
/* Its posts that were not checked yet are not worth it. */
void flight_spoil(struct engine *e, uint32_t peer);
void flight_thank_sender(struct engine *e, uint32_t f);
void flight_move(struct engine *e, uint32_t f, enum flight_state to);
uint32_t flight_take(struct engine *e, enum flight_state from);
bool flight_shown(const struct engine *e, uint32_t f, uint32_t peer);
/* Whether anybody who is connected has shown it. */
bool flight_is_shown(const struct engine *e, uint32_t f);
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

#endif
