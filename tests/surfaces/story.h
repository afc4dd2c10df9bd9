/* story.h - one person's node twice, with and without what HIM says: the rows of the table of
 * surfaces as stories on one screen.
 *
 *     struct story *s = story_new();
 *     struct post_id his = says(s, HIM, "his words", "metoo");
 *     echoes(s, FRIEND, his, "look at this");
 *     showed(s, "look at this", WORDS("timeline"));
 *     blocks(s);
 *     hides(s, "look at this", WORDS("timeline"));
 *     story_end(s);
 *
 * She is bea, follows FRIEND, OTHER and HIM, and asks through the real command line.  Everything
 * anybody says reaches both nodes, except what is his: that reaches the first alone.  Once she has
 * blocked him, each question is put to both, and the answers must be the same octets.  The clock
 * goes on by a second with each post.  Whatever fails ends the test. */
#ifndef KITH_TESTS_SURFACES_STORY_H
#define KITH_TESTS_SURFACES_STORY_H

#include "tests/interference/world.h"

#define HIM      "xaver" /* the one she blocks */
#define FRIEND   "fay"
#define OTHER    "gia"
#define HER      "bea"
#define HIS_KEY  story_key_hex(s, HIM)
#define ID(id)   story_id_hex(id)
#define KEY(who) story_key_hex(s, who)
#define WORDS(...)                                                                                 \
    (sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)), (const char *const[])     \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

struct story {
    struct world *with;     /* has everything */
    struct world *without;  /* has nothing of his */
    struct history history; /* who is there and what was said, for surfaces.h */
    uint64_t now_s;
    bool holding; /* what is said does not arrive until arrives() */
};

struct story *story_new(void);
/* The same with her following nobody. */
struct story *story_new_alone(void);
/* All that reads is asked of both nodes, in every form, about every post and person; then free. */
void story_end(struct story *s);
void story_free(struct story *s);
/* Both nodes are closed and opened again. */
void story_restart(struct story *s);
/* The clock goes on. */
void story_passes(struct story *s, uint64_t seconds);
/* Good until eight more were asked for. */
const char *story_id_hex(struct post_id id);
const char *story_key_hex(const struct story *s, const char *who);
struct key story_key(const struct story *s, const char *who);

/* Somebody writes; she herself too, as if it were long ago: on both nodes, whatever it answers. */
struct post_id says(struct story *s, const char *who, const char *text, const char *tag);
struct post_id says_at(struct story *s, const char *who, uint64_t created_s, const char *text,
                       const char *tag);
struct post_id replies(struct story *s, const char *who, struct post_id parent, const char *text);
struct post_id echoes(struct story *s, const char *who, struct post_id echoed, const char *text);
struct post_id reacts(struct story *s, const char *who, struct post_id subject,
                      enum post_reaction reaction);
struct post_id vouches(struct story *s, const char *who, const char *subject);
struct post_id admits(struct story *s, const char *relay, const char *subject, const char *inviter);
struct post_id names_self(struct story *s, const char *who, const char *name, const char *bio);
struct post_id mentions(struct story *s, const char *who, const char *mentioned, const char *text);
/* A post that was held, or once more one that was not. */
void arrives(struct story *s, struct post_id id);

/* She does something, on both nodes, with the same answer. */
void she(struct story *s, size_t words_count, const char *const *words);
/* The same, and it is refused with this exit status. */
void she_cannot(struct story *s, int status, size_t words_count, const char *const *words);
/* She writes: a command that prints an id. */
struct post_id she_says(struct story *s, size_t words_count, const char *const *words);
/* She blocks him by his key. */
void blocks(struct story *s);

/* Before the block: the first node's answer holds text; without this a test could not fail. */
void showed(struct story *s, const char *text, size_t words_count, const char *const *words);
/* The answers are the same, and hold text, or do not. */
void shows(struct story *s, const char *text, size_t words_count, const char *const *words);
void hides(struct story *s, const char *text, size_t words_count, const char *const *words);
/* Asked about the one, it answers word for word as asked about the other: same status, same octets
 * but for what was typed. */
void answers_alike(struct story *s, const char *command, const char *one, const char *other);
/* Both nodes' answer to a raw request, the same octets; the caller frees. */
struct answer both_answer(struct story *s, enum control_command command, size_t pairs_count,
                          const char *const *names_and_values);
bool holds(const struct answer *answer, const char *text);

#endif
