#include "tests/bench/replay_truth.h"

#include <stdlib.h>
#include <string.h>

#include "proto/post.h"
#include "store/vault.h"
#include "tests/bench/measure.h"

struct known {
    const struct replay_plan *plan;
    bool *blocked;     /* by person */
    bool *followed;    /* by person */
    uint8_t *distance; /* by person; VIEW_STRANGER outside */
    bool *visible;     /* by action */
};

/* Vouches are few: every step looks at all of them. */
static void measure_web(struct known *k)
{
    const struct replay_plan *plan = k->plan;
    memset(k->distance, VIEW_STRANGER, plan->counts.people_count);
    for (size_t i = 0; i < plan->counts.follows_count; i++) {
        k->distance[plan->follows[i]] = 1;
    }
    for (uint8_t step = 2; step <= VAULT_STEPS; step++) {
        for (size_t i = 0; i < plan->counts.vouches_count; i++) {
            const struct replay_action *vouch = &plan->actions[i];
            if (!k->blocked[vouch->author] && !k->blocked[vouch->target] &&
                k->distance[vouch->author] == step - 1 && k->distance[vouch->target] > step) {
                k->distance[vouch->target] = step;
            }
        }
    }
}

static void look(struct known *k)
{
    const struct replay_plan *plan = k->plan;
    for (size_t i = plan->counts.vouches_count; i < plan->actions_count; i++) {
        const struct replay_action *action = &plan->actions[i];
        k->visible[i] = !k->blocked[action->author] &&
                        (action->target == REPLAY_NONE || k->visible[action->target]) &&
                        (action->root == REPLAY_NONE || k->visible[action->root]);
    }
}

static void count_person(const struct known *k, struct view_tally *tally, uint32_t person)
{
    uint8_t distance = k->distance[person];
    tally->identities++;
    tally->friends += distance == 1;
    tally->following += k->followed[person];
    if (distance == VIEW_STRANGER) {
        tally->strangers++;
    } else {
        tally->by_distance[distance]++;
    }
}

/* Texts come by time, so days do. */
static void count_texts(const struct known *k, struct replay_truth *truth, uint64_t begin_s)
{
    const struct replay_plan *plan = k->plan;
    struct view_tally *tally = &truth->tally;
    bool *spoke = must_get(plan->counts.people_count, sizeof *spoke);
    uint64_t *last_day = must_get(plan->counts.people_count, sizeof *last_day);
    for (size_t i = plan->counts.vouches_count; i < plan->actions_count; i++) {
        const struct replay_action *action = &plan->actions[i];
        if (action->kind != POST_TEXT || !action->tagged || !k->visible[i]) {
            continue;
        }
        uint64_t day = (begin_s + action->at_s) / REPLAY_DAY_S;
        if (tally->by_day_count == 0 || truth->days[tally->by_day_count - 1].day != day) {
            must(tally->by_day_count < REPLAY_DAYS_MAX, "a replay of many days");
            truth->days[tally->by_day_count++] = (struct view_day){.day = day};
        }
        struct view_day *counted = &truth->days[tally->by_day_count - 1];
        tally->posts++;
        counted->posts_count++;
        counted->people_count += last_day[action->author] != day;
        last_day[action->author] = day;
        if (!spoke[action->author]) {
            spoke[action->author] = true;
            count_person(k, tally, action->author);
        }
    }
    free(spoke);
    free(last_day);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* One for each person and post. */
static uint32_t count_reactions(const struct known *k)
{
    const struct replay_plan *plan = k->plan;
    uint64_t *pairs = must_get(plan->actions_count, sizeof *pairs);
    size_t count = 0;
    for (size_t i = plan->counts.vouches_count; i < plan->actions_count; i++) {
        const struct replay_action *action = &plan->actions[i];
        if (action->kind == POST_REACT && k->visible[i] && plan->actions[action->target].tagged) {
            pairs[count++] = ((uint64_t)action->target << 32) | action->author;
        }
    }
    qsort(pairs, count, sizeof *pairs, compare);
    uint32_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        distinct += i == 0 || pairs[i] != pairs[i - 1];
    }
    free(pairs);
    return distinct;
}

void replay_truth_of(struct replay_truth *truth, const struct replay_plan *plan, uint64_t begin_s)
{
    struct known k = {.plan = plan};
    k.blocked = must_get(plan->counts.people_count, sizeof *k.blocked);
    k.followed = must_get(plan->counts.people_count, sizeof *k.followed);
    k.distance = must_get(plan->counts.people_count, sizeof *k.distance);
    k.visible = must_get(plan->actions_count, sizeof *k.visible);
    for (size_t i = 0; i < plan->counts.blocks_count; i++) {
        k.blocked[plan->blocks[i]] = true;
    }
    for (size_t i = 0; i < plan->counts.follows_count; i++) {
        k.followed[plan->follows[i]] = true;
    }
    measure_web(&k);
    look(&k);
    *truth = (struct replay_truth){.tally = {.steps = VAULT_STEPS}};
    count_texts(&k, truth, begin_s);
    truth->tally.reactions = count_reactions(&k);
    truth->tally.people_min = truth->tally.people_max = truth->tally.identities;
    truth->tally.by_day = truth->days;
    free(k.blocked);
    free(k.followed);
    free(k.distance);
    free(k.visible);
}

bool replay_tally_equal(const struct view_tally *a, const struct view_tally *b)
{
    bool equal = a->identities == b->identities && a->voices == b->voices &&
                 a->people_min == b->people_min && a->people_max == b->people_max &&
                 a->posts == b->posts && a->reactions == b->reactions && a->friends == b->friends &&
                 a->following == b->following && a->strangers == b->strangers &&
                 a->steps == b->steps &&
                 memcmp(a->by_distance, b->by_distance, sizeof a->by_distance) == 0 &&
                 a->by_day_count == b->by_day_count;
    for (size_t i = 0; equal && i < a->by_day_count; i++) {
        equal = a->by_day[i].day == b->by_day[i].day &&
                a->by_day[i].posts_count == b->by_day[i].posts_count &&
                a->by_day[i].people_count == b->by_day[i].people_count;
    }
    return equal;
}
