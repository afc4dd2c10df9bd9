#include "tests/interference/oracle.h"

#include <string.h>

const char *const oracle_rule_names[RULES_COUNT] = {
    [RULE_MISSING] = "missing",   [RULE_BOUND] = "bound",     [RULE_RETRACTED] = "retracted",
    [RULE_EXPIRED] = "expired",   [RULE_AUTHOR] = "author",   [RULE_PAST] = "past",
    [RULE_MENTION] = "mention",   [RULE_VOUCHED] = "vouched", [RULE_INVITER] = "inviter",
    [RULE_ROOT] = "root",         [RULE_POLICY] = "policy",   [RULE_SHIELDED] = "shielded",
    [RULE_STRANGER] = "stranger", [RULE_THREAD] = "thread",   [RULE_ECHO] = "echo",
    [RULE_SUBJECT] = "subject",
};

/* A stretch in which the forgiven one was blocked, and over. */
struct stretch {
    uint64_t since_s, until_s;
    size_t since_step, until_step;
    bool over;
};

#define REACH_USUAL 4

enum why_kept { KEPT_NOT, KEPT_ITSELF, KEPT_WITH, KEPT_CONTEXT };

struct judging {
    struct oracle *o;
    bool arrived[HISTORY_FACTS_MAX];
    size_t arrived_step[HISTORY_FACTS_MAX];
    struct stretch stretch[HISTORY_PEOPLE];
    struct stretch imported; /* of the forgiven one, while a list she took in is in force */
    uint64_t floor_s;
    bool left[HISTORY_FACTS_MAX]; /* her store */
    enum why_kept kept[HISTORY_FACTS_MAX];
    uint64_t kept_floor_s[HISTORY_FACTS_MAX];
    bool left_archive[HISTORY_FACTS_MAX];
};

static void age(struct judging *j, uint64_t now_s);

static const struct fact *fact_at(const struct judging *j, int fact)
{
    return &j->o->history->facts[fact];
}

static bool stands(const struct fact *f)
{
    return f->kind == POST_PROFILE || f->kind == POST_VOUCH || f->kind == POST_RETRACT;
}

static void take_step(struct judging *j, const struct step *step, size_t at)
{
    struct oracle *o = j->o;
    switch (step->kind) {
    case STEP_ARRIVE:
    case STEP_SAY:
        if (!stands(fact_at(j, step->fact)) && fact_at(j, step->fact)->created_s < j->floor_s) {
            break;
        }
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
    case STEP_SHIELD:
    case STEP_UNSHIELD:
        *(step->tag != HISTORY_NONE ? &o->shields_tag[step->tag] : &o->shields_word[step->word]) =
            step->kind == STEP_SHIELD;
        break;
    case STEP_REACH:
        o->reach = step->reach;
        break;
    case STEP_IMPORT: /* the others on the list are blocked already */
        o->blocked[HISTORY_FORGIVEN] = true;
        j->imported = (struct stretch){.since_s = step->now_s, .since_step = at};
        break;
    case STEP_UNDO:
        o->blocked[HISTORY_FORGIVEN] = false;
        break;
    case STEP_AGE:
        age(j, step->now_s);
        break;
    case STEP_LOSE:
    case STEP_RESTART:
    case STEP_EXPORT:
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

/* Texts of a history are words with one space between them. */
static bool holds_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == text || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

bool oracle_shields(const struct oracle *oracle, int fact)
{
    const struct fact *f = &oracle->history->facts[fact];
    if (f->author == HISTORY_OWNER) {
        return false;
    }
    for (size_t i = 0; i < history_words_count; i++) {
        if (oracle->shields_word[i] && holds_word(f->text, history_words[i])) {
            return true;
        }
    }
    return (f->tag != HISTORY_NONE && oracle->shields_tag[f->tag]) ||
           (f->hard && oracle->shields_tag[HISTORY_HARD_TAG]);
}

/* --- what is kept of what left (SPEC 7.6) --------------------------------------------------------
 */

static bool names_blocked(const struct judging *j, int fact)
{
    const struct fact *f = fact_at(j, fact);
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        if (((f->mentions >> i) & 1U) && j->o->blocked[i]) {
            return true;
        }
    }
    return false;
}

/* Whether it stands in the way of nothing by itself, from a post that was kept at that floor. */
static bool leads_on(const struct judging *j, int fact, uint64_t floor_s, bool over_shielded)
{
    const struct fact *f = fact_at(j, fact);
    bool hers = f->author == HISTORY_OWNER;
    bool firm = !j->left[fact] || j->kept[fact] == KEPT_ITSELF;
    bool there = j->arrived[fact] && (!j->left[fact] || j->kept[fact] != KEPT_NOT);
    return there && f->kind != POST_RETRACT && !is_retracted(j, fact) &&
           (f->expires_s == 0 || j->o->now_s < f->expires_s) &&
           (hers || (!j->o->blocked[f->author] && !is_past(j, fact))) && !names_blocked(j, fact) &&
           (over_shielded || !oracle_shields(j->o, fact)) && (firm || f->created_s >= floor_s);
}

static bool reaches(const struct judging *j, int from, int to, uint64_t floor_s, bool over_shielded)
{
    if (from == HISTORY_NONE || !leads_on(j, from, floor_s, over_shielded)) {
        return false;
    }
    const struct fact *f = fact_at(j, from);
    return from == to || reaches(j, f->root, to, floor_s, over_shielded) ||
           reaches(j, f->parent, to, floor_s, over_shielded) ||
           reaches(j, f->echo, to, floor_s, over_shielded) ||
           reaches(j, f->subject, to, floor_s, over_shielded);
}

/* A post that is kept as context, and whether something leads to it now. */
static bool is_held(const struct judging *j, int fact, bool over_shielded)
{
    for (size_t i = (size_t)fact; i < j->o->history->facts_count; i++) {
        if (j->kept[i] == KEPT_ITSELF &&
            reaches(j, (int)i, fact, j->kept_floor_s[i], over_shielded)) {
            return true;
        }
    }
    return false;
}

static bool is_present(const struct judging *j, int fact)
{
    return j->arrived[fact] &&
           (!j->left[fact] || j->kept[fact] == KEPT_ITSELF || j->kept[fact] == KEPT_WITH ||
            (j->kept[fact] == KEPT_CONTEXT && is_held(j, fact, true)));
}

static bool is_live(const struct judging *j, int fact)
{
    const struct fact *f = fact_at(j, fact);
    return is_present(j, fact) && f->kind != POST_RETRACT && !is_retracted(j, fact) &&
           (f->expires_s == 0 || j->o->now_s < f->expires_s);
}

static bool is_wanted(const struct judging *j, int fact)
{
    const struct fact *f = fact_at(j, fact);
    const struct oracle *o = j->o;
    if (j->left[fact] || j->kept[fact] == KEPT_ITSELF) {
        return j->kept[fact] == KEPT_ITSELF;
    }
    return f->author == HISTORY_OWNER ||
           (f->kind == POST_TEXT &&
            (o->follows[f->author] || (f->tag != HISTORY_NONE && o->follows_tag[f->tag]) ||
             (f->hard && o->follows_tag[HISTORY_HARD_TAG]) || (f->mentions & 1U << HISTORY_OWNER)));
}

/* It came, or is dated, while its author was blocked, as far as that is known. */
static bool is_lost(const struct judging *j, int fact)
{
    const struct fact *f = fact_at(j, fact);
    const struct stretch *s = &j->stretch[f->author];
    bool by_list = f->author == HISTORY_FORGIVEN && j->imported.since_s != 0 && s->over;
    if (f->author == HISTORY_OWNER) {
        return false;
    }
    if (is_past(j, fact)) {
        return true;
    }
    s = by_list ? &j->imported : s;
    return j->o->blocked[f->author] &&
           (f->created_s >= s->since_s || j->arrived_step[fact] > s->since_step);
}

struct keeping {
    bool live[HISTORY_FACTS_MAX];
    bool itself[HISTORY_FACTS_MAX];
    bool with[HISTORY_FACTS_MAX];
    bool needed[HISTORY_FACTS_MAX];
    bool whole[HISTORY_FACTS_MAX];
    bool leaves[HISTORY_FACTS_MAX];
};

static bool any_of(const bool *marks, const struct fact *f)
{
    return (f->root != HISTORY_NONE && marks[f->root]) ||
           (f->parent != HISTORY_NONE && marks[f->parent]) ||
           (f->echo != HISTORY_NONE && marks[f->echo]) ||
           (f->subject != HISTORY_NONE && marks[f->subject]);
}

static void need(struct keeping *k, int fact)
{
    if (fact != HISTORY_NONE && k->live[fact]) {
        k->needed[fact] = true;
    }
}

/* Facts refer to earlier ones only: one pass up, one down. */
static void choose(const struct judging *j, struct keeping *k)
{
    int count = (int)j->o->history->facts_count;
    for (int i = 0; i < count; i++) {
        const struct fact *f = fact_at(j, i);
        bool answers = f->kind == POST_TEXT || f->kind == POST_REACT;
        k->live[i] = is_live(j, i);
        k->itself[i] = k->live[i] && is_wanted(j, i);
        k->leaves[i] = j->arrived[i] && !j->left[i] && !stands(f) && f->created_s < j->floor_s;
        k->with[i] = k->live[i] && (k->itself[i] || j->kept[i] == KEPT_WITH ||
                                    (answers && !j->left[i] && any_of(k->with, f)));
    }
    for (int i = count - 1; i >= 0; i--) {
        const struct fact *f = fact_at(j, i);
        if (k->itself[i] || k->needed[i]) {
            need(k, f->root);
            need(k, f->parent);
            need(k, f->echo);
            need(k, f->subject);
        }
    }
    bool through[HISTORY_FACTS_MAX] = {false};
    for (int i = 0; i < count; i++) {
        k->whole[i] = k->itself[i] && any_of(through, fact_at(j, i));
        through[i] = !k->itself[i] && k->needed[i] &&
                     ((k->leaves[i] && !k->with[i]) || any_of(through, fact_at(j, i)));
    }
}

/* Whatever it was kept for. */
static void age_archive(struct judging *j, uint64_t now_s)
{
    uint64_t bound_s = (now_s - HISTORY_ARCHIVE_S) / HISTORY_DAY_S * HISTORY_DAY_S;
    for (int i = 0; i < (int)j->o->history->facts_count; i++) {
        const struct fact *f = fact_at(j, i);
        if (j->kept[i] != KEPT_NOT && f->author != HISTORY_OWNER && f->created_s < bound_s) {
            j->kept[i] = KEPT_NOT;
            j->left_archive[i] = true;
        }
    }
}

static void age(struct judging *j, uint64_t now_s)
{
    uint64_t before_s = j->floor_s;
    uint64_t floor_s = (now_s - HISTORY_KEEP_S) / HISTORY_DAY_S * HISTORY_DAY_S;
    if (floor_s <= before_s) {
        return;
    }
    struct keeping k = {.live = {false}};
    uint64_t clock_s = j->o->now_s;
    j->o->now_s = now_s;
    j->floor_s = floor_s;
    choose(j, &k);
    for (int i = 0; i < (int)j->o->history->facts_count; i++) {
        if (k.itself[i] && !j->left[i] && j->kept[i] != KEPT_ITSELF &&
            (k.leaves[i] || k.whole[i]) && !is_lost(j, i)) {
            j->kept[i] = KEPT_ITSELF;
            j->kept_floor_s[i] = before_s;
        } else if (k.leaves[i] && j->kept[i] == KEPT_NOT && !is_lost(j, i)) {
            j->kept[i] = k.with[i] ? KEPT_WITH : k.needed[i] ? KEPT_CONTEXT : KEPT_NOT;
        }
    }
    for (int i = 0; i < (int)j->o->history->facts_count; i++) {
        j->left[i] = j->left[i] || k.leaves[i];
    }
    j->o->now_s = clock_s;
    age_archive(j, now_s);
}

/* What holds for a post by itself, whatever it depends on, the web left out. */
static uint32_t by_itself(const struct judging *j, int fact)
{
    const struct oracle *o = j->o;
    const struct fact *f = fact_at(j, fact);
    uint32_t why = 0;
    if (j->left_archive[fact]) {
        return 1U << RULE_BOUND;
    }
    if (!is_present(j, fact)) {
        return 1U << RULE_MISSING;
    }
    if (j->left[fact] && j->kept[fact] == KEPT_CONTEXT && !is_held(j, fact, false)) {
        why |= 1U << RULE_SHIELDED;
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
    if (oracle_shields(o, fact)) {
        why |= 1U << RULE_SHIELDED;
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
    for (int step = 0; step < o->reach; step++) {
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

static bool hidden(const struct oracle *o, int fact, int reach)
{
    return fact != HISTORY_NONE && !o->shown[reach][fact];
}

/* With what she asks for beyond the usual set aside. */
static bool is_shown(const struct oracle *o, const struct fact *f, uint32_t why, int reach)
{
    if ((reach & ORACLE_STRANGERS) != 0) {
        why &= ~(1U << RULE_STRANGER);
    }
    if ((reach & ORACLE_SHIELDED) != 0) {
        why &= ~(1U << RULE_SHIELDED);
    }
    return why == 0 && !hidden(o, f->root, reach) && !hidden(o, f->parent, reach) &&
           !hidden(o, f->echo, reach) && !hidden(o, f->subject, reach);
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
    if (o->distance[f->author] == ORACLE_FAR) {
        why |= 1U << RULE_STRANGER;
    }
    for (int reach = 0; reach < ORACLE_REACHES; reach++) {
        o->shown[reach][fact] = is_shown(o, f, why, reach);
    }
    if (hidden(o, f->root, ORACLE_STRANGERS) || hidden(o, f->parent, ORACLE_STRANGERS)) {
        why |= 1U << RULE_THREAD;
    }
    if (hidden(o, f->echo, ORACLE_STRANGERS)) {
        why |= 1U << RULE_ECHO;
    }
    if (hidden(o, f->subject, ORACLE_STRANGERS)) {
        why |= 1U << RULE_SUBJECT;
    }
    o->why[fact] = why;
}

void oracle_judge(struct oracle *oracle, const struct history *history, size_t steps_count,
                  uint64_t now_s)
{
    memset(oracle, 0, sizeof *oracle);
    oracle->history = history;
    oracle->now_s = now_s;
    oracle->reach = REACH_USUAL;
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
                      int subject, int reach)
{
    const struct history *h = oracle->history;
    memset(counts, 0, POST_REACTIONS_COUNT * sizeof counts[0]);
    for (int author = 0; author < HISTORY_PEOPLE; author++) {
        int latest = HISTORY_NONE;
        for (size_t i = 0; i < h->facts_count; i++) {
            const struct fact *f = &h->facts[i];
            if (f->kind != POST_REACT || f->author != author || f->subject != subject ||
                hidden(oracle, (int)i, reach)) {
                continue;
            }
            if (latest == HISTORY_NONE || f->created_s > h->facts[latest].created_s ||
                (f->created_s == h->facts[latest].created_s &&
                 post_id_compare(&h->posts.ids[i], &h->posts.ids[latest]) > 0)) {
                latest = (int)i;
            }
        }
        if (latest != HISTORY_NONE) {
            counts[h->facts[latest].reaction]++;
        }
    }
}
