/* overlay_inner.h - what an overlay holds, shared by the overlay*.c files. */
#ifndef KITH_TESTS_SUPPORT_OVERLAY_INNER_H
#define KITH_TESTS_SUPPORT_OVERLAY_INNER_H

#include "tests/support/overlay.h"

#define LINKS 64

enum event_type { EV_TICK, EV_FLUSH, EV_JOIN, EV_DIALLED, EV_FRAME, EV_DOWN };

struct event {
    uint64_t at_ms;
    uint64_t order;
    enum event_type type;
    uint32_t node;
    uint32_t link; /* or the place of a dial, or the node to join by */
    uint32_t life; /* of the link */
    uint32_t other;
    enum frame_type frame;
    uint8_t *payload;
    size_t len;
};

struct slot {
    bool up;
    uint32_t life;
    uint32_t other;
    uint32_t other_link;
    enum membership_side side;
    uint32_t place;
    bool active;
    uint64_t last_ms; /* frames keep their order */
};

/* A post that waits to be announced. */
struct pending {
    uint32_t post;
    uint8_t hops;
    uint64_t shown; /* links */
};

struct node {
    bool alive;
    bool came; /* ever */
    struct address address;
    struct membership *membership;
    struct broadcast *broadcast;
    struct slot slots[LINKS];
    uint64_t tick_at_ms;
    uint64_t look_at_ms; /* into its book */
    struct pending *pending;
    size_t pending_count;
    bool flushing;
};

struct said {
    uint8_t *came; /* by node */
    uint8_t last_hop;
};

struct overlay {
    uint64_t random;
    uint64_t now_ms;
    uint64_t order;
    uint32_t nodes_count;
    struct node *nodes;
    struct event *heap;
    size_t heap_count;
    size_t heap_cap;
    struct said *said;
    size_t said_count;
    uint64_t posts_sent;
    uint64_t ids_sent;
    uint64_t frames_sent;
    struct membership_output out;
};

void overlay_must(bool holds, const char *what);

/* overlay_events.c: what is due, in order of time and then of arrival. */
void overlay_schedule(struct overlay *o, struct event event); /* takes the payload */
struct event overlay_take_first(struct overlay *o);           /* heap_count > 0 */

/* overlay_links.c: links between nodes, and the machine of membership.h at each. */
void overlay_send(struct overlay *o, uint32_t n, uint32_t l, enum frame_type frame,
                  const void *payload, size_t len);
void overlay_carry_out(struct overlay *o, uint32_t n); /* what o->out says */
void overlay_on_dialled(struct overlay *o, const struct event *event);
void overlay_on_frame(struct overlay *o, const struct event *event);
/* Tell the other end that the link is gone; and one end learns it. */
void overlay_tell_down(struct overlay *o, uint32_t n, uint32_t l);
void overlay_end_down(struct overlay *o, uint32_t n, uint32_t l);

/* overlay_posts.c: posts, and the machine of broadcast.h at each node. */
uint32_t overlay_post_of(const struct post_id *id);
void overlay_arrive(struct overlay *o, uint32_t n, uint32_t from, uint32_t post, uint8_t hops);
void overlay_on_graft(struct overlay *o, uint32_t n, uint32_t l, struct octets payload);
void overlay_flush(struct overlay *o, uint32_t n); /* announce what waits for it */
/* Carry out what the tree wants, and set the node's clock for both machines. */
void overlay_pump(struct overlay *o, uint32_t n);

#endif
