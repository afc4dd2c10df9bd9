#include "tests/interference/history.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SAID_FACTS 110 /* facts of others and her own, before the retracts */
#define HARD_WORDS 3   /* how many words she may shield, the last ones of the list */

const char *const history_tags[HISTORY_TAGS] = {"metoo", "nomore", "work", "aboutbea", "itwasme"};
const char *const history_words[] = {"me",   "too",    "never", "again",   "stand",
                                     "with", "you",    "brave", "support", "silence",
                                     "here", "listen", "anger", "heart",   "court"};
const size_t history_words_count = sizeof history_words / sizeof history_words[0];

static const char *const names[HISTORY_PEOPLE] = {"bea", "ana", "cleo", "dora", "eve",
                                                  "fay", "gia", "yuri", "carl", "xaver"};

/* xorshift64*: small, seeded, the same everywhere. */
struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * UINT64_C(0x2545F4914F6CDD1D);
}

static int below(struct dice *dice, int bound)
{
    return (int)((roll(dice) >> 33) % (uint64_t)bound);
}

static bool chance(struct dice *dice, int percent)
{
    return below(dice, 100) < percent;
}

/* --- what is said -------------------------------------------------------------------------------
 */

struct making {
    struct history *history;
    struct dice dice;
    uint64_t clock_s;
    bool retracted[HISTORY_FACTS_MAX];
    bool tag_shielded;
    bool word_shielded[HARD_WORDS];
    bool ages; /* now and then a day passes */
};

#define AGES_PERCENT 40
#define DAY_PERCENT  7

static struct fact fact_blank(int author, enum post_kind kind, uint64_t created_s)
{
    return (struct fact){.author = author,
                         .kind = kind,
                         .created_s = created_s,
                         .tag = HISTORY_NONE,
                         .root = HISTORY_NONE,
                         .parent = HISTORY_NONE,
                         .echo = HISTORY_NONE,
                         .subject = HISTORY_NONE,
                         .vouched = HISTORY_NONE,
                         .inviter = HISTORY_NONE};
}

static void words(struct making *m, char *out, size_t cap)
{
    size_t used = 0;
    int count = 1 + below(&m->dice, 4);
    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        int wrote = snprintf(out + used, cap - used, "%s%s", i > 0 ? " " : "",
                             history_words[below(&m->dice, (int)history_words_count)]);
        used += (size_t)wrote;
    }
}

/* A text that was said before, or HISTORY_NONE; late ones more often than early ones. */
static int some_text(struct making *m)
{
    const struct history *h = m->history;
    for (int tries = 0; tries < 20 && h->facts_count > 0; tries++) {
        int a = below(&m->dice, (int)h->facts_count);
        int b = below(&m->dice, (int)h->facts_count);
        int at = a > b ? a : b;
        if (h->facts[at].kind == POST_TEXT) {
            return at;
        }
    }
    return HISTORY_NONE;
}

static int somebody_else(struct making *m, int than)
{
    int person = below(&m->dice, HISTORY_PEOPLE - 1);
    return person >= than ? person + 1 : person;
}

static void make_text(struct making *m, struct fact *fact)
{
    words(m, fact->text, sizeof fact->text);
    if (chance(&m->dice, 70)) {
        fact->tag = below(&m->dice, HISTORY_HARD_TAG);
    }
    fact->hard = chance(&m->dice, 9);
    if (chance(&m->dice, 12)) {
        fact->mentions = 1U << somebody_else(m, fact->author);
    }
    if (chance(&m->dice, 25)) {
        fact->replies = chance(&m->dice, 60) ? POST_REPLIES_VOUCHED : POST_REPLIES_NOBODY;
    }
    if (chance(&m->dice, 8)) {
        fact->expires_s = fact->created_s + 1 + (uint64_t)below(&m->dice, 4000);
    }
}

static void make_reply(struct making *m, struct fact *fact, int parent)
{
    const struct history *h = m->history;
    fact->parent = parent;
    fact->root = h->facts[parent].root != HISTORY_NONE ? h->facts[parent].root : parent;
    if (chance(&m->dice, 26)) {
        int other = some_text(m);
        if (other != HISTORY_NONE && other != fact->root) {
            fact->root = other;
            fact->bad_root = true;
        }
    }
}

static struct fact make_fact(struct making *m, int author)
{
    struct fact fact = fact_blank(author, POST_TEXT, m->clock_s);
    int dice = below(&m->dice, 100);
    int target = some_text(m);
    if (dice < 32 || target == HISTORY_NONE) {
        make_text(m, &fact);
    } else if (dice < 55) {
        make_text(m, &fact);
        make_reply(m, &fact, target);
    } else if (dice < 65) {
        make_text(m, &fact);
        fact.echo = target;
        if (chance(&m->dice, 50)) {
            fact.text[0] = '\0';
            fact.mentions = 0;
        }
    } else if (dice < 78) {
        fact.kind = POST_REACT;
        fact.subject = target;
        fact.reaction = (enum post_reaction)below(&m->dice, POST_REACTIONS_COUNT);
    } else if (dice < 93) {
        fact.kind = POST_VOUCH;
        fact.vouched = somebody_else(m, author);
        if (chance(&m->dice, 40)) {
            fact.inviter = below(&m->dice, HISTORY_PEOPLE);
        }
    } else {
        fact.kind = POST_PROFILE;
        (void)snprintf(fact.text, sizeof fact.text, "%s %s", names[author],
                       history_words[below(&m->dice, (int)history_words_count)]);
    }
    return fact;
}

/* Two facts that are the same post would be shown once and expected twice: what somebody says a
 * second time in one second is dated into the next. */
static void date_apart(const struct history *h, struct fact *fact)
{
    for (size_t i = 0; i < h->facts_count; i++) {
        const struct fact *earlier = &h->facts[i];
        if (earlier->author == fact->author && earlier->kind == fact->kind &&
            earlier->created_s == fact->created_s) {
            fact->created_s++;
            fact->expires_s += fact->expires_s != 0 ? 1 : 0;
            i = (size_t)-1; /* from the beginning: the next second may be taken too */
        }
    }
}

/* Sign a fact: from now on it is a post. */
static int add_fact(struct making *m, const struct fact *said)
{
    struct history *h = m->history;
    struct fact dated = *said;
    const struct fact *fact = &dated;
    assert(h->facts_count < HISTORY_FACTS_MAX);
    date_apart(h, &dated);
    struct post_draft draft = {.kind = fact->kind,
                               .created_s = fact->created_s,
                               .expires_s = fact->expires_s,
                               .text = octets_of_text(fact->text),
                               .replies = fact->replies,
                               .reaction = fact->reaction};
    struct octets tags[2];
    draft.tags = tags;
    if (fact->tag != HISTORY_NONE) {
        tags[draft.tags_count++] = octets_of_text(history_tags[fact->tag]);
    }
    if (fact->hard) {
        tags[draft.tags_count++] = octets_of_text(history_tags[HISTORY_HARD_TAG]);
    }
    struct post_ref refs[4];
    const struct {
        int fact;
        enum post_relation relation;
    } targets[] = {{fact->root, POST_ROOT},
                   {fact->parent, POST_PARENT},
                   {fact->echo, POST_ECHO},
                   {fact->subject, POST_SUBJECT}};
    for (size_t i = 0; i < 4; i++) {
        if (targets[i].fact != HISTORY_NONE) {
            refs[draft.refs_count++] = (struct post_ref){.relation = targets[i].relation,
                                                         .id = h->posts.ids[targets[i].fact]};
        }
    }
    draft.refs = refs;
    struct key mentions[HISTORY_PEOPLE];
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        if ((fact->mentions >> i) & 1U) {
            mentions[draft.mentions_count++] = h->people[i].key;
        }
    }
    draft.mentions = mentions;
    if (fact->vouched != HISTORY_NONE) {
        draft.subject = h->people[fact->vouched].key;
    }
    if (fact->inviter != HISTORY_NONE) {
        draft.inviter = h->people[fact->inviter].key;
        draft.has_inviter = true;
    }
    (void)person_draft(&h->posts, &h->people[fact->author], &draft);
    h->facts[h->facts_count] = *fact;
    h->left_out[h->facts_count] =
        fact->author == HISTORY_BLOCKED_A || fact->author == HISTORY_BLOCKED_B;
    return (int)h->facts_count++;
}

/* --- what happens -------------------------------------------------------------------------------
 */

static void add_step(struct making *m, struct step step)
{
    struct history *h = m->history;
    assert(h->steps_count < HISTORY_STEPS_MAX);
    step.now_s = m->clock_s;
    h->steps[h->steps_count++] = step;
}

/* People her web will begin with: without it most of what is said would be strangers'. */
static void make_web(struct making *m)
{
    for (int person = 1; person <= 3; person++) {
        add_step(m, (struct step){.kind = STEP_FOLLOW, .person = person});
    }
    if (chance(&m->dice, 50)) {
        int person = chance(&m->dice, 50) ? HISTORY_BLOCKED_A : HISTORY_BLOCKED_B;
        add_step(m, (struct step){.kind = STEP_FOLLOW, .person = person});
    }
    add_step(m, (struct step){.kind = STEP_FOLLOW_TAG, .tag = below(&m->dice, HISTORY_TAGS)});
    for (int i = 0; i < 6; i++) {
        struct fact vouch =
            fact_blank(1 + below(&m->dice, HISTORY_PEOPLE - 1), POST_VOUCH, m->clock_s);
        vouch.vouched = somebody_else(m, vouch.author);
        add_step(m, (struct step){.kind = STEP_ARRIVE, .fact = add_fact(m, &vouch)});
        m->clock_s += 1 + (uint64_t)below(&m->dice, 30);
    }
}

/* Up where it is down, down where it is up. */
static void turn_shield(struct making *m, int which)
{
    bool *up = which < HARD_WORDS ? &m->word_shielded[which] : &m->tag_shielded;
    struct step step = {.kind = *up ? STEP_UNSHIELD : STEP_SHIELD, .tag = HISTORY_HARD_TAG};
    if (which < HARD_WORDS) {
        step.tag = HISTORY_NONE;
        step.word = (int)history_words_count - 1 - which;
    }
    *up = !*up;
    add_step(m, step);
}

static void her_own_doing(struct making *m)
{
    int person = 1 + below(&m->dice, HISTORY_PEOPLE - 1);
    switch (below(&m->dice, 10)) {
    case 0:
        add_step(m, (struct step){.kind = STEP_FOLLOW, .person = person});
        break;
    case 1:
        add_step(m, (struct step){.kind = STEP_UNFOLLOW, .person = person});
        break;
    case 2:
        add_step(m, (struct step){.kind = STEP_FOLLOW_TAG, .tag = below(&m->dice, HISTORY_TAGS)});
        break;
    case 3:
    case 4:
        add_step(m, (struct step){.kind = STEP_NAME, .person = person});
        break;
    case 5:
    case 6:
        turn_shield(m, below(&m->dice, HARD_WORDS + 1));
        break;
    case 7:
        add_step(m, (struct step){.kind = STEP_REACH, .reach = 1 + below(&m->dice, 5)});
        break;
    case 8:
        add_step(m, (struct step){.kind = STEP_LOSE});
        break;
    default:
        add_step(m, (struct step){.kind = STEP_RESTART});
        break;
    }
}

static int to_retract(struct making *m)
{
    for (int tries = 0; tries < 20; tries++) {
        int at = below(&m->dice, (int)m->history->facts_count);
        if (m->history->facts[at].kind != POST_RETRACT && !m->retracted[at]) {
            m->retracted[at] = true;
            return at;
        }
    }
    return HISTORY_NONE;
}

/* Somebody takes a post back; now and then somebody else claims to, which does nothing. */
static int make_retract(struct making *m)
{
    int subject = to_retract(m);
    if (subject == HISTORY_NONE) {
        return HISTORY_NONE;
    }
    int author = m->history->facts[subject].author;
    if (chance(&m->dice, 20)) {
        author = somebody_else(m, author);
    }
    struct fact fact = fact_blank(author, POST_RETRACT, m->clock_s);
    fact.subject = subject;
    return add_fact(m, &fact);
}

/* Late arrivals: posts wait here, and some never come. */
struct waiting {
    int facts[HISTORY_FACTS_MAX];
    int count;
};

static void arrive_one(struct making *m, struct waiting *waiting)
{
    int at = below(&m->dice, waiting->count);
    int fact = waiting->facts[at];
    waiting->facts[at] = waiting->facts[--waiting->count];
    add_step(m, (struct step){.kind = STEP_ARRIVE, .fact = fact});
}

static void say_something(struct making *m, struct waiting *waiting)
{
    int author = chance(&m->dice, 16) ? HISTORY_OWNER : 1 + below(&m->dice, HISTORY_PEOPLE - 1);
    int at = HISTORY_NONE;
    if (m->history->facts_count > 20 && chance(&m->dice, 6)) {
        at = make_retract(m);
    } else {
        struct fact fact = make_fact(m, author);
        at = add_fact(m, &fact);
    }
    if (at == HISTORY_NONE) {
        return;
    }
    if (m->history->facts[at].author == HISTORY_OWNER) {
        add_step(m, (struct step){.kind = STEP_SAY, .fact = at});
    } else if (chance(&m->dice, 12)) {
        waiting->facts[waiting->count++] = at;
    } else {
        add_step(m, (struct step){.kind = STEP_ARRIVE, .fact = at});
    }
}

static void block(struct making *m, int person)
{
    add_step(m, (struct step){.kind = STEP_BLOCK, .person = person});
    m->history->last_block_step = m->history->steps_count - 1;
}

/* The list names whoever was blocked when she kept it; of them, the forgiven one alone is not. */
static void import(struct making *m, struct waiting *waiting)
{
    add_step(m, (struct step){.kind = STEP_IMPORT});
    if (chance(&m->dice, 60)) {
        return;
    }
    for (int i = below(&m->dice, 4); i > 0; i--) {
        m->clock_s += (uint64_t)below(&m->dice, 90);
        say_something(m, waiting);
    }
    add_step(m, (struct step){.kind = STEP_UNDO});
}

void history_make(struct history *history, uint64_t seed, const struct person *owner)
{
    memset(history, 0, sizeof *history);
    history->seed = seed;
    for (int i = 1; i < HISTORY_PEOPLE; i++) {
        history->people[i] = person_of(names[i]);
    }
    history->people[HISTORY_OWNER] = *owner;

    struct making m = {.history = history, .clock_s = HISTORY_START_S};
    m.dice.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    struct waiting waiting = {.count = 0};
    m.ages = chance(&m.dice, AGES_PERCENT);
    make_web(&m);
    int early = 5 + below(&m.dice, 20);
    int middle = 40 + below(&m.dice, 40);
    int blocked = 20 + below(&m.dice, 30);
    int forgiven = blocked + 5 + below(&m.dice, 25);
    int imported = chance(&m.dice, 40) ? forgiven + 1 + below(&m.dice, 25) : -1;
    for (int i = 0; i < SAID_FACTS; i++) {
        m.clock_s += (uint64_t)below(&m.dice, 90);
        say_something(&m, &waiting);
        if (chance(&m.dice, 14)) {
            her_own_doing(&m);
        }
        if (m.ages && chance(&m.dice, DAY_PERCENT)) {
            m.clock_s += HISTORY_DAY_S;
            add_step(&m, (struct step){.kind = STEP_AGE});
        }
        if (waiting.count > 0 && chance(&m.dice, 10)) {
            arrive_one(&m, &waiting);
        }
        if (i == early) {
            block(&m, HISTORY_BLOCKED_A);
        }
        if (i == middle) {
            block(&m, HISTORY_BLOCKED_B);
        }
        if (i == blocked) {
            add_step(&m, (struct step){.kind = STEP_BLOCK, .person = HISTORY_FORGIVEN});
            if (imported >= 0) {
                add_step(&m, (struct step){.kind = STEP_EXPORT});
            }
        } else if (i == forgiven) {
            add_step(&m, (struct step){.kind = STEP_UNBLOCK, .person = HISTORY_FORGIVEN});
        } else if (i == imported) {
            import(&m, &waiting);
        }
    }
    while (waiting.count > 2) { /* the last two never come */
        arrive_one(&m, &waiting);
    }
    history->end_s = m.clock_s + 60;
}

void history_free(struct history *history)
{
    posts_free(&history->posts);
}
