/* membership.h - which relays are neighbours: HyParView as a machine (SPEC 6.5).
 *
 * Leitao, Pereira, Rodrigues: HyParView, a membership protocol for reliable gossip-based broadcast,
 * 2007.  The machine keeps an active view (neighbours, over links that both ends agreed on) and a
 * passive view (contacts that neighbours told, to tell on), both bounded whatever peers say.  It
 * reads no clock and draws no randomness but from its seed; each call fills *out with what is to be
 * done, in order.
 *
 * A link is a connection to a relay that has said HELLO, numbered by the caller.  A place is where
 * a contact is dialled from: DIAL names one, which stays taken until
 * membership_on_place_free().  A relay that somebody named (its operator) is kept outside the
 * bounds of the views. */
#ifndef KITH_PROTO_MEMBERSHIP_H
#define KITH_PROTO_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/address.h"
#include "proto/err.h"
#include "proto/message_overlay.h"

#define MEMBERSHIP_ACTIVE_MIN   5  /* neighbours wanted */
#define MEMBERSHIP_ACTIVE_MAX   12 /* and taken at most, but for named ones */
#define MEMBERSHIP_OUTBOUND_MIN 2  /* neighbours wanted of its own choice */
#define MEMBERSHIP_CHOSEN_MIN   5  /* connections wanted of its own choice */
#define MEMBERSHIP_INBOUND_MAX  9  /* neighbours at most that others chose */
#define MEMBERSHIP_PASSIVE_MAX  30
#define MEMBERSHIP_TELLER_MAX   10 /* of them, told by one neighbour */
#define MEMBERSHIP_LINKS_MAX    64 /* connections to relays that are looked at */
#define MEMBERSHIP_PLACES_MAX   16
#define MEMBERSHIP_DIALS_MAX    4 /* dialled at a time */
#define MEMBERSHIP_DRAWN_MAX    4 /* contacts out of the book that wait to be dialled */
#define MEMBERSHIP_WALKS_MAX    32
#define MEMBERSHIP_ACTIONS_MAX  8

#define MEMBERSHIP_EVICT_EVERY_MS 5000
#define MEMBERSHIP_ASK_AGAIN_MS   30000
#define MEMBERSHIP_ASKED_MS       10000 /* for an answer to NEIGHBOUR */
#define MEMBERSHIP_KEEP_EVERY_MS  8000
#define MEMBERSHIP_SILENCE_MS     10000 /* after a keep */
#define MEMBERSHIP_SHUFFLE_MS     20000 /* and up to as much again */
#define MEMBERSHIP_WALK_MS        10000
#define MEMBERSHIP_PERIOD_MS      10000
#define MEMBERSHIP_PERIOD_MAX     32    /* contacts, FORWARDs and SHUFFLEs of one neighbour, each */
#define MEMBERSHIP_PERIOD_JOINS   16    /* newcomers for whom walks are started */
#define MEMBERSHIP_PERIOD_ASKS    4     /* times that one peer asks to be a neighbour */
#define MEMBERSHIP_PERIOD_DIALS   16    /* contacts dialled */
#define MEMBERSHIP_FAILED_MS      30000 /* nobody is dialled again where nobody answered */
#define MEMBERSHIP_FAILED_MAX     64    /* such places that are remembered */

struct membership_config {
    struct address self; /* port 0: it cannot be dialled; the static key is set all the same */
    uint8_t seed[16];
};

enum membership_do {
    MEMBERSHIP_SEND,   /* one frame to links */
    MEMBERSHIP_DIAL,   /* contact, from place */
    MEMBERSHIP_CLOSE,  /* links[0], for a reason */
    MEMBERSHIP_JOINED, /* links[0] is a neighbour's */
    MEMBERSHIP_LEFT,   /* and no longer; told for a link that is down as well */
    MEMBERSHIP_SETTLED /* links[0] stays open without being a neighbour's */
};

struct membership_action {
    enum membership_do what;
    uint32_t links[MEMBERSHIP_LINKS_MAX];
    size_t links_count;
    enum frame_type frame; /* SEND: which of the union below */
    union {
        struct message_neighbour neighbour;
        struct message_forward forward;
        struct message_contacts contacts;
    } as;
    uint32_t place;                /* DIAL */
    const struct address *contact; /* DIAL; stays until the place is free */
    bool told;                     /* DIAL: because a neighbour said so */
    enum err_code reason;          /* CLOSE */
};

struct membership_output {
    struct membership_action actions[MEMBERSHIP_ACTIONS_MAX];
    size_t actions_count;
    uint32_t rtt_link; /* with rtt_ms: what a keep measured */
    uint64_t rtt_ms;   /* 0: nothing was measured */
};

struct membership;

/*   ERR_NO_MEMORY */
MUST_USE enum err_code membership_new(struct membership **membership,
                                      const struct membership_config *config, uint64_t now_ms);
void membership_free(struct membership *membership);

enum membership_side {
    MEMBERSHIP_LEARNT, /* this relay dialled it, from a place */
    MEMBERSHIP_NAMED,  /* at an address that somebody gave it */
    MEMBERSHIP_INBOUND /* the other side dialled */
};

struct membership_up {
    uint32_t link;
    enum membership_side side;
    uint32_t place;        /* LEARNT */
    struct key static_key; /* proven by its session */
};

/* A connection to a relay is ready.  More than LINKS_MAX are refused when they ask. */
void membership_on_up(struct membership *m, struct membership_output *out,
                      const struct membership_up *up, uint64_t now_ms);
/* It is gone, or about to be; one that is not known is left alone. */
void membership_on_down(struct membership *m, struct membership_output *out, uint32_t link,
                        uint64_t now_ms);
/* Nothing goes by this place any more: a dial failed, or its connection is gone (after on_down).
 * good: it was a relay. */
void membership_on_place_free(struct membership *m, uint32_t place, bool good, uint64_t now_ms);

/* SHUFFLE to PASSIVE of a relay.
 *   ERR_TRUNCATED, ERR_MALFORMED  as message_overlay.h
 *   ERR_PROOF                     it calls itself by a key that is not its own */
MUST_USE enum err_code membership_on_frame(struct membership *m, struct membership_output *out,
                                           uint32_t link, const struct frame *frame,
                                           uint64_t now_ms);
/* Anything came over link. */
void membership_on_heard(struct membership *m, uint32_t link, uint64_t now_ms);

void membership_on_time(struct membership *m, struct membership_output *out, uint64_t now_ms);
uint64_t membership_deadline_ms(const struct membership *m);

/* ---- For a book of addresses -------------------------------------------------------------- */

/* A contact that was drawn out of the book, to be dialled when one is wanted.  These alone are:
 * what neighbours tell is theirs to choose, and goes into the book, which is drawn from so that
 * nobody who tells much is all that is dialled (SPEC 8.5). */
void membership_learn(struct membership *m, const struct address *contact, uint64_t now_ms);
/* Whether more of them are wanted now. */
bool membership_wants_contacts(const struct membership *m);
/* The contact that link's relay gave for itself; false: none. */
bool membership_contact(const struct membership *m, struct address *contact, uint32_t link);

uint32_t membership_active_count(const struct membership *m);
uint32_t membership_passive_count(const struct membership *m);

/* What must hold between calls. */
void membership_check(const struct membership *m);

#endif
