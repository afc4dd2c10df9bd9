#include "tests/bench/replay_plan.h"

#include <stdlib.h>
#include <string.h>

#include "proto/post.h"
#include "tests/bench/data.h"
#include "tests/bench/measure.h"

#define HOURS         24
#define RANK_SHIFT    64 /* the loudest are not infinitely louder than the next */
#define FRIENDS_COUNT 12
#define NEAR_MAX      1024
#define RECENT_COUNT  20000 /* texts that answers by chance go to */
#define ECHO_COUNT    50000 /* answers whose target is answered again */
#define VOUCHES_EACH  10
#define BEGIN_S       (REPLAY_DAY_S + 20 * 3600 + 21 * 60)

/* Of a thousand. */
#define POSTS_PART      220
#define COMMENTS_PART   130
#define AGAIN_PART      500
#define FRIEND_PART     300
#define NESTED_PART     333
#define TAGGED_PART     250
#define TWO_WORDS_PART  330
#define LONG_TEXTS_PART 10

/* From the first post on; of what happens in the day. */
static const uint16_t hours_weights[HOURS] = {
    4, 14, 26, 36, 45, 52, 55, 50, 42, 33, 27, 24, 24, 28, 36, 46, 56, 64, 68, 66, 60, 54, 48, 42,
};

uint64_t replay_random(uint64_t *state, uint64_t below)
{
    return data_random(state, below);
}

/* Uniform among the doublings of low, and within one: integers alone, so that every machine makes
 * the same plan. */
uint64_t replay_zipf(uint64_t *state, uint64_t low, uint64_t high)
{
    unsigned octaves_count = 1;
    while (low << octaves_count < high) {
        octaves_count++;
    }
    for (;;) {
        uint64_t begin = low << replay_random(state, octaves_count);
        uint64_t x = begin + replay_random(state, begin);
        if (x < high) {
            return x;
        }
    }
}

struct maker {
    struct replay_plan *plan;
    uint64_t state;
    uint32_t *authors; /* of the actions, in order */
    uint32_t *latest;  /* by person: their latest post, or REPLAY_NONE */
    uint32_t *acted_s; /* by person: when they acted last */
    uint32_t *texts;   /* every post and comment so far */
    size_t texts_count;
    uint32_t *answered; /* the target of every answer so far */
    size_t answered_count;
};

static bool chance(struct maker *m, unsigned part)
{
    return replay_random(&m->state, 1000) < part;
}

static uint32_t popular(uint64_t *state, size_t people_count)
{
    return (uint32_t)(replay_zipf(state, RANK_SHIFT, people_count + RANK_SHIFT) - RANK_SHIFT);
}

/* The same each time it is asked. */
static uint32_t friend_of(const struct replay_plan *plan, uint32_t person, uint32_t number)
{
    size_t people_count = plan->counts.people_count;
    uint64_t state = plan->counts.seed ^ ((uint64_t)person << 8) ^ (number + 1);
    if (number % 2 == 0) {
        return popular(&state, people_count);
    }
    uint64_t near = replay_zipf(&state, 1, NEAR_MAX);
    return (uint32_t)((person + near) % people_count);
}

/* Everybody once, the rest as chance and popularity have it, in any order. */
static void make_authors(struct maker *m)
{
    const struct replay_counts *counts = &m->plan->counts;
    m->authors = must_get(counts->actions_count, sizeof *m->authors);
    for (size_t i = 0; i < counts->actions_count; i++) {
        m->authors[i] =
            i < counts->people_count ? (uint32_t)i : popular(&m->state, counts->people_count);
    }
    for (size_t i = counts->actions_count; i > 1; i--) {
        size_t other = replay_random(&m->state, i);
        uint32_t kept = m->authors[i - 1];
        m->authors[i - 1] = m->authors[other];
        m->authors[other] = kept;
    }
}

static void make_follows(struct maker *m)
{
    struct replay_plan *plan = m->plan;
    plan->follows = must_get(plan->counts.follows_count, sizeof *plan->follows);
    bool *taken = must_get(plan->counts.people_count, sizeof *taken);
    for (size_t i = 0; i < plan->counts.follows_count;) {
        uint32_t person = (uint32_t)replay_random(&m->state, plan->counts.people_count);
        if (!taken[person]) {
            taken[person] = true;
            plan->follows[i++] = person;
        }
    }
    plan->blocks = must_get(plan->counts.blocks_count, sizeof *plan->blocks);
    for (size_t i = 0; i < plan->counts.blocks_count;) {
        uint32_t person = popular(&m->state, plan->counts.people_count);
        if (!taken[person]) {
            taken[person] = true;
            plan->blocks[i++] = person;
        }
    }
    free(taken);
}

/* Whom she follows vouch for friends, those for theirs, and so on. */
static void make_vouches(struct maker *m)
{
    struct replay_plan *plan = m->plan;
    const struct replay_counts *counts = &plan->counts;
    size_t web_count = counts->follows_count;
    uint32_t *web = must_get(counts->follows_count + counts->vouches_count, sizeof *web);
    bool *met = must_get(counts->people_count, sizeof *met);
    memcpy(web, plan->follows, counts->follows_count * sizeof *web);
    for (size_t i = 0; i < web_count; i++) {
        met[web[i]] = true;
    }
    for (size_t i = 0; i < counts->vouches_count; i++) {
        uint32_t by = web[i / VOUCHES_EACH % web_count];
        uint32_t subject = friend_of(plan, by, (uint32_t)(i % VOUCHES_EACH));
        bool said = i % VOUCHES_EACH > 0 && plan->actions[i - 1].target == subject;
        subject = subject == by || said ? (subject + 1) % (uint32_t)counts->people_count : subject;
        plan->actions[plan->actions_count++] =
            (struct replay_action){.author = by,
                                   .target = subject,
                                   .root = REPLAY_NONE,
                                   .at_s = (uint32_t)(i * REPLAY_DAY_S / counts->vouches_count),
                                   .kind = POST_VOUCH};
        if (!met[subject]) {
            met[subject] = true;
            web[web_count++] = subject;
        }
    }
    free(met);
    free(web);
}

static uint16_t length_of(struct maker *m, bool comment)
{
    if (comment) {
        return (uint16_t)replay_zipf(&m->state, 2, 64);
    }
    if (chance(m, TWO_WORDS_PART)) {
        return 2;
    }
    return (uint16_t)(chance(m, LONG_TEXTS_PART) ? replay_zipf(&m->state, 512, 4001)
                                                 : replay_zipf(&m->state, 2, 512));
}

/* What an answer goes to; there is some text. */
static uint32_t choose_target(struct maker *m, uint32_t author)
{
    uint64_t lot = replay_random(&m->state, 1000);
    if (lot < AGAIN_PART && m->answered_count > 0) {
        size_t among = m->answered_count < ECHO_COUNT ? m->answered_count : ECHO_COUNT;
        return m->answered[m->answered_count - 1 - replay_random(&m->state, among)];
    }
    uint32_t number = (uint32_t)replay_random(&m->state, FRIENDS_COUNT);
    uint32_t latest = m->latest[friend_of(m->plan, author, number)];
    if (lot < AGAIN_PART + FRIEND_PART && latest != REPLAY_NONE) {
        return latest;
    }
    size_t among = m->texts_count < RECENT_COUNT ? m->texts_count : RECENT_COUNT;
    return m->texts[m->texts_count - 1 - replay_random(&m->state, among)];
}

static void answer(struct maker *m, struct replay_action *action, bool comment)
{
    const struct replay_action *actions = m->plan->actions;
    uint32_t target = choose_target(m, action->author);
    bool nested = actions[target].root != REPLAY_NONE;
    if (comment && nested && !chance(m, NESTED_PART)) {
        target = actions[target].root;
    }
    action->target = target;
    m->answered[m->answered_count++] = target;
    if (comment) {
        action->root = actions[target].root == REPLAY_NONE ? target : actions[target].root;
        action->words_count = length_of(m, true);
        action->tagged = chance(m, TAGGED_PART);
    } else {
        action->kind = POST_REACT;
        action->reaction = (uint8_t)replay_random(&m->state, POST_REACTIONS_COUNT);
    }
}

static void make_action(struct maker *m, uint32_t author, uint32_t at_s)
{
    uint32_t number = (uint32_t)m->plan->actions_count;
    struct replay_action action = {.author = author,
                                   .target = REPLAY_NONE,
                                   .root = REPLAY_NONE,
                                   .at_s = at_s,
                                   .kind = POST_TEXT};
    uint64_t lot = replay_random(&m->state, 1000);
    if (lot < POSTS_PART || m->texts_count == 0) {
        action.tagged = true;
        action.words_count = length_of(m, false);
        m->latest[author] = number;
    } else {
        answer(m, &action, lot < POSTS_PART + COMMENTS_PART);
    }
    if (action.kind == POST_TEXT) {
        m->texts[m->texts_count++] = number;
    }
    m->plan->actions[m->plan->actions_count++] = action;
}

/* Nobody acts twice in a second: what is said alike by one person at one time is one post. */
static uint32_t author_at(struct maker *m, size_t number, uint32_t at_s)
{
    size_t left = m->plan->counts.actions_count - number;
    while (m->acted_s[m->authors[number]] == at_s) {
        size_t other = number + replay_random(&m->state, left);
        uint32_t kept = m->authors[number];
        m->authors[number] = m->authors[other];
        m->authors[other] = kept;
        must(left > 1, "the last one to act has acted");
    }
    m->acted_s[m->authors[number]] = at_s;
    return m->authors[number];
}

static void make_day(struct maker *m)
{
    size_t actions_count = m->plan->counts.actions_count;
    size_t weights = 0;
    size_t made_count = 0;
    size_t weight = 0;
    for (size_t hour = 0; hour < HOURS; hour++) {
        weights += hours_weights[hour];
    }
    for (size_t hour = 0; hour < HOURS; hour++) {
        weight += hours_weights[hour];
        size_t begin = made_count;
        size_t end = actions_count * weight / weights;
        for (; made_count < end; made_count++) {
            uint32_t at_s =
                (uint32_t)(BEGIN_S + hour * 3600 + (made_count - begin) * 3600 / (end - begin));
            make_action(m, author_at(m, made_count, at_s), at_s);
        }
    }
}

void replay_plan_make(struct replay_plan *plan, const struct replay_counts *counts)
{
    must(counts->people_count <= counts->actions_count, "more people than actions");
    *plan = (struct replay_plan){.counts = *counts};
    struct maker m = {.plan = plan, .state = counts->seed};
    size_t all_count = counts->vouches_count + counts->actions_count;
    plan->actions = must_get(all_count, sizeof *plan->actions);
    m.latest = must_get(counts->people_count, sizeof *m.latest);
    memset(m.latest, 0xff, counts->people_count * sizeof *m.latest);
    m.acted_s = must_get(counts->people_count, sizeof *m.acted_s);
    m.texts = must_get(counts->actions_count, sizeof *m.texts);
    m.answered = must_get(counts->actions_count, sizeof *m.answered);
    make_authors(&m);
    make_follows(&m);
    make_vouches(&m);
    make_day(&m);
    must(plan->actions_count == all_count, "the plan has other actions than it was to have");
    free(m.authors);
    free(m.latest);
    free(m.acted_s);
    free(m.texts);
    free(m.answered);
}

void replay_plan_free(struct replay_plan *plan)
{
    free(plan->actions);
    free(plan->follows);
    free(plan->blocks);
    *plan = (struct replay_plan){.actions = NULL};
}
