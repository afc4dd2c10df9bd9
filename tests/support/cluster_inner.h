/* cluster_inner.h - what a cluster holds, shared by the cluster*.c files. */
#ifndef KITH_TESTS_SUPPORT_CLUSTER_INNER_H
#define KITH_TESTS_SUPPORT_CLUSTER_INNER_H

#include <sodium.h>

#include "store/store.h"
#include "tests/support/cluster.h"
#include "tests/support/cluster_events.h"
#include "tests/support/file_memory.h"
#include "tests/support/light_store.h"
#include "tests/support/posts.h"
#include "tests/support/sorted_set.h"

#define NO_LINK      SIZE_MAX
#define NOBODY       UINT32_MAX
#define LINK_FULL    (768 * 1024)
#define LINK_DRAINED (512 * 1024)
#define LINK_MAX     (4 * 1024 * 1024) /* what an engine may still send to a peer that is full */
#define SILENCE_MS   120000            /* SESSION_IDLE_TIMEOUT_MS */
#define UNREACHED_MS 10000             /* NETWORK_DIAL_TIMEOUT_MS */
#define CUTS_MAX     8
#define CROWD_MAX    8 /* connections of one hostile node that a node lets in */

/* Frames waiting at one end of a link. */
struct waiting {
    struct payload *frame;
    uint8_t type;
    struct waiting *next;
};

struct waitings {
    struct waiting *first;
    struct waiting *last;
};

struct end {
    uint32_t node;
    uint32_t slot;
    uint32_t life; /* the node's */
    bool up;       /* the node was told PEER_UP and not PEER_DOWN */
    bool paused;
    uint64_t paused_at_ms;
    bool full;              /* the node was told that what it sends piles up */
    bool reset;             /* it sent to somebody who knows nothing of this link */
    uint64_t last_ms;       /* when the latest frame sent from here arrives */
    uint64_t free_ms;       /* when all that was sent from here has left */
    size_t sent_octets;     /* sent from here and not taken at the other end */
    struct waitings came;   /* and was not taken by the node yet */
    struct waitings unsent; /* by the node, which the network does not carry now */
};

struct link {
    struct end ends[2]; /* ends[0] dialled */
    bool open;
};

struct cluster_node {
    struct engine *engine; /* NULL: not up, or a hostile machine */
    struct store *store;   /* real */
    struct files *files;
    struct light_store light;
    struct address_book *book; /* NULL: without, see cluster_plan; so are */
    struct peer_scores *scores;
    struct person person;
    struct key static_key;
    uint32_t life;
    uint64_t tick_at_ms;
    uint64_t frozen_until_ms;
    int64_t skew_s;
    uint64_t floor_s;
    struct set_choice sets;
    size_t *slots; /* link, or NO_LINK */
    uint32_t slots_count;
    uint32_t *dials; /* by address: whom it keeps a connection to */
    uint32_t dials_count;
    bool hidden;
    bool watched;
    struct view *view; /* or NULL */
    enum cluster_hostility hostility;
    struct sorted_set *phantoms;                 /* CLUSTER_PROMISES, CLUSTER_OMITS: its set */
    const struct cluster_inhabitant *inhabitant; /* or NULL */
    size_t blamed_count;
};

struct said {
    struct post_id id;
    uint32_t node;
    uint32_t life; /* of the node */
    uint64_t created_s;
    uint64_t expires_s; /* 0: never */
    bool stands;
    bool taken_back; /* its author said so */
    bool shown;      /* it has the tag that those who read look at */
    bool answered;
    bool acknowledged;
};

struct cut {
    bool *there; /* of each node */
    enum cluster_cut cut;
};

struct cluster {
    uint64_t random;
    uint64_t seed;
    uint64_t now_ms;
    struct cluster_plan plan;
    struct cluster_faults faults;
    struct cluster_weather weather;
    struct cut cuts[CUTS_MAX];
    size_t cuts_count;
    uint32_t nodes_count;
    struct cluster_node *nodes;
    struct link *links;
    size_t links_count;
    size_t links_cap;
    struct events events;
    struct said *said;
    size_t said_count;
    size_t said_cap;
    struct posts posts; /* what was said, encoded */
    struct light_posts light_posts;
    size_t handed_count;
    size_t wronged_count;
    size_t there_count;
    size_t suspected_count;
    uint64_t octets_sent;
    struct engine_scratch *scratch;
    struct engine_output out;
    crypto_generichash_state trace;
    bool tells; /* the trace goes to stderr too */
    void (*on_frame)(void *context, const struct cluster_frame *frame); /* or NULL */
    void *on_frame_context;
    void (*on_arrival)(void *context, const struct cluster_frame *frame); /* or NULL */
    void *on_arrival_context;
};

/* cluster.c */
void cluster_must(bool holds, const char *what);
void cluster_note(struct cluster *c, uint32_t node, const char *what, uint64_t a, uint64_t b);
void cluster_schedule(struct cluster *c, struct event *event, uint64_t after_ms);

/* cluster_node.c: one engine and its driver. */
struct engine_limits node_limits(const struct cluster *c, uint32_t n);
void node_open(struct cluster *c, uint32_t n);
void node_close(struct cluster *c, uint32_t n);
bool node_is_up(const struct cluster *c, uint32_t n); /* a hostile machine always is */
uint32_t node_dials(struct cluster *c, uint32_t n, uint32_t other);
/* By which a relay, or a machine that calls itself one, is told to others. */
struct address node_contact(const struct cluster *c, uint32_t n);
void node_step(struct cluster *c, uint32_t n, struct engine_input *in);
void node_on_tick(struct cluster *c, const struct event *event);
void node_on_verify(struct cluster *c, const struct event *event);
void node_on_store(struct cluster *c, const struct event *event);
void node_on_read(struct cluster *c, const struct event *event);
void node_on_join(struct cluster *c, const struct event *event);

/* cluster_store.c: what a node keeps, in a real store or a light one.  n is up. */
void keep_open(struct cluster *c, uint32_t n);
void keep_close(struct cluster *c, uint32_t n);
/* All there is to do behind the scenes at this time. */
void keep_tend(struct cluster *c, uint32_t n, uint64_t now_s);
MUST_USE enum err_code keep_put(struct cluster *c, uint32_t n, const struct engine_posts *posts,
                                enum engine_put *results);
MUST_USE enum err_code keep_known(const struct cluster *c, uint32_t n, bool *known,
                                  const struct post_id *ids, size_t count);
/* The wire's length; 0: not here. */
size_t keep_body(struct cluster *c, uint32_t n, uint8_t wire[POST_WIRE_MAX],
                 const struct post_id *id);
MUST_USE enum err_code keep_answer(struct cluster *c, uint32_t n,
                                   struct negentropy_results *results,
                                   const struct engine_read *read);

/* cluster_links.c: connections. */
void links_dial(struct cluster *c, uint32_t n, uint32_t other, uint32_t address);
void links_send(struct cluster *c, uint32_t n, const struct engine_send *send);
void links_send_raw(struct cluster *c, uint32_t n, uint32_t slot, uint8_t type,
                    struct octets payload);
/* Who is at the other end. */
uint32_t links_other(const struct cluster *c, uint32_t n, uint32_t slot);
bool links_dialled(const struct cluster *c, uint32_t n, uint32_t slot); /* by n */
void links_close(struct cluster *c, uint32_t n, uint32_t slot);
/* side: the one that learns of it first, or alone where the other goes on into silence; 2: both. */
void links_break(struct cluster *c, size_t l, unsigned side);
void links_resume(struct cluster *c, uint32_t n, uint32_t slot);
void links_pause(struct cluster *c, uint32_t n, uint32_t slot);
void links_on_arrive(struct cluster *c, struct event *event);
void links_on_drain(struct cluster *c, const struct event *event);
void links_on_full(struct cluster *c, const struct event *event);
void links_on_down(struct cluster *c, const struct event *event);
void links_on_silent(struct cluster *c, const struct event *event);
void links_free(struct cluster *c);
void waiting_add(struct waitings *waitings, struct payload *frame, uint8_t type);
/* The first one's octets and type, taken out; NULL: none. */
struct payload *waiting_take(struct waitings *waitings, uint8_t *type);
void waiting_drop(struct waitings *waitings);
/* Send what could not be carried before. */
void links_unstick(struct cluster *c, size_t l);

/* cluster_net.c: what lies between nodes. */
bool net_carries(const struct cluster *c, uint32_t from, uint32_t to);
uint64_t net_delay_ms(const struct cluster *c, uint32_t from, uint32_t to);
void net_free(struct cluster *c);

/* cluster_book.c: the addresses a node knows and what it remembers of others, over restarts. */
void book_open(struct cluster *c, uint32_t n);
void book_close(struct cluster *c, uint32_t n); /* while its engine is there */
void book_free(struct cluster_node *node);

/* cluster_view.c: somebody who reads. */
void watch_open(struct cluster *c, uint32_t n);
void watch_close(struct cluster *c, uint32_t n);
void watch_accepted(struct cluster *c, uint32_t n);

/* cluster_hostile.c */
bool hostile_is_machine(const struct cluster *c, uint32_t n);
/* What of a frame really goes out: a reference that the caller owns, or NULL. */
struct payload *hostile_tampers(struct cluster *c, uint32_t n, uint8_t type, struct payload *frame);
void hostile_on_up(struct cluster *c, uint32_t n, uint32_t slot);
void hostile_on_frame(struct cluster *c, uint32_t n, uint32_t slot, uint8_t type,
                      struct octets payload);
void hostile_on_event(struct cluster *c, const struct event *event);
/* How many connections n has with other. */
uint32_t hostile_links_count(const struct cluster *c, uint32_t n, uint32_t other);

/* cluster_check.c: what must hold after a step of n. */
void check_step(struct cluster *c, uint32_t n);
/* Whether a post may not be looked for: it was taken back, has expired, or lies
 * below a floor. */
bool is_passed(const struct cluster *c, size_t post);
void check_acknowledged(struct cluster *c, size_t post);
bool is_honest_up(const struct cluster *c, uint32_t n);

#endif
