/* engine_state.h - what an engine holds, shared by the engine*.c files and by nobody else.
 * What belongs to posts, to peers and to reconciliations stands in the headers it includes.
 *
 * Tables begin small and grow up to engine_limits where an input needs it (engine_room.c).  They
 * move when they grow, so that no pointer into one outlives a call of room_for_*(). */
#ifndef KITH_PROTO_ENGINE_STATE_H
#define KITH_PROTO_ENGINE_STATE_H

#include "proto/broadcast.h"
#include "proto/engine_flight.h"
#include "proto/engine_peer.h"
#include "proto/engine_recon.h"
#include "proto/membership.h"

#define NO_INDEX           UINT32_MAX /* no such index */
#define NEVER_MS           UINT64_MAX
#define DAY_S              86400
#define ARENA_MAX          (3 * FRAME_MAX)
#define SLIM_MS            3000 /* from growing to shrinking, if nothing is in it any more */
#define NO_MEMORY_RETRY_MS 1000

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

struct engine {
    struct engine_limits limits;
    struct message_hello hello;
    struct address self;
    uint8_t seed[ENGINE_SEED_LEN];
    uint64_t random;
    uint64_t now_ms;
    uint64_t heard_ms; /* the last frame of anybody */
    uint64_t now_s;
    uint64_t floor_s;
    uint64_t tick_at_ms;
    struct engine_output *out;
    uint32_t steps_count; /* goes round */
    uint32_t paused_now;  /* the peer whose frame this step did not take, or NO_INDEX */
    bool more;            /* work was left for lack of room in the output */

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
    bool whole;            /* a relay that wants everything */
    uint32_t choosy_count; /* peers that are READY and do not want everything */
    struct initiator *initiators;
    struct turn *responders;
    struct listed *listed;          /* LISTED_MAX for each responder */
    struct adder *adders;           /* ADDERS_MAX; NULL: nobody added anything yet */
    struct cost_group *cost_groups; /* COST_GROUPS_MAX */
};

/* engine_emit.c: effects, payloads and time. */
struct engine_effect *engine_emit(struct engine *e, enum engine_effect_type type);
bool engine_has_room(struct engine *e, size_t payload_len, size_t peers_count);
uint8_t *engine_arena(struct engine *e, size_t len);
/* Where to write whom the next SEND goes to; engine_has_room() said how many fit. */
uint32_t *engine_list(struct engine *e);
/* To the first so many of that list. */
void engine_send(struct engine *e, size_t peers_count, enum frame_type type, struct octets payload);
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

/* engine_check.c: what must hold between steps. */
void engine_check(const struct engine *e);

#endif
