#include "proto/address_group.h"
#include "proto/engine_state.h"

/* SPEC 6.4: a step is about 10 us.  What is saved up lasts for two nodes that have a million posts
 * and differ all over. */
static const struct token_rate rate_of_peer = {.per_s = 10000, .burst = 2000000};
static const struct token_rate rate_of_group = {.per_s = 20000, .burst = 4000000};

uint64_t cost_group_of(const struct engine *e, uint32_t p)
{
    const struct peer *peer = &e->peers[p];
    return peer->address == ENGINE_NO_ADDRESS ? peer->group : ADDRESS_GROUP_NONE;
}

void cost_begin(struct engine *e, uint32_t p)
{
    token_bucket_init(&e->peers[p].cost, &rate_of_peer, e->now_ms);
}

static struct cost_group *group_at(const struct engine *e, uint64_t group)
{
    for (uint32_t i = 0; i < COST_GROUPS_MAX && group != ADDRESS_GROUP_NONE; i++) {
        if (e->cost_groups[i].group == group) {
            return &e->cost_groups[i];
        }
    }
    return NULL;
}

/* How little is lost with it; 0: nothing. */
static uint64_t worth(const struct engine *e, const struct cost_group *at)
{
    bool rests = at->group == ADDRESS_GROUP_NONE ||
                 token_bucket_is_full(&at->bucket, &rate_of_group, e->now_ms);
    return rests ? 0 : 1 + token_bucket_wait_ms(&at->bucket, &rate_of_group, e->now_ms);
}

/* Whoever comes again finds its debt; of the others one that owes least makes room. */
static struct cost_group *place_for(struct engine *e, uint64_t group)
{
    struct cost_group *found = group_at(e, group);
    if (found != NULL || group == ADDRESS_GROUP_NONE) {
        return found;
    }
    found = &e->cost_groups[0];
    for (uint32_t i = 1; i < COST_GROUPS_MAX; i++) {
        if (worth(e, &e->cost_groups[i]) < worth(e, found)) {
            found = &e->cost_groups[i];
        }
    }
    found->group = group;
    token_bucket_init(&found->bucket, &rate_of_group, e->now_ms);
    return found;
}

void cost_take(struct engine *e, const struct turn *turn, uint32_t steps_count)
{
    struct cost_group *group = place_for(e, turn->group);
    if (group != NULL) {
        token_bucket_take(&group->bucket, &rate_of_group, steps_count, e->now_ms);
    }
    if (turn->state != TURN_DYING) {
        token_bucket_take(&e->peers[turn->peer].cost, &rate_of_peer, steps_count, e->now_ms);
    }
}

uint64_t cost_wait_ms(const struct engine *e, uint32_t p)
{
    const struct cost_group *group = group_at(e, cost_group_of(e, p));
    uint64_t own_ms = token_bucket_wait_ms(&e->peers[p].cost, &rate_of_peer, e->now_ms);
    uint64_t group_ms =
        group == NULL ? 0 : token_bucket_wait_ms(&group->bucket, &rate_of_group, e->now_ms);
    return own_ms > group_ms ? own_ms : group_ms;
}
