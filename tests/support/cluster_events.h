/* cluster_events.h - what is due in a cluster, in order of time and then of arrival. */
#ifndef KITH_TESTS_SUPPORT_CLUSTER_EVENTS_H
#define KITH_TESTS_SUPPORT_CLUSTER_EVENTS_H

#include "proto/engine.h"

enum event_type {
    EVENT_TICK,
    EVENT_ARRIVE, /* a frame reaches the end of a link */
    EVENT_DRAIN,  /* the end of a link is read */
    EVENT_FULL,   /* look at a link's queue */
    EVENT_DOWN,   /* one end of a link is gone */
    EVENT_DIAL,
    EVENT_VERIFY,
    EVENT_STORE,
    EVENT_READ
};

struct event {
    uint64_t at_ms;
    uint64_t number;
    enum event_type type;
    uint32_t node;
    uint32_t life; /* of the node: events of one that crashed since are dropped */
    size_t link;
    uint32_t address;
    uint8_t *frame; /* ARRIVE: owned, frame_len octets after the type */
    size_t frame_len;
    uint8_t frame_type;
    struct engine_posts posts;
    struct engine_read read;
};

struct events {
    struct event *heap;
    size_t count;
    size_t cap;
    uint64_t next_number;
};

void events_add(struct events *events, const struct event *event);
/* The first one, if it is due by at_ms. */
bool events_take(struct events *events, struct event *event, uint64_t by_ms);
void events_free(struct events *events);

#endif
