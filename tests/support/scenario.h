/* scenario.h - one person, everybody around her, and what her view shows: tests as stories.
 *
 *     struct scenario *s = scenario_new("bea");
 *     follows(s, "ana");
 *     struct post_id first = says(s, "ana", "me too", "metoo");
 *     blocks(s, "carl");
 *     struct post_id answer = replies(s, "carl", first, "support");
 *     assert_true(sees(s, first));
 *     assert_false(sees(s, answer));
 *     leaves_no_trace(s, "carl");
 *     scenario_free(s);
 *
 * Stands on a store in memory of its own (scenario_store.c) or on the real one over files in memory
 * (scenario_store_real.c); every test of the view runs on both,
 * except where the store has to lose or forget.  The clock goes on by a second with each post.
 * Whatever fails ends the test program. */
#ifndef KITH_TESTS_SUPPORT_SCENARIO_H
#define KITH_TESTS_SUPPORT_SCENARIO_H

#include "store/view.h"
#include "tests/support/posts.h"

#define SCENARIO_LIST_MAX 64

struct scenario {
    struct person her;
    struct posts posts; /* all that was ever said, arrived or not */
    struct store *store;
    struct view *view;
    uint64_t now_s;
    bool holding; /* what is said does not arrive until arrives() */
    struct vault_contents vault;
    struct vault_petname petnames[SCENARIO_LIST_MAX];
    struct key follows[SCENARIO_LIST_MAX];
    struct vault_followed_tag tags[SCENARIO_LIST_MAX];
    struct vault_block blocks[SCENARIO_LIST_MAX];
    struct vault_shield shields[SCENARIO_LIST_MAX];
};

struct scenario *scenario_new(const char *her);
void scenario_free(struct scenario *s);
/* Load the vault as it stands; the others below do so by themselves. */
void reloads(struct scenario *s);

void follows(struct scenario *s, const char *who);
void unfollows(struct scenario *s, const char *who);
void follows_tag(struct scenario *s, const char *tag);
void calls(struct scenario *s, const char *who, const char *petname);
void blocks(struct scenario *s, const char *who);
void unblocks(struct scenario *s, const char *who);

/* A tag in normal form, or a word as it is typed. */
void shields(struct scenario *s, const char *tag);
void shields_word(struct scenario *s, const char *word);
/* The latest shield comes down. */
void unshields(struct scenario *s);

/* Somebody writes, and it reaches her. */
struct post_id says(struct scenario *s, const char *who, const char *text, const char *tag);
struct post_id replies(struct scenario *s, const char *who, struct post_id parent,
                       const char *text);
struct post_id echoes(struct scenario *s, const char *who, struct post_id echoed, const char *text);
struct post_id reacts(struct scenario *s, const char *who, struct post_id subject,
                      enum post_reaction reaction);
struct post_id vouches(struct scenario *s, const char *who, const char *subject);
struct post_id admits(struct scenario *s, const char *relay, const char *subject,
                      const char *inviter);
struct post_id retracts(struct scenario *s, const char *who, struct post_id subject);
struct post_id names_self(struct scenario *s, const char *who, const char *name, const char *bio);
struct post_id mentions(struct scenario *s, const char *who, const char *mentioned,
                        const char *text);
struct post_id drafts(struct scenario *s, const char *who, struct post_draft draft);
/* A post that was held comes now. */
void arrives(struct scenario *s, struct post_id id);

/* Fails unless what was judged as posts came is what judging everything anew comes to. */
void judged_as_anew(struct scenario *s);
/* What she gets, and judged_as_anew().  sees() without strangers, sees_strangers() with them,
 * sees_shielded() with what she shields and without strangers. */
bool sees(struct scenario *s, struct post_id id);
bool sees_strangers(struct scenario *s, struct post_id id);
bool sees_shielded(struct scenario *s, struct post_id id);
/* Whether a page of that kind (id and words where it needs them) holds the post. */
bool shows(struct scenario *s, enum view_what what, struct post_id id);
bool finds(struct scenario *s, const char *words, struct post_id id);
/* The post as it is shown; borrowed. */
const struct view_post *shown(struct scenario *s, struct post_id id);
uint8_t distance_of(struct scenario *s, const char *who);

/* Everything every query answers, as text; the caller frees. */
char *everything_shown(struct scenario *s);
/* Fails unless all she is shown is what she would be shown had who never written a word. */
void leaves_no_trace(struct scenario *s, const char *who);
/* The same for all that others wrote and she shields, where she does not ask for it. */
void shields_leave_no_trace(struct scenario *s);

/* Only for the scenario's own files: the store. */
struct store *scenario_store_new(void);
void scenario_store_free(struct store *store);
void scenario_store_add(struct store *store, struct octets wire);

/* Only the store in memory: from now on it keeps what comes after its retract, which no store
 * should; and the octets of the post at this position are lost. */
void scenario_store_careless(struct store *store);
void scenario_store_lose(struct store *store, uint64_t at);

#endif
