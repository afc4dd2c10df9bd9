/* cluster.h - many nodes in virtual time, from one seed: real engines and posts, real stores over
 * files in memory or, for thousands of nodes, light ones (light_store.h); sessions are left out,
 * whole frames travel over links that behave like TCP over a bad network.
 *
 *     struct cluster *c = cluster_new(seed, 3);
 *     cluster_dials(c, 0, 2);
 *     cluster_dials(c, 1, 2);
 *     cluster_run(c, 1000);
 *     cluster_publishes(c, 0, "me too");
 *     cluster_run(c, 1000);
 *     assert_true(cluster_converged(c));
 *
 * Single-threaded; the same calls and seed give the same trace.  Anything of the machine that
 * fails ends the program with a line on stderr. */
#ifndef KITH_TESTS_SUPPORT_CLUSTER_H
#define KITH_TESTS_SUPPORT_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/engine.h"
#include "proto/key.h"

#define CLUSTER_NODES_MAX 110000
#define CLUSTER_REAL_MAX  60 /* with real stores and proofs more of them take too long */
#define CLUSTER_START_S   1000000
#define CLUSTER_TRACE_LEN 32

/* What goes wrong, in so many of 1000. */
struct cluster_faults {
    uint32_t read_fails;    /* a read answers ERR_IO */
    uint32_t store_fails;   /* a put fails, or says so though it was done */
    uint32_t files_fail;    /* a call of the files fails in the middle of a real store's put */
    uint32_t answers_twice; /* an answer comes a second time */
    uint32_t answer_max_ms; /* answers take so long, in any order; not a share */
};

struct cluster;

enum cluster_stores {
    CLUSTER_STORES_REAL, /* store/store.h over files in memory */
    CLUSTER_STORES_LIGHT /* tests/support/light_store.h: loses nothing, keeps no bodies of its own
                          */
};

struct cluster_plan {
    uint64_t seed;
    uint32_t nodes_count;
    uint32_t relays_count; /* the first nodes are relays, the others personal */
    enum cluster_stores stores;
    bool books;  /* people's nodes too keep addresses of relays and scores of others, over restarts,
                  * and every other one dials out of them; relays always do */
    bool narrow; /* engines do one thing at a time: one reconciliation, one answer, one check */
    uint64_t start_s; /* what clocks say at first; 0: CLUSTER_START_S */
};

struct cluster *cluster_new_planned(const struct cluster_plan *plan);
/* Personal nodes with real stores. */
struct cluster *cluster_new(uint64_t seed, uint32_t nodes_count);
void cluster_free(struct cluster *c);

void cluster_set_faults(struct cluster *c, const struct cluster_faults *faults);

/* What links do.  A frame that is lost comes late, and all behind it; one that is lost too often
 * breaks the connection. */
struct cluster_weather {
    uint32_t delay_min_ms; /* of a pair of nodes, drawn once from the seed */
    uint32_t delay_max_ms;
    uint32_t jitter_ms;     /* more, of each frame */
    uint32_t octets_per_ms; /* of a connection, each way; 0: no bound */
    uint32_t losses;        /* in 1000 frames: it is sent again 200 to 3200 ms later */
    uint32_t breaks;        /* in 10000 frames: the connection ends with it */
    uint32_t half_open;     /* in 1000 of these ends: one side notices only by the silence */
};
void cluster_set_weather(struct cluster *c, const struct cluster_weather *weather);

/* From now on node keeps a connection to other. */
void cluster_dials(struct cluster *c, uint32_t node, uint32_t other);
/* node's person says text; gives the post's number.  The node is up. */
size_t cluster_publishes(struct cluster *c, uint32_t node, const char *text);
/* The same for anything a person can say; created_s is filled in. */
size_t cluster_says(struct cluster *c, uint32_t node, const struct post_draft *draft);
/* Somebody who lives at a node and is told what its daemon would tell her. */
struct cluster_inhabitant {
    void *context;
    void (*on_published)(void *context, uint64_t token, enum err_code status, uint32_t sent_to);
    void (*on_accepted)(void *context);
};
/* From now on (borrowed, until the cluster is freed).  What she says goes through
 * cluster_publishes_wire(), with tokens of her own. */
void cluster_inhabit(struct cluster *c, uint32_t node, const struct cluster_inhabitant *inhabitant);
void cluster_publishes_wire(struct cluster *c, uint32_t node, uint64_t token, struct octets wire);
/* The node's store, borrowed. */
struct store *cluster_store(struct cluster *c, uint32_t node);
/* Whose posts node's cluster_publishes() makes. */
struct key cluster_key(const struct cluster *c, uint32_t node);
/* Whose post it is, and what a node's clock says. */
uint32_t cluster_author(const struct cluster *c, size_t post);
uint64_t cluster_node_clock_s(const struct cluster *c, uint32_t node);
struct post_id cluster_post_id(const struct cluster *c, size_t post);
uint64_t cluster_now_s(const struct cluster *c);
/* Break the connections between the two, or a random connection. */
void cluster_breaks(struct cluster *c, uint32_t node, uint32_t other);
void cluster_breaks_any(struct cluster *c);
/* As cluster_breaks(), but only node learns of it; other goes on into silence. */
void cluster_half_opens(struct cluster *c, uint32_t node, uint32_t other);

/* Until cluster_heals(), what nodes on one side send does not reach the other side: there[n] tells
 * the sides apart.  What was sent waits; connections end after two minutes of silence. */
enum cluster_cut {
    CLUSTER_CUT_BOTH,    /* neither way */
    CLUSTER_CUT_THITHER, /* nothing reaches those there */
    CLUSTER_CUT_HITHER   /* nothing comes from those there */
};
void cluster_cuts(struct cluster *c, const bool *there, enum cluster_cut cut);
void cluster_heals(struct cluster *c);
/* Nobody reaches node by dialling it. */
void cluster_hides(struct cluster *c, uint32_t node);
/* node stands still, and then goes on with what waited for it. */
void cluster_freezes(struct cluster *c, uint32_t node, uint64_t for_ms);
/* How long until the last node that stands still goes on. */
uint64_t cluster_frozen_ms(const struct cluster *c);
/* From now on node's wall clock is wrong by so much. */
void cluster_shifts(struct cluster *c, uint32_t node, int64_t skew_s);

/* From now on node takes and offers only what is dated later, but for what stands.  Its store keeps
 * what it has. */
void cluster_raises_floor(struct cluster *c, uint32_t node, uint64_t floor_s);

/* From its next start node wants but these sets, and the bucket of whoever writes there. */
void cluster_chooses(struct cluster *c, uint32_t node, const struct set_choice *sets);

/* From now on node is hostile.  The first ones are nodes whose frames and answers are tampered
 * with, the others machines of their own that know just enough to be let in. */
enum cluster_hostility {
    CLUSTER_HONEST,
    CLUSTER_FORGES,   /* every frame of posts has one proof that does not hold */
    CLUSTER_GARBLES,  /* some octets of some frames are others */
    CLUSTER_PROMISES, /* in reconciliation it names posts that nobody ever wrote, and brings none */
    CLUSTER_OMITS,    /* it has nothing to reconcile and passes nothing on */
    CLUSTER_BABBLES,  /* frames of random types and octets */
    CLUSTER_FLOODS,   /* what it was sent comes back ten times */
    CLUSTER_CROWDS,   /* many connections under many keys, all silent */
    CLUSTER_ANNOUNCES, /* it announces posts that nobody ever wrote, without end */
    CLUSTER_RECRUITS,  /* as a relay it asks to be a neighbour, and names relays that do not exist,
                        * others under wrong keys, people, and itself */
    CLUSTER_HOSTILITIES_COUNT
};
void cluster_corrupts(struct cluster *c, uint32_t node, enum cluster_hostility hostility);
bool cluster_is_honest(const struct cluster *c, uint32_t node);
/* kill -9, and what a restart finds of the unsynced is drawn from the seed. */
void cluster_crashes(struct cluster *c, uint32_t node);
/* The same, and peers are not told: they go on into silence. */
void cluster_loses_power(struct cluster *c, uint32_t node);
void cluster_restarts(struct cluster *c, uint32_t node);
bool cluster_is_up(const struct cluster *c, uint32_t node);

/* Every frame that leaves a node from now on is shown first (payload borrowed for the call). */
struct cluster_frame {
    uint64_t at_ms;
    uint32_t from, to;
    uint8_t type; /* FRAME_HELLO and so on */
    struct octets payload;
};
void cluster_listens(struct cluster *c,
                     void (*on_frame)(void *context, const struct cluster_frame *frame),
                     void *context);

/* The same for every frame that a node is given. */
void cluster_listens_at_ends(struct cluster *c,
                             void (*on_frame)(void *context, const struct cluster_frame *frame),
                             void *context);

/* Let so much virtual time pass. */
void cluster_run(struct cluster *c, uint64_t for_ms);
uint64_t cluster_now_ms(const struct cluster *c);
uint64_t cluster_random(struct cluster *c, uint64_t below);

/* ---- What must hold -------------------------------------------------------------------------
 *
 * While it runs, each step is checked: what is in flight and in queues stays within bounds, and a
 * post is acknowledged only once it is there.  The first violation ends the program, see
 * cluster_on_violation(). */

/* Whether post number is readable at node, and whether its person was told that it is safe. */
bool cluster_has(const struct cluster *c, uint32_t node, size_t post);
bool cluster_acknowledged(const struct cluster *c, size_t post);
size_t cluster_posts_count(const struct cluster *c);
/* Whether every honest node that is up has every acknowledged post that it wants, and all have the
 * same.  What has expired, and what is dated before somebody's floor and does not stand, is left
 * out. */
bool cluster_converged(const struct cluster *c);
/* Whether all honest nodes that are up hold the same sets above the highest floor, of each that
 * both want, by itself or with everything: `all`, `standing` and every bucket, folded by their real
 * stores at the next UTC midnight, when what was taken back or has expired leaves them.  The last
 * thing to ask. */
bool cluster_same_sets(struct cluster *c);
/* Say on stderr who lacks what. */
void cluster_explain(const struct cluster *c);
/* Whether each acknowledged post is at its author's node, if that is up. */
bool cluster_kept_promises(const struct cluster *c);
/* Whether no node keeps a post twice, and each keeps as many as it has. */
bool cluster_keeps_once(struct cluster *c);
/* From now on somebody reads at this node, in a view over its real store. */
void cluster_watches(struct cluster *c, uint32_t node);
/* Whether everybody who reads is shown everything her node has, once, without asking for it anew.
 */
bool cluster_shows_once(struct cluster *c);
/* Whether no node has left a peer unread for longer than anything it waits for takes. */
bool cluster_keeps_reading(const struct cluster *c);
/* Whether everybody who published at a node that stayed up since was told how it ended. */
bool cluster_answered(const struct cluster *c);
/* How many posts engines had checked and put that were there already.  In calm weather, with a
 * store that answers truly, there is no reason for any. */
size_t cluster_there_count(const struct cluster *c);
/* Whether nothing is in flight at any honest node that is up. */
bool cluster_is_quiet(const struct cluster *c);
struct engine_stats cluster_stats(const struct cluster *c, uint32_t node);
/* How often node was closed for a reason that blames it, or all nodes together. */
size_t cluster_blamed_count(const struct cluster *c, uint32_t node);
size_t cluster_blames_count(const struct cluster *c);
/* How often an honest node blamed an honest one for what only a liar does: not for being slow,
 * silent, or ahead of the time. */
size_t cluster_wronged_count(const struct cluster *c);
/* The same for any reason that blames.  Once the network is calm there is none. */
size_t cluster_suspected_count(const struct cluster *c);
/* Posts handed over on all connections so far. */
size_t cluster_handed_count(const struct cluster *c);
/* Octets of all frames sent so far. */
uint64_t cluster_octets_sent(const struct cluster *c);
/* A digest of everything that happened. */
void cluster_trace(const struct cluster *c, uint8_t out[CLUSTER_TRACE_LEN]);
/* What to do about what must not happen, before the program ends: print the seed. */
void cluster_on_violation(void (*tell)(void));

#endif
