/* membership_inner.h - what a membership machine holds, shared by membership*.c alone. */
#ifndef KITH_PROTO_MEMBERSHIP_INNER_H
#define KITH_PROTO_MEMBERSHIP_INNER_H

#include "proto/membership.h"

#define NONE  UINT32_MAX
#define NEVER UINT64_MAX

#define MEMBERSHIP_TICK_MS 1000 /* while something is waited for */

/* IDLE -> ASKED -> (yes) ACTIVE, or (no) IDLE; IDLE -> (granted) ACTIVE -> IDLE. */
enum member_state { MEMBER_FREE, MEMBER_IDLE, MEMBER_ASKED, MEMBER_ACTIVE };

/* One connection to a relay. */
struct member {
    enum member_state state;
    uint32_t link;
    enum membership_side side;
    uint32_t place;
    bool mute;    /* another connection to the same relay counts */
    bool settled; /* told that it stays without being a neighbour's */
    bool told;    /* LEARNT: a neighbour said who is to be dialled */
    struct key static_key;
    struct address contact; /* port 0: not told */
    uint64_t at_ms;         /* IDLE and NAMED: ask again; ASKED: when it was asked */
    uint64_t heard_ms;
    uint64_t kept_ms; /* when a keep was sent that nothing came after; 0: none */
    uint64_t period_ms;
    uint32_t contacts_count; /* in this period */
    uint32_t forwards_count;
    uint32_t shuffles_count;
    uint32_t asks_count;
};

struct passive {
    bool used;
    bool dialling;
    bool drawn; /* out of the book */
    struct address contact;
    uint64_t teller; /* the beginning of its key; 0: nobody's word */
    uint64_t try_at_ms;
};

struct place {
    bool used;
    bool linked; /* a relay said HELLO there */
    bool told;   /* a neighbour said that it is to be dialled */
    struct address contact;
};

/* Where nobody that was looked for answered, whatever key was told to be there. */
struct unanswered {
    uint64_t where; /* keyed; 0: not in use */
    uint64_t until_ms;
};

/* A SHUFFLE on its way. */
struct walk {
    bool used;
    bool own;
    uint32_t number; /* by which the answer comes */
    uint32_t to;     /* link it went over */
    uint32_t from;   /* and came over, by from_number */
    uint32_t from_number;
    uint64_t at_ms;
};

struct membership {
    struct membership_config config;
    uint64_t random;
    struct member members[MEMBERSHIP_LINKS_MAX];
    struct passive passive[MEMBERSHIP_PASSIVE_MAX];
    struct place places[MEMBERSHIP_PLACES_MAX];
    struct walk walks[MEMBERSHIP_WALKS_MAX];
    uint32_t walks_next;
    uint32_t number; /* of the last walk */
    bool joined;     /* ever had a neighbour */
    uint64_t evict_at_ms;
    uint64_t keep_at_ms;
    uint64_t shuffle_at_ms;
    struct unanswered unanswered[MEMBERSHIP_FAILED_MAX];
    uint32_t unanswered_next;
    uint64_t dials_period_ms;
    uint32_t dials_count;
    uint64_t joins_period_ms;
    uint32_t joins_count;
    uint64_t deadline_ms;
};

uint64_t membership_random(struct membership *m, uint64_t below);
/* The next action; asserts that there is room. */
struct membership_action *membership_act(struct membership_output *out, enum membership_do what,
                                         uint32_t link);
struct membership_action *membership_send(struct membership_output *out, uint32_t link,
                                          enum frame_type frame);

/* membership_passive.c */
struct passive *passive_find(struct membership *m, const struct key *key);
/* Take in what teller told (0: this relay knows by itself), unless it is of no use. */
void passive_add(struct membership *m, const struct address *contact, uint64_t teller,
                 uint64_t try_at_ms);
void passive_add_all(struct membership *m, struct member *teller,
                     const struct message_contacts *contacts, uint64_t now_ms);
/* Contacts drawn at random, behind those there are, at most max in all; but's is left out. */
void passive_draw(struct membership *m, struct message_contacts *contacts, size_t max,
                  const struct key *but);
/* It is connected: what was drawn and waits is not to be dialled any more. */
void passive_on_up(struct membership *m, const struct key *key);
uint32_t passive_drawn_count(const struct membership *m); /* and not being dialled */
/* Choose one of those that were drawn and may be dialled now; NULL: none. */
struct passive *passive_choose(struct membership *m, uint64_t now_ms);
/* told: because a neighbour said so; of these half as many are dialled.  False: no place is free,
 * it is being dialled or connected, or enough were dialled lately. */
bool passive_dial(struct membership *m, struct membership_output *out, struct passive *passive,
                  bool told, uint64_t now_ms);
uint32_t places_dialling(const struct membership *m, bool told);

/* membership.c */
void membership_begin(struct membership_output *out);
void membership_wake(struct membership *m, uint64_t at_ms);
uint32_t inbound_count(const struct membership *m); /* neighbours that others chose */
bool member_is_own_choice(const struct member *member);
void member_say(struct membership *m, struct membership_output *out, uint32_t link,
                enum message_ask ask);
void member_ask(struct membership *m, struct membership_output *out, struct member *member,
                uint64_t now_ms);
void member_deactivate(struct membership *m, struct membership_output *out, struct member *member,
                       uint64_t now_ms);
/* It is gone; another connection to the same relay counts in its place, unless it did already. */
void member_free(struct membership *m, struct membership_output *out, struct member *member,
                 uint64_t now_ms);
struct member *member_of_key(struct membership *m, const struct key *key);
uint32_t active_count(const struct membership *m); /* named ones left out */
/* An active one at random, but not over link; NULL: none. */
struct member *active_draw(struct membership *m, uint32_t but_link);
/* Count one more of a kind in this period; false: too many. */
bool member_may(struct member *member, uint32_t *count, uint64_t now_ms);

/* membership_time.c */
/* Connections of this relay's own choice: neighbours, and such as said no and are kept. */
uint32_t outbound_count(const struct membership *m);
bool membership_wants_more(const struct membership *m);       /* connections */
bool membership_wants_neighbours(const struct membership *m); /* of those there are */

/* membership_walk.c */
void walk_start(struct membership *m, struct membership_output *out, uint64_t now_ms);
void walk_on_shuffle(struct membership *m, struct membership_output *out, struct member *from,
                     const struct message_contacts *shuffle, uint64_t now_ms);
void walk_on_shuffled(struct membership *m, struct membership_output *out, struct member *from,
                      const struct message_contacts *shuffled, uint64_t now_ms);
void walk_on_forward(struct membership *m, struct membership_output *out, struct member *from,
                     const struct message_forward *forward, uint64_t now_ms);
/* Tell the others of a newcomer. */
void walk_newcomer(struct membership *m, struct membership_output *out,
                   const struct member *newcomer, uint64_t now_ms);

#endif
