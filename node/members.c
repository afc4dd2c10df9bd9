#include "node/members.h"

#include <assert.h>
#include <stdlib.h>

/* above is always somebody who came before, so that every walk ends. */
struct member {
    uint32_t above; /* the nearest whose count an admission by this one is in too, or VIEW_NONE */
    uint32_t day;   /* of count */
    uint32_t count; /* of those who came by this one or through somebody who did */
    uint32_t step;  /* from the relay: 1 is whom it brought in; MEMBERS_STEPS + 1 is any further */
};

void members_init(struct members *members)
{
    *members = (struct members){.all = NULL};
    view_intern_init(&members->keys, KEY_LEN);
}

void members_close(struct members *members)
{
    view_intern_close(&members->keys);
    free(members->all);
    *members = (struct members){.all = NULL};
}

bool members_has(const struct members *members, const struct key *key)
{
    return view_intern_find(&members->keys, key->octets) != VIEW_NONE;
}

/* The nearest to the newcomer in whose count it is. */
static uint32_t counted_above(const struct members *members, const struct key *inviter)
{
    uint32_t m = view_intern_find(&members->keys, inviter->octets);
    return m == VIEW_NONE || members->all[m].step <= MEMBERS_STEPS ? m : members->all[m].above;
}

/* Half of it at each step, but never none. */
static uint32_t newcomers_max(const struct member *member, const struct members_limits *limits)
{
    uint32_t max = limits->newcomers_max;
    for (uint32_t step = 1; step < member->step; step++) {
        max = max / 2 + max % 2;
    }
    return max;
}

enum err_code members_admits(const struct members *members, const struct members_newcomer *newcomer,
                             const struct members_limits *limits)
{
    if (limits->members_max > 0 && members->keys.count >= limits->members_max) {
        return ERR_FULL;
    }
    for (uint32_t m = counted_above(members, &newcomer->inviter);
         m != VIEW_NONE && limits->newcomers_max > 0; m = members->all[m].above) {
        const struct member *member = &members->all[m];
        if (member->day == newcomer->day && member->count >= newcomers_max(member, limits)) {
            return ERR_TOMORROW;
        }
    }
    return ERR_OK;
}

enum err_code members_reserve(struct members *members)
{
    uint64_t needed = (uint64_t)members->keys.count + 1;
    struct member *all = view_grown(members->all, &members->all_cap, needed, sizeof *members->all);
    if (all == NULL) {
        return ERR_NO_MEMORY;
    }
    members->all = all;
    return view_intern_reserve(&members->keys, 1);
}

void members_add(struct members *members, const struct members_newcomer *newcomer)
{
    if (members_has(members, &newcomer->subject)) {
        return;
    }
    uint32_t above = counted_above(members, &newcomer->inviter);
    uint32_t inviter = view_intern_find(&members->keys, newcomer->inviter.octets);
    uint32_t step = inviter == VIEW_NONE ? 1 : members->all[inviter].step + 1;
    uint32_t m = view_intern_add(&members->keys, newcomer->subject.octets);
    assert(m < members->all_cap);
    members->all[m] =
        (struct member){.above = above, .step = step <= MEMBERS_STEPS ? step : MEMBERS_STEPS + 1};
    uint32_t day = (uint32_t)newcomer->day; /* created_s is below 2^40 */
    for (uint32_t a = above; a != VIEW_NONE; a = members->all[a].above) {
        struct member *member = &members->all[a];
        member->count = member->day == day ? member->count + 1 : 1;
        member->day = day;
    }
}
