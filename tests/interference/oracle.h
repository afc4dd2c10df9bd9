/* oracle.h - what a person may see, computed from a history's meaning alone (SPEC 9).
 *
 * Written apart from store/view: from the text of the rules, with recursion and without haste.
 * Where the two disagree, one of them is wrong. */
#ifndef KITH_TESTS_INTERFERENCE_ORACLE_H
#define KITH_TESTS_INTERFERENCE_ORACLE_H

#include "tests/interference/history.h"

#define ORACLE_FAR 99 /* outside the web */

/* How far she asks to look: flags, as an index. */
enum { ORACLE_WEB = 0, ORACLE_STRANGERS = 1, ORACLE_SHIELDED = 2, ORACLE_REACHES = 4 };

/* Why a post is not shown.  The order is that of oracle_rule_names. */
enum oracle_rule {
    RULE_MISSING,   /* it never arrived */
    RULE_BOUND,     /* somebody else's, and older than her archive keeps it */
    RULE_RETRACTED, /* its author took it back */
    RULE_EXPIRED,
    RULE_AUTHOR,   /* its author is blocked */
    RULE_PAST,     /* it arrived, or is dated, while its author was blocked */
    RULE_MENTION,  /* it mentions a blocked key */
    RULE_VOUCHED,  /* it vouches for a blocked key */
    RULE_INVITER,  /* it vouches for somebody a blocked key invited */
    RULE_ROOT,     /* its root is not its parent's */
    RULE_POLICY,   /* the thread's author does not allow it */
    RULE_SHIELDED, /* somebody else's, and it carries what she shields */
    RULE_STRANGER, /* its author is outside the web */
    RULE_THREAD,   /* its parent or root is not shown */
    RULE_ECHO,     /* what it echoes is not shown */
    RULE_SUBJECT,  /* what it reacts to is not shown */
    RULES_COUNT
};

extern const char *const oracle_rule_names[RULES_COUNT];

#define ORACLE_WORDS_MAX 32

struct oracle {
    const struct history *history;
    uint64_t now_s;
    bool follows[HISTORY_PEOPLE];
    bool follows_tag[HISTORY_TAGS];
    bool named[HISTORY_PEOPLE];
    bool shields_tag[HISTORY_TAGS];
    bool shields_word[ORACLE_WORDS_MAX];
    bool blocked[HISTORY_PEOPLE]; /* in force */
    int reach;                    /* how many steps her web goes */
    int distance[HISTORY_PEOPLE]; /* 0 .. reach, or ORACLE_FAR */
    /* A bit for each rule that applies directly or, asked with --strangers, through what it
     * depends on one step away. */
    uint32_t why[HISTORY_FACTS_MAX];
    bool shown[ORACLE_REACHES][HISTORY_FACTS_MAX];
};

/* Her view after steps[0 .. steps_count) at now_s. */
void oracle_judge(struct oracle *oracle, const struct history *history, size_t steps_count,
                  uint64_t now_s);

/* The latest shown reaction of each author to a text, counted by kind. */
void oracle_reactions(const struct oracle *oracle, uint32_t counts[POST_REACTIONS_COUNT],
                      int subject, int reach);
/* Whether a fact is by somebody else and carries what she shields. */
bool oracle_shields(const struct oracle *oracle, int fact);

#endif
