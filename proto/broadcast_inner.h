/* broadcast_inner.h - what a broadcast machine holds, shared by broadcast*.c alone. */
#ifndef KITH_PROTO_BROADCAST_INNER_H
#define KITH_PROTO_BROADCAST_INNER_H

#include "proto/broadcast.h"

#define NONE        UINT32_MAX
#define NEVER       UINT64_MAX
#define RTTS_MAX    20 /* the latest round trips of a link */
#define SEEN_WAYS   4
#define LINKS_FIRST 16
#define CREDIT_MAX  1024

/* A link that is not pushed on, weighed against the one over which those posts came that it
 * announced. */
struct rival {
    uint32_t from;
    uint32_t since;     /* its new_count when this began */
    uint32_t count;     /* posts announced here too, */
    int32_t saved_hops; /* and how much shorter they would have come, together */
};

struct link {
    bool up;
    enum broadcast_kind kind;
    bool parent;    /* PARENT: it pushes to us, as far as we said */
    bool prune_due; /* to be said */
    bool graft_due; /* likewise: push, please */
    uint8_t rtts_count;
    uint8_t rtts_next;
    uint16_t rtts_ms[RTTS_MAX];
    uint32_t firsts_count;   /* new posts it was the first to bring; halved now and then */
    uint32_t promises_count; /* entries of missing that name it */
    uint32_t kept_count;     /* promises it kept, when asked; halved now and then */
    uint32_t broken_count;   /* by silence */
    uint32_t none_count;     /* what it answered NONE to */
    uint64_t cut_ms;         /* when it was last pruned, by either end; or NEVER */
    uint32_t new_count;      /* new posts it was the first to bring, ever */
    struct rival rival;
    uint8_t offer_hops; /* as it announced the shaper; MESSAGE_HOPS_OLD: it did not */
};

/* The post that shapes the tree here, until another does. */
struct shaper {
    bool used;
    bool alone; /* no other that may shape came shortly before, nor since */
    uint64_t hash;
    uint64_t since_ms;
    uint32_t from;     /* the way to its author */
    uint8_t hops;      /* of its first copy, and so what others were told */
    uint8_t best_hops; /* of the copy whose way was kept */
};

/* One id that came lately. */
struct seen {
    uint64_t hash; /* keyed */
    uint32_t from;
    uint16_t stamp;
    uint8_t hops;
    bool used;
};

struct promise {
    uint32_t link;
    uint8_t hops;
};

/* WAITING -> CHECK_DUE -> CHECKING -> (known: gone) ASK_DUE -> ASKED -> (late) ASK_DUE for the next
 * who announced it, or gone.  Gone as soon as the post comes; but EARLY -> CHECK_DUE where it came
 * before its time. */
enum missing_state {
    MISSING_FREE,
    MISSING_WAITING,
    MISSING_EARLY,
    MISSING_CHECK_DUE,
    MISSING_CHECKING,
    MISSING_ASK_DUE,
    MISSING_ASKED
};

/* An id that was announced and has not come. */
struct missing {
    struct post_id id;
    enum missing_state state;
    bool old; /* nobody pushes it */
    uint32_t chain_next;
    uint64_t at_ms;    /* WAITING, EARLY, ASKED */
    uint64_t asked_ms; /* ASKED */
    uint32_t senders_count;
    struct promise senders[BROADCAST_SENDERS_MAX]; /* the first is asked */
};

struct broadcast {
    struct broadcast_config config;
    uint32_t words;
    uint64_t *links_bits;
    uint64_t *eager_bits;
    uint64_t *own_bits;
    uint64_t *due_bits; /* links with something to say */
    struct link *links; /* links_cap of them: grows */
    uint32_t links_cap;
    uint32_t parents_count;
    uint32_t own_parent; /* whom a leaf pushes its own posts to, or NONE */
    uint64_t swap_at_ms;
    uint64_t lost_ms;  /* when a link that pushed was last lost; or NEVER */
    uint64_t gap_ms;   /* between new posts, lately, on average */
    uint64_t last_ms;  /* the latest of them */
    uint64_t shape_ms; /* and of those that may shape */
    struct shaper shaper;
    uint64_t random;
    uint64_t now_ms; /* the latest told */

    struct seen *seen; /* NULL until the first */
    uint16_t stamp;

    struct missing *missing; /* grows */
    uint32_t missing_cap;
    uint32_t missing_free;
    uint32_t missing_count;
    uint32_t *chains; /* one for each place */
    uint32_t leaves_promises_count;
    uint32_t check_due_count;
    uint32_t ask_due_count;
    uint64_t deadline_ms;
};

static inline bool bit_get(const uint64_t *bits, uint32_t link)
{
    return (bits[link / 64] >> (link % 64)) & 1;
}

static inline void bit_set(uint64_t *bits, uint32_t link, bool on)
{
    uint64_t bit = UINT64_C(1) << (link % 64);
    bits[link / 64] = on ? bits[link / 64] | bit : bits[link / 64] & ~bit;
}

uint64_t broadcast_hash(const struct broadcast *b, const struct post_id *id);

/* broadcast_seen.c */
struct seen *seen_find(const struct broadcast *b, const struct post_id *id);
/* Without memory nothing is remembered: posts are looked up in the store instead. */
void seen_add(struct broadcast *b, const struct post_id *id, uint32_t from, uint8_t hops);
void seen_forget_link(struct broadcast *b, uint32_t link);

/* broadcast_missing.c */
uint32_t missing_find(const struct broadcast *b, const struct post_id *id);
void missing_announced(struct broadcast *b, uint32_t link, const struct post_id *id, uint8_t hops);
/* It came from link, before at_ms, when it may be taken.  False where it is not waited for. */
bool missing_early(struct broadcast *b, uint32_t link, const struct post_id *id, uint64_t at_ms);
/* It came, or is known. */
void missing_drop(struct broadcast *b, uint32_t m);
/* Whoever is to be asked first does not have it. */
void missing_none_first(struct broadcast *b, uint32_t m);
void missing_forget_link(struct broadcast *b, uint32_t link);
uint64_t link_patience_ms(const struct link *link);

/* broadcast_shape.c */
/* Whether links are grafted for this post, and pruned unless it crosses another. */
bool shape_may(const struct broadcast *b, const struct post_id *id);
void shape_on_post(struct broadcast *b, const struct post_id *id, uint32_t from, uint8_t hops);
/* link announced it. */
void shape_on_offer(struct broadcast *b, const struct post_id *id, uint32_t link, uint8_t hops);
/* Whether the tree stays one if this node takes new posts over to, and no longer over from. */
bool shape_allows(const struct broadcast *b, uint32_t from, uint32_t to);
void shape_forget_link(struct broadcast *b, uint32_t link);

/* broadcast.c */
uint64_t broadcast_random(struct broadcast *b, uint64_t below);
bool link_is_up(const struct broadcast *b, uint32_t link);
/* Send GRAFT (push) or PRUNE over link. */
void link_say(struct broadcast *b, uint32_t link, bool push);
/* From now on link is asked to push. */
void link_make_eager(struct broadcast *b, uint32_t link);
void link_prune(struct broadcast *b, uint32_t link);

#endif
