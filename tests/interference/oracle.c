#include "tests/interference/oracle.h"

#include <string.h>

const char *const oracle_rule_names[RULES_COUNT] = {
    [RULE_MISSING] = "missing", [RULE_RETRACTED] = "retracted", [RULE_EXPIRED] = "expired",
    [RULE_AUTHOR] = "author",   [RULE_PAST] = "past",           [RULE_MENTION] = "mention",
    [RULE_VOUCHED] = "vouched", [RULE_INVITER] = "inviter",     [RULE_ROOT] = "root",
    [RULE_POLICY] = "policy",   [RULE_STRANGER] = "stranger",   [RULE_THREAD] = "thread",
    [RULE_ECHO] = "echo",       [RULE_SUBJECT] = "subject",
};

/* A stretch in which the forgiven one was blocked. */
struct stretch {
    uint64_t since_s, until_s;
    size_t since_step, until_step;
    bool over;
};

struct judging {
    struct oracle *o;
    bool arrived[HISTORY_FACTS_MAX];
    size_t arrived_step[HISTORY_FACTS_MAX];
    struct stretch stretch[HISTORY_PEOPLE];
};

static const struct fact *fact_at(const struct judging *j, int fact)
{
    return &j->o->history->facts[fact];
}

static void take_step(struct judging *j, const struct step *step, size_t at)
{
    struct oracle *o = j->o;
    switch (step->kind) {
    case STEP_ARRIVE:
    case STEP_SAY:
        j->arrived[step->fact] = true;
        j->arrived_step[step->fact] = at;
        break;
    case STEP_FOLLOW:
        o->follows[step->person] = true;
        break;
    case STEP_UNFOLLOW:
        o->follows[step->person] = false;
        break;
    case STEP_FOLLOW_TAG:
        o->follows_tag[step->tag] = true;
        break;
    case STEP_NAME:
        o->named[step->person] = true;
        break;
    case STEP_BLOCK:
        o->blocked[step->person] = true;
        j->stretch[step->person] = (struct stretch){.since_s = step->now_s, .since_step = at};
        break;
    case STEP_UNBLOCK:
        o->blocked[step->person] = false;
        j->stretch[step->person].until_s = step->now_s;
        j->stretch[step->person].until_step = at;
        j->stretch[step->person].over = true;
        break;
    case STEP_RESTART:
        break;
    }
}

static bool is_retracted(const struct judging *j, int fact)
{
    const struct history *h = j->o->history;
    for (size_t i = 0; i < h->facts_count; i++) {
        if (j->arrived[i] && h->facts[i].kind == POST_RETRACT && h->facts[i].subject == fact &&
            h->facts[i].author == h->facts[fact].author) {
            return true;
        }
    }
    return false;
}

static bool is_past(const struct judging *j, int fact)
{
    const struct fact *f = fact_at(j, fact);
    const struct stretch *s = &j->stretch[f->author];
    return s->over &&
           ((f->created_s >= s->since_s && f->created_s <= s->until_s) ||
            (j->arrived_step[fact] > s->since_step && j->arrived_step[fact] < s->until_step));
}

/* What holds for a post by itself, whatever it depends on, the web left out. */
static uint32_t by_itself(const struct judging *j, int fact)
{
    const struct oracle *o = j->o;
    const struct fact *f = fact_at(j, fact);
    uint32_t why = 0;
    if (!j->arrived[fact]) {
        return 1U << RULE_MISSING;
    }
    if (is_retracted(j, fact)) {
        why |= 1U << RULE_RETRACTED;
    }
    if (f->expires_s != 0 && o->now_s >= f->expires_s) {
        why |= 1U << RULE_EXPIRED;
    }
    if (f->author != HISTORY_OWNER && o->blocked[f->author]) {
        why |= 1U << RULE_AUTHOR;
    } else if (f->author != HISTORY_OWNER && is_past(j, fact)) {
        why |= 1U << RULE_PAST;
    }
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        if (((f->mentions >> i) & 1U) && o->blocked[i]) {
            why |= 1U << RULE_MENTION;
        }
    }
    if (f->vouched != HISTORY_NONE && o->blocked[f->vouched]) {
        why |= 1U << RULE_VOUCHED;
    }
    if (f->inviter != HISTORY_NONE && o->blocked[f->inviter]) {
        why |= 1U << RULE_INVITER;
    }
    if (f->parent != HISTORY_NONE) {
        const struct fact *parent = fact_at(j, f->parent);
        int root = parent->root != HISTORY_NONE ? parent->root : f->parent;
        if (j->arrived[f->parent] && f->root != root) {
            why |= 1U << RULE_ROOT;
        }
    }
    return why;
}

/* --- the web ------------------------------------------------------------------------------------
 */

static bool vouches(const struct judging *j, int author, int subject)
{
    const struct history *h = j->o->history;
    for (size_t i = 0; i < h->facts_count; i++) {
        const struct fact *f = &h->facts[i];
        if (f->kind == POST_VOUCH && f->author == author && f->vouched == subject &&
            by_itself(j, (int)i) == 0) {
            return true;
        }
    }
    return false;
}

static void walk_web(struct judging *j)
{
    struct oracle *o = j->o;
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        o->distance[i] = i == HISTORY_OWNER ? 0 : ORACLE_FAR;
    }
    for (int step = 0; step < 4; step++) {
        for (int from = 0; from < HISTORY_PEOPLE; from++) {
            for (int to = 0; o->distance[from] == step && to < HISTORY_PEOPLE; to++) {
                bool edge = vouches(j, from, to) || (from == HISTORY_OWNER && o->follows[to]);
                if (edge && !o->blocked[to] && o->distance[to] == ORACLE_FAR) {
                    o->distance[to] = step + 1;
                }
            }
        }
    }
}

/* --- threads, echoes, reactions -----------------------------------------------------------------
 */

static bool may_reply(const struct judging *j, const struct fact *root, int author)
{
    if (root->replies == POST_REPLIES_EVERYONE || author == root->author) {
        return true;
    }
    if (root->replies == POST_REPLIES_NOBODY) {
        return false;
    }
    if (vouches(j, root->author, author)) {
        return true;
    }
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        if (vouches(j, root->author, i) && vouches(j, i, author)) {
            return true;
        }
    }
    return false;
}

static bool hidden(const struct oracle *o, int fact, bool far)
{
    return fact != HISTORY_NONE && !(far ? o->shown_far[fact] : o->shown[fact]);
}

/* Facts refer only to earlier facts, so judging them in order needs no recursion. */
static void judge_one(struct judging *j, int fact)
{
    struct oracle *o = j->o;
    const struct fact *f = fact_at(j, fact);
    uint32_t why = by_itself(j, fact);
    if (f->root != HISTORY_NONE && j->arrived[f->root] &&
        !may_reply(j, fact_at(j, f->root), f->author)) {
        why |= 1U << RULE_POLICY;
    }
    if (hidden(o, f->root, true) || hidden(o, f->parent, true)) {
        why |= 1U << RULE_THREAD;
    }
    if (hidden(o, f->echo, true)) {
        why |= 1U << RULE_ECHO;
    }
    if (hidden(o, f->subject, true)) {
        why |= 1U << RULE_SUBJECT;
    }
    o->shown_far[fact] = why == 0;
    if (o->distance[f->author] == ORACLE_FAR) {
        why |= 1U << RULE_STRANGER;
    }
    o->shown[fact] = why == 0 && !hidden(o, f->root, false) && !hidden(o, f->parent, false) &&
                     !hidden(o, f->echo, false) && !hidden(o, f->subject, false);
    o->why[fact] = why;
}

void oracle_judge(struct oracle *oracle, const struct history *history, size_t steps_count,
                  uint64_t now_s)
{
    memset(oracle, 0, sizeof *oracle);
    oracle->history = history;
    oracle->now_s = now_s;
    struct judging j = {.o = oracle};
    for (size_t i = 0; i < steps_count; i++) {
        take_step(&j, &history->steps[i], i);
    }
    walk_web(&j);
    for (size_t i = 0; i < history->facts_count; i++) {
        judge_one(&j, (int)i);
    }
}

void oracle_reactions(const struct oracle *oracle, uint32_t counts[POST_REACTIONS_COUNT],
                      int subject, bool far)
{
    const struct history *h = oracle->history;
    memset(counts, 0, POST_REACTIONS_COUNT * sizeof counts[0]);
    for (int author = 0; author < HISTORY_PEOPLE; author++) {
        int latest = HISTORY_NONE;
        for (size_t i = 0; i < h->facts_count; i++) {
            const struct fact *f = &h->facts[i];
            if (f->kind != POST_REACT || f->author != author || f->subject != subject ||
                hidden(oracle, (int)i, true)) {
                continue;
            }
            if (latest == HISTORY_NONE || f->created_s > h->facts[latest].created_s ||
                (f->created_s == h->facts[latest].created_s &&
                 post_id_compare(&h->posts.ids[i], &h->posts.ids[latest]) > 0)) {
                latest = (int)i;
            }
        }
        if (latest != HISTORY_NONE && !hidden(oracle, latest, far)) {
            counts[h->facts[latest].reaction]++;
        }
    }
}
