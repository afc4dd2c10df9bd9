/* cluster_inner.h - what a cluster holds, shared by cluster.c, cluster_links.c and
 * cluster_node.c. */
#ifndef KITH_TESTS_SUPPORT_CLUSTER_INNER_H
#define KITH_TESTS_SUPPORT_CLUSTER_INNER_H

#include <sodium.h>

#include "store/store.h"
#include "tests/support/cluster.h"
#include "tests/support/cluster_events.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define SLOTS_MAX    32
#define NO_LINK      SIZE_MAX
#define LINK_FULL    (768 * 1024)
#define LINK_DRAINED (512 * 1024)

/* Frames waiting at one end of a link. */
struct waiting {
    uint8_t *frame;
    size_t len;
    uint8_t type;
    struct waiting *next;
};

struct end {
    uint32_t node;
    uint32_t slot;
    uint32_t life; /* the node's */
    bool up;       /* the node was told PEER_UP and not PEER_DOWN */
    bool paused;
    bool full;          /* the node was told that what it sends piles up */
    uint64_t last_ms;   /* when the latest frame sent from here arrives */
    size_t sent_octets; /* sent from here and not taken at the other end */
    struct waiting *first;
    struct waiting *last;
};

struct link {
    struct end ends[2]; /* ends[0] dialled */
    bool open;
};

struct cluster_node {
    struct engine *engine; /* NULL: not up */
    struct store *store;
    struct files *files;
    struct person person;
    struct key static_key;
    uint32_t life;
    uint64_t tick_at_ms;
    size_t slots[SLOTS_MAX]; /* link, or NO_LINK */
    bool dials[CLUSTER_NODES_MAX];
    bool lies;
    const struct cluster_inhabitant *inhabitant; /* or NULL */
    size_t blamed_count;
};

struct said {
    struct post_id id;
    uint32_t node;
    bool acknowledged;
};

struct cluster {
    uint64_t random;
    uint64_t now_ms;
    struct cluster_faults faults;
    uint32_t nodes_count;
    struct cluster_node nodes[CLUSTER_NODES_MAX];
    struct link *links;
    size_t links_count;
    size_t links_cap;
    struct events events;
    struct said *said;
    size_t said_count;
    struct posts posts; /* what was said, encoded */
    size_t handed_count;
    struct engine_output out;
    crypto_generichash_state trace;
    void (*on_frame)(void *context, const struct cluster_frame *frame); /* or NULL */
    void *on_frame_context;
};

/* cluster.c */
void cluster_must(bool holds, const char *what);
void cluster_note(struct cluster *c, uint32_t node, const char *what, uint64_t a, uint64_t b);
void cluster_schedule(struct cluster *c, struct event *event, uint64_t after_ms);

/* cluster_node.c: one engine and its driver. */
void node_open(struct cluster *c, uint32_t n);
void node_close(struct cluster *c, uint32_t n);
void node_step(struct cluster *c, uint32_t n, struct engine_input *in);
void node_on_tick(struct cluster *c, const struct event *event);
void node_on_verify(struct cluster *c, const struct event *event);
void node_on_store(struct cluster *c, const struct event *event);
void node_on_read(struct cluster *c, const struct event *event);

/* cluster_links.c: what lies between nodes. */
void links_dial(struct cluster *c, const struct event *event);
void links_send(struct cluster *c, uint32_t n, const struct engine_send *send);
/* Who is at the other end. */
uint32_t links_other(const struct cluster *c, uint32_t n, uint32_t slot);
void links_close(struct cluster *c, uint32_t n, uint32_t slot);
void links_break(struct cluster *c, size_t l);
void links_resume(struct cluster *c, uint32_t n, uint32_t slot);
void links_pause(struct cluster *c, uint32_t n, uint32_t slot);
void links_on_arrive(struct cluster *c, struct event *event);
void links_on_drain(struct cluster *c, const struct event *event);
void links_on_full(struct cluster *c, const struct event *event);
void links_on_down(struct cluster *c, const struct event *event);
void links_free(struct cluster *c);

#endif
