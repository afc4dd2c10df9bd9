/* members.h - a relay's members, through whom each came, and how many came through them on a day
 * (SPEC 8.3).
 *
 * Whoever a member brings in counts for her and for those through whom she came herself, so that
 * made-up people who invite made-up people are no more than one person's.  Counted are the first
 * MEMBERS_STEPS steps from the relay; who is further away has part in the count of the last of
 * these.  So a question takes as many steps, however long the chain, and a member about 60 octets.
 * Pure memory: filled again from the relay's vouches. */
#ifndef KITH_NODE_MEMBERS_H
#define KITH_NODE_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/key.h"
#include "store/view_intern.h"

#define MEMBERS_STEPS 3

/* 0: no bound. */
struct members_limits {
    uint32_t members_max;
    uint32_t
        newcomers_max; /* a day, of whom the relay itself brought in; a step on, half as many */
};

struct member;

struct members {
    struct view_intern keys; /* numbers follow the order of admission */
    struct member *all;
    uint32_t all_cap;
};

/* One admission. */
struct members_newcomer {
    struct key subject;
    struct key inviter; /* no member: the relay itself, or as if it were */
    uint64_t day;       /* UTC, since 1970: of the vouch's created_s */
};

void members_init(struct members *members);
void members_close(struct members *members);

bool members_has(const struct members *members, const struct key *key);
/* Whether this newcomer, who is no member yet, may be one.
 *   ERR_FULL      there are as many members as there may be
 *   ERR_TOMORROW  as many as may came on that day by the inviter, or through somebody by whom the
 *                 inviter came */
MUST_USE enum err_code members_admits(const struct members *members,
                                      const struct members_newcomer *newcomer,
                                      const struct members_limits *limits);
/* Make room for one more.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code members_reserve(struct members *members);
/* A member from now on, and counted; one who is a member already changes nothing.  Room was
 * reserved. */
void members_add(struct members *members, const struct members_newcomer *newcomer);

#endif
