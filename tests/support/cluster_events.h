/* cluster_events.h - what is due in a cluster, in order of time and then of arrival. */
#ifndef KITH_TESTS_SUPPORT_CLUSTER_EVENTS_H
#define KITH_TESTS_SUPPORT_CLUSTER_EVENTS_H

#include "proto/engine.h"

/* The octets of a frame, shared among those it goes to. */
struct payload {
    uint32_t refs_count;
    size_t len;
    uint8_t octets[];
};
struct payload *payload_new(struct octets octets);
struct payload *payload_keep(struct payload *payload);
void payload_release(struct payload *payload);

enum event_type {
    EVENT_TICK,
    EVENT_ARRIVE,  /* a frame reaches the end of a link */
    EVENT_DRAIN,   /* the end of a link is read */
    EVENT_FULL,    /* look at a link's queue */
    EVENT_DOWN,    /* one end of a link is gone */
    EVENT_SILENT,  /* one end of a link has heard nothing for long */
    EVENT_HOSTILE, /* a hostile machine does its worst */
    EVENT_DIAL,
    EVENT_VERIFY,
    EVENT_STORE,
    EVENT_READ,
    EVENT_JOIN
};

struct event {
    uint64_t at_ms;
    uint64_t number;
    enum event_type type;
    uint32_t node;
    uint32_t life; /* of the node: events of one that crashed since are dropped */
    size_t link;   /* DIAL: the node dialled */
    uint32_t address;
    struct payload *frame; /* ARRIVE: a reference of its own */
    uint8_t frame_type;
    struct engine_posts posts;
    struct engine_read read;
    bool again;     /* VERIFY, STORE, READ: the answer's second copy; what was asked may be gone */
    uint64_t token; /* JOIN; TICK: when it was due */
};

struct events {
    struct event *heap;
    size_t count;
    size_t cap;
    uint64_t next_number;
};

void events_add(struct events *events, const struct event *event);
/* One that was taken, at another time; among those of one time it keeps its place. */
void events_put_back(struct events *events, const struct event *event);
/* The first one, if it is due by at_ms. */
bool events_take(struct events *events, struct event *event, uint64_t by_ms);
void events_free(struct events *events);

#endif
