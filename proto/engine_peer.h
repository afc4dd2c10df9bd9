/* engine_peer.h - who is connected, what they asked for, and whom to connect to; a part of
 * engine_state.h. */
#ifndef KITH_PROTO_ENGINE_PEER_H
#define KITH_PROTO_ENGINE_PEER_H

#include "proto/engine.h"
#include "proto/invite.h"
#include "proto/token_bucket.h"

struct engine;

#define PEERS_FIRST      16
#define FUTURE_MAX       64 /* posts dated ahead that a peer may send */
#define HELLO_TIMEOUT_MS 10000
#define FULL_TIMEOUT_MS  60000 /* a peer that reads nothing for so long */
#define JOIN_TIMEOUT_MS  30000
#define DIAL_FIRST_MS    400
#define DIAL_LAST_MS     60000
#define STEADY_MS        10000 /* a connection that lasted so long starts the backoff anew */
#define ADDERS_MAX       256
#define ADDERS_KEPT      64    /* of them, for those whom this node dialled */
#define ADDED_MAX        16384 /* posts below the floor that one peer may add in a day */
#define WANTS_MAX        4     /* WANTs a node may have outstanding at a peer (SPEC 6.4) */
#define SERVE_SLOTS      (WANTS_MAX + 1) /* one may still be read for a peer that is gone */
#define BULK_OCTETS_MAX  65536           /* of posts in one frame of bulk */
#define STEP_OCTETS_MAX  65536 /* to one peer in a step; what is above it waits for the next */
#define JOINS_MAX        8     /* claims of one connection */
#define LACKS_MAX        1024
#define LACKS_FIRST_MS   480000 /* from the second NONE about an id to asking again; then doubled */
#define LACKS_LAST       7      /* up to this many: 4 h */
#define SESSIONS_MAX     4 /* reconciliations a node may have under way with a peer (SPEC 7.1) */

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
    PAUSE_TURN,   /* no responder is free for it */
    PAUSE_COST    /* what it asked before is not paid for */
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
    uint32_t stale_count; /* the first of them are for a peer that is gone, and being read */
    struct post_id ids[MESSAGE_IDS_MAX];
};

/* An id that a peer was asked for and said NONE to. */
struct lacked {
    uint32_t tag;      /* of its keyed hash */
    uint32_t count;    /* how often; 0: nothing stands here */
    uint64_t until_ms; /* not asked for again before */
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
    uint32_t sent_step;  /* the last step in which it was sent something, */
    uint32_t sent_len;   /* and how much */
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
    uint32_t recon_set;      /* what is to be reconciled next in this round; SETS_END: no round */
    uint64_t round_used_ms;  /* by its sessions so far, since it last let others go before */
    uint32_t recon_running;  /* reconciliations begun here */
    bool recon_again;        /* one of this round's left something over */
    uint64_t floor_s;        /* what its HELLO said; so are */
    struct set_choice *sets; /* NULL: everything */
    bool whole;              /* a relay that wants everything */
    uint64_t group;          /* of its address */
    bool was_ready;
    bool asked_addresses; /* ADDRESSES is to come */
    bool answered;        /* it asked for addresses, last at */
    uint32_t heard_count; /* so many of the contacts that it told were looked at, since */
    uint64_t heard_at_ms;
    uint64_t answered_ms;
    uint64_t ask_at_ms; /* when to ask it (again); NEVER_MS: not at all */
    struct asked_session asked[SESSIONS_MAX];
    struct token_bucket cost; /* of reconciliations with it */

    uint64_t brought_ms; /* when it last brought something it was asked for, or was first asked */
    bool late;           /* its last WANT took longer than others wait for: one at a time */

    struct serve *serve; /* NULL: it wants nothing */
    uint32_t serve_generation;
    struct graft *graft; /* NULL: it asked for nothing */
    uint32_t graft_generation;
    struct lacked *lacks; /* LACKS_MAX by their hash; NULL: it never said NONE */
    bool join_pending;
    uint8_t joins_count; /* it sent */
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
    bool drawn;  /* out of the book; else a neighbour said that it is to be dialled */
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

/* Who added to what stands below the floor, on this day. */
struct adder {
    uint64_t who; /* begins its static key */
    uint32_t day;
    uint32_t count;
};

/* engine_peers.c: who is connected. */
bool peer_is_live(const struct engine *e, uint32_t p);
void peer_on_up(struct engine *e, const struct engine_peer_up *up);
void peer_on_down(struct engine *e, uint32_t p);
void peer_on_full(struct engine *e, uint32_t p, bool full);
void peer_on_frame(struct engine *e, const struct engine_frame_in *in);
void peer_close(struct engine *e, uint32_t p, enum err_code reason);
void peer_pause(struct engine *e, uint32_t p, enum pause why);
/* Its queue is full, for all that was told. */
bool peer_is_slow(const struct engine *e, uint32_t p);
/* Or it was sent so much in this step that it may be. */
bool peer_is_full(const struct engine *e, uint32_t p);
void peers_pump(struct engine *e);
void peers_on_time(struct engine *e);

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

/* engine_graft.c: answering GRAFT. */
void graft_on_ids(struct engine *e, uint32_t p, const struct post_id *ids, size_t count);
void graft_on_read(struct engine *e, const struct engine_read_done *in);
void graft_on_down(struct engine *e, uint32_t p);
void graft_pump(struct engine *e);

/* engine_added.c: how much a peer adds in a day to what has no floor. */
bool added_is_full(const struct engine *e, uint32_t p);
bool added_take(struct engine *e, uint32_t p);

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
/* Whether it is one that was named or drawn out of the book; not one that dialled, nor one that is
 * dialled because another told of it. */
bool book_is_chosen(const struct engine *e, uint32_t p);
/* Whether the views may dial it now, and that they do. */
bool book_lets_dial(const struct engine *e, const struct address *contact);
void book_on_dial(struct engine *e, uint32_t address, const struct address *contact, bool drawn);
void book_on_failed(struct engine *e, uint32_t address);
void book_on_gone(struct engine *e, uint32_t p);
void book_on_ready(struct engine *e, uint32_t p); /* may close it: a feeler has felt */
void book_on_wanted(struct engine *e, uint32_t p, struct octets payload);
void book_on_addresses(struct engine *e, uint32_t p, struct octets payload);
void book_on_views(struct engine *e, const struct engine_frame_in *in); /* it was well formed */
void book_on_time(struct engine *e);
void book_on_deed(struct engine *e, uint32_t p, enum peer_deed deed);
bool book_refuses(const struct engine *e, uint32_t p);

/* engine_membership.c: which relays are neighbours, see proto/membership.h. */
bool views_are_for(const struct engine *e, uint32_t p); /* both whole relays */
void views_on_ready(struct engine *e, uint32_t p);
void views_on_gone(struct engine *e, uint32_t p);
/* A dial failed, or a connection to a contact is gone; good: a relay was there. */
void views_on_place_free(struct engine *e, uint32_t address, bool good);
void views_on_frame(struct engine *e, const struct engine_frame_in *in);
void views_on_heard(struct engine *e, uint32_t p);
void views_on_time(struct engine *e);
void views_learn(struct engine *e, const struct address *contact);
bool views_want_contacts(struct engine *e);

/* engine_join.c: claims sent to relays, and claims that come. */
void join_on_send(struct engine *e, const struct engine_join_send *in);
void join_on_result(struct engine *e, const struct engine_join_result *in);
void join_on_frame(struct engine *e, uint32_t p, struct octets payload);
void join_on_joined(struct engine *e, uint32_t p, struct octets payload);
void join_on_down(struct engine *e, uint32_t p);
void join_pump(struct engine *e);
void join_on_time(struct engine *e);

#endif
