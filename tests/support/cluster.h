/* cluster.h - many nodes in virtual time, from one seed: real engines, real posts and proofs, real
 * stores over files in memory; sessions are left out, whole frames travel.
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

#define CLUSTER_NODES_MAX 60 /* an engine's addresses_max is above */
#define CLUSTER_START_S   1000000
#define CLUSTER_TRACE_LEN 32

/* What goes wrong, in so many of 1000. */
struct cluster_faults {
    uint32_t read_fails;    /* a read answers ERR_IO */
    uint32_t store_fails;   /* a put fails, or says so though it was done */
    uint32_t answers_twice; /* an answer comes a second time */
    uint32_t answer_max_ms; /* answers take so long, in any order; not a share */
};

struct cluster;

struct cluster *cluster_new(uint64_t seed, uint32_t nodes_count);
void cluster_free(struct cluster *c);

void cluster_set_faults(struct cluster *c, const struct cluster_faults *faults);

/* From now on node keeps a connection to other. */
void cluster_dials(struct cluster *c, uint32_t node, uint32_t other);
/* node's person says text; gives the post's number.  The node is up. */
size_t cluster_publishes(struct cluster *c, uint32_t node, const char *text);
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
struct post_id cluster_post_id(const struct cluster *c, size_t post);
uint64_t cluster_now_s(const struct cluster *c);
/* Break the connections between the two, or a random connection. */
void cluster_breaks(struct cluster *c, uint32_t node, uint32_t other);
void cluster_breaks_any(struct cluster *c);
/* From now on every frame of posts that node sends has one proof that does not hold. */
void cluster_lies(struct cluster *c, uint32_t node);
/* kill -9, and what a restart finds of the unsynced is drawn from the seed. */
void cluster_crashes(struct cluster *c, uint32_t node);
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

/* Let so much virtual time pass. */
void cluster_run(struct cluster *c, uint64_t for_ms);
uint64_t cluster_now_ms(const struct cluster *c);
uint64_t cluster_random(struct cluster *c, uint64_t below);

/* Whether post number is readable at node, and whether its person was told that it is safe. */
bool cluster_has(const struct cluster *c, uint32_t node, size_t post);
bool cluster_acknowledged(const struct cluster *c, size_t post);
size_t cluster_posts_count(const struct cluster *c);
/* Whether every node that is up has every acknowledged post, and all have the same set. */
bool cluster_converged(const struct cluster *c);
/* Whether each acknowledged post is at its author's node, if that is up. */
bool cluster_kept_promises(const struct cluster *c);
struct engine_stats cluster_stats(const struct cluster *c, uint32_t node);
/* How often node was closed for a reason that blames it, or all nodes together. */
size_t cluster_blamed_count(const struct cluster *c, uint32_t node);
size_t cluster_blames_count(const struct cluster *c);
/* Posts handed over on all connections so far. */
size_t cluster_handed_count(const struct cluster *c);
/* A digest of everything that happened. */
void cluster_trace(const struct cluster *c, uint8_t out[CLUSTER_TRACE_LEN]);

#endif
