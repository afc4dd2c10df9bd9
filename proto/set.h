/* set.h - the sets of posts that nodes reconcile: their numbers, and which a post is in (SPEC 7.4).
 *
 * Everybody gives a set the same number: `all`, `standing`, and 256 coarse buckets each of authors
 * and of tags, by a public hash, for whoever cannot keep everything.  Pure. */
#ifndef KITH_PROTO_SET_H
#define KITH_PROTO_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/post.h"

#define SET_ALL      0     /* every post that is kept */
#define SET_STANDING 1     /* those that stand (post_stands()); it has no floor */
#define SET_AUTHORS  0x100 /* and the bucket, 0 to 255 */
#define SET_TAGS     0x200 /* likewise */
#define SETS_END     0x300 /* one past the last number */
#define SET_BUCKETS  256

#define SET_OF_POST_MAX (3 + POST_TAGS_MAX)

/* Whether this version knows a set of that number. */
bool set_is_known(uint32_t set);

uint32_t set_of_author(const struct key *author);
/* tag is in the normal form of SPEC 3. */
uint32_t set_of_tag(struct octets tag);

/* The sets a post is in, each once, SET_ALL first.  Gives how many. */
size_t set_of_post(uint32_t sets[SET_OF_POST_MAX], const struct post *post);
/* The same for who knows set_of_author(), and set_of_tag() of each of its tags, already. */
size_t set_of_post_by(uint32_t sets[SET_OF_POST_MAX], const struct post *post, uint32_t author_set,
                      const uint32_t *tag_sets);

/* Which sets a node wants: configuration, never derived from whom a person follows or blocks.  All
 * zero: everything. */
struct set_choice {
    bool buckets;                     /* not everything: the buckets named here, and standing */
    uint8_t authors[SET_BUCKETS / 8]; /* a bit for each bucket, the lowest first */
    uint8_t tags[SET_BUCKETS / 8];
};

/* The bucket of this author too, unless everything was chosen. */
void set_choose_author(struct set_choice *choice, const struct key *author);
bool set_is_chosen(const struct set_choice *choice, uint32_t set);
/* The first set chosen whose number is at least `from`; SETS_END where there is none. */
uint32_t set_next_chosen(const struct set_choice *choice, uint32_t from);
/* Whether a post is in a set that was chosen; and the same for who has set_of_post() already. */
bool set_post_is_chosen(const struct set_choice *choice, const struct post *post);
bool set_any_is_chosen(const struct set_choice *choice, const uint32_t *sets, size_t count);

#endif
