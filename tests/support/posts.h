/* posts.h - people and what they say, for every test: "ana replies to bea".
 *
 *     struct person ana = person_of("ana");
 *     struct posts posts = {0};
 *     struct post_id first = person_text(&posts, &ana, 1000, "me too", "metoo");
 *     person_reply(&posts, &bea, 1010, first, first, "I believe you");
 *     posts_free(&posts);
 *
 * Deterministic: a name always makes the same keys.  Anything that fails ends the test program
 * with a line on stderr. */
#ifndef KITH_TESTS_SUPPORT_POSTS_H
#define KITH_TESTS_SUPPORT_POSTS_H

#include "proto/post.h"

#define PERSON_NAME_MAX 31

struct person {
    char name[PERSON_NAME_MAX + 1];
    uint8_t seed[32];
    struct key key;
};

/* Encoded posts in the order they were made; start it zeroed. */
struct posts {
    struct octets *wires; /* each owned by the list */
    struct post_id *ids;
    size_t count;
    size_t cap;
};

struct person person_of(const char *name);

void posts_free(struct posts *posts);
/* A copy of wire, whose id is id, at the end of the list. */
void posts_add(struct posts *posts, struct octets wire, struct post_id id);
/* The decoded post at index; borrows from the list. */
struct post posts_decoded(const struct posts *posts, size_t index);

/* Each makes, signs and appends one post and returns its id.  tag may be NULL for none and is
 * given as a person types it; text may be "". */
struct post_id person_draft(struct posts *posts, const struct person *person,
                            const struct post_draft *draft);
struct post_id person_text(struct posts *posts, const struct person *person, uint64_t created_s,
                           const char *text, const char *tag);
struct post_id person_reply(struct posts *posts, const struct person *person, uint64_t created_s,
                            struct post_id root, struct post_id parent, const char *text);
struct post_id person_echo(struct posts *posts, const struct person *person, uint64_t created_s,
                           struct post_id echoed, const char *text);
struct post_id person_react(struct posts *posts, const struct person *person, uint64_t created_s,
                            struct post_id subject, enum post_reaction reaction);
/* inviter may be NULL. */
struct post_id person_vouch(struct posts *posts, const struct person *person, uint64_t created_s,
                            const struct key *subject, const struct key *inviter);
struct post_id person_retract(struct posts *posts, const struct person *person, uint64_t created_s,
                              struct post_id subject);
struct post_id person_profile(struct posts *posts, const struct person *person, uint64_t created_s,
                              const char *name, const char *bio);

/* So many different texts under #metoo by somebody, the first at first_s, apart_s between them. */
struct posts posts_said(const char *who, size_t count, uint64_t first_s, uint64_t apart_s);

/* Encode and sign any body, valid or not, with person's key: wire = [body, proof]. */
size_t person_sign_body(uint8_t *wire, size_t wire_cap, const struct person *person,
                        struct octets body);
/* The same text post, signed by device under person's certificate for from_s to until_s. */
struct post_id person_text_by_device(struct posts *posts, const struct person *person,
                                     const struct person *device, uint64_t created_s,
                                     uint64_t from_s, uint64_t until_s, const char *text);

#endif
