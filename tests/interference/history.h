/* history.h - a random history of one person's node, from one seed: what others said, in which
 * order it arrived, and what she did herself (promise 1, design section 11).
 *
 * Person 0 is the owner.  The last two are blocked for good, one early, one in the middle; the one
 * before them is blocked and unblocked again, and may be blocked once more by a list she kept.  Now
 * and then she raises and lowers shields, reaches further or less far, and loses her vault. */
#ifndef KITH_TESTS_INTERFERENCE_HISTORY_H
#define KITH_TESTS_INTERFERENCE_HISTORY_H

#include "tests/support/posts.h"

#define HISTORY_PEOPLE    10
#define HISTORY_OWNER     0
#define HISTORY_FORGIVEN  7 /* blocked, then unblocked */
#define HISTORY_BLOCKED_A 8
#define HISTORY_BLOCKED_B 9
#define HISTORY_TAGS      5
#define HISTORY_HARD_TAG  4 /* what some do not want to meet; stands beside another or alone */
#define HISTORY_FACTS_MAX 160
#define HISTORY_STEPS_MAX 290
#define HISTORY_DAY_S     UINT64_C(86400)
#define HISTORY_KEEP_S    HISTORY_DAY_S
#define HISTORY_ARCHIVE_S (4 * HISTORY_DAY_S) /* that others' posts stay in her archive */
#define HISTORY_START_S   UINT64_C(1790000000)
#define HISTORY_NONE      (-1)

/* One post, as what it means. */
struct fact {
    int author;
    enum post_kind kind;
    uint64_t created_s;
    uint64_t expires_s;              /* 0 = never */
    int tag;                         /* index below HISTORY_TAGS, or HISTORY_NONE */
    bool hard;                       /* it also carries HISTORY_HARD_TAG */
    int root, parent, echo, subject; /* facts, or HISTORY_NONE */
    unsigned mentions;               /* a bit for each person */
    int vouched, inviter;            /* people, or HISTORY_NONE */
    enum post_replies replies;
    enum post_reaction reaction;
    char text[64]; /* text, or a profile's name */
    bool bad_root; /* its root is not its parent's: shown nowhere */
};

enum step_kind {
    STEP_ARRIVE,     /* fact: somebody's post comes in */
    STEP_SAY,        /* fact: an own post, journaled and stored */
    STEP_FOLLOW,     /* person */
    STEP_UNFOLLOW,   /* person */
    STEP_FOLLOW_TAG, /* tag */
    STEP_NAME,       /* person: she gives them a petname */
    STEP_BLOCK,      /* person */
    STEP_UNBLOCK,    /* person */
    STEP_SHIELD,     /* tag, or word where that is none */
    STEP_UNSHIELD,   /* likewise */
    STEP_RESTART,    /* the node is closed and opened again */
    STEP_REACH,      /* reach: how many steps her web goes */
    STEP_EXPORT,     /* she keeps a list of whom she blocks */
    STEP_IMPORT,     /* and takes it in */
    STEP_UNDO,       /* the list that she took in is taken back */
    STEP_LOSE,       /* the vault is lost, and recovered */
    STEP_AGE,        /* posts of the days before yesterday leave her store */
};

struct step {
    enum step_kind kind;
    int fact;
    int person;
    int tag;
    int word; /* index in history_words */
    int reach;
    uint64_t now_s;
};

struct history {
    uint64_t seed;
    struct person people[HISTORY_PEOPLE];
    struct fact facts[HISTORY_FACTS_MAX];
    struct posts posts; /* facts[i] is posts.wires[i] */
    size_t facts_count;
    struct step steps[HISTORY_STEPS_MAX];
    size_t steps_count;
    size_t last_block_step; /* from behind this step on, both are blocked */
    uint64_t end_s;
    /* What a world that drops leaves out: what both blocked people wrote, unless the test says
     * otherwise. */
    bool left_out[HISTORY_FACTS_MAX];
};

extern const char *const history_tags[HISTORY_TAGS];
extern const char *const history_words[];
extern const size_t history_words_count;

/* owner is the person whose node it is.  The same seed makes the same history. */
void history_make(struct history *history, uint64_t seed, const struct person *owner);
void history_free(struct history *history);

#endif
